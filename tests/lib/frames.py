#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run inside a container with CAP_NET_RAW: write frames on the tap that its kernel would never send.

    frames.py udp|tcp|ping FROM PORT TO…    one frame each; prints what comes back within a second
    frames.py garbage COUNT SEED            frames of random bytes behind plausible headers
"""
import ipaddress
import random
import socket
import struct
import sys
import time

TAP = "tap0"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_checksum(source, to, protocol, body, at):
    pseudo = source.packed + to.packed + struct.pack("!II", len(body), protocol)
    if protocol == socket.IPPROTO_ICMP:
        pseudo = b""
    value = checksum(pseudo + body) or 0xFFFF
    return body[:at] + struct.pack("!H", value) + body[at + 2 :]


def make(what, source, to, port):
    if what == "udp":
        protocol, at = socket.IPPROTO_UDP, 6
        body = struct.pack("!HHHH", 40000, port, 13, 0) + b"probe"
    elif what == "tcp":
        protocol, at = socket.IPPROTO_TCP, 16
        body = struct.pack("!HHIIBBHHH", 40001, port, 1, 0, 5 << 4, 2, 65535, 0, 0)
    else:
        protocol, at = (socket.IPPROTO_ICMP if to.version == 4 else socket.IPPROTO_ICMPV6), 2
        body = struct.pack("!BBHHH", 8 if to.version == 4 else 128, 0, 0, 7, 1) + b"probe"
    body = with_checksum(source, to, protocol, body, at)
    if to.version == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0)
        head += source.packed + to.packed
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        return b"\x08\x00" + head + body
    head = struct.pack("!IHBB", 6 << 28, len(body), protocol, 64)
    return b"\x86\xdd" + head + source.packed + to.packed + body


def describe(frame):
    """What an answer to one of our frames is; None for anything else."""
    if frame[12:14] == b"\x08\x00":
        protocol, body = frame[23], frame[14 + 4 * (frame[14] & 15) :]
    elif frame[12:14] == b"\x86\xdd":
        protocol, body = frame[20], frame[54:]
    else:
        return None
    if protocol == socket.IPPROTO_UDP and body[2:4] == struct.pack("!H", 40000):
        return "udp " + body[8:].decode("latin1").strip()
    if protocol == socket.IPPROTO_TCP and body[2:4] == struct.pack("!H", 40001):
        return "tcp reset" if body[13] & 4 else "tcp connected"
    if protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6) and body[0] in (0, 129):
        return "ping answered"
    return None


def probe(tap, ethernet, what, source, port, destinations):
    source = ipaddress.ip_address(source)
    for to in destinations:
        tap.send(ethernet + make(what, source, ipaddress.ip_address(to), int(port)))
    end = time.monotonic() + 1
    while (left := end - time.monotonic()) > 0:
        tap.settimeout(left)
        try:
            frame, address = tap.recvfrom(65536)
        except TimeoutError:
            return
        if address[2] != socket.PACKET_OUTGOING and (text := describe(frame)):
            print(text)


def garbage(tap, ethernet, count, seed):
    pick = random.Random(seed)
    addresses = ["10.0.2.100", "10.0.2.2", "10.0.2.3", "127.0.0.1", "203.0.113.1", "255.255.255.255"]
    addresses6 = ["fd00::100", "fd00::2", "fd00::3", "::1", "2001:db8:2::1", "ff02::1", "fe80::2"]
    for _ in range(count):
        pool = pick.choice([addresses, addresses6])
        frame = bytearray(
            ethernet
            + make(
                pick.choice(["udp", "tcp", "ping"]),
                ipaddress.ip_address(pick.choice(pool[:1] * 4 + pool)),
                ipaddress.ip_address(pick.choice(pool)),
                pick.choice([53, 67, 69, 80, 547]),
            )
        )
        if pick.random() < 0.2:
            frame[12:14] = pick.choice([b"\x08\x06", b"\x88\xf8", b"\x81\x00"])
        for _ in range(pick.randrange(4)):
            frame[pick.randrange(12, len(frame))] = pick.randrange(256)
        if pick.random() < 0.3:
            del frame[pick.randrange(14, len(frame)) :]
        if pick.random() < 0.3:
            frame += pick.randbytes(pick.randrange(1400))
        try:
            tap.send(bytes(frame))
        except OSError:
            pass


def main():
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    tap.bind((TAP, 0))
    ethernet = b"\x52\x55\x0a\x00\x02\x02" + tap.getsockname()[4]
    if sys.argv[1] == "garbage":
        garbage(tap, ethernet, int(sys.argv[2]), int(sys.argv[3]))
    else:
        probe(tap, ethernet, *sys.argv[1:4], sys.argv[4:])


if __name__ == "__main__":
    main()

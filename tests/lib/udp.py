#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How UDP behaves, as a program sees it: the same lines whatever carries it.

    udp.py server READY-FILE ADDRESS…  in the world: does on port 9200 what a datagram asks for
    udp.py client [-NAME…] ADDRESS…   prints what it saw, one line for each behaviour (but those
                                     named) and address
    udp.py many ADDRESS COUNT        asks from so many sockets, one after the other, prints how many
                                     were answered, then whether the first still is
    udp.py name ADDRESS              prints its port as the world sees it, then what comes there, and
                                     from whom
    udp.py ttl ADDRESS TTL           prints the time to live as the world sees it, or who stopped it
    udp.py say FROM ADDRESS PORT     sends "hello"
    udp.py large ADDRESS SIZE        a datagram of this size there and back

READY-FILE is created when the server listens.
"""
import errno
import itertools
import os
import select
import socket
import struct
import sys

PORT, OTHER_PORT, CLOSED_PORT = 9200, 9201, 9299
PATIENCE = 10
UDP_SEGMENT, IP_RECVERR, IPV6_RECVERR, IP_RECVTTL, IPV6_RECVHOPLIMIT = 103, 11, 25, 12, 51


def runs(sizes):
    """As 64×1000 1×7"""
    return " ".join(f"{len(list(group))}×{size}" for size, group in itertools.groupby(sizes))


# --- the server: do_X(socket, peer, ttl, words) ---

collected = {}


def do_echo(udp, peer, _ttl, data):
    udp.sendto(data, peer)


def do_collect(_udp, peer, _ttl, data):
    collected.setdefault(peer, []).append(len(data))


def do_collected(udp, peer, _ttl, _data):
    udp.sendto(runs(collected.pop(peer, [])).encode(), peer)


def do_burst(udp, peer, _ttl, data):
    """So many datagrams of such a size, and one that is shorter, as one"""
    count, size, last = map(int, data.split()[1:])
    udp.sendmsg([bytes(count * size + last)],
                [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("H", size))], 0, peer)


def do_peer(udp, peer, _ttl, _data):
    udp.sendto(str(peer[1]).encode(), peer)


def do_other(udp, peer, _ttl, _data):
    """An answer from elsewhere"""
    others[udp.family].sendto(b"from elsewhere", peer)


def do_ttl(udp, peer, ttl, _data):
    udp.sendto(str(ttl).encode(), peer)


def bound(address, port):
    udp = loose_for(address)
    udp.setblocking(False)
    level, option = ((socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT) if ":" in address
                     else (socket.IPPROTO_IP, IP_RECVTTL))
    udp.setsockopt(level, option, 1)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    udp.bind((address, port))
    return udp


others = {}  # by the family


def server(ready, *addresses):
    mains = [bound(address, PORT) for address in addresses]
    for address in addresses:
        other = bound(address, OTHER_PORT)
        others[other.family] = other
    with open(ready, "w", encoding="ascii"):
        pass
    while True:
        for udp in select.select([*mains, *others.values()], [], [])[0]:
            try:
                data, control, _flags, peer = udp.recvmsg(1 << 16, 256)
                ttl = struct.unpack("i", control[0][2])[0]
                word = data.split(b" ", 1)[0].decode("latin-1")
                globals().get("do_" + word, do_echo)(udp, peer, ttl, data)
            except OSError:
                pass  # who asked is not there any more


# --- the client: see_X(address) returns what it saw ---


def loose_for(address):
    """A socket that is connected to nobody"""
    udp = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    udp.settimeout(PATIENCE)
    return udp


def open_to(address, port=PORT):
    udp = loose_for(address)
    udp.connect((address, port))
    return udp


def ask(udp, data):
    udp.send(data)
    return udp.recv(1 << 16)


def errors_option(address):
    return (socket.IPPROTO_IPV6, IPV6_RECVERR) if ":" in address else (socket.IPPROTO_IP, IP_RECVERR)


def problem(address, port, all_errors=False):
    """What comes of a datagram that nobody takes, at the first or the next call"""
    try:
        udp = open_to(address, port)
        if all_errors:
            udp.setsockopt(*errors_option(address), 1)
        return ask(udp, b"hello").decode()
    except TimeoutError:
        return "nothing"
    except OSError as error:
        return errno.errorcode[error.errno]


def see_echo(address):
    udp = open_to(address)
    return " ".join(str(size) for size in (0, 1, 1200, 1472, 1473, 9000, 60000)
                    if ask(udp, b"x" * size) == b"x" * size)


def see_refused(address):
    return problem(address, CLOSED_PORT)


def see_unreachable(address):
    return problem("2001:db8:2::50" if ":" in address else "203.0.113.50", PORT, True)


def see_who_refused(address):
    """The error queue: which peer it is about, and who said so"""
    udp = loose_for(address)
    udp.setsockopt(*errors_option(address), 1)
    udp.sendto(b"hello", (address, CLOSED_PORT))
    poll = select.poll()
    poll.register(udp, 0)
    poll.poll(PATIENCE * 1000)
    data, control, _flags, about = udp.recvmsg(512, 512, socket.MSG_ERRQUEUE)
    said = control[0][2]
    number, _origin, kind, code = struct.unpack("=IBBB", said[:7])
    offender = (socket.inet_ntop(socket.AF_INET6, said[24:40]) if ":" in address
                else socket.inet_ntop(socket.AF_INET, said[20:24]))
    return f"{data!r} {about[0] == address} {about[1]} {errno.errorcode[number]} {kind} {code} {offender == address}"


def see_goes_on(address):
    """A socket that was refused once can be used for others."""
    udp = open_to(address, CLOSED_PORT)
    udp.send(b"hello")
    select.select([udp], [], [], PATIENCE)
    try:
        udp.recv(10)
    except ConnectionRefusedError:
        udp.connect((address, PORT))
        return ask(udp, b"hello").decode()


def see_burst_out(address):
    udp = open_to(address)
    for count, size, last in ((40, 1000, b"collect"), (4, 1200, b""), (20, 100, b"collect x")):
        udp.sendmsg([(b"collect " + bytes(size - 8)) * count + last],
                    [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("H", size))])
    return ask(udp, b"collected").decode()


def see_one_by_one(address):
    udp = open_to(address)
    for i in range(60):
        udp.send(b"collect " + bytes(i // 20))
    return ask(udp, b"collected").decode()


def see_burst_in(address):
    udp = open_to(address)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    udp.send(b"burst 40 1000 7")
    sizes = []
    while not sizes or sizes[-1] == 1000:
        sizes.append(len(udp.recv(1 << 16)))
    return runs(sizes)


def see_one_name(address):
    """All the world sees one port of a socket's, and whoever knows it can answer."""
    udp = open_to(address)
    first = ask(udp, b"peer")
    udp.connect((address, OTHER_PORT))
    second = ask(udp, b"peer")
    udp.connect((address, PORT))
    loose = loose_for(address)
    loose.sendto(b"other", (address, PORT))
    answer, peer = loose.recvfrom(100)
    return f"{first == second} {answer.decode()} {peer[0] == address} {peer[1]}"


def see_silence(address):
    udp = open_to(address)
    udp.settimeout(0.3)
    udp.send(b"collect")
    try:
        return udp.recv(10)
    except TimeoutError:
        return "nothing"


def client(*words):
    skip = {word[1:] for word in words if word.startswith("-")}
    for address in (word for word in words if not word.startswith("-")):
        for name in [name for name in globals() if name.startswith("see_")]:
            if name[4:] in skip:
                continue
            try:
                saw = globals()[name](address)
            except Exception as error:  # the line is the test
                saw = f"failed: {error!r}"
            print(name[4:], address, saw, flush=True)


def many(address, count):
    kept, answered = [], 0
    for i in range(int(count)):
        udp = open_to(address)
        answered += ask(udp, b"%d" % i) == b"%d" % i
        kept = kept or [udp]
    print(answered, ask(kept[0], b"still").decode())


def name(address):
    udp = loose_for(address)
    udp.sendto(b"peer", (address, PORT))
    print(udp.recv(100).decode(), flush=True)
    udp.settimeout(3)
    try:
        data, peer = udp.recvfrom(100)
        print(data.decode(), peer[0])
    except TimeoutError:
        print("nothing")


def ttl(address, value):
    udp = open_to(address)
    udp.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if ":" in address
                     else (socket.IPPROTO_IP, socket.IP_TTL)), int(value))
    udp.setsockopt(*errors_option(address), 1)
    udp.send(b"ttl")
    try:
        print(udp.recv(100).decode())
    except OSError as error:
        _data, control, _flags, _about = udp.recvmsg(512, 512, socket.MSG_ERRQUEUE)
        said = control[0][2]
        print(errno.errorcode[error.errno],
              socket.inet_ntop(socket.AF_INET6, said[24:40]) if ":" in address
              else socket.inet_ntop(socket.AF_INET, said[20:24]))


def say(own, address, port):
    udp = loose_for(address)
    udp.bind((own, 0))
    udp.sendto(b"hello", (address, int(port)))


def large(address, size):
    data = os.urandom(int(size))
    print("whole" if ask(open_to(address), data) == data else "not whole")


globals()[sys.argv[1]](*sys.argv[2:])

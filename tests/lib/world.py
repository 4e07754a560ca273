#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The services of the tests' world (world.sh): one process, one thread for each listener.

    world.py READY-FILE serve     what the world offers, on all its addresses
    world.py READY-FILE silent    a name server that hears and never answers, on SILENT:53
    world.py READY-FILE refuse    one that refuses every question, on REFUSE:53
    world.py READY-FILE canary    what the host offers on its loopback: "canary" on port 4444; who
                                  was reached is written to READY-FILE.heard
    world.py - blob SIZE          write the bytes that port 9001 sends

READY-FILE is created when everything listens.
"""
import hashlib
import http.server
import os
import socket
import socketserver
import sys
import threading

SILENT = "198.51.100.4"
REFUSE = "198.51.100.5"


def blob(size):
    """SIZE bytes that no checksum takes for others, without keeping them all."""
    step = 1 << 20
    for at in range(0, size, step):
        block = hashlib.sha256(at.to_bytes(8, "big")).digest() * (step // 32)
        yield block[: min(step, size - at)]


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Sink(socketserver.BaseRequestHandler):
    """Reads to the end, then answers with the checksum."""

    def handle(self):
        digest = hashlib.sha256()
        while data := self.request.recv(1 << 20):
            digest.update(data)
        self.request.sendall(digest.hexdigest().encode() + b"\n")


class Source(socketserver.BaseRequestHandler):
    """Reads a line with a size, sends that many bytes, and ends."""

    def handle(self):
        for block in blob(int(self.request.makefile().readline())):
            self.request.sendall(block)


class UdpEcho(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(self.request[0], self.client_address)


class Silent(socketserver.BaseRequestHandler):
    def handle(self):
        pass


class Refuse(socketserver.BaseRequestHandler):
    def handle(self):
        query, answers = self.request
        answers.sendto(query[:2] + bytes([0x80 | query[2], 0x80 | 5]) + query[4:],
                       self.client_address)


def canary_heard(server):
    with open(sys.argv[1] + ".heard", "a", encoding="ascii") as heard:
        heard.write(f"{server.socket_type} {server.server_address[0]}\n")


class Canary(socketserver.BaseRequestHandler):
    def handle(self):
        canary_heard(self.server)
        self.request.sendall(b"canary\n")


class UdpCanary(socketserver.BaseRequestHandler):
    def handle(self):
        canary_heard(self.server)
        self.request[1].sendto(b"canary\n", self.client_address)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"you are {self.client_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class Quiet:
    """A client that goes away early is no news."""

    def handle_error(self, request, client_address):
        pass


class Server6(Quiet, socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


class Udp4(Quiet, socketserver.UDPServer):
    max_packet_size = 65535


class Udp6(Udp4):
    address_family = socket.AF_INET6


def listeners(what):
    any6 = "::"  # dual-stack: IPv4 as well
    return {
        "serve": lambda: [
            Server6((any6, 80), Page),
            Server6((any6, 7), Echo),
            Server6((any6, 9000), Sink),
            Server6((any6, 9001), Source),
            # an answer must come from the address that was asked
            *(Udp4((address, 7), UdpEcho) for address in ("198.51.100.1", "203.0.113.1")),
            *(Udp6((address, 7), UdpEcho) for address in ("2001:db8:1::1", "2001:db8:2::1")),
        ],
        "silent": lambda: [Udp4((SILENT, 53), Silent)],
        "refuse": lambda: [Udp4((REFUSE, 53), Refuse)],
        "canary": lambda: [
            Server6(("::1", 4444), Canary),
            Server6(("::ffff:127.0.0.1", 4444), Canary),
            Udp6(("::1", 4444), UdpCanary),
            Udp4(("127.0.0.1", 4444), UdpCanary),
        ],
    }[what]()


def main():
    ready, what = sys.argv[1:3]
    if what == "blob":
        for block in blob(int(sys.argv[3])):
            sys.stdout.buffer.write(block)
        return
    servers = listeners(what)
    with open(ready, "w", encoding="ascii"):
        pass
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    os.umask(0o022)
    main()

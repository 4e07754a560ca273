#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that tells its peers who they are, and its client.

    peer.py serve PROTOCOL[46]:PORT…   print "ready" and serve; without 4 or 6 both by one socket
    peer.py ask PROTOCOL HOST PORT     print the server's answer, or what went wrong
    peer.py ask100 PROTOCOL HOST PORT  100 times at once
"""
import socket
import sys
import threading


def listen(what):
    protocol, port = what.split(":")
    kind = socket.SOCK_DGRAM if protocol.startswith("udp") else socket.SOCK_STREAM
    family = socket.AF_INET if protocol.endswith("4") else socket.AF_INET6
    server = socket.socket(family, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(protocol.endswith("6")))
    server.bind(("", int(port)))
    if kind == socket.SOCK_STREAM:
        server.listen(128)
    return server


def text(address):
    return f"you are {address[0].removeprefix('::ffff:')}\n".encode()


def serve_tcp(server):
    while True:
        client, address = server.accept()
        client.settimeout(10)
        try:
            if client.recv(100):
                client.sendall(text(address))
        except OSError:
            pass
        client.close()


def serve_udp(server):
    while True:
        _, address = server.recvfrom(65536)
        server.sendto(text(address), address)


def serve(names):
    servers = [listen(name) for name in names]
    threads = [
        threading.Thread(target=serve_udp if name.startswith("udp") else serve_tcp, args=(server,))
        for name, server in zip(names, servers)
    ]
    for thread in threads:
        thread.start()
    print("ready", flush=True)


def ask(protocol, host, port, seconds=3):
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as client:
        client.settimeout(seconds)
        try:
            client.connect((host, int(port)))
            client.sendall(b"who am I?\n")
            answer = client.recv(100)
            print(f"{answer.decode().strip() or 'closed'}\n", end="", flush=True)
        except OSError as problem:
            print(f"{type(problem).__name__}\n", end="", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2:])
    elif sys.argv[1] == "ask100":
        for _ in range(100):
            threading.Thread(target=ask, args=(*sys.argv[2:], 20)).start()
    else:
        ask(*sys.argv[2:])

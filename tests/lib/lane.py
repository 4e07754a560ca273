#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How TCP behaves, as a program sees it: the same lines whatever carries it.

    lane.py server READY-FILE        in the world: does on port 9100 what a client's first line asks for
    lane.py client [-NAME…] ADDRESS…   prints what it saw, one line for each behaviour (but those
                                     named) and address
    lane.py many ADDRESS COUNT       opens so many connections at once, and uses all of them
    lane.py crowd ADDRESS COUNT      the same where only some fit: prints how many, then frees them

READY-FILE is created when the server listens.
"""
import errno
import os
import select
import socket
import struct
import sys
import threading

PORT, GREETING_PORT, SILENT_PORT = 9100, 9101, 9102
FLOOD = 96 << 20
PATIENCE = 20

seen = {}
news = threading.Condition()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drain(connection):
    """Read to the end: how many bytes, or the error's name."""
    count = 0
    try:
        while data := connection.recv(1 << 18):
            count += len(data)
    except OSError as error:
        return errno.errorcode[error.errno]
    return count


def line_of(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    return line.decode().strip()


# --- the server: do_X(connection, token) ---


def note(token, what):
    with news:
        seen[token] = what
        news.notify_all()


def do_half(connection, _token):
    connection.sendall(b"got %d\n" % drain(connection))


def do_early(connection, token):
    connection.sendall(b"bye\n")
    connection.shutdown(socket.SHUT_WR)
    note(token, drain(connection))


def do_reset(connection, _token):
    reset(connection)


def do_watch(connection, token):
    connection.sendall(b"watching\n")
    note(token, drain(connection))


def do_flood(connection, token):
    """Send until nobody takes more, say so, and send the rest."""
    left, stalled = FLOOD, False
    connection.setblocking(False)
    while left:
        if not select.select([], [connection], [], PATIENCE if stalled else 1)[1]:
            stalled = True
            note(token, FLOOD - left)
        else:
            left -= connection.send(bytes(min(left, 1 << 18)))


def do_urgent(connection, _token):
    word = b""
    while len(word) < 3:
        word += connection.recv(3 - len(word))
    select.select([], [], [connection], PATIENCE)
    word += connection.recv(1, socket.MSG_OOB)
    connection.sendall(word)
    connection.send(b"!", socket.MSG_OOB)
    connection.sendall(b"%d\n" % drain(connection))


def do_echo(connection, _token):
    while data := connection.recv(65536):
        connection.sendall(data)


def do_peer(connection, _token):
    connection.sendall(f"{connection.getpeername()[0]}\n".encode())


def do_report(connection, token):
    with news:
        news.wait_for(lambda: token in seen, PATIENCE)
    connection.sendall(f"{seen.get(token)}\n".encode())


def serve(connection):
    try:
        with connection:
            what, token = line_of(connection).split()
            globals()["do_" + what](connection, token)
    except (OSError, ValueError):
        pass


def listener(port):
    return socket.create_server(("::", port), family=socket.AF_INET6, backlog=4096,
                                dualstack_ipv6=True)


def greet(listening):
    while True:
        connection, _peer = listening.accept()
        with connection:
            connection.sendall(b"hello\n")


def server(ready):
    main = listener(PORT)
    threading.Thread(target=greet, args=(listener(GREETING_PORT),), daemon=True).start()
    with open(ready, "w", encoding="ascii"):
        pass
    while True:
        connection, _peer = main.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


# --- the client: see_X(address) returns what it saw ---


def begin(address, what, token="-"):
    connection = socket.create_connection((address, PORT), PATIENCE)
    connection.sendall(f"{what} {token}\n".encode())
    return connection


def report(address, token):
    with begin(address, "report", token) as connection:
        return line_of(connection)


def token_for(address, what):
    return f"{what}-{address}-{os.getpid()}-{os.urandom(4).hex()}"


def connect_error(address, port):
    try:
        socket.create_connection((address, port), 2).close()
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)
    return "connected"


def see_refused(address):
    return connect_error(address, 3333)


def see_unreachable(address):
    """The test made it so: the host has no way to the address that ends in 50."""
    return connect_error(address[:-1] + "50", 80)


def see_silent(address):
    """Not even writable, and free to be given up."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as connection:
        connection.setblocking(False)
        begun = connection.connect_ex((address, SILENT_PORT))
        ready = select.select([connection], [connection], [connection], 1.5)
        return f"{errno.errorcode[begun]} {ready}"


def see_names(address):
    with begin(address, "echo") as connection:
        return connection.getpeername()[:2]


def see_greeting(address):
    with socket.create_connection((address, GREETING_PORT), PATIENCE) as connection:
        return connection.recv(100), connection.recv(100)


def see_half_close(address):
    with begin(address, "half") as connection:
        connection.sendall(bytes(300000))
        connection.shutdown(socket.SHUT_WR)
        return line_of(connection), drain(connection)


def see_early_end(address):
    token = token_for(address, "early")
    with begin(address, "early", token) as connection:
        first = drain(connection)
        connection.sendall(bytes(200000))
        connection.shutdown(socket.SHUT_WR)
        return first, report(address, token)


def see_reset(address):
    with begin(address, "reset") as connection:
        return drain(connection)


def see_peer_reset(address):
    token = token_for(address, "watch")
    connection = begin(address, "watch", token)
    line_of(connection)
    reset(connection)
    return report(address, token)


def see_peer_end(address):
    token = token_for(address, "watch")
    connection = begin(address, "watch", token)
    line_of(connection)
    connection.close()
    return report(address, token)


def see_slow_reader(address):
    """The server is held up, and then nothing is lost."""
    token = token_for(address, "flood")
    with begin(address, "flood", token) as connection:
        held = int(report(address, token))
        return held < FLOOD, drain(connection)


def see_urgent(address):
    with begin(address, "urgent") as connection:
        connection.settimeout(None)  # with one, Python waits for what is not urgent
        connection.sendall(b"abc")
        connection.send(b"?", socket.MSG_OOB)
        word = b""
        while len(word) < 4:
            word += connection.recv(4 - len(word))
        select.select([], [], [connection], PATIENCE)
        urgent = connection.recv(1, socket.MSG_OOB)
        connection.sendall(b"tail")
        connection.shutdown(socket.SHUT_WR)
        return word, urgent, line_of(connection)


def see_waiting(address):
    """connect(2) that does not block: how epoll(7) and SO_ERROR tell."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    told = []
    for port in (PORT, 3333):
        with socket.socket(family) as connection:
            connection.setblocking(False)
            begun = connection.connect_ex((address, port))
            poll = select.epoll()
            poll.register(connection, select.EPOLLOUT)
            events = poll.poll(PATIENCE)[0][1]
            told.append((errno.errorcode.get(begun), events,
                         connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))
    return told


def see_source_port(address):
    """The payload's choice of port and address is its own."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connection.bind(("", 2345))
        connection.settimeout(PATIENCE)
        connection.connect((address, PORT))
        connection.sendall(b"echo -\nx")
        return connection.getsockname()[1], connection.recv(1)


def see_self(address):
    """What listens here is reached here, by any address of ours; and nothing else listens."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    loopback = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        own = probe.getsockname()[0]
    with socket.create_server(("", 8088), family=family):
        return [connect_error(where, port) for where in (loopback, own) for port in (8088, 8089, 1)]


def client(words):
    for name, see in list(globals().items()):
        if not name.startswith("see_") or "-" + name[4:] in words:
            continue
        for address in (word for word in words if word[0] != "-"):
            try:
                print(name[4:], address, see(address), flush=True)
            except OSError as error:
                print(name[4:], address, "failed:", error, flush=True)


def use(connections):
    for i, connection in enumerate(connections):
        connection.sendall(b"echo -\n%06d" % i)
    for i, connection in enumerate(connections):
        data = b""
        while len(data) < 6:
            data += connection.recv(6 - len(data))
        assert data == b"%06d" % i, data


def many(address, count):
    connections = [socket.create_connection((address, PORT), PATIENCE) for _ in range(count)]
    use(connections)
    print(len(connections))


def crowd(address, count):
    """Those that do not fit wait, and fit when others have gone."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connections = [socket.socket(family) for _ in range(count)]
    poll = select.epoll()
    for connection in connections:
        connection.setblocking(False)
        connection.connect_ex((address, PORT))
        poll.register(connection, select.EPOLLOUT | select.EPOLLONESHOT)
    ready = set()
    while found := poll.poll(1, count):
        ready.update(fd for fd, _events in found)
    first = [c for c in connections if c.fileno() in ready]
    others = [c for c in connections if c.fileno() not in ready]
    print("some" if first and others else f"{len(first)} and {len(others)}")
    for connection in first:
        connection.close()
    while len(ready) < count:
        found = poll.poll(PATIENCE, count)
        if not found:
            break
        ready.update(fd for fd, _events in found)
    for connection in others:
        connection.settimeout(PATIENCE)
    use(others)
    print("all")


if __name__ == "__main__":
    what = sys.argv[1]
    if what == "server":
        server(sys.argv[2])
    elif what == "client":
        client(sys.argv[2:])
    else:
        globals()[what](sys.argv[2], int(sys.argv[3]))

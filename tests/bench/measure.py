#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The stop-watch of tests/bench/bench.

    measure.py start ROUNDS FILE            times commands; FILE has lines NAME<TAB>COMMAND
    measure.py net SECONDS                  inside: what the network carries, one line of numbers
    measure.py serve READY-FILE             what `net` talks to
    measure.py report DIRECTORY             doc/performance.md and its plots, of what was measured

Commands take turns, one of each in a round, so that what else the machine does falls on all alike.
"""
import json
import os
import select
import shlex
import socket
import statistics
import subprocess
import sys
import threading
import time

WORLD = "198.51.100.1"  # world.sh's
CONNECT = 9201
NET_ROWS = ["TCP out ×1", "TCP out ×4", "TCP in ×1", "TCP in ×4", "UDP out", "UDP lost at half",
            "connections", "DNS"]
NET_UNITS = ["Gbit/s"] * 5 + ["%", "/s", "/s"]


# --- start ---

def once(argv):
    """Milliseconds from the start of a program to its end."""
    began = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    status = os.waitpid(pid, 0)[1]
    if status:
        sys.exit(f"{shlex.join(argv)}: status {status}")
    return (time.perf_counter() - began) * 1000


def start(rounds, path):
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]
    times = {name: [] for name, _command in rows}
    for _ in range(rounds + 2):
        for name, command in rows:
            times[name].append(once(shlex.split(command)))
    json.dump({name: values[2:] for name, values in times.items()}, sys.stdout)  # 2 to warm up


# --- network ---

def echo(listening):
    """A byte is answered with a byte, and the connection ends."""
    poll = select.epoll()
    poll.register(listening, select.EPOLLIN)
    clients = {}
    while True:
        for fd, _events in poll.poll():
            if fd == listening.fileno():
                client = listening.accept()[0]
                clients[client.fileno()] = client
                poll.register(client, select.EPOLLIN)
            else:
                client = clients.pop(fd)
                client.send(client.recv(1) or b"-")
                client.close()


def serve(ready):
    listening = socket.create_server(("", CONNECT), backlog=4096)
    with open(ready, "w", encoding="ascii"):
        pass
    echo(listening)


def iperf(seconds, *options):
    """What came to the other side, or for UDP was sent; nothing where that does not end."""
    try:
        run = subprocess.run(["iperf3", "--json", "-c", WORLD, "-t", str(seconds), *options],
                             capture_output=True, check=False, timeout=seconds + 10)
        end = json.loads(run.stdout).get("end", {})
    except (subprocess.TimeoutExpired, ValueError):
        return {}
    return end.get("sum" if "-u" in options else "sum_received") or {}


def connections(seconds):
    """connect, one byte there and back, close: how many a second, four at a time; those refused do not count"""
    counts = []

    def work():
        count, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                with socket.create_connection((WORLD, CONNECT), 10) as connection:
                    connection.send(b"x")
                    count += bool(connection.recv(1))
            except ConnectionError:
                pass
        counts.append(count)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds


def dns(seconds):
    """Answers a second of the name server in resolv.conf, with 32 questions under way"""
    server = next(line.split()[1] for line in open("/etc/resolv.conf", encoding="ascii")
                  if line.startswith("nameserver"))
    question = (b"\1\0\0\1\0\0\0\0\0\0" + b"".join(bytes([len(word)]) + word for word in
                (b"www", b"example", b"test")) + b"\0\0\1\0\1")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect((server, 53))
    udp.settimeout(1)
    count, sent, until = 0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        while sent - count < 32:
            udp.send(sent.to_bytes(4, "big")[2:] + question)
            sent += 1
        try:
            udp.recv(512)
        except TimeoutError:
            sent = count  # lost
            continue
        count += 1
    return count / seconds


def net(seconds):
    figures = [iperf(seconds, *options).get("bits_per_second", 0) / 1e9
               for options in ((), ("-P", "4"), ("-R",), ("-P", "4", "-R"))]
    udp = iperf(seconds, "-u", "-b", "0", "-l", "1200")
    carried = udp.get("bits_per_second", 0) * (1 - udp.get("lost_percent", 0) / 100)
    half = iperf(seconds, "-u", "-b", str(int(carried / 2)), "-l", "1200")
    print(*figures, carried / 1e9, half.get("lost_percent", 100), connections(seconds), dns(seconds), flush=True)


# --- the report ---

def noise(values):
    middle = statistics.median(values)
    return (middle, sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)],
            statistics.median(abs(value - middle) for value in values))


def bars(path, title, unit, rows):
    """An SVG of horizontal bars; rows of (name, value)."""
    width, height, left = 720, 22 * len(rows) + 40, 230
    most = max(value for _name, value in rows) or 1
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             'font-family="sans-serif" font-size="13">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="8" y="20" font-weight="bold">{title} ({unit})</text>']
    for i, (name, value) in enumerate(rows):
        y, size = 34 + 22 * i, value / most * (width - left - 70)
        colour = "#c0392b" if name.startswith("rlc") else "#7f8c8d"
        lines += [f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{name}</text>',
                  f'<rect x="{left}" y="{y}" width="{size:.1f}" height="17" fill="{colour}"/>',
                  f'<text x="{left + size + 6:.1f}" y="{y + 13}">{value:.3g}</text>']
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines + ["</svg>\n"]))


def start_table(title, times, first, output):
    base = statistics.median(times[first])
    output += [f"### {title}", "", f"| | median | p95 | MAD | ÷ {first} |", "|---|---|---|---|---|"]
    rows = sorted(((name, *noise(values)) for name, values in times.items()), key=lambda r: r[1])
    for name, middle, late, spread in rows:
        output.append(f"| {name} | {middle:.2f} | {late:.2f} | {spread:.2f} | {middle / base:.2f} |")
    output.append("")
    return [(name, middle) for name, middle, *_rest in rows]


def net_table(rounds, output):
    output += ["| | " + " | ".join(f"{row}, {unit}" for row, unit in zip(NET_ROWS, NET_UNITS))
               + " |", "|---" * (len(NET_ROWS) + 1) + "|"]
    middle = {name: [statistics.median(column) for column in zip(*lines)]
              for name, lines in rounds.items()}
    spread = {name: [noise(column)[2] for column in zip(*lines)] for name, lines in rounds.items()}
    for name, values in middle.items():
        cells = [f"{value:.3g} ±{mad:.2g}" for value, mad in zip(values, spread[name])]
        output.append(f"| {name} | " + " | ".join(cells) + " |")
    output.append("")
    return middle


def goal(output, what, value, limit, at_most=True):
    met = value <= limit if at_most else value >= limit
    output.append(f"| {what} | {'≤' if at_most else '≥'} {limit:g} | {value:.2f} | "
                  f"{'met' if met else '**not met**'} |")


def ratio(output, what, limit, above, below):
    """A goal about two figures, if both were measured"""
    if above and below:
        goal(output, what, above / below, limit)


def late(values):
    """The 99th percentile"""
    return sorted(values or [0])[-1 - len(values or [0]) // 100]


def start_goals(output, times):
    one, ranges, root = times["one"], times["ranges"], times["root"]

    def middle(table, name):
        return statistics.median(table[name]) if name in table else None

    rlc, network = middle(one, "rlc"), middle(one, "rlc, network")
    ratio(output, "one id ÷ bubblewrap", 0.8, rlc, middle(one, "bubblewrap"))
    ratio(output, "one id ÷ F1", 2, rlc, middle(one, "F1"))
    ratio(output, "one id ÷ F1, 99th of 100", 2, late(one.get("rlc")), late(one.get("F1")))
    static = middle(one, "rlc, static")
    ratio(output, "one id, static ÷ bubblewrap", 0.65, static, middle(one, "bubblewrap"))
    ratio(output, "one id, static ÷ F1", 1.6, static, middle(one, "F1"))
    ratio(output, "one id ÷ crun", 0.25, rlc, middle(one, "crun"))
    ratio(output, "one id ÷ podman", 1 / 40, rlc, middle(one, "podman"))
    ratio(output, "built-in image ÷ rlc of a directory", 1.1, middle(one, "rlc, builtin:busybox"), rlc)
    ratio(output, "subids, cold ÷ F1 with newuidmap", 1.3, middle(ranges, "rlc"), middle(ranges, "F1"))
    ratio(output, "subids, warm ÷ one id", 1.2, middle(ranges, "rlc"), rlc)
    ratio(output, "with the network ÷ bubblewrap", 1.3, network, middle(one, "bubblewrap"))
    ratio(output, "with the network ÷ podman with slirp4netns", 1 / 30, network,
          middle(one, "podman, network"))
    ratio(output, "root, bridge ÷ root, none", 2, middle(root, "rlc, bridge"), middle(root, "rlc, none"))
    layers = times["layers"]
    for name, what in (("10", "10 layers"), ("100", "100 layers"), ("files", "5,000 files")):
        ratio(output, f"image of {what} ÷ of one layer", 1.2, middle(layers, name), middle(layers, "1"))
    for who in ("one", "root"):
        table = times["oci-" + who]
        ratio(output, f"create + start + delete ÷ crun, {'root' if who == 'root' else 'rootless'}", 0.5,
              middle(table, "rlc"), middle(table, "crun"))


def scale_goals(output, scale, steps):
    goal(output, "idle without network, KiB", scale["idle without network, KiB"], 128)
    goal(output, "idle with network, KiB", scale["idle with network, KiB"], 400)
    goal(output, "end of 100 with a network, ms each", scale["end with network, ms"], 2)
    for name, values in steps.items():
        goal(output, f"file system made, image {name}, ms", statistics.median(values), 0.5)
    ratio(output, "100 at once ÷ bubblewrap", 1, scale["burst rlc, ms"], scale.get("burst bubblewrap, ms"))
    goal(output, f"idle ones that are up, of {scale['many']}", scale["many up"], scale["many"], False)
    goal(output, "ps of them, ms of processor time", scale["ps of many, ms"], 50)
    ratio(output, "start of the next ÷ the first", 1.2, scale["the next, ms"], scale["first, ms"])


def pull_goals(output, lines):
    """Lines are "rlc 960 ms, skopeo 2300 ms"."""
    for line in lines:
        words = line.replace(",", "").split()
        goal(output, f"pull of 300 MB in 10 layers ÷ {words[3].replace('skopeo', 'skopeo + umoci')}",
             int(words[1]) / int(words[4]), 1)


def net_goals(output, middle):
    lane, native = middle.get("rlc"), middle.get("native")
    for other, factor in (("slirp4netns", 2), ("pasta", 1)):
        for i, row in enumerate(NET_ROWS):
            if lane and middle.get(other, [0] * 8)[i] and row not in ("UDP lost at half", "DNS"):
                goal(output, f"{row} ÷ {other}", lane[i] / middle[other][i], factor, False)
    for i, factor in ((0, 0.8), (1, 0.6), (2, 0.8), (3, 0.6), (6, 0.5)):
        goal(output, f"{NET_ROWS[i]} ÷ native", lane[i] / native[i], factor, False)
    goal(output, "UDP lost at half of what it carries, %", lane[5], 0.1)
    goal(output, "DNS answers a second", lane[7], 10000, False)


def scale_table(scale, output):
    output += ["## Many", "", f"`sleep` in the built-in image; {scale['many']} have a network each.", "",
               "| | |", "|---|---|"]
    for name, value in scale.items():
        if name != "many" and value is not None:
            output.append(f"| {name} | {value:.4g} |")
    output.append("")


def report(directory):
    def read(name):
        path = os.path.join(directory, name)
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    times = {name: json.loads(read(name + ".json") or "{}")
             for name in ("one", "ranges", "root", "layers", "oci-one", "oci-root")}
    scale, steps, rounds = json.loads(read("scale.json")), {}, {}
    for line in read("rootfs-step").splitlines():
        image, _tab, value = line.partition("\t")
        steps.setdefault(f"of {image} layers" if image.isdigit() else "of 5,000 files", []).append(float(value))
    for line in read("net").splitlines():
        name, _tab, numbers = line.partition("\t")
        rounds.setdefault(name, []).append([float(word) for word in numbers.split()])

    output = ["# Performance", "", "Written by `make bench`; ratios mean something, times are this "
              "machine's:", "", read("machine").strip(), "", "## Start and end", "",
              "A payload that does nothing and has no C library, milliseconds from exec of the "
              "runtime to its end. F0, F1 are `tests/bench/floor.c`, the least a container can be.",
              ""]
    bars("doc/performance-start.svg", "Start and end, one id", "ms",
         start_table("One id", times["one"], "rlc", output))
    output += ["![](performance-start.svg)", ""]
    start_table("Ranges of ids, by newuidmap and newgidmap", times["ranges"], "rlc", output)
    start_table("root, on a bridge that others are on", times["root"], "rlc, none", output)
    start_table("Images: of so many layers, or of 5,000 files", times["layers"], "1", output)
    if times["oci-one"]:
        output += ["## As an OCI runtime", "", "create, start and delete of a bundle, three "
                   "commands, without cgroups; milliseconds of all three.", ""]
        start_table("One id", times["oci-one"], "rlc", output)
        start_table("root", times["oci-root"], "rlc", output)
    scale_table(scale, output)
    output += ["## User-mode network", "", "Two network namespaces and a veth pair between them; "
               "medians ± MAD.", ""]
    middle = net_table(rounds, output)
    for i, name in ((0, "out"), (6, "connections")):
        bars(f"doc/performance-{name}.svg", NET_ROWS[i], NET_UNITS[i],
             [(key, values[i]) for key, values in middle.items()])
        output += [f"![](performance-{name}.svg)", ""]
    goals = ["## Goals", "", "| | goal | measured | |", "|---|---|---|---|"]
    start_goals(goals, times)
    scale_goals(goals, scale, steps)
    pull_goals(goals, read("pull").splitlines())
    net_goals(goals, middle)
    goals += ["", read_notes()]
    with open("doc/performance.md", "w", encoding="utf-8") as file:
        file.write("\n".join(output + goals) + "\n")


def read_notes():
    with open("tests/bench/notes.md", encoding="utf-8") as file:
        return file.read().rstrip()


if __name__ == "__main__":
    what = sys.argv[1]
    if what == "start":
        start(int(sys.argv[2]), sys.argv[3])
    elif what == "net":
        net(float(sys.argv[2]))
    elif what == "serve":
        serve(sys.argv[2])
    else:
        report(sys.argv[2])

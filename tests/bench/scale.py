#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many containers at once, for tests/bench/bench: prints one JSON object.

    scale.py USER RLC FLOOR ROOTFS MANY        as root, who alone may see what another's memory is

RLC's and, where it is installed, bubblewrap's: what 100 idle ones cost in memory and take to end, what a run takes of 100 that are begun together, and what MANY idle ones do to the next.
"""
import glob
import json
import os
import pwd
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time

USER, RLC, FLOOR, ROOTFS = sys.argv[1:5]
MANY = int(sys.argv[5])
FEW = 100
STATE = os.environ["XDG_RUNTIME_DIR"] + "/rlc"
figures = {}


def say(*words):
    print("scale:", *words, file=sys.stderr, flush=True)


def quiet(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def weigher():
    """A process that stays root: lines of pids come in, and how many KiB they have goes out."""
    questions, answers = os.pipe(), os.pipe()
    if os.fork() == 0:
        os.close(questions[1])
        with open(questions[0], encoding="ascii") as inlet, open(answers[1], "w", encoding="ascii") as outlet:
            for line in inlet:
                print(sum(map(pss, line.split())), file=outlet, flush=True)
        os._exit(0)
    os.close(questions[0])
    return open(answers[0], encoding="ascii"), open(questions[1], "w", encoding="ascii")


def weigh(pids):
    answers, questions = WEIGHER
    print(*pids, file=questions, flush=True)
    return int(answers.readline())


def become(name):
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def pss(pid):
    """KiB: what is shared is divided among those who share it; proc(5), smaps_rollup"""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))


def program(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip()


# --- idle ones ---

def start_rlc(network, first, count):
    """Four at a time"""
    loops = []
    for lane in range(4):
        script = ('i=$1; while [ $i -lt $2 ]; do "$3" run -d --rm --name n$i --network "$4" builtin:busybox '
                  'sleep 100000 >/dev/null || exit 1; i=$((i + 4)); done')
        loops.append(subprocess.Popen(["sh", "-c", script, "sh", str(first + lane),
                                       str(first + count), RLC, network]))
    if any([loop.wait() for loop in loops]):
        sys.exit("scale: a container did not start")


def cost_rlc():
    """What is rlc's of each container: the supervisor, and its children, of which one is PID 1"""
    total = count = 0
    for record in glob.glob(STATE + "/containers/*/supervisor"):
        with open(record, encoding="ascii") as file:
            supervisor = file.read().split()[0]
        count += 1
        total += weigh([supervisor, *children(supervisor)])
    return total / count


def end_rlc():
    """Milliseconds for each of all to be gone"""
    count = len(os.listdir(STATE + "/containers"))
    began = time.perf_counter()
    quiet(RLC, "rm", "-fa")
    return (time.perf_counter() - began) * 1000 / count


def idle_bwrap():
    argv = ["bwrap", "--die-with-parent", "--unshare-all", "--uid", "0", "--gid", "0", "--ro-bind", "/", "/", "--proc", "/proc",
            "--dev", "/dev", "sleep", "100000"]
    started = [subprocess.Popen(argv) for _ in range(FEW)]
    time.sleep(2)
    pids = []
    for process in started:
        pids += [process.pid, *children(process.pid)]
    figures["idle bubblewrap, KiB"] = weigh(pid for pid in pids if program(pid) == "bwrap") / FEW
    began = time.perf_counter()
    for process in started:
        process.send_signal(signal.SIGKILL)
    for pid in pids:
        while os.path.exists(f"/proc/{pid}/exe"):
            time.sleep(0.001)
    for process in started:
        process.wait()
    figures["end bubblewrap, ms"] = (time.perf_counter() - began) * 1000 / FEW


# --- 100 at once ---

def burst(argv):
    """Milliseconds for each of so many that begin together; 0: one failed"""
    began = time.perf_counter()
    pids = [os.posix_spawn(argv[0], argv, os.environ,
                           file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
            for _ in range(FEW)]
    failed = sum(bool(os.waitpid(pid, 0)[1]) for pid in pids)
    took = (time.perf_counter() - began) * 1000 / FEW
    if failed:
        say(f"{argv[0]}: {failed} of {FEW} failed")
    return 0 if failed else took


def bursts():
    rows = {"F1": [FLOOR, "-f", ROOTFS, "/true"],
            "rlc": [RLC, "run", "--network", "none", "--rootfs", ROOTFS + ":O", "/true"]}
    if shutil.which("bwrap"):
        rows["bubblewrap"] = [shutil.which("bwrap"), "--unshare-all", "--uid", "0", "--gid", "0", "--bind",
                              ROOTFS, "/", "--proc", "/proc", "--dev", "/dev", "/true"]
    times = {name: [] for name in rows}
    for _ in range(5):
        for name, argv in rows.items():
            times[name].append(burst(argv))
    for name, values in times.items():
        figures[f"burst {name}, ms"] = statistics.median(values) if all(values) else None


# --- many ---

def one_run():
    began = time.perf_counter()
    quiet(RLC, "run", "--network", "slirp", "builtin:busybox", "true")
    return (time.perf_counter() - began) * 1000


def ps_cost():
    """Milliseconds of processor time, the best of ten"""
    best = None
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        quiet(RLC, "ps")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = took if best is None else min(best, took)
    return best * 1000


def many():
    figures["first, ms"] = statistics.median(one_run() for _ in range(15))
    began = time.perf_counter()
    start_rlc("slirp", 0, MANY)
    figures["many started, /s"] = MANY / (time.perf_counter() - began)
    listed = subprocess.run([RLC, "ps", "-q"], check=True, capture_output=True, text=True).stdout
    figures["many up"] = len(listed.split())
    figures["ps of many, ms"] = ps_cost()
    figures["the next, ms"] = statistics.median(one_run() for _ in range(15))
    figures["idle with network, of many, KiB"] = cost_rlc()
    figures["end of many, ms"] = end_rlc()
    figures["many"] = MANY


WEIGHER = weigher()
become(USER)
for what, mode in (("without network", "none"), ("with network", "slirp")):
    say(f"{FEW} idle {what}")
    start_rlc(mode, 0, FEW)
    figures[f"idle {what}, KiB"] = cost_rlc()
    figures[f"end {what}, ms"] = end_rlc()
if shutil.which("bwrap"):
    idle_bwrap()
say("at once")
bursts()
say(f"{MANY} idle")
many()
json.dump(figures, sys.stdout)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A user at a terminal: starts programs on a pty of its own, types, reads, resizes.

Run by 52-terminal.t as the user: terminal.py RLC.  Prints "pass TEXT" or "fail TEXT: WHY" lines,
which the test turns into TAP.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

RLC = sys.argv[1]
RUN = [RLC, "run", "--network", "none"]
PROMPT = r"> (\x1b\[6n)?$"  # busybox's shell asks where the cursor is
SHELL = RUN + ["-it", "-e", "PS1=> ", "builtin:busybox", "sh"]


class Terminal:
    """One program in the foreground of a terminal.

    Holds the slave open too, to see the terminal's modes and to keep it alive.
    """

    def __init__(self, argv, rows=24, columns=80, term="xterm"):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns, signal_it=False)
        self.before = termios.tcgetattr(self.slave)
        self.text = b""
        self.child = subprocess.Popen(argv, stdin=self.slave, stdout=self.slave,
                                      stderr=self.slave, start_new_session=True,
                                      env=dict(os.environ, TERM=term),
                                      preexec_fn=self._take_terminal)
        self.closed = False

    def _take_terminal(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, rows, columns, signal_it=True):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.master if signal_it else self.slave, termios.TIOCSWINSZ, size)

    def type(self, text):
        os.write(self.master, text.encode())

    def _read(self, timeout):
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.text += data
        return bool(data)

    def expect(self, pattern, timeout=8):
        """Wait for pattern in what came since the last match; returns the match or fails."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.search(pattern.encode(), self.text, re.S)
            if match:
                self.text = self.text[match.end():]
                return match
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"no /{pattern}/ in {self.text[-600:]!r}")
            self._read(min(left, 0.2))

    def wait(self, timeout=8):
        """Read on until the program ends; its exit code."""
        deadline = time.monotonic() + timeout
        while self.child.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"it does not end; last: {self.text[-600:]!r}")
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.child.returncode

    def modes(self):
        return termios.tcgetattr(self.slave)

    def echo(self):
        return bool(self.modes()[3] & termios.ECHO)

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for fd in ([] if self.closed else [self.master]) + [self.slave]:
            os.close(fd)


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r}, expected {wanted!r}")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def own_pty():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    t.type("tty; test -t 0 && test -t 1 && test -t 2 && echo all-three\n")
    t.expect(r"/dev/(pts/0|console)\r\n")
    t.expect(r"all-three\r\n")
    t.type("ls -l /dev/console | cut -c1; exit 3\n")
    t.expect(r"\nc\r\n")
    equal(t.wait(), 3)
    return t


def size():
    t = Terminal(SHELL, 40, 123)
    t.expect(PROMPT)
    t.type("stty size\n")
    t.expect(r"\n40 123\r\n")
    t.resize(51, 97)
    deadline = time.monotonic() + 10
    while True:
        t.type("stty size\n")
        if t.expect(r"\n(\d+ \d+)\r\n").group(1) == b"51 97":
            break
        if time.monotonic() > deadline:
            raise AssertionError("the new size did not arrive")
    t.type("""sh -c "trap 'echo winch' WINCH; while :; do sleep 0.1; done"\n""")
    time.sleep(0.3)
    t.resize(52, 98)
    t.expect("\nwinch\r\n")
    t.type("\x03")
    t.expect(PROMPT)
    t.type("exit\n")
    t.wait()
    return t


def interrupt():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    t.type("sleep 100; echo after=$?\n")
    t.expect("\n")
    time.sleep(0.2)
    t.type("\x03")
    t.expect(PROMPT)
    t.type("echo code=$?\n")
    t.expect(r"code=130\r\n")
    t.type("sleep 100\n")
    t.expect("\n")
    time.sleep(0.2)
    t.type("\x1c")
    t.expect(PROMPT)
    t.type("echo code=$?\n")
    t.expect(r"code=131\r\n")
    t.type("exit 4\n")
    equal(t.wait(), 4)
    return t


def job_control():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    t.type("sleep 101\n")
    t.expect("\n")
    time.sleep(0.2)
    t.type("\x1a")
    t.expect("[Ss]topped")
    t.expect(PROMPT)
    t.type("jobs; fg\n")
    t.expect("[Ss]topped.*sleep 101")
    time.sleep(0.2)
    t.type("\x03")
    t.expect(PROMPT)
    t.type("exit\n")
    t.wait()
    return t


def end_of_input():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    t.type("\x04")
    equal(t.wait(), 0)
    return t


def raw_while_running():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    equal(t.echo(), False)
    t.type("exit\n")
    t.wait()
    equal(t.echo(), True)
    return t


def echo_once():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    t.type("echo a-b\n")
    text = t.expect(r"(.*)\r\na-b\r\n" + PROMPT).group(1)
    equal(text, b"echo a-b")
    t.type("exit\n")
    t.wait()
    return t


def payload_killed():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    t.type("kill -9 $$\n")
    equal(t.wait(), 137)
    return t


def init_killed():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    for pid in children(t.child.pid):
        os.kill(pid, signal.SIGKILL)
    equal(t.wait(), 137)
    return t


def terminated():
    t = Terminal(RUN + ["-t", "builtin:busybox", "sh", "-c", "echo up; exec sleep 100"])
    t.expect("up")
    t.child.send_signal(signal.SIGTERM)
    equal(t.wait(), 143)
    return t


def stty_inside():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    t.type("stty raw -echo; exit 0\n")
    t.wait()
    return t


def failure():
    t = Terminal(RUN + ["-it", "builtin:busybox", "/no/such/program"])
    equal(t.wait(), 127)
    return t


def long_output():
    t = Terminal(RUN + ["-t", "builtin:busybox", "seq", "1", "20000"])
    t.wait(60)
    lines = t.text.decode().split()
    equal(lines, [str(i) for i in range(1, 20001)])
    return t


def slow_reader():
    t = Terminal(RUN + ["-t", "builtin:busybox", "sh", "-c", "seq 1 50000; echo end"])
    time.sleep(1)
    t.wait(60)
    equal(t.text.decode().split()[-1], "end")
    return t


def only_t():
    t = Terminal(RUN + ["-t", "builtin:busybox", "sh", "-c", "test -t 1 && echo a-terminal"])
    t.wait()
    equal(b"a-terminal" in t.text, True)
    return t


def closed_for_a_while():
    script = "exec </dev/null >/dev/null 2>&1; sleep 0.3; echo back >/dev/console; exit 7"
    t = Terminal(RUN + ["-t", "builtin:busybox", "sh", "-c", script])
    equal(t.wait(), 7)
    equal(b"back" in t.text, True)
    return t


def hang_up():
    t = Terminal(SHELL)
    t.expect(PROMPT)
    inner = children(t.child.pid)
    os.close(t.master)
    t.closed = True
    os.close(t.slave)
    t.slave = os.open("/dev/null", os.O_RDWR)
    deadline = time.monotonic() + 15
    while t.child.poll() is None:
        if time.monotonic() > deadline:
            raise AssertionError("rlc goes on without its terminal")
        time.sleep(0.05)
    for pid in inner:
        equal(os.path.exists(f"/proc/{pid}"), False)
    t.close()


def no_terminal():
    done = subprocess.run(RUN + ["-t", "builtin:busybox", "sh", "-c", "echo works; exit 6"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    equal(done.returncode, 6)
    equal(done.stdout.strip(), b"works")
    equal(re.search(rb"^rlc: .*terminal", done.stderr) is not None, True)
    equal(done.stderr.count(b"\n"), 1)


def no_t_on_a_terminal():
    t = Terminal(RUN + ["-i", "builtin:busybox", "sh", "-c", "test -t 0 && echo yes; tty; true"])
    t.wait()
    return t


def displays():
    """stats and top are drawn in one place, no larger than the terminal is at that moment."""
    name = f"shown-{os.getpid()}"
    subprocess.run([RLC, "run", "-d", "--network", "none", "--name", name, "builtin:busybox", "sh", "-c",
                    "for i in $(seq 30); do sleep 1000 & done; wait"],
                   stdout=subprocess.DEVNULL, timeout=30, check=True)
    try:
        for command in ["stats", "top"]:
            t = Terminal([RLC, command, name], 24, 30)
            for home in [r"^\x1b\[H\x1b\[2J", r"^\x1b\[H"]:
                frame = t.expect(home + r"((?:[^\x1b]|\x1b\[K)*)\x1b\[J").group(1).decode()
                lines = frame.split("\x1b[K\r\n")[:-1]
                equal(max(map(len, lines)), 29)
                equal(len(lines), 2 if command == "stats" else 23)
                equal(lines[0].split()[0], "CONTAINER" if command == "stats" else "UID")
            t.resize(5, 60)
            frame = t.expect(r"^\x1b\[H((?:[^\x1b]|\x1b\[K)*)\x1b\[J").group(1).decode()
            frame = t.expect(r"^\x1b\[H((?:[^\x1b]|\x1b\[K)*)\x1b\[J").group(1).decode()
            equal(len(frame.split("\r\n")[0]) > 30, True)
            equal(len(frame.split("\r\n")) <= 5, True)
            equal(t.modes(), t.before)
            t.type("\x03")
            equal(t.wait(), -signal.SIGINT)
            t.close()
        for arguments, term in [(["top", name], "dumb"), (["stats", "--no-stream", name], "xterm"),
                                (["top", "--no-stream", name], "xterm"), (["top", "--format", "json", name], "xterm")]:
            t = Terminal([RLC] + arguments, term=term)
            equal(t.wait(), 0)
            equal(b"\x1b" in t.text, False)
            t.close()
        for arguments in [["top", name], ["stats", "--no-stream", name]]:
            done = subprocess.run([RLC] + arguments, env=dict(os.environ, TERM="xterm"), capture_output=True,
                                  timeout=30, check=True)
            equal(b"\x1b" in done.stdout, False)
        t = Terminal([RLC, "top", name])
        t.expect(r"\x1b\[J.*\x1b\[J")
    finally:
        subprocess.run([RLC, "rm", "-f", name], stdout=subprocess.DEVNULL, timeout=30, check=True)
    equal(t.wait(), 0)
    return t


TESTS = [
    ("the payload has a terminal of its own", own_pty),
    ("its size is the caller's, and follows it", size),
    ("Ctrl-C and Ctrl-\\ go to the program in the foreground", interrupt),
    ("job control works inside", job_control),
    ("Ctrl-D ends the shell", end_of_input),
    ("the caller's terminal is raw meanwhile", raw_while_running),
    ("what is typed is echoed once", echo_once),
    ("kill -9 of the payload", payload_killed),
    ("kill -9 of PID 1", init_killed),
    ("SIGTERM", terminated),
    ("modes that the payload set", stty_inside),
    ("a program that does not exist", failure),
    ("20000 lines come through in order", long_output),
    ("a slow reader loses nothing", slow_reader),
    ("-t without -i", only_t),
    ("a payload that closes its terminal may open it again", closed_for_a_while),
    ("the terminal hangs up", hang_up),
    ("-t without a terminal works, with one note", no_terminal),
    ("-i without -t on a terminal", no_t_on_a_terminal),
    ("stats and top refresh in place, as large as the terminal; plain text elsewhere", displays),
]


def main():
    for name, test in TESTS:
        try:
            terminal = test()
            if terminal:
                equal(terminal.modes(), terminal.before)
                terminal.close()
            print(f"pass {name}", flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError) as problem:
            why = str(problem).replace("\n", " ")
            print(f"fail {name}: {why}", flush=True)


main()

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc attach on a terminal: raw mode and back, the size, the detach keys, and the container goes on.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox python3
user_with_subids
user_without_subids
leftovers_begin

cat >"$T/bin/attach.py" <<'PYTHON'
import fcntl, os, pty, re, select, struct, sys, termios, time, subprocess

rlc = sys.argv[1]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
before = termios.tcgetattr(slave)
text = b""

def check(ok, what):
    print(("pass " if ok else "fail ") + what, flush=True)

def wait_for(pattern):
    global text
    deadline = time.monotonic() + 15
    while not re.search(pattern, text):
        if time.monotonic() > deadline:
            return False
        if select.select([master], [], [], 0.2)[0]:
            text += os.read(master, 4096)
    text = b""
    return True

def attach(*words):
    return subprocess.Popen([rlc, *(words or ["attach", "shell"])], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)

def raw():
    return not termios.tcgetattr(slave)[3] & termios.ICANON

def wait_raw(wanted):
    deadline = time.monotonic() + 15
    while raw() != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return raw() == wanted

first = attach()
check(wait_raw(True), "the terminal is raw")
os.write(master, b"echo x$((40+2))x\n")
check(wait_for(rb"x42x"), "what is typed arrives, and the answer comes back")
os.write(master, b"stty size\n")
check(wait_for(rb"31 97"), "the container's terminal has the caller's size")
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 41, 77, 0, 0))
first.send_signal(28)
time.sleep(0.2)
os.write(master, b"stty size\n")
check(wait_for(rb"41 77"), "and its changes")
os.write(master, b"\x10x\n")
check(wait_for(rb"\^Px|x: not found|x"), "Ctrl-P alone is passed on")
os.write(master, b"\x10\x11")
check(first.wait(15) == 0, "Ctrl-P Ctrl-Q detaches")
check(termios.tcgetattr(slave) == before, "the terminal is as before")
second = attach()
wait_raw(True)
os.write(master, b"\necho y$((40+3))y\n")
check(wait_for(rb"y43y"), "the container went on, and can be attached again")
second.kill()
second.wait()
termios.tcsetattr(slave, termios.TCSANOW, before)
third = attach()
wait_raw(True)
os.write(master, b"\nexit 9\n")
check(third.wait(15) == 9, "the end of the container ends it, with its code")
check(termios.tcgetattr(slave) == before, "the terminal is as before")
again = attach("start", "-ai", "--detach-keys", "ctrl-x,y", "shell")
check(wait_for(rb"[#$] "), "start -ai shows what the container writes first")
os.write(master, b"\x10\x11\n\x18x; echo z$((40+4))z\n")
check(wait_for(rb"z44z"), "with --detach-keys Ctrl-P Ctrl-Q are passed on, and a beginning of the keys")
os.write(master, b"\x18y")
check(again.wait(15) == 0, "the keys detach")
check(termios.tcgetattr(slave) == before, "the terminal is as before")
last = attach("attach", "--detach-keys=", "shell")
wait_raw(True)
os.write(master, b"\x10\x11\x18y\n\necho v$((40+5))v\n")
check(wait_for(rb"v45v"), "no keys detach where they are switched off")
os.write(master, b"\nexit 3\n")
check(last.wait(15) == 3, "the end of the container ends it")
PYTHON
chmod 0644 "$T/bin/attach.py"

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	run as "$who" "$RLC" run -dit --name shell --network none builtin:busybox sh
	is "$status" 0 "$kind: run -dit"
	run as "$who" /usr/bin/python3 "$T/bin/attach.py" "$RLC"
	is "$status $err" "0 " "$kind: the scenario ran"
	while read -r verdict text; do
		case $verdict in
		pass) pass "$kind: $text" ;;
		*) fail "$kind: $text" ;;
		esac
	done <<<"$out"
	run as "$who" "$RLC" rm -fa
	no_leftovers "$kind: nothing is left"
done

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}

	# Without a terminal: signals go to the container, or detach
	run as "$who" "$RLC" run -d --name plain --network none builtin:busybox \
		sh -c 'trap "echo interrupted; exit 7" INT; echo up; while :; do sleep 0.05; done'
	is_up() { as "$who" "$RLC" logs plain | grep -q up; }
	wait_for 10 is_up
	attached() { # OPTIONS…
		as_background "$who" "$RLC" attach "$@" --no-stdin plain >"$T/attached" 2>&1
		pid=$!
		# bash blocks them, too, before it becomes rlc
		takes_signals() { [ "$(cat "/proc/$pid/comm")" = rlc ] && ((0x$(awk '/^SigBlk/ { print $2 }' "/proc/$pid/status") & 2)); }
		wait_for 10 takes_signals
	}
	attached --sig-proxy=false
	kill -INT "$pid"
	wait "$pid"
	is "$?" 0 "$kind: attach --sig-proxy=false: SIGINT detaches"
	run as "$who" "$RLC" ps --format '{{.Names}}'
	is "$out" plain "$kind: and the container goes on"
	attached
	kill -INT "$pid"
	wait "$pid"
	is "$? $(cat "$T/attached")" "7 interrupted" "$kind: attach: SIGINT is the container's"

	# Nothing is missed of one that ends at once
	run as "$who" "$RLC" run -d --name short --network none builtin:busybox \
		sh -c 'echo out; echo err >&2; exit 5'
	run as "$who" "$RLC" wait short
	for _ in 1 2 3 4 5; do
		run as "$who" "$RLC" start -a short
		is "$status $out $err" "5 out err" "$kind: start -a has all of it, and the code"
	done
	run as "$who" "$RLC" run -dt --name closes --network none builtin:busybox \
		sh -c 'exec </dev/null >/dev/null 2>&1; sleep 0.3; echo back >/dev/console'
	run as "$who" "$RLC" wait closes
	run as "$who" "$RLC" logs closes
	is "$out" back$'\r' "$kind: a payload that closes its terminal may open it again"
	run as "$who" "$RLC" run -d -i --name echoes --network none builtin:busybox cat
	run as "$who" "$RLC" kill echoes
	run as "$who" "$RLC" wait echoes
	run as "$who" sh -c 'printf "one\ntwo\n" | "$RLC" start -i echoes'
	is "$status $out" "0 one"$'\n'"two" "$kind: start -i carries both ways"
	run as "$who" "$RLC" run -d --name much --network none builtin:busybox seq 1 1000000
	run as "$who" "$RLC" wait much
	run as "$who" sh -c '"$RLC" start -a much | { sleep 1; tail -n 1; }'
	is "$out $err" "1000000 " "$kind: start -a: a reader may be slow"

	# More input than the payload takes
	run as "$who" "$RLC" run -d -i --name late --network none builtin:busybox \
		sh -c 'read -r go; head -c 4000000 /dev/zero; cat >/dev/null; exit 6'
	run as "$who" sh -c '{ echo go; head -c 1000000 /dev/zero; } | { "$RLC" attach late; echo $? >&2; } | wc -c'
	is "$out $err" "4000000 6" "$kind: attach: output goes on while input waits for the payload"
	run as "$who" "$RLC" run -d -i --name first --network none builtin:busybox sh -c 'sleep 0.2; head -c 5; exit 4'
	run as "$who" sh -c 'seq 200000 2>/dev/null | "$RLC" attach first'
	is "$status $err" "4 " "$kind: attach: the code of a payload that does not read to the end"
	is "$out" 1$'\n'2$'\n'3 "$kind: attach: and its output"
	run as "$who" "$RLC" run -d -i --name deaf --network none builtin:busybox \
		sh -c 'trap "exit 9" INT; while :; do sleep 0.05; done'
	run as "$who" sh -c 'head -c 1000000 /dev/zero | timeout --preserve-status -s INT -k 10 1 "$RLC" attach deaf'
	is "$status" 9 "$kind: attach: SIGINT does not wait behind input"
	run as "$who" "$RLC" start -a short echoes
	refused "$kind: start -a with two" "with --attach there is one CONTAINER"
	run as "$who" "$RLC" start -a --detach-keys ctrl-p,ctrl short
	refused "$kind: keys that are none" "parse --detach-keys 'ctrl-p,ctrl': column 8: 'ctrl' is no key"
	run as "$who" "$RLC" attach --sig-proxy=maybe short
	refused "$kind: neither true nor false" "parse --sig-proxy 'maybe'"
	run as "$who" "$RLC" run -d --name runs --network none builtin:busybox sleep 1000
	run as "$who" "$RLC" start -a runs
	refused "$kind: start -a of one that runs" "it is running"
	run as "$who" "$RLC" rm -fa
	no_leftovers "$kind: nothing is left"
done

as_background "$sub" "$RLC" run --name fore --network none builtin:busybox sleep 1000
fore=$!
runs() { as "$sub" "$RLC" ps --format '{{.Names}}' | grep -qx fore; }
wait_for 10 runs
run as "$sub" "$RLC" attach fore
refused "attach to one in the foreground" "foreground"
kill $fore
wait $fore
run as "$sub" "$RLC" attach nobody
refused "attach to nobody" "find container 'nobody'"
no_leftovers "nothing is left"
done_testing

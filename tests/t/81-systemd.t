#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc generate systemd, and what a service manager hears by NOTIFY_SOCKET. A small manager of the test's own
# stands in for systemd here; tests/vm has the real one.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox python3 systemd-analyze
user_with_subids
leftovers_begin

bb=builtin:busybox

# manage COMMAND…: run it as a service of Type=notify; print what it said before it ended, whom it named as
# main process, and that one's exit code. `stop` on standard input sends SIGTERM to the main process.
cat >"$T/manage" <<'PYTHON'
import ctypes, os, select, signal, socket, subprocess, sys

path = sys.argv[1]
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
notify.bind(path.replace("@", "\0", 1))
if path[0] == "/":
    os.chmod(path, 0o777)
start = subprocess.Popen(sys.argv[2:], env=dict(os.environ, NOTIFY_SOCKET=path), stdout=subprocess.DEVNULL)
code = start.wait()
main = None
said = []

def hear(timeout):
    global main
    while select.select([notify], [], [], timeout)[0]:
        text, control, _, _ = notify.recvmsg(4096, 1024)
        sender = int.from_bytes(control[0][2][:4], sys.byteorder)
        for line in text.decode().split("\n"):
            key, value = line.split("=", 1)
            said.append(line if key != "MAINPID" else "MAINPID" + ("" if int(value) == sender else " of another"))
            if key == "MAINPID":
                main = int(value)
        timeout = 0

hear(0)
print("start", code, *[s for s in said if not s.startswith(("STATUS", "STOPPING"))], flush=True)
if main:
    sys.stdin.readline() == "stop\n" and os.kill(main, signal.SIGTERM)
    if main != start.pid:
        code = os.waitstatus_to_exitcode(os.waitpid(main, 0)[1])
    hear(0)
    print("end", code, *[s for s in said if s.startswith("STOPPING")])
PYTHON
manage() { # WHO COMMAND…; the commands come on standard input
	local who=$1

	shift
	as "$who" /usr/bin/python3 "$T/manage" "@rlct-$$-$((++sockets))" "$@"
}
sockets=0

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	rlc() { run as "$who" "$RLC" "$@"; }

	# --- what is said
	rlc run -d --name service --network none $bb sleep 1000
	id=$out
	rlc stop service
	out=$(manage "$who" "$RLC" start service <<<stop)
	is "$out" $'start 0 MAINPID READY=1\nend 143 STOPPING=1' "$kind: start tells before it ends, in the name of the main process; SIGTERM ends it"
	rlc run -d --name failing --network none --restart always $bb sh -c '[ -e /run/x ] || exit 7'
	rlc stop failing
	out=$(manage "$who" "$RLC" start failing </dev/null)
	is "$out" $'start 0 MAINPID READY=1\nend 7 STOPPING=1' \
		"$kind: the main process has the payload's code, and leaves it to the manager to start it again"
	rlc rm -f failing
	out=$(manage "$who" "$RLC" run -d --name anew --network none $bb sh -c 'sleep 0.2; exit 3' </dev/null)
	is "$out" $'start 0 MAINPID READY=1\nend 3 STOPPING=1' "$kind: run -d"
	rlc rm -f anew
	out=$(manage "$who" "$RLC" run --network none $bb sh -c 'exit 4' </dev/null)
	is "$out" $'start 4 MAINPID READY=1\nend 4 STOPPING=1' "$kind: run in the foreground"
	out=$(manage "$who" "$RLC" run -d --network none $bb nowhere </dev/null 2>/dev/null)
	is "$out" "start 127" "$kind: what cannot be started says nothing"
	run as "$who" NOTIFY_SOCKET=/nowhere "$RLC" run --network none $bb echo fine
	is "$status $out" "0 fine" "$kind: a manager that is not there is no obstacle"
	like "$err" "tell the service manager by '/nowhere': No such file" "$kind: but said"
	run as "$who" NOTIFY_SOCKET=/nowhere "$RLC" run --network none $bb env
	unlike "$out" NOTIFY_SOCKET "$kind: the payload does not hear of it"

	# --- the unit
	verify() { # FILE
		systemd-analyze verify --man=no "$1" 2>&1 | grep -v "^/lib/systemd\|^/usr/lib/systemd"
	}
	rlc generate systemd --name service
	is "$status$err" 0 "$kind: generate systemd"
	printf '%s\n' "$out" >"$T/container-service.service"
	is "$(verify "$T/container-service.service")" "" "$kind: systemd has nothing to say about the unit"
	like "$out" $'\nType=notify\nNotifyAccess=all\nRestart=no\n' "$kind: its type"
	like "$out" $'\nExecStart='"$RLC"$' start service\nExecStop='"$RLC"$' stop -t 10 service\n' "$kind: its commands"
	rlc generate systemd service
	like "$out" "ExecStart=$RLC start $id" "$kind: by the id"
	mkdir -p "$T/units-$kind" && chmod 0777 "$T/units-$kind"
	run as "$who" sh -c 'cd "$T/'"units-$kind"'" && "$RLC" generate systemd --files --name service'
	is "$out" "$T/units-$kind/container-service.service" "$kind: --files prints the path"
	ok "$kind: and writes it" cmp "$out" "$T/container-service.service"
	rlc generate systemd --restart-policy always service
	like "$out" $'\nRestart=always\n' "$kind: --restart-policy"
	rlc rm -f service

	rlc run -d --name policy --restart on-failure:3 --stop-timeout 5 --stop-signal INT --network none $bb sleep 1000
	rlc generate systemd --name policy
	like "$out" $'\nStartLimitBurst=4\n.*\nRestart=on-failure\n.*\nSuccessExitStatus=130\n.*\nTimeoutStopSec=65\n' \
		"$kind: policy, signal and timeout are the container's"
	rlc rm -f policy

	# --- made anew: the command line survives systemd's syntax, which is undone here by hand
	run as "$who" sh -c 'mkdir -p "$HOME/a 50% b" && cd "$HOME/a 50% b" && "$RLC" run -d --network none --cidfile "id of it" -e "$1" builtin:busybox printf "$2" "$3" "" "$4"' \
		sh 'A=50% $x "q" \n' '%s|' $'tab\tand\nnewline' "it's; #1"
	odd=$out
	rlc generate systemd --new "$odd"
	printf '%s\n' "$out" >"$T/container-${odd:0:12}.service"
	is "$(verify "$T/container-${odd:0:12}.service")" "" "$kind: --new: systemd has nothing to say"
	like "$out" $'\nWorkingDirectory=[^\n]*/a 50%% b\n' "$kind: --new: where it was run"
	is "$(python3 -c 'import re, sys
line = re.search(r"^ExecStart=(.*)$", sys.stdin.read(), re.M).group(1)
words = [m.group(1) if m.group(1) is not None else m.group(2) for m in re.finditer(r"\"((?:[^\"\\]|\\.)*)\"|(\S+)", line)]
words = [re.sub(r"\\(x..|.)", lambda m: chr(int(m.group(1)[1:], 16)) if m.group(1)[0] == "x" and len(m.group(1)) == 3 else m.group(1), w)
	.replace("%%", "%").replace("$$", "$") for w in words]
print(words[1:])' <<<"$out")" \
		"['run', '--name', 'container-${odd:0:12}', '-d', '--network', 'none', '--cidfile', 'id of it', '-e', 'A=50% \$x \"q\" \\\\n', 'builtin:busybox', 'printf', '%s|', 'tab\\tand\\nnewline', '', \"it's; #1\"]" \
		"$kind: --new: every word of the command line"
	like "$out" $'\nExecStartPre=-/bin/rm -f -- "id of it"\n' "$kind: --new: --cidfile is new each time"
	rlc rm -f "$odd"
	rm -f "/root/a 50% b/id of it"
	[ "$who" = root ] || rm -rf "$T/home-$who/a 50% b"

	# --- what has none
	rlc run -d --rm --name brief --network none $bb sleep 1000
	rlc generate systemd brief
	refused "$kind: one that is not kept" "use --new"
	rlc generate systemd --new --name brief
	is "$status" 0 "$kind: but can be made anew"
	rlc generate systemd --restart-policy sometimes brief
	refused "$kind: an unknown policy" "parse --restart-policy 'sometimes'"
	rlc rm -f brief
	no_leftovers "$kind: nothing is left"
done
[ ! -d "/root/a 50% b" ] || rmdir "/root/a 50% b"
done_testing

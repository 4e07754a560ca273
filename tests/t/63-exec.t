#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc exec and rlc top: what joins a container is like its payload in all respects, and gives a payload that
# waits for it nothing to take.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox
everyone=(root "$sub" "$one")
kind_of() {
	kind=${1#rlct-}
	kind=${kind%%-*}
}

rlc() { as "$who" "$RLC" "$@"; }
rexec() { run rlc exec "$@"; }

# begin OPTIONS… -- COMMAND…: a detached container "c" of $who's
begin() {
	run rlc run -d --rm --name c --network none "$@"
	is "$status" 0 "$kind: a container runs"
}
no_container() { ! rlc exec c true; }
# Its command is process 2: with it the container ends
end() {
	rlc exec c kill -KILL 2 2>/dev/null
	ok "$kind: it ends" wait_for 10 no_container
}

# ------------------------------------------------------------ like the payload

for who in "${everyone[@]}"; do
	kind_of "$who"
	user=() at=0
	[ "$kind" = one ] || user=(-u 5:6) at=5
	begin -e COLOUR=blue -w /srv "${user[@]}" --ulimit nofile=333 $bb sleep 1000
	rexec c sh -c 'id -u; pwd; echo $COLOUR; ulimit -n; hostname; echo $HOSTNAME'
	is "$(sed -n 1,4p <<<"$out")" $at$'\n/srv\nblue\n333' "$kind: user, directory, variables and limits are the container's"
	is "$(sed -n 5p <<<"$out")" "$(sed -n 6p <<<"$out")" "$kind: the hostname too"
	rexec c sh -c 'for ns in user mnt pid net uts ipc cgroup; do
		[ "$(readlink /proc/self/ns/$ns)" = "$(readlink /proc/2/ns/$ns)" ] || echo $ns; done; readlink /proc/2/ns/pid >/dev/null'
	is "$status $out" "0 " "$kind: all namespaces are the container's"
	rexec c sh -c 'grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups|Umask|Sig)" /proc/self/status >/tmp/own
		grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups|Umask|Sig)" /proc/2/status | diff - /tmp/own'
	is "$status $out" "0 " "$kind: capabilities, no_new_privs, groups and signals are those of the payload"
	rexec -e COLOUR=red -e EMPTY= -w /tmp/made -u 0 c sh -c 'echo $COLOUR-$EMPTY; pwd; id -u'
	is "$out" $'red-\n/tmp/made\n0' "$kind: -e, -w and -u have the last word"
	rexec c sh -c 'exit 7'
	is "$status" 7 "$kind: its exit code"
	rexec c sh -c 'kill -KILL $$'
	is "$status" 137 "$kind: its end by a signal"
	rexec c no-such-program
	is "$status" 127 "$kind: a program that does not exist"
	rexec c /etc
	is "$status" 126 "$kind: one that cannot be executed"
	rexec -u nobody-there c true
	refused "$kind: a user that does not exist" nobody-there
	run rlc exec c cat <<<typed
	is "$status $out" "0 " "$kind: standard input is closed without -i"
	run rlc exec -i c cat <<<typed
	is "$out" typed "$kind: and is there with it"
	rexec -u 0 --privileged c grep CapEff /proc/self/status
	isnt "$(awk '{ print $2 }' <<<"$out")" "$(rlc exec -u 0 c grep CapEff /proc/self/status | awk '{ print $2 }')" \
		"$kind: --privileged has more capabilities"
	run as "$who" script -qec "'$RLC' exec -it c sh -c 'tty && test -t 1 && ps -o tty,args'" /dev/null
	like "$out" "/dev/pts/0.*136,0" "$kind: -t is a terminal of the container's"

	rexec -d c sh -c 'echo >/tmp/started; exec sleep 888'
	is "$status $out$err" "0 " "$kind: -d says nothing"
	ok "$kind: and runs" wait_for 5 rlc exec c test -e /tmp/started
	rexec c ps -o ppid,args
	like "$out" $'\n +1 sleep 888' "$kind: as a child of the container's PID 1"
	rexec -d c no-such-program
	is "$status" 127 "$kind: -d still tells of a program that does not exist"

	run rlc top c
	like "$out" "rlc-init"$'\n'".* 2 .* sleep 1000"$'\n'".* 1 .* sleep 888" "$kind: top lists the processes"
	is "$(wc -l <<<"$out")" 4 "$kind: and not its own"
	rexec -d c sh -c "exec -a \$(printf 'x\\033[31my') sleep 777"
	run rlc top --format json c
	ok "$kind: top's JSON is JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$T/stdout"
	unlike "$out" $'\033' "$kind: without what a terminal would obey"

	for limit in {4..20}; do
		# shellcheck disable=SC2016
		run as "$who" sh -c 'ulimit -S -n "$1"; exec "$2" exec c sh -c "readlink /proc/self/ns/net"' sh "$limit" "$RLC"
		[ -z "$out" ] || [ "$out" = "$(rlc exec c readlink /proc/self/ns/net)" ] || break
	done
	is "$limit $status" "20 0" "$kind: with few descriptors it is refused, never half joined"

	# the supervisor's end
	as_background "$who" "$RLC" exec c sleep 999
	joined=$!
	is_there() { rlc top c | grep -q 'sleep 999'; }
	is_gone() { ! is_there; }
	ok "$kind: a command runs" wait_for 5 is_there
	kill -KILL "$joined"
	wait "$joined" 2>/dev/null
	ok "$kind: and ends with rlc exec" wait_for 5 is_gone
	as_background "$who" "$RLC" exec c sleep 999
	joined=$!
	ok "$kind: another" wait_for 5 is_there
	kill -TERM "$joined"
	wait "$joined"
	is $? 143 "$kind: ends by a signal to rlc exec"
	as_background "$who" "$RLC" exec c sleep 999
	joined=$!
	ok "$kind: a third" wait_for 5 is_there
	end
	wait "$joined"
	is $? 137 "$kind: ends with the container"
	rexec c true
	refused "$kind: no container" "find container 'c'"
done
no_leftovers "nothing is left"

# ------------------------------------------------------------ descriptors of the caller's (CVE-2024-21626)

canary=$T/canary
mkdir -m 0777 "$canary"
for who in "${everyone[@]}"; do
	kind_of "$who"
	begin $bb sleep 1000
	for fd in 3 5 8 11; do
		# shellcheck disable=SC2016
		run as "$who" bash -c 'for fd in {3..12}; do eval "exec $fd<$1"; done; exec "$2" exec -w "$3" c sh -c "pwd; touch here"' \
			sh "$canary" "$RLC" "/proc/self/fd/$fd/"
		is "$status $out" "125 " "$kind: -w /proc/self/fd/$fd"
	done
	is "$(ls "$canary")" "" "$kind: nothing was made there"
	run as "$who" bash -c 'exec 7<"$1"; exec "$2" exec c ls -l /proc/self/fd' sh "$canary" "$RLC"
	unlike "$out" "canary|socket|mnt:|net:" "$kind: the command has no descriptor of rlc's or the caller's"
	end
done

# ------------------------------------------------------------ the runtime's own file (CVE-2019-5736)

own_rlc=$(copy_program "$RLC" own-rlc)
for who in root "$sub"; do
	kind_of "$who"
	chown "$who" "$own_rlc"
	before=$(sha256sum "$own_rlc")
	begin --rootfs /:O sleep 1000
	rlc exec c sh -c 'printf "#!/proc/self/exe\n" >/script; chmod 755 /script; ln -s /proc/self/exe /link'
	for entry in /script /link /proc/self/exe; do
		for option in --interactive --detach; do
			run as "$who" "$own_rlc" exec $option c "$entry" version
			is "$status $out" "126 " "$kind: $entry with $option"
			like "$err" "^rlc: run '$entry': .*rlc's own file" "$kind: and it is said"
		done
	done
	is "$(sha256sum "$own_rlc")" "$before" "$kind: the file is unchanged"
	run as "$who" "$own_rlc" exec c grep TracerPid /proc/self/status
	like "$out" "TracerPid:.0" "$kind: another program runs, and nobody traces it"
	end
done

# ------------------------------------------------------------ a payload that lies in wait (CVE-2016-9962)

mkdir -m 0777 "$T/found"
cat >"$T/found/watch.py" <<'END'
# Looks at every process that appears for as long as it lives, and notes what could be taken from it:
# descriptors, memory, the program, by ptrace(2) and pidfd_getfd(2).
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
out = open("/found/" + sys.argv[1], "w", buffering=1)
me, seen = os.getpid(), set()
def note(*what):
    if what not in seen:
        seen.add(what)
        print(*what, file=out)
def look(pid):
    try:  # what root who is traced can have again by an exec
        with open(f"/proc/{pid}/status") as f:
            text = f.read()
        if text.startswith("Name:\trlc\n") and int(text.split("CapBnd:")[1].split()[0], 16) & 1 << 21:
            note("bound")
    except OSError:
        pass
    try:
        note("exe", os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        pass
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            note("fd", os.readlink(f"/proc/{pid}/fd/{fd}").split("[")[0])
    except OSError:
        pass
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            if b"CALLERS_SECRET" in f.read():
                note("environ")
    except OSError:
        pass
    try:
        pidfd = os.pidfd_open(pid)
        for fd in range(3, 12):
            got = libc.syscall(438, pidfd, fd, 0)
            if got >= 0:
                note("getfd", os.readlink(f"/proc/self/fd/{got}").split("[")[0])
                os.close(got)
        os.close(pidfd)
    except OSError:
        pass
    if sys.argv[2:] == ["trace"] and libc.ptrace(0x4206, pid, 0, 0) == 0:   # PTRACE_SEIZE
        try:
            note("traced", os.readlink(f"/proc/{pid}/exe"))
        except OSError:
            pass
        libc.ptrace(17, pid, 0, 0)
note("ready")
while True:
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, me):
            look(int(name))
END
watch() { # NAME OPTIONS…
	local name=$1

	shift
	begin -v "$T/found:/found" "$@" --rootfs /:O python3 /found/watch.py "$name"
	ok "$kind: it watches" wait_for 10 grep -q ready "$T/found/$name"
}

who=root kind=control
watch control --cap-add SYS_PTRACE
inside=$(pgrep -f '^python3 /found/watch.py control')
for _ in {1..50}; do nsenter --target "$inside" --pid --mount -- /bin/true; done
like "$(cat "$T/found/control")" "exe [^ ]*/nsenter" "who joins without care is seen"
like "$(cat "$T/found/control")" "(fd|getfd) (/|pidfd|mnt|pid)" "and what he has is taken"
end

for who in root "$sub" "$one"; do
	kind_of "$who"
	options=()
	[ "$kind" = root ] || options=(--cap-add ALL)
	watch "$kind" "${options[@]}"
	for _ in {1..150}; do
		as "$who" CALLERS_SECRET=hush "$RLC" exec c /bin/sleep 0.01 >/dev/null 2>&1
	done
	[ "$kind" != root ] ||
		unlike "$(cat "$T/found/root")" "bound" "$kind: who joins has no more in his bounding set than he needs"
	rlc exec -d c /bin/sleep 0.1
	rlc top c >/dev/null
	rlc cp c:/etc/passwd "$T/tmp/passwd-$kind"
	rm -f "$T/tmp/passwd-$kind"
	like "$(cat "$T/found/$kind")" "exe [^ ]*/sleep" "$kind: the watcher sees the command itself"
	unlike "$(cat "$T/found/$kind")" "exe [^ ]*rlc|traced|environ" "$kind: but never rlc"
	# its loader opens two files
	is "$(grep -vE '^(ready|bound|exe /.*|fd (/dev/null|pipe:))$|^(fd|getfd) /(etc/ld.so.cache|.*/libc.so.6)$' "$T/found/$kind")" "" "$kind: and has taken nothing"
	end
done

# ------------------------------------------------------------ what else a payload prepares

for who in root "$sub"; do
	kind_of "$who"
	begin --cap-add ALL $bb sleep 1000
	rlc exec c sh -c 'rm -f /etc/passwd /etc/group; mkfifo /etc/passwd; ln -s /dev/zero /etc/group'
	RUN_TIMEOUT=10 rexec -u 0 c true
	is "$status" 0 "$kind: a FIFO for /etc/passwd and an endless /etc/group"
	rlc exec c sh -c 'mount -t tmpfs none /dev/pts && mkfifo /dev/pts/ptmx'
	run as "$who" timeout 10 script -qec "'$RLC' exec -it c true" /dev/null
	like "$out" "/dev/pts/ptmx" "$kind: something else for /dev/pts/ptmx is refused"
	rlc exec c sh -c 'rm /dev/pts/ptmx; ln -s /proc/self/fd/1 /dev/pts/ptmx'
	run as "$who" timeout 10 script -qec "'$RLC' exec -it c true" /dev/null
	like "$out" "/dev/pts/ptmx" "$kind: a link, too"
	rlc exec c sh -c 'mount -t tmpfs none /proc; mkdir -p /proc/1; echo "1 (forged) S 0" >/proc/1/stat'
	run rlc top c
	like "$out" "sleep 1000" "$kind: top does not read a forged /proc"
	end
done
no_leftovers "nothing is left at the end"
done_testing

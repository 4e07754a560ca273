#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each namespace is the container's own, and what it holds of the host's is neither seen nor changed.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

# inside WHO COMMAND…: in the built-in image without a network
inside() {
	local who=$1

	shift
	run as "$who" "$RLC" run --network none builtin:busybox "$@"
}

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}

	inside "$who" sh -c 'for n in user mnt pid net uts ipc cgroup; do readlink /proc/self/ns/$n; done'
	is "$status" 0 "$kind: the namespaces can be read"
	for name in user mnt pid net uts ipc cgroup; do
		theirs=$(grep "^$name:" <<<"$out")
		ours=$(readlink "/proc/self/ns/$name")
		if [ "$kind" = root ] && [ "$name" = user ]; then
			is "$theirs" "$ours" "root: the user namespace is the host's, as docker has it"
		else
			isnt "$theirs" "" "$kind: there is a namespace $name"
			isnt "$theirs" "$ours" "$kind: it is not the host's"
		fi
	done

	# time: the container's own only when asked for
	ours=$(readlink /proc/self/ns/time)
	inside "$who" readlink /proc/self/ns/time
	is "$out" "$ours" "$kind: the time namespace is the host's unless asked for"
	run as "$who" "$RLC" run --network none --time-ns builtin:busybox readlink /proc/self/ns/time
	is "$status" 0 "$kind: a time namespace can be asked for"
	isnt "$out" "$ours" "$kind: and is the container's own"

	# pid: neither seen nor signalled
	sleep 300 &
	victim=$!
	inside "$who" sh -c "ls /proc | grep -c '^[0-9]'; kill -9 $victim;
		[ \$(ls /proc | grep -c '^[0-9]') -gt 8 ] || kill -9 -1; true"
	ok "$kind: the host's processes are not seen" test "$(head -n 1 <<<"$out")" -le 5
	ok "$kind: a host process survives kill -9" kill -0 "$victim"
	kill "$victim"
	wait "$victim" 2>/dev/null

	# net
	inside "$who" sh -c 'cd /sys/class/net && echo *; grep -c : /proc/net/dev'
	is "$(head -n 1 <<<"$out")" lo "$kind: --network none has lo and nothing else"
	inside "$who" sh -c 'ip -o link show lo; ping -c 1 -W 1 127.0.0.1; wget -q -O - http://127.0.0.1:1/'
	like "$out" 'UP' "$kind: lo is up"
	like "$err" '[Rr]efused' "$kind: and answers"

	# uts
	before=$(hostname)
	inside "$who" sh -c 'hostname changed && hostname'
	is "$(hostname)" "$before" "$kind: the host's name stays"
	unlike "$out" "^$before$" "$kind: and is not seen"

	# ipc: a segment of the host's is not there
	if have ipcmk; then
		segment=$(ipcmk -M 4096 -p 0666 | grep -o '[0-9]*$')
		inside "$who" ipcs -m
		unlike "$out" " ${segment} " "$kind: a shared memory segment of the host's is not seen"
		ipcrm -m "$segment"
	else
		skip ipcmk "$kind: shared memory"
	fi
	inside "$who" sh -c 'ls -A /dev/shm /dev/mqueue'
	is "$(grep -v : <<<"$out")" "" "$kind: /dev/shm and /dev/mqueue are empty"

	# mount: what is mounted inside does not come out, and the host's mounts do not stay in
	inside "$who" sh -c "cat /proc/self/mountinfo"
	unlike "$out" "$T" "$kind: no mount of the host's is left"
	ok "$kind: few mounts" test "$(wc -l <<<"$out")" -lt 60
	unlike "$out" ' shared:' "$kind: no mount is shared with anyone"
	before=$(cut -d' ' -f3-5 /proc/self/mountinfo | sort)
	inside "$who" sh -c 'mkdir /tmp/m; mount -t tmpfs x /tmp/m'
	is "$(cut -d' ' -f3-5 /proc/self/mountinfo | sort)" "$before" "$kind: the host's mounts are as before"

	# cgroup
	inside "$who" cat /proc/self/cgroup
	is "$(grep -v ':/$' <<<"$out")" "" "$kind: the container is at the root of what it sees of cgroups"

	# files
	echo secret >"$T/secret"
	chmod 0666 "$T/secret"
	inside "$who" sh -c "cat '$T/secret'; echo overwritten >'$T/secret'; ls /home /work /proc/1/root$T"
	unlike "$out" "secret" "$kind: a host file is not seen"
	is "$(cat "$T/secret")" secret "$kind: nor changed"
done

# a mount that appears on the host later does not appear inside
as_background "$sub" "$RLC" run --network none --rootfs /:O sh -c \
	'echo up; while [ ! -e /tmp/go ]; do sleep 0.05; done' >"$T/late" 2>&1
late=$!
wait_for 10 grep -q up "$T/late"
mkdir "$T/later"
mount -t tmpfs later "$T/later"
inner=$(pgrep -P "$late" | head -n 1)
nok "a later mount of the host's does not come in" grep -q "$T/later" "/proc/$inner/mountinfo"
umount "$T/later"
kill "$late"
wait "$late" 2>/dev/null

# capabilities inside do not reach the host's objects
inside "$sub" sh -c 'echo 1 >/proc/sys/kernel/panic; echo b >/proc/sysrq-trigger; date -s 2000-01-01; dmesg -n 1; chroot /proc/1/cwd ls'
ok "the machine still runs" true
ok "the host's clock is this year's" test "$(date +%Y)" -gt 2020

no_leftovers "nothing is left"
done_testing

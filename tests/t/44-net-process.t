#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The net process lives in a sandbox, ends with its container, and its death is noticed and said.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
needs rlc userns subids tun busybox world
world_up || exit 1
user_with_subids
run in_host --user "$sub" "$RLC" run builtin:busybox true
run in_host "$RLC" run --network none builtin:busybox true
leftovers_begin
cp "$LIB/frames.py" "$T/bin/"

mkdir -m 0777 "$T/share"

# The net process in this test's own "host", whatever else runs on the machine
net_process() {
	local pid

	for pid in $(pgrep -x rlc-net); do
		[ "$(readlink "/proc/$pid/ns/net")" != "$(readlink "/proc/$host_pid/ns/net")" ] ||
			echo "$pid"
	done
}

# It, and the supervisor whose child it is
find_net_process() {
	net=$(net_process)
	supervisor=$(ps -o ppid= -p "$net" | tr -d ' ')
}

# A container in the background that says when it runs and ends when told to
start_container() { # USER
	rm -f "$T/share"/*
	in_host --user "$1" "$RLC" run --network slirp -v "$T/share:/share" builtin:busybox sh -c '
		touch /share/up; until [ -e /share/ping ]; do sleep 0.02; done
		ping -c 1 -W 1 '$WWW4' >/dev/null && echo pinged
		until [ -e /share/end ]; do sleep 0.02; done; exit 7' \
		>"$T/container.out" 2>"$T/container.err" &
	container=$!
	wait_for 10 test -e "$T/share/up"
	find_net_process
}

status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$net/status"; }

for who in "$sub" root; do
	kind=${who#rlct-} && kind=${kind%%-*}
	start_container "$who"
	is "$(status_of CapEff) $(status_of CapPrm) $(status_of CapBnd)" \
		"0000000000000000 0000000000000000 0000000000000000" "$kind: no capabilities"
	is "$(status_of Seccomp) $(status_of NoNewPrivs)" "2 1" "$kind: a filter, no new privileges"
	is "$(ls -A "/proc/$net/root/")" "dns" "$kind: an empty root"
	isnt "$(readlink "/proc/$net/ns/user")" "$(readlink /proc/self/ns/user)" \
		"$kind: a user namespace of its own"
	is "$(readlink "/proc/$net/ns/net")" "$(readlink "/proc/$host_pid/ns/net")" \
		"$kind: and the host's network"
	is "$(grep -c . "/proc/$net/mountinfo")" 1 "$kind: one mount"
	is "$(awk '/core file/ { print $5, $6 }' "/proc/$net/limits")" "0 0" "$kind: no core file"
	like "$(awk '/address space/ { print $5 }' "/proc/$net/limits")" '^[0-9]+$|^unlimited$' \
		"$kind: a memory limit"
	touch "$T/share/ping" "$T/share/end"
	wait $container
	is $? 7 "$kind: the payload's exit code comes back"
	is "$(cat "$T/container.out")" pinged "$kind: and it pinged"
	nok "$kind: the net process ended with it" test -e "/proc/$net"

	start_container "$who"
	kill -KILL "$net"
	ok "$kind: the death of the net process is said" \
		wait_for 5 grep -q 'network process died' "$T/container.err"
	touch "$T/share/ping" "$T/share/end"
	wait $container
	is $? 7 "$kind: the payload goes on, and its exit code comes back"
	is "$(cat "$T/container.out")" "" "$kind: without a network"

	start_container "$who"
	kill -KILL "$supervisor"
	wait $container 2>/dev/null
	ok "$kind: it ends when the supervisor is killed" wait_for 5 test ! -e "/proc/$net"
done

# --------------------------------------------------------------------------------------------- memory

# The server closes first, so that libslirp remembers each for ten seconds
cat >"$T/bin/gets.py" <<'PYTHON'
import socket, time
for _ in range(500):
    with socket.create_connection(("198.51.100.1", 80)) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while connection.recv(1000):
            pass
print("closed", flush=True)
time.sleep(1000)
PYTHON
in_host --user "$sub" "$RLC" run --network slirp:lane=off --rootfs /:O -v "$T/bin:/mnt:ro" \
	/usr/bin/python3 /mnt/gets.py >"$T/gets" &
container=$!
wait_for 30 grep -q closed "$T/gets"
find_net_process
resident=$(status_of VmRSS)
ok "500 connections that have ended by libslirp cost less than 40 KiB each ($resident)" \
	test "${resident% kB}" -lt 20000
kill -TERM "$supervisor"
wait $container 2>/dev/null

# ------------------------------------------------------------------------------------ hostile frames

for seed in 1 2 3; do
	run in_host --user "$sub" "$RLC" run --rootfs /:O -v "$T/bin:/mnt:ro" sh -c "
		/usr/bin/python3 /mnt/frames.py garbage 20000 $seed; ping -c 1 -W 5 $WWW4 >/dev/null && echo alive"
	is "$out" "alive" "20000 malformed frames (seed $seed): the network goes on"
	unlike "$err" 'died' "and the net process lives"
done

run in_host --user "$sub" "$RLC" run --cap-add NET_ADMIN builtin:busybox sh -c '
	ip link delete tap0; sleep 0.2; echo still here'
is "$out" "still here" "a payload that deletes its interface goes on without"
like "$err" "tap is gone" "and that is said"
run in_host --user "$sub" "$RLC" run --cap-add NET_ADMIN builtin:busybox sh -c "
	ip link set tap0 down; sleep 0.1; ip link set tap0 up; ip route add default via 10.0.2.2
	ping -c 1 -W 5 $WWW4 >/dev/null && echo alive"
is "$out" "alive" "one that takes it down and up again pings"
run in_host "$RLC" run --network none builtin:busybox true # which tidies up after the killed ones
no_leftovers "nothing is left"
done_testing

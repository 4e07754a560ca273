#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# root's --userns=auto: each container has a range of subordinate ids that neither the host nor another
# container has, root's own files are shifted into it, and the ranges come back.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns busybox tun

bb=builtin:busybox
rlc() { run "$RLC" run --network none "$@"; }

# Three ranges and a bit, of a user that need not exist
grant() {
	echo containers:2000000:200000 >>/etc/subuid
	echo containers:3000000:200000 >>/etc/subgid
}

ungrant() { sed -i '/^containers:[23]000000:200000$/d' /etc/subuid /etc/subgid; }

# This test's lines must be the only ones
! grep -qs '^\(containers\|root\):' /etc/subuid /etc/subgid ||
	skip_all root "this host grants root's containers subordinate ids already"

leftovers_begin
rlc --userns=auto $bb true
refused "without subordinate ids" RLC-U09 'containers:'
no_leftovers "which leaves nothing"

when_finished _locked ungrant
_locked grant
leftovers_begin

held=()
hold() { # a container in the background until end_all
	local out

	out=$(mktemp "$T/out.XXXXXX")
	("$RLC" run --network none --userns=auto $bb sh -c 'echo up; exec sleep 1000' >"$out" 2>&1) &
	held+=($!)
	disown $!
	wait_for 20 grep -q up "$out"
	rm "$out"
}

_is_gone() { ! kill -0 "$1"; }

end_all() {
	local pid

	for pid in "${held[@]}"; do
		kill "${1:--TERM}" "$pid"
		wait_for 10 _is_gone "$pid"
	done
	held=()
}

ranges() { cat /run/rlc/containers/*/idmap | sort; }

rlc --userns=auto $bb sh -c 'id -u; cat /proc/self/uid_map /proc/self/gid_map; stat -c %u /bin; grep CapEff /proc/self/status'
is "$(sed -n '1p;4p' <<<"$out" | paste -sd' ')" "0 0" "root inside, whose files are its own"
is "$(sed -n '2,3p' <<<"$out" | tr -s ' ')" " 0 2000000 65536
 0 3000000 65536" "its ids are subordinate ones"
rlc $bb cat /proc/self/uid_map
is "$(tr -s ' ' <<<"$out")" " 0 0 4294967295" "the default is the host's ids, as ever"
rlc --userns=host $bb cat /proc/self/uid_map
is "$(tr -s ' ' <<<"$out")" " 0 0 4294967295" "--userns=host says so"

hold
hold
is "$(ranges)" "2000000 3000000 65536
2065536 3065536 65536" "two at once have different ranges"
rlc --userns=auto $bb cat /proc/self/uid_map
is "$(tr -s ' ' <<<"$out")" " 0 2131072 65536" "a third has the next"
rlc --userns=auto:size=1000 $bb cat /proc/self/uid_map
is "$(tr -s ' ' <<<"$out")" " 0 2131072 1000" "size=1000"
hold
rlc --userns=auto $bb true
refused "no range is left" RLC-U09 65536
rlc --userns=auto:size=3000 $bb true
is "$status" 0 "a smaller one is"
rlc --userns=auto:size=0 $bb true
refused "size=0" --userns
rlc --userns=auto:size=300000 $bb true
refused "more than there are" RLC-U09 300000
end_all
no_leftovers "the ranges came back"

hold
hold
end_all -KILL
rlc --userns=auto $bb cat /proc/self/uid_map
is "$(tr -s ' ' <<<"$out")" " 0 2000000 65536" "after kill -9 too"
no_leftovers "and nothing is left"

# many at once never share an id
for i in $(seq 20); do
	"$RLC" run --network none --userns=auto:size=10000 $bb sh -c 'cat /proc/self/uid_map; sleep 2' \
		>"$T/many-$i" 2>&1 &
done
wait
is "$(cat "$T"/many-* | awk '{ print $2 }' | sort -u | wc -l)" 20 "20 started at once have 20 ranges"
rm "$T"/many-*

# ------------------------------------------------------------------------ the same root and mounts

make_rootfs "$T/rootfs"
chown 1000:100 "$T/rootfs/var"
before=$(fingerprint "$T/rootfs")
rlc --userns=auto --rootfs "$T/rootfs:O" /bin/sh -c \
	'stat -c "%u:%g" /bin /var; echo x >/bin/new; chown 5:6 /bin/new; stat -c "%u:%g" /bin/new; rm /etc/group'
is "$(paste -sd' ' <<<"$out")" "0:0 1000:100 5:6" "an overlay over root's files: their owners, by the ids inside"
is "$(fingerprint "$T/rootfs")" "$before" "which stay as they are"
rlc --userns=auto --rootfs "$T/rootfs" /bin/sh -c 'stat -c "%u:%g" /bin /var; echo x >/new; chown 7:8 /new'
is "$status $(paste -sd' ' <<<"$out")" "0 0:0 1000:100" "root's directory itself"
is "$(stat -c '%u:%g' "$T/rootfs/new")" "7:8" "what is written there has the ids inside"
rlc --userns=auto --rootfs "$T/rootfs" --read-only /bin/sh -c 'touch /x 2>&1; stat -c "%u:%g" /new'
like "$out" "Read-only" "read-only"
rlc --userns=auto --rootfs /:O /bin/sh -c 'cat /etc/hostname >/dev/null && echo fine'
is "$out" fine "over the host's own root"
mkdir -m 0700 "$T/src"
chown 2131077:3131077 "$T/src"
rlc --userns=auto -v "$T/src:/mnt" -v "$T/rootfs/etc:/etc2:ro" $bb cat /etc2/hosts
is "$status" 0 "volumes"
mkdir "$T/secret"
echo secret >"$T/secret/file"
chmod 0700 "$T/secret"
rlc --userns=auto -v "$T/secret:/secret" $bb cat /secret/file
isnt "$status" 0 "what is closed to all but the host's root is closed to root inside"
unlike "$out" secret "and not read"
rlc --userns=auto $bb sh -c 'mount -t tmpfs t /mnt 2>&1; ls -ld /proc/sys/kernel/core_pattern; echo x >/proc/sys/kernel/core_pattern'
isnt "$status" 0 "it is no root of the host"
run "$RLC" run --network slirp --userns=auto $bb ip -o address show dev tap0
like "$out" '10\.0\.2\.100' "with a network"
run "$RLC" run --network none --userns=auto --explain $bb true
is "$status" 0 "--explain"
like "$out" '2000000' "--explain names an example"

no_leftovers "nothing is left"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ci/static makes an rlc of one file, which gives root and a user containers with a network on a host that has
# nothing else; what it lacks, it says.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns tun apt make
uid=4711

RUN_TIMEOUT=300
run env -u MAKEFLAGS -u MFLAGS BUILD="$BUILD" "$SRCDIR/ci/static" "$T/static"
is "$status" 0 "it is made"
like "$(LC_ALL=C ldd "$T/static" 2>&1)" 'not a dynamic executable|statically linked' "of one file"

bare=$T/bare
mkdir -p "$bare/proc" "$bare/tmp" "$bare/dev/net"
touch "$bare/dev/net/tun" "$bare"/dev/{null,zero,full,random,urandom,tty}
chmod 1777 "$bare/tmp"
cp "$T/static" "$bare/rlc"
on_bare() { # UID WORDS…
	local uid=$1

	shift
	run unshare --mount --propagation private "$LIB/bare.py" "$bare" "$uid" /rlc --root "/tmp/$uid" "$@"
}
install -d -m 700 -o $uid "$bare/tmp/$uid"
install -d -m 700 "$bare/tmp/0"
bb=builtin:busybox

for who in $uid 0; do
	on_bare "$who" run --network none $bb sh -c 'echo $(id -u) $(hostname) $(cat /proc/1/comm)'
	like "$status$err $out" '^0 0 [0-9a-f]{12} rlc-init$' "$who: a container where nothing is but /proc and /dev: $err"
done
for who in $uid 0; do
	on_bare "$who" run --network slirp $bb sh -c 'ping -c 1 -W 5 10.0.2.2 | grep received; head -c 4 /dev/zero | wc -c'
	is "$status$err $out" $'0 1 packets transmitted, 1 packets received, 0% packet loss\n4' "$who: the user-mode network"
	on_bare "$who" run --network host $bb ip link show lo
	like "$status$err $out" '^0 1: lo:' "$who: the host's network"
done
mkdir "$bare/etc"
echo "somebody:x:$uid:$uid::/tmp:/bin/sh" >"$bare/etc/passwd"
on_bare $uid --log-level debug check --format json
like "$err$out" somebody "users are those of /etc/passwd"

# --- what it lacks ---

lacks() { # DESCRIPTION CODE PART WORDS…
	local description=$1 code=$2 part=$3

	shift 3
	on_bare 0 "$@"
	refused "$description" "\[$code\]" "why: this rlc is a single static file, which has no $part" "fix: use an installed rlc"
}
lacks "images" RLC-I01 rlc-image pull debian:12
echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >"$bare/profile"
lacks "profiles" RLC-X04 rlc-seccomp run --network none --security-opt seccomp=/profile $bb true
lacks "bridges of its own" RLC-N08 libnftables run --network bridge --dns 192.0.2.1 $bb true
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ci/quickstart ends in containers, of root and of an ordinary user, that resolved a name and pinged.
# What it builds is this build already; what it does to the host is taken back.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns tun make

RUN_TIMEOUT=300
when_finished "$SRCDIR/ci/host-setup" --undo
range=$(cat /proc/sys/net/ipv4/ping_group_range)
when_finished sh -c "echo '$range' >/proc/sys/net/ipv4/ping_group_range"
tun_mode 0600
mkdir -p "$T/clone/build"
cp -r "$SRCDIR/ci" "$T/clone/ci"
cp "$RLC" "$T/clone/build/rlc"
printf '#!/bin/sh\n' >"$T/clone/configure"
chmod +x "$T/clone/configure"
echo 'all:' >"$T/clone/build/Makefile"

run env -u MAKEFLAGS -u MFLAGS "$T/clone/ci/quickstart"
is "$status" 0 "it ends well"
for who in root rlc-guest; do
	like "$out" "(^|"$'\n'")${who}[$] rlc run .*nslookup" "$who: a container asked for a name"
	like "$out" "(^|"$'\n'")${who}[$] rlc run .*ping" "$who: a container pinged"
done
is "$(grep -c ' 3 packets received, 0% packet loss' <<<"$out")" 2 "both had all answers"
is "$(grep -c '^Name:' <<<"$out")" 2 "both had the name's address"
like "$out" 'It works' "and it says so"
like "$out" 'host-setup: open /dev/net/tun to all users: mode 600 → 666' "what it changed on the host was said"
run "$T/clone/ci/host-setup" --undo
is "$status $(stat -c %a /dev/net/tun)" "0 600" "and can be taken back"
ok "the user it made is gone" test -z "$(getent passwd rlc-guest)"
done_testing

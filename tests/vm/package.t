#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages: installed, a user who is logged in has containers with a network, and nothing else needs
# to be done; purged, the system is what it was.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/login.sh"

need_deb() {
	why="no packages in $SRCDIR: ci/vm --file"
	compgen -G "$SRCDIR/rlc_*.deb" >/dev/null && compgen -G "$SRCDIR/rlc-newuidmap_*.deb" >/dev/null
}
needs deb root login world
user_with_subids
ok "the machine is in a world" world_up_machine
ok "$sub is logged in" log_in "$sub"

# All files but those by which dpkg and apt know what they did
files() {
	find / -xdev \( -path /tmp -o -path /run -o -path /proc -o -path /var/lib/dpkg -o -path /var/lib/apt \
		-o -path /var/cache -o -path /var/log -o -path /root -o -path "$SRCDIR" -o -path "$T" \) -prune -o -print | sort
}
files >"$T/before"

RUN_TIMEOUT=300
run apt-get install -qy --no-install-recommends "$SRCDIR"/rlc_*.deb
is "$status" 0 "apt-get installs the package: $err"
known=ok # Debian 13's parser knows user namespaces, 12's does not
grep -q '^VERSION_ID="12"' /etc/os-release && known=nok
"$known" "rlc's own profile is where AppArmor's parser knows it, and only there" test -e /etc/apparmor.d/rlc
run /usr/bin/rlc run --network none --security-opt apparmor=rlc-payload builtin:busybox cat /proc/self/attr/current
is "$out" "rlc-payload (enforce)" "the payload's is loaded"

run in_session "$sub" /usr/bin/rlc run builtin:busybox sh -c 'nslookup www.example.test && ping -c 1 -W 5 www.example.test'
is "$status $err" "0 " "a user's container resolves a name and pings"
like "$out" '1 packets received, 0% packet loss' "and has an answer"
run in_session "$sub" /usr/bin/rlc image --help
is "$status" 0 "the program knows its commands"

run in_session "$sub" /usr/bin/rlc selftest --only 'isolation/*'
is "$status $(grep '^not ok' <<<"$out")" "0 " "isolation holds"

# limits: nothing but the package, and systemd as Debian has it
run in_session "$sub" /usr/bin/rlc run -m 64m --cpus 0.5 --pids-limit 10 --network none builtin:busybox sh -c '
	cd /sys/fs/cgroup && cat memory.max pids.max cpu.max
	(for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 & done) 2>/dev/null
	echo $(($(cat pids.current) <= 10)) $(($(sed -n "s/^max //p" pids.events) > 0))
	until grep -q "nr_throttled [1-9]" cpu.stat; do :; done
	tail /dev/zero'
is "$status" 137 "a user's container has limits, by which it is killed"
is "$out" $'67108864\n10\n50000 100000\n1 1' "of memory, processes and processors, which hold"
is "$err" "rlc: warn: killed by the memory limit of 64m" "and rlc says by which"

run apt-get install -qy --no-install-recommends "$SRCDIR"/rlc-newuidmap_*.deb
is "$status" 0 "apt-get installs the shim's package: $err"
for program in newuidmap newgidmap; do hide /usr/bin/$program; done
run in_session "$sub" /usr/bin/rlc --log-level debug run --network none builtin:busybox true
for program in newuidmap newgidmap; do restore /usr/bin/$program; done
like "$err" 'idmap: tier 2' "which maps ids where shadow's programs are missing"

run apt-get purge -qy rlc rlc-newuidmap
is "$status" 0 "apt-get purges both: $err"
files >"$T/after"
is "$(diff "$T/before" "$T/after")" "" "and no file of theirs is left"
is "$(dpkg-query -W -f '${Package} ' 'rlc*' 2>/dev/null)" "" "nor a trace in dpkg's records"
done_testing

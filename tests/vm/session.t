#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On a Debian host with systemd, AppArmor and Debian's kernel, an ordinary user who has logged in and done
# nothing else has containers with ids, a network and an overlay; and so has root.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/login.sh"
. "$(dirname "$0")/../lib/selftest.sh"
needs root rlc login world busybox setcap
user_with_subids
user_without_subids
ok "the machine is in a world" world_up_machine
ok "$sub is logged in" log_in "$sub"
ok "$one, too" log_in "$one"

# ------------------------------------------------------------------------------- what the host is

run in_session "$sub" sh -c 'echo $XDG_RUNTIME_DIR; cat /proc/self/cgroup; loginctl show-session --property=Class --property=State self'
like "$out" "^/run/user/$(id -u "$sub")"$'\n'"0::/user.slice/user-$(id -u "$sub").slice/session-[a-z0-9]+.scope" \
	"a session of logind's"
like "$out" $'Class=user\nState=active' "of an active user"
is "$(cat /sys/module/apparmor/parameters/enabled)" Y "AppArmor is enabled"
kernel=$(uname -r)
note "kernel $kernel"

# -------------------------------------------------------------------------------------- containers

# Debian leaves the kernel's default, which lets nobody ping without privilege
is "$(xargs </proc/sys/net/ipv4/ping_group_range)" "1 0" "the host lets no ordinary user ping"
run in_session "$sub" rlc run builtin:busybox ping -c 1 -W 1 www.example.test
like "$err" 'RLC-N04' "user: rlc says that the host forbids it, and how to mend that"
echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range

uid=$(id -u "$sub")
first=$(sed -n "s/^$sub:\([0-9]*\):.*/\1/p" /etc/subuid)
run in_session "$sub" rlc run builtin:busybox sh -c '
	id; cat /proc/self/uid_map
	nslookup www.example.test
	ping -c 1 -W 5 www.example.test && wget -q -O - http://www.example.test/ && cat /proc/self/attr/current'
is "$status $err" "0 " "user: a container with everything"
like "$out" "^uid=0\(root\) gid=0\(root\)" "user: root inside"
like "$(xargs <<<"$out")" " 0 $uid 1 1 $first 65536 " "user: with all subordinate ids"
like "$out" "Address: $WWW4" "user: it resolves a name"
like "$out" '1 packets received, 0% packet loss' "user: and pings"
like "$out" 'unconfined' "user: AppArmor lets it be"
run in_session "$one" rlc run --network none builtin:busybox cat /proc/self/uid_map /proc/self/setgroups
is "$status $(xargs <<<"$out")" "0 0 $(id -u "$one") 1 deny" "a user without ranges has one id"

mkdir -p "$T/bin/helpers/newuidmap-shim"
cp "$BUILD"/helpers/newuidmap-shim/new?idmap "$T/bin/helpers/newuidmap-shim"
setcap cap_setuid+ep "$T/bin/helpers/newuidmap-shim/newuidmap"
setcap cap_setgid+ep "$T/bin/helpers/newuidmap-shim/newgidmap"
for program in newuidmap newgidmap; do hide /usr/bin/$program; done
run in_session "$sub" rlc --log-level debug run --network none builtin:busybox cat /proc/self/uid_map
for program in newuidmap newgidmap; do restore /usr/bin/$program; done
is "$status $(xargs <<<"$out")" "0 0 $uid 1 1 $first 65536" "without shadow's newuidmap the shim maps"
like "$err" 'idmap: tier 2' "and says so"

run as root "$RLC" run --cap-add NET_RAW builtin:busybox sh -c 'nslookup www.example.test && ping -c 1 -W 5 www.example.test'
is "$status" 0 "root: a container on a bridge resolves a name and pings: $err"
like "$out" '1 packets received, 0% packet loss' "root: with an answer"

# ------------------------------------------------------------------------------------------ selftest

selftest_fake
limits=(selftest --only 'limits/[mpc]*' --format json)
for who in "$sub" root; do
	kind=${who%%-*}
	as=(in_session "$who")
	[ "$who" != root ] || as=(as root)
	run "${as[@]}" "$RLC" "${limits[@]}"
	is "$status $(selftest_results <<<"${out:-[]}" | xargs)" "0 limits/memory passed - limits/pids passed - limits/cpus passed -" \
		"$kind: selftest shows that limits hold: $err"
done
fails() { # CHECK PROBLEM [NAME=VALUE…]
	local check=$1 problem=$2

	shift 2
	run in_session "$sub" env FAKE_DROP= FAKE_ADD= FAKE_SCRIPT= FAKE_FORK= "$@" \
		rlc selftest --only "limits/$check" --program "$T/bin/fake" --format json
	is "$status $(selftest_results <<<"${out:-[]}")" "1 limits/$check failed -" "limits/$check fails with $*"
	like "$out" "$problem" "and says why"
}
fails memory 'the limit, seen from the host' FAKE_DROP='--memory=*' FAKE_ADD='--memory 64m'
fails memory 'the exit code of what wants more' FAKE_SCRIPT='tail() { :; }'
fails pids 'the limit, seen from inside' FAKE_DROP='--pids-limit=*' FAKE_ADD='--pids-limit 20'
fails cpus 'the limit, seen from the host' FAKE_DROP='--cpus=*'

# ------------------------------------------------------------- what this kernel has, and what it lacks

run in_session "$sub" rlc --log-level debug run --network none --rootfs /:O sh -c 'echo x >/etc/rlc-was-here && cat /etc/rlc-was-here'
is "$status $out" "0 x" "user: a throw-away overlay over the host's own root"
nok "which it leaves alone" test -e /etc/rlc-was-here
note "$(grep -iE 'scratch|overlay' <<<"$err")"

run in_session "$sub" sh -c 'rlc run -d --name web builtin:busybox httpd -f -p 8000 && rlc exec web wget -q -O - http://127.0.0.1:8000/; rlc ps; rlc stop -t 1 web && rlc rm web'
like "$out" 'httpd -f.*Up .*web' "user: a container in the background"
is "$(in_session "$sub" rlc ps -a | wc -l)" 1 "user: and off again"

# ------------------------------------------------------------------------- a second wall, where it is asked for

run apparmor_parser --replace --skip-cache "$SRCDIR/apparmor/rlc-payload"
is "$status" 0 "AppArmor takes the payload's profile: $err"
attempts='cat /proc/self/attr/current; mount -t tmpfs none /tmp && echo mounted; echo rlct >/proc/sys/kernel/domainname && echo written'
loose=(--network none --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt unmask=ALL)
run as root "$RLC" run "${loose[@]}" builtin:busybox sh -c "$attempts"
is "$(xargs <<<"$out")" "unconfined mounted written" "root: what else would work"
run as root "$RLC" run "${loose[@]}" --security-opt apparmor=rlc-payload builtin:busybox sh -c "$attempts"
is "$(xargs <<<"$out")" "rlc-payload (enforce)" "root: the profile forbids"
run in_session "$sub" sh -c 'rlc run -d --name wall --security-opt apparmor=rlc-payload --network none builtin:busybox sh -c "sleep 1000 & wait"
	rlc exec wall sh -c "cat /proc/self/attr/current; until killall sleep 2>/dev/null; do sleep 0.1; done"; rlc wait wall; rlc rm -f wall >/dev/null'
is "$(sed 1d <<<"$out" | xargs)" "rlc-payload (enforce) 0" "user: rlc exec has it, too, and signals arrive: the payload ends"

# ------------------------------------------------------------------------------------- the host's word

is "$(dmesg | grep -E 'apparmor="DENIED"|segfault|BUG:|WARNING:|Oops')" "" "AppArmor denied nothing, and the kernel complains of nothing"
done_testing

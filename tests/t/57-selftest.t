#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc selftest passes for root and for users with and without subordinate ids; each of its checks fails where
# what it claims is not so; what the host cannot do is skipped, with its code.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/selftest.sh"
needs root mountns rlc userns subids tun busybox world
user_with_subids
user_without_subids
world_up || fail "no world"
leftovers_begin
for file in /etc/subuid /etc/subgid; do
	replace $file "$(cat $file)"$'\ncontainers:2147483648:1073741824\n'
done
mkdir -m 777 "$T/other"

selftest=("$RLC" selftest --name www.example.test)
# --- it passes ---

no_limits=$(printf 'limits/%s\n' cpus memory pids)
for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	run in_host --user "$who" "${selftest[@]}" --format json
	is "$status" 0 "$kind: it passes"
	selftest_results <<<"$out" >"$T/results"
	is "$(grep -v -e ' passed ' -e ' skipped ' "$T/results")" "" "$kind: every check: $err"
	wanted=$no_limits
	[ "$kind" != one ] || wanted="isolation/ids"$'\n'$wanted
	is "$(sed -n 's/ skipped RLC-.*//p' "$T/results" | sort)" "$wanted" "$kind: what this host lacks is skipped, and no more"
done
restore /etc/subuid
restore /etc/subgid
no_leftovers "nothing is left"

# --- each check can fail ---

selftest_fake
tried=
fails() { # CHECK [NAME=VALUE…]
	local check=$1

	shift
	tried+="$check"$'\n'
	run in_host --user "$who" FAKE_DROP= FAKE_ADD= FAKE_SCRIPT= FAKE_FORK= "$@" \
		"${selftest[@]}" --only "$check" --program "$T/bin/fake" --format json
	is "$status $(selftest_results <<<"${out:-[]}")" "1 $check failed -" "$check fails with $*"
}
who=$sub
fails isolation/container FAKE_SCRIPT='exit 7'
fails isolation/namespaces FAKE_ADD='--uts host'
fails isolation/root FAKE_DROP='--user=*' FAKE_ADD='--user 1:1'
fails isolation/ids FAKE_DROP='--user=*'
fails isolation/processes FAKE_ADD='--pid host'
fails isolation/files FAKE_ADD="-v $T:$T"
fails isolation/image FAKE_ADD="-v $T/other:/etc"
fails isolation/mounts FAKE_ADD=--privileged
fails isolation/hostname FAKE_DROP='--hostname=*'
fails isolation/ipc FAKE_ADD='--ipc host'
fails isolation/sockets FAKE_ADD='--network host'
fails isolation/descriptors FAKE_SCRIPT='exec 9</dev/null'
fails isolation/environment FAKE_ADD='-e RLC_SELFTEST_SECRET'
fails isolation/end FAKE_FORK=1
fails kernel/capabilities FAKE_ADD='--cap-add SYS_ADMIN'
fails kernel/privileges FAKE_ADD='--security-opt seccomp=unconfined'
fails kernel/calls FAKE_ADD='--privileged'
fails kernel/devices FAKE_ADD='-v /dev/net/tun:/dev/tun'
fails kernel/files FAKE_ADD='--security-opt unmask=ALL'
fails network/interface FAKE_ADD='--network none'
fails network/gateway FAKE_ADD='--network none'
fails network/gateway6 FAKE_SCRIPT='ping6() { echo nothing; }'
fails network/ping FAKE_ADD='--network none'
fails network/names FAKE_ADD="--network none"
fails network/tcp FAKE_ADD='--network none'
fails network/udp FAKE_ADD='--network none'
fails network/publish FAKE_DROP='--publish=*'
fails network/none FAKE_DROP='--network=none'
fails limits/files FAKE_DROP='--ulimit=*'
fails limits/timeout FAKE_SCRIPT='exit 5'
who=root
fails isolation/root FAKE_DROP='--userns=*'
# Those of limits, which need a cgroup of version 2, are skipped here: tests/vm/session.t
is "$(comm -13 <(sort -u <<<"$tried") <(cut -d' ' -f1 "$T/results" | sort))" "$no_limits" "each was tried"
no_leftovers "nothing is left of them"

# --- what the host lacks ---

skips() { # CODE CHECK COMMAND…: in front of it
	local code=$1 check=$2

	shift 2
	run in_host --user "$sub" "$@" "${selftest[@]}" --only "$check"
	is "$status" 0 "$check, $code: it does not fail"
	like "$out" $'\n'"ok 1 - $check: .* # SKIP .* \[$code\]" "$check, $code: it is skipped"
}
tun_mode 0600
skips RLC-N03 network/tcp
tun_mode 0666
range=$(in_host cat /proc/sys/net/ipv4/ping_group_range)
in_host sh -c 'echo 1 0 >/proc/sys/net/ipv4/ping_group_range'
skips RLC-N04 network/ping
in_host sh -c "echo '$range' >/proc/sys/net/ipv4/ping_group_range"
host_resolv "nameserver $DNS_REFUSE"
skips RLC-N13 network/names
host_resolv "nameserver $WORLD4"
run in_host --user "$sub" "${selftest[@]}" --only limits/pids --strict
is "$status" 1 "--strict: a skip is a failure"
run in_host --user "$sub" sh -c 'ulimit -n 9; exec "$@"' sh "${selftest[@]}" --only isolation/files
is "$status" 1 "where no container runs at all, it fails"
like "$out" 'found: "start rlc: Too many open files' "and says why"

mount -t tmpfs -o noexec,mode=1777 none "$T/other"
run in_host --user "$sub" TMPDIR="$T/other" "${selftest[@]}" --only kernel/privileges
is "$status" 0 "where temporary files cannot be executed, another place is found"
umount "$T/other"

# --- interrupted ---

as_background "$sub" env FAKE_DROP= FAKE_FORK= FAKE_ADD= FAKE_SCRIPT='sleep 1000' "$RLC" selftest --only kernel/calls \
	--program "$T/bin/fake" >"$T/interrupted"
wait_for 60 test -e "$T"/tmp/rlc-selftest-*/pid
kill -TERM $!
wait $!
is $? 143 "a signal ends it"
unlike "$(cat "$T/interrupted")" 'ok 1' "without a verdict"
no_leftovers "and nothing of it is left"

# --- forms ---

failing=(in_host --user "$sub" FAKE_DROP= FAKE_FORK= FAKE_ADD= FAKE_SCRIPT='echo "fds=<\"&"; exec 9</dev/null'
	"${selftest[@]}" --program "$T/bin/fake" --only 'isolation/[de]*')
run "${failing[@]}"
is "$(head -n 2 <<<"$out")" $'TAP version 13\n1..3' "TAP: version and plan"
is "$(grep -c '^ok ' <<<"$out")" 2 "TAP: who passes"
like "$out" $'\nnot ok 1 - isolation/descriptors: ' "TAP: who fails"
like "$out" $'\n  ---\n  claim: ".*\n  problems:\n  - what: ".*\n    found: ".*\n    wanted: "012".*\n  command: "rlc .*\n  \.\.\.\n' \
	"TAP: with the reason as YAML"
mkdir "$T/prove"
printf '%s\n' "$out" >"$T/prove/given.t"
is "$(prove -e cat "$T/prove/given.t" 2>&1 | grep -c 'Failed test:  1')" 1 "TAP: which prove understands"
run "${failing[@]}" --format junit
is "$status" 1 "JUnit: the same exit code"
is "$(/usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
suite = tree.fromstring(sys.stdin.buffer.read())
print(suite.get("tests"), suite.get("failures"), len(suite.findall("testcase/failure")),
      "<\"&" in suite.find("testcase/failure").text)' <<<"$out")" "3 1 1 True" "JUnit: well-formed, and says all"
run as root "$RLC" selftest --format yaml
refused "a form that there is not" "--format 'yaml': not tap, junit or json"
run as root "$RLC" selftest --only 'none/*'
refused "a check that there is not" "choose checks 'none/\*'"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc-oci's cgroups on a host with systemd and all controllers: limits bite, in a path and in scopes of systemd's, root's
# and a user's own; update, events, pause and the end of them.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/cgroup.sh"
. "$(dirname "$0")/../lib/login.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root rlc login busybox
bundle=
user_with_subids
ok "$sub is logged in" log_in "$sub"

# oci_ WHO ARGUMENTS…: a user's from a session of his own
oci_() {
	local who=$1

	shift
	[ "$who" != root ] || { oci root "$@" && return || return; }
	[ -d "$(oci_root "$who")" ] || install -d -m 0700 -o "$who" "$(oci_root "$who")"
	in_session "$who" "$RLC_OCI" --root "$(oci_root "$who")" "$@"
}
state_() { oci "$1" state o1 | jq -r ".$2"; }
has_ended() { [ "$(state_ "$1" status)" = stopped ]; }
cgroup_dir() { # WHO: where the container's init is
	echo "$CGROUPS$(sed -n 's/^0:://p' "/proc/$(state_ "$1" pid)/cgroup")"
}

limits='.linux.resources = {"memory": {"limit": 67108864, "swap": 67108864, "reservation": 33554432},
	"pids": {"limit": 20}, "cpu": {"shares": 512, "quota": 50000, "period": 100000},
	"unified": {"memory.high": "60000000"}}'
sleeper='.process.args = ["sleep", "1000"]'

kept() { # WHO CGROUPSPATH OPTIONS…: limits, and what changes them
	local who=$1 path=$2 dir pid kind=${1%%-*}

	shift 2
	bundle "$who" "$sleeper | $limits | .linux.cgroupsPath = \"$path\""
	run oci_ "$who" "$@" run --detach --bundle "$bundle" o1
	is "$status$err" 0 "$kind, $path: it runs with limits"
	dir=$(cgroup_dir "$who")
	pid=$(state_ "$who" pid)
	note "in $dir"
	is "$(cat "$dir/memory.max" "$dir/memory.swap.max" "$dir/memory.low" "$dir/memory.high" "$dir/pids.max" \
		"$dir/cpu.weight" "$dir/cpu.max" | xargs)" "67108864 0 33554432 59998208 20 59 50000 100000" "$kind: which are written"
	run oci_ "$who" exec o1 sh -c 'grep ^0 /proc/self/cgroup; cat /sys/fs/cgroup/pids.max'
	is "$out" $'0::/\n20' "$kind: exec is in it, and sees it: $err"
	run oci_ "$who" exec o1 sh -c 'for i in $(seq 30); do sleep 100 & done'
	like "$err" "can't fork" "$kind: no more processes than that"
	run oci "$who" update --memory 128m --pids-limit 30 --cpu-quota 70000 o1
	is "$status$err" 0 "$kind: update"
	is "$(cat "$dir/memory.max" "$dir/memory.swap.max" "$dir/pids.max" "$dir/cpu.max" | xargs)" "134217728 0 30 70000 100000" \
		"$kind: is in force, and leaves the rest"
	run oci "$who" update --resources - o1 <<<'{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 40},
		"memory": {"limit": 100663296, "swap": 134217728, "reservation": 16777216},
		"cpu": {"shares": 1024, "quota": 30000, "period": 60000}, "unified": {"memory.high": "90000384"}}'
	is "$status$err" 0 "$kind: update --resources"
	is "$(cat "$dir/memory.max" "$dir/memory.swap.max" "$dir/memory.low" "$dir/memory.high" "$dir/pids.max" \
		"$dir/cpu.weight" "$dir/cpu.max" | xargs)" "100663296 33554432 16777216 89997312 40 100 30000 60000" "$kind: all of it"
	run oci "$who" update --resources - o1 <<<'{"memory": {"limit": 65536, "checkBeforeUpdate": true}}'
	is "$status $(cat "$dir/memory.max")" "1 100663296" "$kind: checkBeforeUpdate refuses less than is in use"
	like "$err" 'set a memory limit of 65536: [0-9]+ bytes are in use' "$kind: and says so"
	run oci "$who" update --memory 128m --memory-swap 128m --pids-limit 30 o1
	run oci "$who" events --stats o1
	is "$(jq -r '[.data.memory.usage.limit, .data.pids.limit, .data.pids.current > 0, .data.cpu.usage.total > 0] | @tsv' <<<"$out")" \
		$'134217728\t30\ttrue\ttrue' "$kind: events"
	run oci "$who" pause o1
	is "$(sed -n 's/^frozen //p' "$dir/cgroup.events") $(state_ "$who" status)" "1 paused" "$kind: pause"
	run oci "$who" resume o1
	is "$(sed -n 's/^frozen //p' "$dir/cgroup.events") $(state_ "$who" status)" "0 running" "$kind: resume"
	run oci "$who" kill --all o1 KILL
	ok "$kind: kill --all ends it" wait_for 60 has_ended "$who"
	wait_for 60 test ! -e "$dir" || rmdir "$dir" # systemd takes a scope away
	run oci "$who" kill o1 KILL
	like "$err" "container not running" "$kind: kill, when all of it has gone"
	run oci "$who" kill --all o1 KILL
	is "$status$err" 0 "$kind: of all that is no error"
	run oci "$who" delete o1
	is "$status$err" 0 "$kind: delete"
	ok "$kind: no cgroup is left" wait_for 60 test ! -e "$dir"
}

kept root /rlct-vm/a
nok "nor what was above" test -e $CGROUPS/rlct-vm
kept "$sub" user.slice:rlct:o1 --systemd-cgroup

# once more at once, under the name of the scope that just went
for i in 1 2; do
	bundle root "$sleeper | .linux.cgroupsPath = \"rlct.slice:libpod:o1\""
	run oci_ root --systemd-cgroup run --detach --bundle "$bundle" o1
	is "$status$err" 0 "the scope's name can be used anew, $i"
	like "$(cgroup_dir root)" '/rlct.slice/libpod-o1.scope/container$' "in its slice"
	run oci_ root delete --force o1
	is "$status$err" 0 "delete"
done

# properties that annotations ask for
for who in root "$sub"; do
	manager=(systemctl)
	[ "$who" = root ] || manager=(in_session "$who" systemctl --user)
	bundle "$who" "$sleeper"' | .linux.cgroupsPath = ":rlct:o1" | .annotations += {
		"org.systemd.property.TimeoutStopSec": "2.5", "org.systemd.property.Description": "'"'it is mine'"'",
		"org.systemd.property.MemoryHigh": "uint64 67108864", "org.systemd.property.SendSIGHUP": "true",
		"org.systemd.property.Documentation": "['"'man:rlc(1)', 'man:rlc-oci(1)'"']"}'
	run oci_ "$who" --systemd-cgroup run --detach --bundle "$bundle" o1
	is "$status$err" 0 "${who%%-*}: a scope with properties"
	is "$("${manager[@]}" show -p TimeoutStopUSec,Description,MemoryHigh,SendSIGHUP,Documentation rlct-o1.scope | sort)" \
		"Description=it is mine
Documentation=\"man:rlc(1)\" \"man:rlc-oci(1)\"
MemoryHigh=67108864
SendSIGHUP=yes
TimeoutStopUSec=2.500000s" "${who%%-*}: which it has"
	run oci_ "$who" delete --force o1
	bundle "$who" "$sleeper"' | .linux.cgroupsPath = ":rlct:o2" | .annotations += {"org.systemd.property.Delegation": "true"}'
	run oci_ "$who" --systemd-cgroup run --detach --bundle "$bundle" o1
	is "$status" 1 "${who%%-*}: one that systemd does not know"
	like "$err" "ask systemd for a scope: .*Delegation" "${who%%-*}: is refused in its words"
done
run in_session "$sub" "$RLC" run -d --name timed --network none --memory 64m --annotation org.systemd.property.TimeoutStopUSec='uint64 7000000' builtin:busybox sleep 1000
is "$status$err" "0" "rlc run with a property"
unit=$(sed -n 's/^0::.*\/\(rlc-[^/]*\.scope\).*/\1/p' "/proc/$(in_session "$sub" "$RLC" inspect --format '{{.State.Pid}}' timed)/cgroup")
is "$(in_session "$sub" systemctl --user show -p TimeoutStopUSec "$unit")" "TimeoutStopUSec=7s" "which its scope has: $unit"
in_session "$sub" "$RLC" rm -f timed

bundle root "$sleeper"' | .linux.resources = {"memory": {"limit": 65536}}'
run oci_ root create --bundle "$bundle" o1
is "$status" 1 "too little to be made"
like "$err" "killed by the memory limit of 64k" "is told"
bundle root '.process.args = ["sh", "-c", "mknod /tmp/kmsg c 1 11; : </tmp/kmsg && echo opened; rm /tmp/kmsg"]
	| (.process.capabilities.bounding, .process.capabilities.effective, .process.capabilities.permitted) += ["CAP_MKNOD", "CAP_SYSLOG"]
	| .linux.resources.devices = [{"allow": false, "access": "rwm"}]'
run oci_ root run --bundle "$bundle" o1
is "$out" "" "a device that no rule allows"
jq '.linux.resources.devices += [{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]' \
	"$bundle/config.json" >"$bundle/new" && mv "$bundle/new" "$bundle/config.json"
run oci_ root run --bundle "$bundle" o1
is "$out" opened "and one that is allowed: $err"
is "$(cgroups_left)" "" "nothing is left"
systemctl stop rlct.slice
oci_no_leftovers root "nor of root's containers"
oci_no_leftovers "$sub" "nor of the user's"
done_testing

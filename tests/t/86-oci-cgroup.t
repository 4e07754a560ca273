#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc-oci and cgroups: linux.resources and cgroupsPath of either version, who is in it, and that all of it goes.
# That limits bite where a system has all controllers is shown by tests/vm/oci.t.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/cgroup.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root userns mountns
bundle=
user_with_subids
leftovers_begin

pid_of() { oci "$1" state "$2" | jq -r .pid; }
sleeper='.process.args = ["sleep", "1000"]'
mknod='(.process.capabilities.bounding, .process.capabilities.effective, .process.capabilities.permitted) += ["CAP_MKNOD"]'

# ------------------------------------------------------------------------------- what is wrong

wrong() { # FILTER PLACE DESCRIPTION
	bundle root "$1"
	run oci root run --bundle "$bundle" g1
	is "$status" 1 "$3 is refused"
	like "$err" "config.json:[0-9]+:[0-9]+: linux.resources$2" "with its place"
}
wrong '.linux.resources = []' ': not an object' "a list of resources"
wrong '.linux.resources.memory.limit = "64m"' '.memory.limit: not a whole number' "a limit in words"
wrong '.linux.resources.memory.swappiness = 101' '.memory.swappiness: more than 100' "too much swappiness"
wrong '.linux.resources.cpu.shares = -1' '.cpu.shares: -1 is out of range' "negative shares"
wrong '.linux.resources.cpu.cpus = "0;1"' ".cpu.cpus: '0;1' is no list of numbers" "a list of processors that is none"
wrong '.linux.resources.cpu.idle = 2' '.cpu.idle: neither 0 nor 1' "an idle that is neither"
wrong '.linux.resources.devices = [{"type": "c"}]' ".devices\[0\]: 'allow' is missing" "a rule that says nothing"
wrong '.linux.resources.devices = [{"allow": true, "type": "x"}]' ".devices\[0\].type: 'x' is none of" "a type of device"
wrong '.linux.resources.devices = [{"allow": true, "access": "rx"}]' ".devices\[0\].access: 'rx' is not made of" "an access"
wrong '.linux.resources.blockIO.weight = 5' '.blockIO.weight: not between 10 and 1000' "a weight"
wrong '.linux.resources.blockIO.throttleReadBpsDevice = [{"major": 8, "minor": 0}]' \
	".blockIO.throttleReadBpsDevice\[0\]: 'rate' is missing" "a device without its rate"
wrong '.linux.resources.hugepageLimits = [{"pageSize": "2M", "limit": 1}]' \
	".hugepageLimits\[0\].pageSize: '2M' is no size" "a size of pages"
wrong '.linux.resources.unified = {"../x": "1"}' '.unified.../x: no file of a cgroup' "a file outside"
wrong '.linux.resources.unified = {"memory.max": 1}' '.unified.memory.max: not a string' "a value that is no string"
wrong '.linux.resources.rdma = {"mlx": {"hcaHandles": "x"}}' '.rdma.mlx.hcaHandles: not a whole number' "an rdma limit"
bundle root '.linux.cgroupsPath = "/no/scope"'
run oci root --systemd-cgroup run --bundle "$bundle" g1
like "$err" 'expected cgroupsPath to be of format .*slice:prefix:name' "--systemd-cgroup with a path, in runc's words"
run oci root --cgroup-manager nope run --bundle "$bundle" g1
like "$err" "use the cgroup manager 'nope'" "an unknown manager"
bundle root '.linux.resources.memory.limit = 67108864'
run oci root --cgroup-manager disabled run --bundle "$bundle" g1
like "$err" 'make no cgroup: the limits asked for need one' "a limit and no cgroup to keep it"

# --------------------------------------------------------------------------- version 1

# one hierarchy, without controllers, that every kernel has
cgroups_v1
mkdir $CGROUPS/rlct
mount -t cgroup -o none,name=rlct none $CGROUPS/rlct
own=$(sed -n 's/.*:name=rlct://p' /proc/self/cgroup)

for path in "" /a/b c/d; do
	bundle root "$sleeper | .linux.cgroupsPath = \"$path\""
	run oci root run --detach --bundle "$bundle" g2
	is "$status$err" 0 "version 1, ${path:-no path}: it runs"
	case $path in
	/*) where=$path ;;
	?*) where=/rlc/$path ;;
	*) where=/$(cd $CGROUPS/rlct && echo rlc/g2-*) ;;
	esac
	dir=$CGROUPS/rlct$where
	ok "in a cgroup of its own" grep -qx "$(pid_of root g2)" "$dir/cgroup.procs"
	run oci root exec g2 cat /proc/self/cgroup
	like "$out" ":name=rlct:$where" "exec is in it"
	is "$(sed -n 's/.*:name=rlct://p' /proc/self/cgroup)" "$own" "the caller is not"
	run oci root delete --force g2
	nok "it goes with the container" test -e "$dir"
done
rmdir $CGROUPS/rlct/a # no parent of rlc's
# another --root may have the same id
bundle root "$sleeper"
run oci root run --detach --bundle "$bundle" g2
run as root "$RLC_OCI" --root "$T/another" run --detach --bundle "$bundle" g2
is "$status$err" 0 "the same id below another --root: it runs"
is "$(find $CGROUPS/rlct/rlc -mindepth 1 -type d | wc -l)" 2 "in a cgroup of its own"
run as root "$RLC_OCI" --root "$T/another" delete --force g2
is "$(oci_status root g2)" running "and does not take the first one with it"
run oci root delete --force g2
mkdir -p $CGROUPS/rlct/foreign
sleep 1000 &
foreign=$!
echo $foreign >$CGROUPS/rlct/foreign/cgroup.procs
for path in /foreign /; do
	bundle root "$sleeper | .linux.cgroupsPath = \"$path\""
	run oci root create --bundle "$bundle" g2
	like "$status$err" "1.*use the cgroup '$path/*': container's cgroup is not empty" "$path, which others are in, is refused"
	ok "and they go on" kill -0 $foreign
done
kill $foreign
wait $foreign
rmdir $CGROUPS/rlct/foreign
bundle root "$sleeper | .linux.resources.unified = {\"memory.high\": \"max\"}"
run oci root create --bundle "$bundle" g2
like "$err" "'unified' is of cgroups of version 2" "unified has no meaning there"
bundle root "$sleeper | .linux.resources.pids.limit = 20"
run oci root create --bundle "$bundle" g2
is "$status" 1 "a limit whose controller the host lacks"
like "$err" "limits: .*pids.max.*No such file" "is named"
is "$(find $CGROUPS/rlct -mindepth 1 -type d)" "" "nothing is left"
bundle "$sub" "$sleeper | .linux.resources.pids.limit = 20"
run oci "$sub" create --bundle "$bundle" g2
like "$err" 'only root can' "a limit of an ordinary user's is refused"
bundle "$sub" "$sleeper | .linux.cgroupsPath = \"/a\""
run oci "$sub" create --bundle "$bundle" g2
is "$status" 0 "without limits he goes without a cgroup: $err"
run oci "$sub" delete --force g2
umount $CGROUPS/rlct
cgroups_v1_end

# the host's own, where it has that version
if [ -w $CGROUPS/memory/cgroup.procs ] && [ -w $CGROUPS/pids/cgroup.procs ]; then
	bundle root "$sleeper | $mknod"' | .linux.cgroupsPath = "/rlct-v1/g3" | .linux.resources = {"memory": {"limit": 67108864,
		"reservation": 33554432}, "pids": {"limit": 20}, "cpu": {"shares": 512, "quota": 50000,
		"period": 100000, "cpus": "0"}, "devices": [{"allow": false, "access": "rwm"}]}'
	run oci root run --detach --bundle "$bundle" g3
	is "$status$err" 0 "the host's version 1: it runs with limits"
	value() { cat "$CGROUPS/${1%%.*}/rlct-v1/g3/$1"; }
	is "$(value memory.limit_in_bytes) $(value memory.soft_limit_in_bytes) $(value pids.max) $(value cpu.shares) \
$(value cpu.cfs_quota_us) $(value cpuset.cpus)" "67108864 33554432 20 512 50000 0" "which are written"
	run oci root exec g3 sh -c 'mknod /tmp/kmsg c 1 11; cat /dev/null; head -c 1 /dev/zero | wc -c; head -c 1 /tmp/kmsg; rm /tmp/kmsg'
	is "$err" 'head: /tmp/kmsg: Operation not permitted' "devices are as the rules say: a node can be made, and not be used"
	is "$out" 1 "those of every container can be used"
	is "$(grep -c '^a' "$CGROUPS/devices/rlct-v1/g3/devices.list")" 0 "nothing else is allowed"
	bundle root "$sleeper"'| .linux.cgroupsPath = "/rlct-v1/g3b" | del(.linux.resources)'
	run oci root run --detach --bundle "$bundle" g3b
	is "$status$err$(grep -E '^a|^c 1:3' "$CGROUPS/devices/rlct-v1/g3b/devices.list" | tr '\n' ,)" "0c 1:3 rwm," \
		"nor where nobody asked for rules"
	oci root delete --force g3b
	run oci root exec g3 tail /dev/zero
	is "$status" 137 "the limit of memory bites"
	run oci root delete --force g3
	rmdir $CGROUPS/*/rlct-v1 2>/dev/null
	is "$(find $CGROUPS -name 'rlct-v1')" "" "nothing is left"
fi

# --------------------------------------------------------------------------- version 2

cgroups_begin
for path in "" /rlct-oci/b; do
	bundle root "$sleeper | .linux.cgroupsPath = \"$path\"
		| .linux.resources.unified = {\"cgroup.max.depth\": \"7\"}"
	run oci root create --bundle "$bundle" g4
	is "$status$err" 0 "version 2, ${path:-no path}: create"
	dir=$CGROUPS$path
	[ -n "$path" ] || dir=$(echo $CGROUPS/rlc/g4-*)
	pid=$(pid_of root g4)
	ok "init was born in a cgroup of its own" grep -qx "$pid" "$dir/cgroup.procs"
	is "$(cat "$dir/cgroup.max.depth")" 7 "unified is written"
	oci root start g4
	run oci root exec g4 sh -c 'grep ^0 /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.max.depth'
	is "$out" $'0::/\n7' "the container's root of the tree is its own cgroup, exec is in it"
	oci root exec --detach g4 sleep 999
	is "$(oci root ps --format json g4 | jq length)" "$(wc -l <"$dir/cgroup.procs")" "all of it is in it"
	run oci root delete --force g4
	is "$status" 0 "delete --force: $err"
	nok "takes it away" test -e "$dir"
done
is "$(find $CGROUPS -name rlct-oci)" "" "and what was made above"
mkdir -p "$CGROUPS/rlct-foreign/below"
sleep 1000 &
foreign=$!
echo $foreign >"$CGROUPS/rlct-foreign/below/cgroup.procs"
bundle root "$sleeper | .linux.cgroupsPath = \"/rlct-foreign\""
run oci root create --bundle "$bundle" g4
like "$status$err" "1.*rlct-foreign': container's cgroup is not empty" "a cgroup that others are in is refused"
ok "and they go on" kill -0 $foreign
kill $foreign
wait $foreign
rmdir "$CGROUPS/rlct-foreign/below" "$CGROUPS/rlct-foreign"
bundle root "$sleeper | .linux.resources.unified = {\"no.such\": \"7\"}"
run oci root create --bundle "$bundle" g4
like "$err" "open the cgroup's no.such: No such file" "a file that does not exist is named"
is "$(cgroups_left)" "" "nothing is left"
bundle root '.process.args = ["sh", "-c", "cat /dev/null; head -c 1 /dev/zero | wc -c; mknod /tmp/kmsg c 1 11; head -c 1 /tmp/kmsg; rm /tmp/kmsg"]
	| .linux.resources.devices = [{"allow": false, "access": "rwm"}] | '"$mknod"
run oci root run --bundle "$bundle" g4
is "$err" 'head: /tmp/kmsg: Operation not permitted' "devices are as the rules say: a node can be made, and not be used"
is "$out" 1 "those of every container can be used"
bundle root '.process.args = ["sh", "-c", "mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x && echo made"]
	| .linux.namespaces += [{"type": "user"}]
	| .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}]
	| .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 1000}]
	| (.mounts[] | select(.type == "cgroup")).options |= map(select(. != "ro"))'
chown -R 100000:200000 "$bundle/rootfs"
run oci root run --bundle "$bundle" g4
is "$out" made "a cgroup that is mounted writable in a namespace of its own belongs to root inside: $err"
chown -R 0:0 "$bundle/rootfs"
cgroups_delegate "$sub"
bundle "$sub" "$sleeper | .linux.cgroupsPath = \"${cgroup_home#"$CGROUPS"}/$sub/c\"
	| .linux.resources.unified = {\"cgroup.max.depth\": \"7\"}"
run oci "$sub" run --detach --bundle "$bundle" g5
is "$status$err" 0 "an ordinary user's, in what was delegated to him"
is "$(cat "$cgroup_home/$sub/c/cgroup.max.depth")" 7 "with what he asked for"
ok "and his container in it" grep -qx "$(pid_of "$sub" g5)" "$cgroup_home/$sub/c/cgroup.procs"
run oci "$sub" exec g5 true
is "$status" 0 "exec"
run oci "$sub" delete --force g5
nok "it goes with the container" test -e "$cgroup_home/$sub/c"
cgroups_undelegate
bundle "$sub" "$sleeper | .linux.cgroupsPath = \"/rlct-not-his\""
run oci "$sub" create --bundle "$bundle" g5
is "$status" 0 "where he may make none he goes without, if there are no limits: $err"
oci "$sub" delete --force g5
bundle "$sub" "$sleeper | .linux.cgroupsPath = \"/rlct-not-his\" | .linux.resources.pids.limit = 20"
run oci "$sub" create --bundle "$bundle" g5
is "$status" 1 "with limits that is refused"
like "$err" "make a cgroup in '$CGROUPS': Permission denied" "with the reason"
oci_no_leftovers root "nothing is left of root's"
oci_no_leftovers "$sub" "nor of the user's"
no_leftovers "nothing is left behind"
done_testing

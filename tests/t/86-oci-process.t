#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc-oci: how the process of a config.json is scheduled and protected, mounts with an id map, and what `features` promises.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root userns
bundle=
leftovers_begin

inside() { # FILTER COMMAND: the command's output
	bundle root ".process.args = [\"sh\", \"-c\", $(jq -n --arg c "$2" '$c')] | $1"
	run oci root run --bundle "$bundle" p1
}
wrong() { # FILTER PLACE DESCRIPTION
	bundle root "$1"
	run oci root run --bundle "$bundle" p1
	is "$status" 1 "$3 is refused"
	like "$err" "config.json:[0-9]+:[0-9]+: $2" "with its place"
}

# -------------------------------------------------------------------------------- the process

inside '.linux.personality = {"domain": "LINUX32"}' 'uname -m'
is "$out" "$(setarch linux32 uname -m)" "a personality"
wrong '.linux.personality = {"domain": "BSD"}' "linux.personality.domain: 'BSD' is neither" "another one"
inside '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 5}' 'cut -d " " -f 19,41 /proc/self/stat'
is "$out" "5 3" "a scheduler"
wrong '.process.scheduler = {"policy": "SCHED_NOPE"}' "process.scheduler.policy: 'SCHED_NOPE'" "an unknown one"
inside '.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}' 'ionice -p $$'
is "$out" "best-effort: prio 6" "a priority for devices"
wrong '.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 8}' 'process.ioPriority: priority 8' "one out of range"
inside '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}' \
	'head -n 1 /proc/self/numa_maps'
like "$out" 'bind=static:0' "a policy of memory: $err"
wrong '.linux.memoryPolicy = {"mode": "MPOL_NOPE"}' "linux.memoryPolicy.mode: 'MPOL_NOPE'" "an unknown one"
wrong '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "1-0"}' "linux.memoryPolicy.nodes: '1-0' is no list" "nodes that are none"
wrong '.process.execCPUAffinity = {"final": "0,x"}' "process.execCPUAffinity.final: '0,x' is no list" "processors that are none"
wrong '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}' \
	'linux.seccomp: listenerMetadata without listenerPath' "words for a listener who is not there"
notify='.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "'$T'/agent", "listenerMetadata": "a \"b\"\n",
	"syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}'
inside "$notify" true
like "$err" "send to the seccomp listener '$T/agent': No such file" "nobody listens"
asked() { # COMMAND…: with an agent who is told and then answers "Read-only file system"
	rm -f "$T/agent" "$T/told"
	"$SRCDIR/tests/lib/seccomp-agent.py" "$T/agent" "$T/told" 30 &
	wait_for 20 test -S "$T/agent"
	"$@"
	wait $!
}
for privileges in true false; do
	asked inside "$notify | .process.noNewPrivileges = $privileges" 'mkdir /tmp/x 2>&1; echo $?'
	is "$out" $'mkdir: can\'t create directory \'/tmp/x\': Read-only file system\n1' "a listener answers, noNewPrivileges $privileges: $err"
	is "$(jq -c '[.ociVersion, .fds, .metadata, .pid == .state.pid, .state.id, .state.status]' "$T/told")" \
		'["1.3.0",["seccompFd"],"a \"b\"\n",true,"p1","creating"]' "and was told whom it is about"
done
bundle root "$notify | .process.args = [\"sleep\", \"1000\"] | .process.noNewPrivileges = true"
rm -f "$T/told" # of the last one
asked oci root run --detach --bundle "$bundle" p1 </dev/null >/dev/null 2>&1 &
first=$!
wait_for 20 test -e "$T/told"
rm -f "$T/agent" "$T/told.exec"
"$SRCDIR/tests/lib/seccomp-agent.py" "$T/agent" "$T/told.exec" 30 &
wait_for 20 test -S "$T/agent"
run oci root exec p1 mkdir /tmp/x
like "$status$err" "1mkdir: .*Read-only file system" "a command of exec has a listener of its own"
is "$(jq -c '[.fds, .state.id, .state.status, .pid != .state.pid]' "$T/told.exec")" '[["seccompFd"],"p1","running",true]' "who is told of the command"
oci root delete --force p1
wait $first
wait
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
	bundle root '.process.apparmorProfile = "some"'
	run oci root create --bundle "$bundle" p1
	like "$err" "profile 'some': AppArmor is not enabled" "a profile that nobody would enforce"
fi
if [ ! -e /sys/fs/selinux/enforce ]; then
	bundle root '.process.selinuxLabel = "a:b:c"'
	run oci root create --bundle "$bundle" p1
	like "$err" "label 'a:b:c': SELinux is not enabled" "a label that nobody would enforce"
fi

first=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
bundle root ".process.args = [\"sleep\", \"1000\"] | .process.execCPUAffinity = {\"initial\": \"$first\", \"final\": \"$first\"}"
oci root run --detach --bundle "$bundle" p1
echo '{"args": ["sh", "-c", "grep CapPrm /proc/self/status; ulimit -n"], "env": ["PATH=/bin"], "cwd": "/"}' >"$bundle/process"
run oci root exec --process "$bundle/process" p1
is "$out" $'CapPrm:\t0000000020000420\n1024' "a process that says nothing of capabilities and limits has the container's"
jq '.capabilities = {}' "$bundle/process" >"$bundle/capless"
run oci root exec --process "$bundle/capless" p1
is "$out" $'CapPrm:\t0000000000000000\n1024' "one that says that there are none has none"
run oci root exec --cap CAP_SYS_TIME p1 grep -E 'Cap(Inh|Eff|Amb)' /proc/self/status
is "$out" $'CapInh:\t0000000000000000\nCapEff:\t0000000022000420\nCapAmb:\t0000000000000000' "root's --cap is not inheritable"
run oci root exec --user 5:5 --cap CAP_SYS_TIME p1 grep CapEff /proc/self/status
is "$out" $'CapEff:\t0000000002000000' "and reaches another user's command"
run oci root exec p1 sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status
is "$out" "$first" "exec runs on the processors that execCPUAffinity names"
is "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(oci root state p1 | jq .pid)/status")" \
	"$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)" "and the container itself where it was"
oci root delete --force p1

# ------------------------------------------------------------------------- mounts with an id map

install -d -m 0755 "$T/shared"
touch "$T/shared/root" && touch "$T/shared/other" && chown 7:8 "$T/shared/other"
userns='.linux.namespaces += [{"type": "user"}]
	| .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}]
	| .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 1000}]'
shared() { # OPTION [MEMBERS]
	echo ".mounts += [{\"destination\": \"/m\", \"type\": \"bind\", \"source\": \"$T/shared\", \"options\": [\"rbind\", \"$1\"]${2:-}}]"
}
show='stat -c %u:%g /m/root /m/other; touch /m/new && echo made'
bundle root .
chown -R 100000:200000 "$bundle/rootfs"
inside "$userns | $(shared rw)" "$show"
is "$out" $'65534:65534\n65534:65534' "without an id map owners are nobody"
for option in idmap ridmap; do
	inside "$userns | $(shared $option)" "$show"
	is "$out" $'0:0\n7:8\nmade' "$option: owners are those of the host, in the container's ids: $err"
	is "$(stat -c %u:%g "$T/shared/new")" 0:0 "$option: what is made is root's out here, too"
	rm -f "$T/shared/new"
done
chown -R 0:0 "$bundle/rootfs"
own=', "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 100}], "gidMappings": [{"containerID": 0, "hostID": 2000, "size": 100}]'
inside "$(shared ro "$own")" "$show"
is "$out" $'1000:2000\n1007:2008' "an id map of the mount's own"
like "$err" 'Read-only file system' "with its other options"
inside "$(shared idmap)" true
like "$err" "neither uidMappings of its own nor a user namespace" "no map at all is refused"
inside '.mounts += [{"destination": "/m", "type": "tmpfs", "options": ["idmap"]}]' true
like "$err" "only bind mounts can be" "what is no bind is refused"

# --------------------------------- who joins namespaces whose root lies in wait (CVE-2016-9962)

echo secret >"$T/host-only"
chmod 0755 "$T"
watch="while :; do cat /proc/[0-9]*/root$T/host-only 2>/dev/null; done"
caps='.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"])'
bundle root "$userns | $caps | .process.args = [\"sh\", \"-c\", $(jq -n --arg c "$watch" '$c')] | .mounts |= map(select(.type != \"cgroup\"))
	| (.mounts[].options // []) |= map(select(startswith(\"gid=\") | not))"
chown -R 100000:200000 "$bundle/rootfs"
oci root create --bundle "$bundle" watcher >"$T/seen" 2>&1
oci root start watcher
inside=$(oci root state watcher | jq .pid)
ok "a payload that is root of its user namespace lies in wait" wait_for 10 test "$(cat "/proc/$inside/comm")" = sh
bundle root ".linux.namespaces |= map(if .type == \"pid\" then .path = \"/proc/$inside/ns/pid\" else . end)
	| .linux.namespaces += [{\"type\": \"user\", \"path\": \"/proc/$inside/ns/user\"}] | .process.args = [\"true\"]
	| .mounts |= map(select(.type != \"cgroup\")) | (.mounts[].options // []) |= map(select(startswith(\"gid=\") | not))"
for ((round = 0; round < 10; round++)); do
	run oci root run --bundle "$bundle" p1
done
is "$status$err" 0 "a container that joins its namespaces runs"
is "$(cat "$T/seen")" "" "and shows it nothing of the host's"
nsenter --target "$inside" --user --pid --preserve-credentials -- sleep 1
like "$(cat "$T/seen")" secret "who joins without care does"
oci root delete --force watcher
chown -R 0:0 "$bundle/rootfs"

# --------------------------------------------------------------------------------------- resctrl

# tests/unit/resctrl.c has the rest: it takes a processor that few machines have
if [ ! -e /sys/fs/resctrl ]; then
	inside '.linux.intelRdt = {"closID": "gold"}' true
	is "$status" 1 "shares of caches, on a host that has none"
	like "$err" "resctrl: use '/sys/fs/resctrl': neither this kernel nor this processor can divide caches" "are refused by name"
else
	inside '.linux.intelRdt = {"closID": "rlct-none"}' true
	like "$err" "resctrl: use " "a class that is not there is refused"
fi

# -------------------------------------------------------------------------------------- features

run "$RLC_OCI" features
is "$(jq -c '[.linux.seccomp.enabled, .linux.mountExtensions.idmap.enabled, .linux.cgroup.v1, .linux.cgroup.v2,
	.linux.cgroup.systemd, .linux.intelRdt.enabled, .linux.netDevices.enabled]' <<<"$out")" \
	'[true,true,true,true,true,true,true]' "features: what works is said"
is "$(jq -c .potentiallyUnsafeConfigAnnotations <<<"$out")" '["io.rlc.network","io.rlc.publish","org.systemd.property."]' \
	"and which annotations a caller should not take from just anybody"
for flag in LOG SPEC_ALLOW TSYNC WAIT_KILLABLE_RECV; do
	bundle root ".process.args = [\"echo\", \"ran\"] | .linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\",
		\"flags\": [\"SECCOMP_FILTER_FLAG_$flag\"]}"
	is "$(oci root run --bundle "$bundle" p1 2>&1)" ran "the flag $flag, with no listener"
done
run "$RLC_OCI" features
for action in $(jq -r '.linux.seccomp.actions[] | select(. != "SCMP_ACT_NOTIFY")' <<<"$out"); do
	bundle root ".process.args = [\"echo\", \"ran\"] | .linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\",
		\"syscalls\": [{\"names\": [\"swapon\"], \"action\": \"$action\"}]}"
	is "$(oci root run --bundle "$bundle" p1 2>&1)" ran "the action $action"
done
bundle root ".process.args = [\"echo\", \"ran\"] | .linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\",
	\"architectures\": $(jq -c .linux.seccomp.archs <<<"$out"), \"flags\": $(jq -c .linux.seccomp.supportedFlags <<<"$out"),
	\"syscalls\": $(jq -c '[.linux.seccomp.operators[] | {names: ["swapoff"], action: "SCMP_ACT_ERRNO",
		args: [{index: 0, value: 1, valueTwo: 1, op: .}]}]' <<<"$out")}"
is "$(oci root run --bundle "$bundle" p1 2>&1)" ran "all architectures, flags and operators that it names"
for option in $(jq -r '.mountOptions[]' <<<"$out" | grep -v idmap); do
	options+=("$option")
done
bundle root ".process.args = [\"true\"] | .mounts += [{\"destination\": \"/m\", \"type\": \"bind\", \"source\": \"$T/shared\",
	\"options\": $(printf '%s\n' "${options[@]}" | jq -Rnc '[inputs]')}]"
run oci root run --bundle "$bundle" p1
is "$status$err" 0 "all options of mounts"
oci_no_leftovers root "nothing is left"
no_leftovers "nothing is left behind"
done_testing

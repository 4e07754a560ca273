#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc-oci by hand: runc's verbs, what they say and what they leave; as root and as an ordinary user.
. "$(dirname "$0")/../lib/lib.sh"
needs root userns
. "$(dirname "$0")/../lib/oci.sh"
bundle=
leftovers_begin

user_with_subids

verbs() { # USER
	local user=$1 pid

	bundle "$user" '.process.args = ["sh", "-c", "echo out; echo err >&2; exit 7"]'
	run oci "$user" run --bundle "$bundle" c1
	is "$status" 7 "$user: run has the payload's exit code"
	is "$out" out "$user: and its output"
	is "$err" err "$user: and its errors"
	oci_no_leftovers "$user" "$user: run leaves nothing"

	bundle "$user" '.process.args = ["sh", "-c", "echo started >/tmp/mark; sleep 1000"]
		| .annotations = {"org.example": "value"}'
	run oci "$user" create --bundle "$bundle" --pid-file "$bundle/pid" c1
	is "$status" 0 "$user: create"
	pid=$(cat "$bundle/pid")
	is "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")" $$ \
		"$user: the container's init is a child of the subreaper that called create"
	ok "$user: the payload does not run before start" test ! -e "$bundle/rootfs/tmp/mark"
	run oci "$user" state c1
	is "$(jq -rc '[.id, .status, .pid, .bundle, .annotations["org.example"]]' <<<"$out")" \
		"[\"c1\",\"created\",$pid,\"$bundle\",\"value\"]" "$user: state of one that was created"
	run oci "$user" create --bundle "$bundle" c1
	is "$status" 1 "$user: an id is given once"
	like "$err" 'container with given ID already exists' "$user: in runc's words"
	run oci "$user" start c1
	is "$status" 0 "$user: start"
	ok "$user: the payload runs" wait_for 10 test -e "$bundle/rootfs/tmp/mark"
	run oci "$user" start c1
	is "$status" 1 "$user: it is started once"
	like "$err" 'cannot start an already running container' "$user: in runc's words"
	is "$(oci_status "$user" c1)" running "$user: it runs"
	run oci "$user" list -q
	is "$out" c1 "$user: list -q"
	is "$(oci "$user" list --format json | jq -r '.[].pid')" "$pid" "$user: list --format json"
	like "$(oci "$user" list)" "c1 +$pid +running +$bundle" "$user: list"
	run oci "$user" exec c1 sh -c 'echo in; exit 4'
	is "$status/$out" 4/in "$user: exec"
	run oci "$user" exec --env A=7 --cwd /tmp c1 sh -c 'pwd; echo $A; echo $$ >&2'
	is "$out" $'/tmp\n7' "$user: exec with a variable and a directory"
	ok "$user: it is in the pid namespace" test "$err" -lt 100
	run oci "$user" exec c1 no-such-program
	is "$status" 1 "$user: exec of what does not exist"
	like "$err" 'executable file not found in \$PATH' "$user: in the words that callers look for"
	jq '.process | .args = ["sleep", "1000"]' "$bundle/config.json" >"$bundle/process"
	run oci "$user" exec --detach --process "$bundle/process" --pid-file "$bundle/pid2" c1
	is "$status" 0 "$user: exec --detach --process"
	is "$(awk '/^PPid:/ { print $2 }' "/proc/$(cat "$bundle/pid2")/status")" $$ \
		"$user: what was executed is a child of the subreaper"
	is "$(oci "$user" ps --format json c1 | jq -c sort)" "$(jq -nc "[$pid, $(cat "$bundle/pid2")] | sort")" \
		"$user: ps --format json"
	like "$(oci "$user" ps c1)" 'sleep 1000' "$user: ps"
	run oci "$user" delete c1
	is "$status" 1 "$user: delete refuses what runs"
	like "$err" 'cannot delete container c1 that is not stopped: running' "$user: in runc's words"
	run oci "$user" delete --force=false c1
	is "$status" 1 "$user: and with --force=false"
	run oci "$user" delete --force=yes c1
	like "$err" "parse --force 'yes': neither true nor false" "$user: --force=yes is neither"
	run oci "$user" kill c1 KILL
	is "$status" 0 "$user: kill"
	ok "$user: it has stopped" wait_for 10 oci_is "$user" c1 stopped
	run oci "$user" kill c1 9
	is "$status" 1 "$user: what has stopped takes no signal"
	like "$err" 'container not running' "$user: in runc's words"
	run oci "$user" delete c1
	is "$status" 0 "$user: delete"
	oci_no_leftovers "$user" "$user: nothing is left"
	rm -f "$bundle/rootfs/tmp/mark"

	oci "$user" create --bundle "$bundle" c2
	run oci "$user" delete c2
	is "$status" 0 "$user: delete of one that waits for its start"
	oci "$user" run --detach --bundle "$bundle" c2
	is "$(oci_status "$user" c2)" running "$user: run --detach"
	run oci "$user" delete --force c2
	is "$status" 0 "$user: delete --force of one that runs"
	oci_no_leftovers "$user" "$user: nothing is left of either"
	run oci "$user" delete --force c2
	is "$status" 0 "$user: delete --force of none is no error"
	run oci "$user" delete c2
	is "$status" 1 "$user: delete of none is one"
	like "$err" 'container does not exist' "$user: in runc's words"
	run oci "$user" state c2
	is "$status" 1 "$user: state of none"

	bundle "$user" '.process.args = ["/no/such/program"]'
	run oci "$user" --log "$bundle/log" --log-format json create --bundle "$bundle" c3
	is "$status" 1 "$user: a program that does not exist is missed by create"
	like "$(jq -r 'select(.level == "error").msg' "$bundle/log")" "/no/such/program.*no such file" \
		"$user: the log is JSON"
	bundle "$user" '.process.args = ["no-such-program"]'
	run oci "$user" create --bundle "$bundle" c3
	like "$err" 'executable file not found in \$PATH' "$user: the words that callers look for"
	oci_no_leftovers "$user" "$user: nothing is left of what could not be created"

	bundle "$user" '.process.args = ["true"] | .mounts += [{"destination": "/a", "type": "bind",
		"source": "/no/such/source", "options": ["rbind"]}]'
	run oci "$user" run --bundle "$bundle" c3
	is "$status" 1 "$user: a source that does not exist"
	like "$err" "/no/such/source" "$user: is named"
	oci_no_leftovers "$user" "$user: nothing is left of that either"
}

verbs root
verbs "$sub"

# What is wrong with a command line is said in the form of rlc's own, and with runc's exit code
mistake() { # MESSAGE ARGUMENT…
	local message=$1

	shift
	run oci root "$@"
	is "$status" 1 "rlc-oci ${*@Q}"
	like "$err" "level=error msg=\"$message\"$" "is refused in rlc's words"
}
mistake "parse '--systemd': no such option; did you mean --systemd-cgroup\\?" --systemd list
mistake "parse '-Z': no such option; 'rlc-oci --help' lists them" -Z list
mistake "read options of rlc-oci: missing argument for --log; 'rlc-oci --help' explains them" --log
mistake "parse '--forse': no such option; did you mean --force\\?" delete --forse c1
mistake "parse '--root': no such option; 'rlc-oci state --help' lists them" state --root=x c1
mistake "read options of run: missing argument for --bundle; 'rlc-oci run --help' explains them" run --bundle
mistake "read options of run: cannot parse integer value 'many' for --preserve-fds; 'rlc-oci run --help' .*" \
	run --preserve-fds many c1
mistake "read arguments of state: some are missing; they are ID" state
mistake "read arguments of state: too many; they are ID" state c1 c2
mistake "read arguments of list: it takes none" list c1

# ------------------------------------------------------------------------------- what a config asks

inside() { # FILTER COMMAND: the command's output
	bundle root ".process.args = [\"sh\", \"-c\", $(jq -n --arg c "$2" '$c')] | $1"
	run oci root run --bundle "$bundle" c4
}

inside '.process.user = {"uid": 1000, "gid": 1001, "additionalGids": [5, 6], "umask": 63}' \
	'id -u; id -g; id -G; umask; grep ^CapEff /proc/self/status'
is "$out" $'1000\n1001\n1001 5 6\n0077\nCapEff:\t0000000000000000' "user, groups and umask"
inside '.process.cwd = "/tmp" | .process.env += ["A=b c"]' 'pwd; echo "$A"'
is "$out" $'/tmp\nb c' "cwd and env"
inside '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}] | .process.oomScoreAdj = 123' \
	'ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj'
is "$out" $'77\n88\n123' "rlimits and oomScoreAdj"
inside '.process.noNewPrivileges = false' 'grep NoNewPrivs /proc/self/status'
is "$out" $'NoNewPrivs:\t0' "noNewPrivileges only where it is asked for"
inside '.hostname = "named" | .domainname = "domain"' 'hostname; cat /proc/sys/kernel/domainname'
is "$out" $'named\ndomain' "hostname and domainname"
inside '.hostname = "" | .domainname = ""' hostname
is "$out" "$(uname -n)" "empty names are none"
inside '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}' \
	'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
is "$out" $'1\n4096' "sysctl"
inside ".linux.sysctl = {\"net.ipv4.ip_default_ttl\": \"$(cat /proc/sys/net/ipv4/ip_default_ttl)\"} |
	(.linux.namespaces[] | select(.type == \"network\")).path = \"/proc/$$/ns/net\"" true
like "$status $err" "^[^0].*no parameter of a namespace that this container has of its own" "but not those of the host, whose network is joined by its path"
inside '.linux.devices = [{"path": "/dev/own", "type": "c", "major": 1, "minor": 3, "fileMode": 384,
	"uid": 7, "gid": 8}]' 'stat -c "%F %t:%T %a %u:%g" /dev/own'
is "$out" "character special file 1:3 600 7:8" "devices"
inside '.root.readonly = true' 'touch /file'
like "$err" 'Read-only file system' "a root that is read-only"
inside '.mounts += [{"destination": "/t", "type": "tmpfs", "source": "tmpfs",
	"options": ["nosuid", "noexec", "size=64k", "mode=0750"]}]' \
	'grep " /t " /proc/self/mountinfo; stat -c %a /t'
like "$out" 'rw,nosuid,noexec,relatime.*size=64k' "a tmpfs with its options"
like "$out" '750$' "and its mode"
mkdir -p "$T/from/below" && mount -t tmpfs below "$T/from/below"
inside ".mounts += [{\"destination\": \"/r\", \"type\": \"bind\", \"source\": \"$T/from\",
	\"options\": [\"rbind\", \"ro\"]}, {\"destination\": \"/rr\", \"type\": \"bind\",
	\"source\": \"$T/from\", \"options\": [\"rbind\", \"rro\"]}]" \
	'touch /r/below/x && echo writable; touch /rr/below/y || echo not; touch /r/x || echo not'
is "$out" $'writable\nnot\nnot' "ro is for the mount itself, rro for those below as well"
umount "$T/from/below"
inside '.mounts += [{"destination": "/etc", "type": "tmpfs", "source": "tmpfs",
	"options": ["tmpcopyup"]}]' 'cut -d: -f1 /etc/passwd; echo x >/etc/new && echo written'
is "$out" $'root\nwritten' "tmpcopyup"
ok "what is written there stays there" test ! -e "$bundle/rootfs/etc/new"
unshare --net="$T/netns" true 2>/dev/null || { touch "$T/netns" && unshare --net="$T/netns" true; }
nsenter --net="$T/netns" ip link add br7 type bridge
inside "(.linux.namespaces[] | select(.type == \"network\")).path = \"$T/netns\"" 'ls /sys/class/net'
like "$out" br7 "a network namespace with a path is joined"
umount "$T/netns"
inside '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 100000}}' \
	'cut -d. -f1 /proc/uptime'
ok "an offset of the time namespace" test "$out" -ge 100000
inside '.linux.namespaces += [{"type": "user"}]
	| .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}]
	| .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 1000}]' \
	'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; stat -c %t:%T /dev/null'
is "$out" $' 0 100000 1000\n 0 200000 1000\n1:3' "a user namespace with maps"

# What `crun spec --rootless` writes has no maps: a user is the user of the process, his subordinate ids around him
# shellcheck disable=SC2016 # of the shell inside
show='echo "$(id -u):$(id -g) $(stat -c %u:%g /)"; cat /proc/self/uid_map'
for ids in 0:0 1000:1001; do
	bundle "$sub" "del(.linux.uidMappings, .linux.gidMappings)
		| .process.user = {\"uid\": ${ids%:*}, \"gid\": ${ids#*:}}
		| .process.args = [\"sh\", \"-c\", $(jq -n --arg c "$show" '$c')]"
	run oci "$sub" run --bundle "$bundle" c4
	is "$(head -n 1 <<<"$out")" "$ids $ids" "a user namespace without maps: the user of the process, $ids, is the caller: $err"
	is "$(awk '{ ids += $3 } END { print ids }' <<<"$out")" 65537 "and his subordinate ids are there, too"
done
inside '.linux.namespaces += [{"type": "user"}]' true
like "$err" "map ids: no map was given, .* add uidMappings and gidMappings" "root's is refused"

inside '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"],
	"action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}' 'mkdir /tmp/x; grep Seccomp: /proc/self/status'
is "$out" $'Seccomp:\t2' "a filter of system calls"
like "$err" 'Operation not supported' "with the error that was asked for"
inside '.process.noNewPrivileges = false | .linux.personality = {"domain": "LINUX"} | .linux.seccomp = {"defaultAction":
	"SCMP_ACT_ALLOW", "syscalls": [{"names": ["close_range", "personality"], "action": "SCMP_ACT_ERRNO"}]}' 'echo ran'
is "$out$err" ran "what rlc does on the way need not pass a filter that is older than that"

bundle root 'del(.linux.namespaces[] | select(.type == "mount")) | .process.args = ["sh", "-c",
	"readlink /proc/self/ns/mnt; ls -d /proc/self /dev/null; echo x >/tmp/written; sleep 1000"]'
oci root run --detach --bundle "$bundle" c4 >"$T/mountless"
ok "without a mount namespace the container runs" wait_for 10 test -e "$bundle/rootfs/tmp/written"
is "$(cat "$T/mountless")" "$(readlink /proc/self/ns/mnt)"$'\n/dev/null\n/proc/self' "in its caller's, with its own mounts in sight"
run oci root exec c4 sh -c 'cat /tmp/written; readlink /proc/self/ns/mnt'
is "$out" $'x\n'"$(readlink /proc/self/ns/mnt)" "and a command that joins has the same root"
unlike "$(cat /proc/self/mountinfo)" "$bundle" "of which the host sees nothing"
oci root delete --force c4
rm "$bundle/rootfs/tmp/written"

# ------------------------------------------------------------------------------------------- hooks

cat >"$T/bin/hook" <<'EOF'
#!/bin/sh
state=$(cat)
echo "$1 $(echo "$state" | jq -r .status) $(echo "$state" | jq -r .pid) $HOOKED" >>"$2"
EOF
chmod 0755 "$T/bin/hook"
hook() { # KIND
	jq -nc --arg kind "$1" --arg path "$T/bin/hook" --arg log "$T/hooks" \
		'[{path: $path, args: ["hook", $kind, $log], env: ["PATH=/usr/bin:/bin", "HOOKED=yes"]}]'
}
bundle root ".process.args = [\"true\"] | .hooks = {prestart: $(hook prestart),
	createRuntime: $(hook createRuntime), createContainer: $(hook createContainer),
	startContainer: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >/tmp/started; cat /tmp/started >/tmp/again\"]}],
	poststart: $(hook poststart), poststop: $(hook poststop)}"
oci root create --bundle "$bundle" --pid-file "$T/pid" c5
oci root start c5
wait_for 10 oci_is root c5 stopped
oci root delete c5
is "$(sed "s/ $(cat "$T/pid") / PID /" "$T/hooks")" "prestart creating PID yes
createRuntime creating PID yes
createContainer creating PID yes
poststart running PID yes
poststop stopped 0 yes" "hooks are run in order, with the state on standard input"
is "$(jq -r .status "$bundle/rootfs/tmp/again")" created "startContainer, of several programs, inside"
bundle root '.process.args = ["true"] | .hooks.createRuntime = [{"path": "/bin/sleep",
	"args": ["sleep", "100"], "timeout": 1}]'
run oci root create --bundle "$bundle" c5
is "$status" 1 "a hook whose time is over"
like "$err" 'its time, 1 s, was over' "is killed"
bundle root '.process.args = ["true"] | .hooks.createContainer = [{"path": "/bin/false"}]'
run oci root create --bundle "$bundle" c5
is "$status" 1 "a hook that fails"
like "$err" 'createContainer hook 0: .*exit status 1' "is named"
oci_no_leftovers root "and the container is not created"
bundle root ".process.args = [\"true\"] | .hooks.poststop = [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
	\"ls -A $(oci_root root) >$T/at-poststop\"]}]"
oci root create --bundle "$bundle" c5
oci root delete c5
is "$(cat "$T/at-poststop")" .compiled "poststop is told of what is gone already"

# ------------------------------------------------------------------------- one id, several at once

awaited() { # LOCK COUNT: so many wait for it
	[ "$(grep -c -- "-> FLOCK .*:$(stat -c %i "$1") " /proc/locks)" = "$2" ]
}
mkfifo "$T/go"
bundle root ".process.args = [\"true\"] | .hooks.createRuntime = [{\"path\": \"/bin/sh\",
	\"args\": [\"sh\", \"-c\", \"read x <$T/go; exit 1\"]}]"
oci root create --bundle "$bundle" c7 2>/dev/null &
ok "create is under way" wait_for 10 test -e "$(oci_root root)/c7/init"
for verb in start delete pause; do
	oci root $verb c7 2>"$T/late-$verb" &
done
ok "others wait for it" wait_for 10 awaited "$(oci_root root)/c7/lock" 3
echo >"$T/go"
wait
for verb in start delete pause; do
	like "$(cat "$T/late-$verb")" 'container does not exist: c7' "it failed: $verb says that there is none"
done

bundle root '.process.args = ["sleep", "1000"]'
oci root run --bundle "$bundle" c7 &
ok "run is under way" wait_for 10 oci_is root c7 running
runs=$(awk '/^PPid:/ { print $2 }' "/proc/$(oci root state c7 | jq .pid)/status")
kill -STOP "$runs"
oci root delete --force c7
oci root run --detach --bundle "$bundle" c7
kill -CONT "$runs"
wait $!
is "$(oci_status root c7)" running "run, deleted by another, leaves that one's next container of the same id alone"
oci root delete --force c7
oci_no_leftovers root "nothing is left of any of these"

# ------------------------------------------------------------------------------- what is wrong

wrong() { # FILTER PLACE DESCRIPTION
	bundle root "$1"
	run oci root run --bundle "$bundle" c6
	is "$status" 1 "$3 is refused"
	like "$err" "config.json:[0-9]+:[0-9]+: $2" "with its place"
}
wrong '.process.args = "sh"' 'process.args: not an array' "a string in place of an array"
wrong '.process.args = ["sh", 7]' 'process.args\[1\]: not a string' "a number in place of a string"
wrong '.process.user.uid = -1' 'process.user.uid: -1 is out of range' "an id below 0"
wrong '.process.user.uid = 4294967296' 'process.user.uid: 4294967296 is out of range' "an id too large"
wrong '.process.user.uid = 1.5' 'process.user.uid: not a whole number' "half an id"
wrong 'del(.root)' ".*'root' is missing" "no root"
wrong 'del(.process.cwd)' "process: 'cwd' is missing" "no cwd"
wrong '.linux.namespaces += [{"type": "nope"}]' "linux.namespaces\[[0-9]\].type: 'nope'" "an unknown namespace"
wrong '.linux.namespaces += [{"type": "pid"}]' 'linux.namespaces\[[0-9]\]: .*twice' "a namespace twice"
wrong '.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}]' \
	'.*user namespace' "maps without a user namespace"
wrong '.linux.namespaces = [{"type": "user"}] | del(.hostname)' '.*no mount namespace' "a user namespace that has no right to its mounts"
wrong '.process.rlimits = [{"type": "RLIMIT_NOPE", "soft": 1, "hard": 1}]' \
	"process.rlimits\[0\].type: 'RLIMIT_NOPE'" "an unknown limit"
wrong '.linux.personality = {"domain": "LINUX", "flags": ["A"]}' 'linux.personality.flags\[0\]: .*not supported' "what is not supported"
wrong '.linux.intelRdt = {"closID": "a/b"}' "linux.intelRdt.closID: 'a/b' is no name" "a class of resctrl in another"
wrong '.linux.intelRdt = {"memBwSchema": "L3:0=f"}' "linux.intelRdt.memBwSchema: 'L3:0=f' is no line" "a share of what is no bandwidth"
bundle root '.unknown = {"a": [1, 2]} | .process.args = ["echo", "ran"] | .process.rlimits =
	[{"type": "RLIMIT_CORE", "soft": 18446744073709551615, "hard": 18446744073709551615}]'
sed -i 's/18446744073709552000/18446744073709551615/g' "$bundle/config.json"
run oci root run --bundle "$bundle" c6
is "$out" ran "what is unknown is passed over"
printf '{\n  "ociVersion": "1.0.0",\n  "process": {"args": [}\n' >"$bundle/config.json"
run oci root run --bundle "$bundle" c6
like "$err" 'config.json:3:[0-9]+: ' "what is no JSON is refused with its place"
run oci root run --bundle "$bundle" ../c6
like "$err" 'invalid id format' "an id is no path"
oci_no_leftovers root "nothing is left of any of these"

run "$RLC_OCI" --version
like "$out" 'rlc-oci version .*spec: 1' "--version"
run "$RLC_OCI" features
is "$(jq -r .ociVersionMin <<<"$out")" 1.0.0 "features are JSON"
no_leftovers "nothing is left behind"
# ------------------------------------------------------------------------ each step fails once

faults=$(copy_program "$BUILD/tests/rlc-oci-faults" rlc-oci-faults)
each_step_fails() { # USER
	local user=$1 row rows bad='' walked=0 start

	start=("$faults" --root "$(oci_root "$user")" run)
	oci "$user" list >/dev/null
	bundle "$user" '.process.args = ["echo", "ran"]'
	mapfile -t rows < <(RLC_FAULT=list as "$user" "${start[@]}" --bundle "$bundle" listed)
	oci "$user" delete --force listed # who lists ends in the middle
	for row in "${rows[@]}"; do
		RLC_FAULT=$row run as "$user" "${start[@]}" --bundle "$bundle" faulty
		[ "$status $out" != "0 ran" ] || continue # a step that this container does not need
		walked=$((walked + 1))
		[[ $status = 1 && $err == *"${row#*:}: inject a fault in '$row': "* ]] || bad+="$row: status $status, '$err'"$'\n'
	done
	is "$bad" "" "$user: each step's failure is named"
	ok "$user: $walked of ${#rows[@]} steps failed in turn" test "${#rows[@]}" -ge 20 -a $walked -ge $((${#rows[@]} * 2 / 3))
	oci_no_leftovers "$user" "$user: nothing is left of any"
}
each_step_fails root
each_step_fails "$sub"

done_testing

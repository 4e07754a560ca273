# shellcheck shell=bash disable=SC2154,SC2034 # of lib.sh, and of its caller
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a container engine does with its runtime, asked the same way of podman and of Docker, whose commands are
# alike. The image is bb, a root of busybox.
#
#     . "$(dirname "$0")/../lib/engine.sh"     after lib.sh and oci.sh
#     engine=(docker --host …)                 the words before a command
#     engine_options=(--cgroups=disabled)      of each run
#     engine_image
#     engine_commands root                     "root" goes before the descriptions

need_cri() {
	why="python3-grpcio is not installed"
	/usr/bin/python3 -c 'import grpc' 2>/dev/null
}

engine=()
engine_options=()
engine_network=none

_engine_run() { run "${engine[@]}" run "${engine_options[@]}" --network "$engine_network" "$@"; }
_engine_is() { [ "$("${engine[@]}" inspect --format "{{.State.$2}}" "$1" 2>/dev/null)" = "$3" ]; }

engine_image() {
	tar -C "$(bundle_rootfs)" -c . >"$T/rootfs.tar"
	"${engine[@]}" import "$T/rootfs.tar" bb >/dev/null 2>&1
}

engine_commands() { # KIND
	local kind=$1

	_engine_run --rm bb sh -c 'echo out; id -u; exit 3'
	is "$status" 3 "$kind: run has the exit code"
	is "$out" $'out\n0' "$kind: and the output"
	_engine_run --rm bb no-such-program
	is "$status" 127 "$kind: 127 for a program that does not exist"
	_engine_run --rm bb /no/such/program
	is "$status" 127 "$kind: nor by its path"
	_engine_run --rm bb /etc/passwd
	is "$status" 126 "$kind: 126 for one that cannot be executed"
	_engine_run --user 12:34 --hostname named --rm --tmpfs /t --read-only --cap-drop all bb \
		sh -c 'id -u; id -g; hostname; touch /t/x && echo ok; touch /x; grep CapBnd /proc/self/status'
	is "$out" $'12\n34\nnamed\nok\nCapBnd:\t0000000000000000' "$kind: options of run"
	_engine_run -d --name c1 bb sh -c 'trap "echo stopped; exit 9" TERM; echo logged; sleep 1000 & wait'
	is "$status" 0 "$kind: run -d"
	run "${engine[@]}" exec c1 sh -c 'echo in; exit 5'
	is "$status/$out" 5/in "$kind: exec"
	run "${engine[@]}" exec -i c1 cat <<<through
	is "$status/$out" 0/through "$kind: exec -i"
	run "${engine[@]}" exec -t c1 tty
	like "$out" '/dev/pts/[0-9]' "$kind: exec -t"
	run "${engine[@]}" ps --format '{{.Names}} {{.State}}'
	like "$out" 'c1.* (running|Up)' "$kind: ps"
	run "${engine[@]}" stop -t 20 c1
	is "$status" 0 "$kind: stop"
	is "$("${engine[@]}" inspect --format '{{.State.ExitCode}}' c1)" 9 "$kind: inspect has its exit code"
	is "$("${engine[@]}" logs c1)" $'logged\nstopped' "$kind: logs"
	run "${engine[@]}" start c1
	is "$status" 0 "$kind: start again"
	run "${engine[@]}" rm -f c1
	is "$status" 0 "$kind: rm -f"
	_engine_run -d -i --name c2 bb sh -c 'read line; echo "got $line"; sleep 1; exit 7'
	# docker does not wait for the rest of the output once its input has ended
	run "${engine[@]}" attach c2 < <(echo a line && sleep 3)
	is "$out" "got a line" "$kind: attach"
	is "$("${engine[@]}" wait c2)" 7 "$kind: wait"
	run "${engine[@]}" rm c2
	_engine_run --rm -t bb sh -c 'tty; stty size'
	like "$out" '/dev/(pts/0|console)' "$kind: run -t"
	engine_network=host _engine_run --rm bb true
	is "$status" 0 "$kind: --network host"
	is "$("${engine[@]}" ps -aq)" "" "$kind: nothing is left"
}

_engine_limits() { _limits_of "$("${engine[@]}" inspect --format '{{.State.Pid}}' "$1")"; } # CONTAINER

# Of the process's cgroup, whatever the version: "MEMORY PIDS"
_limits_of() { # PID
	local pid=$1 path

	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		path=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
		cat "$path/memory.max" "$path/pids.max"
	else
		cat "/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' "/proc/$pid/cgroup")/memory.limit_in_bytes" \
			"/sys/fs/cgroup/pids$(sed -n 's/^[0-9]*:pids://p' "/proc/$pid/cgroup")/pids.max"
	fi | xargs
}

# Does containerd find out what a container uses? Of version 1 it wants each hierarchy that the kernel has to be mounted;
# another test may have one for a while.
_measurable() {
	local controller

	while read -r controller; do
		[ -d "/sys/fs/cgroup/$controller" ] || return 1
	done < <(sed -n 's/^[0-9]*:\([a-z_][a-z_]*\):.*/\1/p' /proc/self/cgroup)
}
_if_measurable() {
	if [ -n "$measurable" ] && _measurable; then
		"$@"
	else
		note "not asked, for a hierarchy of cgroups is not mounted here: ${*: -1}"
	fi
}

# What takes a cgroup
engine_limits() { # KIND
	local kind=$1 measurable=

	_measurable && measurable=1
	_engine_run -d --name c3 --memory 64m --memory-swap 64m --pids-limit 20 bb sleep 1000
	is "$status" 0 "$kind: limits: $err"
	is "$(_engine_limits c3)" "67108864 20" "$kind: are in force"
	run "${engine[@]}" top c3
	like "$out" 'sleep 1000' "$kind: top"
	run "${engine[@]}" stats --no-stream --format '{{.MemUsage}}' c3
	_if_measurable like "$out" '^[0-9.]+.?i?B / (64MiB|67.11MB)$' "$kind: stats"
	run "${engine[@]}" update --memory 128m --memory-swap 128m c3
	is "$status" 0 "$kind: update: $err"
	is "$(_engine_limits c3)" "134217728 20" "$kind: changes what was said, and no more"
	run "${engine[@]}" pause c3
	is "$status" 0 "$kind: pause: $err"
	ok "$kind: is seen" _engine_is c3 Status paused
	nok "$kind: none can exec in it then" "${engine[@]}" exec c3 true 2>/dev/null
	run "${engine[@]}" unpause c3
	is "$status" 0 "$kind: unpause: $err"
	run "${engine[@]}" exec c3 echo on
	is "$out" on "$kind: it goes on"
	run "${engine[@]}" rm -f c3
	_measurable || measurable=
	_engine_run --name c4 --memory 32m --memory-swap 32m bb tail /dev/zero
	is "$status" 137 "$kind: too much memory"
	if [[ ${engine[0]} != podman* ]]; then # whose 4.3 with conmon 2.1 says false, with runc and crun, too
		_if_measurable is "$("${engine[@]}" inspect --format '{{.State.OOMKilled}}' c4)" true "$kind: is known to be the reason"
	fi
	run "${engine[@]}" rm c4
}

# Nothing is saved, and the container goes on
engine_no_checkpoint() { # KIND COMMAND-OF-THE-ENGINE… ; the container is c5
	local kind=$1

	_engine_run -d --name c5 bb sleep 1000
	run "${engine[@]}" "${@:2}"
	isnt "$status" 0 "$kind: checkpoint"
	like "$err" 'checkpoint' "$kind: is refused in words"
	ok "$kind: and the container runs on" _engine_is c5 Status running
	run "${engine[@]}" rm -f c5
}

engine_build() { # KIND OPTIONS-OF-BUILD…
	local kind=$1

	mkdir -p "$T/context"
	echo content >"$T/context/file"
	cat >"$T/context/Dockerfile" <<-'END'
		FROM bb
		COPY file /file
		RUN id -u >/made && cat /file >>/made
		ENV NAME=value
		CMD ["sh", "-c", "cat /made; echo $NAME"]
	END
	run "${engine[@]}" build "${@:2}" --network none -t built "$T/context"
	is "$status" 0 "$kind: build"
	_engine_run --rm built
	is "$out" $'0\ncontent\nvalue' "$kind: and what was built runs"
	run "${engine[@]}" rmi built
}

# ------------------------------------------------------------------------- containerd's CRI, by lib/cri

# What containerd's configuration has for it; the last lines are options of the runtime
engine_cri_config() {
	cat <<-EOF
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "docker.io/library/pause:latest"
		  restrict_oom_score_adj = true
		[plugins."io.containerd.grpc.v1.cri".containerd]
		  default_runtime_name = "rlc"
		  snapshotter = "${engine_snapshotter:-overlayfs}"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.rlc]
		  runtime_type = "io.containerd.runc.v2"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.rlc.options]
		  BinaryName = "$RLC_OCI"
	EOF
}

_cri() { # METHOD REQUEST FILTER
	run as root /usr/bin/python3 "$LIB/cri" "$cri_socket" "$1" "$2"
	out=$(jq -r "${3:-.}" <<<"$out")
}
_cri_exited() {
	_cri ContainerStatus "{\"containerId\": \"$1\"}" .status.state
	[ "$out" = 2 ]
}
_engine_logged() { grep -q logged "$1"; }

# A pod and a container in it, by containerd at SOCKET; the images come from $engine, which is Docker. $cri_cgroup is
# where the container was
engine_cri() { # SOCKET CGROUP-PARENT
	local pod id sandbox pid measurable='' ctr=(as root ctr --address "$1" --namespace k8s.io)
	local namespaces='"namespaceOptions": {"network": 2, "pid": 1}' # the host's network: nothing is set up for it

	cri_socket=$1
	tar -C "$(bundle_rootfs)" -c . | "${engine[@]}" import --change 'CMD ["sleep", "100000"]' - pause >/dev/null
	"${engine[@]}" save bb pause | "${ctr[@]}" images import --snapshotter "${engine_snapshotter:-overlayfs}" - >/dev/null
	mkdir -p "$T/pods"
	sandbox='{"metadata": {"name": "pod", "uid": "u1", "namespace": "default"}, "logDirectory": "'$T/pods'",
		"linux": {"cgroupParent": "'$2'", "securityContext": {'$namespaces'}}}'
	_cri Version '{}' '.runtimeName + " " + .runtimeVersion'
	note "CRI of $out"
	_measurable && measurable=1
	_cri RunPodSandbox "{\"config\": $sandbox, \"runtimeHandler\": \"rlc\"}" .podSandboxId
	pod=$out
	is "$status${pod:+ pod}" "0 pod" "CRI: a pod: $err"
	_cri CreateContainer '{"podSandboxId": "'"$pod"'", "sandboxConfig": '"$sandbox"', "config": {"metadata": {"name": "one"},
		"image": {"image": "docker.io/library/bb:latest"}, "logPath": "one.log",
		"command": ["sh", "-c", "trap \"exit 5\" TERM; echo logged; sleep 1000 & wait"],
		"linux": {"resources": {"memoryLimitInBytes": 67108864}, "securityContext": {'"$namespaces"'}}}}' .containerId
	id=$out
	is "$status${id:+ container}" "0 container" "CRI: a container in it: $err"
	_cri StartContainer "{\"containerId\": \"$id\"}"
	is "$status" 0 "CRI: start: $err"
	_cri ExecSync "{\"containerId\": \"$id\", \"cmd\": [\"sh\", \"-c\", \"echo in; exit 3\"], \"timeout\": 60}" \
		'(.stdout | @base64d) + (.exitCode | tostring)'
	is "$out" $'in\n3' "CRI: exec: $err"
	ok "CRI: its log" wait_for 60 _engine_logged "$T/pods/one.log"
	pid=$("${ctr[@]}" task ls | awk -v id="$id" '$1 == id { print $2 }')
	cri_cgroup=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	like "$(_limits_of "$pid")" '^67108864 ' "CRI: its limits"
	_cri UpdateContainerResources "{\"containerId\": \"$id\", \"linux\": {\"memoryLimitInBytes\": 134217728}}"
	is "$status" 0 "CRI: update: $err"
	like "$(_limits_of "$pid")" '^134217728 ' "CRI: is in force"
	_cri ContainerStats "{\"containerId\": \"$id\"}" .stats.memory.workingSetBytes.value
	_if_measurable like "$out" '^[1-9]' "CRI: stats: $err"
	_cri CheckpointContainer "{\"containerId\": \"$id\", \"location\": \"$T/checkpoint\"}"
	isnt "$status" 0 "CRI: checkpoint: $err"
	_cri StopContainer "{\"containerId\": \"$id\", \"timeout\": 30}"
	is "$status" 0 "CRI: stop: $err"
	ok "CRI: it has ended" wait_for 60 _cri_exited "$id"
	_cri ContainerStatus "{\"containerId\": \"$id\"}" .status.exitCode
	is "$out" 5 "CRI: with its own code"
	_cri RemoveContainer "{\"containerId\": \"$id\"}"
	_cri StopPodSandbox "{\"podSandboxId\": \"$pod\"}"
	_cri RemovePodSandbox "{\"podSandboxId\": \"$pod\"}"
	is "$status" 0 "CRI: the pod is removed: $err"
}

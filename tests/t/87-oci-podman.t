#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# podman with rlc-oci as its runtime, as root and without.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root userns
command -v podman >/dev/null || skip_all root "podman is not installed"
bundle=
user_with_subids
RUN_TIMEOUT=60

# podman's files are in a HOME and XDG_RUNTIME_DIR of this test's
podman_() { # USER ARGUMENTS…
	local user=$1

	shift
	as "$user" CONTAINERS_CONF="$T/containers.conf" CONTAINERS_STORAGE_CONF="$T/storage-$user.conf" \
		podman --cgroup-manager cgroupfs --runtime rlc-oci "$@"
}

cat >"$T/containers.conf" <<EOF
[containers]
default_ulimits = []
[engine]
events_logger = "file"
runtime_supports_nocgroup = ["rlc-oci"]
runtime_supports_json = ["rlc-oci"]
[engine.runtimes]
rlc-oci = ["$RLC_OCI"]
EOF

prepare() { # USER
	local user=$1 dir=$T/podman-$1

	install -d -o "$user" -m 0700 "$dir" "$dir/run"
	cat >"$T/storage-$user.conf" <<-EOF
		[storage]
		driver = "vfs"
		graphroot = "$dir/root"
		runroot = "$dir/run"
		rootless_storage_path = "$dir/root"
	EOF
	tar -C "$(bundle_rootfs)" -c . >"$T/rootfs.tar"
	podman_ "$user" import -q "$T/rootfs.tar" bb >/dev/null 2>&1
}

commands() { # USER
	local user=$1 options=(--cgroups=disabled --network none)

	prepare "$user"
	run podman_ "$user" run --rm "${options[@]}" bb sh -c 'echo out; id -u; exit 3'
	is "$status" 3 "$user: run has the exit code"
	is "$out" $'out\n0' "$user: and the output"
	run podman_ "$user" run --rm "${options[@]}" bb no-such-program
	is "$status" 127 "$user: 127 for a program that does not exist"
	run podman_ "$user" run --rm "${options[@]}" bb /etc/passwd
	is "$status" 126 "$user: 126 for one that cannot be executed"
	run podman_ "$user" run --rm "${options[@]}" --user 12:34 --hostname named --tmpfs /t --read-only \
		--cap-drop all bb sh -c 'id -u; id -g; hostname; touch /t/x && echo ok; touch /x; grep CapBnd /proc/self/status'
	is "$out" $'12\n34\nnamed\nok\nCapBnd:\t0000000000000000' "$user: options of run"
	run podman_ "$user" run -d --name c1 "${options[@]}" bb sh -c 'trap "echo stopped; exit 9" TERM; echo logged
		while :; do sleep 0.1; done'
	is "$status" 0 "$user: run -d"
	run podman_ "$user" exec c1 sh -c 'echo in; exit 5'
	is "$status/$out" 5/in "$user: exec"
	run podman_ "$user" exec -t c1 tty
	like "$out" '/dev/pts/[0-9]' "$user: exec -t"
	run podman_ "$user" ps --format '{{.Names}} {{.State}}'
	like "$out" 'c1.* (running|Up)' "$user: ps"
	run podman_ "$user" stop -t 20 c1
	is "$status" 0 "$user: stop"
	is "$(podman_ "$user" inspect c1 --format '{{.State.ExitCode}}')" 9 "$user: inspect has its exit code"
	is "$(podman_ "$user" logs c1)" $'logged\nstopped' "$user: logs"
	run podman_ "$user" start c1
	is "$status" 0 "$user: start again"
	run podman_ "$user" rm -f -t 0 c1
	is "$status" 0 "$user: rm -f"
	run podman_ "$user" run --rm -t "${options[@]}" bb sh -c 'tty; stty size'
	like "$out" '/dev/(pts/0|console)' "$user: run -t"
	run podman_ "$user" run --rm --cgroups=disabled --network host bb true
	is "$status" 0 "$user: --network host"
	is "$(podman_ "$user" ps -aq)" "" "$user: nothing is left"
	is "$(pgrep -u "$user" -fa conmon | grep "$T" || true)" "" "$user: no conmon is left"
}

when_finished rm -f "/dev/shm/libpod_rootless_lock_$(id -u "$sub")"
commands root
commands "$sub"
as "$sub" podman system migrate >/dev/null 2>&1 # ends the pause process
done_testing

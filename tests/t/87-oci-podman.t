#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# podman with rlc-oci as its runtime, as root and without.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
. "$(dirname "$0")/../lib/engine.sh"
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
}

no_conmon() { ! pgrep -u "$1" -fa conmon | grep -q "$T"; }

commands() { # USER
	local user=$1

	prepare "$user"
	engine=(podman_ "$user")
	engine_options=(--cgroups=disabled)
	engine_image
	engine_commands "$user"
	engine_no_checkpoint "$user" container checkpoint c5
	ok "$user: no conmon is left" wait_for 20 no_conmon "$user"
}

when_finished rm -f "/dev/shm/libpod_rootless_lock_$(id -u "$sub")"
commands root
commands "$sub"
as "$sub" podman system migrate >/dev/null 2>&1 # ends the pause process
done_testing

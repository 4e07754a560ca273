#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# podman under SELinux, enforcing: what it asks of a runtime, rlc-oci does as crun does.  The types are those of
# rlc's module, for Debian's policy has none for containers.
#
# packages: podman crun conmon
# kernel: security=selinux selinux=1
. "$(dirname "$0")/../lib/selinux.sh"
RUN_TIMEOUT=120
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root rlc busybox podman crun

semodule -i "$SRCDIR/selinux/rlc.cil"
selinux_enforce overlay fuse
tar -c -C "$(bundle_rootfs)" . | podman import - box:1 >/dev/null 2>&1
mkdir "$T/volume"

podman_runs() { # OPTION… IMAGE COMMAND…
	podman --cgroup-manager cgroupfs --runtime "$runtime" run --network none \
		--security-opt label=type:rlc_payload_t --security-opt label=filetype:rlc_payload_file_t "$@"
}
export -f podman_runs

# Categories are others each time, and what differs in the mounts beyond labels is not this test's
lines() {
	sed -E 's/:c[0-9]+,c[0-9]+/:C/g; s/ r[ow],(context="[^"]*").*/ \1/; /seclabel|^proc|upperdir/d'
}

declare -A said
for runtime in crun "$RLC_OCI"; do
	export runtime
	chcon -R system_u:object_r:user_tmp_t:s0 "$T/volume"
	echo data >"$T/volume/file"
	said[$runtime]=$(
		podman_runs --rm box:1 sh -c 'cat /proc/self/attr/current; echo; cat /proc/mounts; echo shm >/dev/shm/x && cat /dev/shm/x; head -n 1 /etc/hosts'
		podman_runs --rm -v "$T/volume:/v" box:1 cat /v/file 2>&1 || echo denied
		podman_runs --rm -v "$T/volume:/v:Z" box:1 cat /v/file
		stat -c %C "$T/volume/file"
		echo word | podman_runs -i --rm box:1 cat | cat
		podman_runs -d --name life box:1 sh -c 'echo began; sleep 100' >/dev/null
		podman --runtime "$runtime" exec life cat /proc/self/attr/current | tr -d '\0'
		podman logs life
		podman rm -f -t 0 life >/dev/null
	)
done
crun=$(lines <<<"${said[crun]}")
for line in 'rlc_payload_t:s0:C' 'tmpfs /dev .*context=.*rlc_payload_file_t:s0:C' shm denied data word began; do
	like "$crun" "$line" "with crun podman says: $line"
done
is "$(lines <<<"${said[$RLC_OCI]}")" "$crun" "with rlc-oci it says the same"
done_testing

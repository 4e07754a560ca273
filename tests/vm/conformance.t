#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the runtime specification demands (tests/conformance/check), on a host of version 2 of cgroups, with all controllers and
# AppArmor: rlc-oci passes what it passed. For ci/conformance --vm, which brings runc and crun along, all is asked of all three, or
# the OCI's own programs are run, and what they did is said in notes.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root rlc busybox

side_by_side() {
	local options=() line

	# a library of crun's comes along
	install -m 0755 /dev/stdin "$T/crun" <<-END
		#!/bin/sh
		LD_LIBRARY_PATH=$SRCDIR exec $SRCDIR/crun "\$@"
	END
	if [ -e "$SRCDIR/originals.tar" ]; then
		mkdir "$T/originals"
		tar -x -C "$T/originals" -f "$SRCDIR/originals.tar"
		options=(--originals "$T/originals")
	fi
	"$SRCDIR/ci/conformance" --build "$BUILD" --runc "$SRCDIR/runc" --crun "$T/crun" "${options[@]}" --print 2>&1 |
		while IFS= read -r line; do note "result $line"; done
	ok "ci/conformance came to its end" test "${PIPESTATUS[0]}" -le 1
}

if [ -e "$SRCDIR/runc" ]; then
	side_by_side
else
	checks=(linux_cgroups_cpus linux_cgroups_devices linux_cgroups_memory linux_cgroups_pids
		linux_cgroups_relative_memory linux_process_apparmor_profile)
	said=$(CHECKS=${checks[*]} "$SRCDIR/tests/conformance/check" "$RLC_OCI" | sort)
	is "$said" "$(printf 'pass %s\n' "${checks[@]}" | sort)" "what rlc-oci passed it passes"
fi
done_testing

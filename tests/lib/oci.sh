# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bundles and rlc-oci, for tests of the OCI runtime.
#
#     . "$(dirname "$0")/../lib/oci.sh"         after lib.sh
#     bundle USER '.process.args = ["id"]'      $bundle, USER's, with the config changed by jq
#     oci USER state c1                         rlc-oci, with a --root of USER's

RLC_OCI=$(copy_program "$BUILD/rlc-oci" rlc-oci)
export RLC_OCI
bundle=

# bundle USER [JQ-FILTER]
bundle() {
	local user=$1 filter=${2:-.} options=()

	bundle=$T/bundle-$user
	[ "$user" = root ] || options=(--rootless)
	if [ ! -d "$bundle" ]; then
		mkdir -p "$bundle/rootfs"
		cp -a "$(bundle_rootfs)/." "$bundle/rootfs"
		chown -R "$user:" "$bundle"
	fi
	rm -f "$bundle/config.json"
	as "$user" "$RLC_OCI" spec --bundle "$bundle" "${options[@]}" || return
	jq ".process.terminal = false | .root.readonly = false | $filter" \
		"$bundle/config.json" >"$bundle/new" || return
	mv "$bundle/new" "$bundle/config.json"
	chown "$user:" "$bundle/config.json"
}

# A root of busybox alone, made once
bundle_rootfs() {
	local rootfs=$T/bundle-rootfs applet

	if [ ! -d "$rootfs" ]; then
		mkdir -p "$rootfs/bin" "$rootfs/etc" "$rootfs/tmp" "$rootfs/proc" "$rootfs/sys" "$rootfs/dev"
		cp "$(command -v busybox)" "$rootfs/bin/"
		for applet in $(busybox --list); do
			[ "$applet" = busybox ] || ln -s busybox "$rootfs/bin/$applet"
		done
		echo root:x:0:0:root:/root:/bin/sh >"$rootfs/etc/passwd"
	fi
	echo "$rootfs"
}

oci_root() {
	echo "$T/state-$1"
}

# oci USER ARGUMENTS…: what is created becomes a child of the test, which is a subreaper
oci() {
	local user=$1

	shift
	[ -d "$(oci_root "$user")" ] || install -d -m 0700 -o "$user" "$(oci_root "$user")"
	as "$user" "$RLC_OCI" --root "$(oci_root "$user")" "$@"
}

oci_status() { oci "$1" state "$2" | jq -r .status; }

oci_is() { [ "$(oci_status "$1" "$2")" = "$3" ]; }

# Nothing of any container: neither state nor process
oci_no_leftovers() { # USER DESCRIPTION
	is "$(ls "$(oci_root "$1")" 2>/dev/null)" "" "$2"
}

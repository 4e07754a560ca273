# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rlc's Debian packages, built once for all tests, and anew when the source is another.
#
#     . "$(dirname "$0")/../lib/debs.sh"      after lib.sh
#     needs dpkg-buildpackage dh
#     debs_build                              they are in $debs, or what went wrong is in $debs/log
#
# Where RLC_DEBS names a directory, those in there are meant.

debs=${RLC_DEBS:-$BUILD/debs}

_debs_source() { tar -C "$SRCDIR" -c --sort=name --exclude=./.git --exclude='./build*' --exclude=./autom4te.cache .; }

# Without optimisation: it is quicker, and no less to look at
_debs_build() { # SUM
	rm -rf "$debs"
	mkdir -p "$debs/rlc"
	_debs_source | tar -x -C "$debs/rlc"
	(cd "$debs/rlc" && exec env -u MAKEFLAGS -u MFLAGS -u RLC -u RLC_STORE DEB_BUILD_OPTIONS='noopt parallel=2' \
		dpkg-buildpackage -us -uc -b) >"$debs/log" 2>&1 && rm -rf "$debs/rlc" && echo "$1" >"$debs/sum"
}

debs_build() {
	local sum

	[ -z "${RLC_DEBS:-}" ] || return 0
	sum=$(_debs_source | sha256sum)
	(flock 9 && { [ "$(cat "$debs/sum" 2>/dev/null)" = "$sum" ] || _debs_build "$sum"; }) 9>"$BUILD/debs.lock"
}

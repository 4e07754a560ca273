# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of a test that run in the system of ci/vm.
#
#     . "$(dirname "$0")/../lib/vm.sh"         after lib.sh
#     in_vm --timeout 300 session              ci/vm's words: what it tests becomes tests of this one

# shellcheck disable=SC2154 # lib.sh counts
in_vm() {
	local before=$test_count plan=0 line say=note

	while IFS= read -r line; do
		case $line in
		'ok '*) pass "${line#ok * - }" && say=note ;;
		'not ok '*) fail "${line#not ok * - }" && say=diag ;; # prove shows what it says next
		'1..'*) plan=${line#1..} ;;
		*) $say "${line#\# }" ;;
		esac
	done < <(trap '' TERM; exec "$SRCDIR/ci/vm" --build "$BUILD" "$@" 2>&1)
	wait $!
	is $? 0 "ci/vm says that all is well"
	is "$test_count" $((before + plan + 1)) "and it came to its end"
}

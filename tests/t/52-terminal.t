#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -t: a terminal of the container's own, its size, job control inside it, and the caller's terminal
# restored however the container ends.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

install -m 0644 "$LIB/terminal.py" "$T/bin/terminal.py"
RUN_TIMEOUT=300
for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	run as "$who" /usr/bin/python3 "$T/bin/terminal.py" "$RLC"
	is "$status $err" "0 " "$kind: the scenarios ran"
	while read -r verdict text; do
		case $verdict in
		pass) pass "$kind: $text" ;;
		*) fail "$kind: $text" ;;
		esac
	done <<<"$out"
	no_leftovers "$kind: nothing is left"
done
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The exit code is the payload's own; 125, 126 and 127 say whose fault it was.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

wrong=
for code in $(seq 0 255); do
	run as "$sub" "$RLC" run --network none builtin:busybox sh -c "exit $code"
	[ "$status" = "$code" ] || wrong+=" $code->$status"
done
is "$wrong" "" "all codes from 0 to 255 come back"

programs() { # DIR: programs of all sorts in its /bin
	local dir=$1

	echo 'no program' >"$dir/bin/plain"
	printf '#!/no/such/interpreter\n' >"$dir/bin/orphan"
	printf '#!/bin/sh\nexit 9\n' >"$dir/bin/script"
	printf '\177ELF\002\001\001\000' >"$dir/bin/broken"
	printf '#!/bin/sh\nexit 9\n' >"$dir/bin/closed"
	chmod 755 "$dir"/bin/{plain,orphan,script,broken}
	chmod 644 "$dir/bin/closed"
}

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	dir=$T/rootfs-$kind
	make_rootfs "$dir"
	programs "$dir"
	chown -hR "$who:" "$dir"
	for init in --init --no-init; do
		rlc() { run as "$who" "$RLC" run --network none $init --rootfs "$dir:O" "$@"; }

		for code in 0 1 77 124 125 126 127 128 255; do
			rlc sh -c "exit $code"
			is "$status" $code "$kind $init: $code"
		done
		rlc script
		is "$status" 9 "$kind $init: a script, found in PATH"
		rlc no-such-program
		is "$status" 127 "$kind $init: not found: 127"
		like "$err" '^rlc: .*no-such-program' "$kind $init: said once, by name"
		is "$(wc -l <<<"$err")" 1 "$kind $init: in one line"
		rlc /bin/no-such-program
		is "$status" 127 "$kind $init: an absolute path that does not exist: 127"
		rlc ./no-such-program
		is "$status" 127 "$kind $init: a relative one: 127"
		rlc /bin/orphan
		is "$status" 127 "$kind $init: a script without its interpreter: 127"
		like "$err" '/no/such/interpreter' "$kind $init: which is named"
		rlc /bin/closed
		is "$status" 126 "$kind $init: not executable: 126"
		rlc closed
		is "$status" 126 "$kind $init: not executable, found in PATH: 126"
		rlc /etc
		is "$status" 126 "$kind $init: a directory: 126"
		rlc /etc/passwd/x
		is "$status" 127 "$kind $init: below a file: 127"
		rlc /bin/broken
		is "$status" 126 "$kind $init: a broken program: 126"
		rlc /bin/plain
		is "$status" 126 "$kind $init: a file without #!: 126"
		rlc ''
		is "$status" 125 "$kind $init: an empty name is a mistake of the caller's: 125"
		rlc -e PATH=/nowhere sh
		is "$status" 127 "$kind $init: the container's PATH is what counts"
		rlc sh -c "sh -c 'kill -9 \$\$'; exit \$?"
		is "$status" 137 "$kind $init: 128+9 from a child's death"
		rlc --timeout 1 sleep 20
		is "$status" 124 "$kind $init: --timeout: 124"
		rlc --no-such-option
		is "$status" 125 "$kind $init: rlc's own: 125"
	done
done

no_leftovers "nothing is left"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# doc/conformance.md, which ci/conformance writes: the rows of the checks are those of tests/conformance/check; rlc fails nowhere
# where both others pass, what fails or is not asked is explained, and rlc still passes some of the rest.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root mountns busybox

rows() { # TABLE
	sed -n "/^<!-- $1 -->/,/^<!-- end -->/s/^| \`\(.*\)\` | \(.*\) |$/\1|\2/p" "$SRCDIR/doc/conformance.md" | sed 's/ | /|/g'
}
is "$(rows checks | cut -d'|' -f1)" "$("$SRCDIR/tests/conformance/check" --list)" "the rows are the checks"
for table in originals checks; do
	while IFS='|' read -r name one two why; do
		for results in "$one" "$two"; do
			[ "$results" != "pass pass fail" ] || fail "$table, $name: rlc fails it, and runc and crun do not"
			[[ $results != *fail* && $results != *none* ]] || [ -n "$why" ] || fail "$table, $name is not explained: $results"
		done
		is "$why" "$(sed -n "s/^$name\t//p" "$SRCDIR/tests/conformance/explained-$table")" "$table, $name: the explanation is the one on file"
	done < <(rows $table)
done

checks=(hooks hooks_stdin default process_user linux_devices linux_rootfs_propagation poststart_fail linux_ns_path)
said=$(CHECKS=${checks[*]} "$SRCDIR/tests/conformance/check" "$RLC_OCI" | sort)
is "$said" "$(printf 'pass %s\n' "${checks[@]}" | sort)" "what rlc-oci passed it passes"

# what stands here for the originals: one passes, one has a bad result, one fails without a result, one says in words that it does
program() { # NAME, with its text on standard input
	install -D -m 0755 /dev/stdin "$T/originals/programs/$1"
}
program good <<'END'
#!/bin/sh
"$RUNTIME" --version >/dev/null && echo ok 1 && mkdir "$TMPDIR/left"
END
program bad <<'END'
#!/bin/sh
echo not ok 1 - never
END
program ends <<'END'
#!/bin/sh
exit 3
END
program words <<'END'
#!/bin/sh
printf '  {\n    "error": "it is late"\n  }\n1..0\n'
END
run "$SRCDIR/ci/conformance" --build "$BUILD" --crun "$RLC_OCI" --runc "$RLC_OCI" --originals "$T/originals" --print
is "$status" 1 "ci/conformance --originals --print: some fail"
is "$out" "$(for runtime in runc crun rlc; do
	printf "$runtime %s\n" "fail bad never" "fail ends exit code 3" "pass good" "fail words it is late"
done)" "and what each runtime did is said"
done_testing

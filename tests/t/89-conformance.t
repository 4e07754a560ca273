#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# doc/conformance.md, which ci/conformance writes: its rows are those of tests/conformance/check, rlc fails nowhere where both
# others pass, what it fails is explained, and it still passes some of the rest.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root mountns busybox

rows=$(sed -n '/^<!-- results -->/,/^<!-- end -->/s/^| `\(.*\)` | \(.*\) |$/\1|\2/p' "$SRCDIR/doc/conformance.md" | sed 's/ | /|/g')
is "$(cut -d'|' -f1 <<<"$rows")" "$("$SRCDIR/tests/conformance/check" --list)" "the rows are the checks"
while IFS='|' read -r name one two why; do
	for results in "$one" "$two"; do
		[ "$results" != "pass pass fail" ] || fail "$name: rlc fails it, and runc and crun do not"
		[[ $results != *fail* ]] || [ -n "$why" ] || fail "$name is not explained: $results"
	done
	is "$why" "$(sed -n "s/^$name\t//p" "$SRCDIR/tests/conformance/explained" | grep . || echo "$why")" "$name: the explanation is the one on file"
done <<<"$rows"

checks=(hooks hooks_stdin default process_user linux_devices linux_rootfs_propagation poststart_fail linux_ns_path)
said=$(CHECKS=${checks[*]} "$SRCDIR/tests/conformance/check" "$RLC_OCI" | sort)
is "$said" "$(printf 'pass %s\n' "${checks[@]}" | sort)" "what rlc-oci passed it passes"

# the validation programs of runtime-tools, or what stands here for them
install -D -m 0755 /dev/stdin "$T/tools/validation/good/good.t" <<'END'
#!/bin/sh
"$RUNTIME" --version >/dev/null && echo ok 1
END
install -D -m 0755 /dev/stdin "$T/tools/validation/bad/bad.t" <<'END'
#!/bin/sh
echo not ok 1 - never
END
run "$SRCDIR/ci/conformance" --build "$BUILD" --crun "$RLC_OCI" --runc "$RLC_OCI" --programs "$T/tools"
is "$status" 1 "ci/conformance --programs: one fails"
is "$(grep -c '^\(runc\|crun\|rlc\) pass good$' <<<"$out") $(grep -c '^\(runc\|crun\|rlc\) fail bad not ok 1 - never$' <<<"$out")" "3 3" \
	"and what each runtime did is said"
done_testing

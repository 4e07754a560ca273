#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The static analyser that takes less than a minute has nothing to say; ci/analyze has the slow ones, too,
# and says what any of them says and is not known to be no fault.
. "$(dirname "$0")/../lib/lib.sh"
needs cppcheck clang-tidy gcc

mkdir -p "$T/tree/ci" "$T/tree/src" "$T/tree/helpers"
cp "$SRCDIR/ci/analyze" "$T/tree/ci/"
echo 'extern int fine;' >"$T/tree/src/fine.c"
run "$T/tree/ci/analyze" "$T"
is "$status $out" "0 " "nothing is said of what is well"
cat >"$T/tree/src/faulty.c" <<'END'
#include <stdlib.h>
int faulty(int at);
int faulty(int at)
{
	int list[2] = {0}, *twice = malloc(sizeof *twice);

	free(twice);
	free(twice);
	return at ? list[2] : atoi("x");
}
END
for analyzer in cppcheck tidy analyzer; do
	run "$T/tree/ci/analyze" "$T" $analyzer
	isnt "$status" 0 "$analyzer: a fault is found"
	like "$out" 'src/faulty.c:' "$analyzer: and said"
done
run "$T/tree/ci/analyze" "$T" analyzer
{
	echo "# for a reason"
	sed -n "s/^\\(src[^:]*\\):[0-9:]* warning: /analyzer: \\1: /p" <<<"$out"
} >"$T/tree/ci/analyze-known"
run "$T/tree/ci/analyze" "$T" analyzer
is "$status $out" "0 " "nothing is said of what is known, at whatever line"
echo "analyzer: src/fine.c: a fault [mended]" >>"$T/tree/ci/analyze-known"
run "$T/tree/ci/analyze" "$T" analyzer
is "$status $out" "1 ci/analyze-known: it is not said any more: analyzer: src/fine.c: a fault [mended]" \
	"what was known and is mended is to be forgotten"
rm "$T/tree/ci/analyze-known"
is "$(awk '/^#/ || !NF { reason = $0 != "" } /^[a-z]/ && !reason' "$SRCDIR/ci/analyze-known")" "" \
	"whatever is known has a reason in front of it"
echo '#include "nowhere.h"' >"$T/tree/src/faulty.c"
for analyzer in tidy analyzer; do
	run "$T/tree/ci/analyze" "$T" $analyzer
	isnt "$status" 0 "$analyzer: what cannot be read is a fault"
	like "$out" 'nowhere.h' "$analyzer: which is said"
done

RUN_TIMEOUT=600 run "$SRCDIR/ci/analyze" "$T" cppcheck
is "$status $out" "0 " "it finds none in the source"
done_testing

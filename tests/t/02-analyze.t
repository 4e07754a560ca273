#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The static analyser that takes less than a minute has nothing to say; ci/analyze has the slow ones, too.
. "$(dirname "$0")/../lib/lib.sh"
needs cppcheck

printf 'int main(void)\n{\n\tint list[2] = {0};\n\treturn list[2];\n}\n' >"$T/faulty.c"
run cppcheck --quiet --error-exitcode=1 "$T/faulty.c"
is "$status" 1 "it finds a fault"
RUN_TIMEOUT=600 run "$SRCDIR/ci/analyze" "$T" cppcheck
is "$status $out" "0 " "it finds none in the source"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No input ends a parser: the seeds of tests/fuzz, and what libFuzzer makes of them in a moment. ci/fuzz takes an hour.
. "$(dirname "$0")/../lib/lib.sh"
needs gcc make

mapfile -t targets < <(find "$SRCDIR/tests/fuzz" -name '*.c' ! -name replay.c -printf '%f\n' | sed 's/\.c$//' | sort)
is "$(printf '%s\n' "${targets[@]}")" "$(find "$SRCDIR/tests/fuzz/corpus" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)" \
	"each target has seeds"
is "$(find "$SRCDIR/tests/fuzz/corpus" -mindepth 1 -type d -empty)" "" "and no directory of them is empty"

# The driver for where there is no libFuzzer
cat >"$T/faulty.c" <<'END'
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return size > 1 && data[0] == 'x' && data[size] == 'y';
}
END
flags=$(pkg-config --cflags --libs glib-2.0)
# shellcheck disable=SC2086 # words
run gcc -O1 -g -fsanitize=address -D_GNU_SOURCE -I"$SRCDIR/src" -I"$SRCDIR/tests/fuzz" -o "$T/faulty" "$T/faulty.c" \
	"$SRCDIR/tests/fuzz/replay.c" $flags
is "$status" 0 "the driver is built"
mkdir -p "$T/seeds/deeper"
echo harmless >"$T/seeds/deeper/a"
run "$T/faulty" "$T/seeds"
is "$status $out" "0 10 inputs" "it runs a file, and each of its beginnings"
echo xyz >"$T/seeds/b"
run "$T/faulty" "$T/seeds"
isnt "$status" 0 "a byte too far ends it"
like "$err" 'heap-buffer-overflow' "and is said"
mkdir "$T/none"
run "$T/faulty" "$T/none"
isnt "$status" 0 "no input at all is no success"

# ci/test has built it before; by hand it takes two minutes the first time
export FUZZ_BUILD=$BUILD/fuzz
RUN_TIMEOUT=800
run env -u MAKEFLAGS -u MFLAGS "$SRCDIR/ci/fuzz" 0
is "$status" 0 "all seeds pass"
is "$(cut -d: -f1 <<<"$out")" "$(printf '%s\n' "${targets[@]}")" "those of all targets"
if grep -q '^FUZZ_LDFLAGS = .' "$FUZZ_BUILD/Makefile"; then
	run env -u MAKEFLAGS -u MFLAGS FUZZ_JOBS=2 "$SRCDIR/ci/fuzz" 1
	is "$status" 0 "and what is made of them"
	unlike "$out" 'seeds' "every target was fuzzed"
fi
done_testing

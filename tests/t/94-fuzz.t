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
	is "$(cut -d' ' -f1 "$FUZZ_BUILD/rounds" | sort -u)" "$(printf '%s\n' "${targets[@]}")" "which its rounds say"

	# ------------------------------------------------------------- hours that add up

	export FUZZ_KEEP=$T/keep
	mkdir "$FUZZ_KEEP"
	printf '%s\n' '# a head' 'subid 1000.5 5 6 7 1 2026-01-01 0123456789' >"$FUZZ_KEEP/ledger"
	fuzz() { run env -u MAKEFLAGS -u MFLAGS FUZZ_ROUND=1 "$SRCDIR/ci/fuzz" "$@"; }
	rm "$FUZZ_BUILD/rounds"
	fuzz --until 1000 subid user nowhere
	isnt "$status" 0 "what is no target is not passed over"
	rm "$FUZZ_BUILD/rounds"
	fuzz --until 1 subid user
	is "$status" 0 "rounds until each has had its time"
	is "$(cut -d: -f1 <<<"$out" | sort -u)" user "those of earlier runs counted"
	ok "which is the processor's" awk '{ had += $2 } END { exit !(had >= 1 && had < 60) }' "$FUZZ_BUILD/rounds"
	(exec env -u MAKEFLAGS -u MFLAGS "$SRCDIR/ci/fuzz" --until 100000 user >"$T/out" 2>&1) &
	fuzzing=$!
	begun() {
		local shells

		shells=$(pgrep -d , -P "$fuzzing") && pgrep -P "$shells" -x user
	}
	ok "a long round begins" wait_for 60 begun
	before=$(wc -l <"$FUZZ_BUILD/rounds")
	sleep 1
	kill -TERM "$fuzzing"
	wait "$fuzzing"
	is "$?" 0 "SIGTERM ends it"
	is "$(wc -l <"$FUZZ_BUILD/rounds")" $((before + 1)) "and the round counts as far as it came"
	nok "nothing of it runs on" begun
	before=$(awk '{ inputs += $3 } END { print inputs }' "$FUZZ_BUILD/rounds")
	fuzz --keep user
	is "$status" 0 "what was run is kept"
	is "$(grep -c . "$FUZZ_KEEP/ledger")$(sed -n 1p "$FUZZ_KEEP/ledger")" "3# a head" "a line for each, under the same head"
	like "$(grep ^user "$FUZZ_KEEP/ledger")" "^user +[0-9.]+ +$before +[1-9][0-9]* +[1-9][0-9]* +0 " "added up"
	is "$(awk '/^subid/ { print $2, $3, $6, $8 }' "$FUZZ_KEEP/ledger")" "1000.5 5 1 0123456789" "what was there stays"
	nok "once" test -s "$FUZZ_BUILD/rounds"
	rm -r "$FUZZ_BUILD/found/user"
	ok "and so is what was found" tar -tJf "$FUZZ_KEEP/kept/user.tar.xz"
	fuzz 1 user
	is "$(find "$FUZZ_BUILD/found/user" -name "$(tar -tJf "$FUZZ_KEEP/kept/user.tar.xz" | sed -n '$s,^\./,,p')" | wc -l)" 1 \
		"to begin with the next time"
	unset FUZZ_KEEP
fi

is "$(awk '!/^#/ { print $1 }' "$SRCDIR/tests/fuzz/ledger" | sort)" "$(printf '%s\n' "${targets[@]}")" "the ledger has a line for each target"
ok "and doc/hardening.md says what it adds up to" grep -qFx "$("$SRCDIR/ci/fuzz" --summary)" "$SRCDIR/doc/hardening.md"
done_testing

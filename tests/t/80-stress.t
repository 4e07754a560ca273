#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hundreds of containers, eight at a time: none fails and nothing is left.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox
user_with_subids
user_without_subids
leftovers_begin
RUN_TIMEOUT=300

many() { # WHO NUMBER OPTIONS: run them, and print what went wrong
	as "$1" sh -c 'seq '"$2"' | xargs -P 8 -I{} sh -c '\''
		out=$("$RLC" run '"$3"' builtin:busybox sh -c "echo {}; exit 3" 2>&1)
		code=$?
		[ "$code" = 3 ] && [ "$out" = {} ] || echo "{}: $code $out"'\'
}

started=$(date +%s%N)
run many "$sub" 500 ""
is "$out$err" "" "500 runs with a network, 8 at a time: none fails"
note "$((($(date +%s%N) - started) / 500000)) microseconds a run"
no_leftovers "they leave nothing"
is "$(find "$T/run-$sub/rlc" -mindepth 2 ! -path "*/builtin-*" | wc -l)" 0 "no state either"

run many root 100 "--network none"
is "$out$err" "" "100 of root's: none fails"
run many "$one" 100 "--init"
is "$out$err" "" "100 with one id: none fails"
run many "$sub" 100 "--rootfs /:O --network none --entrypoint /bin/sh ignored 2>/dev/null; exec 2>&1; \"\$RLC\" run --network none"
is "$out$err" "" "100 after a failing one each: none fails"
no_leftovers "nothing is left"

# A payload that forks, with many children at its end
run as "$sub" "$RLC" run --network none builtin:busybox sh -c \
	'i=0; while [ $i -lt 200 ]; do sleep 60 & i=$((i+1)); done; echo done'
is "$status $out" "0 done" "200 processes end with their container"
no_leftovers "nothing is left of them"
done_testing

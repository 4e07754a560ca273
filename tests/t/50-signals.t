#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Signals sent to rlc reach the payload, a signal's death comes back as 128+n, PID 1 reaps, and all that
# runs inside ends with the payload.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox

# start WHO OPTIONS… IMAGE COMMAND…: in the background; $! is rlc; waits until the payload says "ready"
start() {
	local who=$1

	shift
	: >"$T/output"
	as_background "$who" "$RLC" run --network none "$@" >"$T/output" 2>&1
	started=$!
	wait_for 20 grep -q ready "$T/output" || diag "no payload: $(cat "$T/output")"
}

ended() { # waits for rlc, into $status
	# `wait` is interrupted by nothing here: the payload ends or the file's time is over
	wait "$started" 2>/dev/null
	status=$?
}

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	for signal in HUP INT QUIT USR1 USR2 TERM; do
		for init in --init --no-init; do
			start "$who" $init $bb sh -c "trap 'echo got $signal; exit 40' $signal; echo ready; while :; do sleep 0.02; done"
			kill -s "$signal" "$started"
			ended
			is "$status $(grep -c "got $signal" "$T/output")" "40 1" "$kind: SIG$signal reaches the payload, $init"
		done
	done

	start "$who" $bb sh -c 'echo ready; exec sleep 60'
	kill -TERM "$started"
	ended
	is "$status" 143 "$kind: SIGTERM ends a payload that does not catch it"

	start "$who" $bb sh -c 'trap "" TERM; echo ready; while :; do sleep 0.02; done'
	kill -TERM "$started"
	sleep 0.2
	ok "$kind: a payload that ignores SIGTERM goes on" kill -0 "$started"
	inner=$(pgrep -P "$started" | head -n 1)
	kill -KILL "$inner"
	ended
	is "$status" 137 "$kind: PID 1 killed from outside: 137"

	for signal in KILL SEGV TERM USR1; do
		run as "$who" "$RLC" run --network none $bb sh -c "kill -$signal \$\$"
		number=$(kill -l "$signal")
		is "$status" $((128 + number)) "$kind: death by SIG$signal is $((128 + number))"
	done
	no_leftovers "$kind: nothing is left"
done

# ------------------------------------------------------------------------------------------ PID 1

run as "$sub" "$RLC" run --network none $bb sh -c '
	for i in 1 2 3 4 5; do (sh -c "sleep 0.05 &") ; done
	i=0; while ps -o comm | grep -q sleep && [ $i -lt 100 ]; do sleep 0.02; i=$((i+1)); done
	ps -o pid,stat,comm'
unlike "$out" ' Z' "PID 1 reaps what was left to it"

run as "$sub" "$RLC" run --network none $bb sh -c 'sleep 300 & setsid sleep 301 & echo done'
is "$status $out" "0 done" "the container ends with its payload"
no_leftovers "and what runs in the background ends with it"

# A caller that ignores signals, like nohup, does not make the payload ignore them
run as "$sub" sh -c 'trap "" HUP INT TERM; exec "$RLC" run --network none builtin:busybox grep SigIgn /proc/self/status'
is "$(awk '{ print $2 }' <<<"$out")" 0000000000000000 "the payload starts with no signal ignored"
run as "$sub" "$RLC" run --network none $bb grep SigBlk /proc/self/status
is "$(awk '{ print $2 }' <<<"$out")" 0000000000000000 "nor blocked"

# Many signals in a row
start "$sub" $bb sh -c 'n=0; trap "n=\$((n+1))" USR1; trap "echo n=\$n; exit 0" TERM; echo ready; while :; do sleep 0.02; done'
for _ in $(seq 20); do
	kill -USR1 "$started"
	sleep 0.05
done
kill -TERM "$started"
ended
like "$(cat "$T/output")" 'n=(1[0-9]|20)' "signals in a row arrive"

# While the container is being made: whatever the instant, it ends and leaves nothing
for delay in 0 0.002 0.004 0.006 0.008 0.01 0.015 0.02 0.03 0.05; do
	as_background "$sub" "$RLC" run --network none $bb sleep 60 >"$T/output" 2>&1
	started=$!
	sleep $delay
	kill -TERM "$started"
	ended
	is "$status" 143 "SIGTERM $delay s after the start ends it"
done

no_leftovers "nothing is left"
done_testing

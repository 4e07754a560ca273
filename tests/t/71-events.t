#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc events: whoever does something to a container writes it down, in order, without a daemon; what follows
# hears of it at once, and the file stays small.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox python3
user_with_subids
leftovers_begin

bb=builtin:busybox

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	state=/run/rlc
	[ "$who" = root ] || state=$T/run-$who/rlc
	rlc() { run as "$who" "$RLC" "$@"; }
	# The actions and details of the container that was made as NAME
	told() {
		as "$who" "$RLC" events --filter container="$1" --format '{{.Action}} {{.ExitCode}} {{.Detail}}' |
			sed 's/ *$//; s/  */ /' | paste -sd,
	}

	rlc events
	is "$status $out$err" "0 " "$kind: nothing happened yet"
	as_background "$who" "$RLC" events --follow --since 1h --format '{{.Action}} {{.Name}}' >"$T/follow"
	follower=$!

	rlc run -d --name first --network none $bb sh -c 'trap "exit 5" TERM; trap : USR1; while :; do sleep 0.05; done'
	id=$out
	rlc exec first echo 'a "b"'
	rlc kill -s USR1 first
	rlc rename first second
	rlc stop second
	rlc start second
	rlc rm -f second
	is "$(told "$id")" 'create,start,exec echo a "b",kill USR1,rename first,kill TERM,die 5,stop,start,kill KILL,die 137 code 137 stands for signal 9: Killed,remove' \
		"$kind: a life, from its creation to its removal"
	is "$(told first)" 'create,start,exec echo a "b",kill USR1' "$kind: by its first name"
	like "$(told second)" '^rename first,.*remove$' "$kind: and by its second"
	all_seen() { grep -q '^remove second' "$T/follow"; }
	ok "$kind: who follows sees it" wait_for 10 all_seen
	is "$(head -n 5 "$T/follow" | paste -sd,)" "create first,start first,exec first,kill first,rename second" "$kind: in order"

	rlc run --network none $bb sh -c 'exit 3'
	is "$(as "$who" "$RLC" events --filter event=die --filter image=$bb --format '{{.ExitCode}}' | tail -n 1)" 3 \
		"$kind: one in the foreground tells, too"
	rlc run -d --name doomed --network none $bb sleep 1000
	doomed=$out
	kill -KILL "$(cut -d' ' -f1 "$state/containers/$doomed/supervisor")"
	rlc wait doomed
	like "$(told doomed)" '^create,start,die 137 its supervisor was killed' "$kind: whoever finds a dead supervisor tells of it"
	rlc rm doomed
	rlc run -d --name failing --network none $bb nowhere
	is "$(told failing)" "create,remove" "$kind: one that never started"
	rlc run -d --name again --network none --restart on-failure:1 $bb sh -c 'exit 4'
	rlc wait again
	is "$(told again)" "create,start,die 4,start,die 4" "$kind: each life of one that is started again"
	rlc rm again

	# As text, as JSON, and at times
	rlc events --filter event=die --filter container="$id"
	like "$out" "^20[0-9-]*T[0-9:.]*Z die ${id:0:12} name=second image=$bb code=5"$'\n' "$kind: a line of text"
	rlc events --format json
	is "$(python3 -c 'import json, sys
lines = [json.loads(line) for line in sys.stdin]
print(all(list(l) == ["Time", "Action", "ID", "Name", "Image", "ExitCode", "Detail"] for l in lines),
	[l["Time"] for l in lines] == sorted(l["Time"] for l in lines))' <<<"$out")" "True True" "$kind: JSON, a line each, in order"
	first_time=$(as "$who" "$RLC" events --filter event=stop --format '{{.Time}}')
	is "$(as "$who" "$RLC" events --since "$first_time" --filter container="$id" --format '{{.Action}}' | head -n 1)" start \
		"$kind: --since"
	is "$(as "$who" "$RLC" events --until "$first_time" --filter container="$id" --format '{{.Action}}' | tail -n 1)" stop \
		"$kind: --until"
	rlc events --follow --since 1h --until 0s --filter event=stop --format '{{.Name}}'
	is "$status $out" "0 second" "$kind: who follows ends at --until"

	# The file is bounded, and who follows does not lose the thread
	python3 -c 'print("\n" * (1 << 20))' >>"$state/events"
	rlc run --name big --network none $bb true
	rlc run --name after --network none $bb true
	all_seen() { grep -q '^remove after' "$T/follow"; }
	ok "$kind: who follows goes on in the next file" wait_for 10 all_seen
	is "$(grep -c ' big$' "$T/follow") $(grep -c ' after$' "$T/follow")" "4 4" "$kind: without a loss"
	ok "$kind: the file was changed" test "$(stat -c %s "$state/events")" -lt 10000 -a -s "$state/events.1"
	like "$(told "$id")" '^create,start.*remove$' "$kind: what was told before is there still"
	kill "$follower"
	wait "$follower" 2>/dev/null

	# Many at once: no line is lost or torn
	many() { for i in 1 2 3 4 5 6 7 8; do as "$who" "$RLC" exec many echo "$1.$i" >/dev/null; done; }
	rlc run -d --name many --network none $bb sleep 1000
	for job in 1 2 3 4; do many $job & jobs[job]=$!; done
	wait "${jobs[@]}"
	is "$(as "$who" "$RLC" events --filter container=many --filter event=exec --format '{{.Detail}}' | sort -u | wc -l)" 32 \
		"$kind: many that write at once"
	rlc rm -fa

	# What a payload's command can contain does not reach the terminal, nor break a line
	rlc run -d --name odd --network none $bb sleep 1000
	rlc exec odd echo $'a\nb\033[31m"c'
	rlc events --filter container=odd --filter event=exec
	is "$(grep -c . <<<"$out")" 1 "$kind: a newline stays within its line"
	unlike "$out" $'\033' "$kind: and no escape comes through"
	rlc rm -f odd
	no_leftovers "$kind: nothing is left"
done

run as "$sub" "$RLC" events --filter color=red
refused "an unknown filter" "parse --filter 'color=red'"
run as "$sub" "$RLC" events --format '{{.Color}}'
refused "an unknown field" "column 3: there is no 'Color' here, but Time, Action"
run as "$sub" "$RLC" events --since yesterday
refused "a time that is none" "parse --since 'yesterday'"
done_testing

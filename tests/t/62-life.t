#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Detached containers: they go on without who started them, are found by name and id, told to end, waited
# for, removed. What becomes of those that are killed: 69-killed.t.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox python3
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox

# rlc WHO WORDS…: sets $status, $out, $err
rlc() {
	local who=$1

	shift
	run as "$who" "$RLC" "$@"
}

# json PATH: a value of the JSON in $out, as [0]["State"]["ExitCode"]
json() { /usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)$1)" <<<"$out"; }

field() { # WHO CONTAINER PATH
	rlc "$1" inspect "$2"
	json "[0]$3"
}

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}

	rlc "$who" run -d --name first --network none $bb sh -c 'echo out; echo err >&2; read -r line </dev/null; exec sleep 1000'
	is "$status $err" "0 " "$kind: run -d"
	first=$out
	like "$first" '^[0-9a-f]{64}$' "$kind: it prints the id"
	rlc "$who" ps -q
	is "$out" "${first:0:12}" "$kind: ps -q has it"
	rlc "$who" ps --format '{{.Names}} {{.State}} {{.Image}}'
	is "$out" "first running $bb" "$kind: ps --format picks fields"
	is "$(field "$who" first '["State"]["Status"]')" running "$kind: inspect by name"
	is "$(field "$who" "${first:0:6}" '["Id"]')" "$first" "$kind: inspect by the beginning of the id"
	rlc "$who" run -d --name first --network none $bb true
	refused "$kind: the same name again" "take the name 'first': container ${first:0:12} has it"
	rlc "$who" rm first
	refused "$kind: rm of one that runs" "remove container 'first': it is running"
	rlc "$who" rename first second
	is "$status$err" 0 "$kind: rename"
	rlc "$who" inspect first
	refused "$kind: the old name is gone" "find container 'first': none has this name"
	rlc "$who" stop -t5 second
	is "$status $out$err" "0 second" "$kind: stop"
	is "$(field "$who" second '["State"]["ExitCode"]')" 143 "$kind: it ended by SIGTERM"
	rlc "$who" stop second
	is "$status" 0 "$kind: stop of one that has ended"
	rlc "$who" kill second
	refused "$kind: kill of one that has ended" "not running"
	rlc "$who" ps -q
	is "$out" "" "$kind: ps does not list it"
	rlc "$who" ps -aq
	is "$out" "${first:0:12}" "$kind: ps -a does"
	rlc "$who" wait second
	is "$out" 143 "$kind: wait prints the code of one that has ended"
	rlc "$who" run -d --name second --network none $bb true
	refused "$kind: its name is taken until it is removed" "rm"
	rlc "$who" rm second
	is "$status $out" "0 second" "$kind: rm"
	no_leftovers "$kind: nothing is left"

	rlc "$who" run -d --rm --name brief $bb sh -c 'sleep 2; exit 7'
	rlc "$who" wait brief
	is "$out" 7 "$kind: wait for one that removes itself"
	no_leftovers "$kind: --rm leaves nothing"

	rlc "$who" run -d --name stubborn --stop-signal USR1 --network none $bb \
		sh -c 'trap "" TERM; trap "echo usr1" USR1; while :; do sleep 0.05; done'
	rlc "$who" stop --time 1 stubborn
	is "$(field "$who" stubborn '["State"]["ExitCode"]')" 137 "$kind: stop ends with SIGKILL"
	rlc "$who" logs stubborn
	is "$out" usr1 "$kind: after the signal of --stop-signal"
	rlc "$who" rm -fa
	no_leftovers "$kind: rm -fa leaves nothing"

	rlc "$who" run -d $bb nowhere
	is "$status $out" "127 " "$kind: a program that does not exist is told by run -d itself"
	like "$err" "^rlc: process: run 'nowhere'" "$kind: with the reason"
	rlc "$who" ps -aq
	is "$out" "" "$kind: and no container stays"

	for verb in stop kill; do
		rlc "$who" run -d --name all1 --network none $bb sleep 1000
		rlc "$who" run -d --name all2 --network none $bb sleep 1000
		rlc "$who" $verb -a all1
		refused "$kind: $verb -a with a name" "read arguments of $verb: they are CONTAINER..., or --all"
		rlc "$who" $verb
		refused "$kind: $verb without one" "read arguments of $verb: they are CONTAINER..., or --all"
		rlc "$who" $verb -a
		is "$status $err $(wc -l <<<"$out")" "0  2" "$kind: $verb -a"
		rlc "$who" wait all1 all2
		case $verb in
		stop) is "$out" 143$'\n'143 "$kind: both were told to end" ;;
		kill) is "$out" 137$'\n'137 "$kind: both were killed" ;;
		esac
		rlc "$who" $verb -a
		is "$status $out$err" "0 " "$kind: $verb -a passes over those that have ended"
		rlc "$who" rm -a
		is "$status $err $(wc -l <<<"$out")" "0  2" "$kind: rm -a"
	done
	no_leftovers "$kind: nothing is left"

	# A terminal, and standard input, for who attaches
	rlc "$who" run -d -i --name echoes --network none $bb cat
	run as "$who" sh -c 'printf "one\ntwo\n" | "$RLC" attach echoes'
	is "$status $out" "0 one"$'\n'"two" "$kind: attach carries both ways, and the code"
	rlc "$who" run -d -t --name terminal --network none $bb sh -c 'tty; stty size; sleep 1000'
	logs_have() { as "$who" "$RLC" logs "$1" | grep -q "$2"; }
	wait_for 10 logs_have terminal /dev/pts/0
	rlc "$who" logs terminal
	like "$out" '/dev/pts/0' "$kind: -t makes a terminal without a caller's"
	rlc "$who" rm -fa
	no_leftovers "$kind: nothing is left"

	# What the caller has open is not kept open: a pipe's reader sees its end
	run as "$who" sh -c '"$RLC" run -d $1 builtin:busybox sleep 1000 2>&1 | cat >/dev/null; echo end' - ""
	is "$status $out" "0 end" "$kind: the supervisor and the net process let go of the caller's streams"
	rlc "$who" rm -fa
	no_leftovers "$kind: nothing is left"
done

# A payload that is not root may open its standard output anew
rlc "$sub" run -d --name daemon -u 1:1 --network none $bb sh -c 'echo anew >/dev/stdout; echo too >/dev/stderr'
rlc "$sub" wait daemon
is "$out" 0 "an ordinary user inside opens /dev/stdout"
rlc "$sub" logs daemon
is "$out $err" "anew too" "and is heard"

rlc "$sub" ps -a --filter status=stopped --filter name=daem -q
like "$out" '^[0-9a-f]{12}$' "filters"
for part in '^daemon$' '^/daemon$' /daem 'mon$' aemo; do
	rlc "$sub" ps -aq --filter "name=$part"
	like "$out" '^[0-9a-f]{12}$' "a filter as docker's scripts write it, name=$part"
done
rlc "$sub" ps -aq --filter 'name=^aemon' --filter 'name=daemo$' --filter 'name=^daem$'
is "$status$out" 0 "ends are ends"
rlc "$sub" ps -aq --filter 'name=d.*n'
refused "a regular expression, which would match no name" "'d.\*n' is no name: part of a name"
rlc "$sub" ps --filter color=red
refused "an unknown filter" "parse --filter 'color=red'"
rlc "$sub" ps --format '{{.Color}}'
refused "an unknown field" "Color"
rlc "$sub" ps -a --format json
is "$(json '[0]["Names"]')" daemon "ps --format json"
rlc "$sub" rm -a
rlc "$sub" rm
refused "rm without names" "rm"

# A foreground container is seen by the others, and forgets itself
as_background "$sub" "$RLC" run --name fore --network none $bb sleep 1000
fore=$!
is_running() { as "$sub" "$RLC" ps --format '{{.Names}}' | grep -qx fore; }
wait_for 10 is_running
rlc "$sub" stop fore
wait $fore
is $? 143 "stop reaches one in the foreground"
rlc "$sub" ps -aq
is "$out" "" "and it is gone"

# Names are unique, however many ask at once
for _ in 1 2 3 4 5 6; do
	as "$sub" "$RLC" run -d --name race --network none $bb sleep 1000 >>"$T/race" 2>/dev/null &
done
for job in $(jobs -p); do wait "$job"; done
is "$(wc -l <"$T/race")" 1 "of six that ask for one name at once, one gets it"
rlc "$sub" rm -fa
no_leftovers "nothing is left"

# Who ends a container that somebody starts again at once waits for the end that he asked for
rlc "$sub" run -d --name racer --network none $bb sleep 1000
for _ in 1 2 3 4 5; do
	pids=()
	for _ in 1 2 3; do
		as_background "$sub" timeout 60 "$RLC" restart -t 0 racer >/dev/null 2>&1
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
		echo $?
	done
done >"$T/codes"
nok "three restarts at once: none of them waits for ever" grep -qx 124 "$T/codes"
rlc "$sub" rm -fa

# A name is never taken for the beginning of another one's id, though who has it has ended
rlc "$sub" run -d --network none $bb sleep 1000
begins=${out:0:4}
rlc "$sub" run -d --name "$begins" --network none $bb true
rlc "$sub" wait "$begins"
rlc "$sub" exec "$begins" true
refused "exec in one that has ended, whose name another one's id begins with" "find container '$begins': it has ended"
rlc "$sub" rm "$begins"
rlc "$sub" exec "$begins" true
is "$status" 0 "nobody has the name: it is the beginning of an id"
rlc "$sub" rm -fa

# As much as an exec takes of words, in letters of two bytes
run as "$sub" bash -c 'printf -v word "%060000d" 0; word=${word//0/ä}
	"$RLC" run -d --name wordy --network none builtin:busybox sh -c "exec sleep 1000" "$word" "$word" "$word"'
rlc "$sub" ps --format '{{.Names}}'
is "$out" wordy "a container with many words is listed"
rlc "$sub" stop -t 0 wordy
is "$status" 0 "stopped"
rlc "$sub" rm wordy
is "$status" 0 "and removed"

# The caller's directory can be removed, and his session may end
mkdir -m 0777 "$T/cwd"
run as "$sub" sh -c 'cd "$T/cwd" && "$RLC" run -d --cidfile id --name wanderer --network none builtin:busybox sleep 1000 && cat id && rm id'
ok "a relative --cidfile is the caller's" grep -qx "${out%%$'\n'*}" <<<"${out##*$'\n'}"
umount "$T/cwd" 2>/dev/null
ok "the caller's directory is let go" rmdir "$T/cwd"
supervisor=$(cut -d' ' -f1 "$T"/run-"$sub"/rlc/containers/*/supervisor)
is "$(readlink "/proc/$supervisor/cwd")" / "the supervisor stands in /"
is "$(ps -o sid= -p "$supervisor" | tr -d ' ')" "$supervisor" "and leads a session of its own"
is "$(ps -o tty= -p "$supervisor")" "?" "without a terminal"
rlc "$sub" rm -fa

rlc "$sub" ps -aq
is "$out" "" "no container stays"
no_leftovers "and nothing is left"
done_testing

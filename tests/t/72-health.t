#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Health checks: run inside by the supervisor, bounded in time and output, told in ps, inspect and events;
# none outlives its container, whoever is killed.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox python3
user_with_subids
leftovers_begin

bb=builtin:busybox
checks=(--network none --health-interval 100ms)

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	state=/run/rlc
	[ "$who" = root ] || state=$T/run-$who/rlc
	rlc() { run as "$who" "$RLC" "$@"; }
	show() { as "$who" "$RLC" inspect -f "$2" "$1"; }

	rlc run -d --name plain --network none $bb sleep 1000
	is "$(show plain '{{.State.Health.Status}} {{json .State.Health.Log}}')" "none []" "$kind: without a check there is no health"
	rlc healthcheck run plain
	refused "$kind: nor one to run" "it has no check"
	rlc rm -f plain

	rlc run -d --name well "${checks[@]}" --health-start-period 0s --health-timeout 0 --health-retries 2 --health-cmd 'echo "$HOSTNAME is asked"; echo no >&2; test -e /tmp/ok' \
		-e HOSTNAME=inside $bb sh -c 'sleep 1000'
	like "$(as "$who" "$RLC" ps --format '{{.Status}}')" '^Up .* \((starting|unhealthy)\)$' "$kind: ps shows it"
	rlc wait --condition unhealthy well
	is "$status $out$err" "0 " "$kind: it is unhealthy in the end"
	ok "$kind: after as many failures as were asked for" test "$(show well '{{.State.Health.FailingStreak}}')" -ge 2
	is "$(as "$who" "$RLC" ps --filter health=unhealthy --format '{{.Names}} {{.Health}}')" "well unhealthy" "$kind: ps --filter health="
	rlc exec well touch /tmp/ok
	rlc wait --condition healthy well
	is "$status" 0 "$kind: and healthy with the first success"
	is "$(show well '{{.State.Health.FailingStreak}}')" 0 "$kind: the count begins anew"
	is "$(as "$who" "$RLC" events --filter container=well --filter event=health_status --format '{{.Detail}}' | paste -sd,)" \
		"unhealthy,healthy" "$kind: events tell of each change, and of no check"
	is "$(as "$who" "$RLC" events --filter container=well --filter event=exec --format '{{.Detail}}')" "touch /tmp/ok" \
		"$kind: a check is no exec"
	rlc inspect well
	is "$(python3 -c 'import json, sys
health = json.load(sys.stdin)[0]["State"]["Health"]
last = health["Log"][-1]
print(last["ExitCode"], last["Output"].split("\n"), len(health["Log"]) <= 5, last["Start"] < last["End"])' <<<"$out")" \
		"0 ['inside is asked', 'no', ''] True True" "$kind: inspect has the last results, with what they wrote"
	rlc healthcheck run well
	is "$status $out $err" "0 inside is asked no" "$kind: by hand"
	rlc exec well rm /tmp/ok
	rlc healthcheck run well
	is "$status" 1 "$kind: with the code of the command"
	rlc stop -t 1 well
	is "$(show well '{{.State.Health.Status}} {{.State.Status}}')" "none stopped" "$kind: who has ended is not well nor unwell"
	rlc wait --condition healthy well
	refused "$kind: nor will be" "not running"
	rlc start well
	like "$(show well '{{.State.Health.Status}}')" '^(starting|unhealthy)$' "$kind: a new life is checked anew"
	rlc rm -f well
	no_leftovers "$kind: nothing is left"

	# One that takes too long, writes too much, or does not exist
	rlc run -d --name slow "${checks[@]}" --health-retries 1 --health-timeout 200ms --health-cmd 'sleep 777 & sleep 888' $bb sleep 1000
	rlc wait --condition unhealthy slow
	is "$(show slow '{{json .State.Health.Log}}' | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["ExitCode"])')" -1 \
		"$kind: one that takes too long is killed"
	stopped() { [ "$(as "$who" "$RLC" top slow | grep -c 'sleep [78]')" -le 2 ]; }
	ok "$kind: with all that it started" wait_for 5 stopped
	rlc rm -f slow
	rlc run -d --name loud "${checks[@]}" --health-cmd 'yes | head -c 1000000; printf "\0x\n"' $bb sleep 1000
	rlc wait --condition healthy loud
	is "$(show loud '{{json .State.Health.Log}}' | python3 -c 'import json, sys; print(len(json.load(sys.stdin)[0]["Output"]))')" 4096 \
		"$kind: of what it writes the beginning is kept"
	rlc rm -f loud
	rlc run -d --name absent "${checks[@]}" --health-retries 1 --health-cmd /nowhere $bb sleep 1000
	rlc wait --condition unhealthy absent
	like "$(show absent '{{json .State.Health.Log}}')" '"ExitCode":127,.*nowhere' "$kind: a command that does not exist is a failure"
	rlc rm -f absent

	# The start period
	rlc run -d --name slowstart --network none --health-interval 1h --health-start-period 1h --health-start-interval 50ms \
		--health-retries 1 --health-cmd 'echo x >>/tmp/n; [ "$(wc -l </tmp/n)" -ge 4 ]' $bb sleep 1000
	rlc wait --condition healthy slowstart
	is "$(as "$who" "$RLC" events --filter container=slowstart --filter event=health_status --format '{{.Detail}}')" healthy \
		"$kind: in the start period failures do not count"
	rlc rm -f slowstart

	rlc run --rm "${checks[@]}" --no-healthcheck --health-cmd false $bb true
	is "$status" 0 "$kind: --no-healthcheck"

	# Whoever is killed while a check runs, it does not stay
	checking() { as "$who" "$RLC" top busy 2>/dev/null | grep -q 'sleep 777'; }
	for victim in payload supervisor rm; do
		rlc run -d --name busy "${checks[@]}" --health-cmd 'sleep 777' $bb sleep 1000
		id=$out
		ok "$kind: a check runs" wait_for 10 checking
		supervisor=$(cut -d' ' -f1 "$state/containers/$id/supervisor")
		case $victim in
		payload) rlc kill busy ;;
		supervisor) kill -KILL "$supervisor" ;;
		esac
		[ $victim = rm ] || rlc wait busy
		rlc rm -f busy
		is "$status" 0 "$kind: $victim is killed"
		no_leftovers "$kind: the check, too"
	done

	# A condition that is never met, because the container ends, or its supervisor is killed
	for victim in payload supervisor; do
		rlc run -d --name never "${checks[@]}" --health-cmd false $bb sleep 1000
		id=$out
		supervisor=$(cut -d' ' -f1 "$state/containers/$id/supervisor")
		as_background "$who" "$RLC" wait --condition healthy never 2>"$T/waited"
		waiter=$!
		wait_for 5 grep -q . "$state/containers/$id/health"
		if [ $victim = payload ]; then rlc kill never; else kill -KILL "$supervisor"; fi
		wait $waiter
		is "$? $(grep -c 'it has ended\|not running' "$T/waited")" "125 1" "$kind: $victim dies: wait --condition ends"
		rlc rm -f never
	done
	no_leftovers "$kind: nothing is left"
done

run "$RLC" run --health-interval 5 $bb true
refused "a duration without a unit" "--health-interval '5': not a duration"
run "$RLC" run --health-retries 0 $bb true
refused "no retries" "--health-retries '0'"
run "$RLC" wait --condition sunny x
refused "an unknown condition" "parse --condition 'sunny'"
done_testing

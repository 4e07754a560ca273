#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 at random instants, under load: of the supervisor, the net process, init, or all of them; while a
# container is made, while it runs, and while a command is busy with it. No command hangs or lies, and
# nothing is left.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox
user_with_subids
leftovers_begin

RUN_TIMEOUT=240

# worker JOB COUNT: prints what went wrong. A command that takes longer than 30 seconds hangs.
cat >"$T/worker" <<'WORKER'
#!/bin/bash
exec 2>/dev/null # bash would announce each death
job=$1 count=$2
RANDOM=$((690 + job))
wrong() { echo "$job.$i ($victim, $busy): $*"; }
rlc() {
	timeout -k 1 30 "$RLC" "$@"
	local code=$?
	[ $code -lt 124 ] || [ $code -ge 125 ] && [ $code != 137 ] || wrong "rlc $1 hung"
	return $code
}
# The processes of a container, by its supervisor's pid
below() { pgrep -P "$1"; }
of_kind() { # init|net SUPERVISOR
	local pid kind

	for pid in $(below "$2"); do
		kind=net
		[ "$(awk '/^NSpid/ { print NF }' "/proc/$pid/status")" -gt 2 ] && kind=init
		[ $kind != "$1" ] || echo "$pid"
	done
}
pause() { sleep 0.0$((RANDOM % 90 + 10)); }

running() {
	busy=$(shuf -n 1 -e exec logs stop attach wait events --random-source=<(yes "$RANDOM"))
	victim=$(shuf -n 1 -e supervisor init net all --random-source=<(yes "$RANDOM"))
	id=$(rlc run -d --name "$name" builtin:busybox sh -c 'while :; do echo busy; done') || { wrong "no start"; return; }
	pid=$(cut -d' ' -f1 "$XDG_RUNTIME_DIR/rlc/containers/$id/supervisor")
	until [ -s "$XDG_RUNTIME_DIR/rlc/containers/$id/log.1" ]; do sleep 0.01; done
	case $busy in
	exec) rlc exec "$name" sleep 1000 ;;
	logs) rlc logs -f "$name" ;;
	stop) rlc stop -t 1 "$name" ;;
	attach) rlc attach "$name" ;;
	wait) rlc wait --condition unhealthy "$name" ;;
	events) rlc events -f --since 1h --until "$(date -u -d '+3 seconds' +%FT%TZ)" ;;
	esac >/dev/null &
	command=$!
	pause
	case $victim in
	supervisor) victims=$pid ;;
	all) victims="$(below "$pid") $pid" ;;
	*) victims=$(of_kind $victim "$pid") ;;
	esac
	kill -KILL $victims
	if [ $victim = net ]; then
		[ "$(rlc ps -aq --filter name="$name")" ] || wrong "the net process took it along"
		rlc kill "$name" >/dev/null
	fi
	code=$(rlc wait "$name")
	[[ $code = 137 || $busy = stop && $code = 143 ]] || wrong "wait: $code"
	[ "$(rlc ps -a --filter name="$name" --format '{{.State}} {{.ExitCode}}')" = "stopped $code" ] || wrong "ps"
	[ "$(rlc logs --tail 1 "$name")" = busy ] || wrong "logs"
	[ "$(rlc events --filter container="$id" --filter event=die --format '{{.ExitCode}}' | tail -n 1)" = "$code" ] || wrong "events"
	wait $command
	rlc rm "$name" >/dev/null || wrong "rm"
}

# At whatever instant of its start
starting() {
	busy=run victim=any
	"$RLC" run -d --name "$name" builtin:busybox sleep 1000 >/dev/null &
	started=$!
	sleep 0.00$((RANDOM % 9 + 1))
	mine=$(pgrep -g 0 -x rlc; pgrep -f "^$RLC run -d --name $name builtin")
	kill -KILL $(shuf -n 1 -e $mine --random-source=<(yes "$RANDOM"))
	wait $started
	rlc ps -a >/dev/null || wrong "ps"
	rlc rm -f "$name" >/dev/null
	[ -z "$(rlc ps -aq --filter name="$name")" ] || wrong "it stays"
}

for ((i = 0; i < count; i++)); do
	name=k$job-$i
	if [ $((i % 3)) = 2 ]; then starting; else running; fi
done
WORKER
chmod 0755 "$T/worker"

jobs=4 each=50
for ((job = 0; job < jobs; job++)); do
	as "$sub" "$T/worker" $job $each >"$T/wrong.$job" &
	workers[job]=$!
done
for worker in "${workers[@]}"; do
	wait "$worker" || fail "a worker ended with $?"
done
is "$(cat "$T"/wrong.*)" "" "kill -9, $((jobs * each)) times: no command hangs, and each tells the truth"
run as "$sub" "$RLC" rm -fa
is "$status" 0 "rm -fa"
is "$(as "$sub" "$RLC" ps -aq)" "" "no container stays"
no_leftovers "nothing is left"
done_testing

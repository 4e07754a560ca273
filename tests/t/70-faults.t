#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each step of both tables fails once: the message names it, the code is 125, nothing is left. And
# whoever is killed at whatever instant, nothing is left either.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox
user_with_subids
user_without_subids
leftovers_begin

faults=$(copy_program "$BUILD/tests/rlc-faults" rlc-faults)
make_rootfs "$T/rootfs-root"
make_rootfs "$T/rootfs-sub" "$sub"
make_rootfs "$T/rootfs-one" "$one"

RLC_FAULT=list run as "$sub" "$faults" run builtin:busybox true
is "$status" 0 "the steps can be listed"
mapfile -t rows <<<"$out"
ok "there are steps of the supervisor's" grep -q '^parent:' <<<"$out"
ok "and of init's" grep -q '^child:' <<<"$out"
ok "as many as it takes (${#rows[@]})" test ${#rows[@]} -ge 12
run as "$sub" "$faults" run builtin:busybox echo fine
is "$status $out" "0 fine" "without a fault it runs"

# try WHO ROW WORDS: run with a fault, on a terminal if -t is among the words; $out has both streams
try() {
	# shellcheck disable=SC2086 # words
	case $3 in
	*' -t '*) RLC_FAULT=$2 run as "$1" script -qec "$faults run $3" /dev/null ;;
	*) RLC_FAULT=$2 run as "$1" "$faults" run $3 ;;
	esac
	out=$(printf '%s%s' "$out" "$err" | tr -d '\r')
}

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	own=$T/rootfs-$kind
	before=$(fingerprint "$own")
	for root in "builtin:busybox" "--rootfs $own" "--rootfs $own:O"; do
		for more in "--network slirp" "--network none -t"; do
			bad=
			walked=0
			for row in "${rows[@]}"; do
				try "$who" "$row" "$more $root echo ran"
				# a step that this container does not need does not run, and cannot fail
				if [ "$status" = 0 ] && [ "$out" = ran ]; then
					continue
				fi
				walked=$((walked + 1))
				if [ "$status" != 125 ] || ! [[ $out =~ ^rlc:\ ${row#*:}:\ inject\ a\ fault\ in\ \'$row\' ]] ||
					[ "$(wc -l <<<"$out")" != 1 ]; then
					bad+="$row: status $status, '$out'"$'\n'
				fi
			done
			is "$bad" "" "$kind, $root, $more: each step's failure is named, once"
			ok "$kind, $root, $more: $walked of ${#rows[@]} steps failed in turn" \
				test $walked -ge $((${#rows[@]} * 2 / 3))
			no_leftovers "$kind, $root, $more: nothing is left"
		done
	done
	is "$(fingerprint "$own")" "$before" "$kind: the rootfs is as before"
done

# ----------------------------------------------------------------------------- killed at any instant

# bash would announce each death; what matters comes by way of TAP
exec 2>/dev/null

RANDOM=20 # the same instants each time, as far as the machine allows
random_sleep() { sleep "0.0$((RANDOM % 90 + 10))"; }

# The processes below rlc that are in the container (PID 1 of a namespace), or not (the net process)
below() { # init|net PID
	local pid

	for pid in $(pgrep -P "$2"); do
		if [ "$(awk '/^NSpid/ { print NF }' "/proc/$pid/status" 2>/dev/null)" -gt 2 ] 2>/dev/null; then
			[ "$1" = init ] && echo "$pid"
		else
			[ "$1" = net ] && echo "$pid"
		fi
	done
}

for victim in supervisor init net; do
	hung=0
	for ((i = 0; i < 70; i++)); do
		who=$sub
		[ $((i % 5)) -ne 0 ] || who=root
		as_background "$who" "$RLC" run --network slirp builtin:busybox sleep 30 >"$T/killed" 2>&1
		rlc_pid=$!
		random_sleep
		case $victim in
		supervisor) target=$rlc_pid ;;
		*) target=$(below $victim $rlc_pid | head -n 1) ;;
		esac
		if [ -n "$target" ]; then
			kill -KILL "$target" 2>/dev/null
		else
			kill -KILL $rlc_pid 2>/dev/null # not that far yet
		fi
		# the death of the net process is no end of the container
		[ $victim != net ] || { sleep 0.02 && kill -TERM $rlc_pid 2>/dev/null; }
		for ((tries = 0; tries < 200; tries++)); do
			kill -0 $rlc_pid 2>/dev/null || break
			sleep 0.02
		done
		if kill -0 $rlc_pid 2>/dev/null; then
			hung=$((hung + 1))
			kill -KILL $rlc_pid
		fi
		wait $rlc_pid 2>/dev/null
	done
	is $hung 0 "kill -9 of the $victim, 70 times: rlc never hangs"
	for who in root "$sub"; do
		run as "$who" "$RLC" run --network none builtin:busybox true
		is "$status $err" "0 " "${who%-*}: the next run works"
	done
	no_leftovers "kill -9 of the $victim: nothing is left after it"
done

# The container says so if its network dies
as_background "$sub" "$RLC" run --network slirp builtin:busybox sh -c 'echo up; sleep 1; exit 8' >"$T/out" 2>"$T/err"
rlc_pid=$!
wait_for 10 grep -q up "$T/out"
kill -KILL "$(below net $rlc_pid | head -n 1)"
wait $rlc_pid 2>/dev/null
is $? 8 "the payload goes on without the net process"
like "$(cat "$T/err")" '^rlc: .*net' "and rlc says that the network is gone"
no_leftovers "and nothing is left"

done_testing

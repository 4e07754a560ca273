#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each step of both tables fails once: the message names it, the code is 125, nothing is left. And
# whoever is killed at whatever instant, nothing is left either.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns subids tun busybox setcap
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

# Each way to have ids: root's own, root's range, a user's by shadow's newuidmap and by the shim, one id alone
mkdir -p "$T/bin/helpers/newuidmap-shim"
cp "$BUILD"/helpers/newuidmap-shim/new?idmap "$T/bin/helpers/newuidmap-shim"
chmod 0755 "$T"/bin/helpers/newuidmap-shim/*
setcap cap_setuid+ep "$T/bin/helpers/newuidmap-shim/newuidmap"
setcap cap_setgid+ep "$T/bin/helpers/newuidmap-shim/newgidmap"
mode() { # NAME: sets $who, $own and $ids, and hides shadow's programs where the shim is to be taken
	local program

	ids=
	case $1 in
	root | userns) who=root own=$T/rootfs-root ;;
	sub | shim) who=$sub own=$T/rootfs-sub ;;
	one) who=$one own=$T/rootfs-one ;;
	esac
	[ "$1" != userns ] || ids="--uidmap 0:2000000:65536 --gidmap 0:2000000:65536"
	for program in newuidmap newgidmap; do
		while umount "/usr/bin/$program" 2>/dev/null; do :; done
		[ "$1" != shim ] || hide "/usr/bin/$program"
	done
}

# What is to be seen of a mode: the first id of its range on the host, and who wrote the map
first=$(sed -n "s/^$sub:\([0-9]*\):.*/\1/p" /etc/subuid)
for kind in root userns sub shim one; do
	mode $kind
	# shellcheck disable=SC2086 # words
	run as "$who" "$faults" --log-level debug run $ids --network none builtin:busybox cat /proc/self/uid_map
	out="$(xargs <<<"$out") $(grep -o 'idmap: tier [0-9]' <<<"$err")"
	case $kind in
	root) is "$out" "0 0 4294967295 " "root: the host's ids" ;;
	userns) like "$out" "^0 2000000 65536 " "userns: a range of ids" ;;
	sub) is "$out" "0 $(id -u "$sub") 1 1 $first 65536 idmap: tier 1" "sub: shadow's newuidmap" ;;
	shim) is "$out" "0 $(id -u "$sub") 1 1 $first 65536 idmap: tier 2" "shim: the shim's" ;;
	one) like "$out" "^0 $(id -u "$one") 1 " "one: one id" ;;
	esac
done

for kind in root userns sub shim one; do
	mode $kind
	before=$(fingerprint "$own")
	# Where ids come from has no part in what a terminal is, nor those of a directory without an overlay
	case $kind in
	userns | shim) walks=("$ids --network slirp builtin:busybox" "$ids --network slirp --rootfs $own:O") ;;
	*) walks=("--network slirp builtin:busybox" "--network slirp --rootfs $own" "--network slirp --rootfs $own:O"
		"--network none -t --rootfs $own:O") ;;
	esac
	for words in "${walks[@]}"; do
		bad=
		walked=0
		for row in "${rows[@]}"; do
			try "$who" "$row" "$words echo ran"
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
		is "$bad" "" "$kind, $words: each step's failure is named, once"
		ok "$kind, $words: $walked of ${#rows[@]} steps failed in turn" \
			test $walked -ge $((${#rows[@]} * 2 / 3))
		mode sub # what it hides is no container's
		no_leftovers "$kind, $words: nothing is left"
		mode $kind
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
		kinds=(root userns sub shim one)
		mode "${kinds[i % 5]}"
		# shellcheck disable=SC2086 # words
		as_background "$who" "$RLC" run $ids --network slirp builtin:busybox sleep 30 >"$T/killed" 2>&1
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
	for who in root "$sub" "$one"; do
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

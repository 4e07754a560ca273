#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Logs of detached containers: both streams, whole and in order, with times; rotated by size; followed until
# the end; nothing lost or torn, however fast.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
leftovers_begin

bb=builtin:busybox
rlc() { run as "$sub" "$RLC" "$@"; }
finished() { # NAME OPTIONS… -- COMMAND…: run it and wait for its end
	as "$sub" "$RLC" run -d --network none --name "$@" >/dev/null && as "$sub" "$RLC" wait "$1" >/dev/null
}

finished both $bb sh -c 'echo one; echo two >&2; printf thr; sleep 0.1; printf "ee\n"; printf "no newline"'
rlc logs both
is "$out" "one"$'\n'"three"$'\n'"no newline" "standard output is standard output"
is "$err" two "standard error is standard error"
rlc logs -t both
like "$out" '^20[0-9-]+T[0-9:]+\.[0-9]{9}Z one' "-t puts the time in front"
is "$(grep -c Z <<<"$out")" 3 "of each line once"
finished lines $bb printf 'one\ntwo\nno newline'
for tail in '0 ' '1 no newline' $'2 two\nno newline' $'9 one\ntwo\nno newline'; do
	rlc logs --tail "${tail%% *}" lines
	is "$out" "${tail#* }" "--tail ${tail%% *} counts lines, the last one too"
done
rlc logs --since 1h both
is "$(head -n1 <<<"$out")" one "--since a while ago"
rlc logs --since 1000000000d both
is "$(head -n1 <<<"$out")" one "--since before there was time"
rlc logs --since 2100-01-01T00:00:00Z both
is "$out$err" "" "--since a time to come"
rlc logs --until 10m both
is "$out$err" "" "--until a time before"
rlc logs --since yesterday both
refused "--since nonsense" "parse --since 'yesterday'"
rlc logs --tail many both
refused "--tail nonsense" "parse --tail 'many'"
rlc logs nobody
refused "logs of nobody" "find container 'nobody'"

finished silent --log-driver none $bb echo unheard
rlc logs silent
refused "--log-driver none" "it keeps none"
finished binary $bb sh -c 'printf "a\\0b\\377c\\n\\033[1mx\\r\\n"'
as "$sub" "$RLC" logs binary >"$T/binary"
is "$(od -An -tx1 <"$T/binary" | tr -d ' \n')" 610062ff630a1b5b316d780d0a "bytes of any kind come back"
rlc rm -a

# Rotation: the last files are kept, whole lines in each
finished turned --log-opt max-size=10k --log-opt max-file=2 $bb sh -c 'i=0; while [ $i -lt 3000 ]; do echo "line number $i"; i=$((i+1)); done'
directory=$(echo "$T/run-$sub/rlc/containers/"*/)
is "$(find "$directory" -name 'log.*' | wc -l)" 2 "max-file files are kept"
is "$(find "$directory" -name 'log.*' -size +20b)" "" "none is larger than max-size"
rlc logs turned
is "$(tail -n 1 <<<"$out")" "line number 2999" "the last line is there"
is "$(grep -cvE '^line number [0-9]+$' <<<"$out")" 0 "and all that are there are whole"
rlc logs --tail 3 turned
is "$out" "line number 2997"$'\n'"line number 2998"$'\n'"line number 2999" "--tail over files"
rlc rm -a
no_leftovers "rm takes the logs along"

# Follow: from the beginning to the end, over rotations, and nothing else
seq -f '%0100.0f' 1 400000 >"$T/big"
chmod 0644 "$T/big"
as "$sub" "$RLC" run -d --name fast -v "$T/big:/big:ro" --network none --log-opt max-size=4m --log-opt max-file=100 \
	$bb sh -c 'sleep 0.2; cat /big; cat /big >&2' >/dev/null
begin=$(date +%s%N)
as "$sub" "$RLC" logs -f fast >"$T/followed" 2>"$T/followed-err"
is $? 0 "logs -f ends with the container"
took=$((($(date +%s%N) - begin) / 1000000))
note "80 MB followed in $took ms"
ok "followed: standard output is whole" cmp "$T/big" "$T/followed"
ok "followed: standard error, too" cmp "$T/big" "$T/followed-err"
as "$sub" "$RLC" logs fast >"$T/read" 2>"$T/read-err"
ok "read afterwards: whole" cmp "$T/big" "$T/read"
ok "both streams" cmp "$T/big" "$T/read-err"
rlc rm -a

# A reader that stops does not stop the payload
as "$sub" "$RLC" run -d --name free -v "$T/big:/big:ro" --network none $bb sh -c 'cat /big; cat /big' >/dev/null
as_background "$sub" "$RLC" logs -f free >"$T/stopped"
reader=$!
kill -STOP $reader
as_background "$sub" "$RLC" attach --no-stdin free >"$T/stopped2"
attached=$!
kill -STOP $attached
rlc wait free
is "$out" 0 "readers that stand still do not hold it up"
kill -CONT $reader $attached
kill $reader $attached
wait $reader $attached

# A log -f whose reader is gone ends
as "$sub" "$RLC" run -d --name chatty --network none $bb sh -c 'while :; do echo x; sleep 0.01; done' >/dev/null
run as "$sub" sh -c '"$RLC" logs -f chatty | head -n 3'
is "$status $(wc -l <<<"$out")" "0 3" "logs -f into head ends"
as "$sub" "$RLC" run -d --name mute --network none $bb sleep 1000 >/dev/null
run as "$sub" sh -c '"$RLC" logs -f mute | true'
is "$status" 0 "also where nothing more is written"
rlc rm -fa
no_leftovers "nothing is left"

# A full disk costs records, not the container
if [ -n "${RLC_TEST_MOUNTNS:-}" ]; then
	mkdir "$T/small" && mount -t tmpfs -o size=256k,mode=0700,uid="$(id -u "$sub")" small "$T/small"
	run as "$sub" RLC_ROOT="$T/small" RLC_STORE="$T/small" "$RLC" run -d --name full -v "$T/big:/big:ro" --network none $bb sh -c 'cat /big; exit 5'
	is "$status" 0 "a log on a small disk"
	run as "$sub" RLC_ROOT="$T/small" RLC_STORE="$T/small" "$RLC" wait full
	is "$out" 5 "the payload goes on to its end"
	run as "$sub" RLC_ROOT="$T/small" RLC_STORE="$T/small" "$RLC" logs full
	ok "what was kept is whole, but for what stands around the gap" \
		test "$(grep -cvE '^[0-9]{100}$' <<<"$out")" -le 2
	run as "$sub" RLC_ROOT="$T/small" RLC_STORE="$T/small" "$RLC" rm -f full
	is "$status" 0 "and it can be removed"
	umount "$T/small"
fi
no_leftovers "nothing is left"
done_testing

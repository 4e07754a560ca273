#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers that are started again: by policy while the supervisor lives, and by hand; what they had of the
# host goes back in between, and whoever is told to end stays ended.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox
user_with_subids
leftovers_begin

bb=builtin:busybox

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	state=/run/rlc
	[ "$who" = root ] || state=$T/run-$who/rlc
	rlc() { run as "$who" "$RLC" "$@"; }
	show() { as "$who" "$RLC" ps -a --filter name="$1" --format "$2"; }
	restarts() { as "$who" "$RLC" inspect "$1" | grep -o '"RestartCount":[0-9]*' | cut -d: -f2; }
	at_least() { [ "$(restarts "$1")" -ge "$2" ]; }
	net=slirp
	[ "$who" = root ] && net=none

	mkdir -p "$T/count-$kind" && chmod 0777 "$T/count-$kind"
	rlc run -d --name failing --network $net --restart on-failure:2 $bb sh -c 'echo life; exit 4'
	rlc wait failing
	is "$out" 4 "$kind: wait returns at the end of the last life"
	is "$(restarts failing)" 2 "$kind: on-failure:2 means two more"
	rlc logs failing
	is "$out" life$'\n'life$'\n'life "$kind: each life is in the log"
	rlc start failing
	rlc wait failing
	rlc logs failing
	is "$(wc -l <<<"$out") $(restarts failing)" "6 2" "$kind: started by hand, it has two more again"
	rlc run -d --name fine --network $net --restart on-failure $bb true
	rlc wait fine
	is "$out $(restarts fine)" "0 0" "$kind: on-failure lets a success be"

	rlc run -d --name third --network $net --restart on-failure -v "$T/count-$kind:/count" $bb \
		sh -c 'echo x >>/count/lives; [ "$(wc -l </count/lives)" -ge 3 ] && exit 0; exit 1'
	rlc wait third
	is "$out $(restarts third)" "0 2" "$kind: on-failure ends with the first success"
	rm -f "$T/count-$kind/lives"

	rlc run -d --name always --network $net -p 127.0.0.1:0:80 --restart always $bb sh -c 'sleep 0.05; exit 0'
	[ $net = slirp ] || { rlc rm -f always && rlc run -d --name always --network $net --restart always $bb sh -c 'sleep 0.05'; }
	ok "$kind: always starts it again, and again" wait_for 20 at_least always 3
	rlc stop always
	is "$status" 0 "$kind: stop between two lives, or in one"
	like "$(show always '{{.State}}')" stopped "$kind: and it stays so"
	now=$(restarts always)
	sleep 0.5
	is "$(restarts always)" "$now" "$kind: it is not started again"

	rlc run -d --name killed --network $net --restart always $bb sleep 1000
	rlc kill killed
	rlc wait killed
	is "$out" 137 "$kind: kill means it, too"
	rlc run -d --name inner --network $net --restart always $bb sh -c 'sleep 0.2; kill -9 $$'
	ok "$kind: a payload that is killed inside is started again" wait_for 20 at_least inner 1
	supervisor=
	is_there() { supervisor=$(cut -d' ' -f1 "$state/containers/$(as "$who" "$RLC" ps -a --no-trunc -q --filter name=inner)/supervisor"); }
	wait_for 5 is_there # for a moment between two lives it is not
	kill -TERM "$supervisor"
	rlc wait inner
	is "$(show inner '{{.State}}')" stopped "$kind: SIGTERM to the supervisor ends it for good"
	rlc rm -fa
	no_leftovers "$kind: nothing is left"

	# A program that is gone at the second start
	mkdir -p "$T/bin-$kind"
	cp "$(command -v busybox)" "$T/bin-$kind/sleep"
	chmod -R a+rX "$T/bin-$kind"
	rlc run -d --name vanish --network $net --restart always -v "$T/bin-$kind:/x:ro" $bb /x/sleep 0.3
	rm "$T/bin-$kind/sleep"
	rlc wait vanish
	is "$out" 127 "$kind: what cannot be started again has ended"
	rlc inspect vanish
	like "$out" '"Verdict":"process: run ./x/sleep' "$kind: and its verdict says why"
	rlc rm -a

	# By hand
	rlc run -d --name again --network $net $bb sh -c 'echo hello; exec sleep 1000'
	id=$out
	rlc start again
	refused "$kind: start of one that runs" "is running"
	rlc restart -t 1 again
	is "$status $out" "0 again" "$kind: restart"
	is "$(show again '{{.State}} {{.ID}}')" "running ${id:0:12}" "$kind: it has the same id"
	rlc rename again other
	rlc stop other
	rlc start other
	is "$status $out$err" "0 other" "$kind: start of one that has ended, under its new name"
	said() { [ "$(as "$who" "$RLC" logs other | wc -l)" = 3 ]; }
	wait_for 10 said
	rlc logs other
	is "$out" hello$'\n'hello$'\n'hello "$kind: the log goes on"
	rlc exec other echo inside
	is "$out" inside "$kind: exec enters it"
	rlc rm -f other
	no_leftovers "$kind: nothing is left"

	# Relative paths are those of who ran it
	mkdir -p "$T/here-$kind/data" && echo found >"$T/here-$kind/data/file" && chmod -R a+rX "$T/here-$kind"
	run as "$who" sh -c 'cd "$1" && "$RLC" run -d --name relative --network none -v ./data:/data:ro builtin:busybox cat /data/file' - "$T/here-$kind"
	rlc wait relative
	rlc start relative
	rlc wait relative
	rlc logs relative
	is "$out" found$'\n'found "$kind: relative paths go by the directory of the first start"
	rlc rm relative

	rlc run -d --rm --name brief --network none $bb sleep 1000
	rlc restart brief
	refused "$kind: restart of one that is not kept" "--rm"
	rlc rm -f brief
	rlc run -d --rm --restart always $bb true
	refused "$kind: --rm and --restart" "--restart: it contradicts --rm"
done

# The supervisor is killed: nothing starts again, and the record says so
who=$sub
rlc run -d --name victim --restart always $bb sleep 1000
kill -KILL "$(cut -d' ' -f1 "$T/run-$sub"/rlc/containers/*/supervisor)"
rlc wait victim
is "$out" 137 "the supervisor is killed"
rlc inspect victim
like "$out" '"Verdict":"its supervisor was killed' "the verdict says so"
rlc start victim
is "$status" 0 "it can be started again"
rlc rm -fa
no_leftovers "nothing is left"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A container that is kept has its record and all that it wrote on a disk: they survive its end, its
# supervisor's and the machine's, and rlc rm takes them away, whoever owns them.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc rlc_image userns subids busybox
user_with_subids
bb=builtin:busybox

umask 022
make_rootfs "$T/layers/base"
mkdir -p "$T/layers/base/old/deep" && echo original >"$T/layers/base/old/deep/file"
"$LIB/make-image.py" "$T/oci" --name app "$T/layers/base" \
	--config '{"Cmd": ["sh", "-c", "echo life >>/lives; cat /lives"]}' >/dev/null
leftovers_begin

# The machine goes down: no process is left, and no memory
reboot_machine() { # USER
	local pid

	while read -r pid; do
		kill -KILL "$pid"
	done < <(pgrep -u "$1" -f "^$T/bin/rlc.* run " | grep -vx $$) # not those of tests beside this one
	wait_for 10 no_supervisor "$1"
	if [ "$1" = root ]; then
		find /run/rlc -mindepth 1 -delete
	else
		find "$T/run-$1" -mindepth 1 -delete
	fi
}
no_supervisor() { ! pgrep -u "$1" -f "^$T/bin/rlc run" >/dev/null; }

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	rlc() { run as "$who" "$RLC" "$@"; }
	kept() { find "$T/store-$who/kept" -mindepth 1 -maxdepth 1; }

	rlc pull "oci:$T/oci:app"
	rlc tag "$out" app

	# lives
	rlc run -d --name lives --network none app
	rlc wait lives
	rlc start lives && rlc wait lives
	rlc logs lives
	is "$out" life$'\n'life$'\n'life "$kind: what it wrote is there in its next life"
	rlc restart lives && rlc wait lives
	is "$(as "$who" "$RLC" logs --tail 3 lives)" life$'\n'life$'\n'life "$kind: and after restart"

	# its image is in another store than the usual one
	install -d -m 0700 -o "$who" "$T/other"
	run as "$who" RLC_STORE="$T/other" "$RLC" pull "oci:$T/oci:app"
	rlc run -d --store "$T/other" --name other --network none "$out"
	rlc wait other
	rlc start other
	is "$status" 0 "$kind: it starts again without being told of its store"
	rlc wait other
	rlc logs other
	is "$out" life$'\n'life$'\n'life "$kind: with all that it wrote"
	rlc rm other
	rm -rf "$T/other"

	# replaced, renamed, given away
	rlc run -d --name changes --network none --entrypoint sh app -c '
		if [ -e /older ]; then
			cat /old/deep/file /older; stat -c "%u:%g %a" /given; [ ! -e /etc/passwd ]
		else
			rm -r /old && mkdir -p /old/deep && echo new >/old/deep/file && echo older >/older &&
			rm /etc/passwd && echo x >/given && chown 33:44 /given && chmod 4000 /given
		fi'
	rlc wait changes
	is "$out" 0 "$kind: a container changes its files"
	rlc start changes && rlc wait changes
	is "$out" 0 "$kind: what it removed stays away"
	rlc logs changes
	is "$out" "new"$'\n'"older"$'\n'"33:44 4000" "$kind: what it replaced, and whose it is, stays"

	# no image, no overlay of the layers: the built-in one
	rlc run -d --name built --network none --sysctl kernel.msgmax=4096 $bb sh -c 'echo x >>/x; wc -l </x; rm -f /etc/shells; ls /etc
		cat /proc/sys/kernel/msgmax'
	rlc wait built
	rlc start built && rlc wait built
	rlc logs built
	is "$(grep -x '[0-9]' <<<"$out" | paste -sd,)" 1,2 "$kind: so it is with the built-in image"
	is "$(grep -c 4096 <<<"$out")" 2 "$kind: and with its kernel parameters"
	unlike "$(sed 1,/profile/d <<<"$out")" shells "$kind: where what was removed stays away too"

	# in the foreground
	rlc run --rm=false --name front --network none $bb sh -c 'echo x >>/x; wc -l </x'
	is "$status $out" "0 1" "$kind: --rm=false in the foreground"
	rlc ps -a --format '{{.Names}} {{.State}}' -f name=front
	is "$out" "front stopped" "$kind: keeps the container"
	rlc logs front
	refused "$kind: the log of one in the foreground" 'its output went to who ran it'
	rlc start front && rlc wait front
	rlc logs front
	is "$out" 2 "$kind: started again it is detached, and finds what it wrote"

	# another name, then the machine goes down
	rlc rename front behind
	rlc run -d --name running --network none $bb sh -c 'echo up >>/up; sleep 1000'
	ok "$kind: one runs" wait_for 10 test -s "$(kept | tail -1)/status"
	reboot_machine "$who"
	rlc ps -a --format '{{.Names}} {{.State}}'
	is "$(sort <<<"$out" | paste -sd,)" \
		"behind stopped,built stopped,changes stopped,lives stopped,running stopped" \
		"$kind: after the machine went down all are known by their names, and none runs"
	is "$(as "$who" "$RLC" inspect running | sed -n 's/.*"ExitCode": *\([0-9]*\).*/\1/p')" 137 \
		"$kind: the one that ran was killed"
	is "$(as "$who" "$RLC" logs lives | grep -c life)" 6 "$kind: logs are there"
	rlc start running
	is "$status" 0 "$kind: what ran can be started again"
	rlc exec running cat /up
	like "$out" '^up' "$kind: with what it had written"

	# its supervisor is killed
	kill -KILL "$(pgrep -u "$who" -f "^$T/bin/rlc start" | head -1)"
	wait_for 10 sh -c '! pgrep -f "^$1/bin/rlc start" >/dev/null' sh "$T"
	rlc ps -a --format '{{.State}}' -f name=running
	is "$out" stopped "$kind: a killed supervisor's container is kept"
	rlc start running
	is "$status" 0 "$kind: and starts again"

	# one that is thrown away is in memory
	before=$(kept)
	as_background "$who" "$RLC" run --network none app sh -c 'echo x >/x; exec sleep 1000'
	wait_for 10 sh -c '[ "$1" -gt 0 ]' sh "$(as "$who" "$RLC" ps -q | wc -l)"
	is "$(kept)" "$before" "$kind: a container that is not kept has nothing on the disk"
	rlc rm -fa
	is "$status" 0 "$kind: all are removed"
	is "$(kept)" "" "$kind: and all that they wrote"
done

# root's own range of ids: another one in the next life
rlc() { run as root "$RLC" "$@"; }
rlc run -d --name shifted --uidmap 0:2000000:65536 --network none app
rlc wait shifted
rlc inspect shifted
sed -i 's/2000000/3000000/g' "$T"/store-root/kept/*/config
rlc start shifted && rlc wait shifted
rlc logs shifted
is "$out" life$'\n'life$'\n'life "root with a range of ids: what it wrote is its own in the next range too"
is "$(find "$T"/store-root/kept/*/root/upper0/lives -printf '%U:%G')" 0:0 "on the disk are the ids inside"
rlc rm shifted
is "$status" 0 "and it is removed"

# A start that was cut short
rlc run -d --name whole --network none $bb true
rlc wait whole
ln -s "$T/store-root/kept/gone" /run/rlc/containers/gone
ln -s gone /run/rlc/names/ghost
rlc ps -aq
is "$(wc -w <<<"$out")" 1 "a link that leads nowhere is no container"
nok "and is taken away" test -L /run/rlc/containers/gone
nok "with its name" test -L /run/rlc/names/ghost
: >"$(find "$T"/store-root/kept/*/status)"
rlc ps -a --format '{{.Names}} {{.State}}'
is "$out" "whole stopped" "one whose status the disk lost is kept"
rlc rm whole

# XDG_RUNTIME_DIR goes while it runs, as at the end of a session: the disk has how it ended
session() { install -d -m 0700 -o "$sub" "$T/session"; }
in_session() { run as "$sub" XDG_RUNTIME_DIR="$T/session" "$RLC" "$@"; }
install -d -m 0755 "$T/go"
session
in_session run -d --name outlives --network none -v "$T/go:/go" $bb sh -c 'until [ -e /go/on ]; do sleep 0.05; done; exit 5'
rm -r "$T/session"
touch "$T/go/on"
wait_for 20 no_supervisor "$sub"
session
in_session inspect --format '{{.State.Verdict}}{{.State.Status}} {{.State.ExitCode}}' outlives
is "$out" "stopped 5" "a container whose state directory went has its exit code on record"
in_session start outlives
is "$status" 0 "starts again, as it gave back what it had"
in_session wait outlives
in_session rm outlives
is "$status" 0 "and is removed"

# A store that cannot be made
run as "$sub" RLC_STORE=/proc/none "$RLC" run -d --network none $bb true
refused "a container that cannot be kept" 'keep the container on disk' '/proc/none'
run as "$sub" RLC_STORE=/proc/none "$RLC" run -d --rm --network none $bb true
is "$status" 0 "with --rm it needs no disk"
no_leftovers "nothing is left"
done_testing

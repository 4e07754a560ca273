#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Volumes with a name and without: made, filled from the image, shared, in use, removed whatever ids wrote
# in them; and what hostile names, links and kills can do about them.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox python3
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox
rlc() { run as "$who" "$RLC" "$@"; }
net() { rlc run --network none "$@"; }
json() { /usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)$1)" <<<"$out"; }
mountpoint_of() { rlc volume inspect "$1" && json '[0]["Mountpoint"]'; }

umask 022
make_rootfs "$T/layers/base"
mkdir -p "$T/layers/base/data/sub"
echo image >"$T/layers/base/data/file"
ln "$T/layers/base/data/file" "$T/layers/base/data/sub/hard"
ln -s ../../../../../etc/passwd "$T/layers/base/data/link"
chown -R 1000:100 "$T/layers/base/data"
chmod 0750 "$T/layers/base/data"
chmod 04711 "$T/layers/base/data/sub/hard"
"$LIB/make-image.py" "$T/oci" --name app "$T/layers/base" --config \
	'{"Cmd": ["sh"], "Env": ["PATH=/bin"], "Volumes": {"/data": {}, "/../../empty": {}}}' >/dev/null

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}

	# -------------------------------------------------------------------------- the commands

	rlc volume create --label a=b --label c first
	is "$status $out" "0 first" "$kind: volume create"
	rlc volume create first
	refused "$kind: the same name again" "'first': there is one of this name"
	rlc volume create
	like "$out" '^[0-9a-f]{64}$' "$kind: without a name it gets one"
	nameless=$out
	rlc volume ls -q
	is "$out" "$(printf '%s\n' "$nameless" first | sort)" "$kind: ls -q"
	rlc volume ls --filter label=a=b --format json
	is "$(json '[0]["Name"]') $(json '[0]["Labels"]')" "first ['a=b', 'c']" "$kind: ls by label, as JSON"
	rlc volume ls -q --filter label=a=x --filter name=first
	is "$out" "" "$kind: all filters must fit"
	rlc volume ls --format '{{.Name}} {{.Mountpoint}}' --filter name=first
	like "$out" '^first /.*/volumes/first/_data$' "$kind: fields by their names"
	rlc volume ls -q --filter nonsense=1
	refused "$kind: a filter that does not exist" nonsense
	rlc volume rm "$nameless"
	is "$out" "$nameless" "$kind: rm"
	for name in .. . .hidden a/b ../x -x 'a b' "$(printf 'x%.0s' {1..300})" lock/../first; do
		rlc volume create -- "$name"
		refused "$kind: the name '${name:0:20}'" 'volume name'
		rlc volume rm -- "$name"
		refused "$kind: rm of '${name:0:20}'" 'volume name'
	done
	rlc volume rm lock
	isnt "$status" 0 "$kind: what is no volume is none"
	rlc volume rm nowhere
	refused "$kind: rm of one that does not exist" "find volume 'nowhere'"
	rlc volume rm -f nowhere
	is "$status" 0 "$kind: rm -f does not mind"
	rlc volume inspect nowhere
	refused "$kind: inspect of one that does not exist" nowhere

	# -------------------------------------------------------------------------- content

	net -v first:/v $bb sh -c 'echo one >/v/file; stat -c %u:%g:%a /v'
	is "$out" 0:0:755 "$kind: a new volume is root's"
	net -v first:/v:ro $bb sh -c 'cat /v/file; touch /v/x'
	is "$out $status" "one 1" "$kind: it keeps what was written; ro"
	net -v made:/v $bb touch /v/x
	rlc volume ls -q --filter name=made
	is "$out" made "$kind: -v makes the volume that is missing"
	net -v failed:/v $bb /nowhere
	is "$status" 127 "$kind: a container that cannot start"
	rlc volume ls -q --filter name=failed
	is "$out" "" "$kind: leaves no volume"
	net -v .hidden:/v $bb true
	refused "$kind: -v with a hostile name" "'\.hidden'"
	net --mount type=volume,src=first,dst=/v $bb cat /v/file
	is "$out" one "$kind: --mount type=volume"
	net --mount source=first,target=/v,readonly $bb touch /v/x
	is "$status" 1 "$kind: --mount, where volume is the default"

	rlc pull "oci:$T/oci:app"
	rlc tag "$out" app
	net -v copied:/data app sh -c 'cd /data; cat file sub/hard; readlink link; stat -c %a . sub/hard; stat -c %h file'
	is "$(paste -sd' ' <<<"$out")" "image image ../../../../../etc/passwd 750 4711 2" "$kind: a new volume has what the image has there: modes and links"
	net -v copied:/data app sh -c 'stat -c %u:%g /data /data/file; echo changed >/data/file; rm /data/link'
	[ "$kind" = one ] || is "$(sort -u <<<"$out")" 1000:100 "$kind: and owners"
	net -v copied:/data app sh -c 'cat /data/file; ls /data'
	is "$(paste -sd' ' <<<"$out")" "changed file sub" "$kind: it is copied once"
	net -v empty:/data:nocopy app ls /data
	is "$out$status" 0 "$kind: nocopy"
	net --mount type=volume,src=empty2,dst=/data,volume-nocopy app ls /data
	is "$out$status" 0 "$kind: volume-nocopy"
	rlc volume create byhand
	as "$who" touch "$(mountpoint_of byhand)/mine"
	net -v byhand:/data app ls /data
	is "$out" mine "$kind: nothing is copied over what is there already"
	net -v hosts:/etc app cat /etc/hosts
	like "$out" "of the image" "$kind: rlc's own /etc/hosts does not go into a volume"
	rlc run --network none -v copied:/data --mount type=volume,src=copied,dst=/s,volume-subpath=sub app ls /s
	is "$out" hard "$kind: a part of a volume"
	net -v copied:/data app ln -s / /data/evil
	net --mount type=volume,src=copied,dst=/s,volume-subpath=evil/sub app ls /s
	is "$out" hard "$kind: links in a volume stay in the volume"
	net --mount type=volume,src=copied,dst=/s,volume-subpath=nowhere app true
	refused "$kind: a part that does not exist" nowhere

	# a kill in the middle of the copy: it is begun again, and only then
	rlc volume create half
	half=$(dirname "$(mountpoint_of half)")
	as "$who" touch "$half/_data/half"
	as "$who" sh -c "echo copying >'$half/fresh'"
	net -v half:/data app ls /data
	like "$(paste -sd' ' <<<"$out")" '^file half link sub$' "$kind: what was half copied is completed"

	# -------------------------------------------------------------------------- in use

	rlc run -d --name user --network none -v first:/v $bb sleep 1000
	rlc volume rm first
	refused "$kind: rm of one in use" "container [0-9a-f]{12} \(user\)"
	rlc volume ls --filter dangling=false
	like "$out" "first .* user$" "$kind: ls says who uses it"
	rlc stop -t 0 user
	rlc volume rm first
	refused "$kind: rm of one that a stopped container refers to" '\(user\)'
	rlc volume prune --all --filter name=first
	unlike "$out" first "$kind: prune leaves it alone"
	rlc start user
	rlc exec user cat /v/file
	is "$out" one "$kind: and the container can be started again"
	rlc rm -f user
	rlc volume rm first
	is "$status" 0 "$kind: when the container is gone it can be removed"

	# -------------------------------------------------------------------------- anonymous

	rlc run -d --name anon --network none -v /extra app sh -c 'echo kept >/data/new; echo x >/extra/x; exec sleep 1000'
	rlc volume ls -q --filter dangling=false
	is "$(grep -cE '^[0-9a-f]{64}$' <<<"$out")" 3 "$kind: the volumes of the image, and -v without a name"
	rlc exec anon cat /data/file
	is "$out" image "$kind: filled from the image"
	wait_for 10 as "$who" "$RLC" exec anon test -e /extra/x
	rlc stop -t 0 anon
	rlc start anon
	rlc exec anon cat /data/new
	is "$out" kept "$kind: and kept when the container is started again"
	rlc run --network none --volumes-from anon $bb sh -c 'cat /data/file /data/new /extra/x; echo more >/data/more'
	is "$(paste -sd' ' <<<"$out")" "image kept x" "$kind: --volumes-from"
	rlc run --network none --volumes-from anon:ro -v byhand:/extra $bb sh -c 'cat /data/more; touch /data/x; ls /extra'
	is "$(paste -sd' ' <<<"$out")" "more mine" "$kind: read-only; what the container mounts itself wins"
	like "$err" 'Read-only' "$kind: :ro"
	rlc run -d --name borrower --network none --volumes-from anon $bb sleep 1000
	rlc rm -f -v anon
	rlc exec borrower cat /data/more
	is "$out" more "$kind: a volume lives as long as one container refers to it"
	rlc rm -f -v borrower
	rlc volume ls -q
	unlike "$out" '[0-9a-f]{64}' "$kind: rm -v removes anonymous volumes"
	rlc run -d --rm --name gone --network none -v /extra $bb true
	rlc wait gone
	wait_for 10 sh -c "! '$RLC' ps -aq | grep -q ."
	rlc volume ls -q
	unlike "$out" '[0-9a-f]{64}' "$kind: so does --rm"
	rlc run -d --name left --network none -v /extra $bb sleep 1000
	rlc rm -f left
	rlc volume prune
	like "$out" '^[0-9a-f]{64}$' "$kind: prune removes what rm left"
	rlc volume ls -q
	like "$out" copied "$kind: and nothing that has a name"
	rlc run -i --network none -v /extra $bb sh -c 'touch /extra/x; grep -c " /extra " /proc/mounts'
	is "$out" 1 "$kind: a throw-away container has a directory of its root instead"
	rlc volume ls -q
	unlike "$out" '[0-9a-f]{64}' "$kind: which leaves no volume"
	rlc run --network none --read-only -v /extra $bb touch /extra/x
	is "$status" 0 "$kind: writable in a read-only root"

	# -------------------------------------------------------------------------- removal

	if [ "$kind" != one ]; then
		net -v owned:/v $bb sh -c 'mkdir -p /v/deep/er; touch /v/deep/er/x; chown -R 1234:1234 /v; chmod 0700 /v /v/deep'
		rlc volume rm owned
		is "$status" 0 "$kind: a volume of another id's files can be removed"
	fi
	mkdir "$T/outside-$kind"
	touch "$T/outside-$kind/canary"
	rlc volume create swapped
	swapped=$(mountpoint_of swapped)
	as "$who" rmdir "$swapped"
	ln -s "$T/outside-$kind" "$swapped"
	net -v swapped:/v $bb touch /v/x
	isnt "$status" 0 "$kind: a link in place of the volume's directory is not followed"
	rlc volume rm swapped
	is "$(ls "$T/outside-$kind")" canary "$kind: neither by a mount nor by rm"
	as "$who" mkdir "$half/../.gone-left" "$half/../.new-left"
	rlc volume prune -a
	like "$(paste -sd' ' <<<"$out")" 'copied' "$kind: prune -a"
	rlc volume ls -q
	is "$out" "" "$kind: removes them all"
	is "$(as "$who" ls -A "$(dirname "$half")")" lock "$kind: and what a killed rlc left"

	# a supervisor that was killed
	rlc run -d --rm --network none --name victim -v named:/v -v /extra $bb sleep 1000
	victim=$(cat "$T"/run-"$who"/rlc/containers/*/supervisor 2>/dev/null | cut -d' ' -f1)
	[ -n "$victim" ] || victim=$(pgrep -f 'run -d --rm --network none --name victim' | head -n 1)
	kill -KILL "$victim"
	wait_for 10 _is_gone "$victim"
	rlc ps -a -q
	rlc volume ls -q
	is "$out" named "$kind: the next command removes the volumes of a container whose supervisor was killed"
	rlc volume rm named
	is "$status" 0 "$kind: and nobody uses the others any more"

	for image in $(as "$who" "$RLC" images -q); do rlc rmi -f "$image"; done
	rlc image prune
	no_leftovers "$kind: nothing is left"
done
done_testing

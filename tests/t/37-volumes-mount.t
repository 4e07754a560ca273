#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a mount can be told: propagation, owners (U, idmap, root's --userns=auto), parts of it, images, and
# what is filled from the image.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc rlc_image userns subids busybox
user_with_subids
leftovers_begin

bb=builtin:busybox
rlc() { run as "$who" "$RLC" "$@"; }
net() { rlc run --network none "$@"; }

umask 022
make_rootfs "$T/layers/base"
mkdir -p "$T/layers/base/data" "$T/layers/top/data"
echo image >"$T/layers/base/data/file"
echo top >"$T/layers/top/data/top"
"$LIB/make-image.py" "$T/oci" --name app "$T/layers/base" "$T/layers/top" --config '{"Cmd": ["sh"], "Env": ["PATH=/bin"]}' >/dev/null
"$LIB/make-image.py" "$T/oci" --name single "$T/layers/base" --config '{"Cmd": ["sh"], "Env": ["PATH=/bin"]}' >/dev/null

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	src=$T/src-$kind
	mkdir -p "$src/sub/deep" "$T/outside-$kind"
	echo canary >"$T/outside-$kind/file"
	echo content >"$src/file"
	ln -s "$T/outside-$kind/file" "$src/link"
	chown -hR "$who:" "$src" "$T/outside-$kind"

	# -------------------------------------------------------------------------- propagation

	for mode in private slave rslave shared; do
		rlc run -d --name p --network none -v "$src:/data:$mode" $bb sleep 1000
		mount -t tmpfs late "$src/sub"
		touch "$src/sub/late"
		rlc exec p ls /data/sub
		is "$out" "$([ $mode = private ] && echo deep || echo late)" "$kind: $mode: a mount that the host makes later"
		umount "$src/sub"
		rlc rm -f p
	done
	net --mount "type=bind,src=$src,dst=/data,bind-propagation=rslave" $bb sh -c 'grep " /data " /proc/self/mountinfo'
	like "$out" ' master:' "$kind: --mount bind-propagation"
	if [ "$kind" = root ]; then
		net --cap-add SYS_ADMIN -v "$src:/data:rshared" $bb mount -t tmpfs inner /data/sub
		ok "root: rshared: a mount that the container makes is the host's" grep -q " $src/sub " /proc/self/mountinfo
		umount "$src/sub"
		net --cap-add SYS_ADMIN -v "$src:/data:rslave" $bb mount -t tmpfs inner /data/sub
		nok "root: rslave: it is not" grep -q " $src/sub " /proc/self/mountinfo
	fi
	mount -t tmpfs below "$src/sub"
	touch "$src/sub/below"
	net --mount "type=bind,src=$src,dst=/data,bind-nonrecursive" $bb ls /data/sub
	is "$out" "$([ "$kind" = root ] && echo deep || echo below)" "$kind: bind-nonrecursive, as far as the kernel lets"
	umount "$src/sub"

	# -------------------------------------------------------------------------- owners

	net --user 1000:1000 -v "$src:/data:U" $bb sh -c 'stat -c %u:%g /data /data/file /data/sub/deep; echo x >>/data/file'
	is "$(sort -u <<<"$out") $status" "1000:1000 0" "$kind: U gives all to the user inside"
	is "$(stat -c %U "$T/outside-$kind/file")" "$who" "$kind: but nothing that a link leads to"
	net --mount "type=bind,src=$src,dst=/data,U=true" $bb stat -c %u:%g /data/file
	is "$out" 0:0 "$kind: and back, by --mount"
	net --user nobody --rootfs /:O -v vol:/data:U /bin/stat -c %U /data
	is "$out" nobody "$kind: a volume, to a user by his name"
	net -v /:/data:U $bb true
	refused "$kind: not the host's root" "'/'"
	net -v /tmp:/data:U $bb true
	refused "$kind: nor what lies directly in it" "'/tmp'"
	rlc volume rm vol

	# -------------------------------------------------------------------------- words

	net -v "$src:/data:z" -v "$src:/data2:Z" $bb cat /data/file
	is "$status" 0 "$kind: z and Z"
	net --mount "type=bind,src=$src,dst=/data,relabel=shared,noexec,nosymfollow" $bb sh -c 'grep " /data " /proc/self/mountinfo; cat /data/link'
	like "$out" 'noexec.*nosymfollow' "$kind: words of mount(8)"
	net --mount "type=bind,src=$src,dst=/data,subpath=sub" $bb ls /data
	is "$out" deep "$kind: subpath of a bind"
	ln -sfn / "$src/sub/evil"
	net --mount "type=bind,src=$src,dst=/data,subpath=sub/evil/sub" $bb ls /data
	is "$(paste -sd' ' <<<"$out")" "deep evil" "$kind: links in it stay within"
	rm "$src/sub/evil"
	ln -s "$src" "$T/way-$kind"
	net -v "$T/way-$kind:/data" $bb cat /data/file
	like "$out" content "$kind: a link to the source is resolved when the container is planned"

	# -------------------------------------------------------------------------- images

	for image in app single; do
		rlc pull "oci:$T/oci:$image"
		rlc tag "$out" "$image"
		net --mount "type=image,src=$image,dst=/img" $bb sh -c 'cat /img/data/file; touch /img/data/x'
		is "$out $status" "image 1" "$kind: $image: an image is mounted read-only"
		net --mount "type=image,src=$image,dst=/img,rw" $bb sh -c 'echo new >/img/data/file; cat /img/data/file; ls /img/data'
		like "$out" '^new' "$kind: $image: rw, over a throw-away overlay"
		net --mount "type=image,src=$image,dst=/img,image-subpath=data" $bb cat /img/file
		is "$out" image "$kind: $image: a part of it, which rw left as it was"
	done
	net --mount type=tmpfs,dst=/etc,tmpcopyup,tmpfs-size=1m app ls /etc
	isnt "$out" "" "$kind: tmpcopyup"
	net --mount type=tmpfs,dst=/etc,ro app touch /etc/x
	is "$status" 1 "$kind: a read-only tmpfs"
	net --mount type=image,src=app,dst=/img $bb ls /img/data
	is "$(paste -sd' ' <<<"$out")" "file top" "$kind: all layers"
	rlc run -d --name holder --network none --mount type=image,src=app,dst=/img $bb sleep 1000
	rlc stop -t 0 holder
	rlc start holder
	rlc exec holder cat /img/data/top
	is "$out" top "$kind: and again when the container is started again"
	rlc rm -f holder
	net --pull never --mount type=image,src=nowhere,dst=/img $bb true
	refused "$kind: an image that is not there" nowhere

	for image in $(as "$who" "$RLC" images -q); do rlc rmi -f "$image"; done
	rlc image prune
	no_leftovers "$kind: nothing is left"
done

# ------------------------------------------------------------------------------ idmap

who=$sub
net -v "$T/src-sub:/data:idmap" $bb true
refused "sub: idmap is for root" RLC-M01 ':U'
who=root
replace /etc/subuid $'containers:2000000:200000\n'
replace /etc/subgid $'containers:3000000:200000\n'
net -v "$T/src-root:/data:idmap" --userns=auto $bb sh -c 'stat -c %u /data/file; echo x >/data/made'
is "$out$status" 00 "root: idmap: the host's root is root inside"
is "$(stat -c %u "$T/src-root/made")" 0 "root: and what is written belongs to it"
net -v "$T/src-root:/data" --userns=auto $bb stat -c %u /data/file
is "$out" 65534 "root: without idmap it is a stranger"
for _ in 1 2; do
	net -v auto:/data --userns=auto $bb sh -c 'echo x >>/data/file; chown 7 /data/file; wc -l </data/file; stat -c %u /data/file'
done
is "$(paste -sd' ' <<<"$out")" "2 7" "root: a volume under --userns=auto, whatever range it has"
net -v auto:/data $bb stat -c %u /data/file
is "$out" 7 "root: and without"
net -v filled:/etc --userns=auto --rootfs "$T/layers/base" /bin/busybox sh -c 'stat -c %u /etc; ls /etc | wc -l'
is "$status" 0 "root: filled from the image under --userns=auto"
unlike "$out" '^65534' "root: with owners of the map"
for image in app single; do
	rlc pull "oci:$T/oci:$image"
	rlc tag "$out" "$image"
	net --userns=auto --mount "type=image,src=$image,dst=/img" $bb sh -c 'stat -c %u /img/data /img/data/file; touch /img/data/x'
	is "$(paste -sd' ' <<<"$out") $status" "0 0 1" "root: $image: an image's root is root inside under --userns=auto"
	net --userns=auto --mount "type=image,src=$image,dst=/img,rw" $bb sh -c 'echo new >/img/data/file; chown 7 /img/data/file; stat -c %u /img/data/file; cat /img/data/file'
	is "$(paste -sd' ' <<<"$out")" "7 new" "root: $image: rw, too"
	net --userns=auto --mount "type=image,src=$image,dst=/img,image-subpath=data" $bb sh -c 'stat -c %u /img/file; cat /img/file'
	is "$(paste -sd' ' <<<"$out")" "0 image" "root: $image: and a part of it, which nothing has changed"
done
mkdir "$T"/overlay{,-upper,-work}
mount -t overlay -o "lowerdir=$T/overlay,upperdir=$T/overlay-upper,workdir=$T/overlay-work" overlay "$T/overlay"
run as root RLC_STORE="$T/overlay/store" "$RLC" pull -q "oci:$T/oci:single"
run as root RLC_STORE="$T/overlay/store" "$RLC" run --network none --userns=auto --mount "type=image,src=$out,dst=/img" $bb true
refused "root: an image where owners cannot be shifted" "image for '/img'" RLC-R07 RLC_STORE=
umount "$T/overlay"
net --userns=auto -v auto:/data --mount type=image,src=app,dst=/img -v "$T/src-root:/last:idmap" $bb sh -c 'stat -c %u /data/file /img/data/top /last/file'
is "$(paste -sd' ' <<<"$out")" "7 0 0" "root: each of several gets its own"
rlc run -d --name other --network none --userns=auto $bb sleep 1000
for kind in pid network; do
	rlc run "--$kind" container:other --mount type=image,src=app,dst=/img $bb stat -c %u /img/data
	is "$out" 0 "root: $kind of a container with ids of its own, shared: those are not"
done
rlc rm -f other
for image in $(as root "$RLC" images -q); do rlc rmi -f "$image"; done
rlc image prune
rlc volume prune -a
is "$status" 0 "root: and removed"
restore /etc/subuid
restore /etc/subgid
no_leftovers "nothing is left"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The root of a container is the tree that podman makes of the same image: as root and as a user, each
# with the same map of ids. And podman loads what rlc saves and commits.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox python3 skopeo podman setfattr
user_with_subids
leftovers_begin

rlc() { run as "$who" "$RLC" "$@"; }

# ------------------------------------------------------------------------------ an image

# The walker runs in the container, with the host's /usr, so what it prints is what a payload sees.
# Times before 1970 and attributes without a value are not here: podman drops both.
layers=$T/layers
make_rootfs "$layers/0"
tree=$layers/0/tree
mkdir -p "$tree"/{owned/deep/er,gone/below,opaque/old,kept,"odd n\ame"} "$layers/0/usr"
ln -s usr/lib "$layers/0/lib"
ln -s usr/lib64 "$layers/0/lib64"
echo 1 | tee "$tree"/{plain,removed,replaced,kept/low,gone/below/x,opaque/old/x,owned/deep/er/y} >"$tree/changed"
ln "$tree/plain" "$tree/kept/hard"
ln "$tree/plain" "$tree/owned/hard too"
ln -s ../plain "$tree/kept/link"
ln -s /no/such/place "$tree/dangling"
ln -s kept "$tree/directory link"
mkfifo "$tree/pipe"
truncate -s 3M "$tree/sparse"
echo end >>"$tree/sparse"
echo umlaut >"$tree/nämé $(printf 'a%.0s' {1..150})"
for mode in 4755 2755 6711 1644 0000; do
	echo "$mode" >"$tree/mode-$mode"
	chmod "$mode" "$tree/mode-$mode"
done
mkdir -m 3770 "$tree/mode-directory"
chown -R 1000:100 "$tree/owned"
chown -h 33:44 "$tree/dangling" "$tree/pipe"
chown 65534:7 "$tree/mode-2755" && chmod 2755 "$tree/mode-2755"
echo attributes | tee "$tree/attributes" >"$tree/capable"
setfattr -n user.note -v hello "$tree/attributes"
setfattr -n user.directory -v yes "$tree/kept"
setfattr -n security.capability -v 0sAQAAAgAEAAAAAAAAAAAAAAAAAAA= "$tree/capable"
mkdir -p "$layers"/{1,2}/tree/opaque "$layers"/{1,2}/tree/kept "$layers/1/tree/again" "$layers/2/tree/gone"
touch "$layers"/1/tree/.wh.{removed,gone,replaced} "$layers/1/tree/opaque/.wh..wh..opq"
echo new | tee "$layers/1/tree/opaque/new" "$layers/1/tree/again/x" "$layers/1/tree/kept/middle" >"$layers/1/tree/changed"
chmod 0600 "$layers/1/tree/changed"
chmod 0711 "$layers/1/tree/kept"
mkdir "$layers/2/tree/replaced"
touch "$layers/2/tree/.wh.again" "$layers/2/tree/kept/.wh.low"
echo back | tee "$layers/2/tree/gone/y" "$layers/2/tree/replaced/z" >"$layers/2/tree/removed"
for layer in 0 1 2; do
	find "$layers/$layer" -exec touch -h -d "200$((layer + 1))-02-03 04:05:06.789012345" {} +
done
touch -d 1970-01-02 "$tree/plain"
# Archives with those attributes that Python's tar does not know
for layer in 0 1 2; do
	tar -C "$layers/$layer" --format=posix --xattrs --xattrs-include='*' --numeric-owner -cf "$T/$layer.tar" .
done
"$LIB/make-image.py" "$T/oci" --name app "$T"/{0,1,2}.tar --config '{"Cmd": ["true"], "Env": ["PATH=/bin"]}' >"$T/id"
id=$(cat "$T/id")
skopeo copy -q "oci:$T/oci:app" "oci-archive:$T/app.tar:localhost/app:latest"
chmod 0644 "$T/app.tar"
cp "$LIB/walk.py" "$T/walk.py"

# ------------------------------------------------------------------------------ compared

echo '[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = []' >"$T/containers.conf"
# on_podman COMMAND…: as $who, with directories of its own; its errors are in $err
on_podman() {
	run as "$who" HOME="$T/podman-$who" XDG_RUNTIME_DIR="$T/podman-$who/run" CONTAINERS_CONF="$T/containers.conf" \
		podman --root "$T/podman-$who/root" --runroot "$T/podman-$who/run/root" --storage-driver overlay "$@"
}
# podman_tree IMAGE: to $T/stdout. A mount of a user's podman lives as long as his namespace.
podman_tree() {
	if [ "$who" = root ]; then
		on_podman image mount "$1"
		run python3 "$T/walk.py" "$out/tree"
		return
	fi
	# shellcheck disable=SC2016 # podman's shell
	on_podman unshare sh -c 'image=$1 && shift && at=$(podman "$@" image mount "$image") && python3 "$T/walk.py" "$at/tree"' \
		sh "$1" --root "$T/podman-$who/root" --runroot "$T/podman-$who/run/root" --storage-driver overlay
}

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	install -d -m 0700 -o "$who" "$T/podman-$who" "$T/podman-$who/run"
	on_podman load -q -i "$T/app.tar"
	is "$status" 0 "$kind: podman loads the image"
	podman_tree localhost/app
	cp "$T/stdout" "$T/podman-tree"
	is "$status $(wc -l <"$T/podman-tree") $(grep -c 'user.note=\|security.capability=' "$T/podman-tree")" "0 33 2" \
		"$kind: and shows its tree"

	rlc pull -q "oci-archive:$T/app.tar"
	is "$status $out" "0 $id" "$kind: rlc pulls the same"
	rlc run --network none -v /usr:/usr:ro -v "$T/walk.py:/walk.py:ro" "$id" /usr/bin/python3 /walk.py /tree
	is "$status" 0 "$kind: and runs it"
	is "$(diff "$T/podman-tree" "$T/stdout" | head)" "" "$kind: the trees are the same in every way"

	# and back
	on_podman rmi --all --force
	for format in docker-archive oci-archive; do
		rlc save --format "$format" -o "$T/tmp/saved.tar" "$id"
		chmod 0644 "$T/tmp/saved.tar"
		on_podman load -q -i "$T/tmp/saved.tar"
		is "$status" 0 "$kind: podman loads what rlc saves as $format"
		podman_tree "$id"
		is "$(diff "$T/podman-tree" "$T/stdout" | head)" "" "$kind: with the same tree"
		on_podman rmi --all --force
		rm -f "$T/tmp/saved.tar"
	done
	# shellcheck disable=SC2016 # the container's shell
	rlc run --name made --rm=false --network none "$id" sh -c 'cd /tree && rm plain && rm -r opaque && mkdir opaque && echo x >opaque/x && chown 5:6 changed'
	rlc commit made made:1
	is "$status" 0 "$kind: a container is committed"
	rlc run --network none -v /usr:/usr:ro -v "$T/walk.py:/walk.py:ro" made:1 /usr/bin/python3 /walk.py /tree
	cp "$T/stdout" "$T/made-tree"
	rlc save --format oci-archive -o "$T/tmp/made.tar" made:1
	chmod 0644 "$T/tmp/made.tar"
	on_podman load -q -i "$T/tmp/made.tar"
	is "$status" 0 "$kind: podman loads it"
	podman_tree "${out##* }"
	is "$(diff "$T/made-tree" "$T/stdout" | head)" "" "$kind: with the tree that rlc shows"
	nok "$kind: which is not that of the image" cmp -s "$T/made-tree" "$T/podman-tree"
	rlc rm made
	on_podman rmi --all --force
	rm -f "$T/tmp/made.tar"
	find "$T/store-$who" -mindepth 1 -delete
	on_podman system reset --force
	rm -f "/dev/shm/libpod_rootless_lock_$(id -u "$who")"
done
no_leftovers "nothing is left"
done_testing

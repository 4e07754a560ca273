#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands about images: what goes in and out as an archive, and what is listed, named and removed.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox python3 skopeo umoci tar
user_with_subids
user_without_subids
leftovers_begin

rlc() { run as "$who" "$RLC" "$@"; }
tree() { (cd "$1" && find . ! -path './dev*' -printf '%p %y %m %U:%G %T@ %l %s\n' | sed 's/\(.* d .*\) [0-9]*$/\1/' | sort); }

base=$T/layers/base
make_rootfs "$base"
mkdir -p "$base/home/alice" "$T/layers/top"
chown 1000:100 "$base/home/alice"
echo one >"$base/one"
ln "$base/one" "$base/same"
touch "$T/layers/top/.wh.yes"
mkdir "$T/layers/top/bin"
mv "$T/layers/top/.wh.yes" "$T/layers/top/bin"
echo two >"$T/layers/top/two"
config='{"Cmd": ["cat", "/one"], "Env": ["PATH=/bin"], "Labels": {"made": "by \"hand\""}, "User": "0"}'
"$LIB/make-image.py" "$T/oci" --name v1 --config "$config" "$base" "$T/layers/top" >"$T/id"
id=$(cat "$T/id")
skopeo copy -q "oci:$T/oci:v1" "docker-archive:$T/docker.tar:example.com/team/app:v1"
skopeo copy -q "oci:$T/oci:v1" "oci-archive:$T/oci.tar:app:v2"
tar -C "$base" -cf "$T/root.tar" .
gzip -k "$T/root.tar"
chmod 0644 "$T"/*.tar*
# a layer of two images, whose archive lacks the directory that its file is in
mkdir -p "$T/layers/open/etc" "$T/layers/strict/etc" "$T/layers/bare/etc"
chmod 0777 "$T/layers/open/etc"
cp -a "$base/bin" "$T/layers/strict"
echo bare >"$T/layers/bare/etc/bare"
tar -C "$T/layers/bare" -cf "$T/bare.tar" etc/bare
for name in open strict; do
	"$LIB/make-image.py" "$T/shared" --name "$name" "$T/layers/$name" "$T/bare.tar" \
		--config '{"Cmd": ["stat", "-c", "%a", "/etc"], "Env": ["PATH=/bin"]}' >/dev/null
done

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}

	# -------------------------------------------------------------- in

	rlc images
	is "$status" 0 "$kind: images of a store that does not exist yet"
	is "$(wc -l <<<"$out")" 1 "$kind: are none"
	rlc images --format json
	is "$out" "[]" "$kind: in JSON too"

	rlc load -i "$T/docker.tar"
	is "$status" 0 "$kind: load what docker save writes"
	like "$out" 'example.com/team/app:v1' "$kind: and print its name"
	rlc run --network none example.com/team/app:v1
	is "$out" one "$kind: it runs by its name"
	run as "$who" sh -c 'exec "$RLC" load --quiet <"$1"' sh "$T/docker.tar"
	is "$status" 0 "$kind: load from standard input"
	rlc load -i "$T/oci.tar"
	is "$status" 0 "$kind: load an archive in OCI layout"
	rlc import "$T/root.tar.gz" imported:1
	is "$status" 0 "$kind: import a tar of a root, compressed"
	imported=$out
	like "$imported" '^[0-9a-f]{64}$' "$kind: and print the id"
	rlc run --network none imported:1 sh -c 'cat /one; stat -c %h /same; ls /bin/yes'
	is "$(paste -sd' ' <<<"$out")" "one 2 /bin/yes" "$kind: it runs"
	run as "$who" sh -c 'exec "$RLC" import - imported:2 <"$1"' sh "$T/root.tar"
	is "$status" 0 "$kind: import from standard input"

	# -------------------------------------------------------------- listed and named

	rlc images
	like "$out" $'REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n' "$kind: images has a head"
	like "$out" "example.com/team/app +v1 +${id:0:12}" "$kind: a line has name, tag and id"
	like "$out" 'imported +1' "$kind: names of docker.io's are short"
	rlc images --format json
	is "$(python3 -c 'import json, sys; print(*sorted(i["Name"] for i in json.load(sys.stdin) if "imported" in i["Name"]))' <<<"$out")" \
		"docker.io/library/imported:1 docker.io/library/imported:2" "$kind: as JSON, by their whole names"
	rlc images -q --no-trunc example.com/team/app
	is "$out" "$id" "$kind: -q prints ids, of one name"
	rlc tag example.com/team/app:v1 short localhost:5000/x:y
	is "$status$out$err" 0 "$kind: tag gives several names at once"
	rlc run --network none short
	is "$out" one "$kind: each works"
	rlc tag short 'Bad/Name'
	refused "$kind: a name that is none" "Bad/Name"
	rlc tag missing x
	refused "$kind: tag what is not there" "missing"
	rlc image inspect short imported:1
	is "$(python3 -c 'import json, sys
a, b = json.load(sys.stdin)
print(a["Id"], a["Config"]["Cmd"], a["Config"]["Labels"]["made"], len(a["RootFS"]["Layers"]), len(b["RootFS"]["Layers"]))' <<<"$out")" \
		"sha256:$id ['cat', '/one'] by \"hand\" 2 1" "$kind: inspect prints what is known"

	# -------------------------------------------------------------- out

	for format in docker-archive oci-archive; do
		saved=$T/tmp/saved-$kind-$format.tar
		rlc save --format "$format" -o "$saved" short
		is "$status" 0 "$kind: save as $format"
		run skopeo inspect --config "$format:$saved"
		is "$status" 0 "$kind: skopeo reads it"
		like "$out" '"/one"' "$kind: with its configuration"
		rm -rf "$T/unpacked" "$T/back"
		skopeo copy -q "$format:$saved" "oci:$T/back:x" && umoci unpack --image "$T/back:x" "$T/unpacked" >/dev/null 2>&1
		is "$(cat "$T/unpacked/rootfs/two")" two "$kind: umoci unpacks it"
		nok "$kind: with its whiteouts" test -e "$T/unpacked/rootfs/bin/yes"
		[ "$kind" = one ] || is "$(stat -c %u:%g "$T/unpacked/rootfs/home/alice")" 1000:100 "$kind: and its owners"
		rlc rmi short
		rlc load -i "$saved"
		is "$status" 0 "$kind: load reads it back"
		rlc tag "$id" short
		is "$status" 0 "$kind: as the same image"
		rm -f "$saved"
	done
	rlc save -o "$T/tmp/none.tar" missing
	is "$status" 125 "$kind: save what is not there"
	nok "$kind: makes no file" test -e "$T/tmp/none.tar"
	is "$(ls "$T/tmp")" "" "$kind: and leaves nothing beside it"
	rlc export -o "$T/tmp/export.tar" short
	is "$status" 0 "$kind: export"
	rm -rf "$T/exported"
	mkdir "$T/exported"
	tar -C "$T/exported" -xf "$T/tmp/export.tar"
	cp -a "$base" "$T/expected"
	rm "$T/expected/bin/yes"
	cp -a "$T/layers/top/two" "$T/expected/two"
	is "$(diff <(tree "$T/exported" | cut -d' ' -f1-3,6-) <(tree "$T/expected" | cut -d' ' -f1-3,6-) | grep -c '^[<>] \./[^b]')" 0 \
		"$kind: the root as one tar, with modes, links and times"
	[ "$kind" = one ] || is "$(stat -c %u:%g "$T/exported/home/alice")" 1000:100 "$kind: and owners"
	rm -rf "$T/expected" "$T/tmp/export.tar"

	# what an image has below a layer is nobody else's
	rlc pull -q "oci:$T/shared:open"
	rlc pull -q "oci:$T/shared:strict"
	rlc run --network none localhost/shared:strict
	is "$status $out" "0 755" "$kind: a directory is as its own image has it, whoever brought the layer above"
	rlc export -o "$T/tmp/strict.tar" localhost/shared:strict
	is "$(tar -tvf "$T/tmp/strict.tar" | awk '/ etc/ { print $1, $6 }' | paste -sd' ')" \
		"drwxr-xr-x etc/ -rw-r--r-- etc/bare" "$kind: in an export, too"
	rm "$T/tmp/strict.tar"
	rlc rmi localhost/shared:open localhost/shared:strict

	# names that begin as a transport does
	rlc tag "$id" docker://oci:5000/x:1 docker://dir:1
	for format in docker-archive oci-archive; do
		rlc save -o "$T/tmp/words.tar" --format "$format" docker://oci:5000/x:1 docker://dir:1
		is "$status" 0 "$kind: save images whose names begin as transports do, as $format"
		rlc rmi docker://oci:5000/x:1 docker://dir:1
		rlc load -q -i "$T/tmp/words.tar"
		is "$status $(paste -sd' ' <<<"$out")" "0 oci:5000/x:1 docker.io/library/dir:1" "$kind: and load them"
		[ "$format" = oci-archive ] ||
			is "$(skopeo list-tags "docker-archive:$T/tmp/words.tar" | grep -o '"[^"]*/[^"]*:1"' | sort | paste -sd' ')" \
				'"library/dir:1" "oci:5000/x:1"' "$kind: which others can read"
		rm -f "$T/tmp/words.tar"
	done
	rlc rmi docker://oci:5000/x:1 docker://dir:1

	# a store that cannot be written to
	mkdir -p "$T/ro"
	mount --bind "$T/store-$who" "$T/ro"
	mount -o remount,bind,ro "$T/ro"
	for words in "run --network none" "save --format oci-archive -o $T/tmp/ro.tar" "export -o $T/tmp/ro.tar"; do
		# shellcheck disable=SC2086 # words
		run as "$who" RLC_STORE="$T/ro" "$RLC" $words short
		is "$status" 0 "$kind: a read-only store: ${words%% *}"
	done
	rm "$T/tmp/ro.tar"
	run as "$who" RLC_STORE="$T/ro" "$RLC" rmi short
	refused "$kind: a read-only store: rmi" "Read-only file system"
	umount "$T/ro"

	# -------------------------------------------------------------- away

	rlc rmi missing
	refused "$kind: rmi what is not there" "missing"
	rlc rmi "$id"
	refused "$kind: rmi by an id that has several names" "--force"
	rlc tag "$id" damaged
	truncate -s 100 "$T/store-$who/names/docker.io%library%damaged:latest"
	rlc run --network none damaged
	refused "$kind: an image whose file is damaged" damaged
	rlc rmi damaged
	is "$status $out" "0 Untagged: damaged:latest" "$kind: can be removed"
	rlc rmi short
	like "$out" '^Untagged: short:latest' "$kind: rmi takes a name away"
	rlc run --network none example.com/team/app:v1
	is "$out" one "$kind: and leaves what other names need"
	rlc rmi --force "$id"
	is "$status" 0 "$kind: rmi --force by id"
	rlc images -q
	unlike "$out" "${id:0:12}" "$kind: takes all names"
	rlc rmi imported:1 imported:2
	is "$status" 0 "$kind: rmi of several"
	rlc image prune -f
	is "$status" 0 "$kind: prune"
	is "$(find "$T/store-$who/layers" "$T/store-$who/blobs" "$T/store-$who/tmp" -mindepth 1 ! -name sha256 | wc -l)" 0 \
		"$kind: an empty store holds nothing"
	for words in "images a b" "rmi" "tag a" "image" "image nosuch" "save" "load x" "import x" "pull" "export" "images --bogus"; do
		# shellcheck disable=SC2086 # words
		rlc $words
		refused "$kind: rlc $words"
	done
	rlc rmi --help
	is "$status" 0 "$kind: --help"
	like "$out" 'Usage:.*rlc rmi' "$kind: says how"
done

mkdir "$T/open"
run as root RLC_STORE="$T/open" "$RLC" images
refused "a store that is open to others" "$T/open" "open to others"
chown "$sub:" "$T/open"
chmod 0700 "$T/open"
run as root RLC_STORE="$T/open" "$RLC" images
refused "a store of somebody else" "$T/open"
# --- where they are when nobody says where ---

plain=(as "$sub" env -u RLC_STORE -u XDG_DATA_HOME)
run "${plain[@]}" "$RLC" import "$T/root.tar" mine:1
is "$status" 0 "a user who says nothing of a store has one: $err"
ok "in his home" test -d "$T/home-$sub/.local/share/rlc/layers"
run "${plain[@]}" "$RLC" run --network none mine:1 cat /one
is "$status $out" "0 one" "and runs what is in it"
as "$sub" "$RLC" unshare rm -rf "$T/home-$sub/.local"
no_leftovers "nothing is left"
done_testing

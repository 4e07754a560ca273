#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A container from an image: what the image wishes for its process, its layers as the root, unchanged
# whatever the container writes, and as fast with many files or layers as with few.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

rlc() { run as "$who" "$RLC" "$@"; }
make_image() { "$LIB/make-image.py" "$T/oci" "$@"; }

# pull NAME: an image of $T/oci, which is NAME:latest from then on
pull() {
	rlc pull "oci:$T/oci:$1"
	is "$status" 0 "$kind: pull oci:…:$1"
	like "$out" '^[0-9a-f]{64}$' "$kind: prints the id"
	rlc tag "$out" "$1"
	is "$status$err" 0 "$kind: which can be tagged"
}

# ------------------------------------------------------------------------------ images

umask 022
base=$T/layers/base
make_rootfs "$base"
mkdir -p "$base"/{data,srv/app,opaque,gone,home/alice}
echo image >"$base/data/file"
echo old >"$base/opaque/old"
echo x >"$base/gone/x"
echo x >"$base/removed"
ln "$base/data/file" "$base/data/hard"
ln -s ../../../../../../etc/passwd "$base/link"
chmod 04755 "$base/bin/busybox"
chown 1000:100 "$base/home/alice"
mkdir -p "$T/layers/top/opaque" "$T/layers/top/etc"
touch "$T/layers/top/.wh.removed" "$T/layers/top/.wh.gone" "$T/layers/top/opaque/.wh..wh..opq"
echo new >"$T/layers/top/opaque/new"
echo replaced >"$T/layers/top/etc/motd"
chmod 0644 "$T/layers/top/opaque/new"

make_image --name wishes "$base" "$T/layers/top" --config '{
	"Entrypoint": ["sh", "-c"], "Cmd": ["echo \"$A|$B|$SECRET|$AWS_KEY|$PATH|$PWD\"", "--privileged"],
	"Env": ["PATH=/bin", "A=image", "B=image", "SECRET", "AWS_*", "=x"],
	"WorkingDir": "srv/app", "Volumes": {"/data": {}, "/fresh": {}}, "ExposedPorts": {"80/tcp": {}},
	"StopSignal": "SIGQUIT", "Labels": {"a": "b"}}' >"$T/id-wishes"
make_image --name alice "$base" --config '{"Cmd": ["id"], "User": "alice", "Env": ["PATH=/bin"]}' >/dev/null
make_image --name numbers "$base" --config '{"Cmd": ["id"], "User": "1234:77", "Env": ["PATH=/bin"]}' >/dev/null
make_image --name strange "$base" --config '{"Cmd": ["id"], "User": "1000x", "Env": ["PATH=/bin"]}' >/dev/null
make_image --name steers "$base" --config '{"Cmd": ["id"], "User": "a\u001b]0;x\u0007\n  fix: reboot"}' >/dev/null
make_image --name volume "$base" --config '{"Cmd": ["true"], "Volumes": {"/../..": {}}}' >/dev/null
make_image --name volume-proc "$base" --config '{"Cmd": ["true"], "Volumes": {"/proc/sys": {}}}' >/dev/null
make_image --name silent "$base" --config '{"Env": ["PATH=/bin"]}' >/dev/null
make_image --name nothing --config '{"Cmd": ["--privileged", "/sh"]}' >/dev/null
make_image --name twice "$base" "$T/layers/top" "$base" --config '{"Cmd": ["cat", "/removed"], "Env": ["PATH=/bin"]}' >/dev/null
make_image --name bare "$base" --config '{"Cmd": ["true"], "Env": ["PATH=/bin"]}' >/dev/null
make_image --name halted "$base" --config '{"Cmd": ["true"], "Env": ["PATH=/bin"], "StopSignal": "SIGRTMIN+3"}' >/dev/null
id_wishes=$(cat "$T/id-wishes")

# ------------------------------------------------------------------------------ what it wishes

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	for name in wishes alice numbers strange steers volume volume-proc silent nothing twice bare halted; do
		pull "$name"
	done
	before=$(fingerprint "$T/store-$who/layers")

	run as "$who" SECRET=host AWS_KEY=host "$RLC" run --network none wishes
	is "$status $out" "0 image|image|||/bin|/srv/app" \
		"$kind: Entrypoint, Cmd, Env and WorkingDir; variables of the host are not asked for"
	run as "$who" SECRET=host "$RLC" run --network none -e SECRET wishes
	is "$out" "image|image|host||/bin|/srv/app" "$kind: who names it himself has it"
	rlc run --network none -e A=flag -w / wishes
	is "$out" "flag|image|||/bin|/" "$kind: flags win"
	rlc run --network none wishes 'echo "$0 $1"' zero one
	is "$out" "zero one" "$kind: words behind the image replace Cmd"
	rlc run --network none --entrypoint echo wishes a
	is "$out" a "$kind: --entrypoint replaces both"
	rlc run --network none --entrypoint id "sha256:$id_wishes" -u
	is "$out" 0 "$kind: an image by its digest"
	rlc run --network none --entrypoint id "${id_wishes:0:12}" -u
	is "$out" 0 "$kind: or by the beginning of its id"
	rlc run --network none silent
	refused "$kind: an image without a command, and none given" silent
	rlc run --network none silent echo given
	is "$out" given "$kind: with one it runs"
	rlc run --network none nothing
	is "$status" 127 "$kind: an image without files is an empty root"
	like "$err" "'--privileged'" "$kind: an image's --privileged is a word of its command"
	rlc run --network none --privileged bare grep Seccomp: /proc/self/status
	like "$out" "Seccomp:.0" "$kind: the same word before the image is an option"

	if [ "$who" = "$one" ]; then
		rlc run --network none alice
		is "$status" 125 "$kind: a User who has no id here is refused"
		like "$err" 'one id' "$kind: with the reason"
	else
		rlc run --network none alice
		is "$out" "uid=1000(alice) gid=100(users) groups=50(staff),100(users)" \
			"$kind: User is looked up in the image"
		rlc run --network none numbers
		is "$out" "uid=1234 gid=77 groups=77" "$kind: ids need no names"
		rlc run --network none -u 0 alice
		like "$out" '^uid=0\(root\)' "$kind: -u wins"
		rlc run --network none bare stat -c %u:%g /home/alice
		is "$out" 1000:100 "$kind: files have the owners of the image"
	fi
	rlc run -d --name halted --network none halted
	rlc inspect --format '{{.Config.StopSignal}}' halted
	is "$out$err" "RTMIN+3" "$kind: the StopSignal of systemd as a payload"
	rlc rm -f halted
	rlc run --network none strange
	refused "$kind: a User that is neither name nor id" "1000x"
	rlc run --network none steers
	refused "$kind: a User that is meant for the terminal" 'a\\x1b]0;x\\x07\\n  fix: reboot'
	is "$(wc -l <<<"$err") $(tr -dc '\033\a' <<<"$err" | wc -c)" "1 0" "$kind: which does not get it, nor a line for itself"
	rlc run --network none volume
	refused "$kind: VOLUME /../.." "mount on '/'"
	isnt "$(realpath -m "$T/store-$who//../..")" "$T/store-$who" "$kind: who joins such a path to his own is outside"
	rlc run --network none volume-proc
	refused "$kind: VOLUME /proc/sys" "/proc"

	# -------------------------------------------------------------- layers

	rlc run --network none wishes 'ls /opaque; cat /etc/motd; ls -d /gone /removed 2>&1 | grep -c "No such"
		stat -c %a /bin/busybox; readlink /link; stat -c %h /data/file; ls /.wh* /opaque/.wh* 2>/dev/null'
	is "$(paste -sd' ' <<<"$out")" "new replaced 2 4755 ../../../../../../etc/passwd 2" \
		"$kind: layers lie on one another, whiteouts and opaque directories take away"

	rlc run --network none twice
	is "$out" x "$kind: an image may have a layer twice"

	rlc run --network none --read-only wishes 'touch /x; echo more >>/data/file && cat /data/file; touch /fresh/x && ls /fresh'
	is "$(paste -sd' ' <<<"$out")" "image more x" "$kind: volumes can be written under --read-only, and have the image's files"
	mkdir -p "$T/mine"
	echo mine >"$T/mine/file"
	rlc run --network none -v "$T/mine:/data:ro" wishes 'cat /data/file'
	is "$out" mine "$kind: -v lies over the image's volume"

	rlc run --network none wishes 'find / -xdev -type f ! -path "/etc/host*" ! -path /etc/resolv.conf -exec sh -c "echo x >\$0" {} \; ; rm -rf /srv /home
		chmod -R 700 /var; mv /opaque /elsewhere; ls /elsewhere'
	is "$out" new "$kind: a container rewrites, removes and renames whatever it likes"
	is "$(fingerprint "$T/store-$who/layers")" "$before" "$kind: the store is as before, byte for byte"
	rlc run --network none wishes 'cat /data/file /etc/motd'
	is "$(paste -sd' ' <<<"$out")" "image replaced" "$kind: and the next container starts from the image"
	no_leftovers "$kind: nothing is left"

	# -------------------------------------------------------------- by hand

	rlc run --explain --network none wishes 'cat /etc/motd; ls /opaque; id -u'
	is "$status" 0 "$kind: --explain of an image"
	printf '%s\n' "$out" >"$T/script"
	run as "$who" sh "$T/script"
	is "$(paste -sd' ' <<<"$out")" "replaced new 0" "$kind: the script builds it by hand"

	# -------------------------------------------------------------- when it is fetched

	rlc run --pull never missing true
	refused "$kind: --pull never" "'missing'" "rlc pull missing"
	rlc run --pull never --platform linux/s390x bare
	refused "$kind: an image of another platform" "linux/s390x"
	rlc run --explain missing true
	refused "$kind: --explain fetches nothing" "'missing'"
	rlc run --network none "oci:$T/oci:bare" echo from a directory
	is "$status $out" "0 from a directory" "$kind: an image of a directory is run at once"
	rlc run builtin:other true
	refused "$kind: an image that is not built in" "builtin:busybox"
	rlc run 'Not/A:Name' true
	refused "$kind: a name that is none" "Not/A:Name"
done

# ------------------------------------------------------------------------------ another id map

who=root kind=root
rlc run --network none --userns map=0:100000:65536 wishes 'cut -c 1-33 /proc/self/uid_map; stat -c %u:%g /home/alice /bin/busybox; echo x >/data/file; cat /etc/motd'
is "$(paste -sd' ' <<<"$out" | tr -s ' ')" " 0 100000 65536 1000:100 0:0 replaced" \
	"root: in an id map of its own a container has the image's owners, layer by layer"

who=$sub kind=sub
rlc run --network none --userns keep-id bare sh -c 'id -u; cat /data/file; echo x >/data/new && cat /data/new'
is "$(paste -sd' ' <<<"$out")" "$(id -u "$sub") image x" "sub: who keeps his own id may read and write what is root's in the image"

# ------------------------------------------------------------------------------ layers in use

who=$sub kind=sub
"$LIB/make-image.py" "$T/oci" --name held "$base" "$T/mine" --config '{"Cmd": ["sleep", "1000"], "Env": ["PATH=/bin"]}' >/dev/null
pull held
as_background "$who" "$RLC" run --network none held sh -c 'echo up; exec sleep 1000' >"$T/held"
running=$!
wait_for 10 grep -q up "$T/held" || fail "the container is up"
id=$(as "$who" "$RLC" images -q --no-trunc held)
rlc rmi --force "$id"
is "$status" 0 "an image in use can be removed"
is "$(as "$who" "$RLC" images -q --no-trunc | grep -c "$id")" 0 "with all its names"
is "$(find "$T/store-$sub/layers" -name file -path '*diff/file' | wc -l)" 1 "its layers stay until the container ends"
kill "$running"
wait "$running"
rlc image prune
is "$(find "$T/store-$sub/layers" -name file -path '*diff/file' | wc -l)" 0 "then they are removed"

# ------------------------------------------------------------------------------ no heavy libraries

run ldd "$RLC"
unlike "$out" 'curl|archive|jansson' "rlc loads neither libcurl nor libarchive nor a JSON parser"

# ------------------------------------------------------------------------------ overlays refused

# Overlays lie on overlays two deep at most: a store below two of them is out of bounds.
mkdir "$T/deep"
mount -t tmpfs deep "$T/deep"
mkdir "$T/deep"/{u1,w1,m1,u2,w2,m2}
who=root kind=root
mount -t overlay o1 -o "lowerdir=$T/store-root,upperdir=$T/deep/u1,workdir=$T/deep/w1" "$T/deep/m1"
mount -t overlay o2 -o "lowerdir=$T/deep/m1,upperdir=$T/deep/u2,workdir=$T/deep/w2" "$T/deep/m2"
chmod 0700 "$T/deep/m2"
run as root PATH=/nowhere RLC_STORE="$T/deep/m2" "$RLC" run --network none bare sh -c 'cat /data/hard; stat -c %h /data/file; stat -c %u /home/alice; echo x >/data/file; cat /data/hard'
is "$(paste -sd' ' <<<"$out")" "image 2 1000 x" "where overlays are refused, and there is no fuse-overlayfs, the image is copied"
like "$err" "warn.*copied into memory" "which is said"

# ------------------------------------------------------------------------------ as fast

big=$T/layers/big
cp -a "$base" "$big"
for d in $(seq 50); do
	mkdir "$big/usr/$d"
	for f in $(seq 100); do echo "$d $f"; done | (cd "$big/usr/$d" && split -l 1 -a 3 -)
done
many=()
for i in $(seq 99); do
	mkdir -p "$T/layers/$i/usr/share"
	echo "$i" >"$T/layers/$i/usr/share/$i"
	many+=("$T/layers/$i")
done
command='{"Cmd": ["true"], "Env": ["PATH=/bin"]}'
make_image --name big --config "$command" "$big" >/dev/null
make_image --name many --config "$command" "$base" "${many[@]}" >/dev/null
who=$sub kind=sub
pull big
layers=("$T/store-$sub/layers"/*)
pull many
more=("$T/store-$sub/layers"/*)
is "$((${#more[@]} - ${#layers[@]}))" 100 "a hundred layers are stored as 99 new ones and one of all"
rlc run --network none many sh -c 'ls /usr/share | wc -l'
is "$out" 99 "an image of a hundred layers has the files of all"
rlc run --network none big sh -c 'find /usr -type f | wc -l'
is "$out" 5000 "an image of 5,000 files has them all"

cp "$LIB/race.py" "$T/race.py"
run as "$who" python3 "$T/race.py" 1.15 "$RLC" run --network none : bare big many
note "start of 5,000 files, and of 100 layers, against few of both: $out"
is "$status" 0 "5,000 files or 100 layers do not slow down the start"
rlc rmi --force "$(as "$who" "$RLC" images -q --no-trunc many)"
is "$status" 0 "the image of a hundred layers is removed"
is "$(printf '%s\n' "$T/store-$sub/layers"/*)" "$(printf '%s\n' "${layers[@]}")" "with its layers, and nothing else"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where the kernel refuses an overlay: fuse-overlayfs serves the image, shut away from the payload;
# where that cannot be either, or the container is kept, the image is copied: by sharing blocks where
# the file system can.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox fuse-overlayfs mkfs.xfs mkfs.ext4 filefrag setfattr
user_with_subids
user_without_subids

rlc() { run as "$who" "$RLC" "$@"; }

# fuse_mode MODE: /dev/fuse, in this test's mount namespace only
mknod "$T/fuse" c 10 229
fuse_mode() { chmod "$1" "$T/fuse"; }
fuse_mode 0666
[ -e /dev/fuse ] || skip_all fuse-overlayfs "this kernel has no /dev/fuse"
mount --bind "$T/fuse" /dev/fuse

# ------------------------------------------------------------------------------ an image

base=$T/layers/base
top=$T/layers/top
make_rootfs "$base"
mkdir -p "$base"/{data,opaque,gone,home/alice,usr/many}
echo image >"$base/data/file"
ln "$base/data/file" "$base/data/hard"
ln -s ../../../../../../etc/passwd "$base/link"
echo old >"$base/opaque/old"
echo x >"$base/gone/x"
echo x >"$base/removed"
setfattr -n user.mine -v yes "$base/data/file"
chmod 04755 "$base/bin/busybox"
chown 1000:100 "$base/home/alice"
mkdir -p "$top"/{opaque,etc}
touch "$top/.wh.removed" "$top/.wh.gone" "$top/opaque/.wh..wh..opq"
echo new >"$top/opaque/new"
echo replaced >"$top/etc/motd"
"$LIB/make-image.py" "$T/oci" --name two "$base" "$top" --config '{"Cmd": ["true"], "Env": ["PATH=/bin"]}' >/dev/null
"$LIB/make-image.py" "$T/oci" --name one "$base" --config '{"Cmd": ["true"], "Env": ["PATH=/bin"]}' >/dev/null

# An overlay cannot write to an overlay, and lies on two of them at most.  So --scratch on $T/deep is
# refused by the kernel, and so are the layers of a store there.
mkdir "$T/disk"
mount -t tmpfs -o mode=0755 disk "$T/disk"
mkdir "$T/disk"/{u1,w1,m1,u2,w2,lower} "$T/deep"
for who in root "$sub" "$one"; do
	install -d -m 0700 -o "$who" "$T/disk/lower/$who"
	run as "$who" RLC_STORE="$T/disk/lower/$who" "$RLC" pull "oci:$T/oci:one"
	run as "$who" RLC_STORE="$T/disk/lower/$who" "$RLC" tag "$out" one
done
mount -t overlay o1 -o "lowerdir=$T/disk/lower,upperdir=$T/disk/u1,workdir=$T/disk/w1" "$T/disk/m1"
mount -t overlay o2 -o "lowerdir=$T/disk/m1,upperdir=$T/disk/u2,workdir=$T/disk/w2" "$T/deep"
mkdir -m 1777 "$T/deep/scratch"
leftovers_begin

# What the container sees: every name with type, mode, owner, links, content
show='find / -xdev ! -path "/etc/host*" ! -path /etc/resolv.conf ! -path "/dev*" ! -path / | sort | while read -r f; do
	stat -c "%n %A %u:%g %h %Y" "$f"; done | grep -v "^/etc \|^/tmp \|^/proc \|^/sys "
	find / -xdev -type f ! -path "/etc/host*" ! -path /etc/resolv.conf | sort | xargs md5sum'
rewrite='find / -xdev -type f ! -path "/etc/host*" ! -path /etc/resolv.conf ! -path "/bin/*" -exec sh -c "echo x >>\$0" {} \; &&
	rm -rf /home /data/hard /opaque/new && mkdir /opaque/deep && mv /data /elsewhere &&
	chmod 700 /usr && cat /elsewhere/file && ls /opaque && ls -d /home /data 2>&1 | grep -c "No such"'

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	rlc pull "oci:$T/oci:two"
	rlc tag "$out" two
	before=$(fingerprint "$T/store-$who/layers")

	rlc run --network none two sh -c "$show"
	usual=$out
	is "$status$err" 0 "$kind: the kernel's overlay"
	rlc run --scratch "$T/deep/scratch" --network none two sh -c "$show"
	is "$status" 0 "$kind: where it is refused a container runs all the same"
	is "$(grep -c . <<<"$err")" 1 "$kind: one line tells of it"
	like "$err" '^rlc: warn: rootfs: lay an overlay over 2 layers: .*; fuse-overlayfs serves the image instead, which is slower$' \
		"$kind: which was refused, and what comes instead"
	is "$out" "$usual" "$kind: fuse-overlayfs shows what an overlay shows: names, modes, owners, links, times, contents"
	rlc run --scratch "$T/deep/scratch" --network none two sh -c "$rewrite"
	is "$(paste -sd' ' <<<"$out")" "image x x deep 2" "$kind: all can be written, removed and renamed"
	is "$(fingerprint "$T/store-$who/layers")" "$before" "$kind: the store is as before"
	rlc run --scratch "$T/deep/scratch" --network none two sh -c "$show"
	is "$out" "$usual" "$kind: and the next container starts from the image"
	rlc run --scratch "$T/deep/scratch" --network none --read-only two sh -c 'touch /x'
	like "$err" 'Read-only file system' "$kind: --read-only is"
	run as "$who" RLC_STORE="$T/deep/$who" "$RLC" run --network none one \
		sh -c 'echo x >>/data/file; cat /data/hard; mount | head -1; stat -c %a /bin/busybox'
	is "$(paste -sd' ' <<<"$out" | sed 's/(.*)/-/')" "image x fuse-overlayfs on / type fuse - 4755" \
		"$kind: with a store on overlays, and writing into memory"
	no_leftovers "$kind: nothing is left"

	# -------------------------------------------------------------- out of the payload's sight

	as_background "$who" "$RLC" run --scratch "$T/deep/scratch" --network none two \
		sh -c 'ps -o comm; echo up; sleep 1000; ls /bin' >"$T/up" 2>"$T/up-err"
	running=$!
	wait_for 10 grep -q up "$T/up" || fail "$kind: the container is up"
	unlike "$(<"$T/up")" fuse "$kind: the payload does not see the process"
	server=$(pgrep -P "$running" -x fuse-overlayfs)
	isnt "$server" "" "$kind: which is the supervisor's child"
	isnt "$(readlink "/proc/$server/ns/net")" "$(readlink /proc/self/ns/net)" "$kind: it has no network"
	is "$(find "/proc/$server/root/" -mindepth 1 -maxdepth 1 -printf '%f\n' |
		grep -Evx 'bin|gnu|lib|lib32|lib64|libx32|nix|sbin|usr' | sort | paste -sd' ')" "lower proc stage" \
		"$kind: no files of the host but programs and libraries"
	nok "$kind: which it cannot write" nsenter -t "$server" -U -m touch /usr/rlct /lower/0/rlct 2>/dev/null
	is "$(sed -n 's/^\(NoNewPrivs\|CapEff\):\t//p' "/proc/$server/status" | sort | paste -sd' ')" "000000008800001f 1" \
		"$kind: no capabilities but those over files, and none to come" ||
		diag "$(grep Cap "/proc/$server/status")"
	is "$(find "/proc/$server/fd" -lname 'socket:*' | wc -l)" 0 "$kind: no socket"
	kill -KILL "$server"
	id=$(as "$who" "$RLC" ps -q)
	rlc exec "$id" ls /bin
	isnt "$status" 0 "$kind: when it dies the files are gone"
	ok "$kind: which is said" wait_for 10 grep -q RLC-R08 "$T/up-err"
	like "$(<"$T/up-err")" "warn: rootfs: fuse-overlayfs was killed by signal 9 \\(Killed\\) \\[RLC-R08\\].*why: .*container $id.*not connected.*fix: rlc stop $id" \
		"$kind: with cause and remedy"
	is "$(grep -c RLC- "$T/up-err")" 1 "$kind: once"
	kill "$running"
	wait "$running"
	no_leftovers "$kind: nothing is left of that"

	as_background "$who" "$RLC" run --scratch "$T/deep/scratch" --network none two \
		sh -c 'echo up; sleep 1000' >"$T/up" 2>&1
	running=$!
	wait_for 10 grep -q up "$T/up" || fail "$kind: a container is up"
	server=$(pgrep -P "$running" -x fuse-overlayfs)
	kill -KILL "$running"
	wait "$running" 2>/dev/null
	gone() { ! [ -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
	ok "$kind: it dies with the supervisor" wait_for 5 gone "$server"
	rlc run --network none two true
	no_leftovers "$kind: and the next container takes away what is left"

	# -------------------------------------------------------------- neither

	run as "$who" PATH=/nowhere RLC_STORE="$T/deep/$who" "$RLC" run --network none one cat /data/file
	if [ "$who" = "$sub" ]; then
		like "$out" '^(image)?$' "$kind: (without newuidmap the layers may be out of the map)"
	else
		is "$out" image "$kind: without fuse-overlayfs the image is copied"
		like "$err" 'fuse-overlayfs: it is not installed; lay an overlay over 1 layers: .*; the image is copied into memory instead' \
			"$kind: which is said, with both reasons"
	fi
	if [ "$who" != root ]; then
		fuse_mode 0600
		run as "$who" RLC_STORE="$T/deep/$who" "$RLC" run --network none one cat /data/hard
		is "$out" image "$kind: where /dev/fuse is closed the image is copied"
		like "$err" "fuse-overlayfs: open '/dev/fuse': Permission denied; .* copied into memory" "$kind: which is said"
		fuse_mode 0666
	fi
	no_leftovers "$kind: nothing is left of a copy"
done

# ------------------------------------------------------------------------------ what is kept is copied

# What is kept lies beside the store's layers, and its overlay cannot write to an overlay.

# extents FILE: how many extents it has, and how many of them are shared
extents() { filefrag -v "$1" | awk '$1 ~ /^[0-9]+:$/ { n++; shared += /shared/ } END { print n + 0, shared + 0 }'; }

all_shared() {
	local n shared

	read -r n shared < <(extents "$1")
	[ "$n" -gt 0 ] && [ "$n" -eq "$shared" ]
}

# (an overlay would hide whiteouts of the store)
plain=$T/layers/plain
mkdir -p "$plain/etc"
echo replaced >"$plain/etc/motd"
dd if=/dev/urandom of="$base/data/big" bs=64k count=64 status=none
"$LIB/make-image.py" "$T/oci" --name kept "$base" "$plain" --config '{"Cmd": ["true"], "Env": ["PATH=/bin"]}' >/dev/null
for fs in xfs ext4; do
	truncate -s 400M "$T/$fs.image"
	"mkfs.$fs" -q "$T/$fs.image" || fail "a file system: $fs"
	mkdir -p "$T/$fs" "$T/over-$fs"
	mount -o loop "$T/$fs.image" "$T/$fs" || fail "$fs is mounted"
	mkdir "$T/$fs"/{lower,upper,work}
	for who in root "$sub"; do
		install -d -m 0700 -o "$who" "$T/$fs/lower/$who"
		run as "$who" RLC_STORE="$T/$fs/lower/$who" "$RLC" pull "oci:$T/oci:kept"
		run as "$who" RLC_STORE="$T/$fs/lower/$who" "$RLC" tag "$out" kept
	done
	mount -t overlay over -o "lowerdir=$T/$fs/lower,upperdir=$T/$fs/upper,workdir=$T/$fs/work" "$T/over-$fs"
	for who in root "$sub"; do
		kind=${who#rlct-} && kind=$fs,${kind%%-*}
		in_store() { run as "$who" RLC_STORE="$T/over-$fs/$who" "$RLC" "$@"; }
		before=$(fingerprint "$T/$fs/lower/$who/layers")
		original=$(find "$T/$fs/lower/$who/layers" -path '*/data/big')

		run as "$who" RLC_STORE="$T/$fs/lower/$who" "$RLC" run --network none kept sh -c "$show"
		usual=$out
		in_store run --rm=false --name copy --network none kept sh -c "[ -e /kept ] || { $show; }; touch /kept; cat /kept"
		is "$out" "$usual" "$kind: a copy shows what an overlay shows"
		like "$err" '^rlc: warn: rootfs: lay an overlay over 2 layers: .*; the image is copied for this container instead, which takes longer$' \
			"$kind: and is told of"
		copy=$(find "$T/$fs/upper/$who/kept" -path '*/data/big')
		ok "$kind: it lies on the disk" cmp "$original" "$copy"
		if [ "$fs" = xfs ]; then
			ok "$kind: every block of it is the image's" all_shared "$copy"
			ok "$kind: seen from the image, too" all_shared "$original"
		else
			is "$(extents "$copy" | cut -d' ' -f2)" 0 "$kind: it has blocks of its own"
		fi
		in_store start -a copy
		is "$status$err" 0 "$kind: its second life needs no other copy"
		in_store exec copy true
		in_store rm -f copy
		is "$status$err" 0 "$kind: it can be removed"
		is "$(find "$T/$fs/upper/$who" -path '*/data/big')" "" "$kind: with the copy"

		in_store run -d --name copy --network none kept sh -c "$rewrite; echo changed >/elsewhere/big; sleep 1000"
		ok "$kind: another writes to its copy" wait_for 10 eval '[ "$(as "$who" RLC_STORE="$T/over-$fs/$who" "$RLC" exec copy cat /elsewhere/big)" = changed ]'
		is "$(fingerprint "$T/$fs/lower/$who/layers")" "$before" "$kind: the image is as before"
		in_store rm -f copy
		is "$status$err" 0 "$kind: it is removed while it runs"
	done
done
umount "$T"/over-* "$T/xfs" "$T/ext4"
no_leftovers "nothing is left"
done_testing

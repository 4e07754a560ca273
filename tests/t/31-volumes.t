#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -v, --mount and --tmpfs: what is mounted, with which options, and what is refused.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
leftovers_begin

rlc() { run as "$who" "$RLC" run --network none "$@"; }
bb=builtin:busybox

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	src=$T/src-$kind
	mkdir "$src"
	echo content >"$src/file"
	mkdir "$src/sub"
	chown -R "$who:" "$src"

	rlc -v "$src:/data" $bb sh -c 'cat /data/file && echo back >/data/new'
	is "$out" content "$kind: -v: the directory is there"
	is "$(cat "$src/new" 2>&1)" back "$kind: and can be written"
	is "$(stat -c %U "$src/new")" "$who" "$kind: as the caller"

	rlc -v "$src:/data:ro" $bb sh -c 'cat /data/file; echo x >/data/other'
	is "$out $status" "content 1" "$kind: ro"
	nok "$kind: ro kept the file away" test -e "$src/other"
	rlc -v "$src:/data:rw" $bb touch /data/other
	is "$status" 0 "$kind: rw"
	rlc --volume "$src:/deep/er/data" $bb cat /deep/er/data/file
	is "$out" content "$kind: the mount point is made, with what is above it"
	rlc -v "$src/file:/etc/config:ro" $bb sh -c 'cat /etc/config; echo x >/etc/config'
	is "$out $status" "content 1" "$kind: a file on a file that did not exist"
	rlc -v "$src/file:/etc/passwd:ro" $bb cat /etc/passwd
	is "$out" content "$kind: a file over a file"
	rlc -v "$src:/a" -v "$src/sub:/a/b" $bb ls /a
	like "$out" file "$kind: volumes are mounted in order"
	rm -rf "$src/b"

	rlc -v "$src:/data:nosuid,nodev,noexec" $bb grep ' /data ' /proc/self/mountinfo
	like "$(cut -d' ' -f6 <<<"$out")" 'nosuid,nodev,noexec' "$kind: nosuid, nodev, noexec"
	rlc -v "$src:/data:ro,noexec" $bb sh -c 'grep " /data " /proc/self/mountinfo | cut -d" " -f6'
	like "$out" '^ro,.*noexec' "$kind: several options"

	# what is mounted below the source
	mount -t tmpfs below "$src/sub"
	touch "$src/sub/deep"
	rlc -v "$src:/data:rbind" $bb ls /data/sub
	is "$out" deep "$kind: rbind brings what is mounted below"
	rlc -v "$src:/data" $bb ls /data/sub
	is "$out" deep "$kind: which is the default, as docker has it"
	rlc -v "$src:/data:ro" $bb touch /data/sub/x
	is "$status" 1 "$kind: ro closes what is mounted below too"
	umount "$src/sub"

	for mode in private rprivate slave rslave; do
		rlc -v "$src:/data:$mode" $bb sh -c 'grep " /data " /proc/self/mountinfo'
		is "$status" 0 "$kind: $mode"
		unlike "$out" ' shared:' "$kind: $mode is not shared"
	done

	rlc --mount "type=bind,source=$src,target=/data" $bb cat /data/file
	is "$out" content "$kind: --mount type=bind"
	rlc --mount "type=bind,src=$src,dst=/data,ro" $bb touch /data/x
	is "$status" 1 "$kind: --mount with short names and ro"
	rlc --mount "type=bind,src=$src,destination=/data,readonly=true" $bb touch /data/x
	is "$status" 1 "$kind: readonly=true"
	rlc --mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=0700 $bb sh -c \
		'stat -f -c %T /t; stat -c %a /t; head -c 3000000 /dev/zero >/t/x; wc -c </t/x'
	is "$(paste -sd' ' <<<"$out")" "tmpfs 700 1048576" "$kind: --mount type=tmpfs with size and mode"
	rlc --tmpfs /t $bb sh -c 'stat -f -c %T /t; stat -c %a /t; grep " /t " /proc/self/mountinfo | cut -d" " -f6'
	is "$(sed -n 1,2p <<<"$out" | paste -sd' ')" "tmpfs 1777" "$kind: --tmpfs"
	like "$out" 'nosuid,nodev,noexec' "$kind: --tmpfs is nosuid, nodev, noexec"
	rlc --tmpfs /t:size=64k,mode=755,exec $bb sh -c 'stat -c %a /t; cp /bin/true /t/ 2>/dev/null; head -c 100000 /dev/zero >/t/x; wc -c </t/x; grep " /t " /proc/self/mountinfo | cut -d" " -f6'
	is "$(head -n 1 <<<"$out")" 755 "$kind: --tmpfs with options"
	unlike "$out" noexec "$kind: exec"

	# -------------------------------------------------------------------------- refusals

	rlc -v "$T/nowhere:/data" $bb true
	refused "$kind: a source that does not exist" "$T/nowhere"
	nok "$kind: it is not made" test -e "$T/nowhere"
	rlc -v "$src:relative" $bb true
	refused "$kind: a destination that is not absolute" relative
	rlc -v "$src:/data:nonsense" $bb true
	refused "$kind: an option that does not exist" nonsense
	for over in /proc /proc/self /proc/sys /proc/../proc / /sys/../proc; do
		rlc -v "$src:$over" $bb true
		refused "$kind: a volume over $over" "'(/proc.*|/)'"
	done
	rlc --mount type=bind,source="$src" $bb true
	refused "$kind: --mount without a target" --mount
	rlc --mount type=nonsense,target=/x $bb true
	refused "$kind: --mount of an unknown type" nonsense
	no_leftovers "$kind: nothing is left"
done

# a source that the caller may not read is not opened for him
who=$sub
mkdir -m 0700 "$T/roots"
echo secret >"$T/roots/file"
rlc -v "$T/roots/file:/data" $bb cat /data
isnt "$status" 0 "a source below a closed directory is refused"
unlike "$out" secret "and not read"

# a link of the image's at the destination leads nowhere outside
make_rootfs "$T/rootfs-evil" "$sub"
mkdir "$T/outside"
chown "$sub:" "$T/outside"
ln -s "../../../../../..$T/outside" "$T/rootfs-evil/data"
chown -h "$sub:" "$T/rootfs-evil/data"
rlc --rootfs "$T/rootfs-evil" -v "$T/src-sub:/data/x" /bin/busybox ls /data/x
is "$(ls -A "$T/outside")" "" "a link at the destination stays inside the root"

# the working directory is relative to the root, whatever the source's name
cd "$T/src-sub" || exit 1
run env -C "$T/src-sub" "$RLC" run --network none -v "$PWD/file:/f" $bb cat /f
is "$out" content "an absolute source works from anywhere"

no_leftovers "nothing is left"
done_testing

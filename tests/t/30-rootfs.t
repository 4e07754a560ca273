#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The root: a directory as it is, or under an overlay that leaves it unchanged byte for byte; with its own
# /proc, /sys and /dev, names that do not touch the image's files, and no way back to the old root.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

rlc() { run as "$who" "$RLC" run --network none "$@"; }

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	dir=$T/rootfs-$kind
	if [ "$who" = root ]; then make_rootfs "$dir"; else make_rootfs "$dir" "$who"; fi
	before=$(fingerprint "$dir")

	# ------------------------------------------------------------------------- overlay

	rlc --rootfs "$dir:O" sh -c 'echo new >/new && rm /etc/hosts.none; echo more >>/etc/passwd &&
		rm /bin/yes && mkdir /usr/d && chmod 700 /var && mv /root /root2 && cat /new && tail -n 1 /etc/passwd &&
		[ ! -e /bin/yes ]'
	is "$status" 0 "$kind: an overlay can be written, its files changed, removed and renamed"
	is "$(paste -sd' ' <<<"$out")" "new more" "$kind: and what was written can be read"
	is "$(fingerprint "$dir")" "$before" "$kind: DIR:O leaves the directory as it was, byte for byte"

	rlc --rootfs "$dir:O" sh -c '[ ! -e /new ] && [ -e /bin/yes ]'
	is "$status" 0 "$kind: the next run starts from the directory again"

	# ------------------------------------------------------------------------- names

	rlc -h named --rootfs "$dir" sh -c 'cat /etc/hostname; grep -c named /etc/hosts; cat /etc/resolv.conf'
	is "$(sed -n 1,2p <<<"$out" | paste -sd' ')" "named 1" "$kind: the container has its own names"
	is "$(cat "$dir/etc/hosts")" "# of the image" "$kind: the image's /etc/hosts is as it was"
	is "$(cat "$dir/etc/hostname")" image "$kind: and its /etc/hostname"
	is "$(cat "$dir/etc/resolv.conf")" "# of the image" "$kind: and its /etc/resolv.conf"
	rlc --rootfs "$dir" sh -c 'echo "10.1.1.1 own" >>/etc/hosts && tail -n 1 /etc/hosts'
	is "$out" "10.1.1.1 own" "$kind: the container may write its own"
	is "$(cat "$dir/etc/hosts")" "# of the image" "$kind: which does not reach the image"

	# ------------------------------------------------------------------------- as it is

	is "$(fingerprint "$dir")" "$before" "$kind: a run in DIR itself leaves no mount points and no files"
	rlc --rootfs "$dir" sh -c 'echo kept >/kept'
	is "$status" 0 "$kind: a directory as it is can be written"
	is "$(cat "$dir/kept" 2>&1)" kept "$kind: and keeps what was written"
	is "$(stat -c %U "$dir/kept")" "$who" "$kind: as the caller's file"
	rm -f "$dir/kept"

	rlc --read-only --rootfs "$dir" sh -c 'touch /x; echo $?; touch /etc/y; echo $?; touch /dev/shm/z && echo shm'
	is "$(paste -sd' ' <<<"$out")" "1 1 shm" "$kind: --read-only closes the root, /dev/shm stays open"
	rlc --read-only --rootfs "$dir:O" touch /x
	is "$status" 1 "$kind: --read-only with an overlay"
	rlc --read-only builtin:busybox touch /x
	is "$status" 1 "$kind: --read-only with the built-in image"

	# ------------------------------------------------------------------------- /dev, /sys, /proc

	rlc --rootfs "$dir" sh -c 'cd /dev && for f in null zero full random urandom tty; do
		stat -c "%n %F %a %t:%T" $f; done'
	is "$out" 'null character special file 666 1:3
zero character special file 666 1:5
full character special file 666 1:7
random character special file 666 1:8
urandom character special file 666 1:9
tty character special file 666 5:0' "$kind: the devices are real, with their modes"
	rlc --rootfs "$dir" sh -c 'cd /dev && ls -A | grep -v console'
	is "$(paste -sd' ' <<<"$out")" \
		"core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero" \
		"$kind: /dev has what docker's has and no more"
	rlc --rootfs "$dir" sh -c 'cd /dev && for l in fd stdin stdout stderr ptmx core; do readlink $l; done'
	is "$(paste -sd' ' <<<"$out")" \
		"/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx /proc/kcore" \
		"$kind: and its links"
	rlc --rootfs "$dir" sh -c 'echo x >/dev/null && head -c 3 /dev/zero | wc -c && head -c 3 /dev/urandom | wc -c &&
		echo x >/dev/full; stat -f -c %T /dev/shm /dev/pts; stat -c %a /dev/shm /dev/mqueue'
	is "$(paste -sd' ' <<<"$out")" "3 3 tmpfs devpts 1777 1777" "$kind: they work"
	rlc --rootfs "$dir" sh -c 'mknod /tmp/disk b 8 0 && head -c 1 /tmp/disk; mknod /dev/mem2 c 1 1 && head -c 1 /dev/mem2; true'
	is "$out" "" "$kind: a disk's or memory's device node made inside does not work"
	rm -f "$dir/tmp/disk"

	rlc --rootfs "$dir" sh -c 'touch /sys/x; mkdir /sys/kernel/x; echo 1 >/sys/kernel/mm/ksm/run; grep " /sys " /proc/self/mountinfo | cut -d" " -f6'
	like "$out" '^ro,' "$kind: /sys is read-only"
	like "$out" 'nosuid,nodev,noexec' "$kind: and nosuid, nodev, noexec"
	rlc --rootfs "$dir" sh -c 'grep " /proc " /proc/self/mountinfo | cut -d" " -f6'
	like "$out" '^rw,nosuid,nodev,noexec' "$kind: /proc is nosuid, nodev, noexec"

	rlc --rootfs "$dir" sh -c 'for f in acpi asound interrupts kcore keys latency_stats timer_list timer_stats sched_debug scsi; do
		[ -e /proc/$f ] || continue
		if [ -d /proc/$f ]; then [ -z "$(ls -A /proc/$f)" ] || echo "$f seen"
		else [ "$(head -c 10 /proc/$f 2>/dev/null | wc -c)" = 0 ] || echo "$f seen"; fi; done; ls -A /sys/firmware'
	is "$out" "" "$kind: the masked paths are empty"
	rlc --rootfs "$dir" sh -c 'for f in bus fs irq sys sysrq-trigger; do
		[ ! -e /proc/$f ] || grep -q " /proc/$f ro," /proc/self/mountinfo || echo "$f is not read-only"; done
		echo x 2>/dev/null >/proc/sys/kernel/hostname && echo written'
	is "$out" "" "$kind: the read-only paths are"

	# ------------------------------------------------------------------------- no way back

	for root in builtin:busybox "--rootfs $dir" "--rootfs $dir:O" "--rootfs /:O" "--read-only --rootfs $dir:O"; do
		# shellcheck disable=SC2086 # words
		rlc $root sh -c 'ls -A /.. | sort >/dev/shm/above; ls -A / | sort >/dev/shm/root
			cmp /dev/shm/above /dev/shm/root && echo same; stat -c %d:%i / /.. /../.. | uniq | wc -l
			cut -d" " -f5 /proc/self/mountinfo | grep -cx /'
		is "$(paste -sd' ' <<<"$out")" "same 1 1" "$kind, $root: nothing lies above the root"
		[ "$root" != "--rootfs /:O" ] || continue # there the host's files are in sight on purpose
		# shellcheck disable=SC2086 # words
		rlc $root sh -c "cd / && cd .. && cd ../../.. && cat '.$T/before' '..$T/before' '/proc/self/root/..$T/before' \
			'/proc/1/root/..$T/before'; ls '/..$T'"
		unlike "$out" 'process|mount|bin' "$kind, $root: the old root cannot be reached"
	done
	rlc --rootfs "$dir:O" cat /proc/self/mountinfo
	is "$(cut -d' ' -f3 <<<"$out" | sort -u | grep -c "^$(mountpoint -d /)$")" 0 \
		"$kind: no mount of the host's root file system is left under an overlay"
	no_leftovers "$kind: nothing is left"
done

# ------------------------------------------------------------------------------------ /:O and builtin

who=$sub
rlc --rootfs /:O sh -c 'cat /etc/debian_version /etc/os-release | head -n 1; touch /rlct-new /etc/rlct-new "$HOME"; ls -d /proc/1/exe >/dev/null; id -u'
is "$status" 0 "/:O runs the host's own programs"
like "$out" $'\n0$' "as root inside"
nok "and the host does not change" test -e /etc/rlct-new -o -e /rlct-new

for who in root "$sub" "$one"; do
	rlc builtin:busybox sh -c 'for a in $(busybox --list); do command -v "$a" >/dev/null || echo "$a"; done'
	is "$out" "" "${who%-*}: the built-in image has all applets"
	rlc builtin:busybox sh -c 'cat /etc/passwd | head -n 1 | cut -d: -f1; ls -d /tmp /etc /root /bin; stat -c %a /tmp'
	is "$(paste -sd' ' <<<"$out")" "root /bin /etc /root /tmp 1777" "${who%-*}: and what a system needs"

	# it is unpacked once, and no container changes it for the next
	state=/run/rlc
	[ "$who" = root ] || state=$T/run-$who/rlc
	files=("$state"/builtin-*)
	is "${#files[@]} $(stat -c %U "${files[0]}")" "1 $who" "${who%-*}: it lies unpacked beside the state"
	before=$(fingerprint "${files[0]}")
	rlc builtin:busybox sh -c 'echo x >>/bin/busybox; rm /bin/ls; echo new >/new; mv /etc /etc2; stat -c %u:%g /bin/busybox /bin /'
	is "$(paste -sd' ' <<<"$out")" "0:0 0:0 0:0" "${who%-*}: all of it is root's inside"
	is "$(fingerprint "${files[0]}")" "$before" "${who%-*}: what a container writes is not in it"
	rlc builtin:busybox sh -c 'ls -d /bin/ls /etc /new /etc2; tail -c 2 /bin/busybox | grep -c x'
	is "$(paste -sd' ' <<<"$out")" "/bin/ls /etc 0" "${who%-*}: nor in the next container"
	names=$(cd "${files[0]}" && find . -printf '%p %m %s\n' | sort)
	find "${files[0]}" -delete
	rlc builtin:busybox stat -c %a /root /tmp /bin/busybox
	is "$(paste -sd' ' <<<"$out")" "700 1777 755" "${who%-*}: it is unpacked again where it is missing"
	is "$(cd "${files[0]}" && find . -printf '%p %m %s\n' | sort)" "$names" "${who%-*}: as it was"
done

# Where it cannot be kept, or would not be root's inside, it is copied
as root mkdir "$T/small"
mount -t tmpfs -o size=512k,mode=0777 none "$T/small"
run as "$sub" RLC_ROOT="$T/small/rlc" "$RLC" run --network none builtin:busybox sh -c 'stat -f -c %T /; stat -c %u /bin/ls'
is "$status $(paste -sd' ' <<<"$out")" "0 tmpfs 0" "without room for it a container has a copy"
is "$(find "$T/small/rlc" -name 'builtin*')" "" "and no part of it stays behind"
umount "$T/small"
who=$sub
rlc --userns keep-id builtin:busybox sh -c 'stat -f -c %T /; stat -c %u /bin/busybox'
is "$status $(paste -sd' ' <<<"$out")" "0 tmpfs 0" "so it has where the caller is not root inside"

# ------------------------------------------------------------------------------------ bad roots

for who in root "$sub"; do
	rlc --rootfs "$T/missing" true
	refused "a rootfs that does not exist" "$T/missing" "RLC-R01" "why:" "fix:"
	rlc --rootfs "$T/missing:O" true
	refused "under an overlay" "$T/missing" "RLC-R01"
	rlc --rootfs "$T/bin/rlc" true
	refused "a rootfs that is a file" "$T/bin/rlc"
done

who=$sub
mkdir "$T/rootfs-bare"
cp "$(command -v busybox)" "$T/rootfs-bare/busybox"
chown -R "$sub:" "$T/rootfs-bare"
rlc --rootfs "$T/rootfs-bare:O" /busybox sh -c '/busybox ls -d /proc/1 /sys/kernel /dev/null /etc/hosts'
is "$(paste -sd' ' <<<"$out")" "/dev/null /etc/hosts /proc/1 /sys/kernel" \
	"a rootfs with neither /proc, /sys, /dev nor /etc works under an overlay"
before=$(ls -A "$T/rootfs-bare")
is "$before" busybox "and stays bare"
rlc --rootfs "$T/rootfs-bare" /busybox ls -d /proc/1
if [ "$status" = 125 ]; then
	refused "a rootfs without /proc as it is" "/proc" "RLC-R04" "why:" "fix:"
else
	is "$out" /proc/1 "a rootfs without /proc as it is is given the directory"
fi
mkdir "$T/rootfs-other"
cp -a "$T/rootfs-bare/busybox" "$T/rootfs-other/"
chown -R root: "$T/rootfs-other"
rlc --rootfs "$T/rootfs-other" /busybox true
refused "a rootfs whose owner has no id inside" "$T/rootfs-other" "RLC-R02" "rlc unshare tar" "fix:"
is "$(ls -A "$T/rootfs-other")" busybox "which is not touched"

mkdir -m 0700 "$T/closed"
mkdir -m 0755 "$T/closed/rootfs"
rlc --rootfs "$T/closed/rootfs" true
refused "a rootfs below a directory that may not be searched" "$T/closed"

# --------------------------------------------------------------- links of the image lead nowhere outside

mkdir "$T/outside"
chown "$sub:" "$T/outside"
evil=$T/rootfs-evil
for name in proc sys dev etc/hosts etc/resolv.conf etc/hostname etc; do
	rm -rf "$evil"
	make_rootfs "$evil" "$sub"
	mkdir -p "$evil/outside"
	rm -rf "${evil:?}/$name"
	ln -s "../../../../../../../../$T/outside" "$evil/$name"
	chown -hR "$sub:" "$evil"
	for root in "$evil" "$evil:O"; do
		rlc -h canary --rootfs "$root" /bin/busybox true
		if [ "$status" != 0 ]; then
			is "$status" 125 "/$name is a link, ${root#"$T"/}: refused by rlc"
			like "$err" "^rlc: " "with a message"
		else
			pass "/$name is a link, ${root#"$T"/}: works"
		fi
		is "$(ls -A "$T/outside")" "" "/$name is a link: nothing was written or mounted behind it"
	done
done
rm -rf "$evil"
make_rootfs "$evil" "$sub"
ln -sf "$T/secret" "$evil/etc/passwd"
printf 'alice:x:4242:4242::/:/bin/sh\n' >"$T/secret"
rlc --rootfs "$evil" -u alice id -u
isnt "$out" 4242 "/etc/passwd that is a link is read inside the root, not outside"
rm -f "$evil/etc/passwd"
mkfifo "$evil/etc/passwd"
rlc --rootfs "$evil" -u alice id -u
is "$status" 125 "/etc/passwd that is a FIFO stops nobody"

no_leftovers "nothing is left"
done_testing

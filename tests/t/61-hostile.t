#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Images, payloads, callers of callers and other users who mean harm: each attack is made for real, next to
# a check that it would have shown.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns subids busybox keyctl gcc /usr/bin/python3
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox
rlc() { run as "$who" "$RLC" run --network none "$@"; }
# Who is root, has subordinate ids, has one id alone
everyone=(root "$sub" "$one")
kind_of() {
	kind=${1#rlct-}
	kind=${kind%%-*}
}

# A directory of the host's, open to all: nothing may appear in it
canary=$T/canary
mkdir -m 0777 "$canary"
canary_is_empty() { is "$(ls -A "$canary")" "" "$1: nothing was made on the host"; }

# image USER: a rootfs of busybox's for this user, in $image
image() {
	image=$T/image-${1//[^a-z]/}
	rm -rf "$image"
	make_rootfs "$image" "$1"
}

# What a runtime without rlc's measures would do, in mounts of its own: root's shell, with the words as $1, $2…
naive() { # SCRIPT WORDS…
	local script=$1

	shift
	run unshare --mount sh -c "$script" sh "$@"
}

# ------------------------------------------------------------ links where rlc mounts (CVE-2019-19921, 2023-27561, 2023-28642, 2026-41579, 2026-47766)

for who in "${everyone[@]}"; do
	kind_of "$who"
	image "$who"
	rlc --rootfs "$image" true
	is "$status" 0 "$kind: the image runs"
	for at in proc sys dev; do
		rm -rf "${image:?}/$at"
		mkdir -p "$image$canary"
		ln -s "../../../../../../..$canary" "$image/$at"
		rlc --rootfs "$image" true
		refused "$kind: /$at is a link" "^rlc: $at: open '/$at'" "symbolic links"
		naive 'mount -t tmpfs naive "$1" && touch "$1/made"; ls "$2"' "$image/$at" "$canary"
		is "$out" made "who mounts on /$at by name lands on the host"
		rm "$image/$at"
		mkdir "$image/$at"
	done
	canary_is_empty "$kind"
done

# ------------------------------------------------------------ volumes and files over /proc (CVE-2019-16884)

mkdir -p "$T/forged/self"
echo '1 (rlc) S 0' >"$T/forged/self/stat"
for who in "${everyone[@]}"; do
	kind_of "$who"
	image "$who"
	ln -s /proc "$image/to-proc"
	ln -s /tmp "$image/to-tmp"
	rlc --rootfs "$image" -v "$T/forged:/to-tmp" cat /tmp/self/stat
	is "$out" '1 (rlc) S 0' "$kind: a volume follows a link of the image"
	for to in /to-proc /to-proc/self /to-proc/sys; do
		rlc --rootfs "$image" -v "$T/forged:$to" true
		refused "$kind: a volume on $to" "^rlc: volumes: .*/proc"
	done
	rlc --rootfs "$image" --tmpfs /to-proc true
	refused "$kind: a tmpfs on a link to /proc" "^rlc: volumes: .*/proc"
	rlc -v "$T/forged:/proc" $bb true
	refused "$kind: a volume on /proc" "^rlc: volumes: .*/proc"
	rlc -v "$T/forged:/x/../proc/" $bb true
	refused "$kind: a volume on /proc by a detour" "^rlc: volumes: .*/proc"

	ln -sf /proc/self/environ "$image/etc/hosts"
	ln -sf /tmp/hostname "$image/etc/hostname"
	touch "$image/tmp/hostname"
	rlc --rootfs "$image" cut -d' ' -f5 /proc/self/mountinfo
	like "$out" /tmp/hostname "$kind: /etc/hostname follows a link of the image"
	unlike "$out" environ "$kind: /etc/hosts does not follow one into /proc"
done

# ------------------------------------------------------------ masks (CVE-2025-31133)

mkdir "$T/forged-dev"
for name in null zero full random urandom tty; do echo forged >"$T/forged-dev/$name"; done
rm "$T/forged-dev/null"
who=root
forge_null() { # DESCRIPTION COMMAND…: makes $T/forged-dev/null
	local description=$1

	shift
	run "$@"
	is "$status" 0 "the fixture works: $description"
	rlc -v "$T/forged-dev:/dev:dev" $bb true
	refused "$description for the null device" "^rlc: masks: .*/dev/null"
	# shellcheck disable=SC2016 # for its shell
	[ "$1" != ln ] || naive 'mount --bind "$1" /proc/version && cat /proc/version' "$T/forged-dev/null"
	rm "$T/forged-dev/null"
}
forge_null "a link" ln -s /proc/sys/kernel/core_pattern "$T/forged-dev/null"
is "$out" "$(cat /proc/sys/kernel/core_pattern)" "who masks with it by name gives it away"
forge_null "a FIFO" mkfifo "$T/forged-dev/null"
forge_null "another device" mknod -m 666 "$T/forged-dev/null" c 1 5
forge_null "a file" touch "$T/forged-dev/null"
rlc $bb sh -c 'for file in /proc/keys /proc/timer_list /proc/interrupts /proc/kcore; do cat $file; done 2>/dev/null | wc -c'
is "$out" 0 "masked files are empty"

# ------------------------------------------------------------ descriptors of the caller's (CVE-2024-21626)

with_descriptor() { # DIRECTORY COMMAND…: with 3 to 20 open on the directory
	local directory=$1

	shift
	# shellcheck disable=SC2016
	as "$who" sh -c 'dir=$1; shift
		exec 3<"$dir" 4<"$dir" 5<"$dir" 6<"$dir" 7<"$dir" 8<"$dir" 9<"$dir"; exec "$@"' sh "$directory" "$@"
}
image root
run with_descriptor "$canary" unshare --mount sh -c 'mount --bind /proc "$1/proc" && exec python3 -c "
import os, sys
os.chroot(sys.argv[1])
os.chdir(\"/proc/self/fd/7\")
os.mkdir(\"made\")" "$1"' sh "$image"
is "$status $(ls "$canary")" "0 made" "who lets it be inherited has a working directory outside"
rmdir "$canary/made"
for who in "${everyone[@]}"; do
	kind_of "$who"
	run with_descriptor "$(dirname "$(command -v busybox)")" /proc/self/fd/7/busybox echo outside
	is "$out" outside "$kind: a descriptor leads to a program of the host's"
	for fd in 3 5 7 9; do
		run with_descriptor "$canary" "$RLC" run --network none -w /proc/self/fd/$fd/made $bb pwd
		is "$status $out" "125 " "$kind: -w /proc/self/fd/$fd/made"
		run with_descriptor "$canary" "$RLC" run --network none -w /proc/self/fd/$fd $bb pwd
		is "$status $out" "125 " "$kind: -w /proc/self/fd/$fd"
		run with_descriptor "$(dirname "$(command -v busybox)")" \
			"$RLC" run --network none $bb /proc/self/fd/$fd/busybox echo inside
		is "$status $out" "127 " "$kind: the program /proc/self/fd/$fd/busybox"
	done
	run with_descriptor "$canary" "$RLC" run --network none $bb sh -c 'for fd in /proc/*/fd/*; do readlink $fd; done'
	unlike "$out" "$canary" "$kind: no process inside holds it"
	canary_is_empty "$kind"
done

# ------------------------------------------------------------ the runtime's own file (CVE-2019-5736)

# The image brings the dynamic loader, which is the attacker's code in the real attack: here it loads a library
# that writes to the program it was loaded for
cat >"$T/overwrite.c" <<'END'
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void overwrite(void)
{
	char command[100];

	snprintf(command, sizeof command, "echo overwritten >/proc/self/fd/%d", open("/proc/self/exe", O_PATH));
	execl("/bin/busybox", "sh", "-c", command, NULL);
}
END
cat >"$T/naive.c" <<'END'
#include <unistd.h>
int main(int argc, char **argv)
{
	return argc != 2 || chroot(argv[1]) || chdir("/") || execl("/script", "/script", NULL);
}
END
gcc -D_GNU_SOURCE -shared -fPIC -o "$T/overwrite.so" "$T/overwrite.c" && gcc -o "$T/bin/naive" "$T/naive.c"
own_rlc=$(copy_program "$RLC" own-rlc)
for who in "$sub" root; do
	kind_of "$who"
	image root
	(
		cd / && ldd "$RLC" | grep -o '/[^ ]*' | xargs -r cp -L --parents -t "$image"
	)
	printf '#!/proc/self/exe\n' >"$image/script"
	printf '#!/link\n' >"$image/script-by-link"
	printf '#!/script\n' >"$image/script-of-script"
	chmod 0755 "$image"/script*
	ln -s /proc/self/exe "$image/link"
	chown "$who" "$own_rlc"
	before=$(sha256sum "$own_rlc")
	if [ "$who" = "$sub" ]; then
		rlc --rootfs "$image:O" /script
		like "$err" "no such command" "such an entrypoint runs rlc inside, where it cannot be written"
	fi
	cp "$T/overwrite.so" "$image/"
	echo /overwrite.so >"$image/etc/ld.so.preload"
	# shellcheck disable=SC2016 # for its shell
	[ "$who" = root ] || naive 'mount --bind /proc "$1/proc" && exec "$2" "$1"' "$image" "$T/bin/naive"
	for entry in /script /script-by-link /script-of-script /link /proc/self/exe /proc/thread-self/exe; do
		for option in --init=true --init=false --user=1; do
			run as "$who" "$own_rlc" run --network none "$option" --rootfs "$image:O" "$entry" version
			is "$status $out" "126 " "$kind: $entry with $option"
			like "$err" "^rlc: [a-z]+: run '$entry': .*rlc's own file|^rlc: warn: rootfs" "$kind: and it is said"
		done
	done
	is "$(sha256sum "$own_rlc")" "$before" "$kind: the file is unchanged"
	is "$(head -c 11 "$T/bin/naive")" overwritten "the file of who enters and runs the image's script is not"
	for option in --init=true --init=false; do
		run as "$who" "$own_rlc" run --network none "$option" $bb sh -c 'grep TracerPid /proc/self/status; echo "$$"'
		like "$out" "TracerPid:.0" "$kind: another program runs with $option, and nobody traces it"
		run as "$who" "$own_rlc" run --network none "$option" $bb sh -c 'kill -9 $$'
		[ $option = --init=false ] || is "$status" 137 "$kind: its end is seen with $option"
	done
	# whoever brings his rlc along, by a volume, may use it
	run as "$who" "$own_rlc" run --network none -v "$own_rlc:$own_rlc" --rootfs /:O "$own_rlc" version
	like "$out" "^rlc [0-9]" "$kind: the same file as a volume is a program like others"
done

# ------------------------------------------------------------ PID 1 holds nothing of the caller's

for who in "${everyone[@]}"; do
	kind_of "$who"
	run as "$who" CALLERS_SECRET=hush "$RLC" run --network none $bb sh -c '
		cat /proc/self/environ >/dev/null && echo own
		for file in environ mem exe maps auxv stack io; do cat /proc/1/$file >/dev/null 2>&1 && echo "read $file"; done
		for dir in root cwd fd map_files; do ls /proc/1/$dir/ 2>/dev/null | grep . && echo "list $dir"; done
		tr -d "\0" </proc/1/cmdline'
	is "$(tr -s ' ' <<<"$out" | sed 's/ $//')" $'own\nrlc-init' "$kind: PID 1 is closed to the payload"

	session=$(as "$who" mktemp "$T/tmp/session.XXXXXX")
	run as "$who" keyctl session - sh -c "keyctl add user caller topsecret @s >/dev/null
		keyctl pipe \"\$(keyctl search @s user caller)\"
		'$RLC' run --network none --rootfs /:O sh -c 'keyctl search @s user caller; keyctl show' >'$session' 2>&1"
	is "$out" topsecret "$kind: the caller has a key"
	unlike "$(cat "$session")" "user: caller" "$kind: the payload does not see it"
	like "$(cat "$session")" "[Kk]eyring|not permitted" "$kind: but has a keyring"
	rm "$session"
done

# Root's payload with CAP_SYS_PTRACE has that of the host, and so can trace PID 1: it gains nothing by that
if [ "$(uname -m)" = x86_64 ]; then
	mkdir -m 0777 "$T/tracer"
	cat >"$T/tracer.c" <<'END'
/*
 * tracer PID PATH: has that process, which waits in a system call, execute PATH, which is this program. It then
 * writes what it may do to PATH.took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static int tell(const char *path)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "r"), *out;

	snprintf(line, sizeof line, "%s.took", path);
	out = fopen(line, "w");
	while (status && out && fgets(line, sizeof line, status))
		if (strncmp(line, "CapEff:", 7) == 0)
			fputs(line, out);
	return 0;
}

int main(int argc, char **argv)
{
	struct user_regs_struct regs;
	long stack[34] = {0}, at;
	int pid;

	if (argc == 1)
		return tell(argv[0]);
	pid = atoi(argv[1]);
	if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0 || waitpid(pid, NULL, __WALL) < 0 ||
	    ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		return 1;
	at = (long)((regs.rsp - 1024) & ~15UL);
	stack[0] = at + 16; /* its arguments: one, and none */
	strncpy((char *)&stack[2], argv[2], 255);
	for (int i = 0; i < 34; i++)
		ptrace(PTRACE_POKEDATA, pid, at + i * 8, stack[i]);
	regs.rip -= 2; /* the same instruction once more, and another system call: execve */
	regs.orig_rax = (unsigned long)-1;
	regs.rax = 59;
	regs.rdi = (unsigned long)at + 16;
	regs.rsi = (unsigned long)at;
	regs.rdx = (unsigned long)at + 8;
	return ptrace(PTRACE_SETREGS, pid, 0, &regs) < 0 || ptrace(PTRACE_DETACH, pid, 0, 0) < 0;
}
END
	gcc -O1 -static -o "$T/tracer/tracer" "$T/tracer.c"
	who=root
	rlc --cap-add SYS_PTRACE -v "$T/tracer:/tracer" $bb sh -c '/tracer/tracer 1 /tracer/tracer && echo traced; sleep 0.5'
	is "$out" traced "CAP_SYS_PTRACE of the host's rules PID 1"
	for ((round = 0; round < 20; round++)); do
		rlc --cap-add SYS_PTRACE $bb grep -c "^Seccomp:.0" /proc/1/status
		[ "$out" = 0 ] || break
	done
	is "$out" 0 "which has let go of all before the payload's first instruction"
	is "$(cat "$T/tracer/tracer.took" 2>/dev/null)" "" "but cannot have it execute a program, with all that its bounding set allows"
	run sh -c '/usr/bin/python3 -c "
import ctypes
libc = ctypes.CDLL(None)
libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
libc.pause()" & sleep 1; "$1" $! "$1"; wait' sh "$T/tracer/tracer"
	like "$(cat "$T/tracer/tracer.took" 2>/dev/null)" "CapEff:.*f" "a process that dropped its capabilities alone can be made to"
fi
for who in "${everyone[@]}"; do
	kind_of "$who"
	rlc $bb sh -c 'until grep -q "^Seccomp:.2" /proc/1/status; do sleep 0.02; done
		grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/1/status'
	is "$out" $'CapEff:\t0000000000000020\nNoNewPrivs:\t1\nSeccomp:\t2' "$kind: PID 1 has CAP_KILL alone, no new privileges, and a filter"
done

# ------------------------------------------------------------ devices, with the host's ids

who=root
image root
for root in "$image" "$image:O" /:O; do
	rlc --rootfs "$root" sh -c 'for dir in / /etc /tmp /dev /dev/shm; do
		rm -f $dir/node; mknod $dir/node c 1 3 && cat $dir/node && echo "open $dir"; rm $dir/node; done 2>&1'
	is "$(grep -c 'node.*[Pp]ermission denied' <<<"$out")" 5 "--rootfs ${root#"$T"/}: a node that root inside makes is dead"
	is "$(grep '^open' <<<"$out")" "" "and stays so"
done
mkdir "$T/nodes"
mknod -m 666 "$T/nodes/null" c 1 3
rlc -v "$T/nodes:/nodes" $bb sh -c 'cat /nodes/null && echo open'
is "$out" "" "nor does a volume bring any"
rlc -v "$T/nodes:/nodes:dev" $bb sh -c 'cat /nodes/null && echo open'
is "$out" open "unless it was asked for"
rlc -v "$T/nodes/null:/null" $bb sh -c 'cat /null && echo open'
is "$out" open "or is the device itself"

# ------------------------------------------------------------ --read-only means all of it

mkdir "$image/below"
mount -t tmpfs below "$image/below"
who=root
rlc --rootfs "$image" sh -c 'echo x >/below/x'
is "$status" 0 "what is mounted below a rootfs is there"
rlc --read-only --rootfs "$image" sh -c 'echo x >/below/y'
isnt "$status" 0 "and read-only with it"
umount "$image/below"
for who in "${everyone[@]}"; do
	kind_of "$who"
	rlc --read-only --rootfs /:O sh -c 'for dir in / /etc /usr /var /home; do touch $dir/x 2>/dev/null && echo $dir; done
		touch /dev/shm/x && echo shm'
	is "$out" shm "$kind: no directory of /:O can be written"
done

# ------------------------------------------------------------ no capability comes along (CVE-2022-29162)

run setpriv --inh-caps=+chown,+sys_admin grep CapInh /proc/self/status
like "$out" '200001$' "the fixture works: inheritable capabilities"
run setpriv --inh-caps=+chown,+sys_admin "$RLC" run --network none $bb grep -E 'CapInh|CapAmb' /proc/self/status
is "$(awk '{ print $2 }' <<<"$out" | sort -u)" 0000000000000000 "the caller's inheritable capabilities end at the container"

# ------------------------------------------------------------ users (CVE-2016-3697, CVE-2024-9676)

for who in root "$sub"; do
	kind_of "$who"
	image "$who"
	printf 'root:x:0:0::/:\n1000:x:0:0::/:\nbob:x:1001:1001::/:\nbig:x:4294967296:0::/:\nminus:x:-1:0::/:\nempty:x::0::/:\n' >"$image/etc/passwd"
	rlc --rootfs "$image" -u bob id -u
	is "$out" 1001 "$kind: -u by name"
	rlc --rootfs "$image" su 1000 -c 'id -u'
	is "$out" 0 "$kind: who takes a number for a name is root"
	rlc --rootfs "$image" -u 1000 id -u
	is "$out" 1000 "$kind: a number is an id, whatever /etc/passwd calls so"
	for user in 1000x -1 +0 4294967295 4294967296 ' 0' '0 ' 0x0 1e3 '' :0 0: bob:1000x bob:-1 big minus empty nobody-there; do
		rlc --rootfs "$image" -u "$user" id -u
		is "$status $out" "125 " "$kind: -u '$user' is refused"
	done

	rm "$image/etc/passwd" "$image/etc/group"
	mkfifo "$image/etc/passwd"
	ln -s /dev/zero "$image/etc/group"
	RUN_TIMEOUT=0.3 run cat "$image/etc/passwd"
	is "$status" 124 "$kind: who opens such a FIFO waits"
	RUN_TIMEOUT=20 rlc --rootfs "$image" -u 5 true
	is "$status" 0 "$kind: a FIFO for /etc/passwd and an endless /etc/group"
	rm "$image/etc/passwd" "$image/etc/group"
	ln -s /proc/kmsg "$image/etc/passwd"
	truncate -s 1T "$image/etc/group" 2>/dev/null || truncate -s 10G "$image/etc/group"
	RUN_TIMEOUT=20 rlc --rootfs "$image" -u 5 true
	is "$status" 0 "$kind: a log for /etc/passwd and a huge /etc/group"
	rm "$image/etc/passwd" "$image/etc/group"
	echo 'bob:x:5:5::/:' >"$image/etc/passwd"
	seq -f 'g:x:%.0f:bob' 10 200000 >"$image/etc/group"
	RUN_TIMEOUT=20 rlc --rootfs "$image" -u bob true
	ok "$kind: a user in too many groups is no endless work" test "$status" -ne 124
done

# Who was kept out by a group stays out, on a map that he made himself (CVE-2018-7169)
group=$(id -gn "$one")
mkdir -m 0705 "$T/closed"
touch "$T/closed/secret"
chgrp "$group" "$T/closed"
who=$one
run as "$one" ls "$T/closed"
isnt "$status" 0 "the fixture works: a directory that all but one group may read"
run setpriv --reuid "$one" --regid nogroup --clear-groups ls "$T/closed"
is "$out" secret "who can drop the group gets in"
rlc -v "$T/closed:/closed" $bb ls /closed
unlike "$out" secret "and not inside either"

# ------------------------------------------------------------ what the kernel shows, nested and not

for who in "$sub" "$one"; do
	kind_of "$who"
	rlc --security-opt userns=allow --rootfs /:O unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs x /mnt && echo tmpfs
		mount -t sysfs x /mnt 2>/dev/null && echo sysfs
		mount -t cgroup2 x /mnt 2>/dev/null && echo cgroup
		mount -o remount,bind,rw /proc/sys 2>/dev/null && echo /proc/sys
		mount -o remount,bind,rw /sys 2>/dev/null && echo /sys
		for mask in $(cut -d" " -f5 /proc/self/mountinfo | grep "^/proc/.\|^/sys/f"); do umount $mask 2>/dev/null && echo $mask; done
		mknod /dev/shm/disk b 8 0 2>/dev/null && echo disk; true'
	is "$out" tmpfs "$kind: a user namespace inside takes no mask away"
	rlc --security-opt userns=allow --rootfs /:O unshare --user --map-root-user --mount --pid --fork sh -c 'mount -t proc x /mnt 2>/dev/null && echo proc; echo end'
	is "$out" end "$kind: nor gives it another /proc"
done
for who in "${everyone[@]}"; do
	kind_of "$who"
	rlc $bb sh -c 'for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/fs/cgroup/cgroup.procs \
			/sys/kernel/uevent_helper /sys/fs/cgroup/release_agent /proc/sys/fs/binfmt_misc/register; do
			echo x 2>/dev/null >$file && echo $file; done
		mkdir /tmp/m; mount -t cgroup2 x /tmp/m 2>/dev/null && echo cgroup2
		mount -t cgroup -o pids x /tmp/m 2>/dev/null && echo cgroup; mkdir /sys/fs/cgroup/x 2>/dev/null && echo made; true'
	is "$out" "" "$kind: no control file of the kernel's can be written"
	rlc --privileged $bb sh -c 'mkdir /tmp/m; mount -t cgroup2 x /tmp/m 2>/dev/null && echo cgroup2; mount -t tmpfs x /tmp/m && echo tmpfs'
	like "$out" tmpfs "$kind: with all capabilities and no filter it could mount"
	rlc $bb sh -c 'grep @ /proc/net/unix'
	is "$out" "" "$kind: rlc has no abstract socket"
	rlc --rootfs /:O /usr/bin/python3 -c 'import socket
abstract = socket.socket(socket.AF_UNIX)
abstract.bind(b"\0abstract")
print(open("/proc/net/unix").read())'
	like "$out" "@abstract" "$kind: one would be listed"
done

# ------------------------------------------------------------ the caller's terminal (CVE-2017-5226)

cat >"$T/bin/inject.py" <<'END'
import fcntl, sys, termios
for fd in (0, 1, 2):
    for name, call in ("TIOCSCTTY", 1), ("TIOCSTI", b"X"), ("TIOCLINUX", b"\2" * 16):
        try:
            fcntl.ioctl(fd, {"TIOCLINUX": 0x541C}.get(name) or getattr(termios, name), call)
            print("did", name, fd)
        except OSError:
            pass
print("end")
END
cat >"$T/bin/on-terminal.py" <<'END'
import fcntl, os, pty, select, subprocess, sys, termios
master, slave = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                         preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
os.close(slave)
text = b""
while True:
    try:
        data = os.read(master, 4096)
    except OSError:
        break
    if not data:
        break
    text += data
sys.stdout.write(text.decode().replace("\r", ""))
sys.exit(child.wait())
END
chmod 0644 "$T"/bin/*.py
inject="import base64; exec(base64.b64decode('$(base64 -w 0 "$T/bin/inject.py")'))"
run as root /usr/bin/python3 "$T/bin/on-terminal.py" /usr/bin/python3 -c "$inject"
like "$out" "did TIOCSCTTY" "the fixture works: the terminal obeys its own session"
like "$out" "did TIOCSTI" "and can be typed into"
for who in "${everyone[@]}"; do
	kind_of "$who"
	run as "$who" /usr/bin/python3 "$T/bin/on-terminal.py" \
		"$RLC" run -i --tty=false --network none --rootfs /:O /usr/bin/python3 -c "$inject"
	is "$out" end "$kind: the payload cannot type into the caller's terminal"
done

# ------------------------------------------------------------ state, next to other users (CVE-2021-41091)

uid=$(id -u "$sub")
state=/tmp/rlc-$uid
without_runtime() { run as "$sub" env -u XDG_RUNTIME_DIR "$RLC" run --network none $bb true; }
when_finished rm -rf "$state"
plant() { # DESCRIPTION COMMAND…: another user was there first
	local description=$1

	shift
	rm -rf "$state"
	run as "$one" "$@"
	is "$status" 0 "the fixture works: $description"
	without_runtime
	refused "$state is $description" "$state" RLC-S01
	canary_is_empty "$description"
	rm -rf "$state"
}
plant "a directory of another user" mkdir -m 0777 "$state"
plant "a link of another user" ln -s "$canary" "$state"
plant "a FIFO of another user" mkfifo -m 0666 "$state"
without_runtime
is "$status" 0 "without them it runs"
run as "$one" ls "$state/containers"
isnt "$status" 0 "another user cannot look into its state"
chmod 0755 "$state" "$state/containers"
run as "$one" ls "$state/containers"
is "$status" 0 "who leaves it open is looked into"
chmod 0700 "$state" "$state/containers"
is "$(find "$state" -path "$state/builtin-*" -prune -o -perm /077 ! -type l -print)" "" "and its state is closed to others"
rm -rf "$state"

# ------------------------------------------------------------ no payload outlives its supervisor

sleepers_are_gone() { ! pgrep -f '^sleep 4321' >/dev/null; }
for who in root "$sub"; do
	kind_of "$who"
	for option in --init=true --init=false; do
		as_background "$who" "$RLC" run --network none "$option" -u 1000 $bb sleep 4321
		supervisor=$!
		ok "$kind: a container with $option" wait_for 10 pgrep -f '^sleep 4321'
		kill -KILL "$supervisor"
		wait "$supervisor" 2>/dev/null
		ok "$kind: ends with its supervisor" wait_for 5 sleepers_are_gone
	done
	rlc $bb true # sweeps the state of the killed away
done

# ------------------------------------------------------------ mount points swapped in a race (CVE-2021-30465)

cat >"$T/bin/racer.py" <<'END'
import ctypes, sys
one, other = (name.encode() for name in sys.argv[1:])
exchange = ctypes.CDLL(None).renameat2
while True:
    exchange(-100, one, -100, other, 2)
END
chmod 0644 "$T/bin/racer.py"
cat >"$T/bin/naive-mount.py" <<'END'
# Looks whether the place is what it should be, and then mounts on it: until that was somewhere else
import ctypes, os, sys, time
at, canary = sys.argv[1:]
libc, before, deadline = ctypes.CDLL(None), os.stat(canary).st_dev, time.monotonic() + 30
while time.monotonic() < deadline and os.stat(canary).st_dev == before:
    if not os.path.islink(at) and libc.mount(b"naive", at.encode(), b"tmpfs", 0, None) == 0 and os.stat(canary).st_dev == before:
        libc.umount2(at.encode(), 2)
print("on the host" if os.stat(canary).st_dev != before else "missed")
END
chmod 0644 "$T"/bin/*.py
who=$sub
hits=0
for at in volume proc dev etc; do
	image "$sub"
	mkdir -p "$image/volume" "$image$T"
	ln -s "../../../../../../..$canary" "$image/swap"
	volumes=(-v "$T/forged:/volume/made" -v "$T/forged/self/stat:/volume/file")
	# what is swapped is a place of the image either way, so that all of many volumes are tried
	[ $at != volume ] || mkdir "$image$canary"
	chown -hR "$sub:" "$image"
	as_background "$sub" /usr/bin/python3 "$T/bin/racer.py" "$image/$at" "$image/swap"
	racer=$!
	ok "the racer runs" wait_for 5 test -L "$image/$at"
	rounds=25
	[ $at != volume ] || rounds=10
	for ((round = 0; round < rounds; round++)); do
		if [ $at = volume ]; then
			volumes=()
			for i in {1..100}; do volumes+=(-v "$T/forged:/volume/d$i.$round" -v "$T/forged/self/stat:/volume/f$i.$round"); done
		fi
		rlc "${volumes[@]}" --rootfs "$image" sh -c 'cut -d" " -f5 /proc/self/mountinfo'
		[ "$status" = 0 ] || hits=$((hits + 1))
		[[ ! $out =~ $canary || $at = volume ]] || fail "$at: something was mounted on the canary"
	done
	canary_is_empty "/$at swapped with a link, $round rounds"
	if [ $at = volume ]; then
		isnt "$(ls "$image$canary")" "" "CVE-2021-30465, 2024-45310: some of $((round * 200)) volumes met the link, and stayed inside"
		run unshare --mount /usr/bin/python3 "$T/bin/naive-mount.py" "$image/volume" "$canary"
		is "$out" "on the host" "CVE-2021-30465, 2024-45310: who looks first and mounts then is led outside"
	fi
	kill "$racer"
	wait "$racer" 2>/dev/null
done
isnt "$hits" 0 "the race was lost now and then"

no_leftovers "nothing is left"
done_testing

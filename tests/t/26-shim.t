#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The shim writes the maps that shadow's newuidmap and newgidmap write, and refuses what they refuse.
. "$(dirname "$0")/../lib/lib.sh"

needs root mountns userns subids setcap python3

shim=$BUILD/helpers/newuidmap-shim
[ -x "$shim/newuidmap" ] || skip_all shim "no program at $shim/newuidmap"

user_with_subids
other=
_add_user other -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 || skip_all root "useradd failed"
uid=$(id -u "$sub") gid=$(id -g "$sub")

mkdir "$T/shim"
cp "$shim/newuidmap" "$shim/newgidmap" "$T/shim"
chmod 0755 "$T/shim"/*
setcap cap_setuid+ep "$T/shim/newuidmap" || skip_all setcap "no file capabilities on $T"
setcap cap_setgid+ep "$T/shim/newgidmap"

# An /etc of this test's own, to change the files in it. It goes before the users do.
mkdir "$T/etc-upper" "$T/etc-work"
mount -t overlay -o "lowerdir=/etc,upperdir=$T/etc-upper,workdir=$T/etc-work" etc /etc ||
	skip_all overlay "no overlay on /etc"
when_finished umount -l /etc

# Two copies, for uids and for gids, of a file with these lines
grants() {
	rm -f /etc/subuid /etc/subgid
	printf '%b' "$1" >/etc/subuid
	printf '%b' "${2-$1}" >/etc/subgid
}

# probe PROGRAM ARGUMENT…: run it on a process in a new user namespace, and print its exit status and
# what the process's files in /proc say then.  PID among the arguments is that process.
cat >"$T/probe" <<'END'
import os, subprocess, sys

def read(name):
    with open(f"/proc/{target.pid}/{name}") as file:
        return " ".join(file.read().split())

program, *arguments = sys.argv[1:]
unshare = [] if os.environ.get("PLAIN") else ["unshare", "--user"]
target = subprocess.Popen([*unshare, "sh", "-c", "echo; exec cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
target.stdout.readline()
if os.environ.get("DENY"):
    with open(f"/proc/{target.pid}/setgroups", "w") as file:
        file.write("deny")
arguments = [str(target.pid) if word == "PID" else word for word in arguments]
extra = {}
if arguments and arguments[0] == "FD":
    fd = os.open(f"/proc/{target.pid}", os.O_PATH | os.O_DIRECTORY)
    arguments[0] = f"fd:{fd}"
    extra["pass_fds"] = [fd]
if os.environ.get("CLOSED"):
    extra["preexec_fn"] = lambda: os.closerange(0, 3)
else:
    extra["stderr"] = subprocess.DEVNULL
for twice in range(int(os.environ.get("TIMES", "1"))):
    done = subprocess.run([program, *arguments], **extra)
print(done.returncode, read("uid_map") or "-", read("gid_map") or "-", read("setgroups"), sep="|")
target.stdin.close()
target.wait()
END

probe() {
	as "$sub" DENY="${deny:-}" PLAIN="${plain:-}" TIMES="${times:-1}" \
		CLOSED="${closed:-}" /usr/bin/python3 "$T/probe" "$@"
}

# agree good|bad u|g DESCRIPTION ARGUMENT…: both programs end alike and leave the same behind
agree() {
	local expected=$1 kind=$2 description=$3 theirs ours

	shift 3
	theirs=$(probe "/usr/bin/new${kind}idmap" "$@")
	ours=$(probe "$T/shim/new${kind}idmap" "$@")
	is "$ours" "$theirs" "new${kind}idmap, $expected: $description"
	case $expected:$theirs in
	good:0\|* | bad:1\|*) ;;
	*) fail "the case is $expected: shadow's says $theirs" ;;
	esac
}

# ------------------------------------------------------------------------- cases of the arguments

standard="$sub:100000:65536\n"
grants "$standard"

for kind in u g; do
	own=$uid
	[ $kind = u ] || own=$gid

	agree good $kind "own id and the whole range" PID 0 "$own" 1 1 100000 65536
	agree good $kind "own id alone" PID 0 "$own" 1
	agree good $kind "own id to itself" PID "$own" "$own" 1
	agree good $kind "own id to the last id" PID 4294967294 "$own" 1
	agree good $kind "the range alone" PID 0 100000 65536
	agree good $kind "part of the range" PID 5 100100 10
	agree good $kind "first id of the range" PID 0 100000 1
	agree good $kind "last id of the range" PID 0 165535 1
	agree good $kind "three ranges out of order" PID 100 100000 5 0 "$own" 1 50 150000 10
	agree good $kind "range below, own id in the middle" PID 0 100000 7 7 "$own" 1 8 100007 9

	agree bad $kind "no arguments"
	[ $kind = g ] || agree bad $kind "no ranges" PID
	agree bad $kind "one number" PID 0
	agree bad $kind "two numbers" PID 0 "$own"
	agree bad $kind "four numbers" PID 0 "$own" 1 1
	agree bad $kind "five numbers" PID 0 "$own" 1 1 100000
	agree bad $kind "own id with count 2" PID 0 "$own" 2
	agree bad $kind "count 0" PID 0 "$own" 0
	agree bad $kind "count 0 after a good range" PID 0 "$own" 1 1 100000 0
	agree bad $kind "one beyond the range" PID 0 100000 65537
	agree bad $kind "the id after the range" PID 0 165536 1
	agree bad $kind "the id before the range" PID 0 99999 1
	agree bad $kind "starts before the range" PID 0 99999 10
	agree bad $kind "the second range is bad" PID 0 "$own" 1 1 99999 10
	agree bad $kind "another's id" PID 0 "$((own + 7000))" 1
	agree bad $kind "inside wraps at 2^32" PID 4294967295 "$own" 1
	agree bad $kind "inside range wraps at 2^32" PID 4294967290 100000 6
	agree good $kind "inside range up to the last id" PID 4294967289 100000 6
	agree bad $kind "outside wraps at 2^32" PID 0 4294967295 2
	agree bad $kind "count of 2^32-1" PID 0 100000 4294967295
	agree bad $kind "inside is 2^32" PID 4294967296 "$own" 1
	agree bad $kind "outside is 2^32 and own id" PID 0 "$((own + 4294967296))" 1
	agree bad $kind "count is 2^32+1" PID 0 "$own" 4294967297
	agree bad $kind "2^64 and own id" PID 0 "$(python3 -c "print(2**64 + $own)")" 1
	agree bad $kind "negative inside" PID -1 "$own" 1
	agree bad $kind "negative outside" PID 0 -1 1
	agree bad $kind "negative count" PID 0 "$own" -1
	agree bad $kind "trailing text" PID 0 "${own}x" 1
	agree bad $kind "trailing blank" PID 0 "$own " 1
	agree bad $kind "an empty number" PID 0 "" 1
	agree bad $kind "a word" PID 0 root 1
	agree bad $kind "a fraction" PID 0 "$own" 1.0
	agree bad $kind "an exponent" PID 0 "$own" 1e0
	agree bad $kind "overlap outside, of the range" PID 0 100000 10 20 100005 10
	agree bad $kind "overlap inside, of the range" PID 0 100000 10 5 100020 10
	agree bad $kind "the same range twice" PID 0 100000 10 0 100000 10
	agree bad $kind "process 0" 0 0 "$own" 1
	agree bad $kind "a negative process" -1 0 "$own" 1
	agree bad $kind "an empty process" "" 0 "$own" 1
	agree bad $kind "a process that is a word" self 0 "$own" 1
	agree bad $kind "a path for a process" ../self 0 "$own" 1
	agree bad $kind "a process with trailing text" PIDx 0 "$own" 1
	agree bad $kind "a process that does not exist" 4194304 0 "$own" 1
	agree bad $kind "a process number of 2^32" 4294967296 0 "$own" 1
	agree bad $kind "process 1, which is root's" 1 0 "$own" 1
	times=2 agree bad $kind "a map that is written already" PID 0 "$own" 1
	plain=1 agree bad $kind "a process in the host's namespace" PID 0 "$own" 1

	# Small numbers, for the kernel takes less than 4096 bytes
	grants "$sub:2000:400\n"
	lines=()
	for ((i = 0; i < 340; i++)); do
		lines+=("$i" $((2000 + i)) 1)
	done
	agree good $kind "340 ranges" PID "${lines[@]}"
	agree bad $kind "341 ranges" PID "${lines[@]}" 340 2340 1
	grants "$standard"
	lines=()
	for ((i = 0; i < 330; i++)); do
		lines+=("$i" $((100000 + i)) 1)
	done
	agree bad $kind "330 ranges of more than 4096 bytes" PID "${lines[@]}"
done

agree bad u "root of the host" PID 0 0 1
agree bad g "root's group of the host" PID 0 0 1
deny=1 agree good g "setgroups denied before, own id" PID 0 "$gid" 1
deny=1 agree good g "setgroups denied before, a range" PID 0 "$gid" 1 1 100000 5

# ------------------------------------------------------------------------------ cases of the files

whole=(PID 0 100000 65536)
own_u=(PID 0 "$uid" 1)

in_file() { # good|bad DESCRIPTION CONTENT [ARGUMENT…]
	local expected=$1 description=$2 content=$3

	shift 3
	[ $# -gt 0 ] || set -- "${whole[@]}"
	grants "$content"
	agree "$expected" u "file: $description" "$@"
	agree "$expected" g "file: $description" "$@"
}

in_file good "by number" "$uid:100000:65536\n"
in_file good "no newline at the end" "$sub:100000:65536"
in_file good "two ranges that adjoin" "$sub:100000:30000\n$sub:130000:35536\n"
in_file good "two ranges that adjoin, in the other order" "$sub:130000:35536\n$sub:100000:30000\n"
in_file good "two ranges, one by number" "$sub:100000:30000\n$uid:130000:35536\n"
in_file good "two ranges that overlap" "$sub:100000:40000\n$sub:120000:45536\n"
in_file good "another's line before and after" "root:5:5\n$standard$other:7:7\n"
in_file good "a comment and a blank line" "# ids\n\n$standard"
in_file good "a line of rubbish" "rubbish\n:::\n$standard"
in_file good "a very long line before" "$(printf 'x%.0s' {1..5000})\n$standard"
in_file good "a very long line of another before" "$(printf 'x%.0s' {1..1022}):1:1\n$standard"
in_file good "a larger range" "$sub:1:4294967294\n"
in_file good "a range of another user as well" "$other:100000:65536\n$standard"
in_file bad "an empty file" ""
in_file bad "two ranges with a gap" "$sub:100000:30000\n$sub:130001:35535\n"
in_file bad "another user's range" "$other:100000:65536\n"
in_file bad "another user's number" "$((uid + 1)):100000:65536\n"
in_file bad "a name that begins alike" "${sub}x:100000:65536\n"
in_file bad "a name cut short" "${sub%?}:100000:65536\n"
in_file bad "a name with a blank in front" " $standard"
in_file bad "a number with a zero in front" "0$uid:100000:65536\n"
in_file bad "a number with trailing text" "${uid}x:100000:65536\n"
in_file bad "a commented line" "#$standard"
in_file bad "no count" "$sub:100000\n"
in_file bad "an empty count" "$sub:100000:\n"
in_file bad "an empty start" "$sub::65536\n"
in_file bad "an empty name" ":100000:65536\n"
in_file bad "count 0" "$sub:100000:0\n"
in_file bad "a negative start" "$sub:-100000:65536\n"
in_file bad "trailing text" "$sub:100000:65536x\n"
in_file bad "a trailing blank" "$sub:100000:65536 \n"
in_file bad "a carriage return" "$sub:100000:65536\r\n"
in_file bad "a number of 2^64" "$sub:100000:18446744073709551616\n"
in_file bad "NIS's plus" "+$standard"
in_file bad "a range cut by its own line's length" \
	"$sub:$(printf '0%.0s' {1..1100})100000:65536\n"

grants ""
agree good u "file: empty, own id" "${own_u[@]}"
agree good g "file: empty, own id" PID 0 "$gid" 1

# Own id and the right to setgroups(2)
grants "" "$sub:$gid:1\n"
agree good g "file: own id is granted, so setgroups stays" PID 0 "$gid" 1
grants "$standard" "$standard"
agree good g "file: one granted range lets setgroups stay" PID 0 "$gid" 1 1 100000 1

# Another name of the same user
useradd --non-unique --uid "$uid" --gid "$gid" --no-create-home \
	-K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 "rlct-alias-$$" 2>/dev/null
in_file good "another name of the same user" "rlct-alias-$$:100000:65536\n"
sed -i "/^rlct-alias-$$:/d" /etc/passwd

for file in subuid subgid; do
	kind=${file:3:1}
	own=$uid
	[ "$kind" = u ] || own=$gid
	grants "$standard"
	rm "/etc/$file"
	agree bad "$kind" "file: missing" PID 0 "$own" 1
	echo "$sub:100000:65536" >"/etc/$file-real"
	ln -s "$file-real" "/etc/$file"
	agree bad "$kind" "file: a symbolic link" PID 0 "$own" 1
	rm "/etc/$file"
	mkfifo "/etc/$file"
	agree good "$kind" "file: a FIFO is not waited for" PID 0 "$own" 1
done

# ------------------------------------------------------- where the shim is stricter, on purpose

# stricter u|g DESCRIPTION ARGUMENT…: shadow's takes it, or does half of it; the shim does nothing
stricter() {
	local kind=$1 description=$2 theirs

	shift 2
	theirs=$(probe "/usr/bin/new${kind}idmap" "$@")
	isnt "$theirs" "1|-|-|allow" "stricter: $description: shadow's differs"
	is "$(probe "$T/shim/new${kind}idmap" "$@")" "1|-|-|allow" "stricter: $description: refused"
}

grants "$standard"
stricter u "a plus sign" PID 0 "+$uid" 1
stricter u "a blank in front" PID 0 " $uid" 1
stricter u "hexadecimal" PID 0 "$(printf 0x%x "$uid")" 1
stricter u "octal" PID 0 "$(printf 0%o "$uid")" 1
stricter g "no setgroups=deny before the overlap is seen" PID 0 "$gid" 1 0 "$gid" 1
stricter g "no setgroups=deny without any range" PID
grants "$sub:0:0\n"
stricter u "start and count 0 grant no id" PID 0 100000 5
grants "$sub:100000:65536:more\n"
stricter u "a fourth field" PID 0 100000 5
grants "$sub:0x186a0:65536\n"
stricter u "hexadecimal in the file" PID 0 100000 5
grants "$sub:0:65536\n"
stricter u "the host's root, even if granted" PID 0 0 1

# --------------------------------------------------------------------------------- beyond shadow's

grants "$standard"
is "$(probe "$T/shim/newuidmap" FD 0 "$uid" 1 1 100000 9)" "0|0 $uid 1 1 100000 9|-|allow" \
	"fd:N names the process by its directory"
for bad in fd: fd:x fd:-1 fd:99 fd:0 fd:4294967295; do
	is "$(probe "$T/shim/newuidmap" "$bad" 0 "$uid" 1)" "1|-|-|allow" "$bad is refused"
done

fd_of() { # PATH: newuidmap on this directory
	as "$sub" bash -c 'exec 7<"$1"; "$2" fd:7 0 "$3" 1' bash "$1" "$T/shim/newuidmap" "$uid"
}
run fd_of "$T/home-$sub"
is "$status" 1 "a directory outside /proc is refused"
like "$err" "not a directory of /proc" "and the message says why"
run fd_of /proc
is "$status" 1 "/proc itself is refused"

like "$(getcap "$T/shim/newuidmap")" "cap_setuid=ep$" "newuidmap carries cap_setuid alone"
like "$(getcap "$T/shim/newgidmap")" "cap_setgid=ep$" "newgidmap carries cap_setgid alone"
nok "it is not setuid" test -u "$T/shim/newuidmap" -o -g "$T/shim/newuidmap"
is "$(ldd "$T/shim/newuidmap" | awk '{ print $1 }' | sed 's|.*/||; s|\.so.*||' | grep -Ev '^(linux-vdso|ld-linux.*)$' | sort | tr '\n' ' ')" \
	"libc libcap " "it links libc and libcap, nothing else"
ok "its source has less than 400 lines" \
	test "$(cat "$SRCDIR"/helpers/newuidmap-shim/*.c | wc -l)" -lt 400

grants "$standard"
cp "$T/shim/newuidmap" "$T/shim/someprogram"
setcap cap_setuid+ep "$T/shim/someprogram"
is "$(probe "$T/shim/someprogram" PID 0 "$uid" 1)" "1|-|-|allow" "under another name it does nothing"
mkdir "$T/plain"
cp "$T/shim/newuidmap" "$T/plain/newuidmap"
run as "$sub" "$T/plain/newuidmap" $$ 0 "$uid" 1
is "$status" 1 "another user's process is refused"
like "$err" "belongs to another user" "and the message says so"
is "$(probe "$T/plain/newuidmap" PID 0 "$uid" 1)" "1|-|-|allow" \
	"without its capability it writes nothing"
chmod u+s "$T/plain/newuidmap"
run as "$sub" "$T/plain/newuidmap" 1 0 "$uid" 1
like "$err" "use setcap" "set-user-id root it refuses to run"

closed=1
is "$(probe "$T/shim/newuidmap" PID 0 "$uid" 1 1 99999 1)" "1|-|-|allow" \
	"with standard files closed, no message lands in the map"
is "$(probe "$T/shim/newuidmap" PID 0 "$uid" 1)" "0|0 $uid 1|-|allow" "and a good map is written"
closed=

# Another group than the user's primary one
in_group() {
	setpriv --reuid "$uid" --regid "$(id -g "$other")" --clear-groups \
		/usr/bin/python3 "$T/probe" "$@"
}
is "$(in_group "$T/shim/newuidmap" PID 0 "$uid" 1)" "$(in_group /usr/bin/newuidmap PID 0 "$uid" 1)" \
	"another primary group: both agree"
is "$(in_group "$T/shim/newuidmap" PID 0 "$uid" 1)" "1|-|-|allow" "and refuse"

# The process dies, or goes to root, while the shim looks at it: never a map that was not granted
race() { # ID ROUNDS
	as "$sub" /usr/bin/python3 - "$T/shim/newuidmap" "$uid" "$@" <<'END'
import os, subprocess, sys
program, uid, beyond, rounds = sys.argv[1:]
for i in range(int(rounds)):
    target = subprocess.Popen(["unshare", "--user", "su"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shim = subprocess.Popen([program, str(target.pid), "0", uid, "1", "1", beyond, "1"],
                            stderr=subprocess.DEVNULL)
    if i % 2:
        target.kill()
    if shim.wait() != 1:
        print("took it")
    target.kill()
    target.wait()
END
}
like "$(race 100000 20)" "took it" "races: one that was granted is seen"
is "$(race 99999 200)" "" "200 races: no map that was not granted"

done_testing

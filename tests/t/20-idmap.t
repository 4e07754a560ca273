#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The id map is what was asked for, by the best tier that works, and rlc says which it took.
. "$(dirname "$0")/../lib/lib.sh"

need_libsubid() {
	why="libsubid.so.4 is not installed"
	/sbin/ldconfig -p | grep -q '[[:blank:]]libsubid\.so\.4 '
}

needs root rlc mountns userns subids setcap busybox cc libsubid
user_with_subids
user_without_subids
leftovers_begin

uid=$(id -u "$sub") gid=$(id -g "$sub")
first_uid=$(grep "^$sub:" /etc/subuid | cut -d: -f2)
first_gid=$(grep "^$sub:" /etc/subgid | cut -d: -f2)
one_uid=$(id -u "$one") one_gid=$(id -g "$one")

show='cat /proc/self/uid_map; echo -; cat /proc/self/gid_map; echo -; cat /proc/self/setgroups'

# maps USER OPTION…: what a container shows of its maps, in $out as "UIDS - GIDS - SETGROUPS"
maps() {
	local user=$1

	shift
	run as "$user" "$RLC" --log-level debug run --network none "$@" builtin:busybox sh -c "$show"
	out=$(tr -s ' \n' '  ' <<<"$out" | sed 's/^ //; s/ $//')
}

both="0 $uid 1 1 $first_uid 65536 - 0 $gid 1 1 $first_gid 65536 - allow"
alone="0 $uid 1 - 0 $gid 1 - deny"

# -------------------------------------------------------------------------------------- tier 1

maps "$sub"
is "$out" "$both" "tier 1: the caller is root, the ranges follow"
like "$err" "idmap: tier 1, ranges through newuidmap: uid 0→$uid×1 1→$first_uid×65536, gid 0→" \
	"tier 1: rlc says so at debug"
run as "$sub" "$RLC" run --network none builtin:busybox true
is "$err" "" "tier 1: and without --log-level says nothing"
run as "$sub" "$RLC" run --network none builtin:busybox id
is "$out" "uid=0(root) gid=0(root) groups=0(root)" "tier 1: root inside, in no other group"

replace /etc/subuid "$uid:700000:10
$sub:800000:20
root:1:1
$sub:700005:10
"
replace /etc/subgid "$uid:700000:10
"
maps "$sub"
is "$out" "0 $uid 1 1 700000 10 11 800000 20 31 700010 5 - 0 $gid 1 1 700000 10 - allow" \
	"tier 1: all ranges in order, by name and by number, without overlaps"
restore /etc/subuid
restore /etc/subgid

# -------------------------------------------------------------------------------------- tier 2

# The shim lies where make builds it: beside the program
shim=$T/bin/helpers/newuidmap-shim
install_shim() {
	mkdir -p "$shim"
	cp "$BUILD/helpers/newuidmap-shim/newuidmap" "$BUILD/helpers/newuidmap-shim/newgidmap" \
		"$shim"
	setcap cap_setuid+ep "$shim/newuidmap"
	setcap cap_setgid+ep "$shim/newgidmap"
}
install_shim

for program in newuidmap newgidmap; do
	hide "/usr/bin/$program"
	maps "$sub"
	is "$out" "$both" "tier 2: without shadow's $program, the same map"
	like "$err" "idmap: tier 2, ranges through rlc's own newuidmap: uid 0→$uid×1 1→" \
		"tier 2: rlc says so"
	restore "/usr/bin/$program"
done

hide /usr/bin/newuidmap
chmod o+w "$shim"
maps "$sub"
is "$out" "$alone" "a shim in a directory that others may write to is not run"
chmod o-w "$shim"
chown "$one" "$shim/newgidmap"
maps "$sub"
is "$out" "$alone" "nor one that is another user's"
restore /usr/bin/newuidmap
rm -r "$shim"

# -------------------------------------------------------------------------------------- tier 3

hide /usr/bin/newuidmap
maps "$sub"
is "$out" "$alone" "tier 3: without any newuidmap, the caller alone"
like "$err" "rlc: info: idmap: newuidmap and newgidmap are not installed" "tier 3: rlc says why"
like "$err" "idmap: tier 3, one id alone, setgroups denied: uid 0→$uid×1, gid 0→$gid×1" \
	"tier 3: rlc says so"
restore /usr/bin/newuidmap

maps "$one"
is "$out" "0 $one_uid 1 - 0 $one_gid 1 - deny" "tier 3: a user without ranges"
like "$err" "rlc: info: idmap: user $one has no subordinate uids" "tier 3: rlc says why"

for file in subuid subgid; do
	replace /etc/$file ""
	maps "$sub"
	is "$out" "$alone" "tier 3: no range in /etc/$file"
	like "$err" "user $sub has no subordinate ${file#sub}s" "tier 3: rlc says in which"
	restore /etc/$file
done

nobody_known() {
	(cd / && exec setpriv --reuid 54321 --regid 54322 --clear-groups --inh-caps=-all \
		env -i HOME=/ PATH="$PATH" "$RLC" --log-level debug unshare sh -c "$show")
}
run nobody_known
is "$(tr -s ' \n' '  ' <<<"$out")" " 0 54321 1 - 0 54322 1 - deny " "tier 3: a user without a name"

# ------------------------------------------------------------------ a tier that fails on the way

broken='#!/bin/sh
echo "$0: out of order" >&2
exit 1
'
replace /usr/bin/newuidmap "$broken"
replace /usr/bin/newgidmap "$broken"
maps "$sub"
is "$out" "$alone" "newuidmap and newgidmap fail: one id alone"
like "$err" "rlc: warn: idmap: .*newuidmap: out of order; going on with tier 3" \
	"the warning says what failed and what follows"
is "$(grep -c "out of order" <<<"$err")" 1 "once"
install_shim
maps "$sub"
is "$out" "$both" "newuidmap and newgidmap fail: the shim takes over"
like "$err" "going on with tier 2" "and rlc says so"
restore /usr/bin/newuidmap
maps "$sub"
is "$out" "$both" "newgidmap alone fails: the shim writes the other half"
rm -r "$shim"

run as "$sub" "$RLC" run --network none builtin:busybox true
refused "one half is written, and nothing else can write the other" \
	"idmap: .*the first is in place" "newgidmap: out of order" "RLC-U06" "fix: "
run as "$sub" "$RLC" run --network none --uidmap "0:$first_uid:9" builtin:busybox true
refused "exact maps, and newgidmap fails" "newgidmap: out of order" "RLC-U06" "why: [^ ]*newgidmap"
restore /usr/bin/newgidmap

replace /usr/bin/newuidmap "#!/bin/sh
exec yes 'a lot to say' >&2"
run as "$sub" "$RLC" run --network none --uidmap "0:$first_uid:9" builtin:busybox true
refused "a newuidmap that talks for ever" "RLC-U06"
replace /usr/bin/newuidmap "#!/nonexistent"
run as "$sub" "$RLC" run --network none --uidmap "0:$first_uid:9" builtin:busybox true
refused "a newuidmap that cannot be executed" "execute '/usr/bin/newuidmap'" "RLC-U06"
umount /usr/bin/newuidmap
umount /usr/bin/newuidmap

# -------------------------------------------------------------------------------------- keep-id

maps "$sub" --userns keep-id
is "$out" "0 $first_uid $uid $uid $uid 1 $((uid + 1)) $((first_uid + uid)) $((65536 - uid)) - \
0 $first_gid $gid $gid $gid 1 $((gid + 1)) $((first_gid + gid)) $((65536 - gid)) - allow" \
	"keep-id: the caller stays himself, the ranges around him"
run as "$sub" "$RLC" run --network none --userns keep-id builtin:busybox sh -c 'id -u; id -g'
is "$(tr '\n' ' ' <<<"$out")" "$uid $gid " "keep-id: and the payload is he"
maps "$one" --userns keep-id
is "$out" "$one_uid $one_uid 1 - $one_gid $one_gid 1 - deny" "keep-id without ranges"
run as "$one" "$RLC" run --network none --userns keep-id builtin:busybox id -u
is "$status $out" "0 $one_uid" "keep-id without ranges: and the payload is he"

# ----------------------------------------------------------------------------- --uidmap, --gidmap

maps "$sub" --uidmap "0:$((first_uid + 5)):100" --uidmap "200:$uid:1" --gidmap "0:$first_gid:300"
is "$out" "0 $((first_uid + 5)) 100 200 $uid 1 - 0 $first_gid 300 - allow" \
	"--uidmap and --gidmap are taken as they are"
maps "$sub" --uidmap "0:$first_uid:50"
is "$out" "0 $first_uid 50 - 0 $first_uid 50 - allow" "--uidmap alone is both"
maps "$sub" --gidmap "0:$first_gid:50"
is "$out" "0 $first_gid 50 - 0 $first_gid 50 - allow" "--gidmap alone is both"
maps "$one" --uidmap "0:$one_uid:1" --gidmap "0:$one_gid:1"
is "$out" "0 $one_uid 1 - 0 $one_gid 1 - deny" "one's own id needs no range"

no_map() { # DESCRIPTION REGEX OPTION…
	local description=$1 regex=$2

	shift 2
	run as "$sub" "$RLC" run --network none "$@" builtin:busybox true
	refused "$description" "$regex"
}
no_map "root of the host" "map uid 0→0×1: not granted \[RLC-U07\]" --uidmap 0:0:1
no_map "one beyond the range" "RLC-U07" --uidmap "0:$first_uid:65537"
no_map "one before the range" "RLC-U07" --uidmap "0:$((first_uid - 1)):2"
no_map "another user's id" "RLC-U07" --uidmap "0:$one_uid:1"
no_map "a gid that is not granted" "map gid 0→0×1: not granted" \
	--uidmap "0:$first_uid:1" --gidmap 0:0:1
no_map "overlap inside" "overlaps" --uidmap "0:$first_uid:10" --uidmap "9:$((first_uid + 50)):1"
no_map "overlap outside" "overlaps" --uidmap "0:$first_uid:10" --uidmap "10:$((first_uid + 9)):1"
no_map "an empty range" "uidmap|empty" --uidmap "0:$first_uid:0"
no_map "a wrap" "uidmap|last id" --uidmap "4294967295:$first_uid:1"
no_map "a count of 2^32" "uidmap|map" --uidmap "0:$first_uid:4294967296"
no_map "a negative id" "uidmap|map" --uidmap "0:-1:1"
no_map "a word" "uidmap|map" --uidmap "0:root:1"
no_map "no user namespace" "only root" --userns host
hide /usr/bin/newuidmap
no_map "a map, and nobody to write it" "RLC-U05" --uidmap "0:$first_uid:9"
restore /usr/bin/newuidmap

# ------------------------------------------------------------------------------------------ root

host=$(tr -s ' \n' '  ' </proc/self/uid_map | sed 's/^ //; s/ $//')
for options in "" "--userns host" "--userns keep-id"; do
	# shellcheck disable=SC2086 # words
	maps root $options
	is "$out" "$host - $host - allow" "root ${options:-without options}: the host's ids"
	like "$err" "idmap: no user namespace" "root ${options:-without options}: rlc says so"
done
maps root --uidmap 0:500000:1000 --gidmap 0:600000:1000
is "$out" "0 500000 1000 - 0 600000 1000 - allow" "root: any map"
like "$err" "idmap: tier 0, the map written by root" "root: rlc says so"
run "$RLC" run --network none --uidmap 0:500000:10 --uidmap 5:900000:2 builtin:busybox true
refused "root: but none that overlaps" "overlaps"

# --------------------------------------------------------- ranges from elsewhere than the files

# A source of subordinate ids, as SSSD's for LDAP is one. Only --explain shows its ranges: newuidmap,
# which is set-user-id, does not take a library from a user's path.
cat >"$T/libsubid_rlct.c" <<'END'
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
struct subid_range { unsigned long start, count; };
int shadow_subid_has_any_range(const char *o, int t, bool *r) { *r = true; return 0; }
int shadow_subid_has_range(const char *o, unsigned long s, unsigned long c, int t, bool *r)
{ *r = true; return 0; }
int shadow_subid_find_subid_owners(unsigned long i, int t, uid_t **u, int *n) { *n = 0; return 0; }
int shadow_subid_list_owner_ranges(const char *owner, int t, struct subid_range **r, int *n)
{
	*r = calloc(1, sizeof **r);
	(*r)->start = t == 1 ? 7000000 : 8000000;
	(*r)->count = 4242;
	*n = 1;
	return 0;
}
END
cc -shared -fPIC -o "$T/libsubid_rlct.so" "$T/libsubid_rlct.c"
replace /etc/nsswitch.conf "$(cat /etc/nsswitch.conf)
subid: rlct
"
run as "$one" LD_LIBRARY_PATH="$T" "$RLC" run --network none --explain builtin:busybox true
like "$out" "newuidmap.* \\\$pid 0 $one_uid 1 1 7000000 4242" "nsswitch.conf: libsubid's uids"
like "$out" "newgidmap.* \\\$pid 0 $one_gid 1 1 8000000 4242" "nsswitch.conf: libsubid's gids"
restore /etc/nsswitch.conf
libraries() { as "$sub" LD_DEBUG=files "$RLC" run --network none --explain builtin:busybox true; }
run libraries
unlike "$err" "libsubid" "without such a source the library is not loaded"

# ---------------------------------------------------------------------------------------- unshare

un() { # USER ARGUMENT…
	local user=$1

	shift
	run as "$user" "$RLC" --log-level debug unshare "$@"
}

un "$sub" sh -c "$show"
is "$(tr -s ' \n' '  ' <<<"$out")" " $both " "unshare: the map that containers have"
like "$err" "idmap: tier 1" "unshare: rlc says so"
un "$one" sh -c "$show"
is "$(tr -s ' \n' '  ' <<<"$out")" " 0 $one_uid 1 - 0 $one_gid 1 - deny " "unshare: without ranges"
hide /usr/bin/newuidmap
install_shim
un "$sub" sh -c "$show"
is "$(tr -s ' \n' '  ' <<<"$out")" " $both " "unshare: through the shim"
like "$err" "idmap: tier 2" "unshare: rlc says so"
restore /usr/bin/newuidmap

un "$sub" sh -c 'echo "$PWD $HERE"; cat; echo error >&2; exit 42'
is "$status" 42 "unshare: the command's exit code"
like "$err" "error$" "unshare: its standard error"
run as "$sub" HERE=there "$RLC" unshare sh -c 'echo "$PWD $HERE"; cat'
is "$out" "$T/home-$sub there" "unshare: directory and environment stay"
piped() { echo piped | as "$sub" "$RLC" unshare cat; }
run piped
is "$out" "piped" "unshare: standard input stays"

namespaces() { for n in user mnt pid net uts ipc cgroup; do readlink "/proc/self/ns/$n"; done; }
un "$sub" sh -c "$(declare -f namespaces); namespaces"
is "$(diff <(namespaces) - <<<"$out" | sed -n 's/^> \(.*\):.*/\1/p' | tr '\n' ' ')" "user mnt " \
	"unshare: a user and a mount namespace, no other"
un "$sub" sh -c 'mount -t tmpfs none /mnt && touch /mnt/inside && ls /mnt'
is "$status $out" "0 inside" "unshare: it may mount"
nok "unshare: and the host does not see it" test -e /mnt/inside
un "$sub" sh -c 'grep CapEff /proc/self/status; [ ! -e /proc/self/fd/3 ] || ls -l /proc/self/fd'
like "$out" "^CapEff:[[:blank:]]+000001ffffffffff$" "unshare: all capabilities, no descriptor"

un "$sub" sh -c 'mkdir d && touch d/a d/b && chown 0:42 d/a && chown 1000:1000 d/b d'
is "$(stat -c %u:%g "$T/home-$sub/d/a" "$T/home-$sub/d/b" | tr '\n' ' ')" \
	"$uid:$((first_gid + 41)) $((first_uid + 999)):$((first_gid + 999)) " \
	"unshare: chown gives files to the user's ids"
run as "$sub" rm -rf d
isnt "$status" 0 "unshare: the user himself cannot remove them"
un "$sub" rm -rf d
is "$status" 0 "unshare: with it he can"

un "$sub" sh -c 'kill -KILL $$'
is "$status" 137 "unshare: 128+n for a signal"
un "$sub" nonesuch
is "$status" 127 "unshare: a program that does not exist"
like "$err" "run 'nonesuch': No such file" "unshare: rlc says so"
un "$sub" /etc/passwd
is "$status" 126 "unshare: a file that cannot be executed"
un "$sub" --nonesuch true
is "$status" 125 "unshare: an option that does not exist"
un "$sub" -- echo -n fine
is "$status $out" "0 fine" "unshare: -- ends the options"
run as "$sub" SHELL=/bin/true "$RLC" unshare
is "$status" 0 "unshare: without a command, the shell"

signalled() { # SIGNAL: send it to rlc when the command is up; prints what the command says
	local rlc

	as_background "$sub" "$RLC" unshare sh -c \
		"trap 'echo got-$1; exit 9' $1; echo up; while :; do sleep 0.01; done" >"$T/up-$1"
	rlc=$!
	wait_for 10 grep -q up "$T/up-$1"
	kill -"$1" "$rlc"
	wait "$rlc"
	echo "status $?" >>"$T/up-$1"
	tr '\n' ' ' <"$T/up-$1"
}
for signal in TERM HUP USR1 USR2; do
	is "$(signalled $signal)" "up got-$signal status 9 " "unshare: passes SIG$signal on"
done

# On a terminal: Ctrl-C comes once, by the terminal alone
cat >"$T/terminal" <<'END'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
output = b""
while b"ready" not in output:
    output += os.read(terminal, 1000)
os.write(terminal, b"\x03")
try:
    while True:
        output += os.read(terminal, 1000)
except OSError:
    pass
print(output.split()[-1].decode().removeprefix("^C"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
run as "$sub" /usr/bin/python3 "$T/terminal" "$RLC" unshare /usr/bin/python3 -c '
import signal, time
count = 0
def interrupted(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, interrupted)
print("ready", flush=True)
while count == 0:
    time.sleep(0.01)
time.sleep(0.3)  # for a second one, if there is one
print(f"count-{count}")
exit(6)'
is "$out" "count-1 6" "unshare: Ctrl-C reaches the command once"

run "$RLC" unshare sh -c "$show; readlink /proc/self/ns/user /proc/self/ns/mnt"
is "$(head -n 1 <<<"$out" | tr -s ' ')" " ${host}" "unshare as root: the host's ids"
is "$(tail -n 2 <<<"$out" | head -n 1)" "$(readlink /proc/self/ns/user)" \
	"unshare as root: no user namespace"
isnt "$(tail -n 1 <<<"$out")" "$(readlink /proc/self/ns/mnt)" "unshare as root: a mount namespace"

no_leftovers "nothing is left"
done_testing

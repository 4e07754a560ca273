#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On a host that lacks something the container either runs in the next best way, or one message names the
# step, the object, the cause and the fix, with code 125. Nothing is left.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns subids tun busybox
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox

# One message of rlc's own with a cause and a fix: "rlc: STEP: VERB OBJECT: CAUSE [CODE]", why, fix
told() { # DESCRIPTION OBJECT CODE
	refused "$1" "$2" "\[$3\]" "  why: ." "  fix: ."
	like "$err" "^rlc: [a-z-]+: " "$1: names the step"
	is "$(wc -l <<<"$err")" 3 "$1: in three lines"
}

# ------------------------------------------------------------------------------- subordinate ids

run as "$one" "$RLC" --log-level debug run --network none $bb cat /proc/self/uid_map
is "$(tr -s ' ' <<<"$out")" " 0 $(id -u "$one") 1" "no /etc/subuid entry: one id alone"
like "$err" 'single|one id' "and debug says so"
run as "$one" "$RLC" run --network none $bb cat /proc/self/setgroups
is "$out" deny "setgroups is denied then"
run as "$one" "$RLC" run --network none --userns map=0:100000:10 $bb true
refused "no entry, but a map asked for" "$one|100000"

cp /etc/subuid "$T/subuid"
for file in /etc/subuid /etc/subgid; do
	replace $file ""
	run as "$sub" "$RLC" run $bb sh -c 'cat /proc/self/uid_map'
	is "$status $(tr -s ' ' <<<"$out")" "0  0 $(id -u "$sub") 1" "empty $file: one id alone"
	restore $file
done

for content in 'garbage' "$sub:x:65536" "$sub:100000:0" "$sub:4294967295:65536" "$sub" ':::'; do
	replace /etc/subuid "$content"$'\n'
	run as "$sub" "$RLC" run --network none $bb id -u
	is "$status $out" "0 0" "/etc/subuid with '$content': it still runs"
	restore /etc/subuid
done

# ------------------------------------------------------------------------------- newuidmap

hide "$(command -v newuidmap)"
run as "$sub" "$RLC" run --network none $bb id -u
is "$status $out" "0 0" "newuidmap cannot be executed: the next tier"
run as "$sub" "$RLC" run --network none --uidmap 0:0:1 --uidmap 1:1:100 $bb id -u
[ "$status" = 0 ] || like "$err" '^rlc: [a-z-]+: ' "a map that needs it: says so"
restore "$(command -v newuidmap)"

# A copy has no privilege
for program in newuidmap newgidmap; do
	cp "$(command -v $program)" "$T/bin/$program"
	chmod 0755 "$T/bin/$program"
done
mount --bind "$T/bin/newgidmap" "$(command -v newgidmap)"
run as "$sub" "$RLC" run --network none $bb id -u
[ "$status" = 0 ] || told "newgidmap without its privilege" "why: [^ ]*newgidmap" RLC-U06
mount --bind "$T/bin/newuidmap" "$(command -v newuidmap)"
run as "$sub" "$RLC" run --network none $bb id -u
is "$status $out" "0 0" "neither with its privilege: the next tier"
restore "$(command -v newuidmap)"
restore "$(command -v newgidmap)"

# ------------------------------------------------------------------------------- /dev/net/tun

tun_mode 0600
run as "$sub" "$RLC" run $bb true
told "/dev/net/tun that is closed" "'/dev/net/tun'" RLC-N03
run as "$sub" "$RLC" run --network none $bb true
is "$status" 0 "and --network none, as the fix says, works"
tun_mode 0666

tun_gone
run as "$sub" "$RLC" run $bb true
told "/dev/net/tun that is missing" "'/dev/net/tun'" RLC-N01
run as root "$RLC" run --network slirp $bb true
told "/dev/net/tun that is missing, root" "'/dev/net/tun'" RLC-N01
mknod -m 666 /dev/net/tun c 10 250
run as "$sub" "$RLC" run $bb true
told "a node without a driver" "'/dev/net/tun'" RLC-N02
umount /dev/net
tun_open

# ------------------------------------------------------------------------------- user namespaces

# Limits count per user namespace: inside one of its own the host's is not touched
limited() { # COMMAND…: as $sub, where no further user namespace may be made
	as "$sub" unshare --user --map-current-user --keep-caps sh -c '
		echo 0 >/proc/sys/user/max_user_namespaces &&
		exec setpriv --ambient-caps -all --inh-caps -all -- "$@"' sh "$@"
}
run limited unshare --user true
isnt "$status" 0 "the fixture works: no user namespaces"
run limited "$RLC" run --network none $bb true
told "max_user_namespaces is 0" "user namespace|clone" RLC-U01

# ------------------------------------------------------------------------------- XDG_RUNTIME_DIR

bad_runtime() { # DESCRIPTION DIRECTORY
	XDG_RUNTIME_DIR_OF_USER=$2 run as "$sub" "$RLC" run --network none $bb echo up
	if [ "$status" = 0 ]; then
		is "$out" up "XDG_RUNTIME_DIR $1: another one is used"
		like "$err" "^rlc: .*XDG_RUNTIME_DIR" "XDG_RUNTIME_DIR $1: and that is said"
		is "$(wc -l <<<"$err")" 1 "XDG_RUNTIME_DIR $1: once"
	else
		told "XDG_RUNTIME_DIR $1" "$2" RLC-S01
	fi
}
when_finished rm -rf "/tmp/rlc-$(id -u "$sub")"
bad_runtime "that does not exist" "$T/nowhere"
mkdir "$T/readonly"
chown "$sub:" "$T/readonly"
chmod 0700 "$T/readonly"
mount --bind "$T/readonly" "$T/readonly"
mount -o remount,bind,ro "$T/readonly"
bad_runtime "that is read-only" "$T/readonly"
umount "$T/readonly"
mkdir -m 0700 "$T/foreign"
bad_runtime "of another user" "$T/foreign"
bad_runtime "that is a file" "$RLC"
bad_runtime "that is relative" "relative"
run as "$sub" env -u XDG_RUNTIME_DIR "$RLC" run --network none $bb echo up
is "$status $out" "0 up" "without XDG_RUNTIME_DIR it runs"

mkdir -m 0700 "$T/linked" "$T/elsewhere"
ln -s "$T/elsewhere" "$T/linked/rlc"
chown -h "$sub:" "$T/linked" "$T/linked/rlc"
XDG_RUNTIME_DIR_OF_USER=$T/linked run as "$sub" "$RLC" run --network none $bb true
is "$(ls -A "$T/elsewhere")" "" "a state directory that is a link is not followed"

# ------------------------------------------------------------------------------- streams, limits

run as "$sub" sh -c '"$RLC" run --network none builtin:busybox echo x >&-'
ok "closed stdout: no crash" test "$status" -lt 128
run as "$sub" sh -c '"$RLC" run --network none builtin:busybox true <&- >&- 2>&-'
is "$status" 0 "all three streams closed"
run as "$sub" sh -c '"$RLC" run --network none builtin:busybox seq 1 100000 | head -n 1'
is "$out" 1 "a reader that goes away"
run as "$sub" sh -c 'ulimit -n 12; "$RLC" run builtin:busybox true'
if [ "$status" != 0 ]; then
	refused "too few descriptors" "[Tt]oo many open files"
fi
run as "$sub" sh -c 'cd "$HOME" && mkdir gone && cd gone && rmdir ../gone && "$RLC" run --network none builtin:busybox pwd'
is "$status $out" "0 /" "a working directory that is gone"
no_leftovers "nothing is left"
done_testing

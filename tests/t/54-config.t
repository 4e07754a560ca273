#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc.conf gives defaults: of the machine, then of the user; the command line has the last word.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
user_without_subids

# an /etc of our own, which users see too
cp -a /etc "$T/etc"
mkdir -p "$T/etc/rlc"
mount --bind "$T/etc" /etc
when_finished umount -l /etc
system=/etc/rlc/rlc.conf
config=$(as "$sub" sh -c 'echo "$HOME"')/.config/rlc
as "$sub" mkdir -p "$config"
as "$sub" touch "$config/rlc.conf"
leftovers_begin

write() { # FILE LINES…
	local file=$1

	shift
	printf '%s\n' "$@" >"$file"
	chmod 644 "$file"
}

show='echo $A $B; cat /proc/sys/kernel/hostname; ls /sys/class/net | xargs'
for who in root "$sub"; do
	write "$system" '[run]' 'network=none' 'hostname=machine' 'env=A=1;B=a b'
	run as "$who" "$RLC" run builtin:busybox sh -c "$show"
	is "$status" 0 "$who: the machine's file is read"
	is "$out" $'1 a b\nmachine\nlo' "$who: keys are options, lists are several"
	run as "$who" "$RLC" run --hostname here -e A=2 builtin:busybox sh -c "$show"
	is "$out" $'2 a b\nhere\nlo' "$who: the command line replaces what is given once, and adds the rest"
	write "$system" '[run]' 'network=none' 'no-init=true'
	run as "$who" "$RLC" run --init builtin:busybox sh -c 'cat /proc/1/comm'
	is "$out" rlc-init "$who: it also puts aside what contradicts it"
	run as "$who" "$RLC" run builtin:busybox cat /proc/1/comm
	is "$out" cat "$who: which else is in force"

	write "$system" '[run]' 'networc=none'
	run as "$who" "$RLC" run builtin:busybox true
	is "$status" 125 "$who: a key that is no option is refused"
	like "$err" "read '$system': key 'networc' is no option" "$who: with file and key"
	write "$system" '[run]' 'timeout=soon'
	run as "$who" "$RLC" run builtin:busybox true
	is "$status" 125 "$who: so is a bad value"
	like "$err" "read '$system': timeout 'soon': not a number of seconds" "$who: with file, key and value"
	write "$system" '[walk]' 'timeout=1'
	run as "$who" "$RLC" run builtin:busybox true
	like "$err" "section \[walk\] is not known" "$who: a section that is not known is refused"
	write "$system" 'timeout'
	run as "$who" "$RLC" run builtin:busybox true
	is "$status" 125 "$who: so is what is no key file"
	like "$err" "read '$system': line 1: neither" "$who: with file and line"
	write "$system" '[run]' 'network=none'
	chmod 666 "$system"
	run as "$who" "$RLC" run builtin:busybox true
	is "$status" 125 "$who: a file that others may write is not believed"
	like "$err" "others may write it" "$who: and that is said"
	run as "$who" "$RLC" run --help
	is "$status" 0 "$who: help is to be had even then"
	rm -f "$system"
	mkfifo "$system"
	run as "$who" timeout 10 "$RLC" run builtin:busybox true
	is "$status" 125 "$who: a pipe in place of the file holds nobody up"
	rm -f "$system"
done

write "$system" '[run]' 'hostname=machine' 'network=none'
write "$config/rlc.conf" '[run]' 'hostname=mine'
chown "$sub" "$config/rlc.conf"
run as "$sub" "$RLC" run builtin:busybox sh -c "$show"
is "$out" $'\nmine\nlo' "a user's own file comes after the machine's"
write "$T/rlc.conf" '[run]' 'hostname=other'
mkdir -p "$T/other/rlc"
cp "$T/rlc.conf" "$T/other/rlc/"
chmod -R a+rX "$T/other"
run as "$sub" env XDG_CONFIG_HOME="$T/other" "$RLC" run builtin:busybox hostname
is "$out" other "XDG_CONFIG_HOME says where"
chown "$one" "$T/other/rlc/rlc.conf"
run as "$sub" env XDG_CONFIG_HOME="$T/other" "$RLC" run builtin:busybox hostname
is "$status" 125 "another user's file is not believed"
like "$err" "belongs to user" "and that is said"
run env HOME="$(dirname "$(dirname "$config")")" "$RLC" run builtin:busybox hostname
is "$out" machine "root does not read a user's file"
no_leftovers "nothing is left"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# System calls of a payload: who is filtered and who is not, profiles, and the cache of compiled ones.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns subids busybox /usr/bin/python3
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox
rlc() { run as "$who" "$RLC" run --network none "$@"; }
status_of() { awk '/^Seccomp:/ { print $2 }'; }
helper=$T/bin/helpers/rlc-seccomp/rlc-seccomp
ok "rlc-seccomp was built" test -x "$helper"

# ------------------------------------------------------------ who is filtered

for who in root "$sub" "$one"; do
	kind=${who#rlct-}
	kind=${kind%%-*}
	for option in --init=true --init=false --user=1 --security-opt=no-new-privileges=false \
		--cap-add=ALL --cap-drop=ALL --security-opt=userns=allow; do
		[ "$who $option" != "$one --user=1" ] || continue
		rlc "$option" $bb cat /proc/self/status
		is "$(status_of <<<"$out")" 2 "$kind: a filter with $option"
	done
	rlc --security-opt seccomp=unconfined $bb cat /proc/self/status
	is "$(status_of <<<"$out")" 0 "$kind: none with seccomp=unconfined"
	rlc --privileged $bb cat /proc/self/status
	is "$(status_of <<<"$out")" 0 "$kind: none with --privileged"
	like "$out" $'NoNewPrivs:\t0' "$kind: which is not kept from new privileges either"
	is "$(awk '/^CapEff/ { print $2 }' <<<"$out")" "$(awk '/^CapBnd/ { print $2 }' <<<"$out")" "$kind: and has all capabilities"

	rlc --privileged $bb sh -c 'grep -c " /sys rw," /proc/self/mountinfo; ls -d /dev/net/tun'
	if [ "$who" = root ]; then like "$out" $'^1\n/dev/' "$kind: a writable /sys and the host's devices"; else
		is "$out" 1 "$kind: a writable /sys, and no device of the host's"
	fi

	as "$who" "$RLC" run -d --name filtered --network none $bb sleep 6001 >/dev/null
	run as "$who" "$RLC" exec filtered cat /proc/self/status
	is "$(status_of <<<"$out")" 2 "$kind: rlc exec has the container's filter"
	run as "$who" "$RLC" exec --privileged filtered cat /proc/self/status
	is "$(status_of <<<"$out")" 0 "$kind: rlc exec --privileged has none"
	as "$who" "$RLC" rm -f filtered >/dev/null
done

# ------------------------------------------------------------ user namespaces inside

for who in "$sub" "$one"; do
	kind=${who#rlct-}
	kind=${kind%%-*}
	rlc --rootfs /:O unshare --user true
	isnt "$status" 0 "$kind: no user namespace inside"
	rlc --security-opt seccomp=unconfined --rootfs /:O unshare --user true
	isnt "$status" 0 "$kind: nor without the filter"
	like "$err" "No space left" "$kind: for their number is limited"
	rlc --security-opt userns=allow --rootfs /:O unshare --user --map-root-user --mount sh -c 'mount -t tmpfs x /mnt && id -u'
	is "$out" 0 "$kind: unless it was asked for"
	rlc --privileged --rootfs /:O unshare --user --map-root-user id -u
	is "$out" 0 "$kind: or with --privileged"
done
who=root
rlc --rootfs /:O unshare --user true
isnt "$status" 0 "root: no user namespace inside"
isnt "$(cat /proc/sys/user/max_user_namespaces)" 0 "root: the host's limit stays"

# ------------------------------------------------------------ options

for option in seccomp no-new-privileges= no-new-privileges=maybe userns=perhaps nonsense nonsense=1 mask=x unmask=x ''; do
	rlc --security-opt "$option" $bb true
	refused "--security-opt '$option'" "security-opt"
done
rlc --security-opt mask=/etc:/proc/version $bb sh -c 'ls /etc | wc -l; cat /proc/version | wc -c'
is "$out" $'0\n0' "mask hides a directory and a file"
rlc --security-opt unmask=/proc/keys $bb sh -c 'head -c 1 /proc/keys | wc -c; head -c 1 /proc/timer_list | wc -c'
is "$out" $'1\n0' "unmask shows what is named alone"
rlc --security-opt unmask=ALL $bb sh -c 'grep -c " /proc/\| /sys/f" /proc/self/mountinfo'
is "$out" 0 "unmask=ALL hides nothing"
rlc --security-opt 'unmask=/proc/*' --security-opt mask=/proc/keys $bb sh -c 'cat /proc/keys | wc -c; grep -c " /proc/" /proc/self/mountinfo'
is "$out" $'0\n1' "patterns; what is masked by name is masked"

# ------------------------------------------------------------ profiles

profile() { cat >"$T/profile.json"; }
chmod 0755 "$T"
compiled() { # USER: its cache
	if [ "$1" = root ]; then echo /run/rlc/seccomp; else echo "$T/run-$1/rlc/seccomp"; fi
}
with_profile() { rlc --security-opt "seccomp=$T/profile.json" "$@"; }

for who in root "$sub"; do
	kind=${who#rlct-}
	kind=${kind%%-*}
	# docker's form
	profile <<'END'
{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 95,
 "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
             {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}],
 "syscalls": [
  {"names": ["no_such_call", "sethostname"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
  {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
  {"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "99.0"}},
  {"names": ["link", "linkat"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390"]}},
  {"names": ["kill"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 0, "op": "SCMP_CMP_EQ"}]},
  {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
END
	allowed=$(sed -n 's/^\t{"\([^"]*\)", FILTER_ALLOW.*/\1/p' "$SRCDIR/helpers/filters/payload.c" | tr ' ' '\n' |
		grep -vxE 'mkdir|mkdirat|symlink|symlinkat|link|linkat|kill|personality' | sed 's/.*/"&"/' | paste -sd,)
	printf '  {"names": [%s, "clone", "ioctl", "socket"], "action": "SCMP_ACT_ALLOW"}]}\n' "$allowed" >>"$T/profile.json"
	script='mkdir /x; ln -s a /s; ln /bin/busybox /l; kill -0 $$ && echo asked; kill -15 $$; hostname me && hostname'
	with_profile $bb sh -c "$script"
	like "$err" "/x.*No space left on device" "$kind: a rule has its error"
	like "$err" "/s.*Operation not supported" "$kind: what is for a later kernel has the default's"
	like "$err" "/l.*Operation not supported" "$kind: as what is for another processor"
	is "$out" asked "$kind: arguments are compared; a capability that is missing is missed"
	with_profile --cap-add SYS_ADMIN $bb sh -c "$script"
	like "$out" $'asked\nme' "$kind: a rule by capability"
	unlike "$err" "No space" "$kind: and one by the lack of it"
	with_profile --rootfs /:O /usr/bin/python3 -c '
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for number in 900, 165: print(libc.syscall(number, -1, -1, -1, -1), ctypes.get_errno())
for p in 0, 8, 9: print(libc.personality(p) >= 0)'
	is "$out" $'-1 38\n-1 95\nTrue\nTrue\nFalse' "$kind: a younger call is unknown; two values are alternatives"

	# the OCI's form; the action that kills
	profile <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
 "flags": ["SECCOMP_FILTER_FLAG_LOG"],
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]}
END
	sed -i "s/\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_AARCH64\"/\"SCMP_ARCH_$([ "$(uname -m)" = x86_64 ] && echo X86_64 || echo AARCH64)\"/" "$T/profile.json"
	with_profile $bb mkdir /x
	is "$status" 159 "$kind: killed by SIGSYS"
	with_profile --security-opt no-new-privileges=false $bb cat /proc/self/status
	is "$(status_of <<<"$out")" 2 "$kind: a profile without no_new_privs"
	as "$who" "$RLC" run -d --name filtered --network none --security-opt "seccomp=$T/profile.json" $bb sleep 6001 >/dev/null
	run as "$who" "$RLC" exec filtered mkdir /x
	is "$status" 159 "$kind: and in rlc exec"
	as "$who" "$RLC" rm -f filtered >/dev/null
done

# the place of what is wrong
who=$sub
bad() { # PLACE JSON
	printf '%s' "$2" >"$T/profile.json"
	with_profile $bb true
	refused "${2//$'\n'/ }" "^rlc: seccomp: '.*profile.json': read the profile: .*$1"
}
bad "line 2, column" $'{"defaultAction":\n ]'
bad "not an object" '[]'
bad "the profile: missing: defaultAction" '{}'
bad "no action: SCMP_ACT_MAYBE" '{"defaultAction": "SCMP_ACT_MAYBE"}'
bad "architectures" '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": 5}'
bad "no architecture: SCMP_ARCH_VAX" '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_VAX"]}'
bad "no flag" '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["X"]}'
bad 'syscalls.1.: missing: action' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["read"]}]}'
bad 'syscalls.0.: missing: names' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_LOG"}]}'
bad 'arguments 0 to 5' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "op": "SCMP_CMP_EQ"}]}]}'
bad 'no comparison' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 1, "op": "="}]}]}'
printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}' >"$T/profile.json"
with_profile $bb true
refused "nobody to notify" SCMP_ACT_NOTIFY
rlc --security-opt "seccomp=$T/nothing.json" $bb true
refused "no such profile" "seccomp=.*nothing.json.*No such file"

# ------------------------------------------------------------ the cache

for who in root "$sub"; do
	kind=${who#rlct-}
	kind=${kind%%-*}
	cache=$(compiled "$who")
	elsewhere=$(dirname "$cache")/elsewhere
	rm -rf "$cache"
	profile <<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
	works() { # DESCRIPTION: the profile holds
		with_profile $bb mkdir /x
		like "$err" "Operation not supported" "$kind: $1"
	}
	works "a profile is compiled"
	is "$(find "$cache" -type f | wc -l)" 1 "$kind: and kept"
	is "$(find "$cache" -perm /077)" "" "$kind: for its user alone"
	kept=$(find "$cache" -type f)
	hide "$helper"
	works "the second time it is not compiled"
	with_profile --cap-add SYS_ADMIN $bb true
	refused "$kind: but for other capabilities it is" "rlc-seccomp"
	works "which changes nothing"

	# what does not count is not used, and without rlc-seccomp nothing runs
	size=$(stat -c %s "$kept")
	cp -p "$kept" "$T/kept"
	unusable() { # DESCRIPTION
		with_profile $bb true
		refused "$kind: $1" RLC-X04
		rm -rf "$kept" "$elsewhere"
		cp -p "$T/kept" "$kept"
		works "put back, it is used"
	}
	printf '\1' | dd of="$kept" bs=1 seek=20 conv=notrunc status=none
	unusable "a byte was changed"
	truncate -s $((size - 1)) "$kept"
	unusable "it is too short"
	truncate -s 10M "$kept"
	unusable "it is too long"
	chmod 0644 "$kept"
	unusable "others may read it"
	mv "$kept" "$elsewhere" && ln -s "$elsewhere" "$kept"
	unusable "it is a link"
	mv "$kept" "$elsewhere" && chown "$who:" "$elsewhere" && ln "$elsewhere" "$kept"
	unusable "it has a second name"
	rm "$kept" && mkfifo -m 0600 "$kept" && chown "$who:" "$kept"
	RUN_TIMEOUT=20 unusable "it is a FIFO"
	chown "$one:" "$kept"
	unusable "it is another's"
	chmod 0755 "$cache"
	with_profile $bb true
	refused "$kind: the directory is open to others" RLC-X04
	restore "$helper"

	# with rlc-seccomp all of this is mended, and no file elsewhere is written
	mkdir -m 0777 "$T/elsewhere-$kind"
	rm -rf "$cache" && ln -s "$T/elsewhere-$kind" "$cache"
	works "a link for the directory"
	is "$(ls -A "$T/elsewhere-$kind")" "" "$kind: is not followed"
	rm "$cache"
	works "it is made anew"
	kept=$(find "$cache" -type f)
	printf 'nonsense' >"$kept"
	works "what is not whole is replaced"
	ok "$kind: by what is" cmp -s "$kept" "$T/kept"
	for i in $(seq 80); do as "$who" touch "$cache/$i"; done
	printf ' ' >>"$T/profile.json"
	works "a cache that is full"
	ok "$kind: begins anew" test "$(find "$cache" -type f | wc -l)" -le 3
done

rm -r "$(compiled root)" "$(compiled "$sub")"
no_leftovers "nothing but the caches was left"
done_testing

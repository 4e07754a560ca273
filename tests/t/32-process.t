#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The payload starts with docker's capabilities and no others, cannot gain privileges, holds no descriptor
# of rlc's and has the limits asked for.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

rlc() { run as "$who" "$RLC" run --network none "$@"; }
bb=builtin:busybox

# bit numbers of capabilities(7)
docker_set=00000000a80425fb

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}

	rlc $bb grep -E '^(Cap|NoNewPrivs|Seccomp:|Groups)' /proc/self/status
	status_lines=$out
	field() { sed -n "s/^$1:[[:space:]]*//p" <<<"$status_lines"; }
	is "$(field CapBnd)" $docker_set "$kind: CapBnd is docker's default set"
	is "$(field CapEff)" $docker_set "$kind: CapEff"
	is "$(field CapPrm)" $docker_set "$kind: CapPrm"
	is "$(field CapInh)" 0000000000000000 "$kind: CapInh is empty"
	is "$(field CapAmb)" 0000000000000000 "$kind: CapAmb is empty"
	is "$(field NoNewPrivs)" 1 "$kind: no_new_privs"

	rlc --cap-drop ALL $bb grep Cap /proc/self/status
	is "$(awk '{ print $2 }' <<<"$out" | sort -u)" 0000000000000000 "$kind: --cap-drop ALL leaves none"
	rlc --cap-drop all --cap-add CHOWN $bb grep CapEff /proc/self/status
	like "$out" '0000000000000001$' "$kind: --cap-drop ALL --cap-add CHOWN"
	rlc --cap-drop cap_chown --cap-drop MKNOD $bb grep -E 'CapEff|CapBnd' /proc/self/status
	is "$(awk '{ print $2 }' <<<"$out" | sort -u)" 00000000a00425fa "$kind: --cap-drop, with and without CAP_, in any case"
	rlc --cap-add SYS_ADMIN $bb grep -E 'CapEff|CapBnd' /proc/self/status
	is "$(awk '{ print $2 }' <<<"$out" | sort -u)" 00000000a82425fb "$kind: --cap-add"
	rlc --cap-add NET_ADMIN,SYS_PTRACE $bb grep CapEff /proc/self/status
	like "$out" '00000000a80c35fb$' "$kind: several at once"
	rlc --cap-add NONSENSE $bb true
	refused "$kind: a capability that does not exist" NONSENSE
	rlc --cap-drop NONSENSE $bb true
	refused "$kind: to drop one that does not exist" NONSENSE

	# what the set means
	rlc $bb sh -c 'mount -t tmpfs x /tmp 2>/dev/null && echo mounted; ip link set lo down 2>/dev/null && echo down; hostname x 2>/dev/null && echo named; echo end'
	is "$out" end "$kind: root inside can neither mount, nor change the network, nor the name"
	rlc $bb sh -c 'unshare -U true 2>/dev/null && echo nested; unshare -m true 2>/dev/null && echo mounts; echo end'
	like "$out" 'end' "$kind: nor make a mount namespace"
	unlike "$out" 'mounts' "$kind: really"

	# descriptors
	(
		exec 7</etc/passwd 8<&7 19<&7
		rlc $bb ls /proc/self/fd
		printf '%s\n' "$out" >"$T/fds"
	)
	is "$(paste -sd' ' "$T/fds")" "0 1 2 3" \
		"$kind: the payload has 0, 1, 2 and what ls opened, nothing of rlc's nor of its caller's"
	rlc $bb sh -c 'ls /proc/1/fd | wc -l; ls -l /proc/1/fd'
	unlike "$out" "/tmp/rlct|/etc/passwd" "$kind: PID 1 holds no file of the host's"
	rlc -w /proc/self/fd/3 $bb pwd
	isnt "$status" 0 "$kind: -w into a descriptor is refused"

	# environment and session
	HOST_SECRET=x rlc $bb sh -c 'cat /proc/*/environ | tr "\0" "\n"'
	unlike "$out" 'HOST_SECRET|XDG_RUNTIME_DIR|rlct' "$kind: no process inside has the host's environment"
	rlc $bb sh -c 'umask; cat /proc/self/oom_score_adj; cut -d" " -f6 /proc/self/stat'
	is "$(head -n 1 <<<"$out")" 0022 "$kind: the umask is 0022"

	# limits
	rlc --ulimit nofile=64:128 --ulimit core=0 $bb sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c'
	is "$(paste -sd' ' <<<"$out")" "64 128 0" "$kind: --ulimit"
	rlc --ulimit nofile=99 $bb sh -c 'ulimit -Sn; ulimit -Hn'
	is "$(paste -sd' ' <<<"$out")" "99 99" "$kind: one number is both"
	rlc --ulimit nonsense=1 $bb true
	refused "$kind: a limit that does not exist" nonsense
	rlc --ulimit nofile=9:5 $bb true
	refused "$kind: soft above hard" nofile
	rlc --sysctl net.ipv4.ip_default_ttl=77 --sysctl kernel.msgmax=4096 $bb sh -c 'cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmax'
	is "$status ${out//$'\n'/ }" "0 77 4096" "$kind: parameters of the kernel's in its namespaces"
	rlc --sysctl net.ipv4.nonsense=1 $bb true
	refused "$kind: one that does not exist" "sysctl: set 'net.ipv4.nonsense=1': open .*No such file"
	for word in net/../kernel/nonsense=1 net.//.kernel.nonsense=1 net/./nonsense=1 net./.nonsense=1 net..nonsense=1; do
		rlc --sysctl "$word" $bb true
		refused "$kind: $word leads to no other part" "sysctl: set '$word': no parameter of a namespace"
	done
	no_leftovers "$kind: nothing is left"
done

# an ordinary user cannot raise a hard limit: said with its reason
who=$sub
run as "$sub" sh -c 'ulimit -n 512 && exec "$RLC" run --network none --ulimit nofile=4096:4096 builtin:busybox true'
refused "raising a hard limit" nofile "RLC-P01" "why:"

# no_new_privs: a setuid program gives nothing
make_rootfs "$T/rootfs-suid" "$sub"
chmod u+s "$T/rootfs-suid/bin/busybox"
rlc --rootfs "$T/rootfs-suid" -u alice sh -c 'id -u; grep -E "Cap(Eff|Prm)" /proc/self/status'
is "$(awk 'NR > 1 { print $2 }' <<<"$out" | sort -u)" 0000000000000000 "another user than root starts without capabilities"
is "$(head -n 1 <<<"$out")" 1000 "and setuid does not help"

# the supplementary groups of the caller are gone from what root inside can name
rlc $bb sh -c 'id -G; grep Groups /proc/self/status'
is "$(head -n 1 <<<"$out")" 0 "no supplementary group of the caller's"

no_leftovers "nothing is left"
done_testing

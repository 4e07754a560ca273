#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SELinux, enforcing, with Debian's policy and rlc's module: a payload has a label of its own, and what is not
# its own it cannot reach, whatever it is allowed otherwise.  All of it runs as who is logged in runs there:
# unconfined.
#
# kernel: security=selinux selinux=1
. "$(dirname "$0")/../lib/selinux.sh"
RUN_TIMEOUT=120
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
. "$(dirname "$0")/../lib/world.sh"
needs root rlc busybox jq world
user_with_subids
payload=system_u:system_r:rlc_payload_t:s0
file=system_u:object_r:rlc_payload_file_t:s0

# busybox, but an ls that knows labels
rootfs=$(bundle_rootfs)
rm "$rootfs/bin/ls"
cp /bin/ls "$rootfs/bin"
ldd /bin/ls | grep -o '/[^ ]*' | xargs cp --parents -t "$rootfs"
chmod -R a+rX "$rootfs"

ok "the machine is in a world" world_up_machine
selinux_enforce overlay tun veth bridge nft_chain_nat nft_masq nft_ct
is "$(getenforce)" Enforcing "SELinux is enforcing"

# a container with labels
enabled() { # USER OPTION… COMMAND…
	local user=$1

	shift
	run as "$user" "$RLC" run --network none --security-opt label=enable "$@"
}

# ------------------------------------------------------------------------------ a host without the policy

run "$RLC" run --network none --security-opt label=enable builtin:busybox true
is "$status" 125 "without rlc's policy there is no label"
like "$err" "use the SELinux label 'system_u:system_r:container_t:s0:c[0-9]+,c[0-9]+': the policy of this host has no such label \[RLC-M04\]" \
	"and the host's name for it is said"
run "$RLC" run --network none --security-opt label=$unconfined builtin:busybox cat /proc/self/attr/current
is "$status $out" "0 $unconfined" "a whole label is taken as it is"
run "$RLC" run --network none --security-opt label=type:getty_t builtin:busybox true
is "$status" 125 "a type that we may not start"
like "$err" "RLC-M02.*process transition|process transition.*RLC-M02" "is refused, with what the policy does not allow"
run "$RLC" check
like "$out" "reduced +labels: .*RLC-M04|reduced +labels: .*"$'\n'".*"$'\n'".*code: RLC-M04" "rlc check says so"

RUN_TIMEOUT=400 run semodule -i "$SRCDIR/selinux/rlc.cil"
is "$status" 0 "the module is loaded: $err"

# ------------------------------------------------------------------------------------------------- labels

show='cat /proc/self/attr/current; echo
for f in / /bin/sh /dev /dev/pts /dev/shm /dev/mqueue /etc/hosts /tmp; do /bin/ls -dZ $f; done
echo hello >/tmp/file && /bin/ls -Z /tmp/file'
for user in root "$sub"; do
	chown -R "$user:" "$rootfs"
	enabled "$user" --tmpfs /tmp --rootfs "$rootfs:O" sh -c "$show"
	is "$status" 0 "$user: a container with labels: $err"
	level=$(sed -n "1s/^$payload://p" <<<"$out")
	like "$level" '^c[0-9]+,c[0-9]+$' "$user: the payload is rlc's, with two categories"
	is "$(awk 'NR > 1 {print $1}' <<<"$out" | sort -u)" "$file:$level" "$user: and so are all files: $out"
	is "$(grep -c rlc_payload_file_t <<<"$out")" 9 "$user: nine of them"
	enabled "$user" builtin:busybox cat /proc/self/attr/current
	unlike "$out" ":$level\$" "$user: another container has other categories"
	enabled "$user" -i builtin:busybox sh -c 'cat | tr a-z A-Z; ping -c 1 127.0.0.1' <<<word
	is "$status ${out%%$'\n'*}" "0 WORD" "$user: streams and loopback work"
	run as "$user" sh -c 'echo word | "$RLC" run -i --network none --security-opt label=enable builtin:busybox cat | cat'
	is "$status $out" "0 word" "$user: so do pipes"
	run as "$user" script -qec "$RLC run -it --network none --security-opt label=enable --rootfs $rootfs:O sh -c 'tty; /bin/ls -Z /dev/pts/0'" /dev/null
	like "$out" "/dev/pts/0.*$file" "$user: and a terminal"
done
for user in root "$sub"; do
	run as "$user" "$RLC" run --security-opt label=enable builtin:busybox \
		sh -c 'nslookup www.example.test && wget -q -O - http://www.example.test/ && cat /proc/self/attr/current'
	is "$status" 0 "$user: a container with labels has a network: $err"
	like "$out" "Address: $WWW4.*rlc_payload_t" "$user: it resolves a name, and has an answer"
done
run "$RLC" check
like "$out" "ok +labels: SELinux is enforcing; with label=enable a payload was $payload:" "rlc check has tried it"

enabled root --security-opt label=level:s0:c1,c2 --rootfs "$rootfs:O" sh -c 'cat /proc/self/attr/current; /bin/ls -dZ /dev'
is "$out" "$payload:c1,c2$file:c1,c2 /dev" "a level that was asked for"
enabled root --security-opt label=disable builtin:busybox cat /proc/self/attr/current
is "$out" "$unconfined" "label=disable takes it back"
run "$RLC" run --explain --network none --security-opt label=enable --rootfs "$rootfs:O" sh -c 'cat /proc/self/attr/current; /bin/ls -dZ /dev /'
printf '%s\n' "$out" >"$T/explained"
run bash "$T/explained"
like "$out" "^$payload:(c[0-9]+,c[0-9]+)$file:\1 /"$'\n'"$file:\1 /dev\$" "the script of --explain does the same: $err"

# ---------------------------------------------------------------------------------------- what it is for

mkdir -p "$T/data"
echo secret >"$T/data/file"
chmod -R a+rwX "$T/data"
everything=(--cap-add ALL --security-opt seccomp=unconfined --security-opt no-new-privileges=false)
run "$RLC" run --network none "${everything[@]}" -v "$T/data:/data" builtin:busybox cat /data/file
is "$status $out" "0 secret" "without a label root reads what is mounted"
enabled root "${everything[@]}" -v "$T/data:/data" builtin:busybox cat /data/file
is "$status $out" "1 " "with it not, whatever it may"
like "$err" 'Permission denied' "for the policy says no"
enabled root "${everything[@]}" -v "$T/data:/data" builtin:busybox sh -c 'echo x >/data/new'
isnt "$status" 0 "nor does it write"
run "$RLC" run --network none "${everything[@]}" builtin:busybox sh -c 'mkdir /m && mount -t tmpfs none /m && echo mounted'
is "$out" mounted "without a label root mounts"
enabled root "${everything[@]}" builtin:busybox sh -c 'mkdir /m && mount -t tmpfs none /m && echo mounted'
is "$out" "" "with it not"
run "$RLC" run --pid host --network none "${everything[@]}" builtin:busybox sh -c 'kill -0 $PPID && echo reached'
is "$out" reached "without a label the processes of the host can be reached"
enabled root --pid host "${everything[@]}" builtin:busybox sh -c 'kill -0 $PPID && echo reached'
is "$out" "" "with it not"

# ---------------------------------------------------------------------------------------------- volumes

enabled root -v "$T/data:/data:z" builtin:busybox sh -c 'cat /data/file; echo more >/data/more'
is "$status $out" "0 secret" "z: it reads and writes"
is "$(stat -c %C "$T/data/file")" "$file" "z: with the label of all containers"
like "$(stat -c %C "$T/data/more")" "^$file" "z: and what it makes there is a payload's file"
enabled root -v "$T/data:/data" builtin:busybox cat /data/file
is "$out" secret "z: so that another one reads it, too"
enabled root --mount "type=bind,source=$T/data,target=/data,relabel=private" --name private -d builtin:busybox \
	sh -c 'cat /data/file; sleep 100'
wait_for 20 sh -c "'$RLC' logs private | grep -q ." && run "$RLC" logs private
is "$out" secret "Z: it reads"
like "$(stat -c %C "$T/data/file" "$T/data/more" | sort -u)" "^$file:c[0-9]+,c[0-9]+\$" "Z: with its own label"
enabled root -v "$T/data:/data" builtin:busybox cat /data/file
is "$status $out" "1 " "Z: another does not"
run "$RLC" exec private sh -c 'cat /proc/self/attr/current; cat /data/file'
label=$(stat -c %C "$T/data/file")
is "$out" "$payload:${label#"$file":}secret" "exec has the container's label, and its files"
run "$RLC" rm -f private

enabled root --name kept -d -v kept:/kept builtin:busybox sh -c 'cat /kept/file; date >/kept/file; cat /proc/self/attr/current'
wait_for 20 sh -c "'$RLC' ps -a --filter name=kept --filter status=exited | grep -q kept" && run "$RLC" logs kept
first=$(tail -n 1 <<<"$out")
like "$first" "^$payload:c" "detached, with a volume of its own"
run "$RLC" start -a kept
is "$(tail -n 1 <<<"$out")" "$first" "started again it has the same label: $err"
is "$(wc -l <<<"$out")" 2 "and reads what it wrote"
run "$RLC" rm -f kept
run "$RLC" volume rm kept

run "$RLC" run --network none --security-opt label=enable -v /etc:/data:z builtin:busybox true
is "$status" 125 "the host's own directories keep their labels"
like "$err" "'/data': with z all below '/etc' would get another label" "and it is said why"
enabled "$sub" -v "$T/data:/data:z" builtin:busybox true
is "$status" 125 "a user labels no file of root's"
like "$err" "label '$T/data' for SELinux: give 'it' the label" "and is told"

# ------------------------------------------------------------------------------------- a root without labels

enabled root --rootfs "$rootfs" true
is "$status" 126 "a directory of the host's has no label that a payload may use"
like "$err" "RLC-M03" "and it is said what gives it one"
chcon -R "$file" "$rootfs"
enabled root --rootfs "$rootfs" cat /proc/self/attr/current
is "$status" 0 "which works: $err"

# -------------------------------------------------------------------------------------------------- OCI

for user in root "$sub"; do
	bundle "$user" ".process.selinuxLabel = \"$payload:c7,c8\" | .linux.mountLabel = \"$file:c7,c8\" |
		.mounts += [{destination: \"/t\", type: \"tmpfs\", source: \"tmpfs\", options: [\"size=64k\"]}] |
		.process.args = [\"sh\", \"-c\", \"cat /proc/self/attr/current; /bin/ls -dZ /dev /t /dev/pts\"]"
	chcon -R "$file:c7,c8" "$bundle/rootfs"
	run oci "$user" run --bundle "$bundle" labelled
	is "$out" "$payload:c7,c8$(for f in /dev /dev/pts /t; do echo "$file:c7,c8 $f"; done)" "$user: rlc-oci gives the labels of config.json: $err"
done
done_testing

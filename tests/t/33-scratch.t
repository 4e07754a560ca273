#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With --scratch DIR (and by itself before Linux 6.6) a throw-away overlay keeps what is written on a
# disk: it works like the one in memory, and nothing of it stays, whoever dies first.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids busybox
user_with_subids

# A root of the user's own, with owners from his map, and a place for what is written
base=$T/base scratch=$T/scratch
mkdir "$scratch" && chown "$sub:" "$scratch" && chmod 0755 "$T"
mkdir -p "$base"/{bin,proc,sys,dev,etc,tmp,old/deep} && cp "$(command -v busybox)" "$base/bin/busybox"
ln -s busybox "$base/bin/sh"
echo original >"$base/old/deep/file"
chown -R "$sub:" "$base"
before=$(find "$base" -printf '%P %m %u %g %s %T@\n' | sort | sha256sum)
leftovers_begin

for who in "$sub" root; do
	kind=${who#rlct-} && kind=${kind%%-*}
	run as "$who" "$RLC" run --network none --scratch "$scratch" --rootfs "$base:O" sh -c '
		busybox rm -r /old/deep && busybox mkdir /old/deep && echo new >/old/deep/file &&
		busybox mv /old /older && busybox chown -R 33:44 /older && busybox chmod 000 /older &&
		busybox dd if=/dev/zero of=/big bs=1M count=8 && busybox ls /..'
	is "$status" 0 "$kind: directories are replaced, renamed, given away"
	unlike "$out" 'lost\+found' "$kind: nothing of the host is above the root"
	is "$(ls -A "$scratch")" "" "$kind: nothing stays, though it belonged to an id inside"
done
is "$(find "$base" -printf '%P %m %u %g %s %T@\n' | sort | sha256sum)" "$before" \
	"the directory below is as it was"

as_background "$sub" "$RLC" run --network none --scratch "$scratch" --rootfs "$base:O" \
	sh -c 'echo here >/written; exec busybox sleep 300'
supervisor=$!
written() { find "$scratch" -name written | grep -q .; }
ok "what is written lies in the directory, not in memory" wait_for 10 written

# kill -9: what stays is on record, and the next container of the user takes it away
kill -KILL $supervisor
wait $supervisor 2>/dev/null
ok "a killed supervisor leaves it behind" written
run as "$sub" "$RLC" run --network none builtin:busybox true
is "$status" 0 "another container starts after the kill"
is "$(ls -A "$scratch")" "" "and sweeps away what the killed one wrote"

run as "$sub" "$RLC" run --network none --scratch "$T/none" --rootfs "$base:O" true
is "$status" 125 "a directory that does not exist is refused"
like "$err" "^rlc: scratch: use --scratch '$T/none': No such file" "with its name"
run as "$sub" "$RLC" run --network none --scratch "$scratch" builtin:busybox true
is "$status" 125 "and so is one for a root without an overlay"
like "$err" 'this root has no overlay' "with the reason"

no_leftovers "nothing is left"
done_testing

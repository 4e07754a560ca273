#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `rlc run` does its main job on every kind of root and for every kind of user, and its flags do what
# docker's and podman's do.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox
user_with_subids
user_without_subids
leftovers_begin

make_rootfs "$T/rootfs-root"
make_rootfs "$T/rootfs-sub" "$sub"
make_rootfs "$T/rootfs-one" "$one"

# -------------------------------------------------------------------- every root, every user

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	own=$T/rootfs-$kind
	for root in builtin:busybox "--rootfs $own" "--rootfs $own:O" "--rootfs /:O"; do
		# shellcheck disable=SC2086 # words
		run as "$who" "$RLC" run $root sh -c 'echo "$(id -u):$(id -g) $$"; exit 7'
		is "$status" 7 "$kind, $root: the payload's exit code comes back"
		like "$out" '^0:0 [1-9]' "$kind, $root: the caller is root inside"
		is "$err" "" "$kind, $root: and rlc says nothing"
	done
	no_leftovers "$kind: nothing is left"
done

run as "$sub" "$RLC" run builtin:busybox ps -o pid,comm
is "$(awk 'NR > 1 { print $1 }' <<<"$out" | head -n 1)" 1 "ps shows PID 1"
is "$(wc -l <<<"$out")" 3 "and itself, and nothing else"
like "$out" ' ps$' "itself is ps"

run as "$sub" "$RLC" run --network none --no-init builtin:busybox ps -o pid,comm
is "$(tail -n +2 <<<"$out" | tr -s ' ')" " 1 ps" "--no-init: the payload is PID 1"

run as "$sub" "$RLC" run --network none --init builtin:busybox sh -c 'cat /proc/1/comm; echo $$'
like "$out" $'^rlc' "--init, the default: PID 1 is rlc's"

# ----------------------------------------------------------------------------------- environment

rlc() { run as "$sub" "$RLC" run --network none "$@"; }

rlc builtin:busybox env
is "$(grep -vE '^(PATH|HOME|HOSTNAME|TERM|container|SHLVL|PWD|USER)=' <<<"$out")" "" \
	"the environment holds what docker's does and nothing of the host's"
like "$out" $'(^|\n)HOME=/root($|\n)' "HOME is root's"

rlc -e A=1 -e B='two words' --env C= -e A=3 builtin:busybox sh -c 'echo "$A|$B|${C-unset}|"'
is "$out" "3|two words||" "-e sets, the last wins, empty is not unset"

printf '# comment\nX=1\n\nY=a=b c\nZ=\n' >"$T/env"
rlc --env-file "$T/env" -e X=2 builtin:busybox sh -c 'echo "$X|$Y|${Z-unset}|"'
is "$out" "2|a=b c||" "--env-file: one a line, -e wins"

rlc --env-file "$T/no-such-file" builtin:busybox true
refused "--env-file that does not exist" "no-such-file"

rlc -e =x builtin:busybox true
refused "-e without a name" "=x"

# ------------------------------------------------------------------------------ where and as whom

rlc -w /tmp builtin:busybox pwd
is "$out" "/tmp" "-w"
rlc -w tmp builtin:busybox pwd
is "$status" 125 "-w has to be absolute"
rlc builtin:busybox pwd
is "$out" "/" "the working directory is / by default"

users() { run as "$sub" "$RLC" run --network none --rootfs "$T/rootfs-sub" "$@"; }

users -u alice sh -c 'id -u; id -g; id -G; echo $HOME'
is "$(paste -sd' ' <<<"$out")" "1000 100 100 50 /home/alice" "-u NAME: ids, groups and HOME from the rootfs"
users -u alice:daemon sh -c 'id -u; id -g; id -G'
is "$(paste -sd' ' <<<"$out")" "1000 1 1" "-u NAME:GROUP: that group alone"
users -u 1234:77 sh -c 'id -u; id -g; id -G'
is "$(paste -sd' ' <<<"$out")" "1234 77 77" "-u UID:GID need not be known to the rootfs"
users -u 1000 sh -c 'id -u; id -g; id -G'
is "$(paste -sd' ' <<<"$out")" "1000 100 100 50" "-u UID that is known has its user's groups"
users -u 4321 sh -c 'id -u; id -g'
is "$(paste -sd' ' <<<"$out")" "4321 0" "-u UID that is not has group 0"

for bad in nobody-there 1000x -1 4294967296 4294967295 '' alice:nogroup :1; do
	users -u "$bad" true
	is "$status" 125 "-u '$bad' is refused"
done
printf '1000x:x:0:0::/:/bin/sh\n4000:x:0:0::/:/bin/sh\n' >>"$T/rootfs-sub/etc/passwd"
users -u 4000 id -u
is "$out" 4000 "a user whose name is a number does not win over the number"

users id -G
is "$out" 0 "root inside has group 0 alone"

# ------------------------------------------------------------------------------------------ names

rlc -h web builtin:busybox sh -c 'hostname; cat /etc/hostname; grep -w web /etc/hosts'
is "$(head -n 2 <<<"$out" | paste -sd' ')" "web web" "-h: hostname and /etc/hostname"
like "$out" 'web$' "and /etc/hosts"
rlc --hostname web builtin:busybox hostname
is "$out" web "--hostname"
rlc --add-host db:10.9.8.7 --add-host six=fd00::9 builtin:busybox cat /etc/hosts
like "$out" $'(^|\n)10\\.9\\.8\\.7[ \t]+db($|\n)' "--add-host NAME:ADDRESS"
like "$out" $'(^|\n)fd00::9[ \t]+six($|\n)' "--add-host with an IPv6 address"
rlc --add-host nonsense builtin:busybox true
refused "--add-host without an address" nonsense

rlc --cidfile "$T/tmp/cid" builtin:busybox hostname
id=$(cat "$T/tmp/cid")
like "$id" '^[0-9a-f]{64}$' "--cidfile: the id"
is "$out" "${id:0:12}" "the hostname is the id's first digits"
rlc --cidfile "$T/tmp/cid" builtin:busybox true
refused "--cidfile that exists" "$T/tmp/cid"
rm -f "$T/tmp/cid"

as_background "$sub" "$RLC" run --network none --name one builtin:busybox sh -c 'echo up; exec sleep 60' >"$T/one"
first=$!
ok "a container named one runs" wait_for 10 grep -q up "$T/one"
rlc --name one builtin:busybox true
refused "a name that is taken" "one"
kill -TERM "$first"
wait "$first"
rlc --name one builtin:busybox true
is "$status" 0 "the name is free when its container has ended"
rlc --name 'a/b' builtin:busybox true
refused "a name with a slash" "a/b"

# -------------------------------------------------------------------------- stdin, entrypoint, time

run as "$sub" "$RLC" run --network none -i builtin:busybox cat <<<"through"
is "$out" through "-i: stdin reaches the payload"
run as "$sub" "$RLC" run --network none builtin:busybox cat <<<"through"
is "$out" "" "without -i it does not"

big() { head -c 20000000 /dev/zero | as "$sub" "$RLC" run --network none -i builtin:busybox sha256sum; }
run big
is "${out%% *}" "$(head -c 20000000 /dev/zero | sha256sum | cut -d' ' -f1)" "20 MB through stdin arrive whole"

rlc --entrypoint /bin/echo builtin:busybox a b
is "$out" "a b" "--entrypoint"

started=$(date +%s%N)
rlc --timeout 1 builtin:busybox sleep 60
took=$((($(date +%s%N) - started) / 1000000))
is "$status" 124 "--timeout: code 124"
ok "--timeout 1 took a second (${took} ms)" test "$took" -ge 1000 -a "$took" -lt 9000
rlc --timeout 30 builtin:busybox sh -c 'exit 5'
is "$status" 5 "--timeout that does not pass changes nothing"

rlc --rm builtin:busybox true
is "$status" 0 "--rm"

rlc --read-only builtin:busybox touch /x
isnt "$status" 0 "--read-only: the root cannot be written"

# ------------------------------------------------------------------------------------- the grammar

rlc builtin:busybox echo --rm -e x --network host
is "$out" "--rm -e x --network host" "options end at the image"
rlc --rootfs "$T/rootfs-sub" echo --read-only
is "$out" "--read-only" "and at the command after --rootfs"
rlc -- builtin:busybox echo -- x
is "$out" "-- x" "-- ends them too"

rlc --no-such-option builtin:busybox true
refused "an option that does not exist" "--no-such-option"
rlc -e
refused "an option without its value" "-e"
rlc no-such-image true
refused "an image that does not exist" "no-such-image"
rlc --rootfs "$T/nowhere" true
refused "a rootfs that does not exist" "$T/nowhere" "why:" "fix:"

run as "$sub" "$RLC" run --help
is "$status" 0 "--help succeeds"
like "$out" '--rootfs' "and shows the options on standard output"
run as "$sub" "$RLC" no-such-command
refused "a command that does not exist" "no-such-command"
run as "$sub" "$RLC" version
like "$out" '[0-9]+\.[0-9]+' "rlc version"

run as "$sub" "$RLC" run --network none <<<'echo from-the-shell'
is "$status" 0 "rlc run without an image takes the built-in one and a shell"

no_leftovers "nothing is left"
done_testing

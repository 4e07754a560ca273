#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a host lacks is named by the same code by `rlc check` and by the command that meets it.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns subids tun busybox keyctl
user_with_subids
user_without_subids
leftovers_begin
bb=builtin:busybox

# --- a host that has everything ---

mkdir -m 700 "$T/xdg"
chown "$sub:" "$T/xdg"
# The same as `as "$sub"`, but a program, which can stand behind others
user=(setpriv --reuid "$sub" --regid "$sub" --init-groups
	env -u RLC_STORE -u RLC_ROOT HOME="$T/xdg" XDG_RUNTIME_DIR="$T/xdg" XDG_DATA_HOME="$T/xdg/data")
in_range() { # COMMAND…: where pings are allowed, low ports are open and there is a way to the world
	unshare --net sh -c 'ip link set lo up; ip route add default dev lo
		sysctl -qw net.ipv4.ping_group_range="0 2147483647" net.ipv4.ip_unprivileged_port_start=0; exec "$@"' sh "$@"
}
json() { python3 -c '
import json, sys
for finding in json.load(sys.stdin):
    print(finding["Probe"], finding["Status"], finding["Code"] or "-")'; }

for who in root "$sub"; do
	become=()
	[ "$who" = root ] || become=("${user[@]}")
	run in_range "${become[@]}" "$RLC" check --format json
	is "$status" 0 "$who: a good host passes"
	found=$(json <<<"$out" | grep -v -e '^names ' -e '^userns-auto ' -e '^limits ')
	is "$(grep -v ' ok -$' <<<"$found")" "" "$who: in all that does not depend on a name server"
	ok "$who: there are probes" test "$(wc -l <<<"$found")" -gt 15
	run as "$who" "$RLC" check
	like "$out" "ok +container: one was made" "$who: text tells what was found"
done

# --- faults ---

# The code that check gives a probe, and its status; and what another command says of the same
fault() { # CODE PROBE STATUS DESCRIPTION [COMMAND…]: $as is the way to run rlc
	local code=$1 probe=$2 expected=$3 what=$4 found

	shift 4
	found=$("${as[@]}" "$RLC" check --format json 2>"$T/err" | json 2>>"$T/err" | grep "^$probe ")
	is "$found" "$probe $expected $code" "$what: check says $code" || diag "$(cat "$T/err")"
	[ $# -gt 0 ] || return 0
	run "${as[@]}" "$@"
	like "$err" "\[$code\]" "$what: so does ${2:-$1}"
	like "$err" "fix: ." "$what: with what mends it"
}
runs=("$RLC" run --network none "$bb" true)
as=(as "$sub")

limited() { # no further user namespace
	as "$sub" unshare --user --map-current-user --keep-caps sh -c '
		echo 0 >/proc/sys/user/max_user_namespaces &&
		exec setpriv --ambient-caps -all --inh-caps -all -- "$@"' sh "$@"
}
as=(limited)
fault RLC-U01 namespaces failed "no user namespaces are left" "${runs[@]}"

denied() { # RULE…, to --
	local rules=()

	while [ "$1" != -- ]; do
		rules+=("$1")
		shift
	done
	shift
	"$LIB/deny.py" "${rules[@]}" -- "${user[@]}" "$@"
}
as=(denied clone3=EPERM --)
fault RLC-U02 namespaces failed "user namespaces are forbidden" "${runs[@]}"
as=(denied clone3=EINVAL --)
fault RLC-U03 namespaces failed "a kernel without namespaces" "${runs[@]}"
as=(denied clone3=ENOSYS --)
fault RLC-U10 kernel failed "a kernel without clone3" "${runs[@]}"
as=(denied openat2=ENOSYS --)
fault RLC-U10 kernel failed "a kernel without openat2" "${runs[@]}"
as=(denied mount_setattr=ENOSYS --)
fault RLC-U10 kernel failed "a kernel without mount_setattr" "${runs[@]}"
as=(denied fsopen=ENOSYS --)
fault RLC-U10 kernel failed "a kernel without fsopen" "${runs[@]}"
as=(denied clone3=EAGAIN --)
fault RLC-P04 namespaces failed "no processes are left" "${runs[@]}"
as=(denied ioctl@1:0x5441=EIO --)
fault RLC-T01 terminal reduced "no pty is to be had" \
	sh -c 'script -qec "$RLC run -t --network none builtin:busybox true" /dev/null >&2'

# limits
as=(as "$sub")
mount -t tmpfs none /sys/fs/cgroup
fault RLC-L01 limits reduced "cgroups of version 1" "$RLC" run -m 64m --network none "$bb" true
umount /sys/fs/cgroup

# ids
as=(as "$one")
fault RLC-U04 ids reduced "no subordinate ids" "$RLC" run --network none --uidmap 0:100000:10 $bb true
as=(as "$sub")
hide "$(command -v newuidmap)"
fault RLC-U05 ids reduced "no newuidmap"
restore "$(command -v newuidmap)"
for program in newuidmap newgidmap; do
	cp "$(command -v $program)" "$T/bin/$program"
	chmod 0755 "$T/bin/$program"
	mount --bind "$T/bin/$program" "$(command -v $program)"
done
fault RLC-U06 ids reduced "newuidmap without its privilege"
run as "$sub" "$RLC" run --network none $bb true
like "$err" "\[RLC-U06\]" "newuidmap without its privilege: so does run"
for program in newuidmap newgidmap; do
	restore "$(command -v $program)"
	rm "$T/bin/$program"
done
for file in /etc/subuid /etc/subgid; do
	replace $file "$sub:100000:1000"$'\n'
done
fault RLC-U11 ids reduced "few subordinate ids"
as=(as root)
fault RLC-U09 userns-auto reduced "no ids for root's containers" \
	"$RLC" run --network none --userns auto $bb true
restore /etc/subuid
restore /etc/subgid

# what a user may have
as=(as "$sub")
files() { as "$sub" sh -c 'ulimit -n 24; exec "$@"' sh "$@"; }
as=(files)
fault RLC-P03 open-files reduced "few open files"
few() { as "$sub" sh -c 'ulimit -n 9; exec "$@"' sh "$@"; }
run few "$RLC" run $bb true
like "$err" "\[RLC-P03\]" "few open files: so does run"
keys() { # a session whose user has no keys left to make; the kernel takes its time to forget the last ones
	wait_for 20 as "$sub" keyctl session - true >/dev/null
	as "$sub" keyctl session - sh -c 'for i in $(seq 1 250); do keyctl add user k$i x @u; done >/dev/null 2>&1
		"$@"; code=$?; keyctl clear @u; exit $code' sh "$@"
}
as=(keys)
fault RLC-P02 container failed "no keys are left" "${runs[@]}"
inotify() {
	as "$sub" python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None)
while libc.inotify_init() >= 0:
    pass
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}
as=(inotify)
"$RLC" run -d --name logged --network none $bb sleep 1000 >/dev/null
fault RLC-S06 inotify reduced "no inotify instances are left" "$RLC" events -f
"$RLC" rm -f logged >/dev/null

# files
mkdir -m 755 "$T/foreign"
as=(as "$sub" env RLC_ROOT="$T/foreign")
fault RLC-S01 state failed "a state directory of somebody else" "${runs[@]}"
as=(as "$sub" env RLC_STORE="$T/foreign")
fault RLC-S02 store reduced "a store of somebody else" "$RLC" pull oci:"$T/none"
as "$sub" mkdir -m 755 "$T/xdg/open"
as=(as "$sub" env RLC_STORE="$T/xdg/open")
fault RLC-S02 store reduced "a store that is open to others" "$RLC" pull oci:"$T/none"
mkdir "$T/under" "$T/over" "$T/layers" "$T/layers/one" "$T/layers/two"
mount -t tmpfs -o mode=755 none "$T/under"
mkdir "$T/under/upper" "$T/under/work"
mount -t overlay -o "lowerdir=$T/layers,upperdir=$T/under/upper,workdir=$T/under/work" none "$T/over"
install -d -m 700 -o "$sub" "$T/over/store"
touch "$T/layers/one/gone" "$T/layers/two/.wh.gone"
"$LIB/make-image.py" "$T/deletes" --name app "$T/layers/one" "$T/layers/two" >/dev/null
as=(as "$sub" env RLC_STORE="$T/over/store")
fault RLC-S07 store reduced "a store on an overlay" "$RLC" pull "oci:$T/deletes:app"
umount "$T/over" "$T/under"
mkdir "$T/full" "$T/ro"
mount -t tmpfs -o size=64k,mode=700,uid="$(id -u "$sub")" none "$T/full"
as=(as "$sub" env RLC_STORE="$T/full/store")
as "$sub" sh -c "head -c 1m /dev/zero >$T/full/data" 2>/dev/null
fault RLC-S03 store reduced "a store on a full disk" \
	sh -c 'cd "$XDG_RUNTIME_DIR" && head -c 200k /dev/urandom >data && tar -c data | "$RLC" import - full; rm data' 
umount "$T/full"
mount -t tmpfs -o ro,mode=755 none "$T/ro"
as=(as "$sub" env RLC_STORE="$T/ro/store")
fault RLC-S04 store reduced "a store on a read-only disk" "$RLC" pull oci:"$T/none"
umount "$T/ro"
mkdir "$T/alone"
cp "$RLC" "$T/alone/rlc"
as=(as "$sub")
RLC=$T/alone/rlc fault RLC-I01 images reduced "rlc-image is missing" "$T/alone/rlc" pull oci:"$T/none"

# /proc as inside another container
masked() { unshare --mount sh -c 'mount -t tmpfs none /proc/fs; exec "$@"' sh "$@"; }
as=(masked "${user[@]}")
fault RLC-R06 container failed "a /proc that is partly covered" "${runs[@]}"

# rlc's own file can be written from inside, and tracing is forbidden
cp "$RLC" "$T/xdg/own-rlc"
chown "$sub:" "$T/xdg/own-rlc"
as=(denied ptrace=EPERM --)
RLC=$T/xdg/own-rlc fault RLC-X03 container failed "an rlc that cannot be guarded" \
	"$T/xdg/own-rlc" run --network none $bb true

# the network
as=(as "$sub")
tun_mode 0600
fault RLC-N03 user-network failed "a /dev/net/tun that is closed" "$RLC" run $bb true
tun_mode 0666
tun_gone
fault RLC-N01 user-network failed "no /dev/net/tun" "$RLC" run $bb true
mknod -m 666 /dev/net/tun c 10 250
fault RLC-N02 user-network failed "no tun driver" "$RLC" run $bb true
umount /dev/net
tun_open
as=(unshare --net "${user[@]}")
fault RLC-N04 ping reduced "pings are forbidden"
fault RLC-N06 low-ports reduced "low ports are root's" "$RLC" run -p 80:80 $bb true
fault RLC-N15 route reduced "no route to the world"
pings() { unshare --net sh -c 'ip link set lo up; ip route add default dev lo; exec "$@"' sh "${user[@]}" "$@"; }
run pings "$RLC" run $bb ping -c 1 -W 1 203.0.113.1
like "$err" "\[RLC-N04\]" "pings are forbidden: so does run"
as=(as "$sub")
replace /etc/resolv.conf ""
fault RLC-N12 names reduced "no name server"
restore /etc/resolv.conf
replace /etc/resolv.conf $'nameserver 127.0.0.77\n'
as=(in_range "${user[@]}")
fault RLC-N13 names reduced "a name server that does not answer"
restore /etc/resolv.conf
as=(denied socket@0:10=EAFNOSUPPORT --)
fault RLC-N14 ipv6 reduced "no IPv6"
as=(as root)
library=$(ldconfig -p | awk '/libnftables.so.1 / { print $NF; exit }')
replace "$(readlink -f "$library")" ""
as=(unshare --net)
fault RLC-N08 bridge failed "no libnftables" "$RLC" run --network bridge $bb true
restore "$(readlink -f "$library")"
as=(as "$one")
library=$(ldconfig -p | awk '/libslirp.so.0 / { print $NF; exit }')
replace "$(readlink -f "$library")" ""
fault RLC-N16 user-network failed "no libslirp" "$RLC" run --network slirp $bb true
run as "$one" "$RLC" run --network none $bb echo fine
is "$status $out" "0 fine" "without the network nobody misses libslirp"
restore "$(readlink -f "$library")"

# --- forms ---

as=(as "$one")
run as "$one" "$RLC" check --format github
like "$out" "::warning title=rlc check: ids RLC-U04::find subordinate ids" "github: an annotation"
unlike "$out" "check: container" "github: none for what is well"
run limited "$RLC" check --format github
is "$status" 1 "a host that cannot: 1"
like "$out" "::error title=rlc check: namespaces RLC-U01::" "github: an error"
run as "$one" env NO_COLOR=1 "$RLC" check
like "$out" "reduced +ids: find subordinate ids" "text: reduced"
like "$out" "fix: +sudo usermod" "text: how it is had"
run "$RLC" check --explain RLC-N03
is "$status" 0 "a code is explained"
like "$out" "fix: sudo chmod 0666 /dev/net/tun" "with its fix"
run "$RLC" check --explain RLC-Z99
is "$status" 125 "one that does not exist is refused"
run "$RLC" check --format xml
is "$status" 125 "so is a form"
no_leftovers "nothing is left"
done_testing

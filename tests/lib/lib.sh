# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The harness: a test is a bash script that sources this file, makes assertions and ends in
# done_testing.  It speaks TAP and can be run by prove or by hand:
#
#     make check T=10-run                      one file, by its build directory
#     RLC=/path/to/rlc tests/t/10-run.t        the same by hand
#
#     . "$(dirname "$0")/../lib/lib.sh"
#     needs root userns                        skip the file where the host cannot run it
#     user_with_subids                         sets $sub
#     run as "$sub" "$RLC" run builtin:busybox id -u
#     is "$status" 0 "it runs"                 $status, $out and $err are those of the last run
#     is "$out" 0 "the caller is root inside"
#     no_leftovers "it leaves nothing"
#     done_testing
#
# Each file has a world of its own: as root it runs in its own mount namespace (with / shared, as on
# a host under systemd, so that a mount leaking from a container would show), with its own users, its
# own directory $T, and as the child subreaper of all that it starts.  So files can run in parallel,
# and what a container leaves behind cannot be mistaken for a neighbour's.  A file that makes network
# interfaces says RLC_TEST_NETNS=1 before it reads this one, and has a network namespace of its own.
#
# Nothing passes by skipping: with RLC_TEST_STRICT=1 (as ci/test has it) a skip is a failure, unless
# tests/lib/allowed-skips names it.

set -u
export LC_ALL=C.UTF-8
umask 022

LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SRCDIR=$(cd "$LIB/../.." && pwd)
TEST_NAME=$(basename "$0" .t)

# ------------------------------------------------------------------------------ a world of its own

# Run the file again inside its own mount namespace, under a time limit, as the subreaper of all its
# descendants: a process that outlives its container then becomes our child, and is found.
if [ "${RLC_TEST_PID:-}" != $$ ]; then
	unset RLC_TEST_MOUNTNS
	become='import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
os.environ["RLC_TEST_PID"] = str(os.getpid())
os.execv("/bin/bash", ["bash", *sys.argv[1:]])'
	world=()
	if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
		world=(unshare --mount --propagation "${RLC_TEST_PROPAGATION:-private}" ${RLC_TEST_NETNS:+--net})
		export RLC_TEST_MOUNTNS=1
	fi
	exec timeout --foreground --kill-after=90 "${RLC_TEST_TIMEOUT:-900}" \
		"${world[@]}" /usr/bin/python3 -c "$become" "$0" "$@"
fi
[ -z "${RLC_TEST_MOUNTNS:-}" ] || mount --make-rshared /
exec </dev/null 200>&2

# ------------------------------------------------------------------------------------------ TAP

test_count=0
test_failed=0
last_run=

# On standard error, which prove shows
diag() {
	local line

	while IFS= read -r line; do
		printf '# %s\n' "$line" >&200
	done <<<"$*"
}

# For who reads the TAP
note() { printf '# %s\n' "$*"; }

_report() { # PASSED(0|1…) DESCRIPTION
	local description=${2//#/\\#}

	test_count=$((test_count + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$test_count" "$description"
		return 0
	fi
	test_failed=$((test_failed + 1))
	printf 'not ok %d - %s\n' "$test_count" "$description"
	diag "  at $0 line ${BASH_LINENO[1]}"
	return 1
}

# Once per run is enough
_diag_last_run() {
	[ -n "$last_run" ] || return 0
	diag "  last run: ${last_run:0:500}"
	diag "  status:   $status"
	diag "  stdout:   ${out:0:1000}"
	diag "  stderr:   ${err:0:1000}"
	last_run=
}

pass() { _report 0 "$1"; }
fail() { _report 1 "$1" || _diag_last_run; }

# ok DESCRIPTION COMMAND…: passes if the command succeeds
ok() {
	local description=$1

	shift
	if "$@"; then
		_report 0 "$description"
	else
		_report 1 "$description"
		diag "  this failed: $*"
		_diag_last_run
	fi
}

# nok DESCRIPTION COMMAND…: passes if the command fails
nok() {
	local description=$1

	shift
	if "$@"; then
		_report 1 "$description"
		diag "  this should have failed: $*"
		_diag_last_run
	else
		_report 0 "$description"
	fi
}

_diag_got() {
	diag "  got:      ${1:0:1000}"
	[ ${#1} -le 1000 ] || diag "            and so on, ${#1} characters"
}

is() { # GOT EXPECTED DESCRIPTION
	[ "$1" = "$2" ]
	_report $? "$3" && return
	_diag_got "$1"
	diag "  expected: $2"
	_diag_last_run
}

isnt() { # GOT UNEXPECTED DESCRIPTION
	[ "$1" != "$2" ]
	_report $? "$3" && return
	_diag_got "$1"
	diag "  expected: anything else"
	_diag_last_run
}

like() { # GOT EXTENDED-REGEX DESCRIPTION
	[[ $1 =~ $2 ]]
	_report $? "$3" && return
	_diag_got "$1"
	diag "  expected: something that matches /$2/"
	_diag_last_run
}

unlike() { # GOT EXTENDED-REGEX DESCRIPTION
	! [[ $1 =~ $2 ]]
	_report $? "$3" && return
	_diag_got "$1"
	diag "  expected: nothing that matches /$2/"
	_diag_last_run
}

# run COMMAND…: sets $status, $out and $err (without trailing newlines). A program has $RUN_TIMEOUT
# seconds; a shell function sees to that itself, as `as` does.
RUN_TIMEOUT=60
run() {
	last_run=$*
	if [ "$(type -t "$1")" = function ]; then
		"$@" >"$T/stdout" 2>"$T/stderr"
	else
		timeout --kill-after=5 "$RUN_TIMEOUT" "$@" >"$T/stdout" 2>"$T/stderr"
	fi
	status=$?
	out=$(tr -d '\000' <"$T/stdout")
	err=$(tr -d '\000' <"$T/stderr")
}

# An error of rlc's own: one message that names what has to be in it, code 125, no output.
refused() { # DESCRIPTION REGEX…
	local description=$1 regex

	shift
	is "$status" 125 "$description: code 125"
	for regex in "$@"; do
		like "$err" "$regex" "$description: says /$regex/"
	done
	is "$(grep -c '^rlc: ' <<<"$err")" 1 "$description: one message"
	is "$out" "" "$description: nothing on standard output"
}

# wait_for SECONDS COMMAND…: until the command succeeds
wait_for() {
	local deadline=$(($(date +%s%N) + $1 * 1000000000))

	shift
	until "$@" 2>/dev/null; do
		[ "$(date +%s%N)" -lt "$deadline" ] || return 1
		sleep 0.02
	done
}

done_testing() {
	printf '1..%d\n' "$test_count"
	test_finished=1
	[ "$test_failed" -eq 0 ]
	exit
}

# skip_all NEED REASON: give up the file
skip_all() {
	test_finished=1
	if [ "${RLC_TEST_STRICT:-0}" = 1 ] &&
		! grep -q "^$TEST_NAME  *$1  *[^ ]" "$LIB/allowed-skips"; then
		printf '1..1\nnot ok 1 - needs %s: %s\n' "$1" "$2"
		exit 1
	fi
	printf '1..0 # SKIP needs %s: %s\n' "$1" "$2"
	exit 0
}

# skip NEED DESCRIPTION: in place of one assertion, after `have NEED` was false
skip() {
	if [ "${RLC_TEST_STRICT:-0}" = 1 ] &&
		! grep -q "^$TEST_NAME  *$1  *[^ ]" "$LIB/allowed-skips"; then
		_report 1 "$2"
		diag "  needs $1: $why"
		return
	fi
	test_count=$((test_count + 1))
	printf 'ok %d - %s # SKIP needs %s: %s\n' "$test_count" "$2" "$1" "$why"
}

# -------------------------------------------------------------------------------- finish and clean

finishers=()
test_finished=

# when_finished COMMAND…: run at the end, last first, however the test ends
when_finished() {
	finishers+=("$(printf '%q ' "$@")")
}

_finish() {
	local code=$? i

	# a subshell that got a signal before it had reset its traps is not the test
	[ "$BASHPID" = $$ ] || exit "$code"
	trap '' HUP INT TERM
	for ((i = ${#finishers[@]} - 1; i >= 0; i--)); do
		eval "${finishers[i]}" >&2
	done
	if [ -z "$test_finished" ]; then
		diag "$0 ended early"
		printf 'not ok %d - the test ended early (status %d)\n' $((test_count + 1)) "$code"
		exit 1
	fi
	exit "$code"
}
trap _finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'echo "# out of time, or ended from outside"; exit 143' TERM

# ----------------------------------------------------------------------------------- directories

# $T: this test's directory, open to all users, so that they can reach $RLC below it
T=$(mktemp -d "${TMPDIR:-/tmp}/rlct.XXXXXX") || exit 1
chmod 0755 "$T"
mkdir "$T/bin" "$T/tmp"
chmod 1777 "$T/tmp"

_remove_directory() {
	local at

	while read -r at; do
		umount -l "$at"
	done < <(awk '{ print $5 }' /proc/self/mountinfo | grep "^$T/" | sort -r)
	chmod -R u+rwX "$T" 2>/dev/null
	rm -rf --one-file-system "$T"
}
when_finished _remove_directory

# copy_program FILE NAME: into $T/bin, where everybody may run it, and print its path
copy_program() {
	cp "$1" "$T/bin/$2" && chmod 0755 "$T/bin/$2" && echo "$T/bin/$2"
}

# The program under test, $RLC, and $BUILD, the directory it was built in. `make check` sets RLC.
RLC=${RLC:-$SRCDIR/build/rlc}
# shellcheck disable=SC2034 # tests use it
BUILD=$(dirname "$RLC")
if [ -x "$RLC" ]; then
	RLC=$(copy_program "$RLC" rlc)
	for helper in rlc-image rlc-seccomp; do
		[ -x "$BUILD/helpers/$helper/$helper" ] || continue
		mkdir -p "$T/bin/helpers/$helper"
		copy_program "$BUILD/helpers/$helper/$helper" "helpers/$helper/$helper" >/dev/null
	done
else
	echo "# no program to test at $RLC: set RLC, or run make check"
	RLC=$T/bin/rlc
fi
export RLC

# What this user's rlc keeps lies in a directory of this test
RLC_STORE=$T/store-$(id -un)
export RLC_STORE

# As root, containers' state lies in a directory of this test
if [ -n "${RLC_TEST_MOUNTNS:-}" ]; then
	[ -d /run/rlc ] || mkdir -m 0700 /run/rlc 2>/dev/null # or another test has just made it
	mount -t tmpfs -o mode=0700 rlct /run/rlc
	mount --make-private /run/rlc
fi

# ------------------------------------------------------------------------------------------ users

test_users=()

# System files are changed by one test at a time
users_lock=/run/lock/rlct.lock
[ -w /run/lock ] || users_lock=/run/rlct.lock
_locked() {
	if [ -e /proc/$$/fd/198 ]; then # held by _hold_users: this would wait for itself
		diag "$*: users are neither made nor removed while something is mounted on /etc/sub*"
		return 1
	fi
	(
		flock 9
		"$@"
	) 9>"$users_lock"
}

# useradd(8) replaces /etc/subuid and /etc/subgid by rename, which takes a mount on them away: while this test
# has one there, others wait with theirs.
_hold_users() { # FILE that is about to be mounted on
	[[ $1 != /etc/sub* || -e /proc/$$/fd/198 ]] || { exec 198>"$users_lock" && flock 198; }
}
_let_users_go() { grep -q ' /etc/sub' /proc/self/mountinfo || exec 198>&-; }

# Users of tests that were killed: the name ends in the test's process id
_remove_stale_users() {
	local user

	while read -r user; do
		[ -d "/proc/${user##*-}" ] || userdel "$user"
	done < <(sed -n 's/^\(rlct-[a-z]*-[0-9]*\):.*/\1/p' /etc/passwd)
}

_make_user() { # NAME OPTIONS… ; called under the lock
	local name=$1

	shift
	_remove_stale_users
	useradd --home-dir "$T/home-$name" --create-home --skel /dev/null --shell /bin/sh "$@" "$name"
}

nothing_runs_as() { ! pgrep -u "$1" >/dev/null; }

_remove_user() {
	_end_descendants
	wait_for 5 nothing_runs_as "$1"
	userdel "$1"
}

_add_user() { # KIND OPTIONS…
	local kind=$1 name=rlct-$1-$$

	shift
	_locked _make_user "$name" "$@" || return 1
	when_finished _locked _remove_user "$name"
	test_users+=("$name")
	mkdir -p "$T/run-$name" "$T/store-$name"
	chown "$name:" "$T/run-$name" "$T/store-$name"
	chmod 0700 "$T/run-$name" "$T/store-$name" "$T/home-$name"
	printf -v "$kind" %s "$name"
}

# user_with_subids: a user with 65536 subordinate ids, in $sub
user_with_subids() {
	if [ "$(id -u)" != 0 ]; then
		sub=$(id -un)
		grep -q "^$sub:" /etc/subuid || skip_all root "only root can make a user with subids"
		return
	fi
	_add_user sub || skip_all root "useradd failed"
}

# user_without_subids: a user with one id and nothing else, in $one
user_without_subids() {
	if [ "$(id -u)" != 0 ]; then
		one=$(id -un)
		! grep -q "^$one:" /etc/subuid || skip_all root "only root can make a user without subids"
		return
	fi
	_add_user one -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 || skip_all root "useradd failed"
}

# The words that give USER a clean environment, in the array clean_env
_clean_env() {
	local home

	home=$(getent passwd "$1" | cut -d: -f6)
	clean_env=(env -i HOME="$home" USER="$1" LOGNAME="$1" SHELL=/bin/sh TERM=dumb
		PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
		LC_ALL=C.UTF-8 TMPDIR="$T/tmp" RLC="$RLC" RLC_STORE="$T/store-$1" T="$T")
	[ "$1" = root ] || clean_env+=(XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR_OF_USER-$T/run-$1}")
	[ -z "${RLC_FAULT:-}" ] || clean_env+=(RLC_FAULT="$RLC_FAULT")
	[ -z "${ASAN_OPTIONS:-}" ] || clean_env+=(ASAN_OPTIONS="$ASAN_OPTIONS")
	[ -z "${UBSAN_OPTIONS:-}" ] || clean_env+=(UBSAN_OPTIONS="$UBSAN_OPTIONS")
}

# What makes a process USER's, in the array become, and where it starts, in $start
_become() {
	_clean_env "$1"
	if [ "$(id -un)" = "$1" ]; then
		start=/
		become=("${clean_env[@]}")
	else
		start=$T/home-$1
		become=(setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups --inh-caps=-all --
			"${clean_env[@]}")
	fi
}

# as USER COMMAND…: as this user (or root), in its home, with a clean environment and $RUN_TIMEOUT
# seconds to go.  NAME=VALUE words before the command add to the environment.
as() {
	local user=$1 clean_env become start

	shift
	_become "$user"
	(cd "$start" && exec "${become[@]}" timeout --kill-after=5 "$RUN_TIMEOUT" env "$@")
}

# as_background USER COMMAND…: the same without a time limit, in the background; $! is COMMAND itself
as_background() {
	local user=$1 clean_env become start

	shift
	_become "$user"
	(cd "$start" && exec "${become[@]}" "$@") &
}

# ------------------------------------------------------------------------------------------- needs

# Each is a function need_X that succeeds, or sets $why and fails. Asked when first needed.
why=

need_root() {
	why="this is not root"
	[ "$(id -u)" = 0 ]
}

need_rlc() {
	why="no program at $RLC"
	[ -x "$RLC" ]
}

need_rlc_image() {
	why="no program at $T/bin/helpers/rlc-image/rlc-image"
	[ -x "$T/bin/helpers/rlc-image/rlc-image" ]
}

need_userns() {
	why="user namespaces are not allowed here"
	unshare --user --map-root-user true 2>/dev/null
}

need_subids() {
	why="newuidmap and newgidmap are not installed"
	command -v newuidmap >/dev/null && command -v newgidmap >/dev/null
}

need_mountns() {
	why="a test cannot have its own mount namespace here"
	[ -n "${RLC_TEST_MOUNTNS:-}" ]
}

# /dev/net/tun, open to all users: in this test's mount namespace only. The host's is not touched.
need_tun() {
	why="no tun driver, or /dev/net/tun is closed and cannot be replaced"
	if [ -n "${RLC_TEST_MOUNTNS:-}" ]; then
		tun_open
	fi
	[ -r /dev/net/tun ] && (exec 9<>/dev/net/tun) 2>/dev/null
}

need_apt() {
	why="apt-get finds no mirror"
	apt-get indextargets 2>/dev/null | grep -q '^URI: '
}

# Any other word is a program that must be in PATH
_have() {
	if [ "$(type -t "need_$1")" = function ]; then
		"need_$1"
	else
		why="$1 is not installed"
		command -v "$1" >/dev/null
	fi
}

declare -A need_known=() need_why=()

# have NEED: is it there? $why says what is missing
have() {
	if [ -z "${need_known[$1]:-}" ]; then
		_have "$1"
		need_known[$1]=$?
		need_why[$1]=$why
	fi
	why=${need_why[$1]}
	return "${need_known[$1]}"
}

# needs NEED…: skip the file unless all are there
needs() {
	local need

	for need; do
		have "$need" || skip_all "$need" "$why"
	done
}

# ---------------------------------------------------------------------------------------- fixtures

# tun_mode MODE: this test sees a /dev/net/tun of its own, of that mode
tun_mounted=
tun_mode() {
	[ -e "$T/tun" ] || mknod "$T/tun" c 10 200 || return 1
	chmod "$1" "$T/tun"
	[ -z "$tun_mounted" ] || return 0
	if [ ! -e /dev/net/tun ]; then
		mkdir -p /dev/net && touch /dev/net/tun || return 1
	fi
	mount --bind "$T/tun" /dev/net/tun && tun_mounted=1
}

# tun_gone: nothing of it is left
tun_gone() {
	umount /dev/net/tun
	tun_mounted=
	mount -t tmpfs -o mode=755 none /dev/net
}

tun_open() { tun_mode 0666; }

# hide FILE: this test sees no program at FILE (it is there, but cannot be executed or read)
hide() {
	[ -e "$T/hidden" ] || install -m 0000 /dev/null "$T/hidden"
	mount --bind "$T/hidden" "$1"
}

# replace FILE [CONTENT]: this test sees FILE with other content
replace() {
	local with

	_hold_users "$1"
	with=$(mktemp "$T/replace.XXXXXX")
	printf '%s' "${2:-}" >"$with"
	chmod --reference="$1" "$with"
	mount --bind "$with" "$1"
}

# restore FILE: undo hide and replace
restore() { umount "$1" && _let_users_go; }

# A root file system of busybox's, in $1, owned by user $2
make_rootfs() {
	local busybox

	busybox=$(command -v busybox)
	mkdir -p "$1"/{bin,dev,etc,proc,root,sys,tmp,usr,var}
	cp "$busybox" "$1/bin/busybox"
	chroot "$1" /bin/busybox --install -s /bin 2>/dev/null ||
		for applet in $("$busybox" --list); do
			[ -e "$1/bin/$applet" ] || ln -s busybox "$1/bin/$applet"
		done
	chmod 1777 "$1/tmp"
	printf 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/sh\nalice:x:1000:100:Alice:/home/alice:/bin/sh\n' \
		>"$1/etc/passwd"
	printf 'root:x:0:\ndaemon:x:1:\nusers:x:100:\nstaff:x:50:alice\n' >"$1/etc/group"
	echo '# of the image' >"$1/etc/hosts"
	echo 'image' >"$1/etc/hostname"
	echo '# of the image' >"$1/etc/resolv.conf"
	[ -z "${2:-}" ] || chown -hR "$2:" "$1"
}

# fingerprint DIR: a checksum of all names, types, owners, modes, times, links and contents below
fingerprint() {
	(cd "$1" && {
		find . -printf '%p %y %U %G %m %T@ %l %D %i\n' | sort
		find . -type f -print0 | sort -z | xargs -0 -r sha256sum
	} | sha256sum)
}

# --------------------------------------------------------------------------------------- leftovers

# All descendants of this test, one "PID STATE NAME" a line, but for the subshell that wants to
# know, $asking, and what is above and below it
_descendants() {
	ps -e -o pid= -o ppid= -o stat= -o comm= | awk -v test=$$ -v asking="$asking" '
		{ parent[$1] = $2; text[$1] = $1 " " $3 " " $4 }
		END {
			for (pid = asking; pid in parent; pid = parent[pid])
				above[pid] = 1
			for (pid in parent) {
				for (at = pid; at in parent && at != asking; at = parent[at]) {
					if (parent[at] == test)
						found = at
				}
				if (at != asking && found && !(pid in above))
					print text[pid]
				found = 0
			}
		}'
}

_end_descendants() {
	local pid

	for pid in $(asking=$BASHPID && _descendants | cut -d' ' -f1); do
		kill -KILL "$pid" 2>/dev/null
	done
}
when_finished _end_descendants

# Files of containers' state, but for the skeleton that stays on purpose, and files of the users'
_state_files() {
	local user skeleton=(! -path '*/rlc*/containers' ! -path '*/rlc*/names' ! -path '*/rlc*/builtin-*' ! -path '*/rlc*/lock'
		! -path '*/rlc*/networks' ! -path '*/rlc*/events' ! -path '*/rlc*/events.1')

	[ -z "${RLC_TEST_MOUNTNS:-}" ] || find /run/rlc -mindepth 1 "${skeleton[@]}"
	find "$RLC_STORE/kept" -mindepth 1 2>/dev/null
	for user in "${test_users[@]}"; do
		find "$T/run-$user" -mindepth 1 ! -path "$T/run-$user/rlc" "${skeleton[@]}"
		find "$T/home-$user" "$T/tmp" -mindepth 1 -user "$user"
		find "$T/store-$user/kept" -mindepth 1
		find /tmp /var/tmp /run /dev/shm -xdev -path "$T" -prune -o -user "$user" \
			! -path "/tmp/rlc-$(id -u "$user")" "${skeleton[@]}" -print
	done 2>/dev/null
}

# Everything that a container could leave behind, one thing a line
_snapshot() {
	_descendants | grep -v ' Z ' | cut -d' ' -f1,3 | sed 's/^/process /'
	cut -d' ' -f3-5 /proc/self/mountinfo | sed 's/^/mount /'
	sed -n 's/^ *\([^:]*\):.*/interface \1/p' /proc/net/dev
	_state_files | sed 's/^/file /'
}

# To be called in a command substitution
_leftovers() {
	local asking=$BASHPID

	_snapshot | sort >"$T/after"
	comm -13 "$T/before" "$T/after"
}

# leftovers_begin: what is there now is not a container's
leftovers_begin() (
	asking=$BASHPID
	_snapshot | sort >"$T/before"
)

# no_leftovers DESCRIPTION: nothing more than at leftovers_begin. What is on its way out has a few
# seconds (the kernel takes namespaces apart after their last process).
LEFTOVERS_SECONDS=5
no_leftovers() {
	local left

	[ -e "$T/before" ] || fail "leftovers_begin was not called"
	if wait_for $LEFTOVERS_SECONDS _nothing_left; then
		_report 0 "$1"
	else
		left=$(_leftovers)
		_report 1 "$1"
		diag "  left: ${left:0:3000}"
		_diag_last_run
	fi
}

_nothing_left() { [ -z "$(_leftovers)" ]; }

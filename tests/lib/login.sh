# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Users who are logged in, on a host under systemd: with a session of logind's, $XDG_RUNTIME_DIR, a bus and
# a user manager of their own, and a cgroup that is theirs.
#
#     . "$(dirname "$0")/../lib/login.sh"      after lib.sh
#     needs login
#     user_with_subids
#     log_in "$sub"
#     run in_session "$sub" rlc run builtin:busybox id
#     run in_session "$sub" systemctl --user show-environment
#
# What logind mounts for them has to reach the test's own mount namespace: RLC_TEST_PROPAGATION=slave, as
# tests/vm/inside has it.  Nothing but $RLC, $BUILD and $T is added to what PAM sets, and rlc is in PATH.

# shellcheck disable=SC2034 # lib.sh reads $why
need_login() {
	why="no systemd with logind here"
	need_root && [ -d /run/systemd/system ] && command -v loginctl su >/dev/null
}

# log_in USER: the user manager comes up, and stays until the test ends. The last test's user had the same uid:
# logind forgets him ten seconds after his end.
log_in() {
	local uid

	uid=$(id -u "$1")
	wait_for 60 _is_forgotten "$uid" || return 1
	when_finished log_out "$1"
	loginctl enable-linger "$1" && systemctl start "user@$uid.service" && wait_for 60 test -S "/run/user/$uid/bus"
}
_is_forgotten() { ! loginctl show-user "$1" >/dev/null; }

# log_out USER: everything of the user's ends
log_out() {
	loginctl disable-linger "$1"
	systemctl stop "user@$(id -u "$1").service" "user-$(id -u "$1").slice"
}

# in_session USER COMMAND…: as from a login of his, in his home, with $RUN_TIMEOUT seconds to go
in_session() {
	local user=$1

	shift
	XDG_SESSION_TYPE=tty XDG_SESSION_CLASS=user su -l -c 'export RLC="$1" BUILD="$2" T="$3" PATH="$4:$PATH"
		shift 4 && exec timeout --foreground "$@"' -- "$user" su "$RLC" "$BUILD" "$T" "$(dirname "$RLC")" "$RUN_TIMEOUT" "$@"
}

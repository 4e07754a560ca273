# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of tests/vm that run with SELinux, as who is logged in runs there: unconfined.
#
#     . "$(dirname "$0")/../lib/selinux.sh"    before lib.sh: it starts the test anew, under $unconfined
#     selinux_enforce overlay tun              SELinux is enforcing until the test ends; the modules are there

unconfined=unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023
[ "$(tr -d '\0' </proc/self/attr/current)" = $unconfined ] || exec runcon $unconfined "$0"

selinux_enforce() { # MODULE…: SELinux would not have them from a disk without labels
	modprobe -a "$@"
	setenforce 1
	when_finished setenforce 0
	chcon -R system_u:object_r:user_tmp_t:s0 "$T"
}

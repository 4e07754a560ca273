# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cgroup2: a host of cgroups of version 2 for a test, in its own mount namespace. Where the
# controllers belong to version 1, as in CI, the tree has none of them, but all else: freezing,
# killing, being born in a cgroup, BPF programs.
#
#     cgroups_begin            /sys/fs/cgroup is a tree of version 2
#     cgroups_delegate USER    the test's processes are in a cgroup that this user may divide
#     cgroups_v1               /sys/fs/cgroup is not one of version 2
#     cgroups_left             directories of rlc's that are there, one a line

CGROUPS=/sys/fs/cgroup
cgroup_home=$CGROUPS/rlct-$$ # of those that are delegated; no name of rlc's

cgroups_begin() {
	[ "$(stat -f -c %T $CGROUPS)" = cgroup2fs ] || mount -t cgroup2 none $CGROUPS
	cgroup_origin=$CGROUPS$(sed -n 's/^0:://p' /proc/self/cgroup)
	when_finished _cgroups_end
	leftovers_begin
}

_cgroups_end() {
	local directory

	echo $$ >"$cgroup_origin/cgroup.procs"
	find "$cgroup_home" -depth -type d 2>/dev/null | while read -r directory; do
		rmdir "$directory"
	done
}

# The user's shell is in one below, as systemd would have it
cgroups_delegate() {
	local directory=$cgroup_home/$1

	mkdir -p "$directory/shell"
	chown -R "$1" "$directory"
	echo $$ >"$directory/shell/cgroup.procs"
}

cgroups_undelegate() { echo $$ >"$cgroup_origin/cgroup.procs"; }

cgroups_v1() {
	mount -t tmpfs none $CGROUPS
	leftovers_begin # anew: the mount is ours
}
cgroups_v1_end() { umount $CGROUPS; }

cgroups_left() { find $CGROUPS -type d -regex '.*/rlc\(-[0-9a-f]+.*\)?' 2>/dev/null; }

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "kernel/mount.h"

#define SYS_ATTRIBUTES                                                                             \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static uint64_t sys_attributes(bool writable)
{
	return SYS_ATTRIBUTES & ~(uint64_t)(writable ? MOUNT_ATTR_RDONLY : 0);
}

/* sysfs shows a network namespace; only its owner may mount one (sysfs(5)). */
static int sys_mount(bool writable, GError **error)
{
	g_autoptr(GError) refused = NULL;
	auto_fd mount = mount_new("sysfs", NULL, sys_attributes(writable), &refused);

	if (mount >= 0)
		return fd_steal(&mount);
	if (!error_is_errno(refused, EPERM)) {
		g_propagate_error(error, g_steal_pointer(&refused));
		return -1;
	}
	mount = mount_clone(AT_FDCWD, "/sys", true, error);
	if (mount < 0 || !mount_change(mount, true, SYS_ATTRIBUTES, 0, MS_PRIVATE, error))
		return -1;
	return fd_steal(&mount);
}

/* A host of cgroup v1 gets no cgroup tree inside: v1's release_agent is no toy for payloads. */
static bool sys_host_has_cgroup2(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static void sys_mount_cgroup(int root, bool writable)
{
	g_autoptr(GError) refused = NULL;
	auto_fd target = mount_open(root, "/sys/fs/cgroup", MOUNT_NO_SYMLINKS, &refused);
	auto_fd mount =
		target < 0 ? -1 : mount_new("cgroup2", NULL, sys_attributes(writable), &refused);

	if (mount < 0 || !mount_attach(mount, target, "/sys/fs/cgroup", &refused))
		log_debug("sys: no cgroup tree inside: %s", refused->message);
}

bool sys_child(Container *container, GError **error)
{
	g_autoptr(GError) refused = NULL;
	auto_fd mount = sys_mount(container->plan->spec->rlc.privileged, &refused);

	if (mount < 0 && error_is_errno(refused, ENOENT)) {
		log_info("sys: none inside, for the host has none: %s", refused->message);
		return true;
	}
	if (mount < 0) {
		g_propagate_error(error, g_steal_pointer(&refused));
		return false;
	}
	if (!mount_attach_in(mount, container->root, "/sys", true, MOUNT_NO_SYMLINKS, error))
		return false;
	if ((container->plan->clone_flags & CLONE_NEWCGROUP) && sys_host_has_cgroup2())
		sys_mount_cgroup(container->root, container->plan->spec->rlc.cgroup_writable);
	return true;
}

void sys_explain(const Plan *plan, GString *script)
{
	g_string_append(script, "# fsopen(\"sysfs\"), fsopen(\"cgroup2\")\n"
				"mkdir -p \"$root/sys\"\n");
	if (plan->clone_flags & CLONE_NEWNET)
		g_string_append_printf(script,
				       "mount -t sysfs -o %s,nosuid,nodev,noexec sysfs "
				       "\"$root/sys\"\n",
				       plan->spec->rlc.privileged ? "rw" : "ro");
	else
		g_string_append(script,
				"mount --rbind /sys \"$root/sys\"\n"
				"mount -o remount,bind,ro,nosuid,nodev,noexec \"$root/sys\"\n");
	if ((plan->clone_flags & CLONE_NEWCGROUP) && sys_host_has_cgroup2())
		g_string_append_printf(script,
				       "mount -t cgroup2 -o %s,nosuid,nodev,noexec cgroup2 "
				       "\"$root/sys/fs/cgroup\"\n",
				       plan->spec->rlc.cgroup_writable ? "rw" : "ro");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define APPARMOR_ENABLED "/sys/module/apparmor/parameters/enabled"
#define SELINUX_ENFORCE	 "/sys/fs/selinux/enforce"

static bool is_asked(const char *name)
{
	return name && *name;
}

bool lsm_plan(const Spec *spec, Plan *plan, GError **error)
{
	const SpecProcess *process = &spec->process;
	g_autofree char *apparmor = is_asked(process->apparmor_profile)
					    ? fd_read_file(AT_FDCWD, APPARMOR_ENABLED, 16, NULL)
					    : NULL;

	(void)plan;
	if (is_asked(process->apparmor_profile) && (!apparmor || *apparmor != 'Y'))
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "use the AppArmor profile '%s': AppArmor is not enabled on this "
				 "host",
				 process->apparmor_profile);
	if (is_asked(process->selinux_label) && access(SELINUX_ENFORCE, F_OK) < 0)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "use the SELinux label '%s': SELinux is not enabled on this host",
				 process->selinux_label);
	return true;
}

/* No file of the image's that lies where /proc should be. */
static int open_attribute(const char *path)
{
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -1;
	if (fs.f_type != PROC_SUPER_MAGIC) {
		errno = EPERM;
		return -1;
	}
	return fd_steal(&fd);
}

static bool set_attribute(const char *path, const char *fallback, const char *value, GError **error)
{
	auto_fd fd = open_attribute(path);

	if (fd < 0 && errno == ENOENT && fallback)
		fd = open_attribute(fallback);
	return (fd >= 0 && fd_write_all(fd, value, strlen(value))) ||
	       error_errno(error, errno, "tell the kernel '%s' of the program", value);
}

bool lsm_set(const SpecProcess *process, GError **error)
{
	g_autofree char *profile = g_strconcat(
		"exec ", process->apparmor_profile ? process->apparmor_profile : "", NULL);

	if (is_asked(process->apparmor_profile) &&
	    !set_attribute("/proc/self/attr/apparmor/exec", "/proc/self/attr/exec", profile, error))
		return false;
	return !is_asked(process->selinux_label) ||
	       set_attribute("/proc/self/attr/exec", NULL, process->selinux_label, error);
}

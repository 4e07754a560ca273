/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "feature/seccomp.h"
#include "kernel/mount.h"

#define PROC_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/*
 * The filter of system calls refuses them as well; but this holds for whatever filter there is, and
 * for a way around it.
 */
static bool proc_forbid_userns(const Plan *plan, int proc, GError **error)
{
	static const char limit[] = "sys/user/max_user_namespaces";

	if (!(plan->clone_flags & CLONE_NEWUSER) || seccomp_allows_userns(plan->spec))
		return true;
	return (faccessat(proc, limit, F_OK, 0) < 0 && errno == ENOENT) ||
	       fd_write_file(proc, limit, "0", error);
}

/* A proc of the host's pid namespace is for root to mount; others have the host's own. */
static int mount_proc(const Plan *plan, GError **error)
{
	bool hosts = !(plan->clone_flags & CLONE_NEWPID) && !(plan->join && plan->join->pidns >= 0);
	int mount = mount_new("proc", NULL, PROC_ATTRIBUTES, hosts ? NULL : error);

	if (mount >= 0 || !hosts)
		return mount;
	mount = mount_clone(AT_FDCWD, "/proc", true, error);
	if (mount >= 0 && !mount_change(mount, true, PROC_ATTRIBUTES, 0, MS_PRIVATE, error))
		fd_close(&mount);
	return mount;
}

bool proc_child(Container *container, GError **error)
{
	auto_fd mount = mount_proc(container->plan, error);

	if (mount < 0) {
		if (error && error_is_errno(*error, EPERM))
			hint_add(error, HINT_PROC_MASKED, NULL);
		return false;
	}
	return proc_forbid_userns(container->plan, mount, error) &&
	       mount_attach_in(mount, container->root, "/proc", true, MOUNT_NO_SYMLINKS, error);
}

int proc_open(GError **error)
{
	auto_fd proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (proc < 0 || fstatfs(proc, &fs) < 0) {
		error_errno(error, errno, "open '/proc'");
		return -1;
	}
	if (fs.f_type != PROC_SUPER_MAGIC) {
		error_set(error, RLC_ERROR_FAILED, "open '/proc': it is not a proc file system");
		return -1;
	}
	return fd_steal(&proc);
}

/* What hides files and directories. */
typedef struct {
	int null;
	int directory; /* the cover of the first directory, attached; -1: there is none yet */
} ProcCovers;

/*
 * One tmpfs hides all directories, for to make one, and to end it, costs more than all else here.
 * It is cloned from where it is attached: before Linux 6.15 another mount could not be.
 */
static int proc_new_cover(const ProcCovers *covers, mode_t mode, GError **error)
{
	if (!S_ISDIR(mode))
		return mount_clone(covers->null, "", false, error);
	if (covers->directory >= 0)
		return mount_clone(covers->directory, "", false, error);
	return mount_new("tmpfs", "size=4k,nr_inodes=1,mode=0755,ro",
			 PROC_ATTRIBUTES | MOUNT_ATTR_RDONLY, error);
}

/* Hide a directory under an empty read-only tmpfs, a file under /dev/null. */
static bool proc_mask_path(int root, const char *path, ProcCovers *covers, GError **error)
{
	g_autoptr(GError) missing = NULL;
	auto_fd target = mount_open(root, path, MOUNT_NO_SYMLINKS, &missing);
	auto_fd cover = -1;
	struct stat st;

	if (target < 0) {
		if (error_is_errno(missing, ENOENT) || error_is_errno(missing, ENOTDIR) ||
		    error_is_errno(missing, EACCES))
			return true;
		g_propagate_error(error, g_steal_pointer(&missing));
		return false;
	}
	if (fstat(target, &st) < 0)
		return error_errno(error, errno, "stat '%s'", path);
	cover = proc_new_cover(covers, st.st_mode, error);
	if (cover < 0 || !mount_attach(cover, target, path, error))
		return false;
	if (S_ISDIR(st.st_mode) && covers->directory < 0)
		covers->directory = fd_steal(&cover);
	return true;
}

static bool proc_readonly_path(int root, const char *path, GError **error)
{
	g_autoptr(GError) missing = NULL;
	auto_fd target = mount_open(root, path, MOUNT_NO_SYMLINKS, &missing);
	auto_fd cover = -1;

	if (target < 0) {
		if (error_is_errno(missing, ENOENT))
			return true;
		g_propagate_error(error, g_steal_pointer(&missing));
		return false;
	}
	cover = mount_clone(target, "", true, error);
	return cover >= 0 && mount_change(cover, true, MOUNT_ATTR_RDONLY, 0, 0, error) &&
	       mount_attach(cover, target, path, error);
}

/* What hides files: the null device itself, which a volume on /dev could have replaced. */
static int proc_open_null(const Container *container, GError **error)
{
	auto_fd null = container->plan->spec->rlc.oci
			       ? open("/dev/null", O_PATH | O_CLOEXEC) /* the host's */
			       : mount_open(container->root, "/dev/null", MOUNT_NO_SYMLINKS, error);
	struct stat st;

	if (null < 0 && error && *error)
		return -1;
	if (null < 0 || fstat(null, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(1, 3)) {
		error_set(error, RLC_ERROR_UNSUPPORTED,
			  "use '/dev/null' inside: it is not the null device");
		return -1;
	}
	return fd_steal(&null);
}

static bool proc_mask_paths(Container *container, GError **error)
{
	const GPtrArray *paths = container->plan->spec->linux_.masked_paths;
	ProcCovers covers = {.null = proc_open_null(container, error), .directory = -1};
	bool ok = covers.null >= 0;

	for (guint i = 0; ok && i < paths->len; i++)
		ok = proc_mask_path(container->root, g_ptr_array_index(paths, i), &covers, error);
	fd_close(&covers.null);
	fd_close(&covers.directory);
	return ok;
}

bool proc_mask(Container *container, GError **error)
{
	const SpecLinux *linux_ = &container->plan->spec->linux_;

	if (linux_->masked_paths->len > 0 && !proc_mask_paths(container, error))
		return false;
	for (guint i = 0; i < linux_->readonly_paths->len; i++) {
		if (!proc_readonly_path(container->root,
					g_ptr_array_index(linux_->readonly_paths, i), error))
			return false;
	}
	return true;
}

void proc_explain(const Plan *plan, GString *script)
{
	g_string_append(script, "# fsopen(\"proc\"): it shows the new pid namespace only\n"
				"mkdir -p \"$root/proc\"\n"
				"mount -t proc -o nosuid,nodev,noexec proc \"$root/proc\"\n");
	if ((plan->clone_flags & CLONE_NEWUSER) && !seccomp_allows_userns(plan->spec))
		g_string_append(script, "# no user namespaces within this one\n"
					"echo 0 >\"$root/proc/sys/user/max_user_namespaces\"\n");
}

void proc_mask_explain(const Plan *plan, GString *script)
{
	const SpecLinux *linux_ = &plan->spec->linux_;

	g_string_append(script,
			"# masked: an empty read-only tmpfs over directories, /dev/null over "
			"files\nfor path in");
	for (guint i = 0; i < linux_->masked_paths->len; i++)
		g_string_append_printf(script, " %s",
				       (char *)g_ptr_array_index(linux_->masked_paths, i));
	g_string_append(
		script,
		"; do\n"
		"  if [ -d \"$root$path\" ]; then mount -t tmpfs -o ro,size=4k tmpfs "
		"\"$root$path\"\n"
		"  elif [ -e \"$root$path\" ]; then mount --bind \"$root/dev/null\" "
		"\"$root$path\"; fi\n"
		"done\n"
		"# read-only: open_tree, mount_setattr(MOUNT_ATTR_RDONLY), move_mount back\n"
		"for path in");
	for (guint i = 0; i < linux_->readonly_paths->len; i++)
		g_string_append_printf(script, " %s",
				       (char *)g_ptr_array_index(linux_->readonly_paths, i));
	g_string_append(script,
			"; do\n"
			"  if [ -e \"$root$path\" ]; then mount --bind \"$root$path\" "
			"\"$root$path\"\n"
			"    mount -o remount,bind,ro,nosuid,nodev,noexec \"$root$path\"; fi\n"
			"done\n");
}

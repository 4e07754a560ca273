/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "kernel/selinux.h"

#define MOUNT_DETACH  2	  /* umount2(2): MNT_DETACH */
#define OPTIONS_SHOWN 200 /* bytes of them in an error */

static int sys_fsconfig(int fs, unsigned command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

/* The kernel's own words about a refused file system, if it has any: "e overlay: …" */
static char *mount_kernel_log(int fs)
{
	char line[512];
	ssize_t n = read(fs, line, sizeof line - 1);

	if (n <= 2)
		return NULL;
	line[n] = '\0';
	g_strchomp(line);
	return g_strdup(line + 2);
}

static char *mount_label; /* mount_set_label() */

void mount_set_label(const char *label)
{
	g_free(mount_label);
	mount_label = g_strdup(label);
}

/* These the kernel labels as they are told, in a user namespace, too: selinux_set_mnt_opts(). */
static bool mount_takes_label(const char *type, const char *options)
{
	static const char *const types[] = {"tmpfs", "devpts", "overlay"};

	for (size_t i = 0; mount_label && i < G_N_ELEMENTS(types); i++) {
		if (strcmp(types[i], type) == 0)
			return !options || !strstr(options, "context=");
	}
	return false;
}

/* Where the option ends that begins here: quotes keep commas together. */
static size_t mount_option_length(const char *option)
{
	bool quoted = false;
	size_t length = 0;

	for (; option[length] && (quoted || option[length] != ','); length++)
		quoted ^= option[length] == '"';
	return length;
}

static bool mount_configure_one(int fs, char *option)
{
	char *value = strchr(option, '=');
	size_t length;

	if (!value)
		return sys_fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL) == 0;
	*value++ = '\0';
	length = strlen(value);
	if (length >= 2 && *value == '"' && value[length - 1] == '"') {
		value[length - 1] = '\0';
		value++;
	}
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, option, value) == 0;
}

static bool mount_configure(int fs, const char *type, const char *options)
{
	if (mount_takes_label(type, options) &&
	    sys_fsconfig(fs, FSCONFIG_SET_STRING, "context", mount_label) < 0)
		return false;
	while (options && *options) {
		size_t length = mount_option_length(options);
		g_autofree char *option = g_strndup(options, length);

		if (!mount_configure_one(fs, option))
			return false;
		options += length + (options[length] == ',');
	}
	return sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0;
}

/* mqueue takes no such option, but the label of its root, where the policy lets it be changed. */
static void mount_label_root(const char *type, int mount)
{
	if (mount_label && strcmp(type, "mqueue") == 0 && !selinux_label_file(mount, mount_label))
		log_debug("mount: the label of %s stays: %s", type, g_strerror(errno));
}

int mount_new(const char *type, const char *options, uint64_t attributes, GError **error)
{
	/* the name that mount(8) shows in front of "on" */
	return mount_new_of(type, type, options, attributes, error);
}

int mount_new_of(const char *source, const char *type, const char *options, uint64_t attributes,
		 GError **error)
{
	auto_fd fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int mount;

	if (fs < 0) {
		error_errno(error, errno, "open file system '%s'", type);
		return -1;
	}
	if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source) < 0 ||
	    !mount_configure(fs, type, options)) {
		int saved = errno;
		g_autofree char *reason = mount_kernel_log(fs);

		error_errno(error, saved, "make a %s (%.*s)%s%s", type, OPTIONS_SHOWN,
			    options ? options : "", reason ? ": " : "", reason ? reason : "");
		return -1;
	}
	mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
	if (mount < 0)
		error_errno(error, errno, "mount a %s", type);
	else
		mount_label_root(type, mount);
	return mount;
}

int mount_new_at(const char *type, const char *options, unsigned long flags, int dirfd,
		 const char *name, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d/%s", dirfd, name);
	g_autofree char *labelled =
		mount_takes_label(type, options)
			? g_strdup_printf("%s,context=\"%s\"", options, mount_label)
			: NULL;
	int mount;

	if (syscall(SYS_mount, type, path, type, flags, labelled ? labelled : options) < 0) {
		error_errno(error, errno, "make a %s (%.*s)", type, OPTIONS_SHOWN, options);
		return -1;
	}
	mount = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (mount < 0)
		error_errno(error, errno, "open the root of a new %s", type);
	return mount;
}

int mount_clone(int dirfd, const char *path, bool recursive, GError **error)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW |
			 (recursive ? AT_RECURSIVE : 0);
	int mount = (int)syscall(SYS_open_tree, dirfd, path, flags);

	if (mount < 0)
		error_errno(error, errno, "clone the mount of '%s'", path);
	return mount;
}

bool mount_change(int mount, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation,
		  GError **error)
{
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clear,
		.propagation = propagation,
	};
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if (syscall(SYS_mount_setattr, mount, "", flags, &attr, sizeof attr) < 0)
		return error_errno(error, errno, "change the attributes of a mount");
	return true;
}

bool mount_idmap(int mount, int userns, bool recursive, GError **error)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.propagation = MS_PRIVATE,
		.userns_fd = (uint64_t)userns,
	};

	if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U),
		    &attr, sizeof attr) < 0)
		return error_errno(error, errno, "shift a mount into an id map");
	return true;
}

bool mount_attach(int mount, int target, const char *path, GError **error)
{
	if (syscall(SYS_move_mount, mount, "", target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_errno(error, errno, "mount on '%s'", path);
	return true;
}

bool mount_stack(int mount, GError **error)
{
	auto_fd slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return mount_attach(mount, slash, "/", error);
}

bool mount_make_all_private(GError **error)
{
	if (syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(error, errno, "make all mounts private");
	return true;
}

bool mount_make_all_slaves(GError **error)
{
	if (syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_errno(error, errno, "make all mounts slaves");
	return true;
}

static int mount_openat2(int root, const char *path, MountResolve resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
			   (resolve == MOUNT_NO_SYMLINKS ? RESOLVE_NO_SYMLINKS : 0),
	};

	/* EAGAIN: something was renamed meanwhile, and the kernel could not rule out an escape */
	for (int attempt = 0; attempt < 100; attempt++) {
		int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);

		if (fd >= 0 || errno != EAGAIN)
			return fd;
	}
	return -1;
}

int mount_open(int root, const char *path, MountResolve resolve, GError **error)
{
	int fd = mount_openat2(root, path, resolve);

	if (fd < 0)
		error_errno(error, errno, "open '%s' in the rootfs", path);
	return fd;
}

static bool mount_make(int parent, const char *name, bool directory)
{
	auto_fd fd = -1;

	if (directory)
		return mkdirat(parent, name, 0755) == 0 || errno == EEXIST;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd >= 0 || errno == EEXIST;
}

/* A path that exists, by links of the rootfs perhaps: they must not lead what is mounted to /proc.
 */
static int mount_check_target(int fd, const char *path, MountResolve resolve, GError **error)
{
	struct statfs fs;

	if (resolve == MOUNT_NO_SYMLINKS ||
	    (fstatfs(fd, &fs) == 0 && fs.f_type != PROC_SUPER_MAGIC))
		return fd;
	close(fd);
	error_set(error, RLC_ERROR_UNSUPPORTED,
		  "mount on '%s': a link of the rootfs leads into /proc, which nothing may cover",
		  path);
	return -1;
}

int mount_open_target(int root, const char *path, bool directory, MountResolve resolve,
		      GError **error)
{
	g_autofree char *above = NULL, *name = NULL;
	auto_fd parent = -1;
	int fd = mount_openat2(root, path, resolve);

	if (fd >= 0)
		return mount_check_target(fd, path, resolve, error);
	if (errno != ENOENT || strcmp(path, "/") == 0) {
		error_errno(error, errno, "open '%s' in the rootfs", path);
		return -1;
	}
	above = g_path_get_dirname(path);
	name = g_path_get_basename(path);
	parent = mount_open_target(root, above, true, resolve, error);
	if (parent < 0)
		return -1;
	if (!mount_make(parent, name, directory)) {
		error_errno(error, errno, "make '%s' in the rootfs", path);
		hint_add(error, HINT_MOUNTPOINT, path);
		return -1;
	}
	fd = mount_openat2(parent, name, MOUNT_NO_SYMLINKS);
	if (fd < 0)
		error_errno(error, errno, "open '%s' in the rootfs", path);
	return fd;
}

bool mount_attach_in(int mount, int root, const char *path, bool directory, MountResolve resolve,
		     GError **error)
{
	auto_fd target = mount_open_target(root, path, directory, resolve, error);

	return target >= 0 && mount_attach(mount, target, path, error);
}

/* Which mount a path leads to; 0, which is none, with errno on failure. */
static uint64_t mount_id(int dirfd, const char *path)
{
	struct statx stx;

	if (statx(dirfd, path, AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &stx) < 0)
		return 0;
	return stx.stx_mnt_id;
}

/*
 * Nothing may be left on top of the new root: "/.." would lead into it.  The old root is one mount,
 * and each that was stacked on it on the way here (an overlay's stage) is one more.
 */
static bool mount_detach_stacked(uint64_t new_root, GError **error)
{
	uint64_t top;

	while ((top = mount_id(AT_FDCWD, "/..")) != new_root) {
		if (top == 0)
			return error_errno(error, errno, "look above the new root");
		if (syscall(SYS_umount2, ".", MOUNT_DETACH) < 0)
			return error_errno(error, errno, "detach the old root");
	}
	return true;
}

bool mount_detach(int mount, const char *path, GError **error)
{
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", mount);

	return syscall(SYS_umount2, link, MOUNT_DETACH) == 0 ||
	       error_errno(error, errno, "unmount '%s'", path);
}

bool mount_pivot(int root, GError **error)
{
	uint64_t new_root = mount_id(root, "");

	if (new_root == 0)
		return error_errno(error, errno, "stat the new root");
	/* With "." for both, the old root ends up on top of the new one, where umount finds it. */
	if (fchdir(root) < 0)
		return error_errno(error, errno, "enter the new root");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return error_errno(error, errno, "pivot_root");
	if (!mount_detach_stacked(new_root, error))
		return false;
	if (chdir("/") < 0)
		return error_errno(error, errno, "chdir to '/'");
	return true;
}

bool mount_chroot(int root, GError **error)
{
	if (fchdir(root) < 0)
		return error_errno(error, errno, "enter the new root");
	if (chroot(".") < 0)
		return error_errno(error, errno, "chroot");
	return true;
}

/* Its mounts are let go of with the last descriptor, but stay together under who is in them. */
bool mount_leave(int root, int mounts, GError **error)
{
	auto_fd tree = mount_clone(root, "", true, error);

	if (tree < 0)
		return false;
	if (setns(mounts, CLONE_NEWNS) < 0)
		return error_errno(error, errno, "join a namespace (CLONE_NEWNS)");
	return mount_chroot(tree, error);
}

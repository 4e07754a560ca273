/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/mount.h"

static const struct {
	const char *name;
	unsigned major, minor; /* Documentation/admin-guide/devices.txt */
} devices[] = {
	{"null", 1, 3},	  {"zero", 1, 5},    {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},	     {"core", "/proc/kcore"},
};

static const struct {
	const char *name, *type, *options;
	uint64_t attributes;
} filesystems[] = {
	/* tty's group 5 is in the map of ranges only; the kernel refuses an unmapped one */
	{"pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5",
	 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC},
	{"shm", "tmpfs", "mode=1777,size=64m",
	 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV},
	{"mqueue", "mqueue", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV},
};

/* Places in the table */
enum {
	DEV_PTS,
	DEV_SHM,
	DEV_MQUEUE
};

#define TTY_GROUP	     5
#define DEVPTS_WITHOUT_GROUP "newinstance,ptmxmode=0666,mode=0620"

static bool dev_make_file(int dev, const char *name, GError **error)
{
	auto_fd fd = openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return error_errno(error, errno, "make '/dev/%s'", name);
	return true;
}

static bool dev_bind(int dev, size_t i, GError **error)
{
	g_autofree char *path = g_strdup_printf("/dev/%s", devices[i].name);
	auto_fd source = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_fd mount = -1, target = -1;
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0)
		return error_errno(error, errno, "open the host's '%s'", path);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(devices[i].major, devices[i].minor))
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "bind '%s': on this host it is not character device %u:%u", path,
				 devices[i].major, devices[i].minor);
	if (!dev_make_file(dev, devices[i].name, error))
		return false;
	target = openat(dev, devices[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	mount = mount_clone(source, "", false, error);
	return mount >= 0 &&
	       mount_change(mount, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, 0, error) &&
	       mount_attach(mount, target, path, error);
}

/* Of one id alone, whichever map it will be? The kernel would refuse the group. */
static bool dev_has_no_tty_group(const Plan *plan)
{
	for (guint i = 0; i < plan->idmap.tiers->len; i++) {
		const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, i);

		if (tier->method != IDMAP_SINGLE ||
		    g_array_index(tier->gids, SpecIdMap, 0).inside == TTY_GROUP)
			return false;
	}
	return true;
}

static int dev_new_filesystem(const Plan *plan, size_t i, GError **error)
{
	bool plain = i == DEV_PTS && dev_has_no_tty_group(plan);
	g_autoptr(GError) refused = NULL;
	int mount = mount_new(filesystems[i].type,
			      plain ? DEVPTS_WITHOUT_GROUP : filesystems[i].options,
			      filesystems[i].attributes, &refused);

	if (mount < 0 && i == DEV_PTS && !plain)
		return mount_new(filesystems[i].type, DEVPTS_WITHOUT_GROUP,
				 filesystems[i].attributes, error);
	if (mount < 0)
		g_propagate_error(error, g_steal_pointer(&refused));
	return mount;
}

/* What belongs to the IPC namespace comes with it: from the host, or another container. */
static int dev_shared(Container *container, size_t i, GError **error)
{
	g_autofree char *path = g_strconcat("/dev/", filesystems[i].name, NULL);
	auto_fd mount = -1;

	if (container->plan->join && container->plan->join->ipcns >= 0) {
		if (!sync_expect(container->sync, SYNC_SHM, &mount, error))
			return -1;
	} else {
		mount = mount_clone(AT_FDCWD, path, true, error);
	}
	if (mount < 0 ||
	    !mount_change(mount, true, filesystems[i].attributes, 0, MS_PRIVATE, error))
		return -1;
	return fd_steal(&mount);
}

static bool dev_is_shared(const Plan *plan, size_t i)
{
	bool joined = plan->join && plan->join->ipcns >= 0;

	/* an mqueue shows the IPC namespace of who mounts it, which only its owner may */
	return i == DEV_SHM ? !(plan->clone_flags & CLONE_NEWIPC)
			    : i == DEV_MQUEUE && !(plan->clone_flags & CLONE_NEWIPC) && !joined;
}

static bool dev_mount(Container *container, int dev, size_t i, GError **error)
{
	bool shared = dev_is_shared(container->plan, i);
	g_autoptr(GError) missing = NULL;
	auto_fd mount = shared ? dev_shared(container, i, &missing)
			       : dev_new_filesystem(container->plan, i, error);
	auto_fd target = -1;

	if (shared && mount < 0 && error_is_errno(missing, ENOENT))
		return true; /* a host without */
	if (missing)
		g_propagate_error(error, g_steal_pointer(&missing));

	if (mount < 0)
		return false;
	if (mkdirat(dev, filesystems[i].name, 0755) < 0)
		return error_errno(error, errno, "make '/dev/%s'", filesystems[i].name);
	target = openat(dev, filesystems[i].name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mount_attach(mount, target, filesystems[i].name, error);
}

/* Everything goes into the tmpfs once it is attached: older kernels mount on nothing detached. */
bool dev_child(Container *container, GError **error)
{
	/* nodev: the devices are binds with attributes of their own; what a payload makes is dead
	 */
	auto_fd dev = mount_new("tmpfs", "mode=0755,size=64k,nr_inodes=4k",
				MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV, error);

	if (dev < 0 ||
	    !mount_attach_in(dev, container->root, "/dev", true, MOUNT_NO_SYMLINKS, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
		if (!dev_bind(dev, i, error))
			return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(filesystems); i++) {
		if (!dev_mount(container, dev, i, error))
			return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			return error_errno(error, errno, "make '/dev/%s'", links[i].name);
	}
	return !container->plan->tty.terminal || dev_make_file(dev, "console", error);
}

void dev_explain(const Plan *plan, GString *script)
{
	g_string_append(script,
			"# fsopen(\"tmpfs\"), then open_tree and move_mount for each device, "
			"symlinkat for each link\n"
			"mkdir -p \"$root/dev\"\n"
			"mount -t tmpfs -o mode=0755,nosuid,noexec,nodev dev \"$root/dev\"\n"
			"for device in");
	for (size_t i = 0; i < G_N_ELEMENTS(devices); i++)
		g_string_append_printf(script, " %s", devices[i].name);
	g_string_append(script, "; do\n"
				"  touch \"$root/dev/$device\"\n"
				"  mount --bind \"/dev/$device\" \"$root/dev/$device\"\n"
				"done\n"
				"mkdir");
	for (size_t i = 0; i < G_N_ELEMENTS(filesystems); i++)
		g_string_append_printf(script, " \"$root/dev/%s\"", filesystems[i].name);
	g_string_append(script,
			"\nmount -t devpts -o " DEVPTS_WITHOUT_GROUP
			",gid=5 devpts \"$root/dev/pts\" 2>/dev/null ||\n"
			"  mount -t devpts -o " DEVPTS_WITHOUT_GROUP " devpts \"$root/dev/pts\"\n"
			"mount -t tmpfs -o mode=1777,size=64m,nosuid,noexec,nodev shm "
			"\"$root/dev/shm\"\n"
			"mount -t mqueue -o nosuid,noexec,nodev mqueue "
			"\"$root/dev/mqueue\"\n");
	for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
		g_string_append_printf(script, "ln -s %s \"$root/dev/%s\"\n", links[i].target,
				       links[i].name);
	if (plan->tty.terminal)
		g_string_append(script, "touch \"$root/dev/console\"\n");
}

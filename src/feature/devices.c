/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "kernel/mount.h"

#define DEPTH_MAX 8	       /* of a directory of devices */
#define MADE	  "/.rlc-made" /* in /dev, while nodes are made */
#define MADE_MODE 0666

void devices_clear(void *data)
{
	PlanDevice *device = data;

	g_free(device->path);
	free(device->source); /* realpath(3) allocated it */
}

static char type_of(mode_t mode)
{
	return S_ISCHR(mode) ? 'c' : S_ISBLK(mode) ? 'b' : S_ISFIFO(mode) ? 'p' : '\0';
}

/* --- plan --- */

static PlanDevice device_new(const SpecDevice *asked, const char *path)
{
	PlanDevice device = {
		.path = g_canonicalize_filename(path, "/"),
		.type = asked->type == 'u' ? 'c' : asked->type,
		.major = (unsigned)asked->major,
		.minor = (unsigned)asked->minor,
		.mode = asked->mode < 0 ? MADE_MODE : (unsigned)asked->mode & 0777,
		.uid = asked->uid < 0 ? 0 : (uint32_t)asked->uid,
		.gid = asked->gid < 0 ? 0 : (uint32_t)asked->gid,
	};

	g_strlcpy(device.access, *asked->access ? asked->access : "rwm", sizeof device.access);
	return device;
}

static void add_bind(Plan *plan, const SpecDevice *asked, const char *path, const char *source,
		     const struct stat *st)
{
	PlanDevice device = device_new(asked, path);

	device.source = realpath(source, NULL);
	device.type = type_of(st->st_mode);
	device.major = major(st->st_rdev);
	device.minor = minor(st->st_rdev);
	g_array_append_val(plan->devices, device);
}

static bool add_found(Plan *plan, const SpecDevice *asked, const char *path, const char *source,
		      unsigned depth, GError **error);

static bool add_directory(Plan *plan, const SpecDevice *asked, const char *path, const char *source,
			  unsigned depth, GError **error)
{
	g_autoptr(GDir) directory = g_dir_open(source, 0, error);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *inside = g_build_filename(path, name, NULL);
		g_autofree char *outside = g_build_filename(source, name, NULL);

		if (!add_found(plan, asked, inside, outside, depth - 1, error))
			return false;
	}
	return directory != NULL;
}

/* In a directory what is no device is passed over. */
static bool add_found(Plan *plan, const SpecDevice *asked, const char *path, const char *source,
		      unsigned depth, GError **error)
{
	struct stat st;

	if (stat(source, &st) < 0)
		return depth < DEPTH_MAX ||
		       error_errno(error, errno, "give the device '%s'", source);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		add_bind(plan, asked, path, source, &st);
		return true;
	}
	if (S_ISDIR(st.st_mode) && depth > 0)
		return add_directory(plan, asked, path, source, depth, error);
	return depth < DEPTH_MAX ||
	       error_set(error, RLC_ERROR_USAGE, "give the device '%s': it is no device", source);
}

/* The host's node of these numbers: where it has the same name, or by udev's list. */
static char *find_node(const PlanDevice *device)
{
	g_autofree char *listed =
		g_strdup_printf("/dev/%s/%u:%u", device->type == 'b' ? "block" : "char",
				device->major, device->minor);
	const char *const candidates[] = {device->path, listed};
	struct stat st;

	for (size_t i = 0; i < G_N_ELEMENTS(candidates); i++) {
		if (stat(candidates[i], &st) == 0 && type_of(st.st_mode) == device->type &&
		    st.st_rdev == makedev(device->major, device->minor))
			return realpath(candidates[i], NULL);
	}
	return NULL;
}

static bool add_numbers(Plan *plan, const SpecDevice *asked, GError **error)
{
	PlanDevice device = device_new(asked, asked->path);
	const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, 0);

	if (device.type != 'p')
		device.source = find_node(&device);
	g_array_append_val(plan->devices, device);
	if (device.source || device.type == 'p' ||
	    (geteuid() == 0 && tier->method == IDMAP_NONE && !plan->join))
		return true;
	return error_set(error, RLC_ERROR_UNSUPPORTED,
			 "give the device %c %u:%u as '%s': the host has no node of it, and one "
			 "can be made only by root and without a user namespace",
			 device.type, device.major, device.minor, device.path);
}

bool devices_plan(const Spec *spec, Plan *plan, GError **error)
{
	for (guint i = 0; i < spec->linux_.devices->len; i++) {
		const SpecDevice *asked = &g_array_index(spec->linux_.devices, SpecDevice, i);

		if (!g_path_is_absolute(asked->path))
			return error_set(error, RLC_ERROR_USAGE,
					 "give a device as '%s': the path inside must be absolute",
					 asked->path);
		if (!(asked->source
			      ? add_found(plan, asked, asked->path, asked->source, DEPTH_MAX, error)
			      : add_numbers(plan, asked, error)))
			return false;
	}
	return true;
}

/* --- init --- */

/* With the groups that the payload will have: those of the caller that have no id are gone. */
static bool check_access(const PlanDevice *device, int source, GError **error)
{
	int mode =
		(strchr(device->access, 'r') ? R_OK : 0) | (strchr(device->access, 'w') ? W_OK : 0);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", source);

	if (mode == 0 || faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 || errno == EROFS)
		return true;
	error_errno(error, errno, "open the device '%s'", device->source);
	return hint_add(error, HINT_DEVICE_DENIED, device->source);
}

static int open_node(const PlanDevice *device, GError **error)
{
	auto_fd source = open(device->source, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0) {
		error_errno(error, errno, "open the device '%s'", device->source);
		return -1;
	}
	if (type_of(st.st_mode) != device->type ||
	    st.st_rdev != makedev(device->major, device->minor)) {
		error_set(error, RLC_ERROR_FAILED, "open the device '%s': it has been replaced",
			  device->source);
		return -1;
	}
	return check_access(device, source, error) ? fd_steal(&source) : -1;
}

/* Into a file system that, other than the rest of /dev, lets devices work. */
static int make_node(const PlanDevice *device, int made, guint number, GError **error)
{
	mode_t type = device->type == 'b' ? S_IFBLK : device->type == 'c' ? S_IFCHR : S_IFIFO;
	g_autofree char *name = g_strdup_printf("%u", number);

	if (mknodat(made, name, type | (mode_t)device->mode,
		    makedev(device->major, device->minor)) == 0 &&
	    fchownat(made, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) == 0)
		return openat(made, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	error_errno(error, errno, "make the device '%s'", device->path);
	return -1;
}

static bool give(const Container *container, guint number, int made, GError **error)
{
	const PlanDevice *device = &g_array_index(container->plan->devices, PlanDevice, number);
	auto_fd node =
		device->source ? open_node(device, error) : make_node(device, made, number, error);
	auto_fd mount = node < 0 ? -1 : mount_clone(node, "", false, error);
	auto_fd target = -1;

	if (mount < 0 || !mount_change(mount, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0,
				       MS_PRIVATE, error))
		return false;
	target = mount_open_target(container->root, device->path, false, MOUNT_FOLLOW, error);
	return target >= 0 && mount_attach(mount, target, device->path, error);
}

static bool give_all(const Container *container, int made, GError **error)
{
	for (guint i = 0; i < container->plan->devices->len; i++) {
		if (!give(container, i, made, error))
			return false;
	}
	return true;
}

static bool makes_any(const Plan *plan)
{
	for (guint i = 0; i < plan->devices->len; i++) {
		if (!g_array_index(plan->devices, PlanDevice, i).source)
			return true;
	}
	return false;
}

/* The binds keep the file system of the nodes alive; its own mount goes. */
static bool make_and_give(const Container *container, GError **error)
{
	auto_fd made = mount_new("tmpfs", "mode=0700,size=64k",
				 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, error);
	auto_fd dev = -1;

	if (made < 0 ||
	    !mount_attach_in(made, container->root, "/dev" MADE, true, MOUNT_NO_SYMLINKS, error))
		return false;
	return give_all(container, made, error) && mount_detach(made, "/dev" MADE, error) &&
	       ((dev = mount_open(container->root, "/dev", MOUNT_NO_SYMLINKS, error)) >= 0) &&
	       (unlinkat(dev, MADE + 1, AT_REMOVEDIR) == 0 ||
		error_errno(error, errno, "remove '/dev" MADE "'"));
}

bool devices_child(Container *container, GError **error)
{
	return makes_any(container->plan) ? make_and_give(container, error)
					  : give_all(container, -1, error);
}

void devices_explain(const Plan *plan, GString *script)
{
	for (guint i = 0; i < plan->devices->len; i++) {
		const PlanDevice *device = &g_array_index(plan->devices, PlanDevice, i);
		g_autofree char *path = g_shell_quote(device->path);
		g_autofree char *source = device->source ? g_shell_quote(device->source) : NULL;

		if (source)
			g_string_append_printf(script,
					       "touch \"$root\"%s && mount --bind %s \"$root\"%s\n",
					       path, source, path);
		else
			g_string_append_printf(script,
					       "# mknod %s %c %u %u, in a tmpfs without nodev, and "
					       "bound from there\n",
					       path, device->type, device->major, device->minor);
	}
}

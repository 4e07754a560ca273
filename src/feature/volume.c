/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: init opens what is bound once, while the mounts of its new mount namespace
 * are still what the host's are, and before it makes them private.  So a clone of a shared mount is
 * a peer of the host's (or, in a user namespace, its slave), and propagation is what the option
 * says: private unless asked.  The path was resolved by the plan, and has no links any more: one
 * that somebody puts there meanwhile is not followed.
 *
 * What is mounted with the owners shifted (MOUNT_ATTR_IDMAP) comes from the supervisor, who alone
 * may do that: SYNC_VOLUME, one message for each.
 */
#include "feature/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/idmap.h"
#include "feature/lsm_label.h"
#include "feature/overlay.h"
#include "feature/user.h"
#include "kernel/mount.h"
#include "kernel/tree.h"

static const PlanMount *mount_at(const Plan *plan, guint i)
{
	return &g_array_index(plan->mounts, PlanMount, i);
}

/* --- sources --- */

static int open_below(int dir, const PlanMount *mount, GError **error)
{
	int fd = mount_open(dir, mount->subpath, MOUNT_FOLLOW, error);

	if (fd < 0)
		error_prefix(error, "'%s' of '%s': ", mount->subpath, mount->source);
	return fd;
}

static int open_source(const PlanMount *mount, GError **error)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	auto_fd fd = (int)syscall(SYS_openat2, AT_FDCWD, mount->source, &how, sizeof how);

	if (fd < 0) {
		error_errno(error, errno, "open '%s', to be mounted on '%s'", mount->source,
			    mount->destination);
		return -1;
	}
	return mount->subpath ? open_below(fd, mount, error) : fd_steal(&fd);
}

/*
 * The copy of the mount tree at the source.  Mounts that came from the host with others below them
 * can be copied whole only, so a non-recursive bind falls back to a recursive one, and says so.
 */
static int clone_source(const PlanMount *mount, GError **error)
{
	g_autoptr(GError) refused = NULL;
	auto_fd source = open_source(mount, error);
	int clone;

	if (source < 0)
		return -1;
	clone = mount_clone(source, "", mount->recursive, &refused);
	if (clone < 0 && !mount->recursive && error_is_errno(refused, EINVAL)) {
		log_info("volumes: '%s' is bound with the mounts below it: the kernel does not "
			 "let an ordinary user leave them out",
			 mount->source);
		return mount_clone(source, "", true, error);
	}
	if (clone < 0)
		g_propagate_error(error, g_steal_pointer(&refused));
	return clone;
}

static void close_element(void *element)
{
	fd_close(element);
}

bool volume_child_sources(Container *container, GError **error)
{
	const Plan *plan = container->plan;

	if (plan->mounts->len == 0)
		return true;
	container->sources = g_array_new(FALSE, FALSE, sizeof(int));
	g_array_set_clear_func(container->sources, close_element);
	for (guint i = 0; i < plan->mounts->len; i++) {
		const PlanMount *mount = mount_at(plan, i);
		bool wanted = mount->source && !mount->idmap;
		int clone = wanted ? clone_source(mount, error) : -1;

		if (wanted && clone < 0)
			return false;
		g_array_append_val(container->sources, clone);
	}
	return true;
}

/* --- owners --- */

static bool send_shifted(Container *container, const PlanMount *mount, int userns, GError **error)
{
	auto_fd clone = clone_source(mount, error);

	if (clone < 0)
		return false;
	if (mount_idmap(clone, userns, true, error))
		return sync_send(container->sync, SYNC_VOLUME, clone, error);
	error_prefix(error, "use '%s': ", mount->source);
	return hint_add(error, HINT_VOLUME_IDMAP, NULL);
}

/* Of an image one message for each layer */
static bool send_shifted_layers(Container *container, const PlanMount *mount, int userns,
				GError **error)
{
	for (guint i = 0; i < mount->layers->len; i++) {
		const char *layer = g_ptr_array_index(mount->layers, i);
		auto_fd clone = mount_clone(AT_FDCWD, layer, false, error);

		if (clone < 0)
			return false;
		if (!mount_idmap(clone, userns, false, error)) {
			error_prefix(error, "use the image for '%s': ", mount->destination);
			return hint_add(error, HINT_ROOTFS_IDMAP, layer);
		}
		if (!sync_send(container->sync, SYNC_VOLUME, clone, error))
			return false;
	}
	return true;
}

bool volume_parent(Container *container, GError **error)
{
	const Plan *plan = container->plan;
	auto_fd userns = -1;

	for (guint i = 0; i < plan->mounts->len; i++) {
		const PlanMount *mount = mount_at(plan, i);

		if (!mount->idmap || !(mount->source || mount->layers))
			continue;
		if (userns < 0)
			userns = idmap_open_userns(container, error);
		if (userns < 0 || !(mount->layers ? send_shifted_layers
						  : send_shifted)(container, mount, userns, error))
			return false;
	}
	return true;
}

static int take_source(Container *container, guint i, GError **error)
{
	int clone = -1;

	if (!mount_at(container->plan, i)->idmap)
		return fd_steal(&g_array_index(container->sources, int, i));
	return sync_expect(container->sync, SYNC_VOLUME, &clone, error) ? clone : -1;
}

/* :U, all that is there to the user that the payload will be. */
static bool give_to_user(const Container *container, const PlanMount *mount, int clone,
			 GError **error)
{
	auto_fd etc = mount_open(container->root, "/etc", MOUNT_FOLLOW, NULL);
	g_auto(User) user = {0};

	if (!user_lookup(&container->plan->spec->process.user, etc, &user, error))
		return false;
	if (tree_chown(clone, user.uid, user.gid, error))
		return true;
	error_prefix(error, "give '%s' to uid %u, gid %u inside: ", mount->source, user.uid,
		     user.gid);
	return false;
}

/* --- what the image has there --- */

/* Without what is mounted on it: of rlc's own /etc/hosts nothing goes into a volume. */
static int open_image_directory(int root, const char *path)
{
	auto_fd found = mount_open(root, path, MOUNT_FOLLOW, NULL);
	auto_fd clone = found < 0 ? -1 : mount_clone(found, "", false, NULL);

	return openat(clone >= 0 ? clone : found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A new volume that the image has nothing for is root's, as a directory made there would be. */
static bool fill(int clone, const PlanMount *mount, int root, GError **error)
{
	auto_fd from = open_image_directory(root, mount->destination);
	auto_fd to = openat(clone, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (to < 0)
		return error_errno(error, errno, "open what is mounted on '%s'",
				   mount->destination);
	if (from < 0)
		return fchown(to, 0, 0) == 0 || errno == EINVAL ||
		       error_errno(error, errno, "give volume '%s' to root", mount->volume);
	if (tree_apply_layer(from, to, TREE_COPY, error))
		return true;
	error_prefix(error, "copy '%s' of the image: ", mount->destination);
	return false;
}

static bool is_fresh(const Container *container, guint i)
{
	for (guint k = 0; container->fresh && k < container->fresh->len; k++) {
		if (g_array_index(container->fresh, ContainerFresh, k).mount == i)
			return true;
	}
	return false;
}

/* z and Z; and what rlc itself fills belongs to all containers that will have the volume. */
static bool relabel(const Container *container, guint i, int clone, GError **error)
{
	const PlanMount *mount = mount_at(container->plan, i);

	if (!mount->relabel && !is_fresh(container, i))
		return true;
	return lsm_label_files(container->plan, clone, mount->source, mount->relabel != 'Z', error);
}

/* --- mount --- */

static bool mount_source(Container *container, guint i, GError **error)
{
	const PlanMount *mount = mount_at(container->plan, i);
	uint64_t propagation = mount->propagation ? mount->propagation : MS_PRIVATE;
	auto_fd clone = take_source(container, i, error);
	struct stat st;

	if (clone < 0 || (is_fresh(container, i) && !fill(clone, mount, container->root, error)) ||
	    (mount->chown && !give_to_user(container, mount, clone, error)) ||
	    !relabel(container, i, clone, error) ||
	    !mount_change(clone, true, mount->attr_set | mount->below_set,
			  mount->attr_clear & MOUNT_ATTR__ATIME, propagation, error))
		return false;
	if (fstat(clone, &st) < 0)
		return error_errno(error, errno, "stat '%s'", mount->source);
	return mount_attach_in(clone, container->root, mount->destination, S_ISDIR(st.st_mode),
			       MOUNT_FOLLOW, error);
}

static bool mount_tmpfs(const PlanMount *mount, int root, GError **error)
{
	auto_fd fs = mount_new(mount->type, mount->data,
			       mount->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY, error);

	if (fs < 0 || (mount->copy && !fill(fs, mount, root, error)) ||
	    !mount_change(fs, false, mount->attr_set & MOUNT_ATTR_RDONLY, 0, 0, error))
		return false;
	return mount_attach_in(fs, root, mount->destination, true, MOUNT_FOLLOW, error);
}

/*
 * A directory of the root mounted on itself, while the root is still writable: the mount stays so
 * when --read-only closes the root, and has what the image put there.
 */
static bool mount_own(const PlanMount *mount, int root, GError **error)
{
	auto_fd target = mount_open_target(root, mount->destination, true, MOUNT_FOLLOW, error);
	auto_fd clone = target < 0 ? -1 : mount_clone(target, "", false, error);

	return clone >= 0 && mount_change(clone, false, mount->attr_set, 0, 0, error) &&
	       mount_attach(clone, target, mount->destination, error);
}

/*
 * A tmpfs, which lies there first, for what is written and for shifted layers: what an overlay is
 * made of must be attached. Older kernels attach the overlay itself in it.
 */
static int open_image_stage(const PlanMount *mount, int root, GError **error)
{
	auto_fd stage = mount_new("tmpfs", "mode=0700", MOUNT_ATTR_NODEV, error);

	return stage >= 0 && mount_attach_in(stage, root, mount->destination, true, MOUNT_FOLLOW,
					     error)
		       ? fd_steal(&stage)
		       : -1;
}

static int take_shifted_image(Container *container, const PlanMount *mount, int stage,
			      bool writable, GError **error)
{
	g_autoptr(GArray) layers = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(layers, close_element);
	for (guint i = 0; i < mount->layers->len; i++) {
		int layer;

		if (!sync_expect(container->sync, SYNC_VOLUME, &layer, error))
			return -1;
		g_array_append_val(layers, layer);
	}
	return overlay_new_layer_mounts(layers, stage, writable, error);
}

static int open_image(Container *container, const PlanMount *mount, int stage, GError **error)
{
	bool writable = !(mount->attr_set & MOUNT_ATTR_RDONLY);

	return mount->idmap ? take_shifted_image(container, mount, stage, writable, error)
			    : overlay_new_layers(mount->layers, stage, writable, error);
}

/* Older kernels copy nothing of a mount that is attached nowhere. */
static int clone_part(const PlanMount *mount, int image, int stage, GError **error)
{
	auto_fd part = mount_attach_in(image, stage, "/image", true, MOUNT_FOLLOW, error)
			       ? open_below(image, mount, error)
			       : -1;

	return part < 0 ? -1 : mount_clone(part, "", false, error);
}

static bool mount_image(Container *container, const PlanMount *mount, GError **error)
{
	auto_fd stage = open_image_stage(mount, container->root, error);
	auto_fd image = stage < 0 ? -1 : open_image(container, mount, stage, error);
	auto_fd part = image < 0 || !mount->subpath ? -1 : clone_part(mount, image, stage, error);
	int mounted = mount->subpath ? part : image;

	return mounted >= 0 && mount_change(mounted, false, mount->attr_set, 0, 0, error) &&
	       mount_attach_in(mounted, container->root, mount->destination, true, MOUNT_FOLLOW,
			       error);
}

static bool mount_one(Container *container, guint i, GError **error)
{
	const PlanMount *mount = mount_at(container->plan, i);

	if (mount->source)
		return mount_source(container, i, error);
	if (mount->layers)
		return mount_image(container, mount, error);
	return (strcmp(mount->type, "volume") == 0 ? mount_own
						   : mount_tmpfs)(mount, container->root, error);
}

bool volume_child(Container *container, GError **error)
{
	for (guint i = 0; i < container->plan->mounts->len; i++) {
		if (!mount_one(container, i, error))
			return false;
	}
	g_clear_pointer(&container->sources, g_array_unref);
	return true;
}

static void explain_attributes(const PlanMount *mount, GString *script)
{
	static const struct {
		uint64_t attribute;
		const char *word;
	} words[] = {
		{MOUNT_ATTR_RDONLY, ",ro"},
		{MOUNT_ATTR_NOSUID, ",nosuid"},
		{MOUNT_ATTR_NODEV, ",nodev"},
		{MOUNT_ATTR_NOEXEC, ",noexec"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (mount->attr_set & words[i].attribute)
			g_string_append(script, words[i].word);
	}
}

static void explain_image(const PlanMount *mount, const char *destination, GString *script)
{
	g_string_append_printf(script,
			       "mkdir -p \"$root\"%s\nmount -t overlay -o lowerdir=", destination);
	for (guint i = 0; i < mount->layers->len; i++) {
		g_autofree char *layer = g_shell_quote(g_ptr_array_index(mount->layers, i));

		g_string_append_printf(script, "%s%s", i > 0 ? ":" : "", layer);
	}
	g_string_append_printf(script, ",userxattr overlay \"$root\"%s\n", destination);
}

void volume_explain(const Plan *plan, GString *script)
{
	g_string_append_printf(script,
			       "# open_tree or fsopen, mount_setattr, move_mount: %u asked "
			       "for\n",
			       plan->mounts->len);
	for (guint i = 0; i < plan->mounts->len; i++) {
		const PlanMount *mount = &g_array_index(plan->mounts, PlanMount, i);
		g_autofree char *destination = g_shell_quote(mount->destination);
		g_autofree char *source = mount->source ? g_shell_quote(mount->source) : NULL;

		if (mount->layers) {
			explain_image(mount, destination, script);
			continue;
		}
		if (strcmp(mount->type, "volume") == 0 && !source) {
			g_string_append_printf(script,
					       "mkdir -p \"$root\"%s\n"
					       "mount --bind \"$root\"%s \"$root\"%s\n",
					       destination, destination, destination);
			continue;
		}
		if (source && !mount->source_is_dir)
			g_string_append_printf(script, "[ -e \"$root\"%s ] || touch \"$root\"%s\n",
					       destination, destination);
		else
			g_string_append_printf(script, "mkdir -p \"$root\"%s\n", destination);
		if (source)
			g_string_append_printf(script,
					       "mount --%s %s \"$root\"%s\n"
					       "mount -o remount,bind",
					       mount->recursive ? "rbind" : "bind", source,
					       destination);
		else
			g_string_append_printf(script, "mount -t %s -o %s", mount->type,
					       mount->data ? mount->data : "defaults");
		explain_attributes(mount, script);
		g_string_append_printf(script, "%s \"$root\"%s\n", source ? "" : " tmpfs",
				       destination);
	}
}

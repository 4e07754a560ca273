/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/idmap.h"
#include "feature/overlay.h"
#include "kernel/mount.h"

#define LAYERS_MAX 500 /* the kernel's OVL_MAX_STACK */

/*
 * A directory of an owner without an id inside: root inside is a stranger there.  Refused when the
 * payload is to write in it; said when an overlay will turn writes into errors; expected of "/".
 */
static bool rootfs_check_owner(const Plan *plan, const struct stat *st, GError **error)
{
	const RootfsPlan *rootfs = &plan->rootfs;
	g_autoptr(GError) stranger = NULL;

	if (idmap_covers_owner(g_ptr_array_index(plan->idmap.tiers, 0), st->st_uid, st->st_gid) ||
	    rootfs->readonly || strcmp(rootfs->path, "/") == 0)
		return true;
	error_set(&stranger, RLC_ERROR_UNSUPPORTED,
		  "use '%s': its owner is uid %u, gid %u, which is not in the id map", rootfs->path,
		  st->st_uid, st->st_gid);
	hint_add(&stranger, HINT_ROOTFS_OWNER, rootfs->path);
	if (rootfs->kind == ROOT_OVERLAY) {
		log_warn("rootfs: %s", stranger->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&stranger));
	return false;
}

static bool rootfs_resolve(const SpecRoot *root, RootfsPlan *rootfs, struct stat *ret_stat,
			   GError **error)
{
	rootfs->path = realpath(root->path, NULL);
	if (!rootfs->path || stat(rootfs->path, ret_stat) < 0) {
		int saved = errno;

		error_errno(error, saved, "open '%s'", root->path);
		return saved == ENOENT ? hint_add(error, HINT_ROOTFS_MISSING, root->path) : false;
	}
	if (!S_ISDIR(ret_stat->st_mode)) {
		error_errno(error, ENOTDIR, "open '%s'", root->path);
		return hint_add(error, HINT_ROOTFS_MISSING, root->path);
	}
	if (access(rootfs->path, X_OK) < 0) {
		error_errno(error, errno, "enter '%s'", root->path);
		return hint_add(error, HINT_ROOTFS_SEARCH, root->path);
	}
	return true;
}

/* The owner of the topmost layer's root speaks for all: they were unpacked in one id map. */
static bool rootfs_plan_layers(Plan *plan, GError **error)
{
	const GPtrArray *layers = plan->rootfs.layers;
	const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, 0);
	struct stat st;

	if (layers->len > LAYERS_MAX)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "use an image of %u layers: an overlay takes %d at most",
				 layers->len, LAYERS_MAX);
	if (layers->len == 0)
		return true;
	if (lstat(g_ptr_array_index(layers, 0), &st) < 0)
		return error_errno(error, errno, "open layer '%s'",
				   (const char *)g_ptr_array_index(layers, 0));
	if (idmap_covers_owner(tier, st.st_uid, st.st_gid))
		return true;
	return error_set(error, RLC_ERROR_UNSUPPORTED,
			 "use an image in this id map: the files of its layers belong to uid %u, "
			 "gid %u, which have no id in it",
			 st.st_uid, st.st_gid);
}

bool rootfs_plan(const Spec *spec, Plan *plan, GError **error)
{
	RootfsPlan *rootfs = &plan->rootfs;
	struct stat st;

	rootfs->kind = spec->root.kind;
	rootfs->readonly = spec->root.readonly;
	rootfs->layers = spec->root.layers;
	if (rootfs->kind == ROOT_BUILTIN)
		return true;
	if (rootfs->kind == ROOT_LAYERS)
		return rootfs_plan_layers(plan, error);
	if (!rootfs_resolve(&spec->root, rootfs, &st, error))
		return false;
	if (rootfs->kind == ROOT_DIRECTORY && strcmp(rootfs->path, "/") == 0)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "use '/': the host's own root is offered under a throw-away "
				 "overlay only: --rootfs /:O");
	return rootfs_check_owner(plan, &st, error);
}

bool rootfs_private(Container *container, GError **error)
{
	(void)container;
	return mount_make_all_private(error);
}

/*
 * No root holds device nodes that work: with the host's ids a payload may make them, and one of the
 * host's disk would be the whole host.  /dev has binds of the few that are harmless.
 */

/* Takes the mount, which may be -1 with *error set already. Returns it attached, or -1. */
static int rootfs_stack(int mount, GError **error)
{
	if (mount >= 0 && !mount_stack(mount, error))
		fd_close(&mount);
	return mount;
}

static int rootfs_bind(const char *path, GError **error)
{
	/* recursive: what is mounted below by the host may not be uncovered (mount_namespaces(7))
	 */
	auto_fd mount = mount_clone(AT_FDCWD, path, true, error);

	if (mount < 0 || !mount_change(mount, true, MOUNT_ATTR_NODEV, 0, MS_PRIVATE, error))
		return -1;
	return rootfs_stack(fd_steal(&mount), error);
}

/*
 * A read-only root is so in all its mounts: those that the host had below the directory, and the
 * overlays of a split one.  The topmost stays writable up to the pivot, so that directories to
 * mount on can be made; where it cannot be made writable again it was read-only before.
 */
static bool rootfs_protect_below(int root, GError **error)
{
	g_autoptr(GError) locked = NULL;

	if (!mount_change(root, true, MOUNT_ATTR_RDONLY, 0, 0, error))
		return false;
	if (!mount_change(root, false, 0, MOUNT_ATTR_RDONLY, 0, &locked))
		log_debug("rootfs: the root is read-only on the host: %s", locked->message);
	return true;
}

static int rootfs_empty(GError **error)
{
	return rootfs_stack(mount_new("tmpfs", "mode=0755", MOUNT_ATTR_NODEV, error), error);
}

bool rootfs_child(Container *container, GError **error)
{
	const RootfsPlan *rootfs = &container->plan->rootfs;

	switch (rootfs->kind) {
	case ROOT_DIRECTORY:
		container->root = rootfs_bind(rootfs->path, error);
		break;
	case ROOT_OVERLAY:
		container->root = overlay_stack(rootfs->path, error);
		break;
	case ROOT_BUILTIN:
		container->root = rootfs_empty(error);
		break;
	case ROOT_LAYERS:
		container->root = rootfs->layers->len > 0
					  ? overlay_stack_layers(rootfs->layers, error)
					  : rootfs_empty(error);
		break;
	}
	if (container->root < 0)
		return false;
	return !rootfs->readonly || rootfs_protect_below(container->root, error);
}

bool rootfs_pivot(Container *container, GError **error)
{
	if (container->plan->rootfs.readonly &&
	    !mount_change(container->root, false, MOUNT_ATTR_RDONLY, 0, 0, error))
		return false;
	if (!mount_pivot(container->root, error))
		return false;
	fd_close(&container->root);
	return true;
}

void rootfs_private_explain(const Plan *plan, GString *script)
{
	(void)plan;
	g_string_append(script,
			"# mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL): no mount made "
			"here is seen outside\n"
			"mount --make-rprivate /\n");
}

static void rootfs_explain_layers(const GPtrArray *layers, GString *script)
{
	g_string_append(
		script,
		"# fsopen(\"tmpfs\"), fsopen(\"overlay\"), move_mount on top of \"/\": the "
		"layers of the image,\n# topmost first, under a tmpfs that takes the writes and "
		"dies with this mount namespace\n"
		"mount -t tmpfs -o mode=0700 stage \"$stage\"\n"
		"mkdir \"$stage/upper\" \"$stage/work\" \"$stage/empty\"\n"
		"lower=\"$stage/empty\"\n");
	for (guint i = layers->len; i-- > 0;) {
		g_autofree char *quoted = g_shell_quote(g_ptr_array_index(layers, i));

		g_string_append_printf(script, "lower=%s:$lower\n", quoted);
	}
	g_string_append(script, "chmod --reference=\"${lower%%:*}\" \"$stage/upper\"\n"
				"mount -t overlay -o \"lowerdir=$lower,upperdir=$stage/upper,"
				"workdir=$stage/work,userxattr,nodev\" overlay \"$root\"\n");
}

void rootfs_explain(const Plan *plan, GString *script)
{
	const RootfsPlan *rootfs = &plan->rootfs;
	g_autofree char *quoted = rootfs->path ? g_shell_quote(rootfs->path) : NULL;

	switch (rootfs->kind) {
	case ROOT_DIRECTORY:
		g_string_append_printf(script,
				       "# open_tree(%s, OPEN_TREE_CLONE|AT_RECURSIVE), "
				       "mount_setattr(MOUNT_ATTR_NODEV),\n"
				       "# move_mount on top of \"/\": the directory as it is\n"
				       "mount --rbind %s \"$root\"\n"
				       "mount --make-rprivate \"$root\"\n",
				       quoted, quoted);
		break;
	case ROOT_OVERLAY:
		g_string_append_printf(
			script,
			"# fsopen(\"tmpfs\"), fsopen(\"overlay\"), move_mount on "
			"top of \"/\": writes go "
			"to a tmpfs,\n# which dies with this mount namespace; the "
			"directory stays as it "
			"is%s\n"
			"mount -t tmpfs -o mode=0700 stage \"$stage\"\n"
			"mkdir \"$stage/upper\" \"$stage/work\"\n"
			"chmod --reference=%s \"$stage/upper\"\n"
			"mount -t overlay -o lowerdir=%s,upperdir=\"$stage/upper\","
			"workdir=\"$stage/work\",userxattr,nodev overlay \"$root\"\n",
			strcmp(rootfs->path, "/") == 0 ? "\n# (over \"/\" rlc lays one overlay per "
							 "directory without mounts "
							 "below)"
						       : "",
			quoted, quoted);
		break;
	case ROOT_LAYERS:
		rootfs_explain_layers(rootfs->layers, script);
		break;
	case ROOT_BUILTIN:
		g_string_append(script,
				"# fsopen(\"tmpfs\"), move_mount on top of \"/\": an empty root\n"
				"mount -t tmpfs -o mode=0755,nodev rootfs \"$root\"\n");
		break;
	}
}

void rootfs_pivot_explain(const Plan *plan, GString *script)
{
	if (plan->rootfs.readonly)
		g_string_append(script, "# mount_setattr(root, MOUNT_ATTR_RDONLY)\n"
					"mount -o remount,bind,ro \"$root\"\n");
	g_string_append(script,
			"# pivot_root(\".\", \".\") stacks the old root on the new one; "
			"umount2(\".\", MNT_DETACH) lets go of it\n"
			"# (the host's umount is out of reach then: a static busybox is held "
			"open for it)\n"
			"exec 9<\"$(command -v busybox)\"\n"
			"ln -s /proc/self/fd/9 \"$root/dev/busybox\"\n"
			"cd \"$root\"\n"
			"pivot_root . .\n"
			"/dev/busybox umount -l .\n"
			"/dev/busybox rm /dev/busybox\n"
			"exec 9<&-\n"
			"cd /\n");
}

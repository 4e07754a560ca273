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
#include "feature/fuse_overlay.h"
#include "feature/idmap.h"
#include "feature/overlay.h"
#include "kernel/mount.h"

#define LAYERS_MAX 500 /* the kernel's OVL_MAX_STACK */

/*
 * A directory of an owner without an id inside: root inside is a stranger there.  Refused when the
 * payload is to write in it; said when an overlay will turn writes into errors; expected of "/".
 * Root of the host can do better: its files are shifted into the id map.
 */
static bool rootfs_check_owner(Plan *plan, const struct stat *st, GError **error)
{
	RootfsPlan *rootfs = &plan->rootfs;
	g_autoptr(GError) stranger = NULL;

	if (idmap_covers_owner(g_ptr_array_index(plan->idmap.tiers, 0), st->st_uid, st->st_gid) ||
	    rootfs->readonly || strcmp(rootfs->path, "/") == 0)
		return true;
	rootfs->idmapped = geteuid() == 0 && !plan->join;
	if (rootfs->idmapped)
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
	if (plan->spec->rlc.userns == USERNS_KEEP_ID && geteuid() != 0)
		log_info("rootfs: the image's files were unpacked for the usual id map: with "
			 "keep-id what is root's in the image is yours inside, and other owners "
			 "are off by one");
	if (lstat(g_ptr_array_index(layers, 0), &st) < 0)
		return error_errno(error, errno, "open layer '%s'",
				   (const char *)g_ptr_array_index(layers, 0));
	plan->rootfs.idmapped =
		!idmap_covers_owner(tier, st.st_uid, st.st_gid) && geteuid() == 0 && !plan->join;
	if (plan->rootfs.idmapped || idmap_covers_owner(tier, st.st_uid, st.st_gid))
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
	return spec->rlc.oci || rootfs_check_owner(plan, &st, error);
}

bool rootfs_private(Container *container, GError **error)
{
	const Spec *spec = container->plan->spec;

	/* a slave hears of what the host mounts; without rootfsPropagation, runc's callers expect
	 * it */
	return spec->rlc.oci && spec->linux_.rootfs_propagation != MS_PRIVATE
		       ? mount_make_all_slaves(error)
		       : mount_make_all_private(error);
}

/*
 * No root holds device nodes that work: with the host's ids a payload may make them, and one of the
 * host's disk would be the whole host.  /dev has binds of the few that are harmless.  An
 * OCI caller says himself what he wants.
 */

/* Takes the mount, which may be -1 with *error set already. Returns it attached, or -1. */
static int rootfs_stack(int mount, GError **error)
{
	if (mount >= 0 && !mount_stack(mount, error))
		fd_close(&mount);
	return mount;
}

static int rootfs_bind(const char *path, uint64_t attributes, GError **error)
{
	/* recursive: what is mounted below by the host may not be uncovered (mount_namespaces(7))
	 */
	auto_fd mount = mount_clone(AT_FDCWD, path, true, error);

	if (mount < 0 || !mount_change(mount, true, attributes, 0, MS_PRIVATE, error))
		return -1;
	return rootfs_stack(fd_steal(&mount), error);
}

static bool rootfs_shift(const char *path, int userns, int *ret_mount, GError **error)
{
	auto_fd mount = mount_clone(AT_FDCWD, path, true, error);

	if (mount < 0)
		return false;
	if (!mount_idmap(mount, userns, true, error)) {
		error_prefix(error, "use '%s': ", path);
		return hint_add(error, HINT_ROOTFS_IDMAP, path);
	}
	*ret_mount = fd_steal(&mount);
	return true;
}

static bool rootfs_send_shifted(Container *container, const char *path, int userns, GError **error)
{
	auto_fd mount = -1;

	return rootfs_shift(path, userns, &mount, error) &&
	       sync_send(container->sync, SYNC_ROOT, mount, error);
}

/* Whoever is to be in them in the end makes his own elsewhere first. */
static bool rootfs_send_mounts(Container *container, GError **error)
{
	auto_fd mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (mounts < 0)
		return error_errno(error, errno, "open '/proc/self/ns/mnt'");
	return sync_send(container->sync, SYNC_NAMESPACE, mounts, error);
}

bool rootfs_parent(Container *container, GError **error)
{
	const RootfsPlan *rootfs = &container->plan->rootfs;
	auto_fd userns = -1;

	if (container->plan->spec->rlc.host_mounts && !rootfs_send_mounts(container, error))
		return false;
	if (!rootfs->idmapped && !container->plan->scratch_shifted)
		return true;
	userns = idmap_open_userns(container, error);
	if (userns < 0)
		return false;
	if (container->plan->scratch_shifted &&
	    !rootfs_send_shifted(container, container->plan->scratch, userns, error))
		return false;
	if (!rootfs->idmapped)
		return true;
	if (rootfs->kind != ROOT_LAYERS)
		return rootfs_send_shifted(container, rootfs->path, userns, error);
	for (guint i = 0; i < rootfs->layers->len; i++) {
		if (!rootfs_send_shifted(container, g_ptr_array_index(rootfs->layers, i), userns,
					 error))
			return false;
	}
	return true;
}

static int rootfs_fuse(void *container, GError **error)
{
	return fuse_overlay_child(container, error);
}

/* What is kept has the kernel's whiteouts, for the next life and for who reads it. */
static OverlayUpper rootfs_upper(Container *container)
{
	const Plan *plan = container->plan;

	return (OverlayUpper){
		.dir = plan->scratch,
		.mount = container->scratch,
		.kept = plan->scratch_kept,
		.label = plan->label.files,
		.opened = -1,
		.instead = plan->scratch_kept ? NULL : rootfs_fuse,
		.data = container,
	};
}

static void mount_close(void *element)
{
	fd_close(element);
}

/* One message for each layer. */
static int rootfs_shifted_layers(Container *container, OverlayUpper *upper, GError **error)
{
	const GPtrArray *layers = container->plan->rootfs.layers;
	g_autoptr(GArray) mounts = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(mounts, mount_close);
	for (guint i = 0; i < layers->len; i++) {
		int mount;

		if (!sync_expect(container->sync, SYNC_ROOT, &mount, error))
			return -1;
		g_array_append_val(mounts, mount);
	}
	return overlay_stack_layer_mounts(mounts, upper, error);
}

/* What the supervisor made, under an overlay if asked. */
static int rootfs_shifted(Container *container, OverlayUpper *upper, GError **error)
{
	const RootfsPlan *rootfs = &container->plan->rootfs;
	auto_fd mount = -1;

	if (rootfs->kind == ROOT_LAYERS)
		return rootfs_shifted_layers(container, upper, error);
	if (!sync_expect(container->sync, SYNC_ROOT, &mount, error))
		return -1;
	mount = rootfs_stack(fd_steal(&mount), error);
	if (mount < 0 || rootfs->kind == ROOT_DIRECTORY)
		return fd_steal(&mount);
	return overlay_stack_on(mount, rootfs->path, upper, error);
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

static int rootfs_builtin(Container *container, OverlayUpper *upper, GError **error)
{
	g_autoptr(GError) refused = NULL;
	int root = container->unpacked ? overlay_stack(container->unpacked, upper, &refused) : -1;

	if (root >= 0)
		return root;
	if (refused)
		log_debug("rootfs: %s; the built-in image is copied", refused->message);
	g_clear_pointer(&container->unpacked, g_free);
	return rootfs_empty(error);
}

static int rootfs_make(Container *container, OverlayUpper *upper, GError **error)
{
	const Plan *plan = container->plan;
	const RootfsPlan *rootfs = &plan->rootfs;

	switch (rootfs->kind) {
	case ROOT_DIRECTORY:
		return rootfs_bind(rootfs->path, plan->spec->rlc.oci ? 0 : MOUNT_ATTR_NODEV, error);
	case ROOT_OVERLAY:
		return overlay_stack(rootfs->path, upper, error);
	case ROOT_BUILTIN:
		return rootfs_builtin(container, upper, error);
	case ROOT_LAYERS:
		return rootfs->layers->len > 0 ? overlay_stack_layers(rootfs->layers, upper, error)
					       : rootfs_empty(error);
	}
	g_assert_not_reached();
}

static bool make_root(Container *container, GError **error)
{
	const RootfsPlan *rootfs = &container->plan->rootfs;
	OverlayUpper upper;

	if (container->plan->scratch_shifted &&
	    !sync_expect(container->sync, SYNC_ROOT, &container->scratch, error))
		return false;
	upper = rootfs_upper(container);
	container->root = rootfs->idmapped ? rootfs_shifted(container, &upper, error)
					   : rootfs_make(container, &upper, error);
	container->upper = upper.opened;
	return container->root >= 0 &&
	       (!rootfs->readonly || rootfs_protect_below(container->root, error));
}

/*
 * Under no_new_privs neither set-user-ID bits nor file capabilities count.  Where the mount says so
 * too, a program whose file capabilities the container does not have (Debian's ping has
 * CAP_NET_RAW) is run without them; otherwise the kernel would refuse to run it at all.
 */
static bool disarm_files(const Container *container, GError **error)
{
	return container->plan->spec->rlc.oci ||
	       !container->plan->spec->process.no_new_privileges ||
	       mount_change(container->root, true, MOUNT_ATTR_NOSUID, 0, 0, error);
}

bool rootfs_child(Container *container, GError **error)
{
	if (container->plan->spec->rlc.host_mounts &&
	    !sync_expect(container->sync, SYNC_NAMESPACE, &container->host_mounts, error))
		return false;
	return make_root(container, error) && disarm_files(container, error);
}

/* Made in memory in each life: what is written is to go elsewhere. */
static bool is_filled(const Container *container)
{
	const Plan *plan = container->plan;

	return (plan->rootfs.kind == ROOT_BUILTIN && !container->unpacked) ||
	       (plan->rootfs.kind == ROOT_LAYERS && plan->rootfs.layers->len == 0);
}

bool rootfs_keep(Container *container, GError **error)
{
	const RootfsPlan *rootfs = &container->plan->rootfs;
	OverlayUpper upper = rootfs_upper(container);
	g_autoptr(GArray) dirs = NULL;
	int root;

	if (!container->plan->scratch_kept || !is_filled(container))
		return true;
	dirs = g_array_new(FALSE, FALSE, sizeof(int));
	g_array_append_val(dirs, container->root);
	root = overlay_stack_dirs(dirs, &upper, error);
	if (root < 0)
		return false;
	fd_close(&container->root);
	container->root = root;
	container->upper = upper.opened;
	return (!rootfs->readonly || rootfs_protect_below(root, error)) &&
	       disarm_files(container, error);
}

void rootfs_keep_explain(const Plan *plan, GString *script)
{
	if (plan->scratch_kept &&
	    (plan->rootfs.kind == ROOT_BUILTIN ||
	     (plan->rootfs.kind == ROOT_LAYERS && plan->rootfs.layers->len == 0)))
		g_string_append_printf(script,
				       "# one more overlay, over that: what is written goes to "
				       "'%s' and stays\n",
				       plan->scratch);
}

/* linux.rootfsPropagation, for what is mounted in the root later. */
static bool propagate_root(const Spec *spec, GError **error)
{
	auto_fd root = -1;

	if (spec->linux_.rootfs_propagation == 0)
		return true;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mount_change(root, false, 0, 0, spec->linux_.rootfs_propagation, error);
}

bool rootfs_pivot(Container *container, GError **error)
{
	if (container->plan->rootfs.readonly &&
	    !mount_change(container->root, false, MOUNT_ATTR_RDONLY, 0, 0, error))
		return false;
	if (container->plan->spec->rlc.host_mounts)
		return mount_leave(container->root, container->host_mounts, error);
	if (!mount_pivot(container->root, error))
		return false;
	fd_close(&container->root);
	return propagate_root(container->plan->spec, error);
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

void rootfs_parent_explain(const Plan *plan, GString *script)
{
	if (plan->rootfs.idmapped)
		g_string_append(script,
				"# open_tree, mount_setattr(MOUNT_ATTR_IDMAP, init's user "
				"namespace): the rootfs as init\n"
				"# will mount it, with its owners shifted into the id map\n");
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

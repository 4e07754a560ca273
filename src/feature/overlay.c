/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The usual case is one overlay: lower is the directory, upper and work are directories of a fresh
 * tmpfs (the stage), which is attached on "/" first, since the kernel takes upper directories only
 * from mounts that are attached.
 *
 * The kernel refuses a lower directory under which other file systems are mounted when those mounts
 * came from the host (it would reveal what they cover: has_locked_children() in fs/namespace.c).
 * That is so for "/", always.  Then the directory is split: the new root is a tmpfs directory, each
 * entry that has no mount below it gets an overlay of its own, links are made again, files are
 * bound read-only, and directories with mounts below are split in their turn, a few levels deep.
 * Where even that is refused (a file system that overlays cannot lie on), the directory stays
 * empty.
 *
 * An image's layers are many lower directories of one overlay.  Whiteouts are device nodes 0:0, and
 * the marks of opaque directories are user.overlay.* (option userxattr) for root's layers too, so
 * that one way of unpacking serves all.  The time that this takes goes by the number of layers, not
 * by what is in them.
 */
#include "feature/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "kernel/mount.h"
#include "kernel/tree.h"

#define COPY		    "copy" /* the whole image, where the kernel refuses an overlay */
#define OVERLAY_SPLIT_DEPTH 3
#define MOUNTINFO_MAX	    (16 << 20)

typedef struct {
	int stage;	     /* the directory that holds upper and work directories */
	const char *options; /* of each overlay */
	int *ret_upper;	     /* of an overlay that is the whole root */
	unsigned count;	     /* of overlays, for the names of their directories */
	GPtrArray *mounts;   /* of char *: the host's mount points */
} Overlay;

/* The fifth field of each line of mountinfo is the mount point, with blanks as octal escapes. */
static GPtrArray *overlay_host_mounts(GError **error)
{
	g_autofree char *text =
		fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, error);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
	GPtrArray *mounts;

	if (!text)
		return NULL;
	mounts = g_ptr_array_new_with_free_func(g_free);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, " ", 6);

		if (g_strv_length(fields) == 6)
			g_ptr_array_add(mounts, g_strcompress(fields[4]));
	}
	return mounts;
}

/* Is anything mounted strictly below this directory? */
static bool overlay_has_mounts_below(const Overlay *overlay, const char *path)
{
	size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);

	for (guint i = 0; i < overlay->mounts->len; i++) {
		const char *mount = g_ptr_array_index(overlay->mounts, i);

		if (strncmp(mount, path, length) == 0 && mount[length] == '/' && mount[length + 1])
			return true;
	}
	return false;
}

static int overlay_open_dir(int stage, const char *name)
{
	return openat(stage, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * A directory for the stage, with mode and, where the id map allows, owner of another.  One that is
 * there from an earlier life is as it was left.
 */
static int overlay_make_dir(int stage, const char *name, const struct stat *like)
{
	int fd;

	if (mkdirat(stage, name, 0700) < 0)
		return errno == EEXIST ? overlay_open_dir(stage, name) : -1;
	fd = overlay_open_dir(stage, name);
	if (fd < 0)
		return -1;
	if (fchown(fd, like->st_uid, like->st_gid) < 0)
		log_debug("overlay: the owner of '%s' has no id inside", name);
	if (fchmod(fd, like->st_mode & 07777) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* What is written to, with the attributes of the directory below. */
typedef struct {
	int upper, work;
	const char *options; /* overlay->options */
} UpperDirs;

static void upper_dirs_close(UpperDirs *dirs)
{
	fd_close(&dirs->upper);
	fd_close(&dirs->work);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UpperDirs, upper_dirs_close)

static bool overlay_make_upper(Overlay *overlay, int lower, const char *path, UpperDirs *ret,
			       GError **error)
{
	g_autofree char *upper_name = g_strdup_printf("upper%u", overlay->count);
	g_autofree char *work_name = g_strdup_printf("work%u", overlay->count++);
	g_auto(UpperDirs) dirs = {-1, -1, NULL};
	struct stat st;

	if (fstat(lower, &st) < 0)
		return error_errno(error, errno, "stat '%s'", path);
	dirs.upper = overlay_make_dir(overlay->stage, upper_name, &st);
	dirs.work = overlay_make_dir(overlay->stage, work_name, &st);
	if (dirs.upper < 0 || dirs.work < 0)
		return error_errno(error, errno, "make the upper directory for '%s'", path);
	dirs.options = overlay->options;
	*ret = dirs;
	dirs = (UpperDirs){-1, -1, NULL};
	return true;
}

/* One overlay over the directory that lower refers to. Detached mount or -1. ret_upper: or NULL. */
static int overlay_new(Overlay *overlay, int lower, const char *path, int *ret_upper,
		       GError **error)
{
	g_auto(UpperDirs) dirs = {-1, -1, NULL};
	g_autofree char *options = NULL;
	int mount;

	if (!overlay_make_upper(overlay, lower, path, &dirs, error))
		return -1;
	/* by descriptor: no path is looked up twice, and no character of it needs escaping */
	options = g_strdup_printf("lowerdir=/proc/self/fd/%d,upperdir=/proc/self/fd/%d,"
				  "workdir=/proc/self/fd/%d,%s",
				  lower, dirs.upper, dirs.work, dirs.options);
	mount = mount_new("overlay", options, MOUNT_ATTR_NODEV, error);
	if (mount < 0)
		error_prefix(error, "lay an overlay over '%s': ", path);
	else if (ret_upper)
		*ret_upper = fd_steal(&dirs.upper);
	return mount;
}

static void overlay_split(Overlay *overlay, int parent, const char *path, int target, int depth);

/* Will steps that follow mount on this entry of the root? */
static bool overlay_is_mount_point(const char *name)
{
	return strcmp(name, "dev") == 0 || strcmp(name, "proc") == 0 || strcmp(name, "sys") == 0;
}

/* An overlay for one directory entry; whatever the kernel refuses leaves it empty. */
static void overlay_directory(Overlay *overlay, int lower, const char *path, int target, int depth)
{
	g_autoptr(GError) refused = NULL;
	auto_fd mount = -1;

	if (overlay_has_mounts_below(overlay, path)) {
		if (depth < OVERLAY_SPLIT_DEPTH)
			overlay_split(overlay, lower, path, target, depth + 1);
		return;
	}
	mount = overlay_new(overlay, lower, path, NULL, &refused);
	if (mount < 0 || !mount_attach(mount, target, path, &refused))
		log_debug("overlay: '%s' stays empty: %s", path, refused->message);
}

static void overlay_file(int parent, const char *name, int root, const char *path)
{
	g_autoptr(GError) refused = NULL;
	auto_fd file = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	auto_fd mount = mount_clone(parent, name, false, &refused);

	if (file < 0 || mount < 0 ||
	    !mount_change(mount, false, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, 0, 0, &refused) ||
	    !mount_attach(mount, file, path, &refused))
		log_debug("overlay: '%s' is left out", path);
}

static void overlay_link(int parent, const char *name, int root)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(parent, name, target, sizeof target - 1);

	if (n < 0)
		return;
	target[n] = '\0';
	if (symlinkat(target, root, name) < 0)
		log_debug("overlay: the link '%s' is left out", name);
}

/* The same file system tree as parent, entry by entry, in the empty directory target. */
static void overlay_split(Overlay *overlay, int parent, const char *path, int target, int depth)
{
	DIR *dir = fd_list(parent);
	struct dirent *entry;

	if (!dir) {
		log_debug("overlay: '%s' cannot be read and stays empty", path);
		return;
	}
	while ((entry = readdir(dir))) {
		g_autofree char *full = g_build_filename(path, entry->d_name, NULL);
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(parent, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			auto_fd made = overlay_make_dir(target, entry->d_name, &st);
			auto_fd lower = openat(parent, entry->d_name,
					       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (depth == 0 && overlay_is_mount_point(entry->d_name))
				continue;
			if (made >= 0 && lower >= 0)
				overlay_directory(overlay, lower, full, made, depth);
		} else if (S_ISLNK(st.st_mode)) {
			overlay_link(parent, entry->d_name, target);
		} else if (S_ISREG(st.st_mode)) {
			overlay_file(parent, entry->d_name, target, full);
		}
	}
	closedir(dir);
}

/* A tmpfs attached on top of "/". */
static int overlay_stage(const char *mode, GError **error)
{
	auto_fd mount = mount_new("tmpfs", mode, MOUNT_ATTR_NODEV, error);

	if (mount < 0 || !mount_stack(mount, error))
		return -1;
	return fd_steal(&mount);
}

/* What is thrown away need not reach the disk, and with "volatile" the kernel never waits for it.
 */
static const char *overlay_options(const OverlayUpper *upper)
{
	return upper->dir && !upper->kept ? "userxattr,volatile" : "userxattr";
}

/* The kernel takes upper directories from mounts that are attached. */
static int overlay_attach_stage(int mount, GError **error)
{
	auto_fd stage = fcntl(mount, F_DUPFD_CLOEXEC, 3);

	if (stage < 0)
		error_errno(error, errno, "duplicate a descriptor");
	return stage >= 0 && mount_stack(stage, error) ? fd_steal(&stage) : -1;
}

/* Where upper and work directories go. */
static int overlay_open_stage(OverlayUpper *upper, GError **error)
{
	int stage;

	if (!upper->dir)
		return overlay_stage("mode=0700", error);
	if (upper->mount >= 0)
		return overlay_attach_stage(upper->mount, error);
	stage = open(upper->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (stage < 0)
		error_errno(error, errno, "open '%s'", upper->dir);
	return stage;
}

static int overlay_attach_root(Overlay *overlay, int lower, const char *path, GError **error)
{
	auto_fd mount = -1;

	if (overlay_has_mounts_below(overlay, path)) {
		mount = overlay_stage("mode=0755", error);
		if (mount >= 0)
			overlay_split(overlay, lower, path, mount, 0);
		return fd_steal(&mount);
	}
	mount = overlay_new(overlay, lower, path, overlay->ret_upper, error);
	if (mount < 0 || !mount_stack(mount, error)) {
		hint_add(error, HINT_OVERLAY, path);
		return -1;
	}
	return fd_steal(&mount);
}

/* A split root has no one directory for what is written. */
static OverlayUpper *overlay_choose(const Overlay *overlay, OverlayUpper *upper, const char *path)
{
	static OverlayUpper memory = OVERLAY_TMPFS;

	if (!upper->kept || !overlay_has_mounts_below(overlay, path))
		return upper;
	log_warn("rootfs: file systems are mounted below '%s': what is written over it stays in "
		 "memory, and is gone when the container ends",
		 path);
	return &memory;
}

static int overlay_stack_at(int lower, const char *path, OverlayUpper *upper, GError **error)
{
	Overlay overlay = {.stage = -1};
	auto_fd stage = -1;
	int root = -1;

	overlay.mounts = overlay_host_mounts(error);
	if (!overlay.mounts)
		return -1;
	upper = overlay_choose(&overlay, upper, path);
	overlay.options = overlay_options(upper);
	overlay.ret_upper = &upper->opened;
	stage = overlay_open_stage(upper, error);
	if (stage >= 0) {
		overlay.stage = stage;
		root = overlay_attach_root(&overlay, lower, path, error);
	}
	g_ptr_array_unref(overlay.mounts);
	return root;
}

int overlay_stack(const char *path, OverlayUpper *upper, GError **error)
{
	auto_fd lower = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (lower >= 0)
		return overlay_stack_at(lower, path, upper, error);
	error_errno(error, errno, "open '%s'", path);
	return -1;
}

int overlay_stack_on(int mount, const char *path, OverlayUpper *upper, GError **error)
{
	return overlay_stack_at(mount, path, upper, error);
}

/* ------------------------------------------------------------------------------------- layers */

static void layer_close(void *element)
{
	fd_close(element);
}

static bool layers_open(const GPtrArray *layers, GArray *ret_fds, GError **error)
{
	for (guint i = 0; i < layers->len; i++) {
		const char *path = g_ptr_array_index(layers, i);
		int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return error_errno(error, errno, "open layer '%s'", path);
		g_array_append_val(ret_fds, fd);
	}
	return true;
}

static void append_upper(const UpperDirs *dirs, GString *options)
{
	if (dirs->upper >= 0)
		g_string_append_printf(options,
				       ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d",
				       dirs->upper, dirs->work);
}

/* Each layer is an option of its own: a value of fsconfig(2) has 255 bytes at most. */
static int layers_new_one_by_one(const GArray *fds, const UpperDirs *dirs, GError **error)
{
	g_autoptr(GString) options = g_string_new(dirs->options);

	for (guint i = 0; i < fds->len; i++)
		g_string_append_printf(options, ",lowerdir+=/proc/self/fd/%d",
				       g_array_index(fds, int, i));
	append_upper(dirs, options);
	return mount_new("overlay", options->str, MOUNT_ATTR_NODEV, error);
}

/* Before Linux 6.8 only mount(2) takes many layers: a page full of options, attached at once. */
static int layers_new_at(int stage, const GArray *fds, const UpperDirs *dirs, GError **error)
{
	g_autoptr(GString) options = g_string_new(dirs->options);

	g_string_append(options, ",lowerdir=");
	for (guint i = 0; i < fds->len; i++)
		g_string_append_printf(options, "%s/proc/self/fd/%d", i > 0 ? ":" : "",
				       g_array_index(fds, int, i));
	append_upper(dirs, options);
	if (mkdirat(stage, "root", 0755) < 0) {
		error_errno(error, errno, "make a directory to mount on");
		return -1;
	}
	return mount_new_at("overlay", options->str, MS_NODEV, stage, "root", error);
}

/* A mount that is attached nowhere, or in the stage. */
static int layers_new(int stage, const GArray *fds, const UpperDirs *dirs, GError **error)
{
	g_autoptr(GError) refused = NULL;
	int mount = layers_new_one_by_one(fds, dirs, &refused);

	if (mount >= 0)
		return mount;
	log_debug("overlay: %s; trying mount(2)", refused->message);
	return layers_new_at(stage, fds, dirs, error);
}

static int layers_attach(Overlay *overlay, const GArray *fds, GError **error)
{
	g_auto(UpperDirs) dirs = {-1, -1, NULL};
	auto_fd mount = -1;

	if (!overlay_make_upper(overlay, g_array_index(fds, int, 0), "a layer", &dirs, error))
		return -1;
	mount = layers_new(overlay->stage, fds, &dirs, error);
	if (mount < 0 || !mount_stack(mount, error)) {
		error_prefix(error, "lay an overlay over %u layers: ", fds->len);
		return -1;
	}
	*overlay->ret_upper = fd_steal(&dirs.upper);
	return fd_steal(&mount);
}

/* The topmost is the first of fds. */
static bool layers_copy(const GArray *fds, int target, GError **error)
{
	for (guint i = fds->len; i-- > 0;) {
		auto_fd layer =
			openat(g_array_index(fds, int, i), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (layer < 0)
			return error_errno(error, errno, "open a layer");
		if (!tree_apply_layer(layer, target, TREE_COPY, error))
			return false;
	}
	return true;
}

static int layers_attach_memory(const GArray *fds, GError **error)
{
	auto_fd mount = overlay_stage("mode=0755", error);

	if (mount < 0)
		return -1;
	if (layers_copy(fds, mount, error))
		return fd_steal(&mount);
	error_prefix(error, "copy the image into memory: ");
	return -1;
}

static int copy_attach(int stage, GError **error)
{
	auto_fd mount = mount_clone(stage, COPY, false, error);

	if (mount < 0 || !mount_change(mount, false, MOUNT_ATTR_NODEV, 0, MS_PRIVATE, error) ||
	    !mount_stack(mount, error))
		return -1;
	return fd_steal(&mount);
}

/* The whole image, beside where the upper directory would be; it has its name when it is whole. */
static int layers_attach_copy(int stage, const GArray *fds, const char *label, GError **error)
{
	auto_fd copy = -1;

	if (!tree_remove(stage, COPY ".new", error))
		return -1;
	if (mkdirat(stage, COPY ".new", 0755) == 0)
		copy = overlay_open_dir(stage, COPY ".new");
	if (copy < 0) {
		error_errno(error, errno, "make a directory for the image");
		return -1;
	}
	if (!layers_copy(fds, copy, error) || (label && !tree_label(copy, label, error))) {
		error_prefix(error, "copy the image: ");
		return -1;
	}
	if (renameat(stage, COPY ".new", stage, COPY) < 0) {
		error_errno(error, errno, "rename the copy of the image");
		return -1;
	}
	return copy_attach(stage, error);
}

static int layers_attach_instead(const OverlayUpper *upper, GError **refused)
{
	g_autoptr(GError) error = NULL;
	int root;

	if (!upper->instead)
		return -1;
	root = upper->instead(upper->data, &error);
	if (root >= 0)
		log_warn("rootfs: %s; fuse-overlayfs serves the image instead, which is slower",
			 (*refused)->message);
	else
		error_prefix(refused, "fuse-overlayfs: %s; ", error->message);
	return root;
}

/* The layers are open directories of this mount namespace. Closes nothing. */
static int layers_stack(Overlay *overlay, const GArray *fds, const OverlayUpper *upper,
			GError **error)
{
	g_autoptr(GError) refused = NULL;
	int root;

	if (upper->kept && faccessat(overlay->stage, COPY, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return copy_attach(overlay->stage, error);
	root = layers_attach(overlay, fds, &refused);
	if (root < 0)
		root = layers_attach_instead(upper, &refused);
	if (root >= 0)
		return root;
	log_warn("rootfs: %s; the image is copied %s instead, which takes longer", refused->message,
		 upper->kept ? "for this container" : "into memory");
	return upper->kept ? layers_attach_copy(overlay->stage, fds, upper->label, error)
			   : layers_attach_memory(fds, error);
}

static int layers_stack_at(const GArray *fds, OverlayUpper *upper, GError **error)
{
	Overlay overlay = {.options = overlay_options(upper), .ret_upper = &upper->opened};
	auto_fd stage = overlay_open_stage(upper, error);

	overlay.stage = stage;
	return stage < 0 ? -1 : layers_stack(&overlay, fds, upper, error);
}

int overlay_stack_layers(const GPtrArray *layers, OverlayUpper *upper, GError **error)
{
	g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(fds, layer_close);
	return layers_open(layers, fds, error) ? layers_stack_at(fds, upper, error) : -1;
}

int overlay_stack_dirs(const GArray *dirs, OverlayUpper *upper, GError **error)
{
	return layers_stack_at(dirs, upper, error);
}

/* The kernel lays overlays over attached mounts only. */
static bool layers_attach_mounts(int stage, const GArray *mounts, GError **error)
{
	for (guint i = 0; i < mounts->len; i++) {
		g_autofree char *name = g_strdup_printf("layer%u", i);
		auto_fd target = -1;

		if (mkdirat(stage, name, 0700) == 0)
			target = openat(stage, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (target < 0)
			return error_errno(error, errno, "make a directory for a layer");
		if (!mount_attach(g_array_index(mounts, int, i), target, name, error))
			return false;
	}
	return true;
}

int overlay_stack_layer_mounts(const GArray *mounts, OverlayUpper *upper, GError **error)
{
	auto_fd stage = overlay_stage("mode=0755", error);

	if (stage < 0 || !layers_attach_mounts(stage, mounts, error))
		return -1;
	return layers_stack_at(mounts, upper, error);
}

/* One layer alone is no overlay: it is its directory. */
static int layers_new_readonly(const GArray *fds, int stage, GError **error)
{
	static const UpperDirs nothing = {-1, -1, "userxattr"};

	return fds->len == 1 ? mount_clone(g_array_index(fds, int, 0), "", false, error)
			     : layers_new(stage, fds, &nothing, error);
}

static int layers_new_writable(const GArray *fds, int stage, GError **error)
{
	static const OverlayUpper memory = OVERLAY_TMPFS;
	g_auto(UpperDirs) dirs = {-1, -1, NULL};
	Overlay overlay = {.stage = stage, .options = overlay_options(&memory)};

	return overlay_make_upper(&overlay, g_array_index(fds, int, 0), "a layer", &dirs, error)
		       ? layers_new(stage, fds, &dirs, error)
		       : -1;
}

static int layers_new_either(const GArray *fds, int stage, bool writable, GError **error)
{
	return writable ? layers_new_writable(fds, stage, error)
			: layers_new_readonly(fds, stage, error);
}

int overlay_new_layers(const GPtrArray *layers, int stage, bool writable, GError **error)
{
	g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(fds, layer_close);
	return layers_open(layers, fds, error) ? layers_new_either(fds, stage, writable, error)
					       : -1;
}

int overlay_new_layer_mounts(const GArray *mounts, int stage, bool writable, GError **error)
{
	return layers_attach_mounts(stage, mounts, error)
		       ? layers_new_either(mounts, stage, writable, error)
		       : -1;
}

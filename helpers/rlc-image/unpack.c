/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Two readers of libarchive's stand in a row.  The first knows compressions only and gives the
 * plain tar file, block by block, which is hashed; the second knows tar only and gives entries.
 * The hash covers what follows the last entry, too.
 *
 * Entries are made by our own walk, one system call relative to a descriptor at a time.  The
 * directory that an entry lies in is opened by openat2(2) with RESOLVE_IN_ROOT below the layer, so
 * that links of the layer lead to places within the layer, as they will inside the container; the
 * last component is never followed.  ".." is refused.  What is in the way is removed, except that a
 * directory stays for a directory.
 *
 * Deletions of lower layers' files are spelled ".wh.NAME" and become whiteouts of overlayfs;
 * ".wh..wh..opq" makes its directory opaque.  Attributes by which overlayfs would be steered, or
 * which are rlc's own, are not taken from the archive.  Devices are left out: no root has any that
 * work.
 *
 * Owners are set as they are written.  Where the id map has no such id the file stays root's, and
 * user.rlc.owner remembers.  A directory's times are set last, when nothing more is made in it.
 */
#include "rlc-image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "kernel/tree.h"
#include "rlc-image/confine.h"
#include "rlc-image/hash.h"
#include "rlc-image/implied.h"

#define WHITEOUT       ".wh."
#define OPAQUE_ATTR    "user.overlay.opaque"
#define OWNER_ATTR     "user.rlc.owner"
#define INPUT_BLOCK    (64 << 10)
#define UNPACK_PIPE    (1 << 20)
#define TREE_DEPTH_MAX 4096

typedef struct archive Archive;

typedef struct {
	char *path;
	struct timespec times[2];
} DirTimes;

typedef struct {
	int input;
	char block[INPUT_BLOCK];
	Archive *plain; /* the compressed stream, read as plain bytes */
	Archive *tar;
	Hash hash;
	bool ended; /* of the plain stream */
	int layer;
	GArray *dirs;	     /* of DirTimes */
	GHashTable *skipped; /* paths of devices: links to them are left out, too */
	char *parent_path;   /* the directory opened last */
	int parent;
	bool has_root, has_implied; /* an entry of the root; implied directories */
} Unpack;

static bool refuse(GError **error, const char *path, const char *why)
{
	return error_set(error, RLC_ERROR_FAILED, "unpack '%s': %s", path, why);
}

static bool failed(GError **error, const char *path, const char *verb)
{
	return error_errno(error, errno, "unpack '%s': %s", path, verb);
}

/* ---------------------------------------------------------------------------- the two readers */

static la_ssize_t read_input(Archive *plain, void *data, const void **ret_block)
{
	Unpack *unpack = data;
	ssize_t n = TEMP_FAILURE_RETRY(read(unpack->input, unpack->block, sizeof unpack->block));

	if (n < 0)
		archive_set_error(plain, errno, "read the layer: %s", g_strerror(errno));
	*ret_block = unpack->block;
	return n;
}

static la_ssize_t read_plain(Archive *tar, void *data, const void **ret_block)
{
	Unpack *unpack = data;
	size_t length = 0;
	la_int64_t offset;
	int rc;

	do {
		rc = unpack->ended
			     ? ARCHIVE_EOF
			     : archive_read_data_block(unpack->plain, ret_block, &length, &offset);
	} while (rc == ARCHIVE_OK && length == 0);
	if (rc == ARCHIVE_EOF) {
		unpack->ended = true;
		return 0;
	}
	if (rc < ARCHIVE_WARN) {
		archive_set_error(tar, archive_errno(unpack->plain), "%s",
				  archive_error_string(unpack->plain));
		return -1;
	}
	hash_add(&unpack->hash, *ret_block, length);
	return (la_ssize_t)length;
}

static bool archive_failed(Archive *archive, GError **error)
{
	const char *text = archive_error_string(archive);

	return error_set(error, RLC_ERROR_FAILED, "unpack the archive: %s",
			 text ? text : "it is damaged");
}

static bool open_plain(Unpack *unpack, GError **error)
{
	struct archive_entry *entry;
	int rc;

	unpack->plain = archive_read_new();
	archive_read_support_filter_gzip(unpack->plain);
	archive_read_support_filter_zstd(unpack->plain);
	archive_read_support_format_raw(unpack->plain);
	archive_read_support_format_empty(unpack->plain);
	if (archive_read_open(unpack->plain, unpack, NULL, read_input, NULL) != ARCHIVE_OK)
		return archive_failed(unpack->plain, error);
	rc = archive_read_next_header(unpack->plain, &entry);
	unpack->ended = rc == ARCHIVE_EOF;
	return rc >= ARCHIVE_WARN || archive_failed(unpack->plain, error);
}

static bool open_tar(Unpack *unpack, GError **error)
{
	unpack->tar = archive_read_new();
	archive_read_support_format_tar(unpack->tar);
	archive_read_support_format_gnutar(unpack->tar);
	archive_read_support_format_empty(unpack->tar);
	if (archive_read_open(unpack->tar, unpack, NULL, read_plain, NULL) != ARCHIVE_OK)
		return archive_failed(unpack->tar, error);
	return true;
}

/* What follows the archive's end belongs to the layer's digest. */
static bool read_rest(Unpack *unpack, GError **error)
{
	const void *block;
	la_ssize_t n;

	while ((n = read_plain(unpack->tar, unpack, &block)) > 0)
		continue;
	return n == 0 || archive_failed(unpack->tar, error);
}

/* -------------------------------------------------------------------------------------- paths */

static int open_in_layer(const Unpack *unpack, const char *path, unsigned flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};

	/*
	 * EAGAIN: something was renamed or mounted meanwhile, anywhere, and the kernel could not
	 * rule out that ".." of a link leads outside.
	 */
	for (int attempt = 0; attempt < 1000; attempt++) {
		int fd = (int)syscall(SYS_openat2, unpack->layer, *path ? path : ".", &how,
				      sizeof how);

		if (fd >= 0 || errno != EAGAIN)
			return fd;
	}
	return -1;
}

/* "./usr//bin/" is "usr/bin"; the layer itself is "". NULL for a path with "..". */
static char *clean_path(const char *raw)
{
	g_auto(GStrv) words = g_strsplit(raw, "/", -1);
	GString *path = g_string_new(NULL);

	for (char **word = words; *word; word++) {
		if (strcmp(*word, "..") == 0) {
			g_string_free(path, TRUE);
			return NULL;
		}
		if (!**word || strcmp(*word, ".") == 0)
			continue;
		if (path->len)
			g_string_append_c(path, '/');
		g_string_append(path, *word);
	}
	return g_string_free(path, FALSE);
}

/* The name, and where the path of its directory ends. */
static const char *split_path(const char *path, char **ret_parent)
{
	const char *slash = strrchr(path, '/');

	*ret_parent = slash ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
	return slash ? slash + 1 : path;
}

static void forget_parent(Unpack *unpack)
{
	fd_close(&unpack->parent);
	g_clear_pointer(&unpack->parent_path, g_free);
}

/* A directory that the archive does not hold, or not yet, is root's and 0755, and marked. */
static int make_implied(Unpack *unpack, int dir, const char *name)
{
	auto_fd fd = -1;

	if (mkdirat(dir, name, 0755) < 0)
		return errno == EEXIST ? 0 : -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsetxattr(fd, IMPLIED_ATTR, IMPLIED_TREE, 1, 0) < 0)
		return -1;
	unpack->has_implied = true;
	return 0;
}

static int make_parents(Unpack *unpack, const char *path, int depth)
{
	g_autofree char *above = NULL;
	const char *name;
	auto_fd dir = -1;
	int fd = open_in_layer(unpack, path, O_RDONLY | O_DIRECTORY);

	if (fd >= 0 || errno != ENOENT || !*path || depth > TREE_DEPTH_MAX)
		return fd;
	name = split_path(path, &above);
	dir = make_parents(unpack, above, depth + 1);
	if (dir < 0 || make_implied(unpack, dir, name) < 0)
		return -1;
	return open_in_layer(unpack, path, O_RDONLY | O_DIRECTORY);
}

/* The directory of an entry. Borrowed: good until the next entry. */
static int open_parent(Unpack *unpack, const char *parent, const char *path, GError **error)
{
	if (unpack->parent_path && strcmp(unpack->parent_path, parent) == 0)
		return unpack->parent;
	forget_parent(unpack);
	unpack->parent = make_parents(unpack, parent, 0);
	if (unpack->parent < 0) {
		failed(error, path, "open its directory");
		return -1;
	}
	unpack->parent_path = g_strdup(parent);
	return unpack->parent;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* Make way for an entry. Where a whiteout of this layer went, a directory has to be opaque. */
static bool clear_way(Unpack *unpack, int parent, const char *name, const char *path,
		      bool directory, bool *ret_was_whiteout, GError **error)
{
	struct stat st;

	*ret_was_whiteout = false;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || failed(error, path, "look what is in the way");
	if (directory && S_ISDIR(st.st_mode))
		return true;
	*ret_was_whiteout = is_whiteout(&st);
	if (!tree_remove(parent, name, error)) {
		g_prefix_error(error, "unpack '%s': ", path);
		return false;
	}
	/* the directory opened last may have been below, or behind, what is gone */
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)) {
		g_clear_pointer(&unpack->parent_path, g_free);
	}
	return true;
}

/* --------------------------------------------------------------------------------- attributes */

static bool is_taken(const char *name)
{
	return !g_str_has_prefix(name, "user.overlay.") &&
	       !g_str_has_prefix(name, "trusted.overlay.") && !g_str_has_prefix(name, "user.rlc.");
}

static void set_attributes(int fd, struct archive_entry *entry, const char *path)
{
	const char *name;
	const void *value;
	size_t length;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &length) == ARCHIVE_OK) {
		if (name && is_taken(name) && fsetxattr(fd, name, value, length, 0) < 0)
			log_debug("unpack '%s': set attribute '%s': %s", path, name,
				  g_strerror(errno));
	}
}

/* EINVAL: the id map has no such id. EPERM: no map at all, and not root. */
static bool is_unmapped(int cause)
{
	return cause == EINVAL || cause == EPERM;
}

static bool is_id(la_int64_t id)
{
	return id >= 0 && id < (la_int64_t)G_MAXUINT32;
}

static bool set_owner(int fd, struct archive_entry *entry, const char *path, GError **error)
{
	la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	char owner[48];

	if (!is_id(uid) || !is_id(gid))
		return refuse(error, path, "its owner is no id");
	if (fchown(fd, (uid_t)uid, (gid_t)gid) == 0)
		return true;
	if (!is_unmapped(errno))
		return failed(error, path, "chown");
	g_snprintf(owner, sizeof owner, "%lld:%lld", (long long)uid, (long long)gid);
	if (fsetxattr(fd, OWNER_ATTR, owner, strlen(owner), 0) < 0)
		log_debug("unpack '%s': remember its owner: %s", path, g_strerror(errno));
	return true;
}

static void get_times(struct archive_entry *entry, struct timespec times[2])
{
	times[1].tv_sec = archive_entry_mtime(entry);
	times[1].tv_nsec = archive_entry_mtime_nsec(entry);
	times[0] = times[1];
	if (archive_entry_atime_is_set(entry)) {
		times[0].tv_sec = archive_entry_atime(entry);
		times[0].tv_nsec = archive_entry_atime_nsec(entry);
	}
}

/* chown first, for it clears set-id bits and capabilities; data was written before. */
static bool set_metadata(int fd, struct archive_entry *entry, const char *path, GError **error)
{
	if (!set_owner(fd, entry, path, error))
		return false;
	set_attributes(fd, entry, path);
	return fchmod(fd, archive_entry_perm(entry)) == 0 || failed(error, path, "chmod");
}

/* ------------------------------------------------------------------------------------- entries */

static bool write_data(Unpack *unpack, int fd, const char *path, la_int64_t size, GError **error)
{
	const void *block;
	la_int64_t offset;
	size_t length;
	int rc;

	while ((rc = archive_read_data_block(unpack->tar, &block, &length, &offset)) ==
	       ARCHIVE_OK) {
		while (length > 0) {
			ssize_t n = TEMP_FAILURE_RETRY(pwrite(fd, block, length, offset));

			if (n < 0)
				return failed(error, path, "write");
			block = (const char *)block + n;
			length -= (size_t)n;
			offset += n;
		}
	}
	if (rc != ARCHIVE_EOF)
		return archive_failed(unpack->tar, error);
	/* a hole at the end is not written */
	return ftruncate(fd, size) == 0 || failed(error, path, "set its size");
}

static bool make_file(Unpack *unpack, int parent, const char *name, struct archive_entry *entry,
		      const char *path, GError **error)
{
	auto_fd fd =
		openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	la_int64_t size = archive_entry_size(entry);
	struct timespec times[2];

	if (fd < 0)
		return failed(error, path, "make the file");
	if (size < 0)
		return refuse(error, path, "its size is negative");
	if ((size > 0 && !write_data(unpack, fd, path, size, error)) ||
	    !set_metadata(fd, entry, path, error))
		return false;
	get_times(entry, times);
	return futimens(fd, times) == 0 || failed(error, path, "set its times");
}

static bool make_opaque(int dir, const char *path, GError **error)
{
	return fsetxattr(dir, OPAQUE_ATTR, "y", 1, 0) == 0 ||
	       failed(error, path, "make the directory opaque");
}

static bool make_directory(Unpack *unpack, int parent, const char *name,
			   struct archive_entry *entry, const char *path, bool opaque,
			   GError **error)
{
	DirTimes times = {0};
	auto_fd dir = -1;

	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return failed(error, path, "make the directory");
	dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return failed(error, path, "open the directory");
	if ((opaque && !make_opaque(dir, path, error)) || !set_metadata(dir, entry, path, error))
		return false;
	if (unpack->has_implied && fremovexattr(dir, IMPLIED_ATTR) < 0 && errno != ENODATA)
		return failed(error, path, "remove its mark");
	times.path = g_strdup(path);
	get_times(entry, times.times);
	g_array_append_val(unpack->dirs, times);
	return true;
}

/* What cannot be opened: links and pipes. */
static bool set_node_metadata(int parent, const char *name, struct archive_entry *entry,
			      const char *path, bool link, GError **error)
{
	la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	struct timespec times[2];

	if (!is_id(uid) || !is_id(gid))
		return refuse(error, path, "its owner is no id");
	if (fchownat(parent, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    !is_unmapped(errno))
		return failed(error, path, "chown");
	if (!link && fchmodat(parent, name, archive_entry_perm(entry), 0) < 0)
		return failed(error, path, "chmod");
	get_times(entry, times);
	return utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) == 0 ||
	       failed(error, path, "set its times");
}

static bool make_symlink(int parent, const char *name, struct archive_entry *entry,
			 const char *path, GError **error)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || !*target)
		return refuse(error, path, "a symbolic link to nothing");
	if (symlinkat(target, parent, name) < 0)
		return failed(error, path, "make the symbolic link");
	return set_node_metadata(parent, name, entry, path, true, error);
}

static bool make_pipe(int parent, const char *name, struct archive_entry *entry, const char *path,
		      GError **error)
{
	if (mknodat(parent, name, S_IFIFO | 0600, 0) < 0)
		return failed(error, path, "make the pipe");
	return set_node_metadata(parent, name, entry, path, false, error);
}

/* The target is within the layer, and is not followed if it is a symbolic link itself. */
static bool make_hardlink(Unpack *unpack, int parent, const char *name, const char *raw,
			  const char *path, GError **error)
{
	g_autofree char *target = clean_path(raw), *above = NULL;
	const char *target_name;
	auto_fd dir = -1;

	if (!target || !*target)
		return error_set(error, RLC_ERROR_FAILED,
				 "unpack '%s': a hard link to '%s', which is outside the layer",
				 path, raw);
	if (g_hash_table_contains(unpack->skipped, target)) {
		g_hash_table_add(unpack->skipped, g_strdup(path));
		return true;
	}
	target_name = split_path(target, &above);
	dir = open_in_layer(unpack, above, O_PATH | O_DIRECTORY);
	if (dir < 0 || linkat(dir, target_name, parent, name, 0) < 0)
		return error_errno(error, errno, "unpack '%s': make a hard link to '%s'", path,
				   raw);
	return true;
}

static bool make_whiteout(int parent, const char *name, const char *path, GError **error)
{
	auto_fd dir = -1;

	if (!*name || is_dot(name))
		return refuse(error, path, "a whiteout of nothing");
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return true;
	if (errno == EPERM) { /* of a device 0:0: only overlayfs says that */
		failed(error, path, "make the whiteout");
		return hint_add(error, HINT_STORE_OVERLAY, "the store");
	}
	if (errno != EEXIST)
		return failed(error, path, "make the whiteout");
	/* it is about lower layers alone: this layer's own file stays, its directory is opaque */
	dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 || make_opaque(dir, path, error);
}

/* NAME is what follows the ".wh." of an entry. */
static bool unpack_whiteout(int parent, const char *name, const char *path, GError **error)
{
	if (strcmp(name, ".wh..opq") == 0)
		return make_opaque(parent, path, error);
	if (g_str_has_prefix(name, ".wh.")) /* of a file system that is no more: aufs */
		return true;
	return make_whiteout(parent, name, path, error);
}

static bool make_node(Unpack *unpack, int parent, const char *name, struct archive_entry *entry,
		      const char *path, GError **error)
{
	bool is_dir = !archive_entry_hardlink(entry) && archive_entry_filetype(entry) == AE_IFDIR;
	const char *hardlink = archive_entry_hardlink(entry);
	bool opaque;

	if (!clear_way(unpack, parent, name, path, is_dir, &opaque, error))
		return false;
	if (hardlink)
		return make_hardlink(unpack, parent, name, hardlink, path, error);
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return make_file(unpack, parent, name, entry, path, error);
	case AE_IFDIR:
		return make_directory(unpack, parent, name, entry, path, opaque, error);
	case AE_IFLNK:
		return make_symlink(parent, name, entry, path, error);
	case AE_IFIFO:
		return make_pipe(parent, name, entry, path, error);
	default: /* devices, sockets */
		g_hash_table_add(unpack->skipped, g_strdup(path));
		return true;
	}
}

static bool unpack_entry(Unpack *unpack, struct archive_entry *entry, GError **error)
{
	const char *raw = archive_entry_pathname(entry);
	g_autofree char *path = raw ? clean_path(raw) : NULL, *above = NULL;
	const char *name;
	int parent;

	if (!path)
		return refuse(error, raw ? raw : "?", "its path leads outside the layer");
	if (!*path) {
		if (archive_entry_filetype(entry) != AE_IFDIR || archive_entry_hardlink(entry))
			return refuse(error, raw, "the root is no directory");
		unpack->has_root = true;
		return make_directory(unpack, unpack->layer, ".", entry, path, false, error);
	}
	name = split_path(path, &above);
	parent = open_parent(unpack, above, path, error);
	if (parent < 0)
		return false;
	if (g_str_has_prefix(name, WHITEOUT))
		return unpack_whiteout(parent, name + strlen(WHITEOUT), path, error);
	return make_node(unpack, parent, name, entry, path, error);
}

static bool unpack_entries(Unpack *unpack, GError **error)
{
	struct archive_entry *entry;
	int rc;

	while ((rc = archive_read_next_header(unpack->tar, &entry)) != ARCHIVE_EOF) {
		if (rc < ARCHIVE_WARN)
			return archive_failed(unpack->tar, error);
		if (!unpack_entry(unpack, entry, error))
			return false;
	}
	return true;
}

/* A directory may have become something else since. */
static void set_dir_times(const Unpack *unpack)
{
	for (guint i = unpack->dirs->len; i > 0; i--) {
		const DirTimes *times = &g_array_index(unpack->dirs, DirTimes, i - 1);
		auto_fd dir =
			open_in_layer(unpack, times->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

		if (dir >= 0 && futimens(dir, times->times) < 0)
			log_debug("unpack '%s': set its times: %s", times->path, g_strerror(errno));
	}
}

/* What is left to adopt from the layers below. */
static bool mark_root(const Unpack *unpack, GError **error)
{
	const char *mark = unpack->has_implied
				   ? unpack->has_root ? IMPLIED_TREE_BUT_ROOT : IMPLIED_TREE
				   : IMPLIED_ROOT;

	if (unpack->has_root && !unpack->has_implied)
		return true;
	return fsetxattr(unpack->layer, IMPLIED_ATTR, mark, 1, 0) == 0 ||
	       failed(error, "/", "mark its implied directories");
}

static void clear_dir_times(gpointer data)
{
	g_free(((DirTimes *)data)->path);
}

bool unpack_layer(int input, int layer, char **ret_diff_id, GError **error)
{
	g_autofree Unpack *unpack = g_new0(Unpack, 1);
	bool ok;

	unpack->input = input;
	unpack->layer = layer;
	unpack->parent = -1;
	unpack->dirs = g_array_new(FALSE, FALSE, sizeof(DirTimes));
	g_array_set_clear_func(unpack->dirs, clear_dir_times);
	unpack->skipped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	hash_start(&unpack->hash);
	umask(0);
	ok = open_plain(unpack, error) && open_tar(unpack, error) &&
	     unpack_entries(unpack, error) && read_rest(unpack, error) && mark_root(unpack, error);
	if (ok) {
		set_dir_times(unpack);
		*ret_diff_id = hash_digest(&unpack->hash);
	}
	forget_parent(unpack);
	g_array_unref(unpack->dirs);
	g_hash_table_unref(unpack->skipped);
	archive_read_free(unpack->tar);
	archive_read_free(unpack->plain);
	return ok;
}

/* ------------------------------------------------------------------------------- the process */

static bool unpack_confined(int input, int layer, const char *diff_id, int result, GError **error)
{
	g_autofree char *got = NULL;

	if (!confine_enter(layer, error) || !unpack_layer(input, layer, &got, error))
		return false;
	if (diff_id && strcmp(diff_id, got) != 0)
		return error_set(
			error, RLC_ERROR_FAILED,
			"unpack the layer: its files hash to %s, the configuration says %s", got,
			diff_id);
	return fd_write_all(result, got, strlen(got)) ||
	       error_errno(error, errno, "tell the digest of a layer");
}

static G_GNUC_NORETURN void unpacker_main(int input, int layer, const char *diff_id, int result)
{
	g_autoptr(GError) error = NULL;
	Sync sync;
	int kept[3] = {input, layer, result};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN); /* the parent decides */
	confine_keep(kept, G_N_ELEMENTS(kept));
	sync = (Sync){.fd = kept[2]};
	if (unpack_confined(kept[0], kept[1], diff_id, kept[2], &error))
		_exit(0);
	sync_send_error(&sync, error);
	_exit(1);
}

bool unpack_start(int layer, const char *diff_id, Unpacker *ret, GError **error)
{
	Sync child;
	int ends[2];

	*ret = (Unpacker){.pid = -1, .input = -1, .sync = {.fd = -1}};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(error, errno, "make a pipe");
	fcntl(ends[1], F_SETPIPE_SZ, UNPACK_PIPE);
	if (!sync_pair(&ret->sync, &child, error)) {
		close(ends[0]);
		close(ends[1]);
		return false;
	}
	ret->pid = fork();
	if (ret->pid == 0)
		unpacker_main(ends[0], layer, diff_id, child.fd);
	close(ends[0]);
	sync_close(&child);
	ret->input = ends[1];
	return ret->pid > 0 || error_errno(error, errno, "fork");
}

/* Its last words: the digest as plain text, or a SYNC_ERROR. */
static bool read_result(Unpacker *unpacker, char **ret_diff_id, GError **error)
{
	char text[128];
	ssize_t n = TEMP_FAILURE_RETRY(recv(unpacker->sync.fd, text, sizeof text - 1, MSG_PEEK));

	text[MAX(n, 0)] = '\0';
	if (g_str_has_prefix(text, "sha256:")) {
		if (ret_diff_id)
			*ret_diff_id = g_strdup(text);
		return true;
	}
	if (n > 0)
		return sync_expect(&unpacker->sync, SYNC_READY, NULL, error);
	return error_set(error, RLC_ERROR_FAILED, "unpack the layer: its process died");
}

bool unpack_finish(Unpacker *unpacker, char **ret_diff_id, GError **error)
{
	bool ok;

	fd_close(&unpacker->input);
	ok = read_result(unpacker, ret_diff_id, error);
	unpack_cancel(unpacker);
	return ok;
}

void unpack_cancel(Unpacker *unpacker)
{
	fd_close(&unpacker->input);
	sync_close(&unpacker->sync);
	if (unpacker->pid > 0) {
		kill(unpacker->pid, SIGKILL);
		while (waitpid(unpacker->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	unpacker->pid = -1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/printable.h"

#define DEPTH_MAX	 200	    /* each level holds two descriptors open */
#define LINK_MAX	 4096	    /* bytes of a link's text, with its NUL */
#define UNKNOWN_SIZE_MAX (16 << 20) /* of a file that says it is empty, as those of /proc do */
#define PIECE		 (1 << 20)
#define MODE_BITS	 (S_IRWXU | S_IRWXG | S_IRWXO)

static bool copy_entry(int from, const char *name, int to, const char *new_name, unsigned depth,
		       GError **error);

static bool fail(GError **error, int errno_value, const char *verb, const char *name)
{
	return error_errno(error, errno_value, "%s '%s'", verb, name);
}

static bool set_times(int fd, const struct stat *st, const char *name, GError **error)
{
	const struct timespec times[] = {st->st_atim, st->st_mtim};

	if (futimens(fd, times) < 0)
		return fail(error, errno, "set the times of", name);
	return true;
}

/* What is in the way of a file goes; a directory does not. */
static bool make_room(int to, const char *name, GError **error)
{
	if (unlinkat(to, name, 0) < 0 && errno != ENOENT)
		return fail(error, errno == EPERM ? EISDIR : errno, "replace", name);
	return true;
}

/* sendfile(2) has read and written nothing yet where it does not know the kind of file. */
static ssize_t copy_piece(int out, int in, size_t length)
{
	g_autofree char *buffer = NULL;
	ssize_t n = sendfile(out, in, NULL, length);

	if (n >= 0 || (errno != EINVAL && errno != ENOSYS))
		return n;
	length = MIN(length, 65536);
	buffer = g_malloc(length);
	n = TEMP_FAILURE_RETRY(read(in, buffer, length));
	return n > 0 && !fd_write_all(out, buffer, (size_t)n) ? -1 : n;
}

/* As long as it was when it was opened: whoever goes on writing does not keep us. */
static bool copy_bytes(int out, int in, uint64_t size, const char *name, GError **error)
{
	uint64_t left = size > 0 ? size : UNKNOWN_SIZE_MAX;

	while (left > 0) {
		ssize_t n = copy_piece(out, in, (size_t)MIN(left, PIECE));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(error, errno, "copy", name);
		if (n == 0)
			break;
		left -= (uint64_t)n;
	}
	return true;
}

/* Half a file is worse than none. */
static bool copy_file_to(int in, const struct stat *st, int to, const char *name, GError **error)
{
	auto_fd out = -1;
	bool ok;

	if (!make_room(to, name, error))
		return false;
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return fail(error, errno, "make", name);
	ok = copy_bytes(out, in, (uint64_t)st->st_size, name, error) &&
	     (fchmod(out, st->st_mode & MODE_BITS) == 0 ||
	      fail(error, errno, "set the mode of", name)) &&
	     set_times(out, st, name, error);
	if (!ok)
		unlinkat(to, name, 0);
	return ok;
}

/* By the time that it is open it can be something else than what was looked at. */
static bool copy_file(int from, const char *name, int to, const char *new_name, GError **error)
{
	auto_fd in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return fail(error, errno, "open", name);
	if (!S_ISREG(st.st_mode))
		return fail(error, ESTALE, "open", name);
	return copy_file_to(in, &st, to, new_name, error);
}

static bool copy_link(int from, const char *name, int to, const char *new_name, GError **error)
{
	char text[LINK_MAX];
	ssize_t n = readlinkat(from, name, text, sizeof text);

	if (n < 0 || (size_t)n >= sizeof text)
		return fail(error, n < 0 ? errno : ENAMETOOLONG, "read the link", name);
	text[n] = '\0';
	if (!make_room(to, new_name, error))
		return false;
	if (symlinkat(text, to, new_name) < 0)
		return fail(error, errno, "make the link", new_name);
	return true;
}

static int open_directory(int at, const char *name, GError **error)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		fail(error, errno, "open the directory", name);
	return fd;
}

static bool copy_contents(int from, int to, unsigned depth, GError **error)
{
	DIR *dir = fd_list(from);
	struct dirent *entry;
	bool ok = true;

	if (!dir)
		return error_errno(error, errno, "list a directory");
	while (ok && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = copy_entry(from, entry->d_name, to, entry->d_name, depth + 1, error);
	}
	closedir(dir);
	return ok;
}

/* The mode comes last, for it could keep us from writing there. One that existed keeps its own. */
static bool copy_directory(int from, const char *name, int to, const char *new_name, unsigned depth,
			   GError **error)
{
	auto_fd source = open_directory(from, name, error);
	auto_fd target = -1;
	struct stat st;
	bool made;

	if (source < 0)
		return false;
	if (depth > DEPTH_MAX)
		return error_set(error, RLC_ERROR_FAILED,
				 "copy a tree: it is more than %d directories deep", DEPTH_MAX);
	made = mkdirat(to, new_name, 0700) == 0;
	if (!made && errno != EEXIST)
		return fail(error, errno, "make the directory", new_name);
	target = open_directory(to, new_name, error);
	if (target < 0 || !copy_contents(source, target, depth, error))
		return false;
	if (!made)
		return true;
	if (fstat(source, &st) < 0 || fchmod(target, st.st_mode & MODE_BITS) < 0)
		return fail(error, errno, "set the mode of", new_name);
	return set_times(target, &st, new_name, error);
}

static bool warn_of_other(const char *name)
{
	g_autofree char *shown = printable_copy(name, "");

	log_warn("'%s' is not copied: it is neither file, directory nor link", shown);
	return true;
}

static bool copy_entry(int from, const char *name, int to, const char *new_name, unsigned depth,
		       GError **error)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(error, errno, "stat", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from, name, to, new_name, error);
	case S_IFDIR:
		return copy_directory(from, name, to, new_name, depth, error);
	case S_IFLNK:
		return copy_link(from, name, to, new_name, error);
	default:
		return warn_of_other(name);
	}
}

/* Does the target lie in what is copied? Then there would be no end to it. */
static bool is_below(int fd, const struct stat *top)
{
	auto_fd at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (unsigned i = 0; at >= 0 && i < 4096; i++) {
		auto_fd here = fd_steal(&at);
		struct stat st, above;

		if (fstat(here, &st) < 0)
			return false;
		if (st.st_dev == top->st_dev && st.st_ino == top->st_ino)
			return true;
		at = openat(here, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (at < 0 || fstat(at, &above) < 0 ||
		    (above.st_dev == st.st_dev && above.st_ino == st.st_ino))
			return false;
	}
	return false;
}

static bool copy_into(const CopyEnd *source, const struct stat *st, int target, bool contents_only,
		      GError **error)
{
	auto_fd from = -1;

	if (S_ISDIR(st->st_mode) && is_below(target, st))
		return error_set(error, RLC_ERROR_USAGE, "copy '%s': the target lies within it",
				 source->shown);
	if (!contents_only)
		return copy_entry(source->dir, source->name, target, source->name, 0, error);
	from = open_directory(source->dir, source->name, error);
	return from >= 0 && copy_contents(from, target, 0, error);
}

bool copy_tree(const CopyEnd *source, const CopyEnd *target, bool contents_only, GError **error)
{
	struct stat from, to;
	auto_fd directory = -1;

	if (fstatat(source->dir, source->name, &from, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(error, errno, "find", source->shown);
	contents_only = contents_only || strcmp(source->name, ".") == 0;
	if (fstatat(target->dir, target->name, &to, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(to.st_mode)) {
		directory = open_directory(target->dir, target->name, error);
		return directory >= 0 && copy_into(source, &from, directory, contents_only, error);
	}
	if (S_ISDIR(from.st_mode) && is_below(target->dir, &from))
		return error_set(error, RLC_ERROR_USAGE, "copy '%s': the target lies within it",
				 source->shown);
	return copy_entry(source->dir, source->name, target->dir, target->name, 0, error);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <string.h>

#include "base/error.h"
#include "base/hint.h"

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_steal(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

bool fd_close_others(int keep, GError **error)
{
	return fd_close_above(0, keep, error);
}

bool fd_close_above(unsigned more, int keep, GError **error)
{
	unsigned first = STDERR_FILENO + 1 + more;
	unsigned kept = keep < 0 ? 0 : (unsigned)keep;

	if ((kept > first && close_range(first, kept - 1, 0) < 0) ||
	    close_range(kept >= first ? kept + 1 : first, ~0U, 0) < 0)
		return error_errno(error, errno, "close inherited descriptors");
	return true;
}

DIR *fd_list(int dirfd)
{
	/* opened anew: a copy would share its offset with dirfd */
	auto_fd list = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = list < 0 ? NULL : fdopendir(list);

	if (dir)
		list = -1; /* the stream owns it */
	return dir;
}

bool fd_write_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, at, length));

		if (n < 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

bool fd_write_file(int dirfd, const char *path, const char *text, GError **error)
{
	auto_fd fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(error, errno, "open '%s'", path);
	if (TEMP_FAILURE_RETRY(write(fd, text, strlen(text))) < 0)
		return error_errno(error, errno, "write '%s'", path);
	return true;
}

bool fd_replace_file(const char *path, const char *text, mode_t mode, int *ret_dir, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path), *name = g_path_get_basename(path);
	g_autofree char *new = g_strdup_printf(".rlc-%08x%08x", g_random_int(), g_random_int());
	auto_fd dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC), file = -1;

	if (dir < 0)
		return error_errno(error, errno, "open '%s'", parent);
	file = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (file < 0)
		return error_errno(error, errno, "make a file in '%s'", parent);
	if (!fd_write_all(file, text, strlen(text)) || renameat(dir, new, dir, name) < 0) {
		error_errno(error, errno, "write '%s'", path);
		unlinkat(dir, new, 0);
		return false;
	}
	if (ret_dir)
		*ret_dir = fd_steal(&dir);
	return true;
}

char *fd_read_all(int fd, const char *path, size_t max, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char buffer[4096];

	for (;;) {
		ssize_t n = TEMP_FAILURE_RETRY(read(fd, buffer, sizeof buffer));

		if (n < 0) {
			error_errno(error, errno, "read '%s'", path);
			return NULL;
		}
		if (n == 0)
			return g_string_free(g_steal_pointer(&text), FALSE);
		if (text->len + (size_t)n > max) {
			error_errno(error, EFBIG, "read '%s'", path);
			return NULL;
		}
		g_string_append_len(text, buffer, n);
	}
}

char *fd_read_file(int dirfd, const char *path, size_t max, GError **error)
{
	struct stat st;
	auto_fd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(error, errno, "open '%s'", path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		error_errno(error, EINVAL, "open '%s', which is no regular file", path);
		return NULL;
	}
	return fd_read_all(fd, path, max, error);
}

int fd_inotify(GError **error)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0) {
		error_errno(error, errno, "watch files");
		hint_add(error, HINT_INOTIFY, NULL);
	}
	return fd;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors: owned by scope, closed on exec, read and written whole. */
#pragma once

#include <dirent.h>
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Close *fd if it is one (>= 0), keep errno, and set it to -1. */
void fd_close(int *fd);

/* Hand the descriptor on: returns *fd and leaves -1 behind. */
int fd_steal(int *fd);

/* A descriptor that closes when it goes out of scope. Initialise it with -1. */
#define auto_fd __attribute__((cleanup(fd_close))) int

/* Write all of it, whatever signals come. errno on failure. */
bool fd_write_all(int fd, const void *data, size_t length);

/*
 * Close every descriptor above the three standard streams but keep (-1: none): what the caller's
 * parents left open is not for what runs here.
 */
bool fd_close_others(int keep, GError **error);

/* The same, but the first so many above the streams stay, too. */
bool fd_close_above(unsigned more, int keep, GError **error);

/* The entries of an open directory, from the first on. closedir(3) it. NULL with errno. */
DIR *fd_list(int dirfd);

/* Open, write text in one write(2) (as /proc demands) and close. dirfd as in openat(2). */
bool fd_write_file(int dirfd, const char *path, const char *text, GError **error);

/*
 * Put a new file with this text in place of whatever is at path: whole or not at all, and where
 * others may write in the directory, too, for nothing that they put there is followed or opened.
 * *ret_dir (may be NULL) is the directory, O_PATH, in which the name can be removed again; the
 * caller's to close.
 */
bool fd_replace_file(const char *path, const char *text, mode_t mode, int *ret_dir, GError **error);

/*
 * Read a regular file whole, as text with a terminating NUL, at most max bytes (EFBIG beyond).
 * Opens without following a FIFO into a wait; anything but a regular file is refused (EINVAL),
 * which makes it fit for files of an image.  /proc files count as regular.  Caller frees.
 */
char *fd_read_file(int dirfd, const char *path, size_t max, GError **error);

/* The same for a descriptor that is open already; path is for messages. */
char *fd_read_all(int fd, const char *path, size_t max, GError **error);

/* A new inotify(7) instance, which does not block, or -1. */
int fd_inotify(GError **error);

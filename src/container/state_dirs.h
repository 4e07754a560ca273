/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories of state.h while somebody reads or changes them, and the files in them. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "container/record.h"

/*
 * Bytes. execve(2) takes 6 MiB of words; in a config they may stand twice, by four bytes for one.
 */
#define STATE_FILE_MAX (64 << 20)

/* Of all containers, with ROOT/lock held. */
typedef struct {
	int root, lock, containers, names;
} StateDirs;

/*
 * Open them, made if they are missing, and wait for ROOT/lock.  In a root that is new the kept
 * containers are linked first.  To be closed in any case.
 */
bool state_dirs_open(const char *state_root, StateDirs *dirs, GError **error);
void state_dirs_close(StateDirs *dirs);

/*
 * Open one directory that must be ours and closed to others; make it if it is missing.  -1 with a
 * hint.
 */
int state_dirs_make(int at, const char *path, GError **error);

/* Open and lock a file; operation as in flock(2). -1 when it is missing or LOCK_NB says no. */
int state_dirs_lock(int at, const char *path, int operation);

/* One container's directory, or -1. */
int state_dirs_container(int containers, const char *id);

/* The ids of all containers, of char *; none where they cannot be listed. Caller unrefs. */
GPtrArray *state_dirs_ids(int containers);

/* Is its lock held? */
bool state_dirs_is_running(int containers, const char *id);

/* Replace a file by rename(2): who reads it sees the old or the new one. */
bool state_dirs_replace(int dir, const char *file, const char *text, GError **error);

/* The status of the container with this directory. ret_status is the caller's to clear. */
bool state_dirs_read_status(int dir, Status *ret_status);
bool state_dirs_write_status(int dir, const Status *status, GError **error);

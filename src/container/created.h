/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Created: what is on disk of a container that an OCI front end made, and that goes on without a
 * supervisor.
 *
 *     ROOT/ID/lock    held for a moment by whoever changes the container
 *     ROOT/ID/init    its init: pid, and when that process began (kernel/pid.h)
 *     ROOT/ID/start   the socket at which it waits for its start (feature/gate.h)
 *     ROOT/ID/cgroup  where its cgroup is (feature/cgroup.h)
 *     ROOT/ID/resctrl its class of caches and memory bandwidth, if any (feature/resctrl.h)
 *     ROOT/ID/…       what the front end keeps
 *     ROOT/.compiled  filters of system calls (feature/seccomp_profile.h), for all
 *
 * There is no process that could say that it runs: the pid with its time of beginning does.
 */
#pragma once

#include "model/container.h"

typedef enum {
	CREATED_CREATING, /* being made, or the one who made it was killed */
	CREATED_CREATED,
	CREATED_RUNNING,
	CREATED_STOPPED,
} CreatedState;

/* One that is open, and locked against changes by others. */
typedef struct {
	int dir, lock;
	pid_t pid;
	guint64 start_time; /* 0 and pid 0: there never was an init */
} Created;

void created_close(Created *created);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Created, created_close)

/* Make ROOT (0700) where it is missing, and ROOT/ID in it, locked. EXISTS if there is one. */
bool created_make(const char *root, const char *id, Created *ret_created, GError **error);

/* Open one that is there. NOT_FOUND if there is none. lock: against changes by others. */
bool created_open(const char *root, const char *id, bool lock, Created *ret_created,
		  GError **error);

/* Remove its cgroup and the directory: the container and all it had is gone. */
bool created_remove(const char *root, const char *id, const Created *created, GError **error);

/* Read once more who its init is. */
void created_refresh(Created *created);

CreatedState created_state(const Created *created);

/* A pidfd of init; -1 if it has ended. */
int created_pidfd(const Created *created);

/* ROOT/.compiled. Caller frees. */
char *created_cache(const char *root);

/* The ids below ROOT, of char *; none where it does not exist. */
GPtrArray *created_list(const char *root);

/* Is it fit for an id? Letters, digits, and of _+-. all; no dot in front. */
bool created_check_id(const char *id, GError **error);

/* create, after clone: write down who init is. */
bool created_parent(Container *container, GError **error);

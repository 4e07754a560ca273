/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scopes of systemd: a unit of processes that others started, here with its cgroup left to rlc
 * (Delegate=yes).  A user asks the systemd of his own (user@UID.service), root the system's.  It
 * ends by itself when its last process does.  See org.freedesktop.systemd1(5) and systemd.scope(5).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Is it a user's own that is asked, also where he is root of a user namespace of his? */
bool cgroup_systemd_is_users(void);

/*
 * Is there a systemd that this user can ask?  NOT_FOUND where the host has none, UNSUPPORTED where
 * the user has none of his own.
 */
bool cgroup_systemd_available(GError **error);

/*
 * The directory of the cgroup in which it makes scopes, or the nearest above that is known: what it
 * has no controllers for, no scope gets.  Caller frees; NULL with *error.
 */
char *cgroup_systemd_directory(GError **error);

/*
 * Put a process of ours into a new scope with its cgroup for us to divide; returns when it is
 * there.  Of the annotations count those that are a property (cgroup_property.h).  A process of its
 * own talks to systemd and ends, so that no library stays in this one.
 */
bool cgroup_systemd_scope(const char *unit, const char *slice, const char *description,
			  const GPtrArray *annotations, pid_t pid, GError **error);

/*
 * Put a process of ours into a cgroup below a scope's that exists.  A user may not do so himself
 * from another session: systemd may.
 */
bool cgroup_systemd_attach(const char *unit, const char *subgroup, pid_t pid, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroup of a container that runs, for the commands that look at it or join it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

/* Its directory's name; NULL: it has none. Caller frees. */
char *cgroups_path(const char *state_root, const char *id);

/* Its directory, open; -1 without an error: it has none. false with *error if it cannot be opened.
 */
bool cgroups_open(const char *state_root, const char *id, int *ret_cgroup, GError **error);

/*
 * The same for who starts a process in it (CLONE_INTO_CGROUP), and is made able to.
 * RLC_ERROR_STATE where it is paused, for the process would not run.
 */
bool cgroups_enter(const char *state_root, const char *id, int *ret_cgroup, GError **error);

/* Stop all of its processes where they are, or let them go on. RLC_ERROR_STATE: it has no cgroup.
 */
bool cgroups_pause(const char *state_root, const char *id, bool pause, GError **error);

/*
 * Hold the container to the limits of spec, from now on (alive) and when it is started again.  The
 * record is changed only after the kernel took all of them.
 */
bool cgroups_update(const char *state_root, const char *id, bool alive, const Spec *spec,
		    GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container that stands still while it is looked at, and goes on whatever becomes of who looks.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "container/state.h"

typedef struct {
	int alive;   /* closed by our end: then the guard lets it go on; -1: nothing was stopped */
	pid_t guard; /* a process of its own */
} Still;

#define STILL_NONE ((Still){-1, 0})

/*
 * Pause a container that runs and has a cgroup; what has none, is paused already or has ended stays
 * as it is.
 */
bool still_begin(const char *state_root, const StateEntry *entry, Still *ret_still, GError **error);

/* Let it go on, and wait until it does. Idempotent. */
void still_end(Still *still);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Still, still_end)

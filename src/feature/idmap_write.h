/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing the id maps of another process: directly, or by newuidmap and newgidmap. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "model/plan.h"

/*
 * supervisor: write the maps of pid, a child that is not reaped yet, by the first tier that the
 * kernel takes, which becomes *ret_tier.  A tier that fails is logged as a warning; the error is
 * the last tier's.  sync, the supervisor's end of pid's socket or -1, becomes readable when pid has
 * failed or ended by itself: then no other tier is tried.
 */
bool idmap_write(const GPtrArray *tiers, pid_t pid, int sync, const IdmapTier **ret_tier,
		 GError **error);

/* What the method is, in words. */
const char *idmap_write_method(IdmapMethod method);

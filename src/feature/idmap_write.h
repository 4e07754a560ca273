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
 * the last tier's.
 */
bool idmap_write(const GPtrArray *tiers, pid_t pid, const IdmapTier **ret_tier, GError **error);

/* What the method is, in words. */
const char *idmap_write_method(IdmapMethod method);

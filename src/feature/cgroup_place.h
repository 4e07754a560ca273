/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where on this host a container's cgroup can be made. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/plan.h"

/* Below a scope: the container's cgroup, and that of its supervisor and net process */
#define CGROUP_CONTAINER  "container"
#define CGROUP_SUPERVISOR "supervisor"

#define CGROUP_OWN_PARENT "/sys/fs/cgroup/rlc" /* CGROUP_DIRECT: made and removed by rlc */

#define CGROUP_V1_PARENT "rlc" /* the same of version 1 */

/*
 * Fill in method, parent, name, unit, slice and move for plan->cgroup.controllers. Looks, and
 * touches nothing.  false with *error: no place has them, and what would help.
 */
bool cgroup_place_choose(Plan *plan, GError **error);

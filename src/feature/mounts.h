/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts[] of a config.json: the whole of the container's file systems, /proc, /sys and /dev among
 * them, in the caller's order.  `rlc run` mounts its own (proc.h, sys.h, dev.h) and volumes
 * (volume.h) instead.
 */
#pragma once

#include "model/container.h"

/* Resolve the sources of binds; refuse what cannot be mounted. Fills plan->mounts. */
bool mounts_plan(const Spec *spec, Plan *plan, GError **error);

/* init: mount them all inside the new root. */
bool mounts_child(Container *container, GError **error);

/* Attributes and propagation of what the plan says, on a detached mount. */
bool mounts_set_attributes(int fd, const PlanMount *mount, GError **error);

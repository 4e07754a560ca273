/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes: what --volume, --mount and --tmpfs bring into the container. */
#pragma once

#include "model/container.h"

/*
 * Turn spec->mounts into plan->mounts: options become attributes, sources become absolute paths
 * that exist.  Refuses unknown options and types, missing sources, and destinations on or below
 * /proc.
 */
bool volume_plan(const Spec *spec, Plan *plan, GError **error);

/* init: mount them, in order. Destinations are resolved inside the root, and made if missing. */
bool volume_child(Container *container, GError **error);

void volume_explain(const Plan *plan, GString *script);

/* Free what a PlanMount holds: the clear function of plan->mounts. */
void volume_clear(gpointer plan_mount);

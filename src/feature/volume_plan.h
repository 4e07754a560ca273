/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes, before there is a container: what was asked for, resolved or refused. */
#pragma once

#include "model/plan.h"

/* An option of a mount of type "image", one for each of its layers, topmost first */
#define VOLUME_LAYER "lowerdir="

/* Can a volume have this name? No name leads out of the directory of all volumes. */
bool volume_check_name(const char *name, GError **error);

/*
 * Turn spec->mounts into plan->mounts: options become attributes, sources become absolute paths
 * that exist.  Refuses unknown options and types, missing sources, and destinations on or below
 * /proc.  Where named and anonymous volumes are, it leaves open.
 */
bool volume_plan(const Spec *spec, Plan *plan, GError **error);

/* Free what a PlanMount holds: the clear function of plan->mounts. */
void volume_clear(gpointer plan_mount);

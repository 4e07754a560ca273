/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes: what --volume, --mount, --tmpfs and an image bring into the container. */
#pragma once

#include "model/container.h"

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

/* supervisor, after idmap: send init what is mounted with its owners shifted into the id map. */
bool volume_parent(Container *container, GError **error);

/* init, before its mounts become private: open what is bound, each source once. */
bool volume_child_sources(Container *container, GError **error);

/*
 * init: mount it all, in order.  Destinations are resolved inside the root, and made if missing; a
 * volume in container->fresh is filled with what the image has there.
 */
bool volume_child(Container *container, GError **error);

void volume_explain(const Plan *plan, GString *script);

/* Free what a PlanMount holds: the clear function of plan->mounts. */
void volume_clear(gpointer plan_mount);

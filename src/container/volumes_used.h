/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The volumes of one container, from its plan to its removal.
 *
 *     ROOT/containers/ID/volumes  the directory of all volumes, then their names, a line each
 *
 * That file is written before the container enters as a user of its volumes, so that whoever
 * removes the container, or sweeps up after its supervisor, knows what to leave.
 */
#pragma once

#include "model/container.h"

#define VOLUMES_USED_RECORD "volumes"

/* The name that the anonymous volume at this place in the Spec's mounts has. Caller frees. */
char *volumes_used_anonymous(const char *id, guint index);

/* Find where the volumes of plan->mounts are, or will be. Makes the directory of all volumes. */
bool volumes_used_plan(const Spec *spec, Plan *plan, GError **error);

/*
 * supervisor, before clone: make what is missing, enter as a user, and hold those that are to be
 * filled from the image (container->fresh); waits for another container that does that just now.
 */
bool volumes_used_parent(Container *container, GError **error);

/* supervisor, when init has filled them and before the payload runs: they are fresh no more. */
bool volumes_used_filled(Container *container, GError **error);

/* supervisor: let go of what is held. Idempotent. */
void volumes_used_cleanup(Container *container);

/*
 * The container goes: leave its volumes, and remove those that are its own: anonymous ones if that
 * is wanted, and what a container that never ran has made.  dir is its state directory.
 */
void volumes_used_release(int dir, const char *id, bool anonymous, bool made);

void volumes_used_explain(const Plan *plan, GString *script);

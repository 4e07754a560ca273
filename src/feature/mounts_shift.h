/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts of a config.json whose owners are shifted: "idmap", "ridmap", uidMappings.  Who shifts has
 * to be root of the host, so it is not init: create makes the mounts and hands them in.
 */
#pragma once

#include "model/container.h"

/* Refuse what cannot be shifted. Needs idmap. */
bool mounts_shift_check(const Plan *plan, const PlanMount *mount, GError **error);

/* create, when init has its id map: one descriptor for each, in order. */
bool mounts_shift_parent(Container *container, GError **error);

/* init: the next of them, detached. -1 with *error. */
int mounts_shift_take(Container *container, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes: what --volume, --mount, --tmpfs and an image bring into the container. */
#pragma once

#include "feature/volume_plan.h"
#include "model/container.h"

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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rootfs: the new root, from where it comes to pivot_root(2).
 *
 * Until the pivot, the new root is stacked on top of the old one: attached to "/", where only
 * container->root leads to it while every path still means the host's.  No staging directory is
 * needed that could be missing, be somebody else's or be left behind.
 */
#pragma once

#include "model/container.h"

/* Resolve the directory; refuse what is missing, no directory, the host's own "/", or foreign. */
bool rootfs_plan(const Spec *spec, Plan *plan, GError **error);

/* init: all mounts private. First of all: nothing that follows may be seen outside. */
bool rootfs_private(Container *container, GError **error);

/*
 * supervisor, after the id map is written: where root's own files are shifted into it
 * (plan->rootfs.idmapped, plan->scratch_shifted), makes the mounts that do so and sends them to
 * init.  SYNC_ROOT
 */
bool rootfs_parent(Container *container, GError **error);

/*
 * init: attach the new root, set container->root.  For ROOT_BUILTIN an overlay over
 * container->unpacked; where that is NULL, or becomes so as the kernel refuses it, an empty tmpfs
 * (image/builtin.h).
 */
bool rootfs_child(Container *container, GError **error);

/*
 * init, after the image is filled in: over a root that is made in memory, an overlay that writes to
 * the scratch directory of a container that is kept.
 */
bool rootfs_keep(Container *container, GError **error);

/* init: make the root read-only if asked, then pivot into it and let go of the host's. */
bool rootfs_pivot(Container *container, GError **error);

void rootfs_parent_explain(const Plan *plan, GString *script);
void rootfs_private_explain(const Plan *plan, GString *script);
void rootfs_explain(const Plan *plan, GString *script);
void rootfs_keep_explain(const Plan *plan, GString *script);
void rootfs_pivot_explain(const Plan *plan, GString *script);

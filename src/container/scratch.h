/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scratch: where an overlay keeps what is written, when that is not to be memory.
 *
 * Of a container that is kept it is the directory "root" beside its record, which goes when the
 * container is removed, and holds what it wrote in all its lives.
 *
 * The usual place of others is a tmpfs inside, of which nothing can be left.  --scratch DIR asks
 * for a disk; and before Linux 6.6 a tmpfs has no user extended attributes, without which an
 * overlay can neither replace a directory nor rename one, so that a package manager fails.  Then a
 * directory of the store takes its place.  What a container wrote there may belong to any of its
 * ids, and only root of the same id map can remove it.  Where root's container has a range of ids
 * of its own, which may be another one next time, the directory is mounted shifted: on the disk are
 * the ids inside.
 */
#pragma once

#include "model/container.h"

#define SCRATCH_RECORD "scratch" /* file of the container's state: the directory's path */
#define SCRATCH_KEPT   "root"	 /* directory in that of a kept container */

/* Set plan->scratch, or leave it NULL for a tmpfs. Needs plan->idmap and plan->rootfs. */
bool scratch_plan(const Spec *spec, Plan *plan, GError **error);

/* supervisor: record the directory unless it is kept, then make it. */
bool scratch_parent(Container *container, GError **error);

void scratch_explain(const Plan *plan, GString *script);

/* Remove a scratch directory with all that is in it. true also if there is none. */
bool scratch_remove(const char *path, GError **error);

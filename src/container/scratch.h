/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scratch: where a throw-away overlay keeps what is written, when that is not to be memory.
 *
 * The usual place is a tmpfs inside, of which nothing can be left.  --scratch DIR asks for a disk;
 * and before Linux 6.6 a tmpfs has no user extended attributes, without which an overlay can
 * neither replace a directory nor rename one, so that a package manager fails.  Then a directory of
 * the store takes its place.  What a container wrote there may belong to any of its ids, and only
 * root of the same id map can remove it.
 */
#pragma once

#include "model/container.h"

#define SCRATCH_RECORD "scratch" /* file of the container's state: the directory's path */

/* Set plan->scratch, or leave it NULL for a tmpfs. Needs plan->idmap and plan->rootfs. */
bool scratch_plan(const Spec *spec, Plan *plan, GError **error);

/* supervisor: record the directory, then make it. */
bool scratch_parent(Container *container, GError **error);

void scratch_explain(const Plan *plan, GString *script);

/* Remove a scratch directory with all that is in it. true also if there is none. */
bool scratch_remove(const char *path, GError **error);

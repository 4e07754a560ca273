/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State: what must be known about a container from outside, on disk.
 *
 *     ROOT/lock                 taken for a moment by whoever adds or removes
 *     ROOT/containers/ID/lock   held by the supervisor as long as it lives
 *     ROOT/names/NAME           link to the ID of the container that has the name
 *
 * A container runs exactly as long as its lock is held; a pid is never trusted.  Whoever starts the
 * next container sweeps away what a killed supervisor left.  All directories are 0700 and ours.
 */
#pragma once

#include "model/container.h"

/*
 * Choose plan->state_root: root if given, else RLC_ROOT, else $XDG_RUNTIME_DIR/rlc (for root:
 * /run/rlc), else a directory of our own in /run/user or /tmp, saying so.  Makes that directory,
 * for that is how it is known to be usable, and nothing in it.
 */
bool state_plan(Plan *plan, const char *root, GError **error);

/* supervisor: make the container's directory, take its lock and its name (EXISTS if taken). */
bool state_parent(Container *container, GError **error);

/* supervisor: write --cidfile, which must not exist yet. */
bool state_write_cidfile(Container *container, GError **error);

/* supervisor: remove what state_parent() made. Idempotent. */
void state_cleanup(Container *container);

void state_explain(const Plan *plan, GString *script);

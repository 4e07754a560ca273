/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run --volumes-from: the mounts that another container was asked for. */
#pragma once

#include "cmd/run_options.h"

/*
 * Put the binds and volumes of the containers that options->volumes_from names in front of the
 * Spec's own mounts, which are more special.  Anonymous volumes become named ones here: they are
 * the other container's.  One whose destination the Spec mounts itself is left out.
 */
bool run_volumes_from(RunOptions *options, const char *state_root, GError **error);

/* Is text of the form CONTAINER[:ro|rw]? */
bool run_volumes_check(const char *text, GError **error);

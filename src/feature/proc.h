/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's own /proc, and the paths in /proc and /sys that are hidden or read-only. */
#pragma once

#include "model/container.h"

/* init: mount a procfs of the new pid namespace on /proc. A symbolic link there is refused. */
bool proc_child(Container *container, GError **error);

/*
 * /proc as O_PATH, once it is certain to be a procfs and not what someone put in its place; -1 with
 * *error set otherwise.  For reading about oneself inside, where a forgery would be believed.
 */
int proc_open(GError **error);

/* init, last before the pivot: cover the masked paths, make the read-only ones so. */
bool proc_mask(Container *container, GError **error);

void proc_explain(const Plan *plan, GString *script);
void proc_mask_explain(const Plan *plan, GString *script);

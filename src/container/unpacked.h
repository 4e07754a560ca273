/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * builtin:busybox, unpacked once for all containers of a user: ROOT/builtin-DIGEST, which each lays
 * an overlay over, for to write two megabytes and hundreds of links takes longer than all the rest
 * of a start.  It lies in memory as the state does, once instead of in every container.  The digest
 * is that of the content, so another rlc's never changes below a container that runs.
 */
#pragma once

#include "model/container.h"

/*
 * supervisor, before init is made: set container->unpacked, to the directory, made if it is
 * missing.  NULL, and init fills a tmpfs (image/builtin.h), for other roots, where the directory
 * cannot be made, and where it would have another owner inside than root.
 */
bool unpacked_parent(Container *container, GError **error);

void unpacked_explain(const Plan *plan, GString *script);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuse-overlayfs(1): an image's layers as one tree where the kernel refuses an overlay over them.
 *
 * Init asks the supervisor for it (SYNC_FUSE), since what serves the files must be out of the
 * payload's sight.
 */
#pragma once

#include "model/container.h"

/*
 * init: have the layers of the plan served and stack them on "/".  What is written goes to memory
 * or to the plan's scratch; not for what is kept, since its whiteouts are not the kernel's.
 * Returns the new root's mount, or -1 with *error set: then nothing is left of the try.
 */
int fuse_overlay_child(Container *container, GError **error);

/*
 * supervisor: answer SYNC_FUSE. socket (taken) is init's, where the mount or an error is sent;
 * userns is init's user namespace, -1 for the host's.  Fills fuse_pid and fuse_pidfd.
 */
void fuse_overlay_serve(Container *container, int userns, int socket);

/* supervisor: end it. Idempotent. */
void fuse_overlay_cleanup(Container *container);

/*
 * supervisor, when fuse_pidfd says that the process is gone: warn if it went while it served, which
 * nobody else learns who does not look at his files.
 */
void fuse_overlay_ended(Container *container);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees of files, by descriptor: no name is looked up through a symbolic link.
 *
 * Runs where the files' owners have ids and the process has the capabilities of root over them:
 * inside an id map, or as root.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* How a file of a layer comes into the tree. */
typedef enum {
	TREE_LINK, /* a hard link: takes no room, but both change when one is written */
	TREE_COPY, /* contents, owner, mode, times and attributes; what was linked stays linked */
	TREE_SAME, /* hard links too, of whiteouts as well: what comes is a layer like this one */
} TreeHow;

/*
 * Change the tree at the directory target into what an overlay of layer on top of it would show:
 * whiteouts (character devices 0:0) remove, opaque directories (user.overlay.opaque) replace, and a
 * directory has the attributes that the layer gives it.  Apply an image's layers lowest first.
 * TREE_COPY leaves out sockets and device nodes.
 */
bool tree_apply_layer(int layer, int target, TreeHow how, GError **error);

/*
 * Give the directory or file that fd (O_PATH will do) refers to, and all below it on the same file
 * system, to uid and gid.  What belongs to them already keeps its set-user-ID bit and its times.
 */
bool tree_chown(int fd, uid_t uid, gid_t gid, GError **error);

/* Give the same, in the same way, a label of SELinux. */
bool tree_label(int fd, const char *label, GError **error);

/* Remove dirfd/name and all below it, however deep. ENOENT is success. */
bool tree_remove(int dirfd, const char *name, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An overlay: the directory below is never written, whatever is written above goes to a tmpfs that
 * dies with the mount namespace, or to a directory on a disk.  See
 * Documentation/filesystems/overlayfs.rst.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Where what is written goes. */
typedef struct {
	const char *dir;   /* absolute path of the host's, owned by root inside; NULL: a tmpfs */
	int mount;	   /* a detached mount of dir, to be used in its place; or -1 */
	bool kept;	   /* it is to be there the next time, and may be there from the last */
	const char *label; /* of SELinux, of files that are copied there; or NULL */
	int opened; /* set: a descriptor of the upper directory; -1: there is no single one */

	/* before layers are copied: another way to stack them. The mount or -1; NULL: none */
	int (*instead)(void *data, GError **error);
	void *data;
} OverlayUpper;

#define OVERLAY_TMPFS ((OverlayUpper){.mount = -1, .opened = -1})

/*
 * init: lay an overlay over the directory lower (absolute) and attach it on top of "/".
 * Returns O_PATH-like descriptor of the new root's mount, or -1 with *error set.
 */
int overlay_stack(const char *lower, OverlayUpper *upper, GError **error);

/*
 * init: the same over the layers of an image, at least one, topmost first (absolute paths of
 * directories in which nothing is mounted).  Where the kernel refuses an overlay over them, which
 * is said, upper->instead is tried, and then they are copied: into memory, or where upper is kept
 * into it.
 */
int overlay_stack_layers(const GPtrArray *layers, OverlayUpper *upper, GError **error);

/* The same over layers that are detached mounts: descriptors, topmost first. */
int overlay_stack_layer_mounts(const GArray *mounts, OverlayUpper *upper, GError **error);

/* The same over open directories of attached mounts. */
int overlay_stack_dirs(const GArray *dirs, OverlayUpper *upper, GError **error);

/*
 * init: the layers of an image (absolute paths, topmost first) as a mount that is attached nowhere,
 * or in stage: a directory, of a mount that is attached, which gets what is written as well.
 * Nothing can be written unless asked.
 */
int overlay_new_layers(const GPtrArray *layers, int stage, bool writable, GError **error);

/* The same over layers that are detached mounts, which the stage gets too. */
int overlay_new_layer_mounts(const GArray *mounts, int stage, bool writable, GError **error);

/* The same over the directory that mount refers to, which is attached; path is the host's. */
int overlay_stack_on(int mount, const char *path, OverlayUpper *upper, GError **error);

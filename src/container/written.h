/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Written: what a container wrote, and all that it has, read by rlc-image, which knows archives.
 *
 * A container that is kept has its overlay's upper directory on a disk, whether it runs or not.  Of
 * another, while it runs, the supervisor holds a descriptor of it (CONTROL_UPPER).  Owners are
 * written as they are inside: rlc-image runs in the container's own id map.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "container/state.h"

/* One container, with what is known of its files. */
typedef struct {
	const char *state_root;
	const StateEntry *entry;
	const Spec *spec; /* as it was asked for */
	char *path;	  /* of the upper directory, or of a root that has none; or NULL */
	int fd;		  /* in its place, from the supervisor; or -1 */
	bool overlaid;	  /* it is an upper directory */
} Written;

/* Find it. RLC_ERROR_STATE where nothing is left of what it wrote. */
bool written_find(const char *state_root, const StateEntry *entry, const Spec *spec,
		  Written *ret_written, GError **error);
void written_clear(Written *written);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Written, written_clear)

/*
 * Write to output what changed: for each path 'A', 'C' or 'D', the path and NUL.  STATE where the
 * root is no overlay.  *ret_exit_code: rlc-image's, which said what is wrong.
 */
bool written_changes(const Written *written, int output, int *ret_exit_code, GError **error);

/* Write to output the upper directory as an image's layer. STATE where the root is no overlay. */
bool written_pack_layer(const Written *written, int output, int *ret_exit_code, GError **error);

/* Write to output the whole root as a tar file, without what is mounted in it. */
bool written_pack_root(const Written *written, int output, int *ret_exit_code, GError **error);

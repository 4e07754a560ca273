/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees: a directory becomes a tar file. */
#pragma once

#include <archive.h>
#include <glib.h>
#include <stdbool.h>

typedef enum {
	TREE_LAYER, /* an overlay's upper directory: whiteouts and opaque directories are written as
		       a layer spells them, and what rlc made to mount on is left out */
	TREE_ROOT,  /* a root: no whiteouts, and of other mounts only what they lie on */
} TreeForm;

/* Write all below the directory, links not followed. Owners that user.rlc.owner remembers are the
 * file's. */
bool tree_write(int dir, struct archive *archive, TreeForm form, GError **error);

/* Give up with libarchive's reason. Returns false. */
bool tree_archive_failed(struct archive *archive, const char *what, GError **error);

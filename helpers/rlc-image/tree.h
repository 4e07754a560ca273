/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees: a directory becomes a tar file. */
#pragma once

#include <archive.h>
#include <glib.h>
#include <stdbool.h>

/*
 * Write all below the directory, links not followed.  layer: it is an overlay's upper directory,
 * so that whiteouts and opaque directories are written as a layer spells them; else whiteouts are
 * left out.  Owners that user.rlc.owner remembers are the file's.
 */
bool tree_write(int dir, struct archive *archive, bool layer, GError **error);

/* Give up with libarchive's reason. Returns false. */
bool tree_archive_failed(struct archive *archive, const char *what, GError **error);

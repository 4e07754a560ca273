/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying a file or a tree, where both sides may be changed meanwhile by somebody who means harm.
 *
 * Everything happens by descriptor, one name at a time, and no link is followed below the two ends.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* One end: a directory (O_PATH will do) and a name in it. */
typedef struct {
	int dir;
	const char *name;  /* "." for the directory itself */
	const char *shown; /* the path, for messages */
} CopyEnd;

/*
 * Copy source as docker cp has it: a directory that exists as the target takes source into itself
 * under its own name, or with contents_only what is in source; else the target is what source
 * becomes.  Files of the target are replaced, not written to.  Regular files, directories and
 * symbolic links (as links) are copied, with their mode but for the set-id bits and their times; of
 * others a warning tells.
 */
bool copy_tree(const CopyEnd *source, const CopyEnd *target, bool contents_only, GError **error);

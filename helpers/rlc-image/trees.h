/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees of containers: what an overlay's upper directory changed, and a directory as a tar file.
 *
 * A lower directory is a path, or "builtin:busybox" for the image of that name, which is made in
 * memory.  Runs where the owners of all of them are as they are to be written.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "rlc-image/tree.h"

/*
 * Print what changed, each as KIND, path and NUL, on standard output.  lowers: topmost first, NULL
 * at the end, or NULL; owners: as for changes_find().
 */
bool trees_print_changes(const char *upper, char *const *lowers, bool owners, GError **error);

/*
 * Write the directory to standard output, under an overlay of its own over the lower ones where
 * there are any.  It may be one that is written to at the same time.
 */
bool trees_pack(const char *dir, char *const *lowers, TreeForm form, GError **error);

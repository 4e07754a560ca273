/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes: what an overlay's upper directory says about the layers below it.
 *
 * No overlay is mounted for it: each directory of the upper one is walked together with its like of
 * the layers, as the kernel would merge them, by descriptor and following no link.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

typedef struct {
	char kind; /* 'A' added, 'C' changed, 'D' deleted, as docker diff has them */
	char *path;
} Change;

/*
 * The changes (of Change *) in the order of their paths.  lowers: descriptors of the layers'
 * directories, topmost first.  A directory has changed when its mode or owner has, or what is in
 * it; owners: they can be compared, since both were written in one id map.
 */
GPtrArray *changes_find(int upper, const GArray *lowers, bool owners, GError **error);

/*
 * Did rlc make this file or directory (empty, of mode and size as st says) to mount on it?  Such
 * are no part of what a container wrote.
 */
bool changes_is_mount_point(int dir, const char *name, const char *path, const struct stat *st);

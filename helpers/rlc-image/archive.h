/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Archives: images that come in a tar file.  The archive is unpacked, by an Unpacker, into a
 * directory in the store's tmp/, where layout.h reads it.
 */
#pragma once

#include "image/reference.h"
#include "image/store.h"
#include "rlc-image/source.h"

typedef struct {
	const Store *store;
	char *path; /* within the store; NULL: nothing to remove */
} ArchiveDir;

/* Remove the directory, if one was made. */
void archive_dir_clear(ArchiveDir *dir);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ArchiveDir, archive_dir_clear)

/* A file, or "-" for standard input. Descriptor or -1. */
int archive_open_input(const char *path, GError **error);

/* What messages call it: for "-" the path of the file that is this standard stream, if it is one.
 */
char *archive_shown(const char *path, int stream);

/* Unpack what input gives. Descriptor of the directory, or -1. */
int archive_unpack(const Store *store, int input, const char *what, ArchiveDir *ret,
		   GError **error);

/* What kind of archive lies in this directory? */
bool archive_has(int dir, const char *name);

/* A source for any transport but docker://. ret_dir must outlive it. */
Source *archive_open(const Store *store, const Reference *reference, ArchiveDir *ret_dir,
		     GError **error);

/* A layer's archive, compressed or not, from input into the store. ret_diff_id: caller frees. */
bool archive_add_layer(const Store *store, int input, const char *what, Descriptor *ret_layer,
		       char **ret_diff_id, GError **error);

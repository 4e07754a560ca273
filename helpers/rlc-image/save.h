/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Save: images of the store, for other programs to read. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "image/store.h"
#include "rlc-image/tree.h"

typedef enum {
	SAVE_DOCKER_ARCHIVE, /* as `docker save` writes it: layers are plain tar files */
	SAVE_OCI_ARCHIVE,    /* an OCI image layout as a tar file: blobs as they are */
	SAVE_OCI_DIR,	     /* the same as a directory */
} SaveFormat;

bool save_format_parse(const char *text, SaveFormat *ret_format);

/* Write images (of StoreImage *) to output, which is open for writing; what is for messages. */
bool save_archive(const Store *store, GPtrArray *images, SaveFormat format, int output,
		  const char *what, GError **error);

/* Write images into a directory, which is made. */
bool save_directory(const Store *store, GPtrArray *images, const char *path, GError **error);

/* Write an image's root, all layers in one, as a plain tar file. */
bool save_root(const Store *store, const StoreImage *image, int output, const char *what,
	       GError **error);

/* Write a directory as a tar file. */
bool save_tree(int dir, int output, TreeForm form, const char *what, GError **error);

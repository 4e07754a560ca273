/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/merge.h"

#include <errno.h>
#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "kernel/tree.h"
#include "rlc-image/blob.h"

typedef struct {
	const Store *store;
	const StoreImage *image;
} Merge;

static bool apply(const Store *store, const char *diff_id, int target, GError **error)
{
	auto_fd fd = blob_open_layer(store, diff_id);

	if (fd < 0)
		return error_errno(error, errno, "open layer '%s'", diff_id);
	return tree_apply_layer(fd, target, TREE_LINK, error);
}

static bool fill(int target, const void *data, GError **error)
{
	const Merge *merge = data;

	for (guint i = 0; i < merge->image->layers->len; i++) {
		if (!apply(merge->store, store_image_tree(merge->image, i), target, error))
			return false;
	}
	return true;
}

void merge_layers(const Store *store, const StoreImage *image)
{
	const Merge merge = {store, image};
	g_autofree char *chain = store_image_chain(image);
	g_autoptr(GError) error = NULL;

	if (chain && !blob_build_layer(store, chain, fill, &merge, &error))
		log_info("image '%s' keeps its %u layers apart: %s", image->name,
			 image->layers->len, error->message);
}

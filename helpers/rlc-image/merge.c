/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "kernel/tree.h"
#include "rlc-image/blob.h"

static bool apply(const Store *store, const char *diff_id, int target, GError **error)
{
	g_autofree char *layer = blob_layer_path(diff_id);
	g_autofree char *path = g_build_filename(layer, "diff", NULL);
	auto_fd fd = openat(store->dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_errno(error, errno, "open '%s/%s'", store->path, path);
	return tree_apply_layer(fd, target, TREE_LINK, error);
}

/* dir: a new directory, in which diff is made. */
static bool fill(const Store *store, const StoreImage *image, int dir, GError **error)
{
	auto_fd target = -1;

	if (mkdirat(dir, "diff", 0755) == 0)
		target = openat(dir, "diff", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return error_errno(error, errno, "make a directory for merged layers");
	for (guint i = 0; i < image->layers->len; i++) {
		if (!apply(store, store_image_tree(image, i), target, error))
			return false;
	}
	return syncfs(target) == 0 || error_errno(error, errno, "sync the merged layers");
}

static bool make(const Store *store, const StoreImage *image, const char *fresh, const char *chain,
		 GError **error)
{
	auto_fd dir = -1;

	if (mkdirat(store->dir, fresh, 0700) == 0)
		dir = openat(store->dir, fresh, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(error, errno, "make '%s/%s'", store->path, fresh);
	return fill(store, image, dir, error) && blob_place_layer(store, fresh, chain, error);
}

void merge_layers(const Store *store, const StoreImage *image)
{
	g_autofree char *chain = store_image_chain(image);
	g_autofree char *fresh = g_strdup_printf("tmp/merge-%d", getpid());
	g_autoptr(GError) error = NULL, left = NULL;

	if (!chain || blob_layer_is_in_store(store, chain))
		return;
	if (!make(store, image, fresh, chain, &error))
		log_info("image '%s' keeps its %u layers apart: %s", image->name,
			 image->layers->len, error->message);
	if (!tree_remove(store->dir, fresh, &left))
		log_warn("%s", left->message);
}

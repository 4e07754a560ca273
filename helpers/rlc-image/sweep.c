/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "kernel/tree.h"
#include "rlc-image/blob.h"

#define KEPT_LAYERS_MAX (1 << 20)
#define OCI_LAYOUT	"{\"imageLayoutVersion\":\"1.0.0\"}"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* ----------------------------------------------------------------------------------- index.json */

static bool write_file(const Store *store, const char *path, const char *text, GError **error)
{
	g_autofree char *tmp = g_strdup_printf("tmp/%s.%d", path, getpid());
	auto_fd fd = openat(store->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			    0600);

	if (fd < 0 || !fd_write_all(fd, text, strlen(text)) || fsync(fd) < 0 ||
	    renameat(store->dir, tmp, store->dir, path) < 0)
		return error_errno(error, errno, "write '%s/%s'", store->path, path);
	return true;
}

static Manifest *read_manifest(const Store *store, const StoreImage *image, size_t *ret_length,
			       GError **error)
{
	g_autofree char *text = blob_read(store, image->manifest, error);
	g_autofree char *what = g_strdup_printf("manifest of '%s'", image->name);

	if (!text)
		return NULL;
	*ret_length = strlen(text);
	return manifest_parse(text, *ret_length, NULL, what, error);
}

static json_t *describe(const Store *store, const StoreImage *image)
{
	g_autoptr(GError) failure = NULL;
	size_t length = 0;
	g_autoptr(Manifest) manifest = read_manifest(store, image, &length, &failure);

	if (!manifest) {
		log_warn("%s", failure->message);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:I, s:{s:s, s:s}, s:{s:s}}", "mediaType",
			 manifest->media_type, "digest", image->manifest, "size",
			 (json_int_t)length, "platform", "os", image->os ? image->os : "linux",
			 "architecture", image->architecture ? image->architecture : "unknown",
			 "annotations", "org.opencontainers.image.ref.name", image->name);
}

bool sweep_write_index(const Store *store, GError **error)
{
	auto_fd lock =
		openat(store->dir, "index.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	g_autoptr(GPtrArray) images = NULL;
	g_autoptr(json_t) root = json_object();
	json_t *list = json_array();
	char *text;
	bool ok;

	if (lock < 0 || TEMP_FAILURE_RETRY(flock(lock, LOCK_EX)) < 0) {
		json_decref(list);
		return error_errno(error, errno, "lock '%s/index.lock'", store->path);
	}
	images = store_images(store, error);
	for (guint i = 0; images && i < images->len; i++)
		json_array_append_new(list, describe(store, g_ptr_array_index(images, i)));
	json_object_set_new(root, "schemaVersion", json_integer(2));
	json_object_set_new(root, "mediaType", json_string(MEDIA_OCI_INDEX));
	json_object_set_new(root, "manifests", list);
	text = json_dumps(root, JSON_COMPACT);
	ok = images && write_file(store, "oci-layout", OCI_LAYOUT, error) &&
	     write_file(store, "index.json", text, error);
	free(text);
	return ok;
}

/* -------------------------------------------------------------------------------------- sweeping
 */

typedef struct {
	const Store *store;
	GHashTable *blobs, *layers; /* digits of what is needed */
	GPtrArray *removed;
} Sweep;

static void need(GHashTable *set, const char *digest)
{
	g_hash_table_add(set, g_strdup(digest_hex(digest)));
}

static bool mark(Sweep *sweep, const StoreImage *image, GError **error)
{
	size_t length;
	g_autoptr(Manifest) manifest = read_manifest(sweep->store, image, &length, error);
	g_autofree char *merged = store_image_chain(image);

	if (!manifest)
		return false;
	need(sweep->blobs, image->manifest);
	need(sweep->blobs, image->config);
	for (guint i = 0; i < manifest->layers->len; i++) {
		const Descriptor *layer = g_ptr_array_index(manifest->layers, i);

		need(sweep->blobs, layer->digest);
	}
	for (guint i = 0; i < image->layers->len; i++)
		need(sweep->layers, g_ptr_array_index(image->layers, i));
	for (guint i = 0; i < image->trees->len; i++)
		need(sweep->layers, g_ptr_array_index(image->trees, i));
	if (merged)
		need(sweep->layers, merged);
	return true;
}

static bool mark_all(Sweep *sweep, GError **error)
{
	g_autoptr(GPtrArray) images = store_images(sweep->store, error);

	for (guint i = 0; images && i < images->len; i++) {
		if (!mark(sweep, g_ptr_array_index(images, i), error))
			return false;
	}
	return images != NULL;
}

/* What a container that is kept was made of: it can be started again. */
static void mark_kept(Sweep *sweep)
{
	auto_fd fd = openat(sweep->store->dir, STORE_KEPT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fd_list(fd) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		g_autofree char *path = g_build_filename(entry->d_name, STORE_KEPT_LAYERS, NULL);
		g_autofree char *text = fd_read_file(fd, path, KEPT_LAYERS_MAX, NULL);
		g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;

		for (char **line = lines; line && *line; line++)
			g_hash_table_add(sweep->layers, g_strdup(*line));
	}
	if (dir)
		closedir(dir);
}

typedef bool (*SweepEntry)(Sweep *sweep, int dir, const char *name, GError **error);

static bool each_entry(Sweep *sweep, const char *path, SweepEntry function, GError **error)
{
	auto_fd fd = openat(sweep->store->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fd_list(fd) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (!dir)
		return error_errno(error, errno, "list '%s/%s'", sweep->store->path, path);
	while (ok && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = function(sweep, fd, entry->d_name, error);
	}
	closedir(dir);
	return ok;
}

static bool sweep_blob(Sweep *sweep, int dir, const char *name, GError **error)
{
	if (g_hash_table_contains(sweep->blobs, name))
		return true;
	if (unlinkat(dir, name, 0) < 0)
		return error_errno(error, errno, "remove blob '%s'", name);
	g_ptr_array_add(sweep->removed, g_strconcat("sha256:", name, NULL));
	return true;
}

/* A layer that a container uses is held by it, and stays. */
static bool sweep_layer(Sweep *sweep, int dir, const char *name, GError **error)
{
	g_autofree char *dead = g_strconcat("tmp/dead-", name, NULL);
	auto_fd layer = -1;

	if (g_hash_table_contains(sweep->layers, name))
		return true;
	layer = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (layer >= 0 && flock(layer, LOCK_EX | LOCK_NB) < 0) {
		log_info("layer %.12s is in use and stays", name);
		return true;
	}
	/* out of sight at once, however long its files take */
	if (renameat(dir, name, sweep->store->dir, dead) < 0)
		return error_errno(error, errno, "remove layer '%s'", name);
	g_ptr_array_add(sweep->removed, g_strconcat("layer:", name, NULL));
	return tree_remove(sweep->store->dir, dead, error);
}

/* Nobody is adding to the store: whatever is here was left behind. */
static bool sweep_leftover(Sweep *sweep, int dir, const char *name, GError **error)
{
	(void)sweep;
	return tree_remove(dir, name, error);
}

bool sweep_store(const Store *store, GPtrArray **ret_removed, GError **error)
{
	Sweep sweep = {.store = store};
	auto_fd lock = store_lock(store, true, error);
	bool ok;

	if (lock < 0)
		return false;
	sweep.blobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	sweep.layers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	sweep.removed = g_ptr_array_new_with_free_func(g_free);
	mark_kept(&sweep);
	ok = mark_all(&sweep, error) && each_entry(&sweep, "tmp", sweep_leftover, error) &&
	     each_entry(&sweep, "layers", sweep_layer, error) &&
	     each_entry(&sweep, "blobs/sha256", sweep_blob, error) &&
	     sweep_write_index(store, error);
	g_hash_table_unref(sweep.blobs);
	g_hash_table_unref(sweep.layers);
	if (ok)
		*ret_removed = sweep.removed;
	else
		g_ptr_array_unref(sweep.removed);
	return ok;
}

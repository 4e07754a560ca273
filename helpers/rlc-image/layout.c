/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/digest.h"
#include "kernel/mount.h"
#include "rlc-image/hash.h"

#define BLOCK (256 << 10)

typedef struct {
	Source source;
	int dir;
	char *path;	   /* for messages */
	bool flat;	   /* blobs are files named by their digits, else below blobs/sha256 */
	char *first;	   /* file of the top manifest, or NULL where text has it */
	char *text;	   /* the top manifest, if it was made here */
	GHashTable *files; /* digest → file, for a docker archive; else NULL */
} Layout;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

static void layout_free(Source *source)
{
	Layout *layout = (Layout *)source;

	fd_close(&layout->dir);
	g_free(layout->path);
	g_free(layout->first);
	g_free(layout->text);
	g_clear_pointer(&layout->files, g_hash_table_unref);
	g_free(source->name);
	g_free(source->digest);
	g_free(layout);
}

/* A regular file below the directory; links are followed within it only. */
static int open_file(const Layout *layout, const char *path, GError **error)
{
	auto_fd at = mount_open(layout->dir, path, MOUNT_FOLLOW, NULL);
	g_autofree char *self = NULL;
	struct stat st;
	int fd;

	if (at < 0) {
		error_errno(error, errno, "open '%s/%s'", layout->path, path);
		return -1;
	}
	self = g_strdup_printf("/proc/self/fd/%d", at);
	if (fstat(at, &st) < 0 || !S_ISREG(st.st_mode)) {
		error_set(error, RLC_ERROR_FAILED, "read '%s/%s': it is no regular file",
			  layout->path, path);
		return -1;
	}
	fd = open(self, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		error_errno(error, errno, "open '%s/%s'", layout->path, path);
	return fd;
}

static char *blob_path(const Layout *layout, const char *digest)
{
	if (layout->files)
		return g_strdup(g_hash_table_lookup(layout->files, digest));
	return layout->flat ? g_strdup(digest_hex(digest))
			    : g_strconcat("blobs/sha256/", digest_hex(digest), NULL);
}

static char *read_small(const Layout *layout, const char *path, size_t *ret_length, GError **error)
{
	auto_fd fd = open_file(layout, path, error);
	struct stat st;
	char *text;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > MANIFEST_MAX) {
		error_set(error, RLC_ERROR_FAILED, "read '%s/%s': it is larger than 4 MiB",
			  layout->path, path);
		return NULL;
	}
	text = fd >= 0 ? fd_read_all(fd, path, MANIFEST_MAX, error) : NULL;
	if (text)
		*ret_length = strlen(text);
	return text;
}

static bool layout_read_manifest(Source *source, const char *digest, char **ret_text,
				 size_t *ret_length, char **ret_type, GError **error)
{
	Layout *layout = (Layout *)source;
	g_autofree char *path = digest ? blob_path(layout, digest) : g_strdup(layout->first);
	char *text;

	*ret_type = NULL;
	if (!digest && layout->text) {
		*ret_text = g_strdup(layout->text);
		*ret_length = strlen(layout->text);
		return true;
	}
	text = read_small(layout, path, ret_length, error);
	if (!text)
		return false;
	*ret_text = text;
	return true;
}

static bool layout_read_blob(Source *source, const Descriptor *blob, uint64_t offset,
			     SourceSink sink, gpointer data, GError **error)
{
	Layout *layout = (Layout *)source;
	g_autofree char *path = blob_path(layout, blob->digest);
	g_autofree char *block = g_malloc(BLOCK);
	auto_fd fd = -1;
	ssize_t n;

	if (!path)
		return error_set(error, RLC_ERROR_NOT_FOUND, "read '%s': it has no blob %s",
				 layout->path, blob->digest);
	fd = open_file(layout, path, error);
	if (fd < 0)
		return false;
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return error_errno(error, errno, "read '%s/%s'", layout->path, path);
	while ((n = TEMP_FAILURE_RETRY(read(fd, block, BLOCK))) > 0) {
		if (!sink(data, block, (size_t)n, error))
			return false;
	}
	return n == 0 || error_errno(error, errno, "read '%s/%s'", layout->path, path);
}

static Layout *layout_new(int dir, const char *path)
{
	Layout *layout = g_new0(Layout, 1);

	layout->source.read_manifest = layout_read_manifest;
	layout->source.read_blob = layout_read_blob;
	layout->source.free = layout_free;
	layout->dir = dir;
	layout->path = g_strdup(path);
	return layout;
}

/* ---------------------------------------------------------------------------------- OCI layout */

static Manifest *read_index(const Layout *layout, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s/index.json'", layout->path);
	g_autofree char *text = NULL;
	size_t length;

	text = read_small(layout, "index.json", &length, error);
	return text ? manifest_parse(text, length, MEDIA_OCI_INDEX, what, error) : NULL;
}

static const IndexEntry *choose_entry(const Layout *layout, const Manifest *index,
				      const char *inner, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (guint i = 0; i < index->entries->len; i++) {
		const IndexEntry *entry = g_ptr_array_index(index->entries, i);

		if (inner ? g_strcmp0(entry->ref_name, inner) == 0 : index->entries->len == 1)
			return entry;
		g_string_append_printf(known, "%s%s", known->len ? ", " : "",
				       entry->ref_name ? entry->ref_name : "(no name)");
	}
	if (inner)
		error_set(error, RLC_ERROR_NOT_FOUND, "read '%s': no image '%s'; there are: %s",
			  layout->path, inner, known->len ? known->str : "none");
	else
		error_set(error, RLC_ERROR_USAGE,
			  "read '%s': choose an image by :NAME; there are: %s", layout->path,
			  known->len ? known->str : "none");
	return NULL;
}

Source *layout_open_oci(int dir, const char *path, const char *inner, GError **error)
{
	g_autoptr(Source) source = &layout_new(dir, path)->source;
	Layout *layout = (Layout *)source;
	g_autoptr(Manifest) index = read_index(layout, error);
	const IndexEntry *entry = index ? choose_entry(layout, index, inner, error) : NULL;

	if (!entry)
		return NULL;
	layout->first = blob_path(layout, entry->descriptor.digest);
	source->name = g_strdup(entry->ref_name);
	source->digest = g_strdup(entry->descriptor.digest);
	return g_steal_pointer(&source);
}

Source *layout_open_dir(int dir, const char *path, GError **error)
{
	Layout *layout = layout_new(dir, path);

	(void)error;
	layout->flat = true;
	layout->first = g_strdup("manifest.json");
	return &layout->source;
}

/* ------------------------------------------------------------------------------ docker archive */

static json_t *read_docker_list(const Layout *layout, GError **error)
{
	g_autofree char *text = NULL;
	json_error_t where;
	json_t *list;
	size_t length;

	text = read_small(layout, "manifest.json", &length, error);
	if (!text)
		return NULL;
	list = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	if (!list)
		error_set(error, RLC_ERROR_FAILED,
			  "read '%s/manifest.json': line %d, column %d: %s", layout->path,
			  where.line, where.column, where.text);
	else if (!json_is_array(list))
		error_set(error, RLC_ERROR_FAILED, "read '%s/manifest.json': it is no list",
			  layout->path);
	if (json_is_array(list))
		return list;
	json_decref(list);
	return NULL;
}

static bool has_tag(json_t *image, const char *inner)
{
	json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(image, "RepoTags"), i, tag)
	{
		if (json_is_string(tag) && strcmp(json_string_value(tag), inner) == 0)
			return true;
	}
	return false;
}

/* Borrowed from the list. */
static json_t *choose_docker(const Layout *layout, json_t *list, const char *inner, GError **error)
{
	json_t *image;
	size_t i;

	json_array_foreach(list, i, image)
	{
		if (inner ? has_tag(image, inner) : json_array_size(list) == 1)
			return image;
	}
	if (inner)
		error_set(error, RLC_ERROR_NOT_FOUND, "read '%s': it has no image '%s'",
			  layout->path, inner);
	else
		error_set(error, RLC_ERROR_USAGE,
			  "read '%s': it has %zu images; choose one by :NAME:TAG", layout->path,
			  json_array_size(list));
	return NULL;
}

/* What is in this file, as a blob: its digest and size, and how it is compressed. */
static Descriptor *describe_file(Layout *layout, const char *path, bool config, GError **error)
{
	g_autofree unsigned char *block = g_malloc(BLOCK);
	g_autofree char *digest = NULL;
	auto_fd fd = open_file(layout, path, error);
	const char *type = config ? MEDIA_OCI_CONFIG : MEDIA_OCI_LAYER;
	uint64_t size = 0;
	ssize_t n;
	Hash hash;

	if (fd < 0)
		return NULL;
	hash_start(&hash);
	while ((n = TEMP_FAILURE_RETRY(read(fd, block, BLOCK))) > 0) {
		if (size == 0 && !config && n > 4)
			type = block[0] == 0x1f && block[1] == 0x8b	   ? MEDIA_OCI_LAYER "+gzip"
			       : memcmp(block, "\x28\xb5\x2f\xfd", 4) == 0 ? MEDIA_OCI_LAYER "+zstd"
									   : MEDIA_OCI_LAYER;
		hash_add(&hash, block, (size_t)n);
		size += (uint64_t)n;
	}
	if (n < 0) {
		error_errno(error, errno, "read '%s/%s'", layout->path, path);
		return NULL;
	}
	digest = hash_digest(&hash);
	g_hash_table_replace(layout->files, g_strdup(digest), g_strdup(path));
	return descriptor_new(type, digest, size);
}

static bool wrong_docker(const Layout *layout, GError **error)
{
	return error_set(error, RLC_ERROR_FAILED,
			 "read '%s/manifest.json': an image lacks Config or Layers", layout->path);
}

/* The manifest that a registry would have for it. */
static bool make_manifest(Layout *layout, json_t *image, GError **error)
{
	const char *config_path = json_string_value(json_object_get(image, "Config"));
	json_t *list = json_object_get(image, "Layers"), *path;
	g_autoptr(GPtrArray) layers =
		g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free);
	Descriptor *config;
	size_t i;

	if (!config_path || !json_is_array(list) || json_array_size(list) > MANIFEST_LAYERS_MAX)
		return wrong_docker(layout, error);
	json_array_foreach(list, i, path)
	{
		Descriptor *layer;

		if (!json_is_string(path))
			return wrong_docker(layout, error);
		layer = describe_file(layout, json_string_value(path), false, error);
		if (!layer)
			return false;
		g_ptr_array_add(layers, layer);
	}
	config = describe_file(layout, config_path, true, error);
	if (!config)
		return false;
	layout->text = manifest_write(config, layers);
	descriptor_free(config);
	return true;
}

Source *layout_open_docker(int dir, const char *path, const char *inner, GError **error)
{
	g_autoptr(Source) source = &layout_new(dir, path)->source;
	Layout *layout = (Layout *)source;
	g_autoptr(json_t) list = read_docker_list(layout, error);
	json_t *image = list ? choose_docker(layout, list, inner, error) : NULL;

	if (!image)
		return NULL;
	layout->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!make_manifest(layout, image, error))
		return NULL;
	source->name = g_strdup(
		inner ? inner
		      : json_string_value(json_array_get(json_object_get(image, "RepoTags"), 0)));
	return g_steal_pointer(&source);
}

static bool docker_names(const Layout *layout, GPtrArray *names, GError **error)
{
	g_autoptr(json_t) list = read_docker_list(layout, error);
	json_t *image, *tag;
	size_t i, j;

	json_array_foreach(list, i, image)
	{
		json_array_foreach(json_object_get(image, "RepoTags"), j, tag)
		{
			if (json_is_string(tag))
				g_ptr_array_add(names, g_strdup(json_string_value(tag)));
		}
	}
	return list != NULL;
}

static bool oci_names(const Layout *layout, GPtrArray *names, GError **error)
{
	g_autoptr(Manifest) index = read_index(layout, error);

	for (guint i = 0; index && i < index->entries->len; i++) {
		const IndexEntry *entry = g_ptr_array_index(index->entries, i);

		if (entry->ref_name)
			g_ptr_array_add(names, g_strdup(entry->ref_name));
	}
	return index != NULL;
}

GPtrArray *layout_names(int dir, const char *path, bool docker, GError **error)
{
	Layout layout = {.dir = dir, .path = (char *)path};
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	if (!(docker ? docker_names : oci_names)(&layout, names, error))
		return NULL;
	return g_steal_pointer(&names);
}

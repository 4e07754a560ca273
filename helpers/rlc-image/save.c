/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/save.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/overlay.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "rlc-image/blob.h"
#include "rlc-image/sweep.h"
#include "rlc-image/tree.h"

#define BLOCK	   (256 << 10)
#define OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)
typedef struct archive_entry ArchiveEntry;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveEntry, archive_entry_free)

/* Where files go: a tar file, or a directory. */
typedef struct {
	const Store *store;
	struct archive *archive; /* or NULL */
	int dir;		 /* or -1 */
	const char *what;
	GHashTable *written; /* paths: what images share is written once */
} Save;

bool save_format_parse(const char *text, SaveFormat *ret_format)
{
	static const char *const names[] = {
		[SAVE_DOCKER_ARCHIVE] = "docker-archive",
		[SAVE_OCI_ARCHIVE] = "oci-archive",
		[SAVE_OCI_DIR] = "oci-dir",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_format = (SaveFormat)i;
			return true;
		}
	}
	return false;
}

/* ----------------------------------------------------------------------------------- the writer */

static bool begin_entry(const Save *save, const char *path, mode_t type, uint64_t size,
			GError **error)
{
	g_autoptr(ArchiveEntry) entry = archive_entry_new();

	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, type | (type == S_IFDIR ? 0755 : 0644));
	archive_entry_set_size(entry, (la_int64_t)size);
	return archive_write_header(save->archive, entry) == ARCHIVE_OK ||
	       tree_archive_failed(save->archive, save->what, error);
}

static bool write_block(const Save *save, int fd, const void *bytes, size_t length, GError **error)
{
	if (save->archive)
		return archive_write_data(save->archive, bytes, length) >= 0 ||
		       tree_archive_failed(save->archive, save->what, error);
	return fd_write_all(fd, bytes, length) ||
	       error_errno(error, errno, "write '%s'", save->what);
}

static int begin_file(const Save *save, const char *path, uint64_t size, GError **error)
{
	int fd;

	if (save->archive)
		return begin_entry(save, path, S_IFREG, size, error) ? 0 : -1;
	fd = openat(save->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		error_errno(error, errno, "make '%s/%s'", save->what, path);
	return fd;
}

static bool write_text(Save *save, const char *path, const char *text, GError **error)
{
	int fd;
	bool ok;

	if (!g_hash_table_add(save->written, g_strdup(path)))
		return true;
	fd = begin_file(save, path, strlen(text), error);
	ok = fd >= 0 && write_block(save, fd, text, strlen(text), error);
	if (!save->archive)
		fd_close(&fd);
	return ok;
}

static bool write_file(Save *save, const char *path, int from, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK);
	struct stat st;
	ssize_t n = 0;
	int fd;
	bool ok;

	if (!g_hash_table_add(save->written, g_strdup(path)))
		return true;
	if (fstat(from, &st) < 0 || lseek(from, 0, SEEK_SET) < 0)
		return error_errno(error, errno, "read '%s'", path);
	fd = begin_file(save, path, (uint64_t)st.st_size, error);
	ok = fd >= 0;
	while (ok && (n = TEMP_FAILURE_RETRY(read(from, block, BLOCK))) > 0)
		ok = write_block(save, fd, block, (size_t)n, error);
	if (!save->archive)
		fd_close(&fd);
	return ok && (n == 0 || error_errno(error, errno, "read '%s'", path));
}

static bool write_dir(Save *save, const char *path, GError **error)
{
	if (save->archive)
		return begin_entry(save, path, S_IFDIR, 0, error);
	return mkdirat(save->dir, path, 0755) == 0 || errno == EEXIST ||
	       error_errno(error, errno, "make '%s/%s'", save->what, path);
}

static int open_blob(const Save *save, const char *digest, GError **error)
{
	g_autofree char *path = blob_path(digest);
	int fd = openat(save->store->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		error_errno(error, errno, "open blob %s of the store", digest);
	return fd;
}

static bool write_blob(Save *save, const char *digest, GError **error)
{
	g_autofree char *path = blob_path(digest);
	auto_fd fd = open_blob(save, digest, error);

	return fd >= 0 && write_file(save, path, fd, error);
}

static Manifest *read_manifest(const Save *save, const StoreImage *image, size_t *ret_length,
			       GError **error)
{
	g_autofree char *text = blob_read(save->store, image->manifest, error);

	if (!text)
		return NULL;
	*ret_length = strlen(text);
	return manifest_parse(text, *ret_length, NULL, image->name, error);
}

/* ------------------------------------------------------------------------------------------- OCI
 */

static bool write_oci_image(Save *save, const StoreImage *image, json_t *list, GError **error)
{
	size_t length = 0;
	g_autoptr(Manifest) manifest = read_manifest(save, image, &length, error);

	if (!manifest || !write_blob(save, image->manifest, error) ||
	    !write_blob(save, image->config, error))
		return false;
	for (guint i = 0; i < manifest->layers->len; i++) {
		const Descriptor *layer = g_ptr_array_index(manifest->layers, i);

		if (!write_blob(save, layer->digest, error))
			return false;
	}
	json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:{s:s}}", "mediaType",
					      manifest->media_type, "digest", image->manifest,
					      "size", (json_int_t)length, "annotations",
					      "org.opencontainers.image.ref.name", image->name));
	return true;
}

static bool write_oci(Save *save, GPtrArray *images, GError **error)
{
	g_autoptr(json_t) index =
		json_pack("{s:i, s:s}", "schemaVersion", 2, "mediaType", MEDIA_OCI_INDEX);
	json_t *list = json_array();
	char *text;
	bool ok;

	json_object_set_new(index, "manifests", list);
	ok = write_text(save, "oci-layout", OCI_LAYOUT, error) && write_dir(save, "blobs", error) &&
	     write_dir(save, "blobs/sha256", error);
	for (guint i = 0; ok && i < images->len; i++)
		ok = write_oci_image(save, g_ptr_array_index(images, i), list, error);
	text = json_dumps(index, JSON_COMPACT);
	ok = ok && write_text(save, "index.json", text, error);
	free(text);
	return ok;
}

/* ---------------------------------------------------------------------------------------- docker
 */

/* A file without a name with what the blob holds, uncompressed. */
static int uncompress(const Save *save, const char *digest, GError **error)
{
	struct archive *reader = archive_read_new();
	struct archive_entry *entry;
	auto_fd blob = open_blob(save, digest, error);
	auto_fd plain = openat(save->store->dir, "tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	int rc = ARCHIVE_FATAL;

	archive_read_support_filter_gzip(reader);
	archive_read_support_filter_zstd(reader);
	archive_read_support_format_raw(reader);
	archive_read_support_format_empty(reader);
	if (blob >= 0 && plain >= 0) {
		rc = archive_read_open_fd(reader, blob, BLOCK);
		if (rc == ARCHIVE_OK)
			rc = archive_read_next_header(reader, &entry);
		if (rc == ARCHIVE_OK)
			rc = archive_read_data_into_fd(reader, plain);
		if (rc < ARCHIVE_WARN)
			tree_archive_failed(reader, digest, error);
	} else if (blob >= 0) {
		error_errno(error, errno, "make a file in '%s/tmp'", save->store->path);
	}
	archive_read_free(reader);
	return rc < ARCHIVE_WARN ? -1 : fd_steal(&plain);
}

static bool write_docker_layer(Save *save, const char *digest, const char *diff_id, json_t *list,
			       GError **error)
{
	g_autofree char *path = g_strconcat(digest_hex(diff_id), ".tar", NULL);
	auto_fd plain = -1;

	json_array_append_new(list, json_string(path));
	if (g_hash_table_contains(save->written, path))
		return true;
	plain = uncompress(save, digest, error);
	return plain >= 0 && write_file(save, path, plain, error);
}

/* "docker.io/library/debian:12" is "debian:12" to docker; a name by digest is none. */
static json_t *docker_tags(const StoreImage *image)
{
	json_t *tags = json_array();
	g_autofree char *name = reference_short_name(image->name);
	const char *tag = g_str_has_prefix(name, "docker://") ? image->name : name;

	if (!strchr(tag, '@'))
		json_array_append_new(tags, json_string(tag));
	return tags;
}

static bool write_docker_image(Save *save, const StoreImage *image, json_t *list, GError **error)
{
	g_autofree char *config = g_strconcat(digest_hex(image->config), ".json", NULL);
	auto_fd config_fd = open_blob(save, image->config, error);
	json_t *layers = json_array();
	size_t length;
	g_autoptr(Manifest) manifest =
		config_fd >= 0 ? read_manifest(save, image, &length, error) : NULL;
	bool ok = manifest && write_file(save, config, config_fd, error);

	for (guint i = 0; ok && i < manifest->layers->len; i++) {
		const Descriptor *layer = g_ptr_array_index(manifest->layers, i);

		ok = write_docker_layer(save, layer->digest, g_ptr_array_index(image->layers, i),
					layers, error);
	}
	json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "Config", config, "RepoTags",
					      docker_tags(image), "Layers", layers));
	return ok;
}

static bool write_docker(Save *save, GPtrArray *images, GError **error)
{
	g_autoptr(json_t) list = json_array();
	char *text;
	bool ok = true;

	for (guint i = 0; ok && i < images->len; i++)
		ok = write_docker_image(save, g_ptr_array_index(images, i), list, error);
	text = json_dumps(list, JSON_COMPACT);
	ok = ok && write_text(save, "manifest.json", text, error);
	free(text);
	return ok;
}

/* ------------------------------------------------------------------------------------------ both
 */

static struct archive *open_writer(int output, bool tree, const char *what, GError **error)
{
	struct archive *archive = archive_write_new();

	/* a tree has times with fractions, and attributes */
	(tree ? archive_write_set_format_pax : archive_write_set_format_pax_restricted)(archive);
	archive_write_set_bytes_in_last_block(archive, 1);
	if (archive_write_open_fd(archive, output) == ARCHIVE_OK)
		return archive;
	tree_archive_failed(archive, what, error);
	archive_write_free(archive);
	return NULL;
}

static bool close_writer(struct archive *archive, bool ok, const char *what, GError **error)
{
	if (ok && archive_write_close(archive) != ARCHIVE_OK)
		ok = tree_archive_failed(archive, what, error);
	archive_write_free(archive);
	return ok;
}

static bool save_images(Save *save, GPtrArray *images, SaveFormat format, GError **error)
{
	auto_fd lock = store_lock(save->store, false, error);
	bool ok;

	if (lock < 0)
		return false;
	save->written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	ok = (format == SAVE_DOCKER_ARCHIVE ? write_docker : write_oci)(save, images, error);
	g_hash_table_unref(save->written);
	return ok;
}

bool save_archive(const Store *store, GPtrArray *images, SaveFormat format, int output,
		  const char *what, GError **error)
{
	Save save = {.store = store, .dir = -1, .what = what};

	save.archive = open_writer(output, false, what, error);
	if (!save.archive)
		return false;
	return close_writer(save.archive, save_images(&save, images, format, error), what, error);
}

bool save_directory(const Store *store, GPtrArray *images, const char *path, GError **error)
{
	Save save = {.store = store, .dir = -1, .what = path};
	auto_fd dir = -1;

	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return error_errno(error, errno, "make '%s'", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(error, errno, "open '%s'", path);
	save.dir = dir;
	return save_images(&save, images, SAVE_OCI_DIR, error);
}

bool save_tree(int dir, int output, TreeForm form, const char *what, GError **error)
{
	struct archive *archive = open_writer(output, true, what, error);

	return archive && close_writer(archive, tree_write(dir, archive, form, error), what, error);
}

/* Topmost first, as overlays count. */
static GPtrArray *layer_dirs(const Store *store, const StoreImage *image)
{
	GPtrArray *dirs = g_ptr_array_new_with_free_func(g_free);

	for (guint i = image->layers->len; i > 0; i--) {
		g_autofree char *layer = blob_layer_path(store_image_tree(image, i - 1));

		g_ptr_array_add(dirs, g_build_filename(store->path, layer, "diff", NULL));
	}
	return dirs;
}

bool save_root(const Store *store, const StoreImage *image, int output, const char *what,
	       GError **error)
{
	g_autoptr(GPtrArray) dirs = layer_dirs(store, image);
	auto_fd lock = store_lock(store, false, error);
	OverlayUpper upper = OVERLAY_TMPFS;
	auto_fd root = -1, readable = -1;

	if (lock < 0)
		return false;
	if (dirs->len == 0)
		return error_set(error, RLC_ERROR_STATE, "export '%s': it has no files",
				 image->name);
	root = overlay_stack_layers(dirs, &upper, error);
	fd_close(&upper.opened);
	if (root < 0)
		return false;
	readable = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (readable < 0)
		return error_errno(error, errno, "open the root of '%s'", image->name);
	return save_tree(readable, output, TREE_ROOT, what, error);
}

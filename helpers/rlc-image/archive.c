/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "kernel/tree.h"
#include "rlc-image/blob.h"
#include "rlc-image/hash.h"
#include "rlc-image/layout.h"
#include "rlc-image/unpack.h"

#define BLOCK (256 << 10)

void archive_dir_clear(ArchiveDir *dir)
{
	g_autoptr(GError) failure = NULL;

	if (dir->path && !tree_remove(dir->store->dir, dir->path, &failure))
		log_warn("%s", failure->message);
	g_clear_pointer(&dir->path, g_free);
}

/* An empty directory of the store's tmp/. What is there is of a process that had our number. */
static int make_dir(const Store *store, const char *path, GError **error)
{
	int fd = -1;

	if (!tree_remove(store->dir, path, error))
		return -1;
	if (mkdirat(store->dir, path, 0700) == 0)
		fd = openat(store->dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		error_errno(error, errno, "make '%s/%s'", store->path, path);
	return fd;
}

/* ----------------------------------------------------------------------------- archives of images
 */

int archive_open_input(const char *path, GError **error)
{
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		error_errno(error, errno, "open '%s'", path);
	return fd;
}

char *archive_shown(const char *path, int stream)
{
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", stream);
	g_autofree char *file = g_file_read_link(link, NULL);

	if (strcmp(path, "-") != 0)
		return g_strdup(path);
	if (file && *file == '/')
		return g_steal_pointer(&file);
	return g_strdup(stream == STDIN_FILENO ? "standard input" : "standard output");
}

/* Everything from input to output. An output that is gone says why itself. */
static bool copy_all(int input, int output, const char *what, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK);
	ssize_t n;

	while ((n = TEMP_FAILURE_RETRY(read(input, block, BLOCK))) > 0) {
		if (!fd_write_all(output, block, (size_t)n))
			return true;
	}
	return n == 0 || error_errno(error, errno, "read '%s'", what);
}

static bool finish(Unpacker *unpacker, const char *what, char **ret_diff_id, GError **error)
{
	if (unpack_finish(unpacker, ret_diff_id, error))
		return true;
	error_prefix(error, "read '%s': ", what);
	return false;
}

int archive_unpack(const Store *store, int input, const char *what, ArchiveDir *ret, GError **error)
{
	Unpacker unpacker;
	auto_fd dir = -1;
	bool ok;

	ret->store = store;
	ret->path = g_strdup_printf("tmp/archive-%d", getpid());
	dir = make_dir(store, ret->path, error);
	if (dir < 0 || !unpack_start(dir, NULL, &unpacker, error))
		return -1;
	ok = copy_all(input, unpacker.input, what, error) && finish(&unpacker, what, NULL, error);
	unpack_cancel(&unpacker);
	return ok ? fd_steal(&dir) : -1;
}

bool archive_has(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static Source *open_archive(const Store *store, const Reference *reference, ArchiveDir *ret_dir,
			    GError **error)
{
	auto_fd file = open(reference->path, O_RDONLY | O_CLOEXEC);
	int dir;

	if (file < 0) {
		error_errno(error, errno, "open '%s'", reference->path);
		return NULL;
	}
	dir = archive_unpack(store, file, reference->path, ret_dir, error);
	if (dir < 0)
		return NULL;
	return reference->transport == TRANSPORT_OCI_ARCHIVE
		       ? layout_open_oci(dir, reference->path, reference->inner, error)
		       : layout_open_docker(dir, reference->path, reference->inner, error);
}

static Source *open_directory(const Reference *reference, GError **error)
{
	int dir = open(reference->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0) {
		error_errno(error, errno, "open '%s'", reference->path);
		return NULL;
	}
	return reference->transport == TRANSPORT_OCI
		       ? layout_open_oci(dir, reference->path, reference->inner, error)
		       : layout_open_dir(dir, reference->path, error);
}

Source *archive_open(const Store *store, const Reference *reference, ArchiveDir *ret_dir,
		     GError **error)
{
	switch (reference->transport) {
	case TRANSPORT_OCI_ARCHIVE:
	case TRANSPORT_DOCKER_ARCHIVE:
		return open_archive(store, reference, ret_dir, error);
	case TRANSPORT_OCI:
	case TRANSPORT_DIR:
		return open_directory(reference, error);
	default:
		error_set(error, RLC_ERROR_USAGE, "open an image: this kind has nothing to fetch");
		return NULL;
	}
}

/* ----------------------------------------------------------------------------------- one layer */

typedef struct {
	const Store *store;
	Hash hash;
	uint64_t size;
	const char *type;
	int part;
	Unpacker unpacker;
} Import;

static const char *layer_type(const unsigned char *block, size_t length)
{
	if (length > 4 && block[0] == 0x1f && block[1] == 0x8b)
		return MEDIA_OCI_LAYER "+gzip";
	if (length > 4 && memcmp(block, "\x28\xb5\x2f\xfd", 4) == 0)
		return MEDIA_OCI_LAYER "+zstd";
	return MEDIA_OCI_LAYER;
}

static bool import_all(Import *import, int input, const char *what, GError **error)
{
	g_autofree unsigned char *block = g_malloc(BLOCK);
	bool unpacking = true;
	ssize_t n;

	hash_start(&import->hash);
	while ((n = TEMP_FAILURE_RETRY(read(input, block, BLOCK))) > 0) {
		if (import->size == 0)
			import->type = layer_type(block, (size_t)n);
		hash_add(&import->hash, block, (size_t)n);
		import->size += (uint64_t)n;
		if (!fd_write_all(import->part, block, (size_t)n))
			return error_errno(error, errno, "write a blob");
		unpacking = unpacking && fd_write_all(import->unpacker.input, block, (size_t)n);
		if (!unpacking)
			break;
	}
	if (n < 0)
		return error_errno(error, errno, "read '%s'", what);
	return import->size > 0 ||
	       error_set(error, RLC_ERROR_FAILED, "read '%s': it is empty", what);
}

static bool import_place(Import *import, const char *part, const char *layer, const char *digest,
			 const char *diff_id, GError **error)
{
	const Store *store = import->store;

	if (syncfs(store->dir) < 0)
		return error_errno(error, errno, "sync the store '%s'", store->path);
	return blob_place_layer(store, layer, diff_id, error) &&
	       blob_place(store, part, digest, error);
}

static bool import_run(Import *import, int input, const char *what, const char *part,
		       const char *layer, char **ret_digest, char **ret_diff_id, GError **error)
{
	auto_fd dir = blob_make_layer(import->store, layer, error);
	bool ok;

	import->part = openat(import->store->dir, part,
			      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (import->part < 0 && dir >= 0)
		return error_errno(error, errno, "make '%s/%s'", import->store->path, part);
	if (dir < 0 || !unpack_start(dir, NULL, &import->unpacker, error))
		return false;
	ok = import_all(import, input, what, error) &&
	     finish(&import->unpacker, what, ret_diff_id, error);
	unpack_cancel(&import->unpacker);
	if (!ok)
		return false;
	*ret_digest = hash_digest(&import->hash);
	return import_place(import, part, layer, *ret_digest, *ret_diff_id, error);
}

bool archive_add_layer(const Store *store, int input, const char *what, Descriptor *ret_layer,
		       char **ret_diff_id, GError **error)
{
	Import import = {.store = store, .part = -1};
	g_autofree char *part = g_strdup_printf("tmp/import-%d.part", getpid());
	g_autofree char *layer = g_strdup_printf("tmp/import-%d", getpid());
	g_autofree char *digest = NULL, *diff_id = NULL;
	bool ok = import_run(&import, input, what, part, layer, &digest, &diff_id, error);

	fd_close(&import.part);
	unlinkat(store->dir, part, 0);
	tree_remove(store->dir, layer, NULL);
	if (!ok)
		return false;
	*ret_layer = (Descriptor){g_strdup(import.type), g_steal_pointer(&digest), import.size};
	*ret_diff_id = g_steal_pointer(&diff_id);
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/digest.h"
#include "kernel/tree.h"
#include "rlc-image/hash.h"
#include "rlc-image/unpack.h"

#define BLOCK (256 << 10)

char *blob_path(const char *digest)
{
	return g_strconcat("blobs/sha256/", digest_hex(digest), NULL);
}

char *blob_part_path(const char *digest)
{
	return g_strconcat("tmp/", digest_hex(digest), ".part", NULL);
}

char *blob_layer_path(const char *diff_id)
{
	return g_strconcat("layers/", digest_hex(diff_id), NULL);
}

char *blob_new_layer_path(const char *digest)
{
	return g_strconcat("tmp/layer-", digest_hex(digest), NULL);
}

bool blob_is_in_store(const Store *store, const char *digest, uint64_t size)
{
	g_autofree char *path = blob_path(digest);
	struct stat st;

	return fstatat(store->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

bool blob_layer_is_in_store(const Store *store, const char *diff_id)
{
	g_autofree char *path = blob_layer_path(diff_id);
	struct stat st;

	return fstatat(store->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int blob_open_layer(const Store *store, const char *diff_id)
{
	g_autofree char *layer = blob_layer_path(diff_id);
	g_autofree char *diff = g_strconcat(layer, "/diff", NULL);

	return openat(store->dir, diff, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool blob_place(const Store *store, const char *part, const char *digest, GError **error)
{
	g_autofree char *blob = blob_path(digest);

	return renameat(store->dir, part, store->dir, blob) == 0 ||
	       error_errno(error, errno, "rename '%s/%s' to '%s'", store->path, part, blob);
}

int blob_make_layer(const Store *store, const char *path, GError **error)
{
	g_autofree char *diff = g_strconcat(path, "/diff", NULL);
	int dir;

	if (!tree_remove(store->dir, path, error))
		return -1;
	if (mkdirat(store->dir, path, 0700) < 0 || mkdirat(store->dir, diff, 0755) < 0) {
		error_errno(error, errno, "make '%s/%s'", store->path, diff);
		return -1;
	}
	dir = openat(store->dir, diff, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		error_errno(error, errno, "open '%s/%s'", store->path, diff);
	return dir;
}

bool blob_build_layer(const Store *store, const char *name, BlobFill fill, const void *data,
		      GError **error)
{
	g_autofree char *fresh = g_strdup_printf("tmp/build-%d", getpid());
	g_autoptr(GError) left = NULL;
	auto_fd target = -1;
	bool ok;

	if (blob_layer_is_in_store(store, name))
		return true;
	target = blob_make_layer(store, fresh, error);
	ok = target >= 0 && fill(target, data, error) &&
	     (syncfs(target) == 0 || error_errno(error, errno, "sync a layer")) &&
	     blob_place_layer(store, fresh, name, error);
	if (!ok && !tree_remove(store->dir, fresh, &left))
		log_warn("%s", left->message);
	return ok;
}

bool blob_place_layer(const Store *store, const char *fresh, const char *diff_id, GError **error)
{
	g_autofree char *layer = blob_layer_path(diff_id);

	if (renameat(store->dir, fresh, store->dir, layer) == 0)
		return true;
	if (errno == EEXIST || errno == ENOTEMPTY)
		return tree_remove(store->dir, fresh, error);
	return error_errno(error, errno, "rename '%s/%s' to '%s'", store->path, fresh, layer);
}

static bool is_same_file(int fd, int dir, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && fstatat(dir, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

int blob_lock(const Store *store, const char *digest, GError **error)
{
	g_autofree char *path = blob_part_path(digest);

	for (;;) {
		auto_fd part =
			openat(store->dir, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (part < 0) {
			error_errno(error, errno, "open '%s/%s'", store->path, path);
			return -1;
		}
		if (flock(part, LOCK_EX | LOCK_NB) < 0) {
			log_warn("blob %.12s is on its way already: waiting", digest_hex(digest));
			if (TEMP_FAILURE_RETRY(flock(part, LOCK_EX)) < 0) {
				error_errno(error, errno, "lock '%s/%s'", store->path, path);
				return -1;
			}
		}
		/* whoever had it has finished, and gave it another name */
		if (is_same_file(part, store->dir, path))
			return fd_steal(&part);
	}
}

/* ------------------------------------------------------------------------------------ one blob */

typedef struct {
	BlobJob *job;
	Hash hash;
	uint64_t length;
	Unpacker unpacker;
	bool unpacking; /* it still takes what comes */
	bool keep;	/* what comes is written to the part */
	bool wrong;	/* more came than was announced */
} Flow;

static bool flow_add(gpointer data, const void *bytes, size_t length, GError **error)
{
	Flow *flow = data;
	const Descriptor *blob = flow->job->blob;

	flow->wrong = length > blob->size - flow->length;
	if (flow->wrong)
		return error_set(error, RLC_ERROR_FAILED,
				 "fetch blob %s: it is longer than the %" G_GUINT64_FORMAT
				 " bytes announced",
				 blob->digest, blob->size);
	hash_add(&flow->hash, bytes, length);
	flow->length += length;
	flow->job->bar->done = flow->length;
	if (flow->keep && !fd_write_all(flow->job->part, bytes, length))
		return error_errno(error, errno, "write blob %s", blob->digest);
	/* an unpacker that gave up says why at the end; the digest may be to blame */
	if (flow->unpacking && !fd_write_all(flow->unpacker.input, bytes, length))
		flow->unpacking = false;
	return true;
}

/* What a file holds, from its beginning. */
static bool flow_add_file(Flow *flow, int fd, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK);
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(error, errno, "read blob %s", flow->job->blob->digest);
	while ((n = TEMP_FAILURE_RETRY(read(fd, block, BLOCK))) > 0) {
		if (!flow_add(flow, block, (size_t)n, error))
			return false;
	}
	return n == 0 || error_errno(error, errno, "read blob %s", flow->job->blob->digest);
}

static bool flow_from_store(Flow *flow, GError **error)
{
	g_autofree char *path = blob_path(flow->job->blob->digest);
	auto_fd fd = openat(flow->job->store->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_errno(error, errno, "open '%s'", path);
	return flow_add_file(flow, fd, error);
}

static bool flow_from_source(Flow *flow, GError **error)
{
	BlobJob *job = flow->job;

	if (!flow_add_file(flow, job->part, error))
		return false;
	flow->keep = true;
	return flow->length == job->blob->size ||
	       job->source->read_blob(job->source, job->blob, flow->length, flow_add, flow, error);
}

static bool flow_verify(Flow *flow, GError **error)
{
	const Descriptor *blob = flow->job->blob;
	g_autofree char *digest = hash_digest(&flow->hash);

	if (flow->length != blob->size)
		return error_set(error, RLC_ERROR_FAILED,
				 "fetch blob %s: %" G_GUINT64_FORMAT
				 " bytes came, %" G_GUINT64_FORMAT " were announced",
				 blob->digest, flow->length, blob->size);
	if (strcmp(digest, blob->digest) != 0)
		return error_set(error, RLC_ERROR_FAILED,
				 "fetch blob %s: what came has the digest %s", blob->digest,
				 digest);
	return true;
}

static bool start_unpacking(Flow *flow, GError **error)
{
	g_autofree char *path = blob_new_layer_path(flow->job->blob->digest);
	auto_fd layer = blob_make_layer(flow->job->store, path, error);

	flow->unpacking =
		layer >= 0 && unpack_start(layer, flow->job->diff_id, &flow->unpacker, error);
	return flow->unpacking;
}

/* A disk without room says nothing about the layer. */
static bool is_for_want_of_room(const GError *error)
{
	return error_is_errno(error, ENOSPC) || error_is_errno(error, EDQUOT);
}

/*
 * The whole way of the blob, once.  *ret_wrong: it came whole, but is not what was announced;
 * *ret_useless: nor will it ever be a layer, whoever sends it.
 */
static bool flow_run(BlobJob *job, bool *ret_wrong, bool *ret_useless, GError **error)
{
	Flow flow = {.job = job, .unpacker = {.pid = -1, .input = -1, .sync = {.fd = -1}}};
	bool ok;

	hash_start(&flow.hash);
	*ret_wrong = *ret_useless = false;
	ok = (!job->need_layer || start_unpacking(&flow, error)) &&
	     (job->need_blob ? flow_from_source(&flow, error) : flow_from_store(&flow, error));
	*ret_wrong = flow.wrong;
	if (ok && !flow_verify(&flow, error)) {
		*ret_wrong = true;
		ok = false;
	}
	if (ok && job->need_layer && !unpack_finish(&flow.unpacker, NULL, error)) {
		*ret_useless = !is_for_want_of_room(*error);
		ok = false;
	}
	unpack_cancel(&flow.unpacker);
	return ok;
}

/* Nothing of it is worth keeping. */
static void forget_part(const BlobJob *job, GError *failure)
{
	if (job->need_blob && ftruncate(job->part, 0) < 0)
		log_debug("truncate a part: %s", g_strerror(errno));
	failure->domain = RLC_ERROR;
	failure->code = RLC_ERROR_USAGE;
}

bool blob_run(BlobJob *job, GError **error)
{
	struct stat st;
	bool resumed = job->need_blob && fstat(job->part, &st) == 0 && st.st_size > 0;

	job->bar->start = g_get_monotonic_time();
	if (resumed && (uint64_t)st.st_size > job->blob->size && ftruncate(job->part, 0) < 0)
		return error_errno(error, errno, "truncate a part of blob %s", job->blob->digest);
	for (;; resumed = false) {
		g_autoptr(GError) failure = NULL;
		bool wrong, useless;

		if (flow_run(job, &wrong, &useless, &failure))
			return true;
		if (wrong || useless)
			forget_part(job, failure);
		if (!wrong || !resumed) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return false;
		}
		log_info("%s; fetching it anew", failure->message);
	}
}

static G_GNUC_NORETURN void worker_main(BlobJob *job, Sync *sync)
{
	g_autoptr(GError) error = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (blob_run(job, &error) && sync_send(sync, SYNC_READY, -1, &error))
		_exit(0);
	sync_send_error(sync, error);
	_exit(1);
}

bool blob_start(BlobJob *job, GError **error)
{
	Sync child;

	if (!sync_pair(&job->sync, &child, error))
		return false;
	job->pid = fork();
	if (job->pid == 0) {
		sync_close(&job->sync);
		worker_main(job, &child);
	}
	sync_close(&child);
	return job->pid > 0 || error_errno(error, errno, "fork");
}

/* ---------------------------------------------------------------------------- small documents */

char *blob_write(const Store *store, const char *text, size_t length, GError **error)
{
	g_autofree char *digest = digest_of(text, length);
	g_autofree char *path = blob_path(digest);
	g_autofree char *tmp = g_strdup_printf("tmp/%s.%d", digest_hex(digest), getpid());
	auto_fd fd = -1;

	if (blob_is_in_store(store, digest, length))
		return g_steal_pointer(&digest);
	fd = openat(store->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || !fd_write_all(fd, text, length) || fsync(fd) < 0 ||
	    renameat(store->dir, tmp, store->dir, path) < 0) {
		error_errno(error, errno, "write '%s/%s'", store->path, path);
		unlinkat(store->dir, tmp, 0);
		return NULL;
	}
	return g_steal_pointer(&digest);
}

static bool sync_dir(const Store *store, const char *path, GError **error)
{
	auto_fd dir = openat(store->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return (dir >= 0 && fsync(dir) == 0) ||
	       error_errno(error, errno, "sync '%s/%s'", store->path, path);
}

bool blob_sync_names(const Store *store, GError **error)
{
	return sync_dir(store, "layers", error) && sync_dir(store, "blobs/sha256", error);
}

static bool add_text(gpointer data, const void *bytes, size_t length, GError **error)
{
	GString *text = data;

	if (text->len + length > MANIFEST_MAX)
		return error_set(error, RLC_ERROR_FAILED, "read a document: larger than 4 MiB");
	g_string_append_len(text, bytes, (gssize)length);
	return true;
}

char *blob_read(const Store *store, const char *digest, GError **error)
{
	g_autofree char *path = blob_path(digest);

	return fd_read_file(store->dir, path, MANIFEST_MAX, error);
}

char *blob_fetch(const Store *store, Source *source, const Descriptor *blob, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *digest = NULL;

	if (blob_is_in_store(store, blob->digest, blob->size))
		return blob_read(store, blob->digest, error);
	if (!source->read_blob(source, blob, 0, add_text, text, error))
		return NULL;
	digest = digest_of(text->str, text->len);
	if (text->len != blob->size || strcmp(digest, blob->digest) != 0) {
		error_set(error, RLC_ERROR_FAILED,
			  "fetch blob %s: what came has %zu bytes and the digest %s", blob->digest,
			  text->len, digest);
		return NULL;
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

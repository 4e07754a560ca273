/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 *     this process                         a worker for each layer     its unpacker
 *        │ manifest, configuration           │                            │
 *        │ takes the locks of all parts      │                            │
 *        │  fork ──────────────────────────► │  fork ───────────────────► │ chroot, seccomp
 *        │  progress                         │ source → sha256 → part     │
 *        │                                   │            └── pipe ─────► │ gunzip → sha256 → files
 *        │ ◄────────────────── SYNC_READY ── │ ◄──────── digest ───────── │
 *        │ syncfs(2), rename blobs and layers, then the name
 *
 * Two pulls that need the same blob: the locks are taken in the order of digests, so one of them
 * waits for the other and then finds the work done.  A pull that dies leaves parts, which the next
 * one continues, and half unpacked layers, which it removes.
 */
#include "rlc-image/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/digest.h"
#include "kernel/tree.h"
#include "rlc-image/blob.h"
#include "rlc-image/merge.h"
#include "rlc-image/implied.h"
#include "rlc-image/sweep.h"

#define WORKERS_MAX 4
#define DRAW_MS	    100

typedef struct {
	const Store *store;
	Source *source;
	const PullOptions *options;
	char *text; /* the manifest's */
	size_t length;
	char *index; /* digest of what the name means: an index, or the manifest */
	char *digest;
	Manifest *manifest;
	char *config;
	StoreImage *image;
	GPtrArray *jobs; /* of BlobJob * */
} Pull;

static void job_free(gpointer data)
{
	BlobJob *job = data;

	fd_close(&job->part);
	sync_close(&job->sync);
	g_free(job);
}

static void pull_clear(Pull *pull)
{
	g_free(pull->text);
	g_free(pull->index);
	g_free(pull->digest);
	manifest_free(pull->manifest);
	g_free(pull->config);
	store_image_free(pull->image);
	g_ptr_array_unref(pull->jobs);
}

/* ---------------------------------------------------------------------------------- documents */

/* Read one manifest or index; digest: what it must hash to, or NULL. */
static bool read_document(Pull *pull, const char *ask, const char *digest, GError **error)
{
	g_autofree char *text = NULL, *type = NULL, *got = NULL, *what = NULL;
	size_t length = 0;

	if (!pull->source->read_manifest(pull->source, ask, &text, &length, &type, error))
		return false;
	got = digest_of(text, length);
	if (digest && strcmp(got, digest) != 0)
		return error_set(error, RLC_ERROR_FAILED,
				 "fetch manifest %s: what came has the digest %s", digest, got);
	what = g_strdup_printf("manifest %.19s", got);
	manifest_free(pull->manifest);
	pull->manifest = manifest_parse(text, length, type, what, error);
	if (!pull->manifest)
		return false;
	g_free(pull->text);
	g_free(pull->digest);
	pull->text = g_steal_pointer(&text);
	pull->length = length;
	pull->digest = g_steal_pointer(&got);
	return true;
}

static bool choose_platform(Pull *pull, GError **error)
{
	g_autofree char *what = g_strdup_printf("index %.19s", pull->digest);
	const IndexEntry *entry =
		manifest_choose(pull->manifest, pull->options->platform, what, error);
	g_autofree char *digest = entry ? g_strdup(entry->descriptor.digest) : NULL;

	if (!entry || !read_document(pull, digest, digest, error))
		return false;
	return !pull->manifest->is_index ||
	       error_set(error, RLC_ERROR_UNSUPPORTED, "read %s: an index within an index", what);
}

static bool read_documents(Pull *pull, GError **error)
{
	if (!read_document(pull, NULL, pull->source->digest, error))
		return false;
	pull->index = g_strdup(pull->digest);
	return !pull->manifest->is_index || choose_platform(pull, error);
}

static bool read_config(Pull *pull, const char *name, GError **error)
{
	const Descriptor *config = &pull->manifest->config;
	g_autofree char *what = g_strdup_printf("configuration %.19s", config->digest);
	StoreImage *image;

	if (config->size > MANIFEST_MAX)
		return error_set(error, RLC_ERROR_FAILED, "read %s: larger than 4 MiB", what);
	pull->config = blob_fetch(pull->store, pull->source, config, error);
	if (!pull->config)
		return false;
	image = pull->image = store_image_new();
	image->name = g_strdup(name);
	image->index = g_strdup(pull->index);
	image->manifest = g_strdup(pull->digest);
	image->config = g_strdup(config->digest);
	image->pulled = time(NULL);
	image->size = pull->length + config->size;
	for (guint i = 0; i < pull->manifest->layers->len; i++) {
		const Descriptor *layer = g_ptr_array_index(pull->manifest->layers, i);

		image->size += layer->size;
	}
	return manifest_read_config(pull->config, strlen(pull->config), pull->manifest->layers->len,
				    image, what, error);
}

/* --------------------------------------------------------------------------------------- jobs */

static void add_job(Pull *pull, const Descriptor *blob, const char *diff_id, GHashTable *seen)
{
	BlobJob *job;
	bool need_blob = !blob_is_in_store(pull->store, blob->digest, blob->size);
	bool need_layer = !blob_layer_is_in_store(pull->store, diff_id) &&
			  !g_hash_table_contains(seen, diff_id);

	if ((!need_blob && !need_layer) || !g_hash_table_add(seen, blob->digest))
		return;
	g_hash_table_add(seen, (char *)diff_id);
	job = g_new0(BlobJob, 1);
	*job = (BlobJob){
		.store = pull->store,
		.source = pull->source,
		.blob = blob,
		.diff_id = diff_id,
		.need_blob = need_blob,
		.need_layer = need_layer,
		.part = -1,
		.sync = {.fd = -1},
	};
	g_ptr_array_add(pull->jobs, job);
}

static void add_jobs(Pull *pull)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	g_ptr_array_set_size(pull->jobs, 0);
	for (guint i = 0; i < pull->manifest->layers->len; i++)
		add_job(pull, g_ptr_array_index(pull->manifest->layers, i),
			g_ptr_array_index(pull->image->layers, i), seen);
}

static int compare_jobs(gconstpointer a, gconstpointer b)
{
	const BlobJob *const *left = a, *const *right = b;

	return strcmp((*left)->blob->digest, (*right)->blob->digest);
}

/* With all the locks: what is still to do? Others may have done some of it meanwhile. */
static bool lock_jobs(Pull *pull, GError **error)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_copy(pull->jobs, NULL, NULL);

	g_ptr_array_set_free_func(sorted, NULL);
	g_ptr_array_sort(sorted, compare_jobs);
	for (guint i = 0; i < sorted->len; i++) {
		BlobJob *job = g_ptr_array_index(sorted, i);

		job->part = blob_lock(pull->store, job->blob->digest, error);
		if (job->part < 0)
			return false;
		job->need_blob = job->need_blob &&
				 !blob_is_in_store(pull->store, job->blob->digest, job->blob->size);
		job->need_layer =
			job->need_layer && !blob_layer_is_in_store(pull->store, job->diff_id);
	}
	return true;
}

static bool is_done(const BlobJob *job)
{
	return !job->need_blob && !job->need_layer;
}

static void reap(BlobJob *job)
{
	sync_close(&job->sync);
	while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	job->pid = 0;
}

static void kill_workers(const Pull *pull)
{
	for (guint i = 0; i < pull->jobs->len; i++) {
		BlobJob *job = g_ptr_array_index(pull->jobs, i);

		if (job->pid > 0) {
			kill(job->pid, SIGKILL);
			reap(job);
		}
	}
}

/* Start workers up to the limit. *next: the first job not yet looked at. */
static bool start_workers(const Pull *pull, guint *next, guint *running, GError **error)
{
	for (; *next < pull->jobs->len && *running < WORKERS_MAX; ++*next) {
		BlobJob *job = g_ptr_array_index(pull->jobs, *next);

		if (is_done(job)) {
			job->bar->ended = true;
			continue;
		}
		if (!blob_start(job, error))
			return false;
		++*running;
	}
	return true;
}

/* Wait a little for workers that have something to say. */
static bool hear_workers(const Pull *pull, guint *running, GError **error)
{
	struct pollfd polls[WORKERS_MAX];
	BlobJob *heard[WORKERS_MAX];
	nfds_t count = 0;

	for (guint i = 0; i < pull->jobs->len; i++) {
		BlobJob *job = g_ptr_array_index(pull->jobs, i);

		if (job->pid > 0) {
			heard[count] = job;
			polls[count++] = (struct pollfd){job->sync.fd, POLLIN, 0};
		}
	}
	if (poll(polls, count, DRAW_MS) <= 0)
		return true;
	for (nfds_t i = 0; i < count; i++) {
		if (!polls[i].revents)
			continue;
		if (!sync_expect(&heard[i]->sync, SYNC_READY, NULL, error))
			return false;
		reap(heard[i]);
		heard[i]->bar->ended = true;
		--*running;
	}
	return true;
}

static bool run_jobs(const Pull *pull, GError **error)
{
	g_autoptr(Progress) progress = progress_new(pull->jobs->len, pull->options->quiet);
	guint next = 0, running = 0;
	bool ok;

	for (guint i = 0; i < pull->jobs->len; i++) {
		BlobJob *job = g_ptr_array_index(pull->jobs, i);

		job->bar = progress_bar(progress, i);
		job->bar->total = job->blob->size;
		g_strlcpy(job->bar->name, digest_hex(job->blob->digest), 13);
	}
	do {
		ok = start_workers(pull, &next, &running, error) &&
		     (running == 0 || hear_workers(pull, &running, error));
		progress_draw(progress);
	} while (ok && (running > 0 || next < pull->jobs->len));
	if (!ok)
		kill_workers(pull);
	return ok;
}

/* ------------------------------------------------------------------------------------- the end */

static bool commit_job(const BlobJob *job, GError **error)
{
	g_autofree char *part = blob_part_path(job->blob->digest);
	g_autofree char *fresh = blob_new_layer_path(job->blob->digest);

	if (job->need_layer && !blob_place_layer(job->store, fresh, job->diff_id, error))
		return false;
	if (job->need_blob)
		return blob_place(job->store, part, job->blob->digest, error);
	unlinkat(job->store->dir, part, 0);
	return true;
}

/* Everything on the disk, then everything in its place, then the name. */
static bool commit(const Pull *pull, GError **error)
{
	g_autofree char *manifest = NULL, *config = NULL;

	if (pull->jobs->len && syncfs(pull->store->dir) < 0)
		return error_errno(error, errno, "sync the store '%s'", pull->store->path);
	for (guint i = 0; i < pull->jobs->len; i++) {
		if (!commit_job(g_ptr_array_index(pull->jobs, i), error))
			return false;
	}
	if (!implied_adopt(pull->store, pull->image, error))
		return false;
	merge_layers(pull->store, pull->image);
	config = blob_write(pull->store, pull->config, strlen(pull->config), error);
	manifest = config ? blob_write(pull->store, pull->text, pull->length, error) : NULL;
	return manifest && blob_sync_names(pull->store, error) &&
	       store_put(pull->store, pull->image, error) && sweep_write_index(pull->store, error);
}

/* Half unpacked layers go; parts stay for the next pull, unless the image is refused. */
static void clean_up(const Pull *pull, bool refused)
{
	for (guint i = 0; i < pull->jobs->len; i++) {
		const BlobJob *job = g_ptr_array_index(pull->jobs, i);
		g_autofree char *fresh = blob_new_layer_path(job->blob->digest);
		g_autofree char *part = blob_part_path(job->blob->digest);
		g_autoptr(GError) failure = NULL;
		struct stat st;

		if (job->part < 0)
			continue;
		if (!tree_remove(job->store->dir, fresh, &failure))
			log_warn("%s", failure->message);
		if (refused || (fstat(job->part, &st) == 0 && st.st_size == 0))
			unlinkat(job->store->dir, part, 0);
	}
}

static bool pull_layers(Pull *pull, GError **error)
{
	g_autoptr(GError) failure = NULL;

	add_jobs(pull);
	if (lock_jobs(pull, &failure) && run_jobs(pull, &failure) && commit(pull, &failure))
		return true;
	clean_up(pull, g_error_matches(failure, RLC_ERROR, RLC_ERROR_USAGE));
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

bool pull_image(const Store *store, Source *source, const char *name, const PullOptions *options,
		StoreImage **ret, GError **error)
{
	Pull pull = {.store = store, .source = source, .options = options};
	auto_fd lock = store_lock(store, false, error);
	bool ok;

	if (lock < 0)
		return false;
	pull.jobs = g_ptr_array_new_with_free_func(job_free);
	ok = read_documents(&pull, error) && read_config(&pull, name, error) &&
	     pull_layers(&pull, error);
	if (ok)
		*ret = g_steal_pointer(&pull.image);
	pull_clear(&pull);
	return ok;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blobs: the way of one layer from its source into the store, in a worker process.
 *
 * What comes is hashed, kept in tmp/HEX.part and, while it comes, handed to an Unpacker, which
 * fills tmp/layer-HEX/diff, of the same HEX: one layer may come as several blobs, in compressions
 * that differ, and only who has a blob's part may touch what is made of it.  A part that is there
 * already is taken first, and the source is asked for the rest.  Both are given their final names
 * by the parent, when all that an image needs has come and is on the disk.
 */
#pragma once

#include "image/store.h"
#include "kernel/sync.h"
#include "rlc-image/progress.h"
#include "rlc-image/source.h"

typedef struct {
	const Store *store;
	Source *source;
	const Descriptor *blob;
	const char *diff_id;
	bool need_blob, need_layer;
	int part; /* locked: whoever has it makes this blob and its layer */
	ProgressBar *bar;
	pid_t pid; /* of its worker; 0: not started, or reaped */
	Sync sync;
} BlobJob;

/* Paths within the store. Caller frees. */
char *blob_path(const char *digest);
char *blob_part_path(const char *digest);
char *blob_layer_path(const char *diff_id);
char *blob_new_layer_path(const char *digest);

bool blob_is_in_store(const Store *store, const char *digest, uint64_t size);
bool blob_layer_is_in_store(const Store *store, const char *diff_id);

/* Its files: a descriptor of their root, or -1 with errno. */
int blob_open_layer(const Store *store, const char *diff_id);

/*
 * An empty directory for a layer's files, "diff" in path, which is of tmp/: a descriptor of it, or
 * -1.  What a process that was killed left at path goes first.
 */
int blob_make_layer(const Store *store, const char *path, GError **error);

/* Put files into a directory. */
typedef bool (*BlobFill)(int target, const void *data, GError **error);

/* Make what has this name (a digest) in layers/ by fill, unless it is there. */
bool blob_build_layer(const Store *store, const char *name, BlobFill fill, const void *data,
		      GError **error);

/* Give a blob that is whole, a file of tmp/, its place. */
bool blob_place(const Store *store, const char *part, const char *digest, GError **error);

/*
 * Give a layer that is whole, in a directory of tmp/, its place.  Where another process has put the
 * same there meanwhile, this one goes.
 */
bool blob_place_layer(const Store *store, const char *fresh, const char *diff_id, GError **error);

/* Wait for the right to make a blob: a descriptor of its part, or -1. */
int blob_lock(const Store *store, const char *digest, GError **error);

/*
 * The whole work, in the calling process.  RLC_ERROR_USAGE: what came is not what was announced, or
 * is no layer; whatever else fails may go better another time.
 */
bool blob_run(BlobJob *job, GError **error);

/* The same in a process of its own, which answers by job->sync. */
bool blob_start(BlobJob *job, GError **error);

/* Put small documents into the store. Returns their digest, or NULL. */
char *blob_write(const Store *store, const char *text, size_t length, GError **error);

/* Wait until the names that blobs and layers have are on the disk: before an image gets its own. */
bool blob_sync_names(const Store *store, GError **error);

/* Read a small blob of a source whole, verified; also from the store, if it is there. */
char *blob_fetch(const Store *store, Source *source, const Descriptor *blob, GError **error);

/* Read a small blob of the store. */
char *blob_read(const Store *store, const char *digest, GError **error);

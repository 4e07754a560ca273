/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpack: a layer's archive becomes a directory that can be a lower one of an overlay.
 *
 * The archive is hostile.  It is parsed in a process of its own, which sees no file system but the
 * layer's directory and has no descriptor but the stream, that directory and a way to tell how it
 * went.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "kernel/sync.h"

typedef struct {
	pid_t pid;
	int input; /* where the compressed archive is to be written; -1 once closed */
	Sync sync;
} Unpacker;

/*
 * Start a process that unpacks into the directory layer (empty) what is written to ret->input.
 * diff_id: what the archive must hash to when uncompressed, or NULL for anything.
 */
bool unpack_start(int layer, const char *diff_id, Unpacker *ret, GError **error);

/* Close the input and wait. ret_diff_id (may be NULL): what the archive hashed to. */
bool unpack_finish(Unpacker *unpacker, char **ret_diff_id, GError **error);

/* End it, whatever it does. Harmless after unpack_finish(). */
void unpack_cancel(Unpacker *unpacker);

/* The same in this process: input is read to its end. For tests. */
bool unpack_layer(int input, int layer, char **ret_diff_id, GError **error);

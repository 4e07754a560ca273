/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress: what becomes of the blobs of a pull, told on standard error.  A bar for each on a
 * terminal (not under NO_COLOR or TERM=dumb), a line for each elsewhere.  The numbers lie in memory
 * that the workers share.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	char name[16]; /* the first digits of the digest */
	uint64_t done, total;
	gint64 start; /* monotonic microseconds; 0: not yet */
	bool ended, told;
} ProgressBar;

typedef struct Progress Progress;

/* For count blobs. quiet: say nothing. */
Progress *progress_new(guint count, bool quiet);
void progress_free(Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)

/* A worker changes done in its own process. */
ProgressBar *progress_bar(Progress *progress, guint i);

/* Parent: draw what changed. Call it ten times a second, and once at the end. */
void progress_draw(Progress *progress);

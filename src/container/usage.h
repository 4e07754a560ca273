/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Usage: what a container uses now.  Its cgroup knows best; what that does not tell, for want of a
 * cgroup or of a controller, is added up over the container's processes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "container/state.h"

#define USAGE_NONE UINT64_MAX /* there is no such limit, or nothing that tells */

typedef struct {
	gint64 when;			   /* monotonic, microseconds */
	uint64_t cpu;			   /* microseconds of processor time, since it started */
	uint64_t memory;		   /* bytes, without files that could be dropped at once */
	uint64_t memory_limit, pids_limit; /* USAGE_NONE: none */
	uint64_t pids;			   /* processes; threads, too, where a controller counts */
	uint64_t read, written;		   /* bytes of block devices; or USAGE_NONE */
	uint64_t received, sent;	   /* bytes, of all interfaces but lo; or USAGE_NONE */
} Usage;

/* Of a container that runs. false with *error: it has ended. */
bool usage_read(const char *state_root, const StateEntry *entry, Usage *ret_usage, GError **error);

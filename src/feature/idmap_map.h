/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One map: the lines of /proc/PID/uid_map or gid_map, an array of SpecIdMap. See
 * user_namespaces(7).  Pure: nothing here looks at the host.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

/*
 * A map in which the id own stands at own_inside, and the ranges (of SubidRange) fill the ids
 * around it, from 0 upwards, in their order.  The caller's to unref.
 */
GArray *idmap_map_layout(uint32_t own, uint32_t own_inside, const GArray *ranges);

/* Append a line, if its count is not 0. */
void idmap_map_append(GArray *map, uint32_t inside, uint32_t outside, uint32_t count);

/* Do two ranges of ids have one in common? */
bool idmap_map_overlap(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count);

/* As the kernel takes it. Caller frees. */
char *idmap_map_text(const GArray *map);

/* As a reader takes it: "0→1000×1 1→100000×65536". Caller frees. */
char *idmap_map_describe(const GArray *map);

/* Has this id of the host's one inside? */
bool idmap_map_covers(const GArray *map, uint32_t outside);

/* Will the kernel take it? kind, for messages, is "uid" or "gid". */
bool idmap_map_check(const GArray *map, const char *kind, GError **error);

/*
 * What newuidmap and newgidmap check: each line is granted by the ranges (of SubidRange), or is the
 * caller's own id alone.  name is the user's, for the hint.
 */
bool idmap_map_granted(const GArray *map, uint32_t own, const GArray *ranges, const char *kind,
		       const char *name, GError **error);

/* Is it the caller's own id and nothing else? */
bool idmap_map_is_own_id(const GArray *map, uint32_t own);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/idmap_map.h"

#include <string.h>

#include "base/error.h"
#include "base/hint.h"
#include "feature/subid.h"

/* What the kernel takes: one write of less than a page, and so many lines. */
#define MAP_BYTES_MAX	 4096
#define MAP_LINES_KERNEL 340

/* So many lines always fit a page: each has at most 33 bytes. */
#define MAP_LINES_MAX 124

void idmap_map_append(GArray *map, uint32_t inside, uint32_t outside, uint32_t count)
{
	SpecIdMap line = {inside, outside, count};

	if (count > 0)
		g_array_append_val(map, line);
}

GArray *idmap_map_layout(uint32_t own, uint32_t own_inside, const GArray *ranges)
{
	GArray *map = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	uint32_t next = 0;

	for (guint i = 0; i < ranges->len && map->len + 3 <= MAP_LINES_MAX; i++) {
		SubidRange range = g_array_index(ranges, SubidRange, i);

		if (next <= own_inside && range.count > own_inside - next) {
			uint32_t before = own_inside - next;

			idmap_map_append(map, next, range.start, before);
			idmap_map_append(map, own_inside, own, 1);
			range.start += before;
			range.count -= before;
			next = own_inside + 1;
		}
		range.count = MIN(range.count, UINT32_MAX - next);
		idmap_map_append(map, next, range.start, range.count);
		next += range.count;
	}
	if (next <= own_inside)
		idmap_map_append(map, own_inside, own, 1);
	return map;
}

char *idmap_map_text(const GArray *map)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < map->len; i++) {
		const SpecIdMap *line = &g_array_index(map, SpecIdMap, i);

		g_string_append_printf(text, "%u %u %u\n", line->inside, line->outside,
				       line->count);
	}
	return g_string_free(text, FALSE);
}

char *idmap_map_describe(const GArray *map)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < map->len; i++) {
		const SpecIdMap *line = &g_array_index(map, SpecIdMap, i);

		g_string_append_printf(text, "%s%u→%u×%u", i > 0 ? " " : "", line->inside,
				       line->outside, line->count);
	}
	return g_string_free(text, FALSE);
}

bool idmap_map_covers(const GArray *map, uint32_t outside)
{
	for (guint i = 0; i < map->len; i++) {
		const SpecIdMap *line = &g_array_index(map, SpecIdMap, i);

		if (outside >= line->outside && outside - line->outside < line->count)
			return true;
	}
	return false;
}

bool idmap_map_overlap(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count)
{
	return a < (uint64_t)b + b_count && b < (uint64_t)a + a_count;
}

/* Is the line well formed, and does it overlap none before it? */
static bool map_check_line(const GArray *map, guint at, const char *kind, GError **error)
{
	const SpecIdMap *line = &g_array_index(map, SpecIdMap, at);

	if (line->count == 0 || line->count > UINT32_MAX - line->inside ||
	    line->count > UINT32_MAX - line->outside)
		return error_set(error, RLC_ERROR_USAGE, "map %s %u→%u×%u: %s", kind, line->inside,
				 line->outside, line->count,
				 line->count ? "it passes the last id, 4294967294" : "it is empty");
	for (guint i = 0; i < at; i++) {
		const SpecIdMap *other = &g_array_index(map, SpecIdMap, i);

		if (idmap_map_overlap(line->inside, line->count, other->inside, other->count) ||
		    idmap_map_overlap(line->outside, line->count, other->outside, other->count))
			return error_set(error, RLC_ERROR_USAGE,
					 "map %s %u→%u×%u: it overlaps %u→%u×%u", kind,
					 line->inside, line->outside, line->count, other->inside,
					 other->outside, other->count);
	}
	return true;
}

bool idmap_map_check(const GArray *map, const char *kind, GError **error)
{
	g_autofree char *text = NULL;

	if (map->len > MAP_LINES_KERNEL)
		return error_set(error, RLC_ERROR_USAGE,
				 "map %ss: the kernel takes %d lines, these are %u", kind,
				 MAP_LINES_KERNEL, map->len);
	for (guint i = 0; i < map->len; i++) {
		if (!map_check_line(map, i, kind, error))
			return false;
	}
	text = idmap_map_text(map);
	if (strlen(text) >= MAP_BYTES_MAX)
		return error_set(error, RLC_ERROR_USAGE,
				 "map %ss: the kernel takes less than %d bytes of text", kind,
				 MAP_BYTES_MAX);
	return true;
}

bool idmap_map_granted(const GArray *map, uint32_t own, const GArray *ranges, const char *kind,
		       const char *name, GError **error)
{
	for (guint i = 0; i < map->len; i++) {
		const SpecIdMap *line = &g_array_index(map, SpecIdMap, i);

		if (line->outside == own && line->count == 1)
			continue;
		if (subid_covers(ranges, line->outside, line->count))
			continue;
		error_set(error, RLC_ERROR_FAILED, "map %s %u→%u×%u: not granted", kind,
			  line->inside, line->outside, line->count);
		return hint_add(error, ranges->len > 0 ? HINT_MAP_NOT_GRANTED : HINT_SUBID_MISSING,
				name);
	}
	return true;
}

bool idmap_map_is_own_id(const GArray *map, uint32_t own)
{
	const SpecIdMap *line = &g_array_index(map, SpecIdMap, 0);

	return map->len == 1 && line->outside == own && line->count == 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/library.h"
#include "base/log.h"

/* A site with a hundred thousand users has a file of three megabytes. */
#define SUBID_FILE_MAX	  (16U << 20)
#define NSSWITCH_FILE_MAX (1U << 20)

/* More than the kernel takes in one map; what a file grants beyond that is of no use. */
#define SUBID_RANGES_MAX 340

/* libsubid's; its header is not needed to build, as the library is not needed to run. */
struct subid_range {
	unsigned long start, count;
};
typedef int (*LibsubidRanges)(const char *owner, struct subid_range **ranges);

static const struct {
	const char *path;
	const char *library_function;
} sources[] = {
	[SUBID_UID] = {"/etc/subuid", "subid_get_uid_ranges"},
	[SUBID_GID] = {"/etc/subgid", "subid_get_gid_ranges"},
};

/*
 * Digits only, and no leading zero: shadow's programs would read that as octal, and a number that
 * two programs read differently grants nothing.
 */
static bool parse_id(const char *text, uint64_t *ret_id)
{
	guint64 id;

	if ((text[0] == '0' && text[1] != '\0') ||
	    !g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX, &id, NULL))
		return false;
	*ret_id = id;
	return true;
}

static void append_range(GArray *ranges, uint64_t start, uint64_t count)
{
	if (count > 0 && start < UINT32_MAX && count <= UINT32_MAX - start &&
	    ranges->len < SUBID_RANGES_MAX) {
		SubidRange range = {(uint32_t)start, (uint32_t)count};

		g_array_append_val(ranges, range);
	}
}

static void parse_line(GArray *ranges, const char *line, const char *name, const char *number)
{
	g_auto(GStrv) fields = g_strsplit(line, ":", 4);
	uint64_t start, count;

	if (g_strv_length(fields) != 3)
		return;
	if (g_strcmp0(fields[0], name) != 0 && strcmp(fields[0], number) != 0)
		return;
	if (parse_id(fields[1], &start) && parse_id(fields[2], &count))
		append_range(ranges, start, count);
}

GArray *subid_parse(const char *text, const char *name, uid_t uid)
{
	g_autofree char *number = g_strdup_printf("%u", uid);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GArray *ranges = g_array_new(FALSE, FALSE, sizeof(SubidRange));

	for (char **line = lines; *line; line++)
		parse_line(ranges, *line, name, number);
	return ranges;
}

bool subid_needs_library(const char *nsswitch)
{
	g_auto(GStrv) lines = g_strsplit(nsswitch, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = NULL;

		if (!g_str_has_prefix(g_strstrip(*line), "subid:"))
			continue;
		words = g_strsplit_set(g_strstrip(*line + strlen("subid:")), " \t", 2);
		return words[0] && strcmp(words[0], "files") != 0;
	}
	return false;
}

static GArray *ranges_from_file(SubidKind kind, const char *name, uid_t uid)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	text = fd_read_file(AT_FDCWD, sources[kind].path, SUBID_FILE_MAX, &error);
	if (!text)
		log_info("idmap: %s", error->message);
	return subid_parse(text ? text : "", name, uid);
}

static GArray *ranges_from_library(SubidKind kind, const char *name)
{
	GArray *ranges = g_array_new(FALSE, FALSE, sizeof(SubidRange));
	struct subid_range *found = NULL;
	LibsubidRanges get = NULL;
	const LibraryFunction function = {sources[kind].library_function, &get};
	g_autoptr(GError) error = NULL;
	int n;

	if (!library_load("libsubid.so.4", &function, 1, &error) &&
	    !library_load("libsubid.so.5", &function, 1, NULL) &&
	    !library_load("libsubid.so", &function, 1, NULL)) {
		log_info("idmap: nsswitch.conf names a source of subordinate ids that needs "
			 "libsubid: %s",
			 error->message);
		return ranges;
	}
	n = name ? get(name, &found) : -1;
	if (n < 0)
		log_info("idmap: libsubid knows no ranges of user '%s'", name ? name : "");
	for (int i = 0; i < n; i++)
		append_range(ranges, found[i].start, found[i].count);
	free(found);
	/* The library stays loaded: modules of its own may have left handlers behind. */
	return ranges;
}

/* Read once: ranges are asked for in pairs. */
static bool is_library_wanted(void)
{
	static enum {
		UNKNOWN,
		FILES,
		LIBRARY
	} source;
	g_autofree char *nsswitch = NULL;

	if (source == UNKNOWN) {
		nsswitch = fd_read_file(AT_FDCWD, "/etc/nsswitch.conf", NSSWITCH_FILE_MAX, NULL);
		source = nsswitch && subid_needs_library(nsswitch) ? LIBRARY : FILES;
	}
	return source == LIBRARY;
}

GArray *subid_ranges(SubidKind kind, const char *name, uid_t uid)
{
	return is_library_wanted() ? ranges_from_library(kind, name)
				   : ranges_from_file(kind, name, uid);
}

static uint64_t range_end(const SubidRange *range)
{
	return (uint64_t)range->start + range->count;
}

/* The range that holds id and reaches furthest; NULL if none holds it. */
static const SubidRange *find_range(const GArray *ranges, uint64_t id)
{
	const SubidRange *best = NULL;

	for (guint i = 0; i < ranges->len; i++) {
		const SubidRange *range = &g_array_index(ranges, SubidRange, i);

		if (range->start <= id && id < range_end(range) &&
		    (!best || range_end(best) < range_end(range)))
			best = range;
	}
	return best;
}

bool subid_covers(const GArray *ranges, uint32_t start, uint32_t count)
{
	uint64_t id = start, end = (uint64_t)start + count;

	while (id < end) {
		const SubidRange *range = find_range(ranges, id);

		if (!range)
			return false;
		id = range_end(range);
	}
	return count > 0;
}

/* Append what of range is in none of taken[from…]. */
static void append_free_parts(GArray *taken, SubidRange range, guint from)
{
	for (guint i = from; i < taken->len; i++) {
		SubidRange other = g_array_index(taken, SubidRange, i);

		if (range_end(&other) <= range.start || range_end(&range) <= other.start)
			continue;
		if (range.start < other.start)
			append_free_parts(
				taken, (SubidRange){range.start, other.start - range.start}, i + 1);
		if (range_end(&other) < range_end(&range)) {
			uint32_t end = (uint32_t)range_end(&other);

			append_free_parts(taken,
					  (SubidRange){end, (uint32_t)(range_end(&range) - end)},
					  i + 1);
		}
		return;
	}
	append_range(taken, range.start, range.count);
}

GArray *subid_disjoint(const GArray *ranges, uint32_t own)
{
	GArray *taken = g_array_new(FALSE, FALSE, sizeof(SubidRange));

	append_range(taken, own, 1);
	for (guint i = 0; i < ranges->len; i++)
		append_free_parts(taken, g_array_index(ranges, SubidRange, i), 0);
	g_array_remove_index(taken, 0);
	return taken;
}

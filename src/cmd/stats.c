/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: one frame is a listing of all containers; the share of the processors is
 * what was used since the frame before, in the first one since the container started.  On a
 * terminal each frame is written over the one before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "container/usage.h"

#define SHORT_ID 12

static const ListingColumn columns[] = {
	{"ID", "CONTAINER ID"},
	{"Name", "NAME"},
	{"CPUPerc", "CPU %"},
	{"MemUsage", "MEM USAGE / LIMIT"},
	{"MemPerc", "MEM %"},
	{"NetIO", "NET I/O"},
	{"BlockIO", "BLOCK I/O"},
	{"PIDs", "PIDS"},
	{"CPUUsec", NULL},
	{"MemBytes", NULL},
	{"MemLimitBytes", NULL},
	{"PIDsLimit", NULL},
	{"NetInput", NULL},
	{"NetOutput", NULL},
	{"BlockInput", NULL},
	{"BlockOutput", NULL},
	{NULL, NULL},
};

typedef struct {
	gboolean once, whole;
	char *format;
	char **names;	    /* none: all that run */
	GHashTable *before; /* of ids to Usage: the frame before */
} StatsOptions;

/* --- the fields --- */

/* "12.5MiB"; "--" where nothing tells */
static char *size_text(uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes;
	size_t unit = 0;

	if (bytes == USAGE_NONE)
		return g_strdup("--");
	while (size >= 1024 && unit + 1 < G_N_ELEMENTS(units)) {
		size /= 1024;
		unit++;
	}
	return g_strdup_printf(unit == 0 ? "%.0f%s" : "%.1f%s", size, units[unit]);
}

static char *pair_text(uint64_t a, uint64_t b)
{
	g_autofree char *first = size_text(a), *second = size_text(b);

	return g_strdup_printf("%s / %s", first, second);
}

/* What a cgroup may have at most, where it has no limit of its own */
static uint64_t host_memory(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static char *cpu_text(const Usage *usage, const Usage *before, const Status *status)
{
	gint64 used = (gint64)usage->cpu, time;

	if (before) {
		used -= (gint64)before->cpu;
		time = usage->when - before->when;
	} else {
		time = g_get_real_time() - status->started;
	}
	return g_strdup_printf("%.2f%%",
			       time > 0 ? 100.0 * (double)MAX(used, 0) / (double)time : 0.0);
}

/* USAGE_NONE is null. */
static void put_number(Json *row, const char *name, uint64_t number)
{
	if (number == USAGE_NONE)
		json_string(row, name, NULL);
	else
		json_number(row, name, (int64_t)number);
}

static void put_row(Json *row, const StateEntry *entry, const Usage *usage, const Usage *before,
		    bool whole)
{
	uint64_t limit = MIN(usage->memory_limit, host_memory());
	g_autofree char *id = whole ? g_strdup(entry->id) : g_strndup(entry->id, SHORT_ID);
	g_autofree char *cpu = cpu_text(usage, before, &entry->status);
	g_autofree char *memory = pair_text(usage->memory, limit);
	g_autofree char *share =
		g_strdup_printf("%.2f%%", 100.0 * (double)usage->memory / (double)limit);
	g_autofree char *network = pair_text(usage->received, usage->sent);
	g_autofree char *block = pair_text(usage->read, usage->written);

	json_string(row, "ID", id);
	json_string(row, "Name", entry->name ? entry->name : "");
	json_string(row, "CPUPerc", cpu);
	json_string(row, "MemUsage", memory);
	json_string(row, "MemPerc", share);
	json_string(row, "NetIO", network);
	json_string(row, "BlockIO", block);
	json_number(row, "PIDs", (int64_t)usage->pids);
	json_number(row, "CPUUsec", (int64_t)usage->cpu);
	json_number(row, "MemBytes", (int64_t)usage->memory);
	put_number(row, "MemLimitBytes", usage->memory_limit);
	put_number(row, "PIDsLimit", usage->pids_limit);
	put_number(row, "NetInput", usage->received);
	put_number(row, "NetOutput", usage->sent);
	put_number(row, "BlockInput", usage->read);
	put_number(row, "BlockOutput", usage->written);
}

/* --- a frame --- */

/* Those that are named must run, at first; later on they may end. */
static GPtrArray *select_entries(const StatsOptions *options, const char *root, GError **error)
{
	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)state_entry_free);

	if (!*options->names)
		return state_list(root, error);
	for (char *const *name = options->names; *name; name++) {
		StateEntry *entry = state_get(root, *name, error);

		if (!entry)
			return NULL;
		g_ptr_array_add(entries, entry);
		if (!entry->alive && g_hash_table_size(options->before) == 0) {
			error_set(error, RLC_ERROR_STATE,
				  "show what container '%s' uses: it is not running", *name);
			return NULL;
		}
	}
	return g_steal_pointer(&entries);
}

/* One that ends just now is left out. */
static void add_container(const StatsOptions *options, const char *root, const StateEntry *entry,
			  Listing *listing)
{
	const Usage *before = g_hash_table_lookup(options->before, entry->id);
	Usage usage;

	if (!entry->alive || !usage_read(root, entry, &usage, NULL))
		return;
	put_row(listing_begin(listing), entry, &usage, before, options->whole);
	listing_end(listing);
	g_hash_table_insert(options->before, g_strdup(entry->id), g_memdup2(&usage, sizeof usage));
}

static bool show_frame(const StatsOptions *options, const char *root, bool first, GError **error)
{
	g_autoptr(Listing) listing = listing_new(columns, options->format, error);
	g_autoptr(GPtrArray) entries = listing ? select_entries(options, root, error) : NULL;

	if (!entries)
		return false;
	for (guint i = 0; i < entries->len; i++)
		add_container(options, root, g_ptr_array_index(entries, i), listing);
	return listing_show(listing, !options->once && listing_moves(listing), first, error);
}

static bool stats(const StatsOptions *options, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);

	if (!root)
		return false;
	for (bool first = true; show_frame(options, root, first, error); first = false) {
		if (options->once)
			return true;
		sleep(1);
	}
	return false;
}

int cmd_stats(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "stats",
		.arguments = "[CONTAINER...]",
		.summary = "Show every second what containers use: these, or all that run.",
		.text = "CPU % is of one processor, since the line before; at first since the\n"
			"container started. Without a cgroup the numbers are added up over the\n"
			"processes.\n",
		.min = 0,
		.max = -1,
	};
	StatsOptions options = {0};
	const GOptionEntry entries[] = {
		{"no-stream", 0, 0, G_OPTION_ARG_NONE, &options.once, "once, and end", NULL},
		{"no-trunc", 0, 0, G_OPTION_ARG_NONE, &options.whole, "ids whole", NULL},
		LISTING_OPTION(options.format),
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	bool ok;

	options.before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	ok = options_parse(&argc, &argv, entries, &usage, &error);
	options.names = argv + 1;
	ok = ok && stats(&options, &error);
	g_hash_table_unref(options.before);
	g_free(options.format);
	return ok ? 0 : command_fail(error);
}

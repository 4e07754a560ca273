/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container uses, as lines of JSON with the members that runc's have: once (--stats), or
 * each interval until it ends.  That the kernel killed for want of memory is a line, too.
 */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "container/created.h"
#include "feature/cgroup_handle.h"
#include "feature/resctrl.h"
#include "oci/verb.h"

#define USEC_NS 1000

static void set(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)MIN(value, INT64_MAX)));
}

/* A file that is one number; "max" is the largest. What is not there is 0. */
static uint64_t number(const CgroupHandle *cgroup, const char *file)
{
	g_autofree char *text = cgroup_handle_read(cgroup, file);

	if (!text)
		return 0;
	return g_str_has_prefix(text, "max") ? UINT64_MAX : g_ascii_strtoull(text, NULL, 10);
}

/* The number behind a word, in a file of lines "word number" */
static uint64_t key(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (; text && *text; text = strchr(text, '\n'), text += text ? 1 : 0) {
		if (strncmp(text, word, length) == 0 && text[length] == ' ')
			return g_ascii_strtoull(text + length + 1, NULL, 10);
	}
	return 0;
}

/* --- the controllers --- */

static json_t *cpu_of(const CgroupHandle *cgroup)
{
	bool v1 = cgroup->record.v1;
	g_autofree char *stat = cgroup_handle_read(cgroup, "cpu.stat");
	g_autofree char *account = v1 ? cgroup_handle_read(cgroup, "cpuacct.stat") : NULL;
	uint64_t tick_ns = G_USEC_PER_SEC / 100 * USEC_NS; /* USER_HZ is 100 everywhere */
	json_t *usage = json_object(), *throttling = json_object();

	set(usage, "total",
	    v1 ? number(cgroup, "cpuacct.usage") : key(stat, "usage_usec") * USEC_NS);
	set(usage, "kernel",
	    v1 ? key(account, "system") * tick_ns : key(stat, "system_usec") * USEC_NS);
	set(usage, "user", v1 ? key(account, "user") * tick_ns : key(stat, "user_usec") * USEC_NS);
	set(throttling, "periods", key(stat, "nr_periods"));
	set(throttling, "throttledPeriods", key(stat, "nr_throttled"));
	set(throttling, "throttledTime",
	    v1 ? key(stat, "throttled_time") : key(stat, "throttled_usec") * USEC_NS);
	return json_pack("{soso}", "usage", usage, "throttling", throttling);
}

/* memory.stat, each line of it */
static json_t *raw_of(const char *stat)
{
	g_auto(GStrv) lines = g_strsplit(stat ? stat : "", "\n", -1);
	json_t *raw = json_object();

	for (char **line = lines; *line; line++) {
		char *blank = strchr(*line, ' ');

		if (!blank)
			continue;
		*blank = '\0';
		set(raw, *line, g_ascii_strtoull(blank + 1, NULL, 10));
	}
	return raw;
}

static json_t *memory_of(const CgroupHandle *cgroup)
{
	bool v1 = cgroup->record.v1;
	g_autofree char *stat = cgroup_handle_read(cgroup, "memory.stat");
	g_autofree char *events = v1 ? NULL : cgroup_handle_read(cgroup, "memory.events");
	json_t *usage = json_object(), *swap = json_object(), *memory;

	set(usage, "usage", number(cgroup, v1 ? "memory.usage_in_bytes" : "memory.current"));
	set(usage, "limit", number(cgroup, v1 ? "memory.limit_in_bytes" : "memory.max"));
	set(usage, "max", number(cgroup, v1 ? "memory.max_usage_in_bytes" : "memory.peak"));
	set(usage, "failcnt", v1 ? number(cgroup, "memory.failcnt") : key(events, "max"));
	set(swap, "usage",
	    number(cgroup, v1 ? "memory.memsw.usage_in_bytes" : "memory.swap.current"));
	set(swap, "limit", number(cgroup, v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max"));
	memory = json_pack("{sososo}", "usage", usage, "swap", swap, "raw", raw_of(stat));
	set(memory, "cache", key(stat, v1 ? "total_cache" : "file"));
	return memory;
}

static json_t *pids_of(const CgroupHandle *cgroup)
{
	json_t *pids = json_object();
	uint64_t limit = number(cgroup, "pids.max");

	set(pids, "current", number(cgroup, "pids.current"));
	if (limit != UINT64_MAX)
		set(pids, "limit", limit);
	return pids;
}

static void add_io(json_t *list, const char *device, const char *operation, uint64_t value)
{
	char *colon;
	uint64_t major = g_ascii_strtoull(device, &colon, 10);
	json_t *entry = json_object();

	set(entry, "major", major);
	set(entry, "minor", *colon == ':' ? g_ascii_strtoull(colon + 1, NULL, 10) : 0);
	json_object_set_new(entry, "op", json_string(operation));
	set(entry, "value", value);
	json_array_append_new(list, entry);
}

/* "8:0 rbytes=1 wbytes=2 …" of version 2, "8:0 Read 1" of version 1 */
static json_t *io_of(const CgroupHandle *cgroup)
{
	const char *file =
		cgroup->record.v1 ? "blkio.throttle.io_service_bytes_recursive" : "io.stat";
	g_autofree char *text = cgroup_handle_read(cgroup, file);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	json_t *bytes = json_array();

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);

		if (cgroup->record.v1 && g_strv_length(words) == 3)
			add_io(bytes, words[0], words[1], g_ascii_strtoull(words[2], NULL, 10));
		for (char **word = words; !cgroup->record.v1 && *word; word++) {
			const char *value = strchr(*word, '=');

			if (value && g_str_has_prefix(*word, "rbytes="))
				add_io(bytes, words[0], "Read",
				       g_ascii_strtoull(value + 1, NULL, 10));
			if (value && g_str_has_prefix(*word, "wbytes="))
				add_io(bytes, words[0], "Write",
				       g_ascii_strtoull(value + 1, NULL, 10));
		}
	}
	return json_pack("{so}", "ioServiceBytesRecursive", bytes);
}

static void set_text(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, json_string(text));
}

/* Caches and memory bandwidth, in runc's words */
static json_t *rdt_of(const ResctrlUsage *usage)
{
	json_t *rdt = json_object();
	json_t *bandwidths = json_array(), *caches = json_array();

	set_text(rdt, "l3_cache_schema_root", usage->root_l3);
	set_text(rdt, "l3_cache_schema", usage->l3);
	set_text(rdt, "mem_bw_schema_root", usage->root_bandwidth);
	set_text(rdt, "mem_bw_schema", usage->bandwidth);
	for (guint i = 0; i < usage->counters->len; i++) {
		const ResctrlCounters *of = &g_array_index(usage->counters, ResctrlCounters, i);
		json_t *bandwidth = json_object(), *cache = json_object();

		set(bandwidth, "mbm_total_bytes", of->total);
		set(bandwidth, "mbm_local_bytes", of->local);
		json_array_append_new(bandwidths, bandwidth);
		set(cache, "llc_occupancy", of->occupancy);
		json_array_append_new(caches, cache);
	}
	json_object_set_new(rdt, "mbm_stats", bandwidths);
	json_object_set_new(rdt, "cmt_stats", caches);
	return rdt;
}

/* --- the lines --- */

static void print(json_t *event)
{
	json_dumpf(event, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(event);
}

static void print_stats(const char *id, const Created *created, const CgroupHandle *cgroup)
{
	g_auto(ResctrlUsage) usage = {0};
	json_t *data = json_pack("{sosososo}", "cpu", cpu_of(cgroup), "memory", memory_of(cgroup),
				 "pids", pids_of(cgroup), "blkio", io_of(cgroup));

	if (resctrl_usage(created->dir, &usage))
		json_object_set_new(data, "intel_rdt", rdt_of(&usage));
	print(json_pack("{ssssso}", "type", "stats", "id", id, "data", data));
}

static uint64_t kills(const CgroupHandle *cgroup)
{
	g_autofree char *text = cgroup_handle_read(cgroup, cgroup->record.v1 ? "memory.oom_control"
									     : "memory.events");

	return key(text, "oom_kill");
}

/* It ends with the container, and with its reader. */
static bool follow(const char *id, const Created *created, const CgroupHandle *cgroup,
		   int interval_ms, GError **error)
{
	auto_fd init = created_pidfd(created);
	struct pollfd ended = {.fd = init, .events = POLLIN};
	uint64_t known = kills(cgroup), now;
	bool over = init < 0;

	while (!over && !ferror(stdout)) {
		over = poll(&ended, 1, interval_ms) != 0;
		now = kills(cgroup);
		if (now > known)
			print(json_pack("{ssss}", "type", "oom", "id", id));
		known = now;
		if (!over)
			print_stats(id, created, cgroup);
	}
	return !ferror(stdout) || error_set(error, RLC_ERROR_FAILED, "write the events");
}

/* "5s", "500ms", "1m": what Go's durations are mostly */
static int parse_interval(const char *text)
{
	char *end;
	gint64 value = g_ascii_strtoll(text, &end, 10);
	gint64 unit = strcmp(end, "ms") == 0  ? 1
		      : strcmp(end, "s") == 0 ? 1000
		      : strcmp(end, "m") == 0 ? 60000
					      : 0;

	return end > text && unit && value > 0 && value <= INT32_MAX / unit ? (int)(value * unit)
									    : 0;
}

static bool show(const OciGlobals *globals, const char *id, bool once, int interval_ms,
		 GError **error)
{
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_auto(CgroupHandle) cgroup = CGROUP_HANDLE_NONE;

	if (!created_open(globals->root, id, false, &created, error))
		return false;
	if (created_state(&created) == CREATED_STOPPED)
		return error_set(error, RLC_ERROR_STATE, "container not running");
	if (!cgroup_handle_open(created.dir, &cgroup, error) ||
	    !cgroup_handle_demand(&cgroup, "read what the container uses", error))
		return false;
	if (once)
		print_stats(id, &created, &cgroup);
	return once || follow(id, &created, &cgroup, interval_ms, error);
}

int verb_events(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	gboolean once = FALSE;
	g_autofree char *interval = NULL;
	const GOptionEntry entries[] = {
		{"stats", 0, 0, G_OPTION_ARG_NONE, &once, "once, and end", NULL},
		{"interval", 0, 0, G_OPTION_ARG_STRING, &interval, "how often; default: 5s",
		 "TIME"},
		{NULL},
	};
	int interval_ms;

	if (!verb_parse(globals, &argc, &argv, entries, error))
		return -1;
	interval_ms = parse_interval(interval ? interval : "5s");
	if (interval_ms == 0) {
		error_set(error, RLC_ERROR_USAGE,
			  "parse --interval '%s': not a time such as 5s or 500ms", interval);
		return -1;
	}
	return show(globals, argv[1], once, interval_ms, error) ? 0 : -1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: a task belongs to one class, and what it forks belongs there, too.  So the
 * container is in its class when init is, which is alone when create puts it there, and a command
 * of exec's when rlc-oci was there before it.  What is made is on record first, in three lines: the
 * class, "made" or "-", and the group of counters or "-".
 */
#include "feature/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define ROOT	 "/sys/fs/resctrl"
#define RECORD	 "resctrl"
#define FILE_MAX (1 << 20)

typedef struct {
	char *name;	/* of the class, below the root; "." is the root's own */
	bool made;	/* by us */
	char *counters; /* "mon_groups/ID" below it; or NULL */
} Record;

static void record_clear(Record *record)
{
	g_clear_pointer(&record->name, g_free);
	g_clear_pointer(&record->counters, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_clear)

static bool record_write(const Record *record, int dir, GError **error)
{
	g_autofree char *text =
		g_strdup_printf("%s\n%s\n%s\n", record->name, record->made ? "made" : "-",
				record->counters ? record->counters : "-");
	auto_fd fd =
		openat(dir, RECORD, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return (fd >= 0 && fd_write_all(fd, text, strlen(text))) ||
	       error_errno(error, errno, "write '%s'", RECORD);
}

static bool record_read(int dir, Record *ret_record, GError **error)
{
	g_autofree char *text = fd_read_file(dir, RECORD, FILE_MAX, error);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;

	if (!lines)
		return false;
	if (g_strv_length(lines) < 3)
		return error_set(error, RLC_ERROR_FAILED, "read '%s': malformed", RECORD);
	ret_record->name = g_strdup(lines[0]);
	ret_record->made = strcmp(lines[1], "made") == 0;
	ret_record->counters = strcmp(lines[2], "-") == 0 ? NULL : g_strdup(lines[2]);
	return true;
}

/* --- the file system --- */

static int open_root(GError **error)
{
	auto_fd root = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (root >= 0 && fstatfs(root, &fs) == 0 && fs.f_type == RDTGROUP_SUPER_MAGIC)
		return fd_steal(&root);
	if (root < 0 && errno != ENOENT)
		error_errno(error, errno, "open '" ROOT "'");
	else
		error_set(error, RLC_ERROR_UNSUPPORTED, "use '" ROOT "': %s",
			  root < 0 ? "neither this kernel nor this processor can divide caches"
				   : "not mounted (mount -t resctrl resctrl " ROOT ")");
	return -1;
}

static int open_class(int root, const char *name, GError **error)
{
	int class = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (class < 0)
		error_errno(error, errno, "open the class '%s'", name);
	return class;
}

/* What the kernel did not like is in a file of its own. */
static bool kernel_refused(int root, GError **error)
{
	g_autofree char *said = fd_read_file(root, "info/last_cmd_status", FILE_MAX, NULL);

	if (said && *g_strstrip(said) && strcmp(said, "ok") != 0 && error && *error) {
		g_autofree char *text = g_strdup_printf("%s (%s)", (*error)->message, said);

		g_free((*error)->message);
		(*error)->message = g_steal_pointer(&text);
	}
	return false;
}

static bool add_task(int root, int group, pid_t pid, GError **error)
{
	g_autofree char *text = g_strdup_printf("%d", pid);

	return fd_write_file(group, "tasks", text, error) || kernel_refused(root, error);
}

/* --- schemata --- */

bool resctrl_check_class(const char *name)
{
	static const char *const others[] = {"", ".", "..", "info", "mon_groups", "mon_data"};

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		if (strcmp(name, others[i]) == 0)
			return false;
	}
	return strcmp(name, "/") == 0 || !strpbrk(name, "/\n");
}

static bool has_schemata(const SpecRdt *asked)
{
	return asked->l3_cache_schema || asked->mem_bw_schema || asked->schemata->len > 0;
}

static void add_lines(GString *text, const char *lines, bool but_bandwidth)
{
	g_auto(GStrv) each = g_strsplit(lines ? lines : "", "\n", -1);

	for (char **line = each; *line; line++) {
		if (**line && !(but_bandwidth && g_str_has_prefix(*line, "MB:")))
			g_string_append_printf(text, "%s\n", *line);
	}
}

/* l3CacheSchema and memBwSchema, in which the bandwidth of the latter counts */
static GString *first_lines(const SpecRdt *asked)
{
	GString *text = g_string_new(NULL);

	add_lines(text, asked->l3_cache_schema, asked->mem_bw_schema != NULL);
	add_lines(text, asked->mem_bw_schema, false);
	return text;
}

static GString *last_lines(const SpecRdt *asked)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < asked->schemata->len; i++)
		add_lines(text, g_ptr_array_index(asked->schemata, i), false);
	return text;
}

/* One write for each: the kernel takes no resource twice in one. */
static bool write_schemata(int root, int class, const SpecRdt *asked, GError **error)
{
	g_autoptr(GString) first = first_lines(asked), last = last_lines(asked);

	if ((first->len == 0 || fd_write_file(class, "schemata", first->str, error)) &&
	    (last->len == 0 || fd_write_file(class, "schemata", last->str, error)))
		return true;
	return kernel_refused(root, error);
}

/* "L3:0=7f0;1=1f" into shares, from "L3:0" to "7f0": without the zeros and blanks that the kernel
 * fills up with */
static void parse_line(const char *line, GHashTable *shares)
{
	g_auto(GStrv) halves = g_strsplit(line, ":", 2);
	g_auto(GStrv) parts = NULL;

	if (g_strv_length(halves) < 2)
		return;
	parts = g_strsplit(halves[1], ";", -1);
	for (char **part = parts; *part; part++) {
		g_auto(GStrv) pair = g_strsplit(*part, "=", 2);
		const char *value = g_strv_length(pair) == 2 ? g_strstrip(pair[1]) : NULL;

		if (!value)
			continue;
		value += strspn(value, "0");
		g_hash_table_insert(
			shares,
			g_strdup_printf("%s:%s", g_strstrip(halves[0]), g_strstrip(pair[0])),
			g_ascii_strdown(value, -1));
	}
}

static GHashTable *parse_lines(const char *text, GHashTable *shares)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++)
		parse_line(*line, shares);
	return shares;
}

static GHashTable *shares_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* A class that others made has to be what was asked for. */
static bool compare_schemata(int class, const char *name, const SpecRdt *asked, GError **error)
{
	g_autofree char *text = fd_read_file(class, "schemata", FILE_MAX, error);
	g_autoptr(GString) first = first_lines(asked), last = last_lines(asked);
	g_autoptr(GHashTable) have = shares_new(), want = shares_new();
	GHashTableIter iter;
	gpointer key, value;

	if (!text)
		return false;
	parse_lines(text, have);
	parse_lines(last->str, parse_lines(first->str, want));
	g_hash_table_iter_init(&iter, want);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		if (g_strcmp0(g_hash_table_lookup(have, key), value) != 0)
			return error_set(error, RLC_ERROR_EXISTS,
					 "use the class '%s': it is there already, and has not the "
					 "share of %s that was asked for",
					 name, (const char *)key);
	}
	return true;
}

/* --- the container's class --- */

/* A class is new for a container without one by name, and for one with shares that nobody made. */
static bool make_class(int root, const SpecRdt *asked, Record *record, int dir, GError **error)
{
	bool made;

	if (faccessat(root, record->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		return asked->class ||
		       error_set(error, RLC_ERROR_EXISTS,
				 "make the class '%s': it is there already", record->name);
	}
	if (asked->class && !has_schemata(asked))
		return error_set(
			error, RLC_ERROR_NOT_FOUND,
			"use the class '%s': there is none, and no shares to make one with",
			record->name);
	record->made = true;
	if (!record_write(record, dir, error))
		return false;
	made = mkdirat(root, record->name, 0755) == 0;
	if (made || (errno == EEXIST && asked->class)) {
		record->made = made;
		return true;
	}
	error_errno(error, errno, "make the class '%s'", record->name);
	unlinkat(dir, RECORD, 0);
	return kernel_refused(root, error);
}

static bool add_counters(int root, int class, const Record *record, pid_t pid, GError **error)
{
	auto_fd group = -1;

	if (mkdirat(class, record->counters, 0755) < 0) {
		error_errno(error, errno, "make '%s' in the class '%s'", record->counters,
			    record->name);
		return kernel_refused(root, error);
	}
	group = open_class(class, record->counters, error);
	return group >= 0 && add_task(root, group, pid, error);
}

bool resctrl_enter_at(int root, const SpecRdt *asked, const char *id, int dir, pid_t pid,
		      GError **error)
{
	const char *name = asked->class ? asked->class : id;
	g_auto(Record) record = {.name = g_strdup(strcmp(name, "/") == 0 ? "." : name)};
	auto_fd class = -1;

	if (!make_class(root, asked, &record, dir, error))
		return false;
	if (asked->monitoring)
		record.counters = g_strdup_printf("mon_groups/%s", id);
	if (!record_write(&record, dir, error))
		return false;
	class = open_class(root, record.name, error);
	if (class < 0)
		return false;
	if (has_schemata(asked) && !(record.made ? write_schemata(root, class, asked, error)
						 : compare_schemata(class, name, asked, error)))
		return false;
	return add_task(root, class, pid, error) &&
	       (!record.counters || add_counters(root, class, &record, pid, error));
}

bool resctrl_join_at(int root, int dir, pid_t pid, GError **error)
{
	g_auto(Record) record = {0};
	auto_fd class = -1, group = -1;

	if (!record_read(dir, &record, error))
		return false;
	class = open_class(root, record.name, error);
	if (class < 0 || !add_task(root, class, pid, error))
		return false;
	if (!record.counters)
		return true;
	group = open_class(class, record.counters, error);
	return group >= 0 && add_task(root, group, pid, error);
}

/* The kernel gives tasks of a class that goes back to the root's: not those of other containers. */
static bool remove_group(int at, const char *name, GError **error)
{
	g_autofree char *file = g_build_filename(name, "tasks", NULL);
	g_autofree char *tasks = fd_read_file(at, file, FILE_MAX, NULL);

	return (tasks && *g_strstrip(tasks)) || unlinkat(at, name, AT_REMOVEDIR) == 0 ||
	       errno == ENOENT || error_errno(error, errno, "remove '%s'", name);
}

bool resctrl_release_at(int root, int dir, GError **error)
{
	g_auto(Record) record = {0};
	auto_fd class = -1;

	if (!record_read(dir, &record, error))
		return false;
	class = open_class(root, record.name, NULL);
	if (class < 0)
		return true;
	return (!record.counters || remove_group(class, record.counters, error)) &&
	       (!record.made || remove_group(root, record.name, error));
}

bool resctrl_change_at(int root, int dir, const SpecRdt *asked, GError **error)
{
	g_auto(Record) record = {0};
	auto_fd class = -1;

	if (!record_read(dir, &record, error))
		return false;
	class = open_class(root, record.name, error);
	return class >= 0 && write_schemata(root, class, asked, error);
}

/* --- what a container may take, and takes --- */

void resctrl_usage_clear(ResctrlUsage *usage)
{
	g_clear_pointer(&usage->l3, g_free);
	g_clear_pointer(&usage->bandwidth, g_free);
	g_clear_pointer(&usage->root_l3, g_free);
	g_clear_pointer(&usage->root_bandwidth, g_free);
	g_clear_pointer(&usage->counters, g_array_unref);
}

/* A line of schemata, without the blanks that the kernel puts in front */
static char *read_line(int class, const char *prefix)
{
	g_autofree char *text = fd_read_file(class, "schemata", FILE_MAX, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(g_strstrip(*line), prefix))
			return g_strdup(*line);
	}
	return NULL;
}

/* "Unavailable" and the like are 0. */
static uint64_t read_counter(int data, const char *domain, const char *name)
{
	g_autofree char *path = g_build_filename(domain, name, NULL);
	g_autofree char *text = fd_read_file(data, path, FILE_MAX, NULL);

	return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The domains of mon_data: "mon_L3_00", "mon_L3_01" */
static GPtrArray *list_domains(int data)
{
	GPtrArray *domains = g_ptr_array_new_with_free_func(g_free);
	DIR *list = fd_list(data);
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		if (g_str_has_prefix(entry->d_name, "mon_L3_"))
			g_ptr_array_add(domains, g_strdup(entry->d_name));
	}
	if (list)
		closedir(list);
	g_ptr_array_sort(domains, compare_names);
	return domains;
}

static void read_counters(int group, GArray *counters)
{
	auto_fd data = openat(group, "mon_data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	g_autoptr(GPtrArray) domains = data < 0 ? NULL : list_domains(data);

	for (guint i = 0; domains && i < domains->len; i++) {
		const char *domain = g_ptr_array_index(domains, i);
		ResctrlCounters of = {
			.occupancy = read_counter(data, domain, "llc_occupancy"),
			.total = read_counter(data, domain, "mbm_total_bytes"),
			.local = read_counter(data, domain, "mbm_local_bytes"),
		};

		g_array_append_val(counters, of);
	}
}

bool resctrl_usage_at(int root, int dir, ResctrlUsage *ret_usage)
{
	g_auto(Record) record = {0};
	auto_fd class = -1, group = -1;

	if (!record_read(dir, &record, NULL))
		return false;
	class = open_class(root, record.name, NULL);
	if (class < 0)
		return false;
	*ret_usage = (ResctrlUsage){
		.l3 = read_line(class, "L3:"),
		.bandwidth = read_line(class, "MB:"),
		.root_l3 = read_line(root, "L3:"),
		.root_bandwidth = read_line(root, "MB:"),
		.counters = g_array_new(FALSE, FALSE, sizeof(ResctrlCounters)),
	};
	group = record.counters ? open_class(class, record.counters, NULL) : -1;
	if (group >= 0 || record.made)
		read_counters(group >= 0 ? group : class, ret_usage->counters);
	return true;
}

/* --- on this host --- */

static bool is_in_class(int dir)
{
	return faccessat(dir, RECORD, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool resctrl_plan(const Spec *spec, Plan *plan, GError **error)
{
	auto_fd root = -1;

	(void)plan;
	if (!spec->linux_.rdt.set)
		return true;
	root = open_root(error);
	return root >= 0;
}

bool resctrl_parent(Container *container, GError **error)
{
	const Plan *plan = container->plan;
	auto_fd root = -1, dir = -1;

	if (!plan->spec->linux_.rdt.set)
		return true;
	root = open_root(error);
	if (root < 0)
		return false;
	dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return error_errno(error, errno, "open '%s'", plan->state_dir);
	return resctrl_enter_at(root, &plan->spec->linux_.rdt, plan->id, dir, container->init_pid,
				error);
}

bool resctrl_join(int dir, GError **error)
{
	auto_fd root = -1;

	if (!is_in_class(dir))
		return true;
	root = open_root(error);
	return root >= 0 && resctrl_join_at(root, dir, getpid(), error);
}

bool resctrl_release(int dir, GError **error)
{
	auto_fd root = is_in_class(dir) ? open_root(NULL) : -1;

	return root < 0 || resctrl_release_at(root, dir, error);
}

bool resctrl_usage(int dir, ResctrlUsage *ret_usage)
{
	auto_fd root = is_in_class(dir) ? open_root(NULL) : -1;

	return root >= 0 && resctrl_usage_at(root, dir, ret_usage);
}

bool resctrl_change(int dir, const SpecRdt *asked, GError **error)
{
	auto_fd root = -1;

	if (!is_in_class(dir))
		return error_set(error, RLC_ERROR_STATE,
				 "the container is in no class of resctrl: its config.json has no "
				 "linux.intelRdt");
	root = open_root(error);
	return root >= 0 && resctrl_change_at(root, dir, asked, error);
}

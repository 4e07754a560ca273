/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: what is mounted below /sys/fs/cgroup is asked of the directory itself, whose
 * entries have the controllers' names ("cpu,cpuacct" has links "cpu" and "cpuacct").  A cpuset has
 * no processors until somebody gives it some, so a new one begins with its parent's.
 *
 * There is neither cgroup.kill nor CLONE_INTO_CGROUP: processes are moved while they wait, and
 * killed by number while the freezer keeps them from making others.
 */
#include "feature/cgroup_v1.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "feature/cgroup_devices.h"
#include "feature/cgroup_limits.h"
#include "kernel/cgroup.h"

#define TRIES	 500 /* so often, PAUSE_US apart: 5 s */
#define PAUSE_US 10000

#define MADE_PARENT "/rlc" /* of containers that name no path */

/* --- hierarchies --- */

static bool is_hierarchy(const char *directory)
{
	struct statfs fs;

	return statfs(directory, &fs) == 0 && fs.f_type == CGROUP_SUPER_MAGIC;
}

/* Of char *, directories; links to the same one are not among them. */
static GPtrArray *hierarchies(void)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
	auto_fd root = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = root < 0 ? NULL : fd_list(root);
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		g_autofree char *path = g_build_filename(CGROUP_ROOT, entry->d_name, NULL);

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && is_hierarchy(path))
			g_ptr_array_add(all, g_steal_pointer(&path));
	}
	if (list)
		closedir(list);
	return all;
}

bool cgroup_v1_is_mounted(void)
{
	g_autoptr(GPtrArray) all = cgroup_is_mounted() ? NULL : hierarchies();

	return all && all->len > 0;
}

char *cgroup_v1_directory(const char *path)
{
	static const char *const best[] = {"freezer", "pids", "memory", "devices", "systemd"};
	g_autoptr(GPtrArray) all = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(best); i++) {
		g_autofree char *directory = g_strconcat(CGROUP_ROOT "/", best[i], path, NULL);

		if (access(directory, F_OK) == 0)
			return g_steal_pointer(&directory);
	}
	all = hierarchies();
	return all->len ? g_build_filename(g_ptr_array_index(all, 0), path, NULL) : NULL;
}

/* --- limits --- */

static void add_memory(GPtrArray *lines, const SpecMemory *memory)
{
	/* memory alone has no end that memory with swap does not have */
	int64_t swap = memory->limit < 0 && !memory->swap ? -1 : memory->swap;

	if (memory->limit)
		cgroup_limits_add(lines, "memory.limit_in_bytes=%" PRId64, memory->limit);
	if (memory->reservation)
		cgroup_limits_add(lines, "memory.soft_limit_in_bytes=%" PRId64,
				  memory->reservation);
	if (swap)
		cgroup_limits_add(lines, "memory.memsw.limit_in_bytes?=%" PRId64, swap);
	if (memory->kernel_tcp)
		cgroup_limits_add(lines, "memory.kmem.tcp.limit_in_bytes?=%" PRId64,
				  memory->kernel_tcp);
	if (memory->swappiness_set)
		cgroup_limits_add(lines, "memory.swappiness?=%" PRIu64, memory->swappiness);
	if (memory->disable_oom_killer)
		cgroup_limits_add(lines, "memory.oom_control=1");
}

static void add_cpu(GPtrArray *lines, const SpecCpu *cpu)
{
	if (cpu->idle < 0)
		cgroup_limits_add(lines, "cpu.idle?=0"); /* first: who is idle has no shares */
	if (cpu->shares)
		cgroup_limits_add(lines, "cpu.shares=%" PRIu64, cpu->shares);
	if (cpu->period)
		cgroup_limits_add(lines, "cpu.cfs_period_us=%" PRIu64, cpu->period);
	if (cpu->quota)
		cgroup_limits_add(lines, "cpu.cfs_quota_us=%" PRId64, cpu->quota);
	if (cpu->burst)
		cgroup_limits_add(lines, "cpu.cfs_burst_us=%" PRId64, MAX(cpu->burst, 0));
	if (cpu->idle > 0)
		cgroup_limits_add(lines, "cpu.idle=1");
	if (cpu->cpus)
		cgroup_limits_add(lines, "cpuset.cpus=%s", cpu->cpus);
	if (cpu->mems)
		cgroup_limits_add(lines, "cpuset.mems=%s", cpu->mems);
}

static void add_rates(GPtrArray *lines, const char *file, const GArray *rates)
{
	for (guint i = 0; i < rates->len; i++) {
		const SpecDeviceRate *rate = &g_array_index(rates, SpecDeviceRate, i);

		cgroup_limits_add(lines, "blkio.%s=%" PRId64 ":%" PRId64 " %" PRIu64, file,
				  rate->major, rate->minor, rate->rate);
	}
}

static void add_block_io(GPtrArray *lines, const SpecBlockIo *io)
{
	if (io->weight) {
		cgroup_limits_add(lines, "blkio.weight?=%u", io->weight);
		cgroup_limits_add(lines, "blkio.bfq.weight?=%u", io->weight);
	}
	add_rates(lines, "weight_device?", io->weight_device);
	add_rates(lines, "bfq.weight_device?", io->weight_device);
	add_rates(lines, "throttle.read_bps_device", io->read_bps);
	add_rates(lines, "throttle.write_bps_device", io->write_bps);
	add_rates(lines, "throttle.read_iops_device", io->read_iops);
	add_rates(lines, "throttle.write_iops_device", io->write_iops);
}

static void add_number(GString *text, int64_t number, char separator)
{
	if (number < 0)
		g_string_append_c(text, '*');
	else
		g_string_append_printf(text, "%" PRId64, number);
	g_string_append_c(text, separator);
}

/* Where nobody asked for rules the host need not have the hierarchy, nor give us those devices. */
static void add_devices(GPtrArray *lines, const SpecResources *resources)
{
	g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(PlanDevice));
	g_autoptr(GArray) rules = cgroup_devices_rules(resources, true, none);
	const char *mark = resources->devices->len > 0 ? "" : "?";

	cgroup_limits_add(lines, "devices.deny%s=a", mark);
	for (guint i = 0; i < rules->len; i++) {
		const SpecDeviceRule *rule = &g_array_index(rules, SpecDeviceRule, i);
		g_autoptr(GString) value = g_string_new(NULL);

		g_string_append_printf(value, "%c ", rule->type);
		add_number(value, rule->major, ':');
		add_number(value, rule->minor, ' ');
		g_string_append(value, rule->access);
		cgroup_limits_add(lines, "devices.%s%s=%s", rule->allow ? "allow" : "deny", mark,
				  rule->type == 'a' ? "a" : value->str);
	}
}

GPtrArray *cgroup_v1_lines(const SpecResources *resources, bool with_devices, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	if (resources->unified->len > 0) {
		error_set(error, RLC_ERROR_UNSUPPORTED,
			  "set '%s': 'unified' is of cgroups of version 2, and this host has "
			  "version 1",
			  (const char *)g_ptr_array_index(resources->unified, 0));
		return NULL;
	}
	add_memory(lines, &resources->memory);
	add_cpu(lines, &resources->cpu);
	if (resources->pids < 0)
		cgroup_limits_add(lines, "pids.max=max");
	else if (resources->pids > 0)
		cgroup_limits_add(lines, "pids.max=%" PRId64, resources->pids);
	for (guint i = 0; i < resources->hugepage_limits->len; i++) {
		const SpecHugepageLimit *limit =
			&g_array_index(resources->hugepage_limits, SpecHugepageLimit, i);

		cgroup_limits_add(lines, "hugetlb.%s.limit_in_bytes=%" PRIu64, limit->page_size,
				  limit->limit);
		cgroup_limits_add(lines, "hugetlb.%s.rsvd.limit_in_bytes?=%" PRIu64,
				  limit->page_size, limit->limit);
	}
	add_block_io(lines, &resources->block_io);
	for (guint i = 0; i < resources->rdma->len; i++)
		cgroup_limits_add(lines, "rdma.max=%s",
				  (const char *)g_ptr_array_index(resources->rdma, i));
	for (guint i = 0; i < resources->network->len; i++)
		cgroup_limits_add(lines, "%s",
				  (const char *)g_ptr_array_index(resources->network, i));
	if (with_devices)
		add_devices(lines, resources);
	return g_steal_pointer(&lines);
}

/* "memory.limit_in_bytes" of path: /sys/fs/cgroup/memory/PATH/memory.limit_in_bytes */
static char *file_of(const char *path, const char *file)
{
	g_autofree char *controller = g_strndup(file, strcspn(file, "."));

	return g_strconcat(CGROUP_ROOT "/", controller, path, "/", file, NULL);
}

char *cgroup_v1_read(const char *path, const char *file)
{
	g_autofree char *whole = file_of(path, file);

	return fd_read_file(AT_FDCWD, whole, CGROUP_FILE_MAX, NULL);
}

static bool may_be_left_out(const GError *error)
{
	return error_is_errno(error, ENOENT) || error_is_errno(error, EACCES) ||
	       error_is_errno(error, EPERM);
}

static bool write_line(const char *path, const char *line, GError **error)
{
	size_t length = strcspn(line, "=");
	bool optional = line[length - 1] == '?';
	g_autofree char *name = g_strndup(line, length - optional);
	g_autofree char *file = file_of(path, name);
	g_autoptr(GError) failed = NULL;

	if (fd_write_file(AT_FDCWD, file, line + length + 1, &failed) ||
	    (optional && may_be_left_out(failed)))
		return true;
	g_propagate_error(error, g_steal_pointer(&failed));
	return false;
}

/*
 * The limits of memory, and of memory with swap, may not pass each other on the way, nor may the
 * share of the processors that quota and period make pass the parent's.
 */
static bool may_wait(const char *line)
{
	return g_str_has_prefix(line, "memory.limit_in_bytes=") ||
	       g_str_has_prefix(line, "cpu.cfs_period_us=");
}

bool cgroup_v1_write(const char *path, const GPtrArray *lines, GError **error)
{
	g_autoptr(GPtrArray) again = g_ptr_array_new();

	for (guint i = 0; i < lines->len; i++) {
		char *line = g_ptr_array_index(lines, i);

		if (write_line(path, line, may_wait(line) ? NULL : error))
			continue;
		if (!may_wait(line))
			return false;
		g_ptr_array_add(again, line);
	}
	for (guint i = 0; i < again->len; i++) {
		if (!write_line(path, g_ptr_array_index(again, i), error))
			return false;
	}
	return true;
}

/* --- make and enter --- */

static bool is_empty(const char *procs)
{
	g_autofree char *text = fd_read_file(AT_FDCWD, procs, CGROUP_FILE_MAX, NULL);

	return !text || !*text;
}

bool cgroup_v1_is_used(const char *path)
{
	g_autoptr(GPtrArray) all = hierarchies();
	bool used = false;

	for (guint i = 0; i < all->len && !used; i++) {
		g_autofree char *procs =
			g_build_filename(g_ptr_array_index(all, i), path, "cgroup.procs", NULL);

		used = !is_empty(procs);
	}
	return used;
}

/* Its processors and memory nodes are its parent's, until it gets others. */
static bool inherit_cpuset(const char *directory, GError **error)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	g_autofree char *parent = g_path_get_dirname(directory);

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *own = g_build_filename(directory, files[i], NULL);
		g_autofree char *above = g_build_filename(parent, files[i], NULL);
		g_autofree char *now = fd_read_file(AT_FDCWD, own, CGROUP_FILE_MAX, NULL);
		g_autofree char *value = NULL;

		if (!now || *g_strstrip(now))
			continue; /* no cpuset, or one that has its own */
		value = fd_read_file(AT_FDCWD, above, CGROUP_FILE_MAX, error);
		if (!value || !fd_write_file(AT_FDCWD, own, g_strstrip(value), error))
			return false;
	}
	return true;
}

static bool make_in(const char *hierarchy, const char *path, GError **error)
{
	g_auto(GStrv) names = g_strsplit(path, "/", -1);
	g_autofree char *at = g_strdup(hierarchy);

	for (char **name = names; *name; name++) {
		char *below = g_build_filename(at, *name, NULL);

		g_free(at);
		at = below;
		if (!**name)
			continue;
		if (mkdir(at, 0755) < 0 && errno != EEXIST)
			return error_errno(error, errno, "make the cgroup '%s'", at);
		if (!inherit_cpuset(at, error))
			return false;
	}
	return true;
}

bool cgroup_v1_make(const char *path, GError **error)
{
	g_autoptr(GPtrArray) all = hierarchies();

	for (guint i = 0; i < all->len; i++) {
		if (!make_in(g_ptr_array_index(all, i), path, error))
			return false;
	}
	return true;
}

bool cgroup_v1_enter(const char *path, pid_t pid, GError **error)
{
	g_autofree char *number = g_strdup_printf("%d", pid);
	g_autoptr(GPtrArray) all = hierarchies();

	for (guint i = 0; i < all->len; i++) {
		g_autofree char *procs =
			g_build_filename(g_ptr_array_index(all, i), path, "cgroup.procs", NULL);

		if (!fd_write_file(AT_FDCWD, procs, number, error))
			return false;
	}
	return true;
}

/* "4:cpu,cpuacct:/a" or "1:name=systemd:/a": the cgroup.procs of it */
static char *procs_of_line(const char *line)
{
	g_auto(GStrv) parts = g_strsplit(line, ":", 3);
	const char *name;

	if (g_strv_length(parts) != 3 || !*parts[1])
		return NULL;
	name = g_str_has_prefix(parts[1], "name=") ? parts[1] + strlen("name=") : parts[1];
	return g_strconcat(CGROUP_ROOT "/", name, parts[2], "/cgroup.procs", NULL);
}

GPtrArray *cgroup_v1_own(void)
{
	GPtrArray *own = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = fd_read_file(AT_FDCWD, "/proc/self/cgroup", CGROUP_FILE_MAX, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++) {
		char *procs = procs_of_line(*line);

		if (procs)
			g_ptr_array_add(own, procs);
	}
	return own;
}

void cgroup_v1_return(const GPtrArray *own)
{
	for (guint i = 0; i < own->len; i++) {
		g_autoptr(GError) error = NULL;

		if (!fd_write_file(AT_FDCWD, g_ptr_array_index(own, i), "0", &error))
			log_debug("cgroup: %s", error->message);
	}
}

/* --- freeze, end --- */

bool cgroup_v1_is_frozen(const char *path)
{
	g_autofree char *state = cgroup_v1_read(path, "freezer.state");

	return state && !g_str_has_prefix(state, "THAWED");
}

static bool is_in_state(const char *path, const char *wanted)
{
	g_autofree char *state = cgroup_v1_read(path, "freezer.state");

	return !state || g_str_has_prefix(state, wanted);
}

/* A process that is just being born may be missed: the kernel wants to be told again. */
bool cgroup_v1_freeze(const char *path, bool freeze, GError **error)
{
	const char *wanted = freeze ? "FROZEN" : "THAWED";
	g_autofree char *file = file_of(path, "freezer.state");

	for (int i = 0; i < TRIES; i++) {
		if (!fd_write_file(AT_FDCWD, file, wanted, error))
			return false;
		if (is_in_state(path, wanted))
			return true;
		g_usleep(PAUSE_US);
	}
	return error_errno(error, ETIMEDOUT, "wait until '%s' says %s", file, wanted);
}

static void kill_all(const char *procs)
{
	g_autofree char *text = fd_read_file(AT_FDCWD, procs, CGROUP_FILE_MAX, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++) {
		pid_t pid = (pid_t)g_ascii_strtoll(*line, NULL, 10);

		if (pid > 0)
			kill(pid, SIGKILL);
	}
}

static void end_processes(const char *path)
{
	g_autofree char *directory = cgroup_v1_directory(path);
	g_autofree char *procs =
		g_build_filename(directory ? directory : "/", "cgroup.procs", NULL);

	for (int i = 0; i < TRIES && !is_empty(procs); i++) {
		g_autoptr(GError) error = NULL;
		bool frozen = cgroup_v1_freeze(path, true, &error);

		kill_all(procs);
		if (frozen)
			cgroup_v1_freeze(path, false, NULL);
		g_usleep(PAUSE_US);
	}
}

/* One whose last process has just died is busy for a moment. */
static bool remove_directory(const char *directory, GError **error)
{
	for (int i = 0; rmdir(directory) < 0; i++) {
		if (errno == ENOENT)
			return true;
		if (errno != EBUSY || i == TRIES)
			return error_errno(error, errno, "remove the cgroup '%s'", directory);
		g_usleep(PAUSE_US);
	}
	return true;
}

/* What the container made below goes first. */
static bool remove_tree(const char *directory, unsigned depth, GError **error)
{
	auto_fd fd = -1;
	struct dirent *entry;
	DIR *list;
	bool ok = true;

	if (rmdir(directory) == 0 || errno == ENOENT)
		return true;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	list = fd < 0 || depth == 0 ? NULL : fd_list(fd);
	while (ok && list && (entry = readdir(list))) {
		g_autofree char *below = g_build_filename(directory, entry->d_name, NULL);

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			ok = remove_tree(below, depth - 1, error);
	}
	if (list)
		closedir(list);
	return ok && remove_directory(directory, error);
}

/* Those above with a path of that length at least, as far as nobody else is in them. */
static void remove_parents(const char *directory, size_t length)
{
	g_autofree char *above = g_path_get_dirname(directory);

	if (strlen(above) >= length && rmdir(above) == 0)
		remove_parents(above, length);
}

bool cgroup_v1_remove(const char *path, GError **error)
{
	static const unsigned depth_max = 64;
	g_autoptr(GPtrArray) all = hierarchies();

	end_processes(path);
	for (guint i = 0; i < all->len; i++) {
		const char *hierarchy = g_ptr_array_index(all, i);
		g_autofree char *directory = g_strconcat(hierarchy, path, NULL);

		if (!remove_tree(directory, depth_max, error))
			return false;
		if (g_str_has_prefix(path, MADE_PARENT "/"))
			remove_parents(directory, strlen(hierarchy) + strlen(MADE_PARENT));
	}
	return true;
}

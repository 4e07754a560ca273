/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/usage.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "container/cgroups.h"
#include "container/processes.h"
#include "kernel/cgroup.h"

#define NET_FILE_MAX (1 << 20)

/* Fields of a line of /proc/PID/net/dev, counted from the one behind the name */
enum {
	NET_RECEIVED = 0,
	NET_SENT = 8,
	NET_FIELDS = 16,
};

/* --- by the cgroup --- */

/* The sum of "KEY=number" over the devices of io.stat */
static uint64_t sum_io(const char *text, const char *key)
{
	size_t length = strlen(key);
	uint64_t sum = 0;

	for (const char *at = text; (at = strstr(at, key)); at += length)
		sum += g_ascii_strtoull(at + length, NULL, 10);
	return sum;
}

static uint64_t count_lines(const char *text)
{
	uint64_t lines = 0;

	for (; text && *text; text++)
		lines += *text == '\n';
	return lines;
}

static void read_io(int cgroup, Usage *usage)
{
	g_autofree char *text = fd_read_file(cgroup, "io.stat", CGROUP_FILE_MAX, NULL);

	if (!text)
		return;
	usage->read = sum_io(text, " rbytes=");
	usage->written = sum_io(text, " wbytes=");
}

static void read_pids(int cgroup, Usage *usage)
{
	g_autofree char *text = NULL;

	if (cgroup_read_number(cgroup, "pids.current", &usage->pids)) {
		cgroup_read_number(cgroup, "pids.max", &usage->pids_limit);
		return;
	}
	text = fd_read_file(cgroup, "cgroup.procs", CGROUP_FILE_MAX, NULL);
	usage->pids = count_lines(text);
}

static bool read_memory(int cgroup, Usage *usage)
{
	uint64_t droppable = cgroup_read_key(cgroup, "memory.stat", "inactive_file");

	if (!cgroup_read_number(cgroup, "memory.current", &usage->memory))
		return false;
	usage->memory -= MIN(droppable, usage->memory);
	cgroup_read_number(cgroup, "memory.max", &usage->memory_limit);
	return true;
}

/* false: the processes must tell the rest. */
static bool read_cgroup(int cgroup, Usage *usage)
{
	if (cgroup < 0)
		return false;
	usage->cpu = cgroup_read_key(cgroup, "cpu.stat", "usage_usec");
	read_pids(cgroup, usage);
	read_io(cgroup, usage);
	return read_memory(cgroup, usage);
}

/* --- by the processes --- */

/* In memory that is shared with the process inside that reads */
static void add_process(const Process *process, void *data)
{
	Usage *sum = data;

	if (!process)
		return;
	sum->cpu += process->time_ms * 1000;
	sum->memory += process->rss;
	sum->pids++;
}

static bool add_processes(const char *state_root, const char *id, bool has_cgroup, Usage *usage,
			  GError **error)
{
	Usage *sum =
		mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool ok;

	if (sum == MAP_FAILED)
		return error_errno(error, ENOMEM, "read what the container uses");
	ok = processes_list(state_root, id, add_process, sum, error);
	usage->memory = sum->memory;
	if (!has_cgroup) {
		usage->cpu = sum->cpu;
		usage->pids = sum->pids;
	}
	munmap(sum, sizeof *sum);
	return ok;
}

/* --- the network --- */

static void add_interface(const char *line, Usage *usage)
{
	const char *colon = strchr(line, ':');
	g_auto(GStrv) words = g_strsplit_set(colon ? colon + 1 : "", " ", -1);
	const char *fields[NET_FIELDS];
	size_t n = 0;

	for (char **word = words; *word && n < NET_FIELDS; word++) {
		if (**word)
			fields[n++] = *word;
	}
	if (n < NET_FIELDS || g_str_has_prefix(line + strspn(line, " "), "lo:"))
		return;
	usage->received += g_ascii_strtoull(fields[NET_RECEIVED], NULL, 10);
	usage->sent += g_ascii_strtoull(fields[NET_SENT], NULL, 10);
}

/* init's network namespace is the container's; with the host's own there is nothing to tell. */
static void read_network(pid_t init, Usage *usage)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/net/dev", init);
	g_autofree char *text = fd_read_file(AT_FDCWD, path, NET_FILE_MAX, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	if (!text)
		return;
	usage->received = usage->sent = 0;
	for (char **line = lines; *line; line++)
		add_interface(*line, usage);
}

bool usage_read(const char *state_root, const StateEntry *entry, Usage *ret_usage, GError **error)
{
	Usage usage = {
		.when = g_get_monotonic_time(),
		.memory_limit = USAGE_NONE,
		.pids_limit = USAGE_NONE,
		.read = USAGE_NONE,
		.written = USAGE_NONE,
		.received = USAGE_NONE,
		.sent = USAGE_NONE,
	};
	auto_fd cgroup = -1;

	if (!cgroups_open(state_root, entry->id, &cgroup, error) ||
	    (!read_cgroup(cgroup, &usage) &&
	     !add_processes(state_root, entry->id, cgroup >= 0, &usage, error)))
		return false;
	read_network(entry->status.pid, &usage);
	*ret_usage = usage;
	return true;
}

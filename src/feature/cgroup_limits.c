/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/cgroup_limits.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/log.h"
#include "kernel/cgroup.h"

#define PERIOD_DEFAULT 100000 /* microseconds, the kernel's own */

unsigned cgroup_limits_cpu_weight(uint64_t shares)
{
	double bits = log2((double)CLAMP(shares, 2, 262144));

	return (unsigned)ceil(pow(10, (bits * bits + 125 * bits) / 612 - 7.0 / 34));
}

unsigned cgroup_limits_io_weight(uint64_t weight)
{
	return 1 + (unsigned)((CLAMP(weight, 10, 1000) - 10) * 9999 / 990);
}

char *cgroup_limits_size_text(uint64_t bytes)
{
	static const char units[] = {'g', 'm', 'k'};

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		uint64_t unit = UINT64_C(1) << (30 - 10 * i);

		if (bytes >= unit && bytes % unit == 0)
			return g_strdup_printf("%" PRIu64 "%c", bytes / unit, units[i]);
	}
	return g_strdup_printf("%" PRIu64 " bytes", bytes);
}

void cgroup_limits_add(GPtrArray *lines, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	g_ptr_array_add(lines, g_strdup_vprintf(format, list));
	va_end(list);
}

/* A number, "max" for -1; nothing for 0. */
static void add_number(GPtrArray *lines, const char *file, int64_t number)
{
	if (number < 0)
		cgroup_limits_add(lines, "%s=max", file);
	else if (number > 0)
		cgroup_limits_add(lines, "%s=%" PRId64, file, number);
}

/*
 * OCI counts memory and swap together, version 2 swap alone.  Where nothing is said of it there may
 * be as much swap as memory, as with docker and podman.
 */
static bool add_swap(GPtrArray *lines, const SpecMemory *memory, GError **error)
{
	if (memory->swap > 0 && memory->limit <= 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "limit memory and swap to %" PRId64
				 ": it needs a limit of memory, too",
				 memory->swap);
	if (memory->swap > 0 && memory->swap < memory->limit)
		return error_set(error, RLC_ERROR_USAGE,
				 "limit memory and swap to %" PRId64
				 ": that is less than memory's limit alone, %" PRId64,
				 memory->swap, memory->limit);
	if (memory->swap > 0)
		cgroup_limits_add(lines, "memory.swap.max=%" PRId64, memory->swap - memory->limit);
	else if (memory->swap < 0)
		cgroup_limits_add(lines, "memory.swap.max?=max");
	else if (memory->limit > 0)
		cgroup_limits_add(lines, "memory.swap.max?=%" PRId64, memory->limit);
	return true;
}

static bool add_memory(GPtrArray *lines, const SpecMemory *memory, GError **error)
{
	add_number(lines, "memory.max", memory->limit);
	add_number(lines, "memory.low", memory->reservation);
	return add_swap(lines, memory, error);
}

static void add_cpu(GPtrArray *lines, const SpecCpu *cpu)
{
	uint64_t period = cpu->period ? cpu->period : PERIOD_DEFAULT;

	if (cpu->idle < 0)
		cgroup_limits_add(lines, "cpu.idle?=0"); /* first: who is idle has no weight */
	if (cpu->shares > 0)
		cgroup_limits_add(lines, "cpu.weight=%u", cgroup_limits_cpu_weight(cpu->shares));
	if (cpu->quota > 0)
		cgroup_limits_add(lines, "cpu.max=%" PRId64 " %" PRIu64, cpu->quota, period);
	else if (cpu->quota < 0 || cpu->period > 0)
		cgroup_limits_add(lines, "cpu.max=max %" PRIu64, period);
	if (cpu->burst)
		cgroup_limits_add(lines, "cpu.max.burst=%" PRId64, MAX(cpu->burst, 0));
	if (cpu->idle > 0)
		cgroup_limits_add(lines, "cpu.idle=1");
	if (cpu->cpus)
		cgroup_limits_add(lines, "cpuset.cpus=%s", cpu->cpus);
	if (cpu->mems)
		cgroup_limits_add(lines, "cpuset.mems=%s", cpu->mems);
}

/* "8:0" */
static char *device_numbers(const SpecDeviceRate *rate, GError **error)
{
	struct stat st;

	if (!rate->path)
		return g_strdup_printf("%" PRId64 ":%" PRId64, rate->major, rate->minor);
	if (stat(rate->path, &st) < 0) {
		error_errno(error, errno, "limit the device '%s'", rate->path);
		return NULL;
	}
	if (!S_ISBLK(st.st_mode)) {
		error_set(error, RLC_ERROR_USAGE, "limit the device '%s': it is no block device",
			  rate->path);
		return NULL;
	}
	return g_strdup_printf("%u:%u", major(st.st_rdev), minor(st.st_rdev));
}

static bool add_rates(GPtrArray *lines, const GArray *rates, const char *word, GError **error)
{
	for (guint i = 0; i < rates->len; i++) {
		const SpecDeviceRate *rate = &g_array_index(rates, SpecDeviceRate, i);
		g_autofree char *numbers = device_numbers(rate, error);

		if (!numbers)
			return false;
		cgroup_limits_add(lines, "io.max=%s %s=%" PRIu64, numbers, word, rate->rate);
	}
	return true;
}

static bool add_io(GPtrArray *lines, const SpecBlockIo *io, GError **error)
{
	if (io->weight > 0) {
		cgroup_limits_add(lines, "io.bfq.weight?=%u", io->weight);
		cgroup_limits_add(lines, "io.weight=default %u",
				  cgroup_limits_io_weight(io->weight));
	}
	for (guint i = 0; i < io->weight_device->len; i++) {
		const SpecDeviceRate *rate = &g_array_index(io->weight_device, SpecDeviceRate, i);
		g_autofree char *numbers = device_numbers(rate, error);

		if (!numbers)
			return false;
		cgroup_limits_add(lines, "io.bfq.weight?=%s %" PRIu64, numbers, rate->rate);
		cgroup_limits_add(lines, "io.weight=%s %u", numbers,
				  cgroup_limits_io_weight(rate->rate));
	}
	return add_rates(lines, io->read_bps, "rbps", error) &&
	       add_rates(lines, io->write_bps, "wbps", error) &&
	       add_rates(lines, io->read_iops, "riops", error) &&
	       add_rates(lines, io->write_iops, "wiops", error);
}

static void add_hugepages(GPtrArray *lines, const GArray *limits)
{
	for (guint i = 0; i < limits->len; i++) {
		const SpecHugepageLimit *limit = &g_array_index(limits, SpecHugepageLimit, i);

		cgroup_limits_add(lines, "hugetlb.%s.max=%" PRIu64, limit->page_size, limit->limit);
		cgroup_limits_add(lines, "hugetlb.%s.rsvd.max?=%" PRIu64, limit->page_size,
				  limit->limit);
	}
}

/* A name of a file in the cgroup, and nothing that leads out of it. */
static bool add_unified(GPtrArray *lines, const GPtrArray *unified, GError **error)
{
	for (guint i = 0; i < unified->len; i++) {
		const char *line = g_ptr_array_index(unified, i);
		size_t length = strcspn(line, "=");

		if (!line[length] || memchr(line, '/', length) || *line == '.' || length == 0)
			return error_set(error, RLC_ERROR_USAGE,
					 "set '%s': not a file of a cgroup and its value", line);
		g_ptr_array_add(lines, g_strdup(line));
	}
	return true;
}

GPtrArray *cgroup_limits_lines(const SpecResources *resources, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	if (!add_memory(lines, &resources->memory, error))
		return NULL;
	add_cpu(lines, &resources->cpu);
	add_number(lines, "pids.max", resources->pids);
	add_hugepages(lines, resources->hugepage_limits);
	for (guint i = 0; i < resources->rdma->len; i++)
		cgroup_limits_add(lines, "rdma.max=%s",
				  (const char *)g_ptr_array_index(resources->rdma, i));
	if (resources->memory.kernel_tcp > 0)
		log_warn("linux.resources.memory.kernelTCP is not kept: it is of version 1 of "
			 "cgroups");
	/* who tags packets does it by the packet filter and the cgroup's path */
	if (resources->network->len > 0)
		log_warn("linux.resources.network is not kept: net_cls and net_prio are of "
			 "version 1 of cgroups");
	return add_io(lines, &resources->block_io, error) &&
			       add_unified(lines, resources->unified, error)
		       ? g_steal_pointer(&lines)
		       : NULL;
}

unsigned cgroup_limits_controllers(const GPtrArray *lines)
{
	unsigned set = 0;

	for (guint i = 0; i < lines->len; i++)
		set |= cgroup_controller_of(g_ptr_array_index(lines, i));
	return set;
}

/* FILE, and whether it may be missing. *ret_value points into line. */
static char *split(const char *line, const char **ret_value, bool *ret_optional)
{
	size_t length = strcspn(line, "=");

	*ret_value = line + length + 1;
	*ret_optional = line[length - 1] == '?';
	return g_strndup(line, length - *ret_optional);
}

bool cgroup_limits_write(int cgroup, const GPtrArray *lines, GError **error)
{
	for (guint i = 0; i < lines->len; i++) {
		g_autoptr(GError) refused = NULL;
		const char *value;
		bool optional;
		g_autofree char *file = split(g_ptr_array_index(lines, i), &value, &optional);

		if (cgroup_write(cgroup, file, value, &refused) ||
		    (optional && error_is_errno(refused, ENOENT)))
			continue;
		g_propagate_error(error, g_steal_pointer(&refused));
		return false;
	}
	return true;
}

void cgroup_limits_explain(const GPtrArray *lines, const char *directory, GString *script)
{
	for (guint i = 0; i < lines->len; i++) {
		const char *value;
		bool optional;
		g_autofree char *file = split(g_ptr_array_index(lines, i), &value, &optional);
		g_autofree char *word = g_shell_quote(value);

		g_string_append_printf(script, "echo %s > %s/%s%s\n", word, directory, file,
				       optional ? " 2>/dev/null || true" : "");
	}
}

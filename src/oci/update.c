/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: what was not asked for stays as it is.  Where version 2 has one file for two
 * numbers of the OCI's (cpu.max, and swap, which the OCI counts together with memory), the other
 * one is read from the kernel first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "container/created.h"
#include "feature/cgroup_handle.h"
#include "feature/resctrl.h"
#include "oci/config.h"
#include "oci/verb.h"

typedef struct {
	char *resources;
	char *memory, *memory_swap, *memory_reservation, *cpu_shares, *cpu_quota, *cpu_period,
		*cpu_burst, *cpuset_cpus, *cpuset_mems, *cpu_idle, *pids_limit, *blkio_weight;
	char *l3_cache_schema, *mem_bw_schema;
	char *kernel_tcp;
	char *unsupported[3]; /* options of runc's whose limits no kernel keeps any more */
} UpdateOptions;

/* --- the options --- */

/* "64m" is 64 MiB; "-1" no limit. */
static bool take_number(const char *option, const char *text, int64_t *target, GError **error)
{
	static const char units[] = "kmgt";
	const char *unit;
	char *end;
	gint64 value;

	if (!text)
		return true;
	value = g_ascii_strtoll(text, &end, 10);
	unit = *end ? strchr(units, g_ascii_tolower(*end)) : NULL;
	if (unit) {
		unsigned shift = 10 * (unsigned)(unit - units + 1);

		if (value < 0 || value > INT64_MAX >> shift)
			return error_set(error, RLC_ERROR_USAGE, "parse --%s '%s': out of range",
					 option, text);
		value *= INT64_C(1) << shift;
		end += end[1] == 'b' || end[1] == 'B' ? 2 : 1;
	}
	if (end == text || *end || value < -1)
		return error_set(error, RLC_ERROR_USAGE, "parse --%s '%s': not a number", option,
				 text);
	*target = value;
	return true;
}

static bool take_positive(const char *option, const char *text, uint64_t *target, GError **error)
{
	int64_t value = (int64_t)*target;

	if (!take_number(option, text, &value, error))
		return false;
	*target = (uint64_t)value;
	return value >= 0 ||
	       error_set(error, RLC_ERROR_USAGE, "parse --%s '%s': negative", option, text);
}

static void take_list(const char *text, char **target)
{
	if (!text)
		return;
	g_free(*target);
	*target = g_strdup(text);
}

static bool take_options(const UpdateOptions *options, SpecResources *resources, GError **error)
{
	SpecMemory *memory = &resources->memory;
	SpecCpu *cpu = &resources->cpu;
	uint64_t weight = resources->block_io.weight, burst = 0, idle = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(options->unsupported); i++) {
		if (options->unsupported[i] && strcmp(options->unsupported[i], "0") != 0)
			return error_set(error, RLC_ERROR_UNSUPPORTED,
					 "update: limits of kernel memory and real-time shares are "
					 "not supported");
	}
	take_list(options->cpuset_cpus, &cpu->cpus);
	take_list(options->cpuset_mems, &cpu->mems);
	if (!take_number("memory", options->memory, &memory->limit, error) ||
	    !take_number("memory-swap", options->memory_swap, &memory->swap, error) ||
	    !take_number("memory-reservation", options->memory_reservation, &memory->reservation,
			 error) ||
	    !take_positive("cpu-share", options->cpu_shares, &cpu->shares, error) ||
	    !take_number("cpu-quota", options->cpu_quota, &cpu->quota, error) ||
	    !take_positive("cpu-period", options->cpu_period, &cpu->period, error) ||
	    !take_number("kernel-memory-tcp", options->kernel_tcp, &memory->kernel_tcp, error) ||
	    !take_positive("cpu-burst", options->cpu_burst, &burst, error) ||
	    !take_positive("cpu-idle", options->cpu_idle, &idle, error) ||
	    !take_number("pids-limit", options->pids_limit, &resources->pids, error) ||
	    !take_positive("blkio-weight", options->blkio_weight, &weight, error))
		return false;
	if (weight != 0 && (weight < 10 || weight > 1000))
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --blkio-weight '%s': not between 10 and 1000",
				 options->blkio_weight);
	if (idle > 1)
		return error_set(error, RLC_ERROR_USAGE, "parse --cpu-idle '%s': neither 0 nor 1",
				 options->cpu_idle);
	resources->block_io.weight = (uint32_t)weight;
	if (options->cpu_burst)
		cpu->burst = burst == 0 ? -1 : (int64_t)burst;
	if (options->cpu_idle)
		cpu->idle = idle == 0 ? -1 : 1;
	return true;
}

static bool read_file(const char *path, SpecResources *resources, GError **error)
{
	g_auto(FieldDocument) document = {0};
	FieldAt root;

	if (!path)
		return true;
	if (!field_load(path, &document, error))
		return false;
	root = field_root(&document);
	return config_resources(&root, resources, error);
}

/* --- what is not asked for, and stands in the same file --- */

/* A file of version 2 that is one number; -1: "max", or there is none. */
static int64_t read_number(const CgroupHandle *cgroup, const char *file)
{
	g_autofree char *text = cgroup_handle_read(cgroup, file);

	return !text || g_str_has_prefix(text, "max") ? -1 : g_ascii_strtoll(text, NULL, 10);
}

/* cpu.max is "QUOTA PERIOD". */
static void complete_cpu(const CgroupHandle *cgroup, SpecCpu *cpu)
{
	g_autofree char *text = cgroup_handle_read(cgroup, "cpu.max");
	const char *period = text ? strchr(text, ' ') : NULL;

	if (!period || !cpu->quota == !cpu->period)
		return;
	if (!cpu->period)
		cpu->period = g_ascii_strtoull(period + 1, NULL, 10);
	else
		cpu->quota = g_str_has_prefix(text, "max") ? -1 : g_ascii_strtoll(text, NULL, 10);
}

static void complete_memory(const CgroupHandle *cgroup, SpecMemory *memory)
{
	int64_t swap = read_number(cgroup, "memory.swap.max");

	if (!memory->limit == !memory->swap)
		return;
	if (!memory->limit)
		memory->limit = read_number(cgroup, "memory.max");
	else
		memory->swap = swap < 0 || memory->limit < 0 ? -1 : memory->limit + swap;
}

/* linux.intelRdt, whose class the container is in */
static bool change_class(const Created *created, const UpdateOptions *options, GError **error)
{
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	const SpecRdt asked = {.l3_cache_schema = options->l3_cache_schema,
			       .mem_bw_schema = options->mem_bw_schema,
			       .schemata = none};

	return (!options->l3_cache_schema && !options->mem_bw_schema) ||
	       resctrl_change(created->dir, &asked, error);
}

static bool is_of_class_alone(const UpdateOptions *options, const SpecResources *resources)
{
	return (options->l3_cache_schema || options->mem_bw_schema) && !spec_has_limits(resources);
}

/* checkBeforeUpdate: version 2 would kill, where version 1 refuses of its own accord. */
static bool check_memory(const CgroupHandle *cgroup, const SpecMemory *memory, GError **error)
{
	int64_t used = read_number(cgroup, "memory.current");

	return !memory->check_before_update || memory->limit <= 0 || used <= memory->limit ||
	       error_set(error, RLC_ERROR_FAILED,
			 "update: set a memory limit of %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT
			 " bytes are in use",
			 memory->limit, used);
}

static bool change(const OciGlobals *globals, const char *id, const UpdateOptions *options,
		   SpecResources *resources, GError **error)
{
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_auto(CgroupHandle) cgroup = CGROUP_HANDLE_NONE;

	if (!created_open(globals->root, id, true, &created, error))
		return false;
	if (created_state(&created) == CREATED_STOPPED)
		return error_set(error, RLC_ERROR_STATE, "container not running");
	if (!cgroup_handle_open(created.dir, &cgroup, error))
		return false;
	if (cgroup.directory >= 0) {
		complete_cpu(&cgroup, &resources->cpu);
		complete_memory(&cgroup, &resources->memory);
		if (!check_memory(&cgroup, &resources->memory, error))
			return false;
	}
	return (is_of_class_alone(options, resources) ||
		cgroup_handle_limit(&cgroup, resources, error)) &&
	       change_class(&created, options, error);
}

#define ROW(name, field, summary)                                                                  \
	{                                                                                          \
		name, 0, 0, G_OPTION_ARG_STRING, &options.field, summary, "VALUE"                  \
	}

int verb_update(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	UpdateOptions options = {0};
	const GOptionEntry entries[] = {
		{"resources", 'r', 0, G_OPTION_ARG_FILENAME, &options.resources,
		 "linux.resources as JSON; \"-\" is standard input; other options go beyond it",
		 "FILE"},
		ROW("memory", memory, "memory, in bytes or such as 64m; -1: no limit"),
		ROW("memory-swap", memory_swap, "memory and swap together"),
		ROW("memory-reservation", memory_reservation,
		    "what it keeps when the host runs short"),
		ROW("cpu-share", cpu_shares, "its share when processors are scarce"),
		ROW("cpu-quota", cpu_quota, "microseconds of processor time in each period"),
		ROW("cpu-period", cpu_period, "microseconds"),
		ROW("cpu-burst", cpu_burst, "microseconds that it may save up"),
		ROW("cpu-idle", cpu_idle, "1: run only when no others want to"),
		ROW("cpuset-cpus", cpuset_cpus, "processors, such as 0-2,7"),
		ROW("cpuset-mems", cpuset_mems, "memory nodes"),
		ROW("pids-limit", pids_limit, "processes and threads; -1: no limit"),
		ROW("blkio-weight", blkio_weight, "its share of block devices, from 10 to 1000"),
		ROW("kernel-memory-tcp", kernel_tcp, "TCP buffers; of version 1 of cgroups"),
		ROW("kernel-memory", unsupported[0], "refused, if not 0"),
		ROW("cpu-rt-period", unsupported[1], "refused, if not 0"),
		ROW("cpu-rt-runtime", unsupported[2], "refused, if not 0"),
		ROW("l3-cache-schema", l3_cache_schema, "its share of caches, such as L3:0=7f0"),
		ROW("mem-bw-schema", mem_bw_schema, "of memory bandwidth, such as MB:0=20"),
		{NULL},
	};
	g_auto(SpecResources) resources = {0};

	spec_resources_init(&resources);
	if (!verb_parse(globals, &argc, &argv, entries, error) ||
	    !read_file(options.resources, &resources, error) ||
	    !take_options(&options, &resources, error) ||
	    !change(globals, argv[1], &options, &resources, error))
		return -1;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/scheduling.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

#define CPUS_MAX 4096

/* sched_setattr(2). The kernel's header of it cannot be had together with the C library's. */
struct sched_attr {
	uint32_t size, sched_policy;
	uint64_t sched_flags;
	int32_t sched_nice;
	uint32_t sched_priority;
	uint64_t sched_runtime, sched_deadline, sched_period;
};

static bool set_scheduler(const SpecScheduler *scheduler, GError **error)
{
	struct sched_attr attr = {
		.size = sizeof attr,
		.sched_policy = scheduler->policy,
		.sched_flags = scheduler->flags,
		.sched_nice = scheduler->nice,
		.sched_priority = scheduler->priority,
		.sched_runtime = scheduler->runtime,
		.sched_deadline = scheduler->deadline,
		.sched_period = scheduler->period,
	};

	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return error_errno(error, errno, "set the scheduler");
	return true;
}

bool scheduling_set(const SpecProcess *process, GError **error)
{
	if (process->scheduler.set && !set_scheduler(&process->scheduler, error))
		return false;
	if (process->io_priority != SPEC_UNSET &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, process->io_priority) < 0)
		return error_errno(error, errno, "set the I/O priority");
	return true;
}

/* A number, and what is behind it. */
static bool parse_one(const char **at, unsigned max, unsigned *ret)
{
	char *end;
	guint64 value;

	if (!g_ascii_isdigit(**at))
		return false;
	value = g_ascii_strtoull(*at, &end, 10);
	*at = end;
	*ret = (unsigned)value;
	return value < max;
}

bool scheduling_parse_list(const char *list, unsigned max, unsigned long *set)
{
	static const unsigned bits = 8 * sizeof *set;
	const char *at = list;

	do {
		unsigned first, last;

		if (at != list)
			at++;
		if (!parse_one(&at, max, &first))
			return false;
		last = first;
		if (*at == '-' && (at++, !parse_one(&at, max, &last) || last < first))
			return false;
		for (unsigned i = first; set && i <= last; i++)
			set[i / bits] |= 1UL << i % bits;
	} while (*at == ',');
	return *at == '\0';
}

bool scheduling_set_affinity(const char *list, GError **error)
{
	unsigned long set[CPUS_MAX / (8 * sizeof(unsigned long))] = {0};

	if (!list || !*list)
		return true;
	if (!scheduling_parse_list(list, CPUS_MAX, set))
		return error_set(error, RLC_ERROR_USAGE,
				 "run on the processors '%s': not a list of numbers", list);
	return syscall(SYS_sched_setaffinity, 0, sizeof set, set) >= 0 ||
	       error_errno(error, errno, "run on the processors '%s'", list);
}

bool scheduling_set_memory(const SpecMemoryPolicy *policy, GError **error)
{
	return !policy->set ||
	       syscall(SYS_set_mempolicy, policy->mode, policy->nodes, SPEC_NODES_MAX) == 0 ||
	       error_errno(error, errno, "set the policy of memory");
}

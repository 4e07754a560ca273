/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/scheduling.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

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

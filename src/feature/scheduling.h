/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.scheduler, ioPriority and execCPUAffinity, linux.memoryPolicy: sched_setattr(2),
 * ioprio_set(2), sched_setaffinity(2), set_mempolicy(2).
 */
#pragma once

#include "model/spec.h"

/* The process that becomes the payload, while it has its capabilities. */
bool scheduling_set(const SpecProcess *process, GError **error);

/* The same, of the node that its memory comes from. */
bool scheduling_set_memory(const SpecMemoryPolicy *policy, GError **error);

/* The processors ("0-3,7"; NULL or "": leave) that this process may run on. */
bool scheduling_set_affinity(const char *list, GError **error);

/* Is it a list of numbers below max, in words of cpuset(7)? set gets a bit for each; or NULL. */
bool scheduling_parse_list(const char *list, unsigned max, unsigned long *set);

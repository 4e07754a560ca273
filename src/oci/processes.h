/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes of a container: those of its cgroup, or without one those of its pid namespace. */
#pragma once

#include "container/created.h"
#include "feature/cgroup_handle.h"

/* Of pid_t; without either, init alone. Caller frees. */
GArray *processes_find(const Created *created, const CgroupHandle *cgroup);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.scheduler and process.ioPriority: sched_setattr(2), ioprio_set(2). */
#pragma once

#include "model/spec.h"

/* The process that becomes the payload, while it has its capabilities. */
bool scheduling_set(const SpecProcess *process, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a security module is told of the payload: an AppArmor profile, an SELinux label. */
#pragma once

#include "model/container.h"

/* Refuse what this host cannot enforce. */
bool lsm_plan(const Spec *spec, Plan *plan, GError **error);

/* init: of the next execve(2), by proc_pid_attr(5). */
bool lsm_set(const SpecProcess *process, GError **error);

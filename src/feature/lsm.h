/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a security module is told of the container: an AppArmor profile, SELinux labels. */
#pragma once

#include "model/container.h"

/* Refuse what this host cannot enforce, and choose the labels. */
bool lsm_plan(const Spec *spec, Plan *plan, GError **error);

void lsm_clear(LabelPlan *label);

/* init, and who enters: of the next execve(2), by proc_pid_attr(5). */
bool lsm_set(const Plan *plan, GError **error);

/* init: what it mounts from here on has the label of the container's files. */
bool lsm_child(Container *container, GError **error);
void lsm_explain(const Plan *plan, GString *script);

/* The same for the program that the script ends in. */
void lsm_explain_exec(const Plan *plan, GString *script);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The labels of a container for SELinux: one for its processes, one for its files.
 *
 * What --security-opt label= does not say comes from rlc's own policy (selinux/rlc.cil), where the
 * host has it loaded, or else from what the host's policy has for containers.  A level that is not
 * given has two categories, by the container's id: another container's processes have others, and
 * cannot reach its files.
 */
#pragma once

#include "model/container.h"

/*
 * plan->lsm.label: of what `label=` or a config.json asks for, nothing where they do not.  Refuses
 * what this host's policy has not, or does not let us give.
 */
bool lsm_label_plan(const Spec *spec, Plan *plan, GError **error);

/*
 * init: give what a volume binds (O_PATH will do) and all below it the label of the container's
 * files, or with shared that of all containers' files.  source is what the user called it.
 */
bool lsm_label_files(const Plan *plan, int fd, const char *source, bool shared, GError **error);

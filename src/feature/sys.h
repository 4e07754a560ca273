/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /sys, read-only, with the container's own view of the cgroup tree. */
#pragma once

#include "model/container.h"

/* init: sysfs of the new network namespace, or a read-only bind of the host's where that is shared.
 */
bool sys_child(Container *container, GError **error);

void sys_explain(const Plan *plan, GString *script);

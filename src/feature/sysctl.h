/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel parameters of the container's namespaces: sysctl(8), proc(5) "/proc/sys". */
#pragma once

#include "model/container.h"

/*
 * Refuse what is no parameter of a namespace that the container has of its own: it would be the
 * host's that is changed.
 */
bool sysctl_plan(const Spec *spec, Plan *plan, GError **error);

/* init, before the pivot: write them. */
bool sysctl_child(Container *container, GError **error);

void sysctl_explain(const Plan *plan, GString *script);

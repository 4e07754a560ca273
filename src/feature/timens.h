/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.timeOffsets: clocks of the container's own, time_namespaces(7). */
#pragma once

#include "model/container.h"

/* Offsets can be set only while nobody is in the namespace: takes CLONE_NEWTIME from clone_flags.
 */
bool timens_plan(const Spec *spec, Plan *plan, GError **error);

/* init: make the namespace, set its offsets, enter it. */
bool timens_child(Container *container, GError **error);

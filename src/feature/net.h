/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/container.h"

bool net_plan(const Spec *spec, Plan *plan, GError **error);
bool net_parent(Container *container, GError **error);
bool net_child(Container *container, GError **error);
bool net_child_wait(Container *container, GError **error);

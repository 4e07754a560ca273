/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/container.h"

bool idmap_plan(const Spec *spec, Plan *plan, GError **error);
bool idmap_parent(Container *container, GError **error);
bool idmap_child(Container *container, GError **error);

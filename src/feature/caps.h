/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/container.h"

bool caps_plan(const Spec *spec, Plan *plan, GError **error);
bool caps_child(Container *container, GError **error);

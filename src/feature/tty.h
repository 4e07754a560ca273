/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/container.h"

bool tty_plan(const Spec *spec, Plan *plan, GError **error);
bool tty_parent(Container *container, GError **error);
bool tty_child(Container *container, GError **error);

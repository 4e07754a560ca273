/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/container.h"

bool rootfs_plan(const Spec *spec, Plan *plan, GError **error);
bool rootfs_child(Container *container, GError **error);
bool rootfs_pivot(Container *container, GError **error);

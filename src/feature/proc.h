/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/container.h"

bool proc_child(Container *container, GError **error);
bool proc_mask(Container *container, GError **error);

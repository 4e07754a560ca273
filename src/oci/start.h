/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/created.h"

/* Start a container that waits for it, and run its poststart hooks. */
bool start_created(const Created *created, GError **error);

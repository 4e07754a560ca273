/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of mount(8) that are no business of the file system itself, as config.md lists them. */
#pragma once

#include "model/plan.h"

/* Take one word into mount. False: it is none of these, and meant for the file system. */
bool mount_options_take(PlanMount *mount, const char *word);

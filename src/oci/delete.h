/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/created.h"

/*
 * End a container that still lives, run its poststop hooks, and remove all that is left of it.  It
 * is open and locked.
 */
bool delete_created(const char *root, const char *id, const Created *created, GError **error);

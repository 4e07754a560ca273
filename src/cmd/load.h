/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives as the standard input and output of rlc-image. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Make file the standard input of this process; NULL or "-": what it is, but no terminal. */
bool load_open_input(const char *file, GError **error);

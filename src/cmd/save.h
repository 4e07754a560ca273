/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives that rlc-image writes. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Run rlc-image with these arguments (NULL terminated) and its standard output in file, which
 * appears when it is whole; NULL or "-": this process's own, but no terminal.
 */
bool save_run(const char *const *args, const char *file, int *ret_exit_code, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives that rlc-image writes. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Writes the archive to output; *ret_exit_code: rlc-image's. */
typedef bool (*SaveWriter)(const void *data, int output, int *ret_exit_code, GError **error);

/*
 * Call writer for file, which appears when it is whole; NULL or "-": this process's standard
 * output, but no terminal.
 */
bool save_write(SaveWriter writer, const void *data, const char *file, int *ret_exit_code,
		GError **error);

/* The same with what rlc-image writes with these arguments (NULL terminated). */
bool save_run(const char *const *args, const char *file, int *ret_exit_code, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rlc-image, which speaks to registries and reads archives, run inside the caller's id map, so that
 * the files that it unpacks belong to the ids inside.  The store that it works on is RLC_STORE.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Run it with these arguments (NULL terminated, without its own name) and wait for its end.  What
 * goes wrong inside it says itself, on standard error; *ret_exit_code is its own.
 */
bool image_program_run(const char *const *args, int *ret_exit_code, GError **error);

/* The same, with its standard output going to a descriptor. */
bool image_program_write(const char *const *args, int output, int *ret_exit_code, GError **error);

/* The same, and its standard output as text, at most 1 MiB. Caller frees. */
bool image_program_read(const char *const *args, char **ret_output, int *ret_exit_code,
			GError **error);

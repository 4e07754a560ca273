/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values that several options take, of `rlc run` and of other commands.  A function that can
 * fail names the part of the value that is wrong; the caller puts the flag in front.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Put a copy of value into *field in place of what was there. True. */
bool run_value_replace(char **field, const char *value);

/* A number in decimal digits, up to max. */
bool run_value_number(const char *text, guint64 max, guint64 *ret_number);

/*
 * A size: a number of bytes, or with k, m, g or t behind it of 1024, 1024² … bytes, also 1.5g.  A
 * "b" may stand at its end, as docker has it.
 */
bool run_value_size(const char *text, guint64 *ret_bytes);

/* The same for options that refuse anything else, and less than min, with what a size is. */
bool run_value_size_from(const char *text, guint64 min, guint64 *ret_bytes, GError **error);

/* true, false, 1 or 0 */
bool run_value_bool(const char *text, bool *ret_value, GError **error);

/*
 * -e: NAME=VALUE as it is; NAME alone takes the host's value, or is left out where the host has
 * none.  Appended to env.
 */
bool run_value_env(GPtrArray *env, const char *value, GError **error);

/* --stop-signal, kill --signal: a name with or without SIG, or a number */
bool run_value_signal(const char *value, int *ret_signal, GError **error);

/* --name, rename: a name that a container can have */
bool run_value_name(const char *value, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ROOT/names: a name is a symbolic link to the id of the container that has it.  ROOT/lock is held
 * by who changes them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Remove those of this container. names is the directory. */
void state_names_drop(int names, const char *id);

/* The first one of this container, or NULL. Caller frees. */
char *state_names_find(int names, const char *id);

/* RLC_ERROR_EXISTS if another container has it; name NULL: none is wanted. */
bool state_names_take(int names, const char *name, const char *id, GError **error);

/* The name that a container has now; NULL: none. Caller frees. */
char *state_name(const char *state_root, const char *id);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unshare: a command in the caller's own id map, and nothing else isolated. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

/*
 * Run argv (found by PATH) as root of a user namespace with the id map that a container of this
 * caller has, and in a mount namespace whose mounts are private; root keeps the host's ids.
 * Directory, environment, descriptors and terminal stay.  Signals sent to this process are passed
 * on, but not those of the terminal, which reach the command by themselves.  output: a descriptor
 * to be the command's standard output, or -1.
 *
 * *ret_exit_code is the command's own code, or 128+n.  A command that does not exist is
 * RLC_ERROR_EXEC_NOT_FOUND, one that cannot be executed RLC_ERROR_EXEC_DENIED.
 */
bool unshare_run(char *const *argv, int output, int *ret_exit_code, GError **error);

/* The same in the id map that a container of this Spec has, unless it joins another's. */
bool unshare_run_for(const Spec *spec, char *const *argv, int output, int *ret_exit_code,
		     GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rlc's helper programs: where they are, and whether the way there can be trusted.
 *
 * They run with a privilege, or with the caller's whole id map.  So never by a path that another
 * user can change: every directory from the program up to the root has to belong to root or to the
 * caller, and nobody else may write to it.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "base/hint.h"

/* DIR/NAME, if it can be executed and nobody but root and the caller can change it. Caller frees.
 */
char *program_find_trusted(const char *name, const char *dir);

/*
 * The directory below which the build made the helper, for an rlc that runs in its build tree:
 * helpers/HELPER beside the program that runs.  NULL where /proc does not say which that is.
 */
char *program_build_dir(const char *helper);

/* A helper of its own name: where make installed it, else where it built it. NULL: nowhere. */
char *program_find_helper(const char *name);

/* The same, where nothing can be done without it. RLC_ERROR_UNSUPPORTED with its hint. */
char *program_need_helper(const char *name, Hint missing, GError **error);

/*
 * Start a program with a clean environment and signals as a program expects them (the caller may
 * have blocked what it reads by signalfd(2)).  Its standard streams are these; input -1 is
 * /dev/null.  0, or an errno.
 */
int program_spawn(pid_t *ret_pid, char *const *arguments, int input, int output, int errors);

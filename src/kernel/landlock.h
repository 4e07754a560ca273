/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Landlock: a process of ours that parses what is hostile gives up the files that it does not need,
 * for good, as a second line behind its filter of system calls.  See landlock(7).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The version that this kernel has; 0: none, it is not built in or not switched on. */
int landlock_version(void);

/*
 * No file can be opened, made, linked or removed from now on but below directory (-1: none at all),
 * none can be executed, and neither abstract sockets nor processes of others can be reached where
 * the kernel knows how to refuse that.  Descriptors that are open stay good.  Sets no_new_privs.
 * Does nothing where landlock_version() is less than 2: version 1 refuses links between
 * directories.
 */
bool landlock_seal(int directory, GError **error);

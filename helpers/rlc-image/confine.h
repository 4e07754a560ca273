/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Confine: what is left to the process that parses a hostile archive. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Close all descriptors but standard error and these, which move to 3, 4, …: fds is changed. */
void confine_keep(int *fds, size_t count);

/*
 * Make the directory the whole file system, keep the capabilities that files' owners, modes and
 * attributes need, lose sight of all other files even where chroot(2) fails (landlock.h), and
 * refuse every system call but those that make files.  A process that may not chroot (a test
 * without an id map) goes without the first.
 */
bool confine_enter(int directory, GError **error);

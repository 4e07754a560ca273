/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filter: a process of ours that parses what is hostile lets go of the system calls it needs not.
 */
#pragma once

#include <glib.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * No new privileges, no look into memory, and from here on only the system calls of allowed, mmap
 * and mprotect without PROC_EXEC, and what add_rules (may be NULL) allows: it returns 0 or -errno.
 * All others fail with ENOSYS.  See seccomp(2).
 */
bool filter_seal(const int *allowed, size_t count, int (*add_rules)(scmp_filter_ctx filter),
		 GError **error);

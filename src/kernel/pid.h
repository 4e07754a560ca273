/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes by number, told apart from those that got the same number later: proc(5),
 * pidfd_open(2).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * When a process began, in clock ticks since boot: with its pid that names it for good.  0: there
 * is none, or it is a zombie that waits for its parent.
 */
guint64 pid_start_time(pid_t pid);

/* A pidfd of the process that had this pid since then; -1 if it has ended. */
int pid_open(pid_t pid, guint64 start_time);

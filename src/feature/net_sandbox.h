/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The net process's sandbox: what remains when the first packet of the container is read.
 *
 * Kept: the host's network namespace, three descriptors (stderr, control, tap), the sockets of
 * published ports and those made later.  Gone: every file, every capability, every other
 * descriptor, exec, and all system calls but those that moving packets needs.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* First of all, after fork(2): away from the supervisor's terminal, signals and name. */
void net_sandbox_leave_supervisor(void);

/*
 * Before sockets are opened that the container is to have: no descriptors but 0 and 1, which become
 * /dev/null, 2, and the one to keep.
 */
bool net_sandbox_close(int keep, GError **error);

/*
 * First half, with files still in reach: own user namespace (as root too, where the host allows
 * it), an empty file system for root with a listening socket at NET_SANDBOX_DNS, limits.
 * ret_listener is that socket.
 */
bool net_sandbox_enter(int *ret_listener, GError **error);

/* Second half, when all is opened: no capabilities, no new privileges, no files and abstract
 * sockets (landlock.h), and the system call filter.
 */
bool net_sandbox_seal(GError **error);

/* Where libslirp connects TCP to the name server's address to, inside the empty root. */
#define NET_SANDBOX_DNS "/dns"

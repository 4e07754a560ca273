/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attach: the caller's standard streams become those of a detached container. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Copy what the payload writes to standard output and standard error, and with input what is read
 * from standard input to the payload, until the container ends: *ret_exit_code is its own then.
 * On a terminal, if the container has one: raw mode, the caller's size, and detaching by Ctrl-P
 * Ctrl-Q, after which *ret_exit_code is 0.  socket: from control_connect().
 */
bool attach(int socket, bool input, int *ret_exit_code, GError **error);

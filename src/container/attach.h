/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attach: the caller's standard streams become those of a detached container. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/keys.h"

#define ATTACH_DETACH_KEYS "ctrl-p,ctrl-q"

typedef struct {
	bool input;	  /* what is read from standard input is for the payload */
	bool signals;	  /* where no terminal sends them: SIGINT, SIGTERM and SIGQUIT, too */
	Keys detach_keys; /* where there is a terminal */
} AttachOptions;

/* Ask the supervisor for its streams. socket: from control_connect(), or container_start(). */
bool attach_ask(int socket, GError **error);

/*
 * After attach_ask(): copy what the payload writes to standard output and standard error, and what
 * is read from standard input to the payload, until the container ends: *ret_exit_code is its own
 * then.  On a terminal, if the container has one: raw mode, the caller's size, and detaching by
 * keys.  A signal that is not passed on detaches, too; *ret_exit_code is 0 after that.
 */
bool attach(int socket, const char *state_root, const char *id, const AttachOptions *options,
	    int *ret_exit_code, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor's side of the control socket (control.h), in its main loop. */
#pragma once

#include "model/container.h"

typedef struct Serve Serve;

/* Watch container->control. */
Serve *serve_start(Container *container);

/* Hand what came from stream 1 or 2 to all who are attached; who is too slow is let go. */
void serve_output(Serve *serve, int stream, const char *bytes, size_t length);

/*
 * Tell all who wait that the container has ended, and close.  To be called when its record says so
 * and its lock is free: who is told can act on it.
 */
void serve_end(Serve *serve, int exit_code);

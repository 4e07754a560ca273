/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor while the container runs: signals, terminal, timeout, and the end. */
#pragma once

#include "model/container.h"

enum {
	SUPERVISE_TIMED_OUT = 124
}; /* exit code after --timeout, as timeout(1) has it */

/*
 * Before clone3: block the signals that supervise() takes by signalfd, so that none is lost or ends
 * the supervisor while the container is made.  One that the caller ignores (nohup) stays ignored.
 */
void supervise_block_signals(void);

/* The opposite, when the container is gone: what is still pending now has its usual effect. */
void supervise_unblock_signals(void);

/*
 * Wait for init's end.  Meanwhile pass signals on to it, answer who asks on container->control
 * (container->serve, if any), copy between the caller's terminal and container->console, or keep
 * the log, kill it when spec->rlc.timeout is over, and say so if the net process dies.
 * *ret_exit_code is the payload's code, 128+n, or SUPERVISE_TIMED_OUT.  The terminal is as it was
 * when this returns. container->init_pid is 0 afterwards: init is reaped.
 */
bool supervise(Container *container, int *ret_exit_code, GError **error);

/*
 * Before the payload is started again: answer who asks, for so long or until somebody told the
 * container to end (container->stop_asked).
 */
bool supervise_pause(Container *container, unsigned milliseconds, GError **error);

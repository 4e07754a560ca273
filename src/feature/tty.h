/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The payload's terminal: a pty of the container's own devpts, so that nothing inside ever holds
 * the caller's terminal (TIOCSTI, TIOCLINUX).  pty(7), ioctl_tty(2).
 */
#pragma once

#include "model/container.h"

/* Decide whether there is one: -t without a terminal to show it on is let go with a note. */
bool tty_plan(const Spec *spec, Plan *plan, GError **error);

/* init, after the pivot: make the pty, bind it on /dev/console, send the master out. */
bool tty_child(Container *container, GError **error);

/*
 * A process that joins a container, in its namespaces: the same, without /dev/console, and with a
 * look at what /dev/pts/ptmx is by now.
 */
bool tty_enter(Container *container, GError **error);

/* supervisor: take the master into container->console. */
bool tty_parent(Container *container, GError **error);

/*
 * Payload, in a session of its own: standard streams.  The terminal, owned by uid from now on; or
 * without one the caller's streams, standard input from /dev/null unless it is to stay open.
 */
bool tty_attach(Container *container, uint32_t uid, GError **error);

void tty_explain(const Plan *plan, GString *script);

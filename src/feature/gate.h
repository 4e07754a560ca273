/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate: where a container that an OCI caller created waits for its start.
 *
 *     create                                       the payload-to-be
 *        │ ── SYNC_START + the gate ──────────────► │  a socket that listens in the state directory
 *        │ ◄────────────────────────── SYNC_CREATED ─ │  all but exec is done
 *     ends; the container is its parent's
 *
 *     start
 *        │ ── connects ───────────────────────────► │  the connection is the sync socket now
 *        │ ── SYNC_START ─────────────────────────► │  startContainer hooks, exec
 *        │ ◄────────────────────────── end of file ─ │  or SYNC_ERROR, as ever
 *
 * The socket lies in a directory of mode 0700, so whoever connects is the container's owner.
 */
#pragma once

#include "model/container.h"

#define GATE_SOCKET "start"

/* create: make the socket, container->control. */
bool gate_parent(Container *container, GError **error);

/* create: let init come to the gate; true when it is there. */
bool gate_created(Container *container, GError **error);

/* init: all is made; take the gate over. */
bool gate_take(Container *container, GError **error);

/*
 * The payload-to-be: from here on nobody of rlc's has to live. Returns when start says so; then
 * container->sync leads to it.
 */
bool gate_wait(Container *container, GError **error);

/*
 * start: open the gate of the container with this state directory, where init (a pid) waits to run
 * the Spec's program; wait for the exec.  STATE where nobody waits there.  state: the container's
 * as JSON, for a seccomp listener.
 */
bool gate_open(int dir, pid_t init, const Spec *spec, const char *state, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run: one container, from its Spec to its exit code; in the foreground, or on its own. */
#pragma once

#include "model/container.h"

/*
 * Make the container, wait for its end, clean up.  state_root: NULL for the default. *ret_exit_code
 * is the payload's own code, 128+n if signal n ended it, or 124 after --timeout.  False with *error
 * set if the container could not be made; then nothing is left of it.
 */
bool container_run(const Spec *spec, const char *state_root, int *ret_exit_code, GError **error);

/*
 * The same by a process of its own, which goes on without the caller: its supervisor.  It keeps
 * what the caller has open: he closes what his own parents left him (fd_close_others).  Returns the
 * container's id when the payload runs; caller frees.  NULL with *error if it could not be made.
 */
char *container_run_detached(const Spec *spec, const char *state_root, GError **error);

/*
 * Start one again that has ended and has a record.  Its root is made anew: what it wrote into a
 * throw-away root is gone.  RLC_ERROR_STATE if it runs.  guest: NULL, or a socket
 * pair (SOCK_SEQPACKET).  The caller keeps the first, and is a client there (control.h) from before
 * the start: a request that he has sent is taken before the payload's first byte.  The second goes
 * to the supervisor, and is closed here.
 */
bool container_start(const Spec *spec, const char *state_root, const char *id, int *guest,
		     GError **error);

/*
 * An OCI front end: carry the plan out up to the gate (feature/gate.h).  On failure nothing is left
 * of it, but what the front end made itself.
 */
bool container_create(Container *container, GError **error);

/* End a container that container_create() made, with all that it was made of. */
void container_undo(Container *container);

/* Leave it to itself: this process is about to end, or to wait for nothing but its exit status. */
void container_let_go(Container *container);

/* Steps of the supervisor; see steps.c. */
bool run_clone(Container *container, GError **error);
bool run_start(Container *container, GError **error);
void run_clone_explain(const Plan *plan, GString *script);

/* Step of init: tell the supervisor that all is done but exec, and wait for its word. */
bool run_ready(Container *container, GError **error);

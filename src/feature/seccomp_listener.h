/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is asked about system calls, where the action is SCMP_ACT_NOTIFY: linux.seccomp.listenerPath
 * of the OCI, and "The Container Process State" of config-linux.md.
 *
 *     payload                                      create, start or exec
 *        │ ── SYNC_SECCOMP + the listener ────────► │  connects to listenerPath, sends it on
 *        │ ◄─────────────────────────── SYNC_START ─ │  and the first call can be answered
 *
 * The payload sends under its own filter: one that notifies of sendmsg or recvmsg would wait for
 * itself, as write does with others.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "kernel/sync.h"
#include "model/spec.h"

/* Has it a path, and an action that notifies? */
bool seccomp_listener_wanted(const Spec *spec);

/* Is its filter loaded while the container is made, before it waits for its start? */
bool seccomp_listener_is_early(const Spec *spec);

/* Payload, with its filter loaded; listener: -1 is none. Nothing is said where none is wanted. */
bool seccomp_listener_give(const Spec *spec, Sync *sync, int listener, GError **error);

/*
 * The other side, which SYNC_START has to follow.  state: the container's as JSON; pid: of the
 * process that is filtered.
 */
bool seccomp_listener_receive(const Spec *spec, Sync *sync, const char *state, pid_t pid,
			      GError **error);

/* The same, and SYNC_START. */
bool seccomp_listener_take(const Spec *spec, Sync *sync, const char *state, pid_t pid,
			   GError **error);

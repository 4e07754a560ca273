/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State: what must be known about a container from outside, on disk.
 *
 *     ROOT/lock                 taken for a moment by whoever adds or removes
 *     ROOT/containers/ID/lock   held by the supervisor as long as it lives
 *     ROOT/containers/ID/idmap  of root's --userns=auto: first uid, first gid, how many
 *     ROOT/containers/ID/ports  what it publishes: lines "80/tcp 0.0.0.0:8080"
 *     ROOT/containers/ID/resolv.conf  the one it was given
 *     ROOT/containers/ID/supervisor  its supervisor's pid, when that process began (proc(5), stat,
 *                               field 22), and its descriptor of the container's network namespace
 *     ROOT/containers/ID/scratch  the directory on disk that an overlay writes to
 *     ROOT/names/NAME           link to the ID of the container that has the name
 *
 * A container runs exactly as long as its lock is held; a pid is never trusted.  Whoever starts the
 * next container sweeps away what a killed supervisor left.  All directories are 0700 and ours.
 */
#pragma once

#include "feature/net_publish.h"
#include "model/container.h"

#define STATE_IDMAP	 "idmap"
#define STATE_PORTS	 NET_PUBLISH_RECORD
#define STATE_RESOLV	 "resolv.conf"
#define STATE_SUPERVISOR "supervisor"

/*
 * Choose the directory of all state: root if given, else RLC_ROOT, else $XDG_RUNTIME_DIR/rlc (for
 * root: /run/rlc), else a directory of our own in /run/user or /tmp, saying so.  Makes that
 * directory, for that is how it is known to be usable, and nothing in it.
 */
char *state_root_choose(const char *root, GError **error);

/* Fill plan->state_root, by state_root_choose(), and plan->state_dir. */
bool state_plan(Plan *plan, const char *root, GError **error);

/* Take away what containers whose supervisor was killed left behind. */
bool state_clean(const char *state_root, GError **error);

/* supervisor: make the container's directory, take its lock and its name (EXISTS if taken). */
bool state_parent(Container *container, GError **error);

/* supervisor: write --cidfile, which must not exist yet. */
bool state_write_cidfile(Container *container, GError **error);

/* supervisor: remove what state_parent() made. Idempotent. */
void state_cleanup(Container *container);

/*
 * The id of a running container, by its name or by what its id begins with.  Caller frees; NULL
 * with RLC_ERROR_NOT_FOUND, or RLC_ERROR_USAGE where several fit.
 */
char *state_find(const char *state_root, const char *name, GError **error);

/* supervisor: write a new file into the container's directory. */
bool state_write(const Plan *plan, const char *file, const char *text, GError **error);

/* A file of a container's, "" if it has none. Caller frees. */
char *state_read(const char *state_root, const char *id, const char *file, GError **error);

void state_explain(const Plan *plan, GString *script);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State: what must be known about a container from outside, on disk.  Here is what its own
 * supervisor does to it; state_list.h is for other commands, state_sweep.h for what is left of the
 * dead.
 *
 *     ROOT/lock                 taken for a moment by whoever adds or removes
 *     ROOT/containers/ID/lock   held by the supervisor as long as it lives
 *     ROOT/containers/ID/idmap  of root's --userns=auto: first uid, first gid, how many
 *     ROOT/containers/ID/ports  what it publishes: lines "80/tcp 0.0.0.0:8080"
 *     ROOT/containers/ID/resolv.conf  the one it was given
 *     ROOT/containers/ID/supervisor  its supervisor's pid, when that process began (proc(5), stat,
 *                               field 22), and its descriptor of the container's network namespace
 *     ROOT/containers/ID/cgroup its cgroup, see feature/cgroup.h
 *     ROOT/containers/ID/scratch  the directory on disk that an overlay writes to
 *     ROOT/containers/ID/health  results of health checks, see health.h
 *     ROOT/containers/ID/volumes  which volumes it refers to, see volumes_used.h
 *     ROOT/containers/ID/config, status  see record.h
 *     ROOT/containers/ID/control  the supervisor's socket, see control.h
 *     ROOT/containers/ID/log.N  what a detached container wrote, see logfile.h
 *     ROOT/containers/ID/messages  what its supervisor had to say
 *     ROOT/events, events.1     what happened, see events.h
 *     ROOT/names/NAME           link to the ID of the container that has the name
 *
 * The directory of a container that is to be kept when it ends lies on a disk, and is linked here:
 * kept.h.
 *
 * A container runs exactly as long as its lock is held; a pid is never trusted.  Whoever starts the
 * next container sweeps away what a killed supervisor left: all of it, or where the container is to
 * be kept all but its config, status and logs; the status says then that it was killed.  All
 * directories are 0700 and ours.
 */
#pragma once

#include "container/record.h"
#include "container/state_list.h"
#include "container/state_root.h"
#include "feature/net_publish.h"
#include "model/container.h"

#define STATE_IDMAP	 "idmap"
#define STATE_PORTS	 NET_PUBLISH_RECORD
#define STATE_RESOLV	 "resolv.conf"
#define STATE_SUPERVISOR "supervisor"

/* Fill plan->state_root, by state_root_choose(), and plan->state_dir. */
bool state_plan(Plan *plan, const char *root, GError **error);

/*
 * supervisor: make the container's directory, take its lock and its name (EXISTS if taken).  One
 * that is known already is only locked (STATE if it runs).
 */
bool state_parent(Container *container, GError **error);

/* supervisor: write --cidfile, which must not exist yet. */
bool state_write_cidfile(Container *container, GError **error);

/*
 * supervisor: remove what state_parent() made; if ended is given and the container is to be kept,
 * all but its record, which then says how it ended.  Lets go of the lock. Idempotent.
 */
void state_cleanup(Container *container, const Status *ended);

/*
 * supervisor: between two lives of a container that is started again.  Gives back what it had, says
 * in its record what status says, and keeps the lock.
 */
void state_rest(const Container *container, const Status *status);

/* supervisor: write a new file into the container's directory. */
bool state_write(const Plan *plan, const char *file, const char *text, GError **error);

/* supervisor: replace a file of the container's directory, whole or not at all. */
bool state_replace(const Plan *plan, const char *file, const char *text, GError **error);

/* supervisor: replace the status on disk, whole or not at all. */
bool state_save_status(const Plan *plan, const Status *status, GError **error);

/* supervisor: the status of a container that has a record. ret_status is the caller's to clear. */
bool state_load_status(const Plan *plan, Status *ret_status);

void state_explain(const Plan *plan, GString *script);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard of rlc's own program file: no payload ever runs it from inside. CVE-2019-5736. */
#pragma once

#include "model/container.h"

/*
 * Set plan->guard_exe: could a payload with the ids of this plan write to the file of this program,
 * or trace PID 1?  Needs plan->idmap.
 */
bool exe_guard_plan(const Spec *spec, Plan *plan, GError **error);

/* The same for a process that joins a container, without its id map: where in doubt, yes. */
void exe_guard_plan_entered(Plan *plan);

/*
 * Payload, just before exec: have it watched, if the plan says so.  The parent then has to call
 * exe_guard_watch().  Fails where this host forbids ptrace(2).
 */
bool exe_guard_ask(const Plan *plan, GError **error);

/*
 * start of an OCI front end, which is not the payload's parent: watch the exec of a process that is
 * about to make one, if it could write rlc's own file afterwards.  *ret_watched is for
 * exe_guard_check().
 */
bool exe_guard_seize(pid_t payload, bool *ret_watched, GError **error);

/* start, after exe_guard_seize() and the exec: as exe_guard_watch(). What is refused is killed. */
bool exe_guard_check(pid_t payload, const char *name, GError **error);

/*
 * The payload's parent, PID 1 or without a reaper the supervisor: wait for the exec that
 * exe_guard_ask() announced, and let the program run if it is not rlc (else EXEC_DENIED: the caller
 * ends the container).  True also if the payload ended before; it is not reaped here.
 */
bool exe_guard_watch(const Plan *plan, pid_t payload, GError **error);

/* The same in two parts: in between the program is there, but does not run yet. */
bool exe_guard_see(const Plan *plan, pid_t payload, GError **error);
void exe_guard_release(const Plan *plan, pid_t payload);

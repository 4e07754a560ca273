/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload: who it is, what it may, where it stands, and exec. */
#pragma once

#include "model/container.h"

/* "nofile" and so on as a RLIMIT_*; false for another word. */
bool process_rlimit_parse(const char *name, int *ret_resource);

/*
 * Set the limits and the OOM score of a process: of this one with pid 0.  What only an unprivileged
 * caller keeps an OCI container from is let go.
 */
bool process_limit(pid_t pid, const Spec *spec, GError **error);

bool process_plan(const Spec *spec, Plan *plan, GError **error);

/*
 * init, before it changes its ids, which closes its /proc files to it: what is asked of
 * oomScoreAdj, for all that it will start.  `rlc exec` does the same to itself.
 */
bool process_set_oom_score(Container *container, GError **error);

/*
 * In the process that becomes the payload, inside the container: limits, user, working directory,
 * capabilities, standard streams, then execve(2).  Does not return on success.  A program that does
 * not exist is RLC_ERROR_EXEC_NOT_FOUND, one that cannot be executed RLC_ERROR_EXEC_DENIED.
 */
bool process_exec(Container *container, GError **error);

void process_explain(const Plan *plan, GString *script);

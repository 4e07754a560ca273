/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What system calls the payload may make: seccomp(2), linux.seccomp of the OCI. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "kernel/sync.h"
#include "model/plan.h"

/* The filter becomes the plan's, which owns it. */
bool seccomp_plan(const Spec *spec, Plan *plan, GError **error);

/*
 * Payload: as the last thing before exec, or, where it does not set no_new_privs, before its
 * capabilities go.  A listener goes by sync to who calls seccomp_listener_take().
 */
bool seccomp_load(const Plan *plan, Sync *sync, GError **error);

/*
 * May the payload make user namespaces? Who may mount may do as much harm, and needs them for
 * containers of his own.
 */
bool seccomp_allows_userns(const Spec *spec);

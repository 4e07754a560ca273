/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PID 1 of a container: starts the payload, reaps what is orphaned, passes signals on. */
#pragma once

#include "model/container.h"

/*
 * init's last step.  With a reaper (the default) the payload runs in a child, and PID 1 ends with
 * its exit code, or 128+n; without one, PID 1 becomes the payload.  Returns on failure only, in the
 * process that was to become the payload.
 */
bool init_run_payload(Container *container, GError **error);

void init_explain(const Plan *plan, GString *script);

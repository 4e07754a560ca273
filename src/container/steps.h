/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two tables that make a container, and the loop that runs them.
 *
 * Read the tables in steps.c first: they are the answer to "what does a container consist of?".
 */
#pragma once

#include "model/container.h"

typedef struct {
	const char *name;
	StepFunction run;
	StepExplain explain; /* NULL: the step has no counterpart in a shell */
} Step;

extern const Step parent_steps[]; /* the supervisor's; the last row has no name */
extern const Step child_steps[];  /* init's */

/*
 * Run a table in the process that it belongs to.  Each step gets its log line, its error prefix
 * ("step: …"), its time under --timing and, in the test build, its point where RLC_FAULT makes it
 * fail.  Stops at the first failure.
 */
bool steps_run(const Step *steps, Container *container, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two tables that make a container, and the loop that runs them.
 *
 * Read the tables in steps.c first: they are the answer to "what does a container consist of?".
 */
#pragma once

#include "model/container.h"

/* Whose containers a step helps to make */
typedef enum {
	STEP_ALL,
	STEP_RLC, /* of rlc's own commands: with a supervisor, and with rlc's /proc, /sys and /dev
		   */
	STEP_OCI, /* of an OCI front end: Spec's rlc.oci */
} StepFor;

typedef struct {
	const char *name;
	StepFor made_for;
	StepFunction run;
	StepExplain explain; /* NULL: the step has no counterpart in a shell */
} Step;

bool steps_is_for(StepFor made_for, const Spec *spec);

extern const Step parent_steps[]; /* the supervisor's; the last row has no name */
extern const Step child_steps[];  /* init's */

/*
 * Run a table in the process that it belongs to.  Each step gets its log line, its error prefix
 * ("step: …"), its time under --timing and, in the test build, its point where RLC_FAULT makes it
 * fail.  Stops at the first failure.
 */
bool steps_run(const Step *steps, Container *container, GError **error);

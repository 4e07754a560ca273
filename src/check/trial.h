/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trial: a container that is run to see whether it can be, with what it and rlc had to say.
 *
 * It is a real one, by the same plan and the same steps as any other; so what `rlc check` finds
 * cannot differ from what `rlc run` does.
 */
#pragma once

#include "model/spec.h"

typedef struct {
	int exit_code;	/* the payload's */
	char *output;	/* of the payload, both streams */
	char *messages; /* of rlc: its warnings */
} Trial;

void trial_clear(Trial *trial);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Trial, trial_clear)

/* A Spec for one: throw-away, without a network, killed after some seconds. Caller frees. */
Spec *trial_spec(void);

/*
 * Run command (NULL at the end) by spec.  *ret_trial is the caller's to clear, and set in any case:
 * messages are of use in case of failure, too.  False with the error that `rlc run` would end in.
 */
bool trial_run(Spec *spec, const char *const *command, Trial *ret_trial, GError **error);

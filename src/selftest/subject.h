/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subject: the container that a check looks at, from `rlc run` to its end.
 *
 * The payload is a script for the shell of rlc's own busybox, which is mounted into the image, so
 * that any image will do, even one without a single program.  What it finds it prints as facts,
 * lines "key=value"; then it calls the function `ready` and waits, and it is the host's turn to
 * look.
 *
 * All of it runs in the process of `rlc selftest`.
 */
#pragma once

#include <sys/types.h>

#include "selftest/selftest.h"

struct Selftest {
	const SelftestOptions *options;
	SelftestResult *result;
	const char *directory; /* a directory of the selftest's own, which others may search */
	const char *token;     /* a word that is nowhere else: a secret of this run */
	int signals;	       /* a signalfd that can be read when it is time to end */

	/* the container that runs */
	pid_t rlc;
	pid_t payload; /* as the host numbers it; 0 before it is ready */
	int exit_code; /* after subject_finish() */
	int input;     /* the payload waits for its end */
	int output, errors;
	GString *line;	   /* of output, not complete yet */
	GString *messages; /* standard error */
	GHashTable *facts; /* of char *: char *; a key that was said twice has both, on lines */
};

/*
 * Start a container with these options of `rlc run` (NULL at the end; NULL for none) and run the
 * script in it, as root inside, until it is ready.  False if it did not come to that: the result
 * says so, as failed or as skipped.
 */
bool subject_start(Selftest *test, const char *const *options, const char *script);

/* Let the payload go on, and wait for the end of `rlc run`. */
void subject_finish(Selftest *test);

/* The same for a script that never is ready: what counts is how it ends. False as above. */
bool subject_run(Selftest *test, const char *const *options, const char *script);

/* End `rlc run` by SIGKILL. */
void subject_kill(Selftest *test);

/* Was a signal sent that ends rlc selftest? What runs is then ended, and no more is begun. */
bool subject_interrupted(const Selftest *test);

/* What the payload found; "" if it did not say. Owned by test, until the next container. */
const char *subject_fact(const Selftest *test, const char *key);

/* The check cannot apply. reason is copied; code may be NULL. */
void subject_skip(Selftest *test, const char *code, const char *reason);

/* Something has to be so: else the check has failed. Texts are copied, what is not. */
void expect(Selftest *test, bool holds, const char *what, const char *got, const char *wanted);
void expect_equal(Selftest *test, const char *what, const char *got, const char *wanted);

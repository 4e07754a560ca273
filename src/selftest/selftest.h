/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Selftest: does isolation hold, on this host, with this image?
 *
 * Each check starts containers as a user would, by the command line of `rlc run`, and looks from
 * both sides: what the payload finds, and what the host sees of it.  Nothing that a check tries
 * would do harm if it were let: no clock is set, no device is written, nothing is unmounted.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	SELFTEST_PASSED,
	SELFTEST_FAILED,
	SELFTEST_SKIPPED, /* it cannot apply on this host */
} SelftestStatus;

/* A thing that was not as it has to be. Texts are owned by the result. */
typedef struct {
	const char *what; /* "capabilities, seen from the host" */
	char *got;
	char *wanted; /* a value, or a description of those that would do */
} SelftestProblem;

typedef struct Selftest Selftest; /* one check that runs: subject.h */

typedef struct {
	const char *name;  /* "isolation/namespaces": stable */
	const char *claim; /* what has been shown when it passes */
	/* "RLC-N": where `rlc run` refuses with such a code the check cannot apply; NULL: none */
	const char *skip;
	void (*run)(Selftest *test);
} SelftestCheck;

typedef struct {
	const SelftestCheck *check;
	SelftestStatus status;
	char *reason;	     /* SKIPPED: why */
	char *code;	     /* SKIPPED: the hint's, see hint.h; or NULL */
	GPtrArray *problems; /* FAILED: of SelftestProblem * */
	char *command;	     /* the last container's, for a shell */
	char *messages;	     /* what it wrote to standard error */
	gint64 microseconds;
} SelftestResult;

typedef struct {
	const char *image;
	const char *program; /* the rlc under test */
	const char *name;    /* to be resolved */
	const char *only;    /* a pattern of names, or NULL: glob(7) */
	/* Called after each check, with the number of those that are run. May be NULL. */
	void (*report)(const SelftestResult *result, guint number, guint count);
} SelftestOptions;

/* "passed", "failed" or "skipped" */
const char *selftest_status_name(SelftestStatus status);

/* How many checks options->only leaves. */
guint selftest_count(const SelftestOptions *options);

/*
 * Run the checks, in their order: some seconds.  Of SelftestResult *; caller frees.  NULL with an
 * error only where no directory could be made for them.
 */
GPtrArray *selftest_run(const SelftestOptions *options, GError **error);

/* The checks by topic, each list with a row without a name at its end. */
extern const SelftestCheck selftest_isolation_checks[];
extern const SelftestCheck selftest_kernel_checks[];
extern const SelftestCheck selftest_network_checks[];
extern const SelftestCheck selftest_limits_checks[];

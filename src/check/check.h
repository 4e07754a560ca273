/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check: can this host run containers, for this user, and what would be missing?
 *
 * Each probe tries what it is about, mostly by running a container (trial.h); none goes by the
 * version of a system or by the existence of a file alone.  What it finds has the code of a hint
 * (hint.h), the same that `rlc run` ends in.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/hint.h"

typedef enum {
	CHECK_OK,
	CHECK_REDUCED, /* containers run, but without this */
	CHECK_FAILED,  /* rlc run, as it is called mostly, fails */
	CHECK_SKIPPED, /* another probe failed that this one needs */
} CheckStatus;

/* What one probe found. */
typedef struct {
	const char *probe; /* its name: stable */
	const char *cost;  /* what the user does not have, when it is not OK */
	CheckStatus status;
	char *text;	   /* OK: what there is */
	HintParts problem; /* else: the cause; and with most a code, why, and the fix */
} CheckFinding;

/* "ok", "reduced", "failed" or "skipped" */
const char *check_status_name(CheckStatus status);

/* Run all probes, in their order. Of CheckFinding *; caller frees. Takes about a second. */
GPtrArray *check_run(void);

/*
 * A probe: OK with *ret_text (the caller's), or another status with *error.  needs names a probe
 * without which it makes no sense, or is NULL.
 */
typedef struct {
	const char *name;
	const char *needs;
	const char *cost;
	CheckStatus (*run)(char **ret_text, GError **error);
} CheckProbe;

/* For a probe of what only root's containers do: for an ordinary user it is OK, with this text. */
bool check_no_concern(char **ret_text);

/* The probes by topic, each list with a row without a name at its end. */
extern const CheckProbe check_host_probes[];
extern const CheckProbe check_ids_probes[];
extern const CheckProbe check_files_probes[];
extern const CheckProbe check_network_probes[];

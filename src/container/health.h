/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Health: the supervisor asks the payload now and then whether it is well, by a command that runs
 * inside (`rlc healthcheck run`), and says on record what came of it.
 *
 *     ROOT/containers/ID/health  the last results, see HealthRecord
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "container/record.h"
#include "model/container.h"

#define HEALTH_OUTPUT_MAX 4096 /* bytes kept of what a check wrote */
#define HEALTH_TIMED_OUT  -1

typedef struct Health Health;

/* One check that is over. */
typedef struct {
	int64_t start, end; /* microseconds since 1970 */
	int exit_code;	    /* of the command, or HEALTH_TIMED_OUT */
	char *output;
} HealthResult;

typedef struct {
	unsigned failing;   /* so many in a row */
	GPtrArray *results; /* of HealthResult *, the oldest first */
} HealthRecord;

/* Is there anything to check? */
bool health_is_checked(const SpecHealth *health);

/* The command, with the words for a shell where it is a line for one. NULL at the end;
 * g_strfreev(). */
char **health_command(const SpecHealth *health);

/* Nanoseconds: what was asked for, or the default. */
int64_t health_timeout(const SpecHealth *health);

/*
 * supervisor: begin to check.  status, which is HEALTH_STATE_STARTING then, changes with what comes
 * out, on disk too, and has to live as long.  NULL if there is nothing to check.
 */
Health *health_start(const Container *container, Status *status);

/* supervisor: no more checks; one that runs is killed. health may be NULL. */
void health_stop(Health *health);

/* What is on record of a container; without results if there is none. Caller frees. */
HealthRecord *health_load(const char *state_root, const char *id);
void health_record_free(HealthRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HealthRecord, health_record_free)

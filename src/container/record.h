/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Record: what is written down of a container, as text of GKeyFile's.
 *
 *     ROOT/containers/ID/config  the Spec as it was asked for; written once, before anything is
 * made ROOT/containers/ID/status  what became of it; replaced whole by rename(2)
 *
 * That a container runs is never read here: its lock says it (state.h).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/spec.h"

#define RECORD_CONFIG "config"
#define RECORD_STATUS "status"

typedef enum {
	STATUS_CREATED, /* it is being made */
	STATUS_RUNNING,
	STATUS_STOPPED,
	STATUS_RESTARTING, /* its supervisor waits a little before it starts it again */
	STATUS_PAUSED,	   /* running, and its cgroup frozen: never on disk, see state.h */
} StatusState;

typedef enum {
	HEALTH_STATE_NONE, /* nothing is checked */
	HEALTH_STATE_STARTING,
	HEALTH_STATE_HEALTHY,
	HEALTH_STATE_UNHEALTHY,
} HealthState;

typedef struct {
	StatusState state;
	HealthState health;
	int exit_code;			    /* of STATUS_STOPPED */
	int64_t created, started, finished; /* microseconds since 1970; 0: not yet */
	pid_t pid;			    /* init's, for show: never trusted */
	unsigned restarts;
	bool oom_killed; /* memory was used up, and the kernel killed some of it */
	bool keep;	 /* it stays on disk when it has ended, until it is removed */
	char *verdict;	 /* how it ended, in words; NULL: nothing to tell */
} Status;

void status_clear(Status *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Status, status_clear)

/* "created", "running", "stopped", "restarting" or "paused" */
const char *status_name(StatusState state);

/* "none", "starting", "healthy" or "unhealthy" */
const char *status_health_name(HealthState state);

char *record_format_spec(const Spec *spec);

/* A Spec of its own, or NULL with *error. Caller frees. */
Spec *record_parse_spec(const char *text, GError **error);

char *record_format_status(const Status *status);

/* Unknown keys are passed over, missing ones are 0. ret_status is the caller's to clear. */
bool record_parse_status(const char *text, Status *ret_status, GError **error);

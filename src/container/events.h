/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: what happened to containers, one line each, in the order in which it did.
 *
 *     ROOT/events    the newest, written at its end by whoever does what is told
 *     ROOT/events.1  what was there before that was full
 *
 * There is no daemon to ask: who creates, starts, kills, renames or removes a container writes the
 * line itself, under a flock(2) of the file.  A container's start, end and health are its
 * supervisor's to tell; the end of one whose supervisor was killed is told by who finds it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/container.h"

/* create start die stop kill oom health_status exec pause unpause rename remove */
typedef struct {
	int64_t time; /* microseconds since 1970 */
	char *action;
	char *id;
	char *name;    /* as it was then; NULL: none */
	char *image;   /* as `rlc ps` shows it; NULL: not known */
	char *detail;  /* kill: the signal, exec: the command, rename: the old name, …; or NULL */
	int exit_code; /* of die; -1: none */
} Event;

/*
 * Tell.  name and detail may be NULL, as may spec, which the image is taken from; exit_code -1:
 * none.  What cannot be written is lost, and said in the log: no container fails for that.
 */
void events_add(const char *state_root, const char *action, const char *id, const char *name,
		const Spec *spec, int exit_code, const char *detail);

/* supervisor: the same of its own container, under the name that it has now. */
void events_add_own(const Container *container, const char *action, int exit_code,
		    const char *detail);

typedef struct {
	int64_t since; /* microseconds since 1970; only what came after */
	int64_t until; /* 0: no end */
	bool follow;   /* wait for more */
	int ended;     /* with follow: a descriptor, readable when nothing more is to come; -1 */
} EventsQuery;

/* false: enough */
typedef bool (*EventsFunction)(const Event *event, void *data);

/* Call function for each. Ends when there are no more; with follow at until, or never. */
bool events_read(const char *state_root, const EventsQuery *query, EventsFunction function,
		 void *data, GError **error);

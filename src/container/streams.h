/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams: where the payload's standard streams lead in a detached container, whose caller is gone.
 * Standard output and standard error are pipes to the supervisor, or the terminal that it has; what
 * comes goes to the log files, and to whoever is attached.
 */
#pragma once

#include "model/container.h"

#define STREAMS_MESSAGES "messages" /* file of the container's: what its supervisor had to say */

/*
 * supervisor, a step: makes the pipes and the log.  From here on what the supervisor and the net
 * process say on standard error goes to the container's file "messages", which the launcher gets.
 */
bool streams_parent(Container *container, GError **error);

/* supervisor, after clone: the payload's ends are the payload's alone. */
void streams_close_payload(Container *container);

/* init, before it closes what it inherited: the payload's ends become the standard streams. */
bool streams_child(Container *container, GError **error);

/* supervisor: the payload is dead; the log stays open for the next. Idempotent. */
void streams_close(Container *container);

/* supervisor: end of all; idempotent. */
void streams_cleanup(Container *container);

/* Gets what came from stream 1 or 2, after it is in the log. */
typedef void (*StreamsOutput)(void *data, int stream, const char *bytes, size_t length);

typedef struct Streams Streams;

/* supervisor, in its main loop: watch the streams. NULL with *error. */
Streams *streams_start(Container *container, StreamsOutput output, void *data, GError **error);

/* The payload is dead: take what is left. Does not wait: who else holds a pipe's end is not asked.
 */
void streams_drain(Streams *streams);

void streams_stop(Streams *streams);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands about containers that exist have in common. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "container/state.h"

/* Does one thing to one container; name is what the user typed. */
typedef bool (*ContainersAction)(const char *root, const StateEntry *entry, const char *name,
				 void *data, GError **error);

/*
 * Do it to each that is named, whatever becomes of the others; failures are printed.  The exit
 * code: 0, or that of the last failure.
 */
int containers_each(char *const *names, ContainersAction action, void *data);

/* Which of all containers. */
typedef enum {
	CONTAINERS_RUNNING = 1,
	CONTAINERS_ENDED = 2,
	CONTAINERS_ANY = CONTAINERS_RUNNING | CONTAINERS_ENDED,
} ContainersWhich;

/* The same for all of a kind; name is the id then. */
int containers_all(ContainersWhich which, ContainersAction action, void *data);

/*
 * The arguments of a command that has --all: names (NULL at the end), or all of a kind, but not
 * both and not neither, which is wrong usage of command.  Printing and code as above.
 */
int containers_given(const char *command, char *const *names, bool all, ContainersWhich which,
		     ContainersAction action, void *data);

/* The one that is named, and the directory of all state; both are the caller's. */
StateEntry *containers_get(const char *name, char **ret_root, GError **error);

/* "2026-11-25T23:10:00.123456Z"; NULL for 0. Caller frees. */
char *containers_time(int64_t microseconds);

/* "slirp", "bridge", … */
const char *containers_network(const Spec *spec);

/*
 * --time of stop and restart: whole seconds, -1 for NULL.  -1 itself, for which others wait without
 * end, is refused as any other that is no number.
 */
bool containers_stop_time(const char *text, int *ret_seconds, GError **error);

/*
 * The supervisor's control socket: of one that is just beginning, when it has one.  -1 with
 * RLC_ERROR_STATE when it has ended, and others may know it.
 */
int containers_connect(const char *root, const char *id, GError **error);

/* Of one whose supervisor hung up: until all know that it has ended, or somebody started it again.
 */
void containers_await_end(const char *root, const char *id);

/*
 * End it with this signal, and when timeout_ms (-1: none) is over with SIGKILL; returns when it has
 * ended.  One that has ended already is none the worse for it.
 */
bool containers_stop(const char *root, const char *id, int signal_number, int timeout_ms,
		     GError **error);

/* The same with the signal that it asks for, and in the time that it has; seconds: -1 or another.
 */
bool containers_stop_gently(const char *root, const char *id, const Spec *spec, int seconds,
			    GError **error);

/* Ask its supervisor for SIGKILL, and do not wait for its end, nor tell what failed. */
void containers_kill(const char *root, const char *id);

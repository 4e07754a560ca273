/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes inside a container that runs: proc(5). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	int pid, ppid; /* as inside */
	uint32_t uid;  /* as inside */
	char state;    /* 'R', 'S', 'Z', … */
	uint64_t time_ms;
	uint64_t rss;  /* bytes */
	char *command; /* arguments, or "[name]" without any; what cannot be printed is escaped */
} Process;

/* process is NULL after the last. */
typedef void (*ProcessFunction)(const Process *process, void *data);

/*
 * Call function for each process, in a child inside (enter.h) that is not itself among them, and
 * ends without flushing what stdio holds.  They are read from a proc file system that is mounted
 * for it, for the payload may have put another on its /proc.
 */
bool processes_list(const char *state_root, const char *id, ProcessFunction function, void *data,
		    GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Container: one container while it is being made and while it runs.  The supervisor and init each
 * have a copy of their own from clone3 on; a comment says whose a field is.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "kernel/sync.h"
#include "model/plan.h"

typedef struct {
	const Plan *plan;
	Sync *sync; /* this process's end of the talk */

	/* supervisor only */
	pid_t init_pid;
	int init_pidfd;
	const IdmapTier *tier; /* the tier that the kernel took */
	pid_t net_pid;	       /* 0: none */
	int net_pidfd;
	int net_control;  /* socket to the net process; its closing ends that process */
	int console;	  /* pty master, -1 without a terminal */
	int state_lock;	  /* held while the container lives */
	bool state_saved; /* state_dir exists */

	/* init only */
	int root;     /* O_PATH of the new root's mount, before the pivot */
	int terminal; /* pty slave, -1 without a terminal */
} Container;

/* A row's function. Runs in the process of its table. */
typedef bool (*StepFunction)(Container *container, GError **error);

/* Appends to --explain's script what the step does: comments, and the shell's commands. */
typedef void (*StepExplain)(const Plan *plan, GString *script);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entering: one more process in a container that lives, or a process of rlc's own that looks at it.
 *
 * What is entered are the namespaces that the container's supervisor has held open since they were
 * made (control.h); nothing that the payload could have written says where they are.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/container.h"

typedef struct {
	char *const *args; /* the command, NULL at the end */
	char *const *env;  /* of "NAME=VALUE", added to the container's; NULL at the end */
	const char *user;  /* USER[:GROUP]; NULL: the container's */
	const char *cwd;   /* NULL: the container's */
	bool interactive, terminal;
	bool privileged;  /* all capabilities that the container's user namespace gives */
	unsigned timeout; /* seconds, then it is killed; 0: none */
	bool untold;	  /* it is no event: a health check */
	bool detach;	  /* do not wait for the command's end */
} EnterOptions;

/*
 * Run a command in a container that runs, with its user, variables, capabilities, limits and
 * no_new_privs unless the options say otherwise.  Ends with this process, unless detached.
 * *ret_exit_code is as container_run()'s, 0 when detached: the command was executed.
 */
bool enter_exec(const char *state_root, const char *id, const EnterOptions *options,
		int *ret_exit_code, GError **error);

/*
 * In an EnterFunction: have the rights of the user namespace's root to his files as well.  Where 0
 * is not mapped the capabilities have to do, which came with joining.
 */
bool enter_become_root(GError **error);

/* What an OCI front end's exec knows; init_pid of the Container that it is shown is the command. */
typedef struct {
	bool (*started)(const Container *container, GError **error); /* it was executed */
	char *(*describe)(const Container *container, pid_t pid, const char *status); /* as there */
	void *data; /* container->describe_data */
	int root;   /* O_PATH of the root to be in, where fds have no mount namespace; or -1 */
} EnterCaller;

/*
 * An OCI front end's exec: run spec's process in the namespaces fds (of CONTROL_JOIN_COUNT, by
 * ControlJoin; closed here) and in a cgroup (closed here) or -1.  Detached it is left to the
 * caller's parent.
 */
bool enter_oci(const Spec *spec, const char *state_root, int *fds, int cgroup,
	       const EnterCaller *caller, int *ret_exit_code, GError **error);

/* Work of rlc's own inside. Its standard streams are the caller's. */
typedef bool (*EnterFunction)(void *data, GError **error);

/*
 * Call function in a child that is in those of the container's namespaces that which has bits for
 * (1 << ControlJoin), and with flags (CLONE_NEW*) in new ones; wait for its end.  False with the
 * child's error.  A child that is in the pid namespace, where the payload sees it, has no
 * descriptors but its standard streams; another has all of the caller's.
 */
bool enter_call(const char *state_root, const char *id, unsigned which, uint64_t flags,
		EnterFunction function, void *data, GError **error);

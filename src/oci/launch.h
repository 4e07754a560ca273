/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What create and run have in common: from a bundle to a container that waits for its start. */
#pragma once

#include "container/created.h"
#include "container/plan.h"
#include "container/run.h"
#include "oci/bundle.h"
#include "oci/verb.h"

typedef struct {
	char *bundle, *console_socket, *pid_file;
	int preserve_fds;
	gboolean no_pivot, no_new_keyring, no_subreaper; /* the last is accepted: there is none */
	gboolean detach, keep;				 /* of run */
} LaunchOptions;

/* The rows of the table of options that both have. */
#define LAUNCH_ENTRIES(options)                                                                    \
	{"bundle", 'b', 0, G_OPTION_ARG_FILENAME, &(options).bundle, "the bundle's directory",     \
	 "DIR"},                                                                                   \
		{"console-socket",                                                                 \
		 0,                                                                                \
		 0,                                                                                \
		 G_OPTION_ARG_FILENAME,                                                            \
		 &(options).console_socket,                                                        \
		 "who takes the terminal",                                                         \
		 "SOCKET"},                                                                        \
		{"pid-file",                                                                       \
		 0,                                                                                \
		 0,                                                                                \
		 G_OPTION_ARG_FILENAME,                                                            \
		 &(options).pid_file,                                                              \
		 "where the pid of the container's init is written",                               \
		 "FILE"},                                                                          \
		{"preserve-fds",                                                                   \
		 0,                                                                                \
		 0,                                                                                \
		 G_OPTION_ARG_INT,                                                                 \
		 &(options).preserve_fds,                                                          \
		 "pass so many descriptors above the streams on",                                  \
		 "N"},                                                                             \
		{"no-pivot",                                                                       \
		 0,                                                                                \
		 0,                                                                                \
		 G_OPTION_ARG_NONE,                                                                \
		 &(options).no_pivot,                                                              \
		 "accepted; the root is pivoted into all the same",                                \
		 NULL},                                                                            \
		{"no-new-keyring",                                                                 \
		 0,                                                                                \
		 0,                                                                                \
		 G_OPTION_ARG_NONE,                                                                \
		 &(options).no_new_keyring,                                                        \
		 "keep the caller's session keyring",                                              \
		 NULL},                                                                            \
	{                                                                                          \
		"no-subreaper", 0, 0, G_OPTION_ARG_NONE, &(options).no_subreaper, "accepted", NULL \
	}

/* A container at its gate, and what this process holds of it. */
typedef struct {
	char *id;
	Created created;
	Spec *spec;
	Plan *plan;
	json_t *state;
	Sync sync;
	Container container;
} Launch;

/*
 * Make it. On failure nothing is left.  On success ret_launch is the caller's, who calls
 * launch_leave() when he has done with it.  Enters the bundle; paths of the options become
 * absolute.
 */
bool launch_create(const OciGlobals *globals, LaunchOptions *options, const char *id,
		   Launch *ret_launch, GError **error);

/* Let go of it: the container goes on. */
void launch_leave(Launch *launch);

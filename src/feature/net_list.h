/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bridges a container can be put on, and who is on them: for `rlc network`. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "feature/net_lease.h"

typedef struct {
	char *id;
	NetRecord record; /* its addresses and name */
} NetMember;

typedef struct {
	char *name;
	bool ours;		  /* rlc made it, and takes it away with the last container */
	char *subnet, *gateway;	  /* "172.17.0.0/16", "172.17.0.1" */
	char *subnet6, *gateway6; /* NULL where it has no IPv6 network */
	GPtrArray *members;	  /* of NetMember *, by address */
} NetEntry;

/*
 * The bridges of this network namespace that have an IPv4 address: NetEntry *, by name.  Caller
 * unrefs.  NULL on failure.
 */
GPtrArray *net_list(const char *state_root, GError **error);

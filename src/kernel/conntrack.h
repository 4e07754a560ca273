/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel remembers of who talks with whom, in this network namespace.  The rules of
 * address translation are asked for the first packet of a flow alone; those after it go where that
 * one went, whatever the rules say by then.  So who changes rules forgets flows.
 */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

typedef union {
	struct in6_addr v6;
	struct in_addr v4;
} ConntrackAddress;

typedef struct {
	int family;
	uint8_t protocol;
	uint16_t port;		  /* that the first packet was for; host order */
	ConntrackAddress to;	  /* that it was for */
	ConntrackAddress answers; /* who answers: another, if it was translated */
} Conntrack;

typedef bool (*ConntrackMatch)(const Conntrack *flow, const void *data);

/* Forget the flows that match. Where the kernel keeps track of none, there are none. */
bool conntrack_forget(ConntrackMatch match, const void *data, GError **error);

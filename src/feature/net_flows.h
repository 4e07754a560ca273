/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of the net process, which nothing ends but age: the least recently used goes when another
 * one begins, if it is too old or they are too many, so that idle ones cost no timer.
 */
#pragma once

#include <glib.h>

/* A part of who ages. */
typedef struct {
	GList link;
	gint64 used_at;
} NetFlow;

typedef struct {
	GQueue queue; /* least recently used first; data: the owners */
	guint max;
	gint64 life; /* microseconds */
} NetFlows;

void net_flows_init(NetFlows *flows, guint max, gint64 life);

/* owner is who has the flow. */
void net_flows_add(NetFlows *flows, NetFlow *flow, gpointer owner);
void net_flows_remove(NetFlows *flows, NetFlow *flow);

/* It is used now. */
void net_flows_touch(NetFlows *flows, NetFlow *flow);

/*
 * Whose flow is to end before another one is added, which net_flows_remove() says it has; NULL:
 * there is room.
 */
gpointer net_flows_late(const NetFlows *flows);

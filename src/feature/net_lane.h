/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The express lane: TCP to the world without packets.  The container's own kernel ends the
 * connection, and the net process moves bytes between two sockets (net_express.h) instead of taking
 * packets apart.  Here is what makes the container's kernel do so; net_lane.c tells how it works.
 */
#pragma once

#include "kernel/netlink.h"
#include "model/container.h"

/* Frames to this MAC are the first of a connection that goes by the lane; from it they come back.
 */
#define NET_LANE_MAC "\x02\x72\x6c\x63\x00\x01"

/* A connection at most begins with this many bytes on the tap. */
#define NET_LANE_SYN_MAX 192

/* Decide plan->net.lane. */
void net_lane_plan(const Spec *spec, NetPlan *net);

/*
 * init, with lo and the tap (of this index) up and configured: routes, rules, and listening
 * sockets, which are sent as SYNC_LANE: one for IPv4, one for IPv6 if the plan has it.  Where the
 * kernel refuses, messages without a descriptor: libslirp serves that family; with lane=express it
 * is an error.
 */
bool net_lane_child(Container *container, Netlink *netlink, unsigned index, GError **error);

/* supervisor: pass the sockets on to the net process. */
bool net_lane_parent(const Container *container, Sync *control, GError **error);

/* net process: take them, -1 where there is none. */
bool net_lane_take(const NetPlan *net, Sync *control, int *ret_ipv4, int *ret_ipv6, GError **error);

/* --explain, in init's place */
void net_lane_explain(const NetPlan *net, GString *script);

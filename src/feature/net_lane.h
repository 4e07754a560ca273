/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The express lane: TCP without packets, to the world and, by published ports, from it.  The
 * container's own kernel ends the connection, and the net process moves bytes between two sockets
 * (net_express.h, net_inward.h) instead of taking packets apart.  Here is what makes the
 * container's kernel do so; net_lane.c tells how it works.
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
 * The container's sockets of one family's lane; -1: there is none.  mint and seed are for ports
 * that are published (net_inward.h): a listening socket, and one that may connect to it.
 */
typedef struct {
	int listener, mint, seed;
} NetLaneSockets;

/*
 * init, with lo and the tap (of this index) up and configured: routes, rules, and sockets, which
 * are sent as SYNC_LANE, each in a message of its own: IPv4's, then IPv6's if the plan has it.
 * Where the kernel refuses, messages without a descriptor: libslirp serves that family; with
 * lane=express it is an error.
 */
bool net_lane_child(Container *container, Netlink *netlink, unsigned index, GError **error);

/* supervisor: pass the sockets on to the net process. */
bool net_lane_parent(const Container *container, Sync *control, GError **error);

/* Those of both families; they are the caller's. */
typedef struct {
	NetLaneSockets ipv4, ipv6;
} NetLanes;

/* net process: take them. */
bool net_lane_take(const NetPlan *net, Sync *control, NetLanes *ret_lanes, GError **error);

/* --explain, in init's place */
void net_lane_explain(const NetPlan *net, GString *script);

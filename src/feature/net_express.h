/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The net process's end of the express lane (net_lane.h): connects to the world what begins on it.
 */
#pragma once

#include "feature/net_epoll.h"
#include "feature/net_splice.h"
#include "model/plan.h"

typedef struct NetExpress NetExpress;

/* All are borrowed. */
NetExpress *net_express_new(NetLoop *loop, const NetPlan *plan, NetEpoll *epoll, NetSplice *splice);

/* With the loop there, and the listening sockets, which it takes over; -1: no lane there. */
void net_express_start(NetExpress *express, int ipv4, int ipv6);

/*
 * A packet to the world.  True if it came on the lane: then it is taken care of, and the gate had
 * let it pass.
 */
bool net_express_take(NetExpress *express, const NetPacket *packet);

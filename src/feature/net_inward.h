/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The net process's end of the express lane (net_lane.h), inward: connections to published ports
 * are handed to the container by a socket of its own kernel, which bears the peer's name.
 */
#pragma once

#include "feature/net_epoll.h"
#include "feature/net_lane.h"
#include "feature/net_splice.h"

typedef struct NetInward NetInward;

/*
 * Takes the lanes' mint and seed over; NULL where there are none.  plan, epoll and splice are
 * borrowed.
 */
NetInward *net_inward_new(const NetPlan *plan, NetEpoll *epoll, NetSplice *splice, NetLanes *lanes);

/*
 * Connect to the container who was accepted at a published port; takes client over (non-blocking).
 * Over IPv6 it is asked first over IPv6, then, in the gateway's name, over IPv4.  Whom it refuses
 * sees a reset.
 */
void net_inward_take(NetInward *inward, int client, const PublishPlan *publish);

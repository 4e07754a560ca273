/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP between the container and the world, in the net process.  (To the gateway, and in fragments,
 * it goes by libslirp; what answers a published port by net_forward.h.)
 */
#pragma once

#include "feature/net_epoll.h"
#include "model/plan.h"

typedef struct NetUdp NetUdp;

/* With the process's limit of open files as it is to be. All are borrowed. */
NetUdp *net_udp_new(NetLoop *loop, const NetPlan *plan, NetEpoll *epoll);

/* How many descriptors it may have at once */
guint net_udp_files(const NetUdp *udp);

/*
 * A packet to the world, which the gate has let pass.  True if it is a datagram, and so taken care
 * of: it leaves with net_udp_flush(), which is due when no more frames are there.
 */
bool net_udp_take(NetUdp *udp, const NetPacket *packet);
void net_udp_flush(NetUdp *udp);

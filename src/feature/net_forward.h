/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Published ports in slirp mode, in the net process: listening sockets of the host whose
 * connections and datagrams go to the container.
 *
 * The container sees the peer's own address, but for peers whose address means something else
 * inside: the host's loopback, the container's own network, link-local addresses.  These appear as
 * the gateway (10.0.2.2, fd00::2).
 */
#pragma once

#include <slirp/libslirp.h>

#include "feature/net_loop.h"
#include "model/plan.h"

typedef struct NetForward NetForward;

/*
 * Open all that plan->publish names: TCP ports as host forwards of libslirp, which takes their
 * connections from then on, UDP ports as sockets of its own.  Runs after net_sandbox_close() and
 * before the rest of the sandbox, with the caller's right to low ports.  plan and loop are
 * borrowed. NULL with *error set as net_publish_refused() does.
 */
NetForward *net_forward_open(NetLoop *loop, const NetPlan *plan, Slirp *slirp, GError **error);

/* From now on datagrams go in: the tap, its address and the main loop are there. */
void net_forward_start(NetForward *forward);

/*
 * A datagram of the container's is about to go to libslirp.  True if it answers one that came in
 * here: then it has been sent, from the port and address that the peer wrote to.
 */
bool net_forward_answer(NetForward *forward, const NetPacket *packet);

void net_forward_free(NetForward *forward);

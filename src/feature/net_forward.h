/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Published ports, in the net process: listening sockets of the host whose connections and
 * datagrams go to the container.
 *
 * In slirp mode they are all there is, and the container sees the peer's own address, but for peers
 * whose address means something else inside: the host's loopback, the container's own network,
 * link-local addresses.  These appear as the gateway (10.0.2.2, fd00::2), and so does who asks over
 * IPv6 for a TCP port on which the container listens over IPv4 alone.
 *
 * On a bridge the kernel translates addresses (net_dnat.h), and the sockets keep the port and serve
 * whom that does not reach: the host's own loopback, and IPv6 where the container has none.  These
 * peers appear as the bridge.
 */
#pragma once

#include "feature/net_inward.h"
#include "feature/net_libslirp.h"
#include "feature/net_loop.h"
#include "model/container.h"

typedef struct NetForward NetForward;

/*
 * Open all that plan->publish names: TCP ports as host forwards of libslirp, whose connections it
 * takes unless the lane does, UDP ports as sockets of its own.  Runs after net_sandbox_close() and
 * before the rest of the sandbox, with the caller's right to low ports.  plan and loop are
 * borrowed. NULL with *error set as net_publish_refused() does.
 */
NetForward *net_forward_open(NetLoop *loop, const NetPlan *plan, Slirp *slirp, GError **error);

/* The same on a bridge: the container is at the addresses of lease, which is borrowed too. */
NetForward *net_forward_open_bridge(NetLoop *loop, const NetPlan *plan, const NetLease *lease,
				    GError **error);

/*
 * slirp mode, inside the sandbox and before net_sandbox_seal(): the way from IPv6 to a container
 * that listens on IPv4 alone.
 */
bool net_forward_open_inside(NetForward *forward, Slirp *slirp, GError **error);

/* slirp mode: where the socket of net_diag.h belongs, if net_publish_wants_diag(). */
int *net_forward_diag(NetForward *forward);

/* slirp mode: how many of libslirp's sockets only listen. */
guint net_forward_listeners(const NetForward *forward);

/*
 * slirp mode: libslirp's socket fd is readable.  True if its connections are not libslirp's to
 * accept: then they have been.
 */
bool net_forward_take_over(NetForward *forward, int fd);

/*
 * From now on what comes goes in: the main loop, and in slirp mode the tap, are there.  inward
 * (borrowed) takes TCP in slirp mode; NULL: libslirp does.  On a bridge: with the limit of open
 * files as it is to be, and before net_sandbox_seal().
 */
void net_forward_start(NetForward *forward, NetInward *inward);

/*
 * slirp mode: a datagram of the container's is about to go to libslirp.  True if it answers one
 * that came in here: then it has been sent, from the port and address that the peer wrote to.
 */
bool net_forward_answer(NetForward *forward, const NetPacket *packet);

void net_forward_free(NetForward *forward);

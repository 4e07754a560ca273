/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Published ports (-p): ports of the host that lead to ports of the container.
 *
 * What carries them depends on the network: the net process (net_forward.h) in slirp mode, address
 * translation in the kernel on a bridge.  Here is what both have in common: how -p is written,
 * which ports of the host that makes, and whether they are to be had.
 */
#pragma once

#include <sys/socket.h>

#include "model/container.h"

/*
 * Read [[ADDRESS:][HOSTPORT]:]PORT[/tcp|/udp], where both ports may be ranges, FIRST-LAST, and an
 * IPv6 address stands in brackets.  ret_publish->address is the caller's to free.
 */
bool net_publish_parse(const char *text, SpecPublish *ret_publish, GError **error);

/*
 * Fill plan->net.publish, with ports chosen where any will do.  Binds each port for a moment, and
 * so refuses what is taken (RLC-N05), privileged (RLC-N06) or no address of this host (RLC-N07)
 * before anything is built.
 */
bool net_publish_plan(const Spec *spec, Plan *plan, GError **error);

/*
 * Are TCP ports published on IPv6 for libslirp to carry?  Then the net process wants to know where
 * the payload listens: net_forward.h.
 */
bool net_publish_wants_diag(const NetPlan *plan);

/* The address in the host, for bind(2). Returns its length. */
socklen_t net_publish_sockaddr(const PublishPlan *publish, struct sockaddr_storage *ret_address);

/*
 * A socket bound to the host's port, non-blocking and closed on exec; IPv6 ones take no IPv4.
 * reuse: as SO_REUSEADDR, which a TCP listener wants and one that only keeps the port does not.
 * -1 with *error set.
 */
int net_publish_bind(const PublishPlan *publish, bool reuse, GError **error);

/* Set the error, with its hint, of a port that could not be bound. Returns false. */
bool net_publish_refused(const PublishPlan *publish, int errno_value, GError **error);

/* "0.0.0.0:8080" or "[::1]:8080". Caller frees. */
char *net_publish_host_text(const PublishPlan *publish);

/* "tcp" or "udp" */
const char *net_publish_protocol(const PublishPlan *publish);

/* The file of a container's state directory that net_publish_record() goes into. */
#define NET_PUBLISH_RECORD "ports"

/*
 * One line for each port, "80/tcp 0.0.0.0:8080\n", which is what the state directory keeps and `rlc
 * port` reads.  Caller frees; "" where nothing is published.
 */
char *net_publish_record(const Plan *plan);

/* --explain: what is published, as comments. */
void net_publish_explain(const Plan *plan, GString *script);

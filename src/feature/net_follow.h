/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following the host's name servers: a laptop changes its network, and with it its resolv.conf.
 *
 *     supervisor                                   net process
 *        │ ◄──────────────────── one byte ──────── │  with a query, but not often
 *        │  has resolv.conf changed?                │
 *        │ ── NetServers ─────────────────────────► │  if so: from the next query on
 *
 * The net process, in its empty root, cannot see the file; and nobody watches it: a container that
 * looks nothing up costs nothing, and the inotify instances of a user are few.  On the socket that
 * has carried the tap, after SYNC_NET_UP.
 */
#pragma once

#include <stdbool.h>

#include "feature/net_dns.h"
#include "model/container.h"

/*
 * The host's resolv.conf(5). ret_text (may be NULL) takes the text, NULL where there is none;
 * caller frees both.  Without a name server in it, it is the machine itself.
 */
NetResolv *net_follow_read(char **ret_text);

/* Net process: a name is looked up. Asks at most once in two seconds, and waits for nothing. */
void net_follow_ask(int control);

/* Net process: control can be read. Puts what came into servers; false: the supervisor is gone. */
bool net_follow_take(int control, NetServers *servers);

/* Supervisor: container->net_control can be read. false: the net process is gone. */
bool net_follow_answer(Container *container);

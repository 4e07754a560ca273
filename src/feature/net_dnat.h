/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Published ports on a bridge: address translation in the kernel, in a table of the container's
 * own, "inet rlc-ID".  The container sees the peer's real address; only who is on the same bridge
 * appears as the bridge, since the answer has to come back through it.
 *
 *     world ── to HOST:8080 ──► prerouting: dnat ──► container:80
 *     host  ── to its own address, 8080 ──► output: dnat ──► container:80
 *     a container of the bridge ── to HOST:8080 ──► dnat, and masquerade ──► container:80
 *     host  ── to 127.0.0.1 or ::1 ──► net_forward.h (the kernel would have to be told to take
 *                                      127.0.0.1 for an address like any other)
 *
 * The kernel asks the rules for the first datagram of a flow alone, and a peer that goes on sending
 * keeps it for ever.  So flows of UDP that began before the rules are forgotten then (they would
 * end at net_forward.h), and with the rules those that were led inside (they would go to whoever
 * has the address next).
 */
#pragma once

#include "model/container.h"

/*
 * supervisor: write what has to be undone into the container's state directory, then make it.
 * Docker drops what it does not know; its chain for others, DOCKER-USER, gets a rule that lets the
 * container's packets pass, and the table sees to it that these are of published ports alone.
 */
bool net_dnat_add(const Plan *plan, const NetLease *lease, GError **error);

/* Take it away, from what the state directory says alone: container_dir is open.  Idempotent. */
void net_dnat_release(int container_dir, const char *id);

/* supervisor: the same, for a container of this process. */
void net_dnat_cleanup(const Container *container);

/* What net_dnat_add() runs, for tests. docker: FAMILY TABLE of each DOCKER-USER. Caller frees. */
char *net_dnat_script(const Plan *plan, const NetLease *lease, const GPtrArray *docker);

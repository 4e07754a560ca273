/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's network: none (lo alone), the host's own, or slirp: a tap in the container's
 * network namespace and the net process (net_slirp.h) at its other end.
 */
#pragma once

#include "model/container.h"

#define NET_TAP "tap0"

/*
 * The MTU of the tap without mtu=N.  By measurement (tests/bench/net-mtu) all from 16384 on carry
 * about the same, and 1500 a third of it.  The largest also carries every UDP datagram whole:
 * libslirp cannot put IPv6 fragments together again.
 */
#define NET_MTU_DEFAULT 65520

/* Fills plan->net and clears CLONE_NEWNET for --network host. Refuses what the host cannot do. */
bool net_plan(const Spec *spec, Plan *plan, GError **error);

/* init, in the new namespaces and with the host's /dev in sight: lo, the tap; sends SYNC_TAP. */
bool net_child(Container *container, GError **error);

/* init: waits until the net process moves packets (SYNC_NET_UP). */
bool net_child_wait(Container *container, GError **error);

/* supervisor: starts the net process on init's tap; fills net_pid, net_pidfd and net_control. */
bool net_parent(Container *container, GError **error);

/* supervisor: ends and reaps the net process. Idempotent. */
void net_cleanup(Container *container);

/* create of an OCI front end: forget the net process, which goes on without us. */
void net_let_go(Container *container);

/* --explain, in init's place: the shell commands for lo, and in slirp mode the tap. */
void net_explain(const Plan *plan, GString *script);

/* --explain, in the supervisor's place: what the net process is. */
void net_parent_explain(const Plan *plan, GString *script);

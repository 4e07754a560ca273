/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The net process: libslirp between the container's tap and the host's sockets.
 *
 *     supervisor                                   net process
 *        │  fork ─────────────────────────────────► │  closes its sandbox
 *        │ ── SYNC_TAP + tap fd ──────────────────► │
 *        │ ◄───────────────────────────── SYNC_NET_UP ─ │  from here on it moves packets
 *        │ ◄─ name servers, asked and told, net_follow.h ─► │
 *        │ ── end of file (or its own death) ─────► │  ends
 *
 * SYNC_ERROR may come in place of SYNC_NET_UP.
 */
#pragma once

#include "kernel/sync.h"
#include "model/plan.h"

/*
 * The whole life of the net process, in a fresh child of the supervisor. control is its end of a
 * sync_pair(). Never returns.
 */
void net_slirp_main(const NetPlan *plan, Sync *control) __attribute__((noreturn));

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The net process of a container on a bridge that publishes ports: it has no packets to move, only
 * connections and datagrams to hand on (net_forward.h), in the same sandbox as net_slirp.h's.
 */
#pragma once

#include "model/container.h"

/*
 * The net process, after fork(2): opens what plan->publish names, sends SYNC_NET_UP on control, or
 * an error, and runs until the supervisor's end of control closes.
 */
G_GNUC_NORETURN void net_proxy_main(const NetPlan *plan, const NetLease *lease, Sync *control);

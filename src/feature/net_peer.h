/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container in slirp mode sees a peer of its published ports as. */
#pragma once

#include "feature/net_frame.h"
#include "model/plan.h"

/*
 * An address of the host's network becomes what it is called inside: mostly the same.  One that
 * means something else there (the host's loopback, the container's own network, link-local ones)
 * becomes the gateway.
 */
void net_peer_name(const NetPlan *plan, int family, NetAddress *address);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed about the user-mode network: --network slirp:…, and the annotation io.rlc.network.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

/*
 * Take "OPTION=VALUE,…" of mtu, cidr, ipv6, host-loopback and lane; "" is none.  The mode becomes
 * NET_SLIRP.  Errors name the option; what a cidr means is for the plan to judge.
 */
bool net_settings_slirp(SpecNetwork *network, const char *settings, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network devices of the host's that are moved inside: linux.netDevices of the OCI.  They keep
 * their permanent global addresses, and are up.  The end of the network namespace gives a physical
 * one back to the host, and nobody else does.
 */
#pragma once

#include "model/container.h"

/* init, in the container's network namespace: lends create a socket into it. */
bool net_devices_child(Container *container, GError **error);

/* create: moves them. */
bool net_devices_parent(Container *container, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For netlink.c and netlink_policy.c alone: one request, and its acknowledgement. */
#pragma once

#include <linux/netlink.h>

#include "kernel/netlink.h"

/* Begin a request in the buffer of netlink, whose contents it takes over. */
struct nlmsghdr *netlink_request(Netlink *netlink, uint16_t type, uint16_t flags);

/* Send the request and wait for its acknowledgement; errno tells what the kernel had against it. */
bool netlink_talk(Netlink *netlink, const struct nlmsghdr *request);

/* Bytes of an address of this family. */
size_t netlink_address_size(int family);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The old packet filter of iptables-legacy, to look at it: nobody should have to change it. */
#pragma once

#include <stdbool.h>

/* Is FORWARD's policy to drop, in the IPv4 table "filter" of iptables-legacy, if there is one? */
bool iptables_forward_drops(void);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS over TCP at the name server's IPv6 address.  A guest forward of libslirp's, which takes such
 * connections (net_relay.h), has an IPv4 address alone: so these segments go to it as IPv4, from an
 * address of the container's network that nobody else has, and what libslirp sends there goes back
 * as IPv6.  Nothing is remembered.  Pure functions, of frames.
 */
#pragma once

#include "feature/net_frame.h"
#include "model/plan.h"

/*
 * Make IPv4 of a segment that net_gate() called NET_GATE_DNS6.  frame has room for NET_FRAME_MAX
 * bytes.  Returns the length of the frame; 0: it is not from the container's own address.
 */
size_t net_dns6_in(const NetPlan *plan, const NetPacket *packet, uint8_t *frame);

/* How long what net_dns6_hello() makes is. */
#define NET_DNS6_HELLO 42

/* The frame, for libslirp, that says where such segments come from: whoever sent this packet. */
void net_dns6_hello(const NetPlan *plan, const NetPacket *packet, uint8_t *frame);

/*
 * Make IPv6 of a frame that libslirp sends.  ret_frame has room for NET_FRAME_MAX bytes.  Returns
 * the length of the frame; 0: it is not for that address, or no segment.
 */
size_t net_dns6_out(const NetPlan *plan, const uint8_t *frame, size_t length, uint8_t *ret_frame);

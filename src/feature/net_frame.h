/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ethernet frames as the container's kernel (or a payload with CAP_NET_RAW) wrote them on the tap:
 * taking them apart, and building replies.  Pure functions; every byte that comes in is hostile.
 */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tap frame never exceeds the largest IP packet and its Ethernet header. */
#define NET_FRAME_MAX (65535 + 14)

/* Compared as bytes: those that IPv4 leaves are 0. The larger is first, so that {0} sets all. */
typedef union {
	struct in6_addr v6;
	struct in_addr v4;
} NetAddress;

/*
 * A frame taken apart. Points into it.  IP lengths were checked: body lies wholly inside the frame.
 * Checksums were not: who needs them right checks them.
 */
typedef struct {
	const uint8_t *frame;
	size_t length;
	uint16_t ether_type;
	int family; /* AF_INET, AF_INET6, or AF_UNSPEC for what is not IP */
	NetAddress from, to;
	uint8_t protocol; /* IPPROTO_*; in IPv6 the first next header, extension headers included */
	uint8_t ttl;	  /* or hop limit */
	bool fragment;	  /* one piece of a larger IPv4 packet: ports are not known */
	uint16_t from_port, to_port; /* UDP and TCP, host order; else 0 */
	const uint8_t *body;	     /* what follows the IP header */
	size_t body_length;
} NetPacket;

/* Take a frame apart; false when it is malformed. */
bool net_frame_parse(const uint8_t *frame, size_t length, NetPacket *ret_packet);

/* The data of a UDP packet that is no fragment. */
const uint8_t *net_frame_datagram(const NetPacket *packet, size_t *ret_length);

/* What a reply to a packet needs to know of it, to be kept after the frame is gone. */
typedef struct {
	uint8_t mac_to[6], mac_from[6];
	int family;
	NetAddress from, to; /* of the reply: the packet's, swapped */
	uint16_t from_port, to_port;
} NetReturn;

void net_frame_return(const NetPacket *packet, NetReturn *ret_back);

/* Bytes of Ethernet and IP header in front of the body of a reply. */
size_t net_frame_header(const NetReturn *back);

/*
 * Finish a reply whose body (ICMP message, or UDP header and data) is in place behind
 * net_frame_header() bytes: write Ethernet and IP header, and the checksum at checksum_at in the
 * body.  Returns the length of the frame.
 */
size_t net_frame_finish(const NetReturn *back, uint8_t *frame, uint8_t protocol, size_t body_length,
			size_t checksum_at);

/*
 * Build a UDP reply. frame has room for NET_FRAME_MAX bytes; length is at most what
 * net_frame_udp_room() says. Returns the length of the frame.
 */
size_t net_frame_udp(const NetReturn *back, const uint8_t *data, size_t length, uint8_t *frame);

/* The longest UDP payload that fits a packet of this MTU. */
size_t net_frame_udp_room(const NetReturn *back, size_t mtu);

/*
 * The headers in front of chunk, which becomes a fragment of an IPv4 packet: length bytes that have
 * this offset in its body (a multiple of 8), with more behind it or not.  There is room for them in
 * front of chunk.  Returns where the frame begins.
 */
uint8_t *net_frame_fragment(const NetReturn *back, uint8_t *chunk, size_t length, size_t offset,
			    bool more, uint16_t id);

/* The Internet checksum (RFC 1071) of data, continuing from sum; not yet folded or inverted. */
uint64_t net_frame_sum(const uint8_t *data, size_t length, uint64_t sum);
/* Fold and invert: the value to put in a header, in memory order. */
uint16_t net_frame_fold(uint64_t sum);

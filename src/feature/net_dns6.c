/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_dns6.h"

#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>

#define HOST_TWIN   5 /* of the network, behind gateway, name server and lane */
#define CHECKSUM_AT offsetof(struct tcphdr, th_sum)

static struct in_addr twin_of(const NetPlan *plan)
{
	return (struct in_addr){.s_addr = plan->network.s_addr | htonl(HOST_TWIN)};
}

static size_t put_segment(const NetReturn *back, const NetPacket *packet, uint8_t *frame)
{
	size_t at = net_frame_header(back);

	if (packet->body_length < sizeof(struct tcphdr) || packet->body_length > NET_FRAME_MAX - at)
		return 0;
	memcpy(frame + at, packet->body, packet->body_length);
	return net_frame_finish(back, frame, IPPROTO_TCP, packet->body_length, CHECKSUM_AT);
}

size_t net_dns6_in(const NetPlan *plan, const NetPacket *packet, uint8_t *frame)
{
	NetReturn on = {.family = AF_INET, .from.v4 = twin_of(plan), .to.v4 = plan->nameserver};

	if (!IN6_ARE_ADDR_EQUAL(&packet->from.v6, &plan->address6))
		return 0;
	memcpy(on.mac_to, packet->frame, ETH_ALEN);
	memcpy(on.mac_from, packet->frame + ETH_ALEN, ETH_ALEN);
	return put_segment(&on, packet, frame);
}

/* RFC 5227, section 3: an ARP announcement */
void net_dns6_hello(const NetPlan *plan, const NetPacket *packet, uint8_t *frame)
{
	const struct arphdr head = {.ar_hrd = htons(ARPHRD_ETHER),
				    .ar_pro = htons(ETHERTYPE_IP),
				    .ar_hln = ETH_ALEN,
				    .ar_pln = sizeof(struct in_addr),
				    .ar_op = htons(ARPOP_REQUEST)};
	const struct in_addr twin = twin_of(plan);
	const uint16_t type = htons(ETHERTYPE_ARP);
	uint8_t *arp = frame + ETH_HLEN, *sender = arp + sizeof head;
	uint8_t *target = sender + ETH_ALEN + sizeof twin;

	memset(frame, 0, NET_DNS6_HELLO);
	memset(frame, 0xff, ETH_ALEN);
	memcpy(frame + ETH_ALEN, packet->frame + ETH_ALEN, ETH_ALEN);
	memcpy(frame + offsetof(struct ether_header, ether_type), &type, sizeof type);
	memcpy(arp, &head, sizeof head);
	memcpy(sender, packet->frame + ETH_ALEN, ETH_ALEN);
	memcpy(sender + ETH_ALEN, &twin, sizeof twin);
	memcpy(target + ETH_ALEN, &twin, sizeof twin);
}

/* The frames that it is asked of are many, and only few of them are looked into. */
size_t net_dns6_out(const NetPlan *plan, const uint8_t *frame, size_t length, uint8_t *ret_frame)
{
	const struct in_addr twin = twin_of(plan);
	NetReturn back = {
		.family = AF_INET6, .from.v6 = plan->nameserver6, .to.v6 = plan->address6};
	NetPacket packet;

	if (length < ETH_HLEN + sizeof(struct ip) ||
	    memcmp(frame + ETH_HLEN + offsetof(struct ip, ip_dst), &twin, sizeof twin) != 0 ||
	    !net_frame_parse(frame, length, &packet) || packet.family != AF_INET ||
	    packet.protocol != IPPROTO_TCP || packet.fragment)
		return 0;
	memcpy(back.mac_to, frame, ETH_ALEN);
	memcpy(back.mac_from, frame + ETH_ALEN, ETH_ALEN);
	return put_segment(&back, &packet, ret_frame);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_frame.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#define TTL 64

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static bool parse_ipv4(NetPacket *packet)
{
	const uint8_t *ip = packet->frame + ETH_HLEN;
	size_t have = packet->length - ETH_HLEN, header, total;
	uint16_t offset;

	if (have < sizeof(struct iphdr) || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 0xf) * 4;
	total = get16(ip + 2);
	if (header < sizeof(struct iphdr) || total < header || total > have)
		return false;
	offset = get16(ip + 6);
	packet->family = AF_INET;
	packet->fragment = (offset & (IP_MF | IP_OFFMASK)) != 0;
	packet->ttl = ip[8];
	packet->protocol = ip[9];
	memcpy(&packet->from.v4, ip + 12, 4);
	memcpy(&packet->to.v4, ip + 16, 4);
	packet->body = ip + header;
	packet->body_length = total - header;
	return true;
}

static bool parse_ipv6(NetPacket *packet)
{
	const uint8_t *ip = packet->frame + ETH_HLEN;
	size_t have = packet->length - ETH_HLEN, payload;

	if (have < sizeof(struct ip6_hdr) || ip[0] >> 4 != 6)
		return false;
	payload = get16(ip + 4);
	if (payload > have - sizeof(struct ip6_hdr))
		return false;
	packet->family = AF_INET6;
	packet->protocol = ip[6];
	packet->ttl = ip[7];
	memcpy(&packet->from.v6, ip + 8, 16);
	memcpy(&packet->to.v6, ip + 24, 16);
	packet->body = ip + sizeof(struct ip6_hdr);
	packet->body_length = payload;
	return true;
}

static bool parse_ports(NetPacket *packet)
{
	if (packet->protocol == IPPROTO_TCP && packet->body_length < sizeof(struct tcphdr))
		return false;
	if (packet->protocol == IPPROTO_UDP && (packet->body_length < sizeof(struct udphdr) ||
						get16(packet->body + 4) < sizeof(struct udphdr) ||
						get16(packet->body + 4) > packet->body_length))
		return false;
	if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) {
		packet->from_port = get16(packet->body);
		packet->to_port = get16(packet->body + 2);
	}
	return true;
}

bool net_frame_parse(const uint8_t *frame, size_t length, NetPacket *ret_packet)
{
	NetPacket packet = {.frame = frame, .length = length, .family = AF_UNSPEC};

	if (length < ETH_HLEN || length > NET_FRAME_MAX)
		return false;
	packet.ether_type = get16(frame + 12);
	if (packet.ether_type == ETHERTYPE_IP && !parse_ipv4(&packet))
		return false;
	if (packet.ether_type == ETHERTYPE_IPV6 && !parse_ipv6(&packet))
		return false;
	if (!packet.fragment && !parse_ports(&packet))
		return false;
	*ret_packet = packet;
	return true;
}

const uint8_t *net_frame_datagram(const NetPacket *packet, size_t *ret_length)
{
	*ret_length = get16(packet->body + 4) - sizeof(struct udphdr);
	return packet->body + sizeof(struct udphdr);
}

void net_frame_return(const NetPacket *packet, NetReturn *ret_back)
{
	memcpy(ret_back->mac_to, packet->frame + ETH_ALEN, ETH_ALEN);
	memcpy(ret_back->mac_from, packet->frame, ETH_ALEN);
	ret_back->family = packet->family;
	ret_back->from = packet->to;
	ret_back->to = packet->from;
	ret_back->from_port = packet->to_port;
	ret_back->to_port = packet->from_port;
}

uint64_t net_frame_sum(const uint8_t *data, size_t length, uint64_t sum)
{
	while (length >= 4) {
		uint32_t word;

		memcpy(&word, data, 4);
		sum += word;
		data += 4;
		length -= 4;
	}
	if (length > 0) {
		uint8_t tail[4] = {0};

		memcpy(tail, data, length);
		sum = net_frame_sum(tail, sizeof tail, sum);
	}
	return sum;
}

uint16_t net_frame_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

size_t net_frame_header(const NetReturn *back)
{
	return ETH_HLEN + (back->family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ip6_hdr));
}

/* RFC 768 and RFC 8200, section 8.1: the pseudo header that upper-layer checksums include. */
static uint64_t pseudo_sum(const NetReturn *back, uint8_t protocol, size_t length)
{
	size_t size = back->family == AF_INET ? 4 : 16;
	uint8_t tail[4] = {0, protocol};
	uint64_t sum;

	put16(tail + 2, length);
	sum = net_frame_sum((const uint8_t *)&back->from, size, 0);
	sum = net_frame_sum((const uint8_t *)&back->to, size, sum);
	return net_frame_sum(tail, sizeof tail, sum);
}

/* which: flags, and the offset of a fragment in units of 8 bytes */
static void put_ipv4(const NetReturn *back, uint8_t *ip, uint8_t protocol, size_t length,
		     uint16_t id, size_t which)
{
	uint16_t sum;

	memset(ip, 0, sizeof(struct iphdr));
	ip[0] = 0x45;
	put16(ip + 2, sizeof(struct iphdr) + length);
	put16(ip + 4, id);
	put16(ip + 6, which);
	ip[8] = TTL;
	ip[9] = protocol;
	memcpy(ip + 12, &back->from.v4, 4);
	memcpy(ip + 16, &back->to.v4, 4);
	sum = net_frame_fold(net_frame_sum(ip, sizeof(struct iphdr), 0));
	memcpy(ip + 10, &sum, 2);
}

static void put_ethernet(const NetReturn *back, uint8_t *frame)
{
	memcpy(frame, back->mac_to, ETH_ALEN);
	memcpy(frame + ETH_ALEN, back->mac_from, ETH_ALEN);
	put16(frame + 12, back->family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
}

static void put_ipv6(const NetReturn *back, uint8_t *ip, uint8_t protocol, size_t length)
{
	memset(ip, 0, sizeof(struct ip6_hdr));
	ip[0] = 0x60;
	put16(ip + 4, length);
	ip[6] = protocol;
	ip[7] = TTL;
	memcpy(ip + 8, &back->from.v6, 16);
	memcpy(ip + 24, &back->to.v6, 16);
}

size_t net_frame_finish(const NetReturn *back, uint8_t *frame, uint8_t protocol, size_t body_length,
			size_t checksum_at)
{
	uint8_t *ip = frame + ETH_HLEN, *body = frame + net_frame_header(back);
	uint64_t pseudo = protocol == IPPROTO_ICMP ? 0 : pseudo_sum(back, protocol, body_length);
	uint16_t sum;

	put_ethernet(back, frame);
	if (back->family == AF_INET)
		put_ipv4(back, ip, protocol, body_length, 0, IP_DF);
	else
		put_ipv6(back, ip, protocol, body_length);
	memset(body + checksum_at, 0, 2);
	sum = net_frame_fold(net_frame_sum(body, body_length, pseudo));
	if (sum == 0 && protocol == IPPROTO_UDP)
		sum = 0xffff; /* 0 would mean "no checksum" */
	memcpy(body + checksum_at, &sum, 2);
	return (size_t)(body - frame) + body_length;
}

size_t net_frame_udp_room(const NetReturn *back, size_t mtu)
{
	return mtu - (net_frame_header(back) - ETH_HLEN) - sizeof(struct udphdr);
}

size_t net_frame_udp(const NetReturn *back, const uint8_t *data, size_t length, uint8_t *frame)
{
	uint8_t *udp = frame + net_frame_header(back);

	put16(udp, back->from_port);
	put16(udp + 2, back->to_port);
	put16(udp + 4, sizeof(struct udphdr) + length);
	memcpy(udp + sizeof(struct udphdr), data, length);
	return net_frame_finish(back, frame, IPPROTO_UDP, sizeof(struct udphdr) + length, 6);
}

uint8_t *net_frame_fragment(const NetReturn *back, uint8_t *chunk, size_t length, size_t offset,
			    bool more, uint16_t id)
{
	uint8_t *ip = chunk - sizeof(struct iphdr);

	put_ethernet(back, ip - ETH_HLEN);
	put_ipv4(back, ip, IPPROTO_UDP, length, id, (more ? IP_MF : 0) | offset / 8);
	return ip - ETH_HLEN;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_gate.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define PORT_DNS    53
#define PORT_BOOTP  67
#define PORT_TFTP   69
#define PORT_DHCPV6 547

static NetVerdict gate_arp(const NetPacket *packet)
{
	const struct arphdr *arp = (const void *)(packet->frame + ETH_HLEN);
	/* header, then hardware and protocol address of both sides */
	size_t whole = ETH_HLEN + sizeof *arp + 2 * (ETH_ALEN + sizeof(struct in_addr));

	if (packet->length < whole || arp->ar_hrd != htons(ARPHRD_ETHER) ||
	    arp->ar_pro != htons(ETHERTYPE_IP) || arp->ar_hln != ETH_ALEN ||
	    arp->ar_pln != sizeof(struct in_addr))
		return NET_GATE_DROP;
	return NET_GATE_PASS;
}

static bool is_protocol(const NetPacket *packet, uint8_t icmp)
{
	return packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP ||
	       packet->protocol == icmp;
}

static bool is_udp_to(const NetPacket *packet, uint16_t port)
{
	return packet->protocol == IPPROTO_UDP && !packet->fragment && packet->to_port == port;
}

static bool is_tcp_to(const NetPacket *packet, uint16_t port)
{
	return packet->protocol == IPPROTO_TCP && !packet->fragment && packet->to_port == port;
}

static bool in_network(const NetPlan *plan, struct in_addr address)
{
	uint32_t mask = htonl(~(uint32_t)0 << (32 - plan->prefix));

	return (address.s_addr & mask) == plan->network.s_addr;
}

/* Is it an address that the host would take for itself, or for everybody? */
static bool is_special(struct in_addr address)
{
	uint32_t first = ntohl(address.s_addr) >> 24;

	return first == 0 || first == 127 || first >= 224;
}

static NetVerdict gate_nameserver(const NetPacket *packet)
{
	if (is_udp_to(packet, PORT_DNS))
		return NET_GATE_DNS;
	if (is_tcp_to(packet, PORT_DNS))
		return NET_GATE_PASS; /* a guest forward of libslirp takes it: net_relay.h */
	if (packet->protocol == IPPROTO_ICMP && !packet->fragment &&
	    packet->body_length >= sizeof(struct icmphdr) && packet->body[0] == ICMP_ECHO)
		return NET_GATE_REFLECT;
	return NET_GATE_DROP;
}

static NetVerdict gate_ipv4(const NetPlan *plan, const NetPacket *packet)
{
	struct in_addr from = packet->from.v4, to = packet->to.v4;

	if (!is_protocol(packet, IPPROTO_ICMP) || is_special(to))
		return NET_GATE_DROP;
	if (!in_network(plan, from) || from.s_addr == plan->gateway.s_addr ||
	    from.s_addr == plan->nameserver.s_addr)
		return NET_GATE_DROP;
	if (to.s_addr == plan->nameserver.s_addr)
		return gate_nameserver(packet);
	if (to.s_addr == plan->gateway.s_addr)
		return packet->fragment || is_udp_to(packet, PORT_BOOTP) ||
				       is_udp_to(packet, PORT_TFTP)
			       ? NET_GATE_DROP
			       : NET_GATE_PASS;
	return in_network(plan, to) ? NET_GATE_DROP : NET_GATE_WORLD;
}

static bool in_network6(const NetPlan *plan, const struct in6_addr *address)
{
	return memcmp(address, &plan->network6, 8) == 0;
}

static bool is_local6(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_SITELOCAL(address) ||
	       IN6_IS_ADDR_MULTICAST(address);
}

/* ::, ::1, ::127.0.0.1, ::ffff:127.0.0.1: all that the host may read as an IPv4 address or itself
 */
static bool is_special6(const struct in6_addr *address)
{
	static const uint8_t zero[12];

	return memcmp(address, zero, sizeof zero) == 0 || IN6_IS_ADDR_V4MAPPED(address);
}

static bool is_from_container6(const NetPlan *plan, const NetPacket *packet)
{
	const struct in6_addr *from = &packet->from.v6;

	if (IN6_ARE_ADDR_EQUAL(from, &plan->gateway6) ||
	    IN6_ARE_ADDR_EQUAL(from, &plan->nameserver6))
		return false;
	if (packet->protocol == IPPROTO_ICMPV6 &&
	    (IN6_IS_ADDR_LINKLOCAL(from) || IN6_IS_ADDR_UNSPECIFIED(from)))
		return true; /* neighbour discovery */
	return in_network6(plan, from);
}

static NetVerdict gate_ipv6(const NetPlan *plan, const NetPacket *packet)
{
	const struct in6_addr *to = &packet->to.v6;
	bool icmp = packet->protocol == IPPROTO_ICMPV6;

	if (!plan->ipv6 || !is_protocol(packet, IPPROTO_ICMPV6) || is_special6(to) ||
	    !is_from_container6(plan, packet))
		return NET_GATE_DROP;
	if (icmp && packet->body_length < sizeof(struct icmp6_hdr))
		return NET_GATE_DROP;
	if (is_local6(to))
		return icmp ? NET_GATE_PASS : NET_GATE_DROP;
	if (IN6_ARE_ADDR_EQUAL(to, &plan->nameserver6))
		return is_udp_to(packet, PORT_DNS)   ? NET_GATE_DNS
		       : is_tcp_to(packet, PORT_DNS) ? NET_GATE_DNS6
		       : icmp			     ? NET_GATE_PASS
						     : NET_GATE_DROP;
	if (IN6_ARE_ADDR_EQUAL(to, &plan->gateway6))
		return is_udp_to(packet, PORT_TFTP) || is_udp_to(packet, PORT_DHCPV6)
			       ? NET_GATE_DROP
			       : NET_GATE_PASS;
	if (in_network6(plan, to))
		return NET_GATE_DROP;
	if (icmp)
		return packet->body[0] == ICMP6_ECHO_REQUEST ? NET_GATE_PING6 : NET_GATE_DROP;
	return NET_GATE_WORLD;
}

NetVerdict net_gate(const NetPlan *plan, const NetPacket *packet)
{
	if (packet->ether_type == ETHERTYPE_ARP)
		return gate_arp(packet);
	if (packet->family == AF_INET)
		return gate_ipv4(plan, packet);
	if (packet->family == AF_INET6)
		return gate_ipv6(plan, packet);
	return NET_GATE_DROP;
}

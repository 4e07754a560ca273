/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_peer.h"

#include <string.h>

/* Can the container answer this address, and is it nobody else's inside? */
static bool is_nameable4(const NetPlan *plan, struct in_addr address)
{
	uint32_t first = ntohl(address.s_addr) >> 24;
	uint32_t mask = htonl(~(uint32_t)0 << (32 - plan->prefix));

	return first != 0 && first != 127 && first < 224 &&
	       (address.s_addr & mask) != plan->network.s_addr;
}

static bool is_nameable6(const NetPlan *plan, const struct in6_addr *address)
{
	return !IN6_IS_ADDR_LOOPBACK(address) && !IN6_IS_ADDR_UNSPECIFIED(address) &&
	       !IN6_IS_ADDR_LINKLOCAL(address) && !IN6_IS_ADDR_SITELOCAL(address) &&
	       !IN6_IS_ADDR_MULTICAST(address) && !IN6_IS_ADDR_V4MAPPED(address) &&
	       memcmp(address, &plan->network6, 8) != 0;
}

void net_peer_name(const NetPlan *plan, int family, NetAddress *address)
{
	if (family == AF_INET && !is_nameable4(plan, address->v4))
		address->v4 = plan->gateway;
	if (family == AF_INET6 && !is_nameable6(plan, &address->v6))
		address->v6 = plan->gateway6;
}

void net_peer_read(const struct sockaddr_storage *from, NetAddress *ret_address, uint16_t *ret_port)
{
	const struct sockaddr_in *v4 = (const void *)from;
	const struct sockaddr_in6 *v6 = (const void *)from;

	if (from->ss_family == AF_INET)
		ret_address->v4 = v4->sin_addr;
	else
		ret_address->v6 = v6->sin6_addr;
	*ret_port = ntohs(from->ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
}

socklen_t net_peer_write(int family, const NetAddress *address, uint16_t port,
			 struct sockaddr_storage *ret_to)
{
	memset(ret_to, 0, sizeof *ret_to);
	if (family == AF_INET) {
		*(struct sockaddr_in *)ret_to = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address->v4};
		return sizeof(struct sockaddr_in);
	}
	*(struct sockaddr_in6 *)ret_to = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address->v6};
	return sizeof(struct sockaddr_in6);
}

ssize_t net_peer_receive(int fd, int flags, void *data, size_t size, NetMessage *ret_message)
{
	ret_message->data = (struct iovec){data, size};
	ret_message->peer.ss_family = AF_UNSPEC;
	ret_message->header = (struct msghdr){
		.msg_name = &ret_message->peer,
		.msg_namelen = sizeof ret_message->peer,
		.msg_iov = &ret_message->data,
		.msg_iovlen = 1,
		.msg_control = ret_message->control.buffer,
		.msg_controllen = sizeof ret_message->control.buffer,
	};
	return recvmsg(fd, &ret_message->header, flags);
}

guint net_peer_hash(const void *key, size_t length)
{
	const uint8_t *bytes = key;
	guint hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

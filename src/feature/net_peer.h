/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Peers of the net process: their addresses, and what a container in slirp mode sees them as. */
#pragma once

#include <sys/socket.h>

#include "feature/net_frame.h"
#include "model/plan.h"

/*
 * An address of the host's network becomes what it is called inside: mostly the same.  One that
 * means something else there (the host's loopback, the container's own network, link-local ones)
 * becomes the gateway.
 */
void net_peer_name(const NetPlan *plan, int family, NetAddress *address);

/* What a socket address of IPv4 or IPv6 says; the port is of the host's order. */
void net_peer_read(const struct sockaddr_storage *from, NetAddress *ret_address,
		   uint16_t *ret_port);

/* The reverse. Returns its length. */
socklen_t net_peer_write(int family, const NetAddress *address, uint16_t port,
			 struct sockaddr_storage *ret_to);

/* What recvmsg(2) says beside the data. */
typedef struct {
	struct msghdr header;
	struct iovec data;
	struct sockaddr_storage peer; /* of the error queue: whom the datagram was for */
	union {
		char buffer[256];
		struct cmsghdr align;
	} control;
} NetMessage;

/* recvmsg(2), of a datagram: its length, or -1 with errno. */
ssize_t net_peer_receive(int fd, int flags, void *data, size_t size, NetMessage *ret_message);

/* Of what is compared as bytes: no padding, and what is not used is 0. */
guint net_peer_hash(const void *key, size_t length);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of netlink(7), written into a buffer and read from one, and the sockets that carry them.
 * What they say is up to netlink.c, nftables.c and nft_batch.c.
 *
 * A message is a header, a header of its family, and attributes, each with a type and a length;
 * an attribute may hold attributes.  Nobody here allocates: whoever begins a message has room for
 * it.  Attributes that were received are within their message, whatever length they claim.
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- writing --- */

/* Begin a message in room, which is aligned as a struct nlmsghdr is. */
struct nlmsghdr *nlmsg_begin(void *room, uint16_t type, uint16_t flags);

/* Append zeroes for a header of the family, and return where. */
void *nlmsg_put_header(struct nlmsghdr *message, size_t size);

/* Append an attribute. A string's has its terminating zero; numbers are in the host's order. */
void nlmsg_put(struct nlmsghdr *message, uint16_t type, size_t size, const void *data);
void nlmsg_put_u8(struct nlmsghdr *message, uint16_t type, uint8_t value);
void nlmsg_put_u32(struct nlmsghdr *message, uint16_t type, uint32_t value);
void nlmsg_put_string(struct nlmsghdr *message, uint16_t type, const char *value);

/* What is put between these two is inside an attribute. */
struct nlattr *nlmsg_nest(struct nlmsghdr *message, uint16_t type);
void nlmsg_nest_end(const struct nlmsghdr *message, struct nlattr *nest);

/* --- reading --- */

typedef void (*NlmsgTakeAttribute)(const struct nlattr *attr, void *data);

/* The family's header, which each of the kernel's answers has. */
void *nlmsg_header(const struct nlmsghdr *message);

/* Each attribute behind the family's header; of an attribute: each that is inside. */
void nlmsg_each(const struct nlmsghdr *message, size_t header_size, NlmsgTakeAttribute take,
		void *data);
void nlmsg_attr_each(const struct nlattr *attr, NlmsgTakeAttribute take, void *data);

/* Without the flags; bytes of the value; the value. 0 and "" where it is none of that type. */
uint16_t nlmsg_attr_type(const struct nlattr *attr);
size_t nlmsg_attr_size(const struct nlattr *attr);
const void *nlmsg_attr_data(const struct nlattr *attr);
uint32_t nlmsg_attr_u32(const struct nlattr *attr);
const char *nlmsg_attr_string(const struct nlattr *attr);

/* --- talking with the kernel; errno tells why they fail --- */

/* A socket of the current network namespace, bound and close-on-exec. -1: none. */
int nlmsg_open(int protocol);

bool nlmsg_send(int fd, const void *messages, size_t length);

typedef void (*NlmsgTake)(const struct nlmsghdr *answer, void *data);

typedef enum {
	NLMSG_MORE,   /* there is more to come */
	NLMSG_ENDED,  /* an acknowledgement, or the end of a dump */
	NLMSG_FAILED, /* errno: what the kernel had against the request */
} NlmsgEnd;

/*
 * Receive into buffer what the kernel sends next, and hand each answer to take, which may be NULL,
 * with data.  Other sequence numbers than this one's are an error, unless it is 0.  During a dump
 * things may change: *ret_interrupted becomes true then, and where it is NULL, that is EINTR.
 */
NlmsgEnd nlmsg_receive(int fd, void *buffer, size_t room, uint32_t sequence, NlmsgTake take,
		       void *data, bool *ret_interrupted);

/* Send a request, which may stand in buffer, and receive all that comes of it. errno on failure. */
bool nlmsg_talk(int fd, const struct nlmsghdr *request, void *buffer, size_t room,
		uint32_t sequence, NlmsgTake take, void *data, bool *ret_interrupted);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nlmsg.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- writing --- */

static void *tail(const struct nlmsghdr *message)
{
	return (char *)message + NLMSG_ALIGN(message->nlmsg_len);
}

/* Append so many bytes, and zeroes up to where the next may begin. */
static void *append(struct nlmsghdr *message, size_t size)
{
	void *at = tail(message);

	memset(at, 0, NLMSG_ALIGN(size));
	message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + (uint32_t)NLMSG_ALIGN(size);
	return at;
}

struct nlmsghdr *nlmsg_begin(void *room, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = room;

	*message = (struct nlmsghdr){
		.nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = type, .nlmsg_flags = flags};
	return message;
}

void *nlmsg_put_header(struct nlmsghdr *message, size_t size)
{
	return append(message, size);
}

void nlmsg_put(struct nlmsghdr *message, uint16_t type, size_t size, const void *data)
{
	struct nlattr *attr = append(message, NLA_HDRLEN + size);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + size);
	memcpy((char *)attr + NLA_HDRLEN, data, size);
}

void nlmsg_put_u8(struct nlmsghdr *message, uint16_t type, uint8_t value)
{
	nlmsg_put(message, type, sizeof value, &value);
}

void nlmsg_put_u32(struct nlmsghdr *message, uint16_t type, uint32_t value)
{
	nlmsg_put(message, type, sizeof value, &value);
}

void nlmsg_put_string(struct nlmsghdr *message, uint16_t type, const char *value)
{
	nlmsg_put(message, type, strlen(value) + 1, value);
}

struct nlattr *nlmsg_nest(struct nlmsghdr *message, uint16_t type)
{
	struct nlattr *nest = append(message, NLA_HDRLEN);

	nest->nla_type = type | NLA_F_NESTED;
	return nest;
}

void nlmsg_nest_end(const struct nlmsghdr *message, struct nlattr *nest)
{
	nest->nla_len = (uint16_t)((char *)tail(message) - (char *)nest);
}

/* --- reading --- */

void *nlmsg_header(const struct nlmsghdr *message)
{
	return (char *)message + NLMSG_HDRLEN;
}

static void each(const char *at, size_t left, NlmsgTakeAttribute take, void *data)
{
	while (left >= NLA_HDRLEN) {
		const struct nlattr *attr = (const void *)at;
		size_t length = attr->nla_len;

		if (length < NLA_HDRLEN || length > left)
			return;
		take(attr, data);
		length = MIN(NLA_ALIGN(length), left);
		at += length;
		left -= length;
	}
}

void nlmsg_each(const struct nlmsghdr *message, size_t header_size, NlmsgTakeAttribute take,
		void *data)
{
	size_t before = NLMSG_HDRLEN + NLMSG_ALIGN(header_size);

	if (message->nlmsg_len > before)
		each((const char *)message + before, message->nlmsg_len - before, take, data);
}

void nlmsg_attr_each(const struct nlattr *attr, NlmsgTakeAttribute take, void *data)
{
	each(nlmsg_attr_data(attr), nlmsg_attr_size(attr), take, data);
}

uint16_t nlmsg_attr_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

size_t nlmsg_attr_size(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

const void *nlmsg_attr_data(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

uint32_t nlmsg_attr_u32(const struct nlattr *attr)
{
	uint32_t value = 0;

	if (nlmsg_attr_size(attr) >= sizeof value)
		memcpy(&value, nlmsg_attr_data(attr), sizeof value);
	return value;
}

const char *nlmsg_attr_string(const struct nlattr *attr)
{
	const char *text = nlmsg_attr_data(attr);

	return memchr(text, '\0', nlmsg_attr_size(attr)) ? text : "";
}

/* --- talking with the kernel --- */

int nlmsg_open(int protocol)
{
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int saved;

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

bool nlmsg_send(int fd, const void *messages, size_t length)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return TEMP_FAILURE_RETRY(sendto(fd, messages, length, 0, (const struct sockaddr *)&kernel,
					 sizeof kernel)) >= 0;
}

/* Anybody may send to a socket of netlink's; only what comes from the kernel counts. */
static ssize_t receive(int fd, void *buffer, size_t room)
{
	struct iovec data = {.iov_base = buffer, .iov_len = room};
	struct sockaddr_nl from;
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	ssize_t n;

	do {
		message.msg_name = &from;
		message.msg_namelen = sizeof from;
		n = TEMP_FAILURE_RETRY(recvmsg(fd, &message, 0));
	} while (n >= 0 && (message.msg_namelen != sizeof from || from.nl_pid != 0));
	if (n < 0 || !(message.msg_flags & MSG_TRUNC))
		return n;
	errno = ENOSPC;
	return -1;
}

static NlmsgEnd failed(int errno_value)
{
	errno = errno_value;
	return NLMSG_FAILED;
}

/* One that is no answer: an end, or nothing. */
static NlmsgEnd take_control(const struct nlmsghdr *message)
{
	const struct nlmsgerr *status;

	if (message->nlmsg_type == NLMSG_DONE)
		return NLMSG_ENDED;
	if (message->nlmsg_type != NLMSG_ERROR)
		return NLMSG_MORE;
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof *status))
		return failed(EBADMSG);
	status = nlmsg_header(message);
	return status->error == 0 ? NLMSG_ENDED : failed(ABS(status->error));
}

/* What one message says. */
static NlmsgEnd take_message(const struct nlmsghdr *message, uint32_t sequence, NlmsgTake take,
			     void *data, bool *ret_interrupted)
{
	if (sequence && message->nlmsg_seq != sequence)
		return failed(EPROTO);
	if (message->nlmsg_flags & NLM_F_DUMP_INTR) {
		if (!ret_interrupted)
			return failed(EINTR);
		*ret_interrupted = true;
	}
	if (message->nlmsg_type < NLMSG_MIN_TYPE)
		return take_control(message);
	if (take)
		take(message, data);
	return NLMSG_MORE;
}

NlmsgEnd nlmsg_receive(int fd, void *buffer, size_t room, uint32_t sequence, NlmsgTake take,
		       void *data, bool *ret_interrupted)
{
	ssize_t n = receive(fd, buffer, room);
	size_t left = (size_t)n, length;
	NlmsgEnd end = NLMSG_MORE;
	const char *at = buffer;

	if (n < 0)
		return NLMSG_FAILED;
	for (; left >= NLMSG_HDRLEN && end == NLMSG_MORE; at += length, left -= length) {
		const struct nlmsghdr *message = (const void *)at;

		if (message->nlmsg_len < NLMSG_HDRLEN || message->nlmsg_len > left)
			return failed(EBADMSG);
		end = take_message(message, sequence, take, data, ret_interrupted);
		length = MIN((size_t)NLMSG_ALIGN(message->nlmsg_len), left);
	}
	return end;
}

bool nlmsg_talk(int fd, const struct nlmsghdr *request, void *buffer, size_t room,
		uint32_t sequence, NlmsgTake take, void *data, bool *ret_interrupted)
{
	NlmsgEnd end = NLMSG_MORE;

	if (!nlmsg_send(fd, request, request->nlmsg_len))
		return false;
	while (end == NLMSG_MORE)
		end = nlmsg_receive(fd, buffer, room, sequence, take, data, ret_interrupted);
	return end == NLMSG_ENDED;
}

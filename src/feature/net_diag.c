/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

#define TCP_LISTEN 10 /* <netinet/tcp.h> */
#define REPLY_MAX  32768

/* A filter of the kernel's: source port >= PORT and <= PORT. What jumps beyond the end is rejected.
 */
typedef struct {
	struct nlmsghdr header;
	struct inet_diag_req_v2 request;
	struct nlattr attribute;
	struct inet_diag_bc_op code[4];
} Question;

int net_diag_open(GError **error)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		error_errno(error, errno, "open a sock_diag socket");
	return fd;
}

static bool ask(int diag, int family, uint16_t port)
{
	const Question question = {
		.header = {.nlmsg_len = sizeof question,
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.sdiag_family = (uint8_t)family,
			    .sdiag_protocol = IPPROTO_TCP,
			    .idiag_states = 1U << TCP_LISTEN},
		.attribute = {.nla_len = sizeof question.attribute + sizeof question.code,
			      .nla_type = INET_DIAG_REQ_BYTECODE},
		.code = {{INET_DIAG_BC_S_GE, 8, 20},
			 {0, 0, port},
			 {INET_DIAG_BC_S_LE, 8, 12},
			 {0, 0, port}},
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return sendto(diag, &question, sizeof question, MSG_NOSIGNAL, (struct sockaddr *)&kernel,
		      sizeof kernel) == (ssize_t)sizeof question;
}

static bool is_reachable(const struct inet_diag_msg *socket)
{
	const uint8_t *address = (const uint8_t *)socket->id.idiag_src;

	if (socket->idiag_family == AF_INET)
		return address[0] != 127;
	return !IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)address);
}

/* One datagram of the answer. Returns whether more will come. */
static bool take_reply(const uint8_t *reply, size_t length, bool *ret_listens, bool *ret_known)
{
	const struct nlmsghdr *header = (const void *)reply;

	for (int left = (int)length; NLMSG_OK(header, (unsigned)left);
	     header = NLMSG_NEXT(header, left)) {
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
			*ret_known = header->nlmsg_type == NLMSG_DONE;
			return false;
		}
		if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			*ret_listens |= is_reachable(NLMSG_DATA(header));
	}
	return true;
}

bool net_diag_listens(int diag, int family, uint16_t port, bool unknown)
{
	_Alignas(struct nlmsghdr) uint8_t reply[REPLY_MAX];
	bool listens = false, known = false;
	ssize_t n;

	if (!ask(diag, family, port))
		return unknown;
	do {
		n = TEMP_FAILURE_RETRY(recv(diag, reply, sizeof reply, 0));
	} while (n > 0 && take_reply(reply, (size_t)n, &listens, &known));
	return known ? listens : unknown;
}

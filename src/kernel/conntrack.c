/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/nlmsg.h"

#define ANSWER_ROOM  32768
#define REQUEST_ROOM 512

#define TYPE(what) (NFNL_SUBSYS_CTNETLINK << 8 | (what))

typedef struct {
	ConntrackMatch match;
	const void *data;
	GPtrArray *requests; /* struct nlmsghdr: what deletes those that match */
} Search;

/* An entry, and the request that deletes it: it names it by attributes of its own. */
typedef struct {
	Conntrack flow;
	_Alignas(struct nlmsghdr) char request[REQUEST_ROOM];
} Entry;

static void take_address(const struct nlattr *attr, ConntrackAddress *address)
{
	memcpy(address, nlmsg_attr_data(attr), MIN(nlmsg_attr_size(attr), sizeof *address));
}

static void take_to(const struct nlattr *attr, void *data)
{
	if (nlmsg_attr_type(attr) == CTA_IP_V4_DST || nlmsg_attr_type(attr) == CTA_IP_V6_DST)
		take_address(attr, &((Conntrack *)data)->to);
}

static void take_answers(const struct nlattr *attr, void *data)
{
	if (nlmsg_attr_type(attr) == CTA_IP_V4_SRC || nlmsg_attr_type(attr) == CTA_IP_V6_SRC)
		take_address(attr, &((Conntrack *)data)->answers);
}

static void take_protocol(const struct nlattr *attr, void *data)
{
	const uint8_t *value = nlmsg_attr_data(attr);
	Conntrack *flow = data;

	if (nlmsg_attr_type(attr) == CTA_PROTO_NUM && nlmsg_attr_size(attr) >= 1)
		flow->protocol = value[0];
	else if (nlmsg_attr_type(attr) == CTA_PROTO_DST_PORT && nlmsg_attr_size(attr) >= 2)
		flow->port = (uint16_t)(value[0] << 8 | value[1]);
}

static void take_original(const struct nlattr *attr, void *data)
{
	if (nlmsg_attr_type(attr) == CTA_TUPLE_IP)
		nlmsg_attr_each(attr, take_to, data);
	else if (nlmsg_attr_type(attr) == CTA_TUPLE_PROTO)
		nlmsg_attr_each(attr, take_protocol, data);
}

static void take_reply(const struct nlattr *attr, void *data)
{
	if (nlmsg_attr_type(attr) == CTA_TUPLE_IP)
		nlmsg_attr_each(attr, take_answers, data);
}

static void take_attribute(const struct nlattr *attr, void *data)
{
	Entry *entry = data;
	struct nlmsghdr *request = (struct nlmsghdr *)entry->request;

	switch (nlmsg_attr_type(attr)) {
	case CTA_TUPLE_REPLY:
		nlmsg_attr_each(attr, take_reply, &entry->flow);
		break;
	case CTA_TUPLE_ORIG:
		nlmsg_attr_each(attr, take_original, &entry->flow);
		/* fall through */
	case CTA_ID:
	case CTA_ZONE:
		if (nlmsg_attr_size(attr) <= REQUEST_ROOM / 4)
			nlmsg_put(request, attr->nla_type, nlmsg_attr_size(attr),
				  nlmsg_attr_data(attr));
		break;
	default:
		break;
	}
}

static void take_entry(const struct nlmsghdr *answer, void *data)
{
	const struct nfgenmsg *header = nlmsg_header(answer);
	Entry entry = {.flow = {.family = header->nfgen_family}};
	struct nlmsghdr *request =
		nlmsg_begin(entry.request, TYPE(IPCTNL_MSG_CT_DELETE), NLM_F_REQUEST | NLM_F_ACK);
	struct nfgenmsg *own = nlmsg_put_header(request, sizeof *own);
	const Search *search = data;

	own->nfgen_family = header->nfgen_family;
	own->version = NFNETLINK_V0;
	nlmsg_each(answer, sizeof *header, take_attribute, &entry);
	if (search->match(&entry.flow, search->data))
		g_ptr_array_add(search->requests, g_memdup2(request, request->nlmsg_len));
}

static bool list(int fd, char *buffer, Search *search)
{
	struct nlmsghdr *request =
		nlmsg_begin(buffer, TYPE(IPCTNL_MSG_CT_GET), NLM_F_REQUEST | NLM_F_DUMP);
	struct nfgenmsg *header = nlmsg_put_header(request, sizeof *header);
	bool interrupted; /* what comes meanwhile has met the rules of now */

	header->nfgen_family = AF_UNSPEC;
	header->version = NFNETLINK_V0;
	return nlmsg_talk(fd, request, buffer, ANSWER_ROOM, 0, take_entry, search, &interrupted);
}

/* ENOENT: its time was up. */
static bool forget_one(int fd, char *buffer, const struct nlmsghdr *request)
{
	return nlmsg_talk(fd, request, buffer, ANSWER_ROOM, 0, NULL, NULL, NULL) || errno == ENOENT;
}

static bool list_and_forget(int fd, Search *search)
{
	_Alignas(struct nlmsghdr) char buffer[ANSWER_ROOM];

	if (!list(fd, buffer, search))
		return false;
	for (guint i = 0; i < search->requests->len; i++) {
		if (!forget_one(fd, buffer, search->requests->pdata[i]))
			return false;
	}
	return true;
}

bool conntrack_forget(ConntrackMatch match, const void *data, GError **error)
{
	g_autoptr(GPtrArray) requests = g_ptr_array_new_with_free_func(g_free);
	Search search = {.match = match, .data = data, .requests = requests};
	auto_fd fd = nlmsg_open(NETLINK_NETFILTER);

	if ((fd >= 0 && list_and_forget(fd, &search)) || errno == EPROTONOSUPPORT ||
	    errno == EINVAL || errno == EOPNOTSUPP)
		return true;
	return error_errno(error, errno, "forget flows of packets");
}

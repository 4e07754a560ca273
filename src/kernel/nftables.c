/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nftables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "base/error.h"

#define ANSWER_ROOM 32768
#define ATTEMPTS    10

const char *nftables_family_name(int family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_BRIDGE:
		return "bridge";
	default:
		return "netdev";
	}
}

static void chain_clear(void *data)
{
	NftablesChain *chain = data;

	g_free(chain->table);
	g_free(chain->name);
}

static int take_hook(const struct nlattr *attr, void *data)
{
	NftablesChain *chain = data;

	if (mnl_attr_get_type(attr) == NFTA_HOOK_HOOKNUM)
		chain->forward = ntohl(mnl_attr_get_u32(attr)) == NF_INET_FORWARD;
	return MNL_CB_OK;
}

static int take_attribute(const struct nlattr *attr, void *data)
{
	NftablesChain *chain = data;

	switch (mnl_attr_get_type(attr)) {
	case NFTA_CHAIN_TABLE:
		g_free(chain->table);
		chain->table = g_strdup(mnl_attr_get_str(attr));
		break;
	case NFTA_CHAIN_NAME:
		g_free(chain->name);
		chain->name = g_strdup(mnl_attr_get_str(attr));
		break;
	case NFTA_CHAIN_HOOK:
		return mnl_attr_parse_nested(attr, take_hook, chain);
	case NFTA_CHAIN_POLICY:
		chain->drop = ntohl(mnl_attr_get_u32(attr)) == NF_DROP;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int take_chain(const struct nlmsghdr *answer, void *data)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(answer);
	NftablesChain chain = {.family = header->nfgen_family};

	mnl_attr_parse(answer, sizeof *header, take_attribute, &chain);
	chain.drop = chain.drop && chain.forward;
	if (chain.table && chain.name)
		g_array_append_val((GArray *)data, chain);
	else
		chain_clear(&chain);
	return MNL_CB_OK;
}

/* EINTR: something changed meanwhile, and what is left of this answer is for nobody. */
static bool ask(struct mnl_socket *socket, char *buffer, GArray *chains)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;
	int more;

	request->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header = mnl_nlmsg_put_extra_header(request, sizeof *header);
	header->nfgen_family = NFPROTO_UNSPEC;
	header->version = NFNETLINK_V0;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return false;
	do {
		ssize_t n = TEMP_FAILURE_RETRY(mnl_socket_recvfrom(socket, buffer, ANSWER_ROOM));

		if (n < 0)
			return false;
		more = mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(socket), take_chain,
				  chains);
	} while (more > 0);
	return more == 0;
}

/* One attempt, on a socket of its own. errno on failure. */
static bool list(GArray *chains)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	g_autofree char *buffer = g_malloc(ANSWER_ROOM);
	int saved;
	bool ok;

	g_array_set_size(chains, 0);
	ok = socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	     ask(socket, buffer, chains);
	saved = errno;
	if (socket)
		mnl_socket_close(socket);
	errno = saved;
	return ok;
}

GArray *nftables_chains(GError **error)
{
	g_autoptr(GArray) chains = g_array_new(FALSE, FALSE, sizeof(NftablesChain));

	g_array_set_clear_func(chains, chain_clear);
	for (int i = 0; i < ATTEMPTS; i++) {
		if (list(chains))
			return g_steal_pointer(&chains);
		if (errno != EINTR)
			break;
	}
	if (errno == EPROTONOSUPPORT || errno == EINVAL || errno == EOPNOTSUPP) {
		g_array_set_size(chains, 0); /* a kernel without netfilter, or without nf_tables */
		return g_steal_pointer(&chains);
	}
	error_errno(error, errno, "list the chains of nftables");
	return NULL;
}

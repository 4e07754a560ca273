/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nftables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <unistd.h>

#include "base/error.h"
#include "kernel/nlmsg.h"

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

static void take_hook(const struct nlattr *attr, void *data)
{
	NftablesChain *chain = data;

	if (nlmsg_attr_type(attr) == NFTA_HOOK_HOOKNUM)
		chain->forward = ntohl(nlmsg_attr_u32(attr)) == NF_INET_FORWARD;
}

static void take_attribute(const struct nlattr *attr, void *data)
{
	NftablesChain *chain = data;

	switch (nlmsg_attr_type(attr)) {
	case NFTA_CHAIN_TABLE:
		g_free(chain->table);
		chain->table = g_strdup(nlmsg_attr_string(attr));
		break;
	case NFTA_CHAIN_NAME:
		g_free(chain->name);
		chain->name = g_strdup(nlmsg_attr_string(attr));
		break;
	case NFTA_CHAIN_HOOK:
		nlmsg_attr_each(attr, take_hook, chain);
		break;
	case NFTA_CHAIN_POLICY:
		chain->drop = ntohl(nlmsg_attr_u32(attr)) == NF_DROP;
		break;
	default:
		break;
	}
}

static void take_chain(const struct nlmsghdr *answer, void *data)
{
	const struct nfgenmsg *header = nlmsg_header(answer);
	NftablesChain chain = {.family = header->nfgen_family};

	nlmsg_each(answer, sizeof *header, take_attribute, &chain);
	chain.drop = chain.drop && chain.forward;
	if (chain.table && chain.name)
		g_array_append_val((GArray *)data, chain);
	else
		chain_clear(&chain);
}

/* EINTR: something changed meanwhile, and what is left of this answer is for nobody. */
static bool ask(int fd, char *buffer, GArray *chains)
{
	struct nlmsghdr *request = nlmsg_begin(buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN,
					       NLM_F_REQUEST | NLM_F_DUMP);
	struct nfgenmsg *header = nlmsg_put_header(request, sizeof *header);

	header->nfgen_family = NFPROTO_UNSPEC;
	header->version = NFNETLINK_V0;
	return nlmsg_talk(fd, request, buffer, ANSWER_ROOM, 0, take_chain, chains, NULL);
}

/* One attempt, on a socket of its own. errno on failure. */
static bool list(GArray *chains)
{
	int fd = nlmsg_open(NETLINK_NETFILTER), saved;
	g_autofree char *buffer = g_malloc(ANSWER_ROOM);
	bool ok;

	g_array_set_size(chains, 0);
	if (fd < 0)
		return false;
	ok = ask(fd, buffer, chains);
	saved = errno;
	close(fd);
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

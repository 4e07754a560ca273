/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/nlmsg.h"

#define BATCH_ROOM 8192

struct NftBatch {
	int family;
	const char *table;
	struct nlmsghdr *message; /* the one that is being written */
	struct nlattr *rule;	  /* its list of expressions, if it is a rule */
	uint32_t sequence;
	size_t length; /* of the messages before it */
	_Alignas(struct nlmsghdr) char room[BATCH_ROOM];
};

/* --- messages --- */

static void end_message(NftBatch *batch)
{
	if (batch->rule)
		nlmsg_nest_end(batch->message, batch->rule);
	batch->rule = NULL;
	batch->length += batch->message->nlmsg_len;
}

static void begin_message(NftBatch *batch, uint16_t type, uint16_t flags, int family,
			  uint16_t resource)
{
	struct nfgenmsg *header;

	batch->message =
		nlmsg_begin(batch->room + batch->length, type, (uint16_t)(NLM_F_REQUEST | flags));
	batch->message->nlmsg_seq = batch->sequence++;
	header = nlmsg_put_header(batch->message, sizeof *header);
	header->nfgen_family = (uint8_t)family;
	header->version = NFNETLINK_V0;
	header->res_id = htons(resource);
}

static void next_message(NftBatch *batch, uint16_t type, uint16_t flags)
{
	end_message(batch);
	begin_message(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
		      (uint16_t)(NLM_F_CREATE | flags), batch->family, 0);
}

NftBatch *nft_batch_new(int family, const char *table)
{
	NftBatch *batch = g_new0(NftBatch, 1);

	batch->family = family;
	batch->table = table;
	begin_message(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	next_message(batch, NFT_MSG_NEWTABLE, 0);
	nlmsg_put_string(batch->message, NFTA_TABLE_NAME, table);
	return batch;
}

void nft_batch_chain(NftBatch *batch, const char *chain, const char *type, uint32_t hook,
		     int32_t priority)
{
	struct nlattr *nest;

	next_message(batch, NFT_MSG_NEWCHAIN, 0);
	nlmsg_put_string(batch->message, NFTA_CHAIN_TABLE, batch->table);
	nlmsg_put_string(batch->message, NFTA_CHAIN_NAME, chain);
	nest = nlmsg_nest(batch->message, NFTA_CHAIN_HOOK);
	nlmsg_put_u32(batch->message, NFTA_HOOK_HOOKNUM, htonl(hook));
	nlmsg_put_u32(batch->message, NFTA_HOOK_PRIORITY, htonl((uint32_t)priority));
	nlmsg_nest_end(batch->message, nest);
	nlmsg_put_string(batch->message, NFTA_CHAIN_TYPE, type);
}

void nft_batch_rule(NftBatch *batch, const char *chain)
{
	next_message(batch, NFT_MSG_NEWRULE, NLM_F_APPEND);
	nlmsg_put_string(batch->message, NFTA_RULE_TABLE, batch->table);
	nlmsg_put_string(batch->message, NFTA_RULE_CHAIN, chain);
	batch->rule = nlmsg_nest(batch->message, NFTA_RULE_EXPRESSIONS);
}

/* --- expressions --- */

typedef struct {
	struct nlattr *element, *data;
} Expression;

static Expression begin(NftBatch *batch, const char *name)
{
	Expression expression;

	expression.element = nlmsg_nest(batch->message, NFTA_LIST_ELEM);
	nlmsg_put_string(batch->message, NFTA_EXPR_NAME, name);
	expression.data = nlmsg_nest(batch->message, NFTA_EXPR_DATA);
	return expression;
}

static void end(NftBatch *batch, Expression expression)
{
	nlmsg_nest_end(batch->message, expression.data);
	nlmsg_nest_end(batch->message, expression.element);
}

static void put_number(NftBatch *batch, uint16_t type, uint32_t value)
{
	nlmsg_put_u32(batch->message, type, htonl(value));
}

static void put_value(NftBatch *batch, uint16_t type, const void *value, size_t length)
{
	struct nlattr *nest = nlmsg_nest(batch->message, type);

	nlmsg_put(batch->message, NFTA_DATA_VALUE, length, value);
	nlmsg_nest_end(batch->message, nest);
}

static void load_meta(NftBatch *batch, enum nft_meta_keys key)
{
	Expression meta = begin(batch, "meta");

	put_number(batch, NFTA_META_KEY, key);
	put_number(batch, NFTA_META_DREG, NFT_REG_1);
	end(batch, meta);
}

static void load_payload(NftBatch *batch, enum nft_payload_bases base, uint32_t offset,
			 uint32_t length)
{
	Expression payload = begin(batch, "payload");

	put_number(batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(batch, NFTA_PAYLOAD_BASE, base);
	put_number(batch, NFTA_PAYLOAD_OFFSET, offset);
	put_number(batch, NFTA_PAYLOAD_LEN, length);
	end(batch, payload);
}

static void load_value(NftBatch *batch, uint32_t reg, const void *value, size_t length)
{
	Expression immediate = begin(batch, "immediate");

	put_number(batch, NFTA_IMMEDIATE_DREG, reg);
	put_value(batch, NFTA_IMMEDIATE_DATA, value, length);
	end(batch, immediate);
}

static void compare(NftBatch *batch, const void *value, size_t length)
{
	Expression cmp = begin(batch, "cmp");

	put_number(batch, NFTA_CMP_SREG, NFT_REG_1);
	put_number(batch, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(batch, NFTA_CMP_DATA, value, length);
	end(batch, cmp);
}

/* The register & mask, then ^ flip */
static void change(NftBatch *batch, const void *mask, const void *flip, uint32_t length)
{
	Expression bitwise = begin(batch, "bitwise");

	put_number(batch, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(batch, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(batch, NFTA_BITWISE_LEN, length);
	put_value(batch, NFTA_BITWISE_MASK, mask, length);
	put_value(batch, NFTA_BITWISE_XOR, flip, length);
	end(batch, bitwise);
}

void nft_batch_meta8(NftBatch *batch, enum nft_meta_keys key, uint8_t value)
{
	load_meta(batch, key);
	compare(batch, &value, sizeof value);
}

void nft_batch_meta32(NftBatch *batch, enum nft_meta_keys key, uint32_t value)
{
	load_meta(batch, key);
	compare(batch, &value, sizeof value);
}

void nft_batch_payload(NftBatch *batch, enum nft_payload_bases base, uint32_t offset,
		       const void *bytes, uint32_t length)
{
	load_payload(batch, base, offset, length);
	compare(batch, bytes, length);
}

void nft_batch_payload_masked(NftBatch *batch, enum nft_payload_bases base, uint32_t offset,
			      uint8_t mask, uint8_t value)
{
	const uint8_t none = 0;

	load_payload(batch, base, offset, sizeof mask);
	change(batch, &mask, &none, sizeof mask);
	compare(batch, &value, sizeof value);
}

void nft_batch_mark(NftBatch *batch, uint32_t bits)
{
	const uint32_t others = ~bits;
	Expression meta;

	load_meta(batch, NFT_META_MARK);
	change(batch, &others, &bits, sizeof bits);
	meta = begin(batch, "meta");
	put_number(batch, NFTA_META_KEY, NFT_META_MARK);
	put_number(batch, NFTA_META_SREG, NFT_REG_1);
	end(batch, meta);
}

void nft_batch_tproxy(NftBatch *batch, int family, const void *address, uint16_t port)
{
	const uint16_t network_port = htons(port);
	Expression tproxy;

	load_value(batch, NFT_REG_1, address, family == NFPROTO_IPV4 ? 4 : 16);
	load_value(batch, NFT_REG_2, &network_port, sizeof network_port);
	tproxy = begin(batch, "tproxy");
	put_number(batch, NFTA_TPROXY_FAMILY, (uint32_t)family);
	put_number(batch, NFTA_TPROXY_REG_ADDR, NFT_REG_1);
	put_number(batch, NFTA_TPROXY_REG_PORT, NFT_REG_2);
	end(batch, tproxy);
}

/* --- the kernel --- */

/* The last message of all asks for an acknowledgement; one that fails answers unasked. */
static bool talk(int fd, NftBatch *batch)
{
	return nlmsg_send(fd, batch->room, batch->length) &&
	       nlmsg_receive(fd, batch->room, sizeof batch->room, 0, NULL, NULL, NULL) !=
		       NLMSG_FAILED;
}

bool nft_batch_send(NftBatch *batch, GError **error)
{
	auto_fd fd = nlmsg_open(NETLINK_NETFILTER);
	bool ok;

	batch->message->nlmsg_flags |= NLM_F_ACK;
	end_message(batch);
	begin_message(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end_message(batch);
	ok = fd >= 0 && talk(fd, batch);
	if (!ok)
		error_errno(error, errno, "add the table '%s' of nftables", batch->table);
	g_free(batch);
	return ok;
}

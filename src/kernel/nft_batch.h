/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of nf_tables, written in the kernel's own words and sent as one batch, which takes effect
 * whole or not at all.  For the few rules of a container's start, where loading libnftables
 * (feature/net_nft.h) would take longer than all the rest.
 *
 *     NftBatch *batch = nft_batch_new(NFPROTO_INET, "table");
 *     nft_batch_chain(batch, …);
 *     nft_batch_rule(batch, "chain");      and what it consists of:
 *     nft_meta_is(batch, …); …
 *     nft_batch_send(batch, error);        frees it
 *
 * Each function appends one or two expressions; `nft --debug=netlink` prints those of any rule.
 */
#pragma once

#include <glib.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct NftBatch NftBatch;

/* A batch that makes a table. */
NftBatch *nft_batch_new(int family, const char *table);

/* Make a base chain; type is "filter" or "route". */
void nft_batch_chain(NftBatch *batch, const char *chain, const char *type, uint32_t hook,
		     int32_t priority);

/* Append a rule to a chain. */
void nft_batch_rule(NftBatch *batch, const char *chain);

/* Only packets whose NFT_META_* key has this value, of 1 or 4 bytes */
void nft_batch_meta8(NftBatch *batch, enum nft_meta_keys key, uint8_t value);
void nft_batch_meta32(NftBatch *batch, enum nft_meta_keys key, uint32_t value);

/* Only packets with these bytes at an offset of a NFT_PAYLOAD_* header */
void nft_batch_payload(NftBatch *batch, enum nft_payload_bases base, uint32_t offset,
		       const void *bytes, uint32_t length);

/* Only packets whose byte there, under mask, has this value */
void nft_batch_payload_masked(NftBatch *batch, enum nft_payload_bases base, uint32_t offset,
			      uint8_t mask, uint8_t value);

/* Set bits of the packet's mark. */
void nft_batch_mark(NftBatch *batch, uint32_t bits);

/* Hand the packet to the socket that listens on address and port (host order). */
void nft_batch_tproxy(NftBatch *batch, int family, const void *address, uint16_t port);

/* Send all of it to the current network namespace's kernel. Frees the batch. */
bool nft_batch_send(NftBatch *batch, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nf_tables over netlink: which chains there are. Changes are made through feature/net_nft.h. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	int family; /* NFPROTO_* */
	char *table, *name;
	bool forward; /* a base chain of the hook "forward" */
	bool drop;    /* and its policy is drop */
} NftablesChain;

/*
 * All chains of all families in this network namespace; empty where the kernel has no nf_tables.
 * NftablesChain; caller unrefs. NULL on failure.
 */
GArray *nftables_chains(GError **error);

/* "ip", "ip6", "inet", … as nft(8) writes it. */
const char *nftables_family_name(int family);

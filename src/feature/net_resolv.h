/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolv.conf(5): reading the host's, and the text of the container's. Pure functions. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

/* glibc and musl read no more than three. */
#define NET_RESOLV_SERVERS_MAX 3

typedef struct {
	GPtrArray *nameservers; /* of char *: addresses as written, IPv6 with %scope; in order */
	GPtrArray *search;	/* of char *: the last "search" or "domain" line's */
	GPtrArray *options;	/* of char * */
} NetResolv;

/* Never fails: lines that make no sense are passed over, as every resolver does. */
NetResolv *net_resolv_parse(const char *text);
void net_resolv_free(NetResolv *resolv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetResolv, net_resolv_free)

/*
 * The container's resolv.conf: the host's search list and options, unless the spec has its own, and
 * as name servers the spec's own, else nameserver alone, else (nameserver is NULL) the host's.
 */
char *net_resolv_text(const NetResolv *host, const SpecNetwork *spec, const char *nameserver);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolv.conf, and the container's made of it. */
#include "feature/net_dns.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size), *own = NULL, *again = NULL;
	g_autoptr(NetResolv) resolv = net_resolv_parse(text), read = NULL;
	g_autoptr(Spec) spec = spec_new();
	NetServers servers;

	net_dns_servers(resolv->nameservers, &servers);
	g_assert_cmpuint(servers.count, <=, NET_RESOLV_SERVERS_MAX);
	own = net_resolv_text(resolv, &spec->rlc.network, "10.0.2.3");
	read = net_resolv_parse(own);
	g_assert_cmpuint(read->nameservers->len, ==, 1);
	again = net_resolv_text(read, &spec->rlc.network, "10.0.2.3");
	g_assert_cmpstr(again, ==, own);
	return 0;
}

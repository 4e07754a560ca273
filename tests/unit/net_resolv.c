/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's resolv.conf is read as resolvers read it, and the container's says what it should. */
#include "feature/net_resolv.h"

#include <string.h>

#include "feature/net_dns.h"

/* host file, --dns, --dns-search, --dns-option (comma separated), the net's server, the result */
static const struct {
	const char *name, *host, *dns, *search, *options, *nameserver, *text;
} cases[] = {
	{"empty", "", "", "", "", "10.0.2.3", "nameserver 10.0.2.3\n"},
	{"plain", "nameserver 192.0.2.1\n", "", "", "", "10.0.2.3", "nameserver 10.0.2.3\n"},
	{"kept", "# c\nsearch a.b c.d\nnameserver 127.0.0.53\noptions edns0 trust-ad\n", "", "", "",
	 "10.0.2.3", "search a.b c.d\nnameserver 10.0.2.3\noptions edns0 trust-ad\n"},
	{"domain", "domain only.one\nnameserver ::1", "", "", "", "10.0.2.3",
	 "search only.one\nnameserver 10.0.2.3\n"},
	{"last-search-wins", "search a\ndomain b\nsearch c d\n", "", "", "", "10.0.2.3",
	 "search c d\nnameserver 10.0.2.3\n"},
	{"options-add-up", "options a\noptions b:1\n", "", "", "", "10.0.2.3",
	 "nameserver 10.0.2.3\noptions a b:1\n"},
	{"dns", "search a\nnameserver 192.0.2.1\n", "192.0.2.9,2001:db8::9", "", "", "10.0.2.3",
	 "search a\nnameserver 192.0.2.9\nnameserver 2001:db8::9\n"},
	{"dns-search", "search a\noptions x\n", "", "b,c", "", "10.0.2.3",
	 "search b c\nnameserver 10.0.2.3\noptions x\n"},
	{"no-search", "search a\n", "", ".", "", "10.0.2.3", "nameserver 10.0.2.3\n"},
	{"dns-option", "search a\noptions x\n", "", "", "y,z", "10.0.2.3",
	 "search a\nnameserver 10.0.2.3\noptions y z\n"},
	{"host-mode", "nameserver 192.0.2.1\nnameserver fe80::1%eth0\n", "", "q", "", NULL,
	 "search q\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n"},
	{"blanks", "\tsearch\t a \t b  \r\n  nameserver   192.0.2.1  # trailing\r\n", "", "", "",
	 NULL, "search a b\nnameserver 192.0.2.1\n"},
	{"comments", "#nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver 192.0.2.3", "", "",
	 "", NULL, "nameserver 192.0.2.3\n"},
	{"nonsense",
	 "nameserver\nnameserver host.name\nnameserver 1.2.3\nnameserver 1.2.3.4.5\n"
	 "nameserver fe80::1%\nnameserver 1::2::3\nNAMESERVER 192.0.2.1\nsearch\noptions\n",
	 "", "", "", NULL, ""},
	{"three-at-most",
	 "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
	 "nameserver 192.0.2.4\n",
	 "", "", "", NULL, "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"},
};

static GPtrArray *list(const char *words)
{
	GPtrArray *array = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) parts = g_strsplit(words, ",", -1);

	for (char **part = parts; *part; part++)
		g_ptr_array_add(array, g_strdup(*part));
	return array;
}

static void test_case(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	g_autoptr(NetResolv) host = net_resolv_parse(cases[i].host);
	g_autoptr(GPtrArray) dns = list(cases[i].dns);
	g_autoptr(GPtrArray) search = list(cases[i].search);
	g_autoptr(GPtrArray) options = list(cases[i].options);
	SpecNetwork spec = {.dns = dns, .dns_search = search, .dns_options = options};
	g_autofree char *text = net_resolv_text(host, &spec, cases[i].nameserver);

	g_assert_cmpstr(text, ==, cases[i].text);
}

static void test_hostile(void)
{
	g_autofree char *line = g_strnfill(60000, 'x');
	g_autofree char *text = g_strdup_printf("nameserver %s\nsearch %s\n%s", line, line, line);
	g_autoptr(NetResolv) resolv = net_resolv_parse(text);

	g_assert_cmpuint(resolv->nameservers->len, ==, 0);
	g_assert_cmpuint(resolv->search->len, ==, 1);
}

static void test_servers(void)
{
	g_autoptr(GPtrArray) names = list("192.0.2.1,nonsense,fe80::1%lo,2001:db8::1");
	const struct sockaddr_in6 *v6;
	NetServers servers;

	net_dns_servers(names, &servers);
	g_assert_cmpuint(servers.count, ==, 3);
	g_assert_cmpint(servers.servers[0].address.ss_family, ==, AF_INET);
	v6 = (const struct sockaddr_in6 *)&servers.servers[1].address;
	g_assert_cmpint(v6->sin6_family, ==, AF_INET6);
	g_assert_cmpuint(v6->sin6_scope_id, ==, 1);
	v6 = (const struct sockaddr_in6 *)&servers.servers[2].address;
	g_assert_cmpuint(v6->sin6_scope_id, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/net/resolv/%s", cases[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_case);
	}
	g_test_add_func("/net/resolv/hostile", test_hostile);
	g_test_add_func("/net/resolv/servers", test_servers);
	return g_test_run();
}

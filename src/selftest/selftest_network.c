/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc selftest: the network that containers have by default, to the host and to what it reaches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "feature/net_ping.h"
#include "selftest/host.h"
#include "selftest/subject.h"

#define ANSWER_MS   20000
#define DNS_ADDRESS "192.0.2.53" /* of no host: RFC 5737 */
#define GATEWAY	    "$(ip route | sed -n '/^default via/{s/^default via \\([0-9.]*\\).*/\\1/p;q}')"
#define GATEWAYS6   "$(ip -6 route | sed -n 's/^default via \\([0-9a-f:]*\\).*/\\1/p')"

/* busybox's ping wants raw sockets, which a bridge's containers do not have */
static const char *const with_ping[] = {"--cap-add=NET_RAW", NULL};

/* How many answers to pings the container's kernel has counted, as the host sees it. */
static int echo_replies(Selftest *test)
{
	g_autofree char *snmp = host_proc_read(test->payload, "net/snmp");
	const char *names = strstr(snmp, "Icmp: "), *values;
	g_auto(GStrv) keys = NULL, numbers = NULL;

	values = names ? strstr(names + 1, "\nIcmp: ") : NULL;
	if (!values)
		return 0;
	keys = g_strsplit(names, " ", -1);
	numbers = g_strsplit(values + 1, " ", -1);
	for (size_t i = 0; keys[i] && numbers[i]; i++) {
		if (strcmp(keys[i], "InEchoReps") == 0)
			return atoi(numbers[i]);
	}
	return 0;
}

static void check_interface(Selftest *test)
{
	g_autofree char *route = NULL, *ours = NULL, *theirs = NULL;

	if (!subject_start(test, NULL,
			   "cd /sys/class/net; set -- *; echo links=$#; "
			   "echo gateway=" GATEWAY "; ready"))
		return;
	route = host_proc_read(test->payload, "net/route");
	ours = host_proc_link(getpid(), "ns/net");
	theirs = host_proc_link(test->payload, "ns/net");
	expect_equal(test, "interfaces inside", subject_fact(test, "links"), "2");
	expect(test, *subject_fact(test, "gateway"), "the default route, inside", "none",
	       "to a gateway");
	expect(test, strstr(route, "\t00000000\t"), "the routes, seen from the host", route,
	       "a default route");
	expect(test, strcmp(ours, theirs) != 0, "the network namespace, seen from the host", theirs,
	       "another than the host's");
}

static void check_gateway(Selftest *test)
{
	if (!subject_start(test, with_ping,
			   "ping -c 1 -W 5 " GATEWAY " 2>&1 | sed 's/^/said=/'; ready"))
		return;
	expect(test, strstr(subject_fact(test, "said"), " 1 packets received"),
	       "a ping of the gateway", subject_fact(test, "said"), "an answer");
	expect(test, echo_replies(test) == 1, "answers that the container's kernel counted",
	       "none, seen from the host", "1");
}

static void check_gateway6(Selftest *test)
{
	/* the express lane has a gateway of its own, which is none */
	if (!subject_start(test, with_ping,
			   "for g in " GATEWAYS6 "; do echo gateway=$g\n"
			   "ping6 -c 1 -W 5 $g 2>&1 | sed 's/^/said=/'; done; ready"))
		return;
	if (!*subject_fact(test, "gateway")) {
		subject_skip(test, "RLC-N14", "the network has no IPv6 here");
		return;
	}
	expect(test, strstr(subject_fact(test, "said"), " 1 packets received"),
	       "a ping of the IPv6 gateway", subject_fact(test, "said"), "an answer");
}

/* What answers the host's own ping: its gateway, or itself. NULL: it cannot be tried. Caller frees.
 */
static char *ping_target(Selftest *test)
{
	g_autofree char *gateway = host_gateway();
	g_autofree char *own = host_address();
	gint64 gid;

	net_ping_probe(&gid);
	if (gid >= 0 && geteuid() != 0)
		subject_skip(test, "RLC-N04", "this host forbids its users to ping");
	else if (gateway && host_ping(gateway))
		return g_steal_pointer(&gateway);
	else if (own && host_ping(own))
		return g_steal_pointer(&own);
	else
		subject_skip(test, "RLC-N15", "nothing answers a ping of the host's own");
	return NULL;
}

static void check_ping(Selftest *test)
{
	g_autofree char *target = ping_target(test);
	g_autofree char *script = NULL;

	if (!target)
		return;
	script = g_strdup_printf("ping -c 1 -W 5 %s 2>&1 | sed 's/^/said=/'; ready", target);
	if (!subject_start(test, with_ping, script))
		return;
	expect(test, strstr(subject_fact(test, "said"), " 1 packets received"),
	       "a ping of what answers the host", subject_fact(test, "said"), "an answer");
	expect(test, echo_replies(test) == 1, "answers that the container's kernel counted",
	       "none, seen from the host", "1");
}

/* Facts: server, and an address for each answer. */
static char *lookup_script(const char *name, const char *server)
{
	g_autofree char *quoted = g_shell_quote(name);

	return g_strdup_printf(
		"nslookup -type=a %s %s >/tmp/said 2>&1\n"
		"sed -n 's/^Server:[ \t]*/server=/p; s/^Address: \\([0-9.]*\\)$/address=\\1/p' "
		"/tmp/said; ready",
		quoted, server);
}

/* The same container on the host's own network says what the host reaches. */
static bool host_resolves(Selftest *test, const char *script)
{
	static const char *const host_network[] = {"--network=host", NULL};
	bool ok;

	if (!subject_start(test, host_network, script))
		return false;
	ok = *subject_fact(test, "address") != '\0';
	subject_finish(test);
	if (!ok)
		subject_skip(test, "RLC-N13",
			     "the host itself cannot resolve the name: choose one by --name");
	return ok;
}

static void check_names(Selftest *test)
{
	g_autofree char *script = lookup_script(test->options->name, "");
	g_autofree char *resolv = NULL;

	if (!host_resolves(test, script) || !subject_start(test, NULL, script))
		return;
	expect(test, *subject_fact(test, "address"), "the name's addresses, inside", "none",
	       "as the host has them");
	resolv = host_proc_read(test->payload, "root/etc/resolv.conf");
	expect(test, strstr(resolv, subject_fact(test, "server")),
	       "the container's resolv.conf, seen from the host", resolv,
	       "the server that the payload asked");
}

/* TCP: the host serves, the payload asks; both hear the other. */
static void check_tcp(Selftest *test)
{
	g_autofree char *address = host_address(), *script = NULL, *heard = NULL, *answer = NULL;
	auto_fd listener = -1;
	guint16 port = 0;

	listener = address ? host_socket(address, SOCK_STREAM, &port) : -1;
	if (listener < 0) {
		subject_skip(test, "RLC-N15", "this host has no address but the loopback's");
		return;
	}
	script = g_strdup_printf("echo payload=$$; echo ready\n"
				 "echo payload-%s | nc -w 20 %s %u | sed 's/^/answer=/'; ready",
				 test->token, address, port);
	answer = g_strconcat("host-", test->token, "\n", NULL);
	if (!subject_start(test, NULL, script))
		return;
	heard = host_serve_tcp(listener, answer, ANSWER_MS);
	subject_finish(test);
	g_strchomp(answer);
	expect_equal(test, "what the payload heard", subject_fact(test, "answer"), answer);
	expect(test, heard && g_str_has_prefix(heard, "payload-"), "what the host heard",
	       heard ? heard : "nothing", "what the payload sent");
}

/* UDP: a question of DNS to a port of the host's own choice. */
static void check_udp(Selftest *test)
{
	g_autofree char *address = host_address(), *script = NULL, *name = NULL, *server = NULL;
	g_autofree char *lookup = NULL;
	auto_fd fd = -1;
	guint16 port = 0;
	bool heard;

	fd = address ? host_socket(address, SOCK_DGRAM, &port) : -1;
	if (fd < 0) {
		subject_skip(test, "RLC-N15", "this host has no address but the loopback's");
		return;
	}
	name = g_strdup_printf("rlc-%.8s.test", test->token);
	server = g_strdup_printf("%s:%u", address, port);
	lookup = lookup_script(name, server);
	script = g_strconcat("echo payload=$$; echo ready\n", lookup, NULL);
	if (!subject_start(test, NULL, script))
		return;
	heard = host_serve_dns(fd, name, DNS_ADDRESS, ANSWER_MS);
	subject_finish(test);
	expect(test, heard, "what the host heard", "no question, or another", "the payload's");
	expect_equal(test, "the answer that the payload heard", subject_fact(test, "address"),
		     DNS_ADDRESS);
}

/* Some port of the host that is free. */
static guint16 free_port(void)
{
	guint16 port = 0;
	auto_fd fd = host_socket("0.0.0.0", SOCK_STREAM, &port);

	return fd < 0 ? 0 : port;
}

static void check_publish(Selftest *test)
{
	guint16 port = free_port();
	g_autofree char *publish = g_strdup_printf("--publish=%u:8000", port);
	const char *const options[] = {publish, NULL};
	g_autofree char *script = NULL, *question = NULL, *heard = NULL, *answer = NULL;

	/* a server that sends one line; it listens when /proc says so */
	script = g_strdup_printf(
		"(echo payload-%s; sleep 1000) | nc -l -p 8000 >/tmp/heard &\n"
		"until grep -q ':1F40 .* 0A ' /proc/net/tcp*; do usleep 10000; done; ready\n"
		"i=0; until [ -s /tmp/heard ] || [ $i = 1000 ]; do usleep 10000; i=$((i + 1)); "
		"done\n"
		"sed 's/^/heard=/' /tmp/heard",
		test->token);
	if (!subject_start(test, options, script))
		return;
	question = g_strconcat("host-", test->token, "\n", NULL);
	answer = g_strconcat("payload-", test->token, NULL);
	heard = host_ask_tcp(port, question);
	subject_finish(test);
	g_strchomp(question);
	expect_equal(test, "what the host heard on the published port", heard ? heard : "nothing",
		     answer);
	expect_equal(test, "what the payload heard", subject_fact(test, "heard"), question);
}

static void check_none(Selftest *test)
{
	static const char *const options[] = {"--network=none", NULL};
	g_autofree char *address = host_address(), *script = NULL, *route = NULL;
	auto_fd listener = -1;
	guint16 port = 0;

	listener = host_socket(address ? address : "127.0.0.1", SOCK_STREAM, &port);
	script = g_strdup_printf(
		"cd /sys/class/net; echo links=$(echo *)\n"
		"nc -w 2 %s %u -e true </dev/null >/dev/null 2>&1 && echo reached=yes; ready",
		address ? address : "127.0.0.1", port);
	if (!subject_start(test, options, script))
		return;
	route = host_proc_read(test->payload, "net/route");
	expect_equal(test, "interfaces inside", subject_fact(test, "links"), "lo");
	expect_equal(test, "the host is reached", subject_fact(test, "reached"), "");
	expect(test, !strstr(route, "\t00000000\t"), "the routes, seen from the host", route,
	       "no default route");
	expect(test, listener < 0 || !host_was_asked(listener), "a server of the host",
	       "somebody connected", "nobody connects");
}

const SelftestCheck selftest_network_checks[] = {
	{"network/interface", "a network of its own, with a gateway", "RLC-N", check_interface},
	{"network/gateway", "the gateway answers a ping", "RLC-N", check_gateway},
	{"network/gateway6", "the IPv6 gateway answers a ping", "RLC-N", check_gateway6},
	{"network/ping", "what answers the host's ping answers the container's", "RLC-N",
	 check_ping},
	{"network/names", "names are resolved as the host resolves them", "RLC-N", check_names},
	{"network/tcp", "a connection to the host's address carries data both ways", "RLC-N",
	 check_tcp},
	{"network/udp", "a datagram to the host's address is answered", "RLC-N", check_udp},
	{"network/publish", "a published port leads to the container", "RLC-N", check_publish},
	{"network/none", "--network none reaches nobody", NULL, check_none},
	{0},
};

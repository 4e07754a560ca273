/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -p is read strictly, the plan names exactly the ports that will be, and so do the rules. */
#include "feature/net_publish.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "feature/net_dnat.h"

/* what -p says: ADDRESS HOSTPORT+HOSTCOUNT PORT+COUNT PROTOCOL, or NULL where it is refused */
static const struct {
	const char *text, *result;
} cases[] = {
	{"80", "* 0+1 80+1 tcp"},
	{":80", "* 0+1 80+1 tcp"},
	{"8080:80", "* 8080+1 80+1 tcp"},
	{"0:80", "* 0+1 80+1 tcp"},
	{"8080:80/tcp", "* 8080+1 80+1 tcp"},
	{"53:53/udp", "* 53+1 53+1 udp"},
	{"53/udp", "* 0+1 53+1 udp"},
	{"127.0.0.1:8080:80", "127.0.0.1 8080+1 80+1 tcp"},
	{"127.0.0.1::80", "127.0.0.1 0+1 80+1 tcp"},
	{"[::1]:8080:80", "::1 8080+1 80+1 tcp"},
	{"[::1]::80/udp", "::1 0+1 80+1 udp"},
	{"[2001:db8::1]:1:65535", "2001:db8::1 1+1 65535+1 tcp"},
	{"8000-8010:9000-9010", "* 8000+11 9000+11 tcp"},
	{"8000-8010", "* 0+11 8000+11 tcp"},
	{"127.0.0.1::8000-8001", "127.0.0.1 0+2 8000+2 tcp"},
	{"8000-8010:80", "* 8000+11 80+1 tcp"},
	{"80-80:80", "* 80+1 80+1 tcp"},
	{"1-65535:1-65535/udp", "* 1+65535 1+65535 udp"},
	{"", NULL},
	{":", NULL},
	{"0", NULL},
	{"8080:0", NULL},
	{"65536", NULL},
	{"65536:80", NULL},
	{"-1:80", NULL},
	{"80:", NULL},
	{"+80", NULL},
	{" 80", NULL},
	{"0x50", NULL},
	{"80/", NULL},
	{"80/sctp", NULL},
	{"80/TCP", NULL},
	{"80/tcp/udp", NULL},
	{"/tcp", NULL},
	{"8010-8000:80", NULL},
	{"0-5:80", NULL},
	{"8000-:80", NULL},
	{"-8000:80", NULL},
	{"8000-8001-8002:80", NULL},
	{"8000-8001:80-82", NULL},
	{"8000-8002:80-81", NULL},
	{"8000:80-81", NULL},
	{"::1:8080:80", NULL},
	{"[::1]8080:80", NULL},
	{"[::1]80", NULL},
	{"[::1]:80", NULL},
	{"[::1:8080:80", NULL},
	{"::1]:8080:80", NULL},
	{"[]:8080:80", NULL},
	{"[127.0.0.1]:8080:80", NULL},
	{"[fe80::1%eth0]:8080:80", NULL},
	{"127.1:8080:80", NULL},
	{"localhost:8080:80", NULL},
	{"*:8080:80", NULL},
	{"1.2.3.4:5:6:7", NULL},
};

static void test_parse(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	g_autoptr(GError) error = NULL;
	g_autofree char *got = NULL;
	SpecPublish publish = {0};

	if (net_publish_parse(cases[i].text, &publish, &error))
		got = g_strdup_printf("%s %u+%u %u+%u %s", publish.address ? publish.address : "*",
				      publish.host_port, publish.host_count, publish.port,
				      publish.count,
				      publish.protocol == IPPROTO_UDP ? "udp" : "tcp");
	else
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
	g_assert_cmpstr(got, ==, cases[i].result);
	g_free(publish.address);
}

static void ask(Spec *spec, const char *text)
{
	SpecPublish publish;

	g_assert_true(net_publish_parse(text, &publish, NULL));
	g_array_append_val(spec->rlc.network.publish, publish);
}

/* What the plan for these makes of it, as the state directory has it; or the error. */
static char *plan_of(SpecNetMode mode, bool ipv6, const char *const *texts)
{
	g_autoptr(Spec) spec = spec_new();
	g_autoptr(GError) error = NULL;
	Plan plan = {.spec = spec, .net = {.mode = mode, .ipv6 = ipv6}};
	char *record;

	for (; *texts; texts++)
		ask(spec, *texts);
	if (net_publish_plan(spec, &plan, &error))
		record = net_publish_record(&plan);
	else
		record = g_strdup(error->message);
	g_clear_pointer(&plan.net.publish, g_array_unref);
	return record;
}

/* A port that nobody has, and whose neighbour nobody has */
static uint16_t free_port(void)
{
	PublishPlan publish = {.family = AF_INET, .protocol = IPPROTO_TCP};
	struct sockaddr_in address;
	socklen_t length = sizeof address;
	int fd = net_publish_bind(&publish, false, NULL);

	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void test_plan(void)
{
	uint16_t port = free_port();
	g_autofree char *text = g_strdup_printf("127.0.0.1:%u:80", port);
	g_autofree char *expected = g_strdup_printf("80/tcp 127.0.0.1:%u\n", port);
	g_autofree char *got = plan_of(NET_SLIRP, false, (const char *[]){text, NULL});

	g_assert_cmpstr(got, ==, expected);
}

static void test_draw(void)
{
	g_autofree char *got = plan_of(NET_SLIRP, false, (const char *[]){"80-89", NULL});
	g_auto(GStrv) lines = g_strsplit(got, "\n", -1);

	g_assert_cmpuint(g_strv_length(lines), ==, 11);
	for (int i = 0; i < 10; i++) {
		g_autofree char *start = g_strdup_printf("%d/tcp 0.0.0.0:", 80 + i);

		g_assert_true(g_str_has_prefix(lines[i], start));
		g_assert_cmpuint(g_ascii_strtoull(lines[i] + strlen(start), NULL, 10), >, 0);
		for (int j = 0; j < i; j++)
			g_assert_cmpstr(strchr(lines[i], ':'), !=, strchr(lines[j], ':'));
	}
}

static void assert_plan_refused(SpecNetMode mode, const char *const *texts, const char *words)
{
	g_autofree char *got = plan_of(mode, false, texts);

	if (!strstr(got, words)) {
		g_test_message("'%s' lacks '%s'", got, words);
		g_test_fail();
	}
}

static void test_plan_refused(void)
{
	uint16_t port = free_port();
	PublishPlan taken = {.family = AF_INET, .protocol = IPPROTO_UDP, .host_port = port};
	g_autofree char *twice = g_strdup_printf("%u:80", port);
	g_autofree char *twice_on = g_strdup_printf("127.0.0.1:%u:81", port);
	g_autofree char *udp = g_strdup_printf("%u:53/udp", port);
	int fd = net_publish_bind(&taken, false, NULL);

	g_assert_cmpint(fd, >=, 0);
	assert_plan_refused(NET_SLIRP, (const char *[]){udp, NULL}, "RLC-N05");
	close(fd);
	assert_plan_refused(NET_SLIRP, (const char *[]){twice, twice_on, NULL},
			    "is published already");
	assert_plan_refused(NET_SLIRP, (const char *[]){"[::1]:0:80", NULL}, "has no IPv6");
	assert_plan_refused(NET_SLIRP, (const char *[]){"192.0.2.1:0:80", NULL}, "RLC-N07");
	assert_plan_refused(NET_NONE, (const char *[]){"80", NULL}, "no network");
	assert_plan_refused(NET_HOST, (const char *[]){"80", NULL}, "--network host");
	assert_plan_refused(NET_JOIN, (const char *[]){"80", NULL}, "another's");
	assert_plan_refused(NET_SLIRP, (const char *[]){"1-3000/udp", NULL}, "more than");
}

static void add_publish(GArray *all, int family, const char *host, uint16_t host_port, int protocol)
{
	PublishPlan publish = {
		.family = family, .host_port = host_port, .port = 80, .protocol = protocol};

	inet_pton(family, host, &publish.host);
	g_array_append_val(all, publish);
}

static char *script_for(bool ipv6, bool docker)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(PublishPlan));
	g_autoptr(GPtrArray) chains = g_ptr_array_new();
	Plan plan = {.id = (char *)"0123456789abcdef",
		     .net = {.mode = NET_BRIDGE, .bridge = (char *)"br0", .publish = all}};
	NetLease lease = {.prefix = 16, .prefix6 = ipv6 ? 64 : 0};

	inet_pton(AF_INET, "172.17.0.9", &lease.address);
	inet_pton(AF_INET, "172.17.0.1", &lease.gateway);
	inet_pton(AF_INET6, "2001:db8::9", &lease.address6);
	inet_pton(AF_INET6, "2001:db8::1", &lease.gateway6);
	add_publish(all, AF_INET, "0.0.0.0", 8080, IPPROTO_TCP);
	add_publish(all, AF_INET6, "::", 8080, IPPROTO_TCP);
	add_publish(all, AF_INET, "192.0.2.7", 53, IPPROTO_UDP);
	add_publish(all, AF_INET, "127.0.0.1", 9999, IPPROTO_TCP);
	add_publish(all, AF_INET6, "::1", 9999, IPPROTO_TCP);
	if (docker)
		g_ptr_array_add(chains, (char *)"ip filter");
	return net_dnat_script(&plan, &lease, chains);
}

#define NAT4                                                                                       \
	"ip daddr != 127.0.0.0/8 fib daddr type local tcp dport 8080 dnat ip to 172.17.0.9:80\n"
#define NAT6 "ip6 daddr != ::1 fib daddr type local tcp dport 8080 dnat ip6 to [2001:db8::9]:80\n"

static void test_script(void)
{
	g_autofree char *plain = script_for(false, false), *full = script_for(true, true);

	g_assert_true(g_str_has_prefix(plain, "table inet rlc-0123456789ab\n"
					      "delete table inet rlc-0123456789ab\n"));
	g_assert_nonnull(strstr(plain, NAT4));
	g_assert_nonnull(strstr(plain, "ip daddr 192.0.2.7 udp dport 53 dnat ip to "
				       "172.17.0.9:80\n"));
	g_assert_nonnull(strstr(plain, "ip daddr 172.17.0.9 ip saddr 172.17.0.1/16 ct status dnat "
				       "masquerade\n"));
	g_assert_null(strstr(plain, "ip6"));
	g_assert_null(strstr(plain, "9999"));
	g_assert_null(strstr(plain, "DOCKER-USER"));
	g_assert_nonnull(strstr(full, NAT6));
	g_assert_null(strstr(full, "9999"));
	g_assert_nonnull(strstr(full, "ip daddr 172.17.0.9 drop\n"));
	g_assert_nonnull(strstr(full, "insert rule ip filter DOCKER-USER oifname \"br0\" ip daddr "
				      "172.17.0.9 counter accept comment \"rlc-0123456789ab\"\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/net/publish/parse/%zu", i);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_parse);
	}
	g_test_add_func("/net/publish/plan", test_plan);
	g_test_add_func("/net/publish/draw", test_draw);
	g_test_add_func("/net/publish/refused", test_plan_refused);
	g_test_add_func("/net/publish/script", test_script);
	return g_test_run();
}

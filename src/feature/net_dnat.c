/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_dnat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/net_lease.h"
#include "feature/net_made.h"
#include "feature/net_nft.h"
#include "feature/net_publish.h"
#include "kernel/conntrack.h"
#include "kernel/netlink.h"
#include "kernel/nftables.h"

#define RECORD	    "dnat"
#define RECORD_MAX  65536
#define PORTS_MAX   (1 << 20)
#define DOCKER_USER "DOCKER-USER"
#define ID_DIGITS   12

/* Longest text of an address and a prefix */
#define TEXT_MAX (INET6_ADDRSTRLEN + 4)

static char *table_name(const char *id)
{
	return g_strdup_printf("rlc-%.*s", ID_DIGITS, id);
}

/* --- rules --- */

static bool is_any(const PublishPlan *publish)
{
	static const struct in6_addr any;

	return memcmp(&publish->host, &any,
		      publish->family == AF_INET ? sizeof publish->host.v4
						 : sizeof publish->host.v6) == 0;
}

/* The host's loopback is not for the kernel to translate. */
static bool is_loopback(const PublishPlan *publish)
{
	if (publish->family == AF_INET)
		return ntohl(publish->host.v4.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&publish->host.v6);
}

static void add_dnat(GString *script, const PublishPlan *publish, const NetLease *lease)
{
	bool is4 = publish->family == AF_INET;
	char host[TEXT_MAX], inside[TEXT_MAX];

	if (is_loopback(publish) || (!is4 && !lease->prefix6))
		return;
	inet_ntop(publish->family, &publish->host, host, sizeof host);
	inet_ntop(publish->family, is4 ? (void *)&lease->address : (void *)&lease->address6, inside,
		  sizeof inside);
	if (!is_any(publish))
		g_string_append_printf(script, "%s daddr %s ", is4 ? "ip" : "ip6", host);
	else
		g_string_append_printf(script, "%s daddr != %s fib daddr type local ",
				       is4 ? "ip" : "ip6", is4 ? "127.0.0.0/8" : "::1");
	g_string_append_printf(
		script,
		is4 ? "%s dport %u dnat ip to %s:%u\n" : "%s dport %u dnat ip6 to [%s]:%u\n",
		net_publish_protocol(publish), publish->host_port, inside, publish->port);
}

static void add_nat_chain(GString *script, const char *hook, const Plan *plan,
			  const NetLease *lease)
{
	g_string_append_printf(script,
			       "chain %s {\n"
			       "type nat hook %s priority -100; policy accept;\n",
			       hook, hook);
	for (guint i = 0; i < plan->net.publish->len; i++)
		add_dnat(script, &g_array_index(plan->net.publish, PublishPlan, i), lease);
	g_string_append(script, "}\n");
}

/* Who is on the same link would be answered directly, by an address that it did not ask. */
static void add_hairpin(GString *script, const NetLease *lease)
{
	char address[TEXT_MAX], gateway[TEXT_MAX];

	inet_ntop(AF_INET, &lease->address, address, sizeof address);
	inet_ntop(AF_INET, &lease->gateway, gateway, sizeof gateway);
	g_string_append_printf(script,
			       "chain postrouting {\n"
			       "type nat hook postrouting priority 100; policy accept;\n"
			       "ip daddr %s ip saddr %s/%u ct status dnat masquerade\n",
			       address, gateway, lease->prefix);
	if (lease->prefix6) {
		inet_ntop(AF_INET6, &lease->address6, address, sizeof address);
		inet_ntop(AF_INET6, &lease->gateway6, gateway, sizeof gateway);
		g_string_append_printf(script,
				       "ip6 daddr %s ip6 saddr %s/%u ct status dnat masquerade\n",
				       address, gateway, lease->prefix6);
	}
	g_string_append(script, "}\n");
}

/* What DOCKER-USER lets pass would be more than what is published. */
static void add_guard(GString *script, const char *bridge, const NetLease *lease)
{
	char address[TEXT_MAX];

	g_string_append_printf(script,
			       "chain forward {\n"
			       "type filter hook forward priority -1; policy accept;\n"
			       "oifname != \"%s\" accept\n"
			       "iifname \"%s\" accept\n"
			       "ct state established,related accept\n"
			       "ct status dnat accept\n",
			       bridge, bridge);
	inet_ntop(AF_INET, &lease->address, address, sizeof address);
	g_string_append_printf(script, "ip daddr %s drop\n", address);
	if (lease->prefix6) {
		inet_ntop(AF_INET6, &lease->address6, address, sizeof address);
		g_string_append_printf(script, "ip6 daddr %s drop\n", address);
	}
	g_string_append(script, "}\n");
}

/* Such as iptables can list: counter and comment. */
static void add_pass(GString *script, const char *where, const Plan *plan, const NetLease *lease)
{
	g_autofree char *comment = table_name(plan->id);
	bool is4 = g_str_has_prefix(where, "ip ");
	char address[TEXT_MAX];

	inet_ntop(is4 ? AF_INET : AF_INET6,
		  is4 ? (void *)&lease->address : (void *)&lease->address6, address,
		  sizeof address);
	g_string_append_printf(script,
			       "insert rule %s " DOCKER_USER " oifname \"%s\" %s daddr %s counter "
			       "accept comment \"%s\"\n",
			       where, plan->net.bridge, is4 ? "ip" : "ip6", address, comment);
}

char *net_dnat_script(const Plan *plan, const NetLease *lease, const GPtrArray *docker)
{
	g_autofree char *table = table_name(plan->id);
	GString *script = g_string_new(NULL);

	g_string_append_printf(script,
			       "table inet %s\n"
			       "delete table inet %s\n"
			       "table inet %s {\n",
			       table, table, table);
	add_nat_chain(script, "prerouting", plan, lease);
	add_nat_chain(script, "output", plan, lease);
	add_hairpin(script, lease);
	if (docker->len > 0)
		add_guard(script, plan->net.bridge, lease);
	g_string_append(script, "}\n");
	for (guint i = 0; i < docker->len; i++)
		add_pass(script, g_ptr_array_index(docker, i), plan, lease);
	return g_string_free(script, FALSE);
}

/* --- Docker --- */

static void warn_legacy(const char *bridge)
{
	g_autofree char *tables = fd_read_file(AT_FDCWD, "/proc/net/ip_tables_names", 4096, NULL);
	g_autoptr(GError) warning = NULL;

	if (!tables || !strstr(tables, "filter"))
		return;
	error_set(&warning, RLC_ERROR_FAILED, "publish on '%s': other rules may drop its packets",
		  bridge);
	hint_add(&warning, HINT_BRIDGE_LEGACY, bridge);
	log_warn("network: %s", warning->message);
}

/* "ip filter" and "ip6 filter", where these have a DOCKER-USER; of char *. */
static GPtrArray *find_docker(const Plan *plan, const NetLease *lease, GError **error)
{
	g_autoptr(GArray) chains = NULL;
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);

	if (!net_made_is_dockers(plan->net.bridge))
		return found;
	warn_legacy(plan->net.bridge);
	chains = nftables_chains(error);
	for (guint i = 0; chains && i < chains->len; i++) {
		const NftablesChain *chain = &g_array_index(chains, NftablesChain, i);
		const char *family = nftables_family_name(chain->family);

		if (strcmp(chain->name, DOCKER_USER) != 0 ||
		    (strcmp(family, "ip") != 0 && (strcmp(family, "ip6") != 0 || !lease->prefix6)))
			continue;
		g_ptr_array_add(found, g_strdup_printf("%s %s", family, chain->table));
	}
	if (chains)
		return found;
	g_ptr_array_unref(found);
	return NULL;
}

/* --- flows of UDP that have begun under other rules --- */

/* What was for a port of the host's while nobody published it: the rules of now never saw it. */
typedef struct {
	const GArray *publish;	 /* of PublishPlan */
	const GArray *addresses; /* of NetlinkAddress: the host's */
} Early;

static bool same_address(int family, const void *one, const void *other)
{
	return memcmp(one, other,
		      family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr)) == 0;
}

static bool is_early(const Conntrack *flow, const void *data)
{
	const Early *early = data;
	bool published = false, local = false;

	if (flow->protocol != IPPROTO_UDP || !same_address(flow->family, &flow->to, &flow->answers))
		return false;
	for (guint i = 0; i < early->publish->len; i++) {
		const PublishPlan *publish = &g_array_index(early->publish, PublishPlan, i);

		published |=
			publish->protocol == IPPROTO_UDP && publish->family == flow->family &&
			publish->host_port == flow->port && !is_loopback(publish) &&
			(is_any(publish) || same_address(flow->family, &publish->host, &flow->to));
	}
	for (guint i = 0; published && i < early->addresses->len; i++) {
		const NetlinkAddress *address = &g_array_index(early->addresses, NetlinkAddress, i);

		local |= address->family == flow->family &&
			 same_address(flow->family, &address->address, &flow->to);
	}
	return local;
}

/* What was led to a container that ends: its address may be another's. */
static bool is_late(const Conntrack *flow, const void *data)
{
	const NetRecord *record = data;
	ConntrackAddress address;

	return flow->protocol == IPPROTO_UDP &&
	       inet_pton(flow->family, flow->family == AF_INET ? record->address : record->address6,
			 &address) == 1 &&
	       same_address(flow->family, &flow->answers, &address) &&
	       !same_address(flow->family, &flow->to, &flow->answers);
}

static bool has_udp(const GArray *publish)
{
	for (guint i = 0; i < publish->len; i++) {
		if (g_array_index(publish, PublishPlan, i).protocol == IPPROTO_UDP)
			return true;
	}
	return false;
}

static void forget_early(const GArray *publish)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Netlink) netlink = has_udp(publish) ? netlink_open(&error) : NULL;
	g_autoptr(GArray) addresses = netlink ? netlink_addresses(netlink, &error) : NULL;
	const Early early = {.publish = publish, .addresses = addresses};

	if ((addresses && !conntrack_forget(is_early, &early, &error)) || error)
		log_debug("network: %s", error->message);
}

/* By what its state directory still has. */
static void forget_late(int container_dir)
{
	g_autofree char *ports = fd_read_file(container_dir, NET_PUBLISH_RECORD, PORTS_MAX, NULL);
	g_autoptr(GError) error = NULL;
	g_auto(NetRecord) record = {0};

	if (ports && strstr(ports, "/udp ") && net_record_read(container_dir, &record) &&
	    !conntrack_forget(is_late, &record, &error))
		log_debug("network: %s", error->message);
}

/* --- making and undoing --- */

/* The bridge's key, and a line for each chain of another's that gets a rule. */
static bool write_record(const Plan *plan, const NetLease *lease, const GPtrArray *docker,
			 GError **error)
{
	g_autofree char *path = g_build_filename(plan->state_dir, RECORD, NULL);
	g_autoptr(GString) text = g_string_new(lease->record);
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	g_string_append_c(text, '\n');
	for (guint i = 0; i < docker->len; i++)
		g_string_append_printf(text, "%s " DOCKER_USER "\n",
				       (const char *)g_ptr_array_index(docker, i));
	if (fd < 0 || !fd_write_all(fd, text->str, text->len))
		return error_errno(error, errno, "write '%s'", path);
	return true;
}

bool net_dnat_add(const Plan *plan, const NetLease *lease, GError **error)
{
	g_autoptr(GPtrArray) docker = find_docker(plan, lease, error);
	g_autofree char *script = NULL;

	if (!docker || !write_record(plan, lease, docker, error))
		return false;
	script = net_dnat_script(plan, lease, docker);
	if (!net_nft_run(script, error))
		return false;
	forget_early(plan->net.publish);
	return true;
}

/* The rules of another network namespace are out of reach, and go with it. */
static bool is_here(const char *key)
{
	g_autofree char *bridge = g_strndup(key, strcspn(key, "@"));
	g_autofree char *here = net_lease_key(bridge);

	return strcmp(key, here) == 0;
}

static void undo(int container_dir, char *const *lines, const char *id)
{
	g_autofree char *table = table_name(id);
	g_autofree char *comment = g_strdup_printf("comment \"%s\"", table);
	g_autoptr(GError) error = NULL;

	if (!lines[0] || !is_here(lines[0]))
		return;
	for (char *const *line = lines + 1; *line; line++) {
		if (**line)
			net_nft_delete_rules(*line, comment);
	}
	if (!net_nft_delete_table("inet", table, &error))
		log_warn("network: %s", error->message);
	forget_late(container_dir);
}

void net_dnat_release(int container_dir, const char *id)
{
	g_autofree char *record = fd_read_file(container_dir, RECORD, RECORD_MAX, NULL);
	g_auto(GStrv) lines = record ? g_strsplit(record, "\n", -1) : NULL;

	if (!lines)
		return;
	undo(container_dir, lines, id);
	if (unlinkat(container_dir, RECORD, 0) < 0)
		log_debug("network: remove the record of ports: %s", g_strerror(errno));
}

void net_dnat_cleanup(const Container *container)
{
	const Plan *plan = container->plan;
	auto_fd dir = -1;

	if (plan->net.mode != NET_BRIDGE || !plan->net.publish)
		return;
	dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0)
		net_dnat_release(dir, plan->id);
}

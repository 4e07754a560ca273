/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The file "made" beside the leases is a list of what has to be undone, one thing a line, written
 * before anything is made:
 *
 *     bridge NAME                delete this link and the table inet rlc-NAME
 *     sysctl PATH OLD            write OLD, if it says something else by then
 *     rules FAMILY TABLE CHAIN   delete the rules that carry our comment: this state directory's,
 *                                for another may have containers on the bridge, too
 *
 * Forwarding is one switch that moves others: the kernel sets conf/NAME/forwarding of all
 * interfaces with it, and an interface that forwards no longer listens to router advertisements,
 * unless its accept_ra is 2.  So those are written down too, and an accept_ra of 1 becomes 2, or
 * the host would lose its own IPv6 route.  Forwarding stays on if by the time of the undoing
 * somebody else's bridge is there (a Docker engine that started meanwhile found it on, and relies
 * on it).
 *
 * A chain of the firewall that forwards nothing, by its policy or by its last rule, would drop our
 * packets whatever our own table says: an accept is final in one chain only.  Docker keeps
 * DOCKER-USER for rules of others; where there is none, the rules go to the head of the chain
 * itself.  They are such as iptables can still list.  Who may come in is decided in our own table.
 * A table that has an owner (firewalld's may) is closed to us, which is said.
 */
#include "feature/net_made.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/net_nft.h"
#include "kernel/iptables.h"
#include "kernel/nftables.h"

#define MADE	     "made"
#define MADE_NEW     "made.new"
#define MADE_MAX     (1 << 20)
#define SUBNET_FIRST 201 /* of 10.N.0.0/16 */
#define SUBNET_LAST  254
#define PREFIX	     16
#define PREFIX6	     64
#define IP_FORWARD   "/proc/sys/net/ipv4/ip_forward"
#define FORWARDING6  "/proc/sys/net/ipv6/conf/all/forwarding"
#define DISABLED6    "/proc/sys/net/ipv6/conf/default/disable_ipv6" /* of links to come */

typedef struct {
	char *bridge;		/* to be made; NULL: none */
	const char *comment;	/* of rules in chains of others */
	struct in_addr gateway; /* of the bridge to be made */
	struct in6_addr network6, gateway6;
	bool ipv6;
	GString *text;	 /* of the file */
	GString *nft;	 /* one transaction: the table of our own */
	GPtrArray *pass; /* of char *: a transaction for each chain of a firewall */
} Making;

/* Of rules that this state directory has in chains of others. Caller frees. */
static char *comment_of(const NetLeases *leases)
{
	size_t bridge = strcspn(leases->key, "@");
	struct stat st = {0};

	if (fstat(leases->networks, &st) < 0)
		log_debug("network: look at the leases: %s", g_strerror(errno));
	return g_strdup_printf("comment \"rlc-%.*s-%ju\"", (int)bridge, leases->key,
			       (uintmax_t)st.st_ino);
}

/* --- what is missing --- */

static uint32_t mask(unsigned prefix)
{
	return prefix == 0 ? 0 : ~(uint32_t)0 << (32 - prefix);
}

static bool overlaps(uint32_t subnet, uint32_t other, unsigned prefix)
{
	uint32_t common = mask(MIN(prefix, PREFIX));

	return prefix > 0 && (subnet & common) == (other & common);
}

static bool subnet_is_free(uint32_t subnet, const GArray *routes, const GArray *addresses,
			   const GPtrArray *avoid)
{
	struct in_addr server;

	for (guint i = 0; i < routes->len; i++) {
		const NetlinkRoute *route = &g_array_index(routes, NetlinkRoute, i);

		if (route->family == AF_INET &&
		    overlaps(subnet, ntohl(route->destination.v4.s_addr), route->prefix))
			return false;
	}
	for (guint i = 0; i < addresses->len; i++) {
		const NetlinkAddress *address = &g_array_index(addresses, NetlinkAddress, i);

		if (address->family == AF_INET &&
		    overlaps(subnet, ntohl(address->address.v4.s_addr), address->prefix))
			return false;
	}
	for (guint i = 0; avoid && i < avoid->len; i++) {
		if (inet_pton(AF_INET, avoid->pdata[i], &server) == 1 &&
		    overlaps(subnet, ntohl(server.s_addr), 32))
			return false;
	}
	return true;
}

static bool choose_subnet(Netlink *netlink, const GPtrArray *avoid, Making *making, GError **error)
{
	g_autoptr(GArray) routes = netlink_routes(netlink, error);
	g_autoptr(GArray) addresses = routes ? netlink_addresses(netlink, error) : NULL;

	if (!addresses)
		return false;
	for (uint32_t n = SUBNET_FIRST; n <= SUBNET_LAST; n++) {
		uint32_t subnet = UINT32_C(10) << 24 | n << 16;

		if (subnet_is_free(subnet, routes, addresses, avoid)) {
			making->gateway.s_addr = htonl(subnet | 1);
			return true;
		}
	}
	return error_set(error, RLC_ERROR_FAILED,
			 "find a subnet for '%s': 10.%d.0.0/16 to 10.%d.0.0/16 are all routed "
			 "elsewhere",
			 making->bridge, SUBNET_FIRST, SUBNET_LAST);
}

static char *read_sysctl(const char *path)
{
	char *text = fd_read_file(AT_FDCWD, path, 64, NULL);

	return text ? g_strchomp(text) : NULL;
}

static bool is_on(const char *path)
{
	g_autofree char *text = read_sysctl(path);

	return text && strcmp(text, "0") != 0;
}

/* RFC 4193: fd, 40 random bits, subnet 0. */
static bool choose_ula(Making *making, GError **error)
{
	uint8_t *bytes = making->network6.s6_addr;

	/* where /proc/sys is read-only, as in many a container, it cannot be turned on */
	making->ipv6 = !is_on(DISABLED6) && (is_on(FORWARDING6) || access(FORWARDING6, W_OK) == 0);
	if (getrandom(bytes + 1, 5, 0) != 5)
		return error_errno(error, errno, "draw a random prefix");
	bytes[0] = 0xfd;
	making->gateway6 = making->network6;
	making->gateway6.s6_addr[15] = 1;
	return true;
}

static void note_sysctl(Making *making, const char *path)
{
	g_autofree char *old = read_sysctl(path);

	if (old)
		g_string_append_printf(making->text, "sysctl %s %s\n", path, old);
}

/* The switches of all interfaces that one for all of them moves. */
static void note_interfaces(Making *making, const char *conf, const char *name)
{
	g_autoptr(GDir) dir = g_dir_open(conf, 0, NULL);
	const char *interface;

	while (dir && (interface = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(conf, interface, name, NULL);

		note_sysctl(making, path);
	}
}

static void note_forwarding(Making *making)
{
	if (!is_on(IP_FORWARD)) {
		note_sysctl(making, IP_FORWARD);
		note_sysctl(making, "/proc/sys/net/ipv4/conf/all/accept_redirects");
		note_interfaces(making, "/proc/sys/net/ipv4/conf", "forwarding");
	}
	if (making->ipv6 && !is_on(FORWARDING6)) {
		note_sysctl(making, FORWARDING6);
		note_interfaces(making, "/proc/sys/net/ipv6/conf", "forwarding");
		note_interfaces(making, "/proc/sys/net/ipv6/conf", "accept_ra");
	}
}

static const NftablesChain *find_chain(const GArray *chains, const NftablesChain *beside,
				       const char *name)
{
	for (guint i = 0; i < chains->len; i++) {
		const NftablesChain *chain = &g_array_index(chains, NftablesChain, i);

		if (chain->family == beside->family && strcmp(chain->table, beside->table) == 0 &&
		    strcmp(chain->name, name) == 0)
			return chain;
	}
	return NULL;
}

/* Docker lets its own bridges through: docker0, and br- with 12 digits of the network's id. */
bool net_made_is_dockers(const char *bridge)
{
	return strcmp(bridge, NET_DOCKER_BRIDGE) == 0 || g_str_has_prefix(bridge, "br-");
}

/* Does this line of a listing refuse whatever gets that far? */
static bool refuses_all(const char *line)
{
	const char *bytes = strstr(line, "\tcounter packets ") ? strstr(line, " bytes ") : NULL;

	if (bytes)
		line = bytes + strlen(" bytes ") + strspn(bytes + strlen(" bytes "), "0123456789");
	line += strspn(line, "\t ");
	return g_str_has_prefix(line, "drop #") || g_str_has_prefix(line, "reject ") ||
	       g_str_has_prefix(line, "xt target \"REJECT\"");
}

/* By its last rule, as those of firewalld and of iptables-services do it. */
static bool ends_in_refusal(const NftablesChain *chain)
{
	g_autofree char *command =
		g_strdup_printf("list chain %s %s %s", nftables_family_name(chain->family),
				chain->table, chain->name);
	g_autofree char *listing = net_nft_list(command, NULL);
	g_auto(GStrv) lines = g_strsplit(listing ? listing : "", "\n", -1);
	const char *last = NULL;

	for (char **line = lines; *line; line++) {
		if (strstr(*line, " # handle "))
			last = *line;
	}
	return last && refuses_all(last);
}

/* Others than Docker's: it looks after its own. */
static bool forwards_nothing(const NftablesChain *chain, const char *bridge)
{
	return chain->drop ||
	       (chain->forward && !net_made_is_dockers(bridge) && ends_in_refusal(chain));
}

/* iptables lists what has a counter, and a comment of this kind. */
static void add_rules(Making *making, const NftablesChain *chain, const char *bridge)
{
	const char *family = nftables_family_name(chain->family);
	GString *script = g_string_new(NULL);

	g_string_append_printf(making->text, "rules %s %s %s\n", family, chain->table, chain->name);
	for (int out = 0; out < 2; out++)
		g_string_append_printf(script,
				       "insert rule %s %s %s %s \"%s\" counter accept "
				       "%s\n",
				       family, chain->table, chain->name,
				       out ? "oifname" : "iifname", bridge, making->comment);
	g_ptr_array_add(making->pass, g_string_free(script, FALSE));
}

static bool note_firewall(Making *making, const char *bridge, GError **error)
{
	g_autoptr(GArray) chains = nftables_chains(error);

	for (guint i = 0; chains && i < chains->len; i++) {
		const NftablesChain *chain = &g_array_index(chains, NftablesChain, i);
		const NftablesChain *user = find_chain(chains, chain, "DOCKER-USER");

		if (chain->family == NFPROTO_BRIDGE ||
		    (net_made_is_dockers(bridge) && find_chain(chains, chain, "DOCKER")) ||
		    !forwards_nothing(chain, bridge))
			continue;
		add_rules(making, user ? user : chain, bridge);
	}
	return chains;
}

/* libnftables does not reach what iptables-legacy holds. */
static void warn_legacy(const char *bridge)
{
	g_autoptr(GError) warning = NULL;

	if (!iptables_forward_drops())
		return;
	error_set(&warning, RLC_ERROR_FAILED,
		  "forward for '%s': another firewall drops its packets", bridge);
	hint_add(&warning, HINT_BRIDGE_LEGACY, bridge);
	log_warn("network: %s", warning->message);
}

static void add_table(Making *making)
{
	char gateway[INET_ADDRSTRLEN], network6[INET6_ADDRSTRLEN];
	const char *bridge = making->bridge;

	inet_ntop(AF_INET, &making->gateway, gateway, sizeof gateway);
	inet_ntop(AF_INET6, &making->network6, network6, sizeof network6);
	g_string_append_printf(making->nft,
			       "table inet rlc-%s\n"
			       "delete table inet rlc-%s\n"
			       "table inet rlc-%s {\n"
			       "chain forward {\n"
			       "type filter hook forward priority -1; policy accept;\n"
			       "oifname \"%s\" ct state established,related accept\n"
			       "oifname \"%s\" ct status dnat accept\n"
			       "iifname != \"%s\" oifname \"%s\" drop\n"
			       "}\n"
			       "chain postrouting {\n"
			       "type nat hook postrouting priority 100; policy accept;\n"
			       "ip saddr %s/%d oifname != \"%s\" masquerade\n",
			       bridge, bridge, bridge, bridge, bridge, bridge, bridge, gateway,
			       PREFIX, bridge);
	if (making->ipv6)
		g_string_append_printf(making->nft,
				       "ip6 saddr %s/%d oifname != \"%s\" masquerade\n", network6,
				       PREFIX6, bridge);
	g_string_append(making->nft, "}\n}\n");
}

/* --- making it --- */

static bool write_made(const NetLeases *leases, const GString *text, GError **error)
{
	auto_fd fd = openat(leases->dir, MADE_NEW,
			    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || !fd_write_all(fd, text->str, text->len) ||
	    renameat(leases->dir, MADE_NEW, leases->dir, MADE) < 0)
		return error_errno(error, errno, "record what is made for a bridge");
	return true;
}

static void keep_advertisements(void)
{
	const char *conf = "/proc/sys/net/ipv6/conf";
	g_autoptr(GDir) dir = g_dir_open(conf, 0, NULL);
	const char *interface;

	while (dir && (interface = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(conf, interface, "accept_ra", NULL);
		g_autofree char *now = read_sysctl(path);

		if (now && strcmp(now, "1") == 0 && !fd_write_file(AT_FDCWD, path, "2", NULL))
			log_debug("network: keep accept_ra of %s", interface);
	}
}

static bool turn_forwarding_on(const Making *making, GError **error)
{
	if (!is_on(IP_FORWARD) && !fd_write_file(AT_FDCWD, IP_FORWARD, "1", error))
		return false;
	if (!making->ipv6 || is_on(FORWARDING6))
		return true;
	keep_advertisements();
	return fd_write_file(AT_FDCWD, FORWARDING6, "1", error);
}

/* The kernel asks for IPv6 neighbours by its link-local address only, so rlc0 has fe80::1. */
static bool make_bridge(Netlink *netlink, const Making *making, GError **error)
{
	const uint8_t *ip = (const uint8_t *)&making->gateway;
	const struct in6_addr local = {.s6_addr = {0xfe, 0x80, [15] = 1}};
	const uint8_t mac[6] = {0x72, 0x6c, ip[0], ip[1], ip[2], ip[3]};
	NetlinkLink link;

	if (!netlink_bridge_add(netlink, making->bridge, mac, error) ||
	    !netlink_link_get(netlink, making->bridge, &link, error) ||
	    !netlink_link_no_addr_gen(netlink, link.index, error) ||
	    !netlink_address_add(netlink, link.index, AF_INET, &making->gateway, PREFIX, error))
		return false;
	if (making->ipv6 &&
	    (!netlink_address_add(netlink, link.index, AF_INET6, &local, PREFIX6, error) ||
	     !netlink_address_add(netlink, link.index, AF_INET6, &making->gateway6, PREFIX6,
				  error)))
		return false;
	return netlink_link_up(netlink, link.index, 0, error);
}

/* Find out what there is to do. */
static bool plan_making(Netlink *netlink, const char *bridge, const GPtrArray *avoid,
			Making *making, GError **error)
{
	if (making->bridge) {
		if (!choose_subnet(netlink, avoid, making, error) || !choose_ula(making, error))
			return false;
		g_string_append_printf(making->text, "bridge %s\n", bridge);
		note_forwarding(making);
		add_table(making);
		warn_legacy(bridge);
	}
	return note_firewall(making, bridge, error);
}

static bool pass_firewall(const Making *making, GError **error)
{
	for (guint i = 0; i < making->pass->len; i++) {
		g_autoptr(GError) problem = NULL;

		if (net_nft_run(making->pass->pdata[i], &problem))
			continue;
		if (!g_error_matches(problem, RLC_ERROR, RLC_ERROR_FAILED)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		log_warn("network: a firewall forwards nothing, and lets nobody change that: %s",
			 problem->message);
	}
	return true;
}

static bool carry_out(const NetLeases *leases, Netlink *netlink, const Making *making,
		      GError **error)
{
	if (making->text->len == 0)
		return true;
	if (!write_made(leases, making->text, error))
		return false;
	if (making->bridge &&
	    (!make_bridge(netlink, making, error) || !turn_forwarding_on(making, error)))
		return false;
	return (making->nft->len == 0 || net_nft_run(making->nft->str, error)) &&
	       pass_firewall(making, error);
}

bool net_made_ensure(const NetLeases *leases, Netlink *netlink, const char *bridge,
		     const GPtrArray *avoid, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL), nft = g_string_new(NULL);
	g_autoptr(GPtrArray) pass = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *comment = comment_of(leases);
	Making making = {.comment = comment, .text = text, .nft = nft, .pass = pass};
	NetlinkLink link;
	bool ok;

	net_made_undo(leases, netlink); /* what a supervisor that died on the way left */
	if (faccessat(leases->dir, MADE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true; /* others are on it, so it is as it should be */
	if (strcmp(bridge, NET_MADE_BRIDGE) == 0 && !netlink_link_get(netlink, bridge, &link, NULL))
		making.bridge = g_strdup(bridge);
	ok = plan_making(netlink, bridge, avoid, &making, error) &&
	     carry_out(leases, netlink, &making, error);
	g_free(making.bridge);
	return ok;
}

/* --- undoing it --- */

/* Another bridge with an address of its own: somebody else's, who needs forwarding too. */
static bool others_forward(Netlink *netlink)
{
	g_autoptr(GArray) links = netlink_links(netlink, NULL);
	g_autoptr(GArray) addresses = netlink_addresses(netlink, NULL);

	for (guint i = 0; links && addresses && i < links->len; i++) {
		const NetlinkLink *link = &g_array_index(links, NetlinkLink, i);

		for (guint j = 0; strcmp(link->kind, "bridge") == 0 && j < addresses->len; j++) {
			if (g_array_index(addresses, NetlinkAddress, j).index == link->index &&
			    g_array_index(addresses, NetlinkAddress, j).family == AF_INET)
				return true;
		}
	}
	return false;
}

static void restore_sysctl(const char *path, const char *old)
{
	g_autofree char *now = read_sysctl(path);
	g_autoptr(GError) error = NULL;

	if (now && strcmp(now, old) != 0 && !fd_write_file(AT_FDCWD, path, old, &error))
		log_debug("network: %s", error->message);
}

static bool has_table(const char *table)
{
	g_autoptr(GArray) chains = nftables_chains(NULL);

	for (guint i = 0; chains && i < chains->len; i++) {
		if (strcmp(g_array_index(chains, NftablesChain, i).table, table) == 0)
			return true;
	}
	return false;
}

static void remove_bridge(Netlink *netlink, const char *bridge)
{
	g_autofree char *table = g_strconcat("rlc-", bridge, NULL);
	g_autoptr(GError) error = NULL, nft_error = NULL;

	/* without libnftables there is none, and that was said */
	if (has_table(table) && !net_nft_delete_table("inet", table, &nft_error))
		log_warn("network: %s", nft_error->message);
	if (!netlink_link_delete(netlink, bridge, &error))
		log_warn("network: %s", error->message);
}

static void undo_line(const char *line, const char *comment, Netlink *netlink, bool keep_sysctls)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);

	if (g_strv_length(words) < 2)
		return;
	if (strcmp(words[0], "bridge") == 0)
		remove_bridge(netlink, words[1]);
	else if (strcmp(words[0], "rules") == 0)
		net_nft_delete_rules(line + strlen("rules "), comment);
	else if (strcmp(words[0], "sysctl") == 0 && words[2] && !keep_sysctls)
		restore_sysctl(words[1], words[2]);
}

/*
 * Containers that are kept in another state directory may be on the bridge, or ports of somebody
 * else.  Ours that are dead are off it already.
 */
static bool has_ports(Netlink *netlink, const char *bridge)
{
	g_autoptr(GArray) links = netlink_links(netlink, NULL);
	NetlinkLink self;

	if (!links || !netlink_link_get(netlink, bridge, &self, NULL))
		return false;
	for (guint i = 0; i < links->len; i++) {
		if (g_array_index(links, NetlinkLink, i).master == self.index)
			return true;
	}
	return false;
}

void net_made_undo(const NetLeases *leases, Netlink *netlink)
{
	g_autofree char *text = fd_read_file(leases->dir, MADE, MADE_MAX, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	g_autofree char *bridge = g_strndup(leases->key, strcspn(leases->key, "@"));
	g_autofree char *comment = comment_of(leases);
	bool keep_sysctls = false;

	unlinkat(leases->dir, MADE_NEW, 0);
	if (!text || (g_str_has_prefix(text, "bridge ") && has_ports(netlink, bridge)))
		return;
	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, "sysctl ") && line > lines &&
		    g_str_has_prefix(line[-1], "bridge "))
			keep_sysctls = others_forward(netlink);
		undo_line(*line, comment, netlink, keep_sysctls);
	}
	if (unlinkat(leases->dir, MADE, 0) < 0)
		log_debug("network: remove the record of a bridge: %s", g_strerror(errno));
}

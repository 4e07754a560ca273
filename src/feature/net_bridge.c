/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/net_lease.h"
#include "feature/net_made.h"
#include "feature/net_probe.h"
#include "feature/net_resolv.h"
#include "kernel/capability.h"

#define RESOLV_CONF	    "/etc/resolv.conf"
#define RESOLV_CONF_SYSTEMD "/run/systemd/resolve/resolv.conf"
#define RESOLV_CONF_MAX	    65536
#define UID_MAP_ALL	    "4294967295"
#define HOST_GATEWAY	    "host-gateway"
#define LINK_DIGITS	    12

/* MACs of ours: locally administered; the rest is the IPv4 address, so no two are alike. */
#define MAC_FIRST  0x72
#define MAC_SECOND 0x6c

/*
 * The MAC of all host's ends, which nobody ever talks to.  A bridge without one of its own takes
 * the lowest of its ports': so it stays the same while containers come and go, and a card's wins.
 */
static const uint8_t host_mac[6] = {0xfe, 0, 'r', 'l', 'c', 0};

/* A bridge, as it is now. */
typedef struct {
	NetlinkLink link;
	struct in_addr gateway;
	struct in6_addr gateway6;
	unsigned prefix, prefix6;
	bool ipv6;
} Bridge;

/* --- the plan --- */

/* Look at a bridge; an error if it is none, or has no IPv4 address. */
static bool look(Netlink *netlink, const char *name, Bridge *ret_bridge, GError **error)
{
	Bridge bridge = {0};
	g_autoptr(GArray) addresses = NULL;

	if (!netlink_link_get(netlink, name, &bridge.link, error))
		return false;
	if (strcmp(bridge.link.kind, "bridge") != 0)
		return error_set(error, RLC_ERROR_USAGE, "use '%s': it is not a bridge", name);
	if (!bridge.link.up)
		return error_set(error, RLC_ERROR_FAILED,
				 "use bridge '%s': it is down (ip link set %s up)", name, name);
	addresses = netlink_addresses(netlink, error);
	for (guint i = 0; addresses && i < addresses->len; i++) {
		const NetlinkAddress *address = &g_array_index(addresses, NetlinkAddress, i);

		if (address->index != bridge.link.index || !address->global)
			continue;
		if (address->family == AF_INET && bridge.prefix == 0) {
			bridge.gateway = address->address.v4;
			bridge.prefix = address->prefix;
		} else if (address->family == AF_INET6 && !bridge.ipv6 && address->prefix < 127) {
			bridge.gateway6 = address->address.v6;
			bridge.prefix6 = address->prefix;
			bridge.ipv6 = true;
		}
	}
	if (!addresses)
		return false;
	if (bridge.prefix == 0)
		return error_set(error, RLC_ERROR_FAILED,
				 "use bridge '%s': it has no IPv4 address, so it is no gateway",
				 name);
	*ret_bridge = bridge;
	return true;
}

static bool may_administer(void)
{
	Capabilities sets;

	return capability_get(&sets) && sets.effective & UINT64_C(1) << CAP_NET_ADMIN;
}

bool net_bridge_is_default(void)
{
	g_autofree char *map = NULL;

	if (geteuid() != 0 || !may_administer())
		return false;
	map = fd_read_file(AT_FDCWD, "/proc/self/uid_map", 65536, NULL);
	return map && strstr(map, UID_MAP_ALL);
}

static bool in_network6(const struct in6_addr *address, const struct in6_addr *network,
			unsigned prefix)
{
	unsigned whole = prefix / 8, rest = prefix % 8;
	unsigned difference = address->s6_addr[MIN(whole, 15)] ^ network->s6_addr[MIN(whole, 15)];

	return memcmp(address, network, whole) == 0 && (rest == 0 || difference >> (8 - rest) == 0);
}

/* --ip and --ip6 must be a host's of the bridge's networks, and not the bridge's own. */
static bool check_asked(const SpecNetwork *spec, const Bridge *bridge, GError **error)
{
	const char *name = bridge->link.name;
	g_autofree NetLeaseMap *map = g_new(NetLeaseMap, 1);
	struct in6_addr address6;
	struct in_addr address;

	net_lease_map_init(map, bridge->gateway, bridge->prefix);
	if (spec->ip && inet_pton(AF_INET, spec->ip, &address) == 1 &&
	    (!net_lease_map_holds(map, address) || address.s_addr == bridge->gateway.s_addr))
		return error_set(error, RLC_ERROR_USAGE,
				 "use --ip %s: it is not an address of a host on bridge '%s'",
				 spec->ip, name);
	if (!spec->ip6)
		return true;
	if (!bridge->ipv6)
		return error_set(error, RLC_ERROR_USAGE,
				 "use --ip6 %s: bridge '%s' has no IPv6 network", spec->ip6, name);
	if (inet_pton(AF_INET6, spec->ip6, &address6) == 1 &&
	    (!in_network6(&address6, &bridge->gateway6, bridge->prefix6) ||
	     memcmp(&address6, &bridge->gateway6, sizeof address6) == 0))
		return error_set(error, RLC_ERROR_USAGE,
				 "use --ip6 %s: it is not an address of a host on bridge '%s'",
				 spec->ip6, name);
	return true;
}

bool net_bridge_plan(const SpecNetwork *spec, NetPlan *net, GError **error)
{
	g_autoptr(Netlink) netlink = NULL;
	g_autoptr(GError) problem = NULL;
	Bridge bridge;
	bool found;

	if (geteuid() != 0) {
		error_set(error, RLC_ERROR_UNSUPPORTED, "use a bridge as user %u: it is the host's",
			  geteuid());
		return hint_add(error, HINT_BRIDGE_ROOT, NULL);
	}
	netlink = netlink_open(error);
	if (!netlink)
		return false;
	found = look(netlink, spec->bridge ? spec->bridge : NET_DOCKER_BRIDGE, &bridge, &problem);
	if (!found && spec->bridge &&
	    !(strcmp(spec->bridge, NET_MADE_BRIDGE) == 0 && error_is_errno(problem, ENODEV))) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	net->bridge = g_strdup(found ? bridge.link.name : NET_MADE_BRIDGE);
	net->bridge_ours = strcmp(net->bridge, NET_MADE_BRIDGE) == 0;
	if (net->bridge_ours && !spec->bridge)
		found = look(netlink, NET_MADE_BRIDGE, &bridge, NULL);
	return !found || check_asked(spec, &bridge, error);
}

/* --- name servers --- */

static NetResolv *read_resolv(const char *path)
{
	g_autofree char *text = fd_read_file(AT_FDCWD, path, RESOLV_CONF_MAX, NULL);

	return net_resolv_parse(text ? text : "");
}

/* Not of the host's loopback, and not of a link that the container does not have. */
static bool can_be_reached(const char *server)
{
	struct in6_addr address6;
	struct in_addr address;

	if (inet_pton(AF_INET, server, &address) == 1)
		return ntohl(address.s_addr) >> 24 != 127 && address.s_addr != 0;
	return inet_pton(AF_INET6, server, &address6) == 1 && !IN6_IS_ADDR_LOOPBACK(&address6) &&
	       !IN6_IS_ADDR_LINKLOCAL(&address6) && !IN6_IS_ADDR_UNSPECIFIED(&address6);
}

static void keep_reachable(GPtrArray *servers)
{
	for (guint i = servers->len; i > 0; i--) {
		if (!can_be_reached(servers->pdata[i - 1]))
			g_ptr_array_remove_index(servers, i - 1);
	}
}

char *net_bridge_resolv(const SpecNetwork *spec)
{
	g_autoptr(NetResolv) host = read_resolv(RESOLV_CONF);

	if (host->nameservers->len == 1 && strcmp(host->nameservers->pdata[0], "127.0.0.53") == 0) {
		g_autoptr(NetResolv) systemd = read_resolv(RESOLV_CONF_SYSTEMD);

		g_ptr_array_unref(host->nameservers);
		host->nameservers = g_ptr_array_ref(systemd->nameservers);
	}
	keep_reachable(host->nameservers);
	if (host->nameservers->len == 0 && spec->dns->len == 0)
		log_warn("network: no name server of this host can be reached from a bridge; name "
			 "one with --dns");
	return net_resolv_text(host, spec, NULL);
}

/* --- init --- */

static void set_sysctl(const char *path, const char *value)
{
	g_autoptr(GError) error = NULL;

	if (!fd_write_file(AT_FDCWD, path, value, &error))
		log_debug("network: %s", error->message);
}

/* eth0 will be born with these: no router but ours, and its coming is announced (RFC 5227, 2.3). */
bool net_bridge_child(Container *container, Netlink *netlink, GError **error)
{
	set_sysctl("/proc/sys/net/ipv6/conf/all/accept_ra", "0");
	set_sysctl("/proc/sys/net/ipv6/conf/default/accept_ra", "0");
	set_sysctl("/proc/sys/net/ipv6/conf/default/autoconf", "0");
	set_sysctl("/proc/sys/net/ipv6/conf/default/accept_redirects", "0");
	set_sysctl("/proc/sys/net/ipv6/conf/default/ndisc_notify", "1");
	set_sysctl("/proc/sys/net/ipv4/conf/default/arp_notify", "1");
	set_sysctl("/proc/sys/net/ipv4/conf/default/accept_redirects", "0");
	return sync_send(container->sync, SYNC_NETLINK, netlink_fd(netlink), error);
}

/* --- the lease --- */

/* One attempt to have an address. */
typedef struct {
	Container *container;
	Netlink *netlink;
	Bridge bridge;
	GArray *avoid; /* struct in_addr: others answered for them */
	int state_dir; /* of the container */
} Attempt;

static char *mac_text(const uint8_t mac[6])
{
	return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
			       mac[4], mac[5]);
}

static void mac_parse(const char *text, uint8_t mac[6])
{
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)g_ascii_strtoull(text + 3 * i, NULL, 16);
}

/*
 * The IPv6 address that goes with an IPv4 address: it is the network's with the IPv4 address in its
 * last bits.  Smaller networks have room for a part of it only; then its host part counts from the
 * end, as in IPv4.
 */
static struct in6_addr address6_for(const Bridge *bridge, struct in_addr address)
{
	struct in6_addr result = bridge->gateway6;
	uint32_t low = ntohl(address.s_addr);
	unsigned bits = 128 - bridge->prefix6;

	if (bits < 32)
		low = (uint32_t)(~(uint64_t)0 >> (64 - bits)) -
		      (~low & (~(uint32_t)0 >> MIN(bridge->prefix, 31)));
	for (unsigned bit = 0; bit < bits; bit++) {
		uint8_t *byte = &result.s6_addr[15 - bit / 8];
		bool set = bit < 32 && (low >> bit & 1);

		*byte = (uint8_t)((*byte & ~(1U << bit % 8)) | (unsigned)set << bit % 8);
	}
	return result;
}

/* What would be taken, from what was asked for and the address that is free. */
static void fill_lease(const Attempt *attempt, struct in_addr address, NetLease *lease)
{
	const SpecNetwork *spec = &attempt->container->plan->spec->rlc.network;
	const Bridge *bridge = &attempt->bridge;
	const uint8_t *ip = (const uint8_t *)&address;
	const uint8_t mac[6] = {MAC_FIRST, MAC_SECOND, ip[0], ip[1], ip[2], ip[3]};

	lease->address = address;
	lease->gateway = bridge->gateway;
	lease->prefix = bridge->prefix;
	lease->mtu = bridge->link.mtu;
	memcpy(lease->mac, mac, sizeof mac);
	if (spec->mac)
		mac_parse(spec->mac, lease->mac);
	lease->prefix6 = bridge->ipv6 ? bridge->prefix6 : 0;
	if (!bridge->ipv6)
		return;
	lease->gateway6 = bridge->gateway6;
	lease->address6 = address6_for(bridge, address);
	if (spec->ip6)
		inet_pton(AF_INET6, spec->ip6, &lease->address6);
}

static NetRecord record_of(const Container *container, const char *key)
{
	const NetLease *lease = &container->lease;
	const char *name = container->plan->spec->rlc.name;
	char address[INET6_ADDRSTRLEN];
	NetRecord record = {.key = g_strdup(key), .name = g_strdup(name ? name : "-")};

	record.address = g_strdup(inet_ntop(AF_INET, &lease->address, address, sizeof address));
	record.address6 =
		lease->prefix6
			? g_strdup(inet_ntop(AF_INET6, &lease->address6, address, sizeof address))
			: g_strdup("-");
	record.mac = mac_text(lease->mac);
	return record;
}

static void drop_all(const NetLeases *leases, const NetRecord *record, const char *id)
{
	net_lease_drop(leases, record->address, id);
	net_lease_drop(leases, record->address6, id);
	net_lease_drop(leases, record->mac, id);
}

/* All three or none. */
static bool take_all(const Attempt *attempt, const NetLeases *leases, GError **error)
{
	const char *id = attempt->container->plan->id;
	g_auto(NetRecord) record = record_of(attempt->container, leases->key);
	g_autofree char *holder = NULL;

	if (net_record_write(attempt->state_dir, &record, error) &&
	    net_lease_take(leases, record.address, id, &holder, error) &&
	    (record.address6[0] == '-' ||
	     net_lease_take(leases, record.address6, id, &holder, error)) &&
	    net_lease_take(leases, record.mac, id, &holder, error))
		return true;
	drop_all(leases, &record, id);
	return false;
}

static bool asked_exactly(const SpecNetwork *spec)
{
	return spec->ip || spec->ip6 || spec->mac;
}

/* The lock is held. Addresses whose IPv6 address or MAC somebody asked for are passed over. */
static bool choose_and_take(Attempt *attempt, const NetLeases *leases, GError **error)
{
	const SpecNetwork *spec = &attempt->container->plan->spec->rlc.network;
	g_autofree NetLeaseMap *map = g_new(NetLeaseMap, 1);
	struct in_addr address;

	net_lease_map_init(map, attempt->bridge.gateway, attempt->bridge.prefix);
	net_lease_map_take(map, attempt->bridge.gateway);
	net_lease_mark(leases, map);
	for (guint i = 0; i < attempt->avoid->len; i++)
		net_lease_map_take(map, g_array_index(attempt->avoid, struct in_addr, i));
	for (;;) {
		g_autoptr(GError) problem = NULL;

		if (spec->ip)
			inet_pton(AF_INET, spec->ip, &address);
		else if (!net_lease_map_choose(map, &address, error))
			return false;
		fill_lease(attempt, address, &attempt->container->lease);
		if (take_all(attempt, leases, &problem))
			return true;
		if (asked_exactly(spec) || !g_error_matches(problem, RLC_ERROR, RLC_ERROR_EXISTS)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		net_lease_map_take(map, address);
	}
}

/* Make the bridge fit for its first container, and see what it is like. */
static bool prepare_bridge(Attempt *attempt, const NetLeases *leases, GError **error)
{
	const NetPlan *net = &attempt->container->plan->net;

	if (net_lease_none(leases) &&
	    !net_made_ensure(leases, attempt->netlink, net->bridge, net->host_nameservers, error))
		return false;
	return look(attempt->netlink, net->bridge, &attempt->bridge, error) &&
	       check_asked(&attempt->container->plan->spec->rlc.network, &attempt->bridge, error);
}

/* The name, and the socket on which the others' names are announced. */
static bool enter_name(Attempt *attempt, const NetLeases *leases, GError **error)
{
	Container *container = attempt->container;
	const Plan *plan = container->plan;
	g_auto(NetRecord) record = record_of(container, leases->key);
	g_autofree char *addresses = g_strdup(record.address);

	if (container->hosts_notify < 0) {
		container->hosts_notify = net_lease_listen(leases, plan->id, error);
		if (container->hosts_notify < 0)
			return false;
	}
	if (!plan->spec->rlc.name)
		return true;
	if (record.address6[0] != '-') {
		g_free(addresses);
		addresses = g_strconcat(record.address, " ", record.address6, NULL);
	}
	if (!net_lease_add_name(leases, plan->spec->rlc.name, plan->id, addresses, error))
		return false;
	net_lease_tell(leases);
	return true;
}

/* From here on the state directory says what has to be undone. */
static bool begin_record(Attempt *attempt, const char *key, GError **error)
{
	const NetRecord nothing = {(char *)key, (char *)"-", (char *)"-", (char *)"-", (char *)"-"};
	Container *container = attempt->container;

	attempt->state_dir =
		open(container->plan->state_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (attempt->state_dir < 0)
		return error_errno(error, errno, "open '%s'", container->plan->state_dir);
	if (!net_record_write(attempt->state_dir, &nothing, error))
		return false;
	container->lease.record = g_strdup(key);
	g_snprintf(container->lease.link, sizeof container->lease.link, "rlc%.*s", LINK_DIGITS,
		   container->plan->id);
	return true;
}

static bool take_lease(Attempt *attempt, GError **error)
{
	Container *container = attempt->container;
	NetLeases leases;
	bool ok;

	if (!net_lease_open(&leases, container->plan->state_root, container->lease.record, true,
			    error))
		return false;
	ok = prepare_bridge(attempt, &leases, error) && choose_and_take(attempt, &leases, error);
	net_lease_close(&leases);
	return ok;
}

/* The probes of both addresses, without waiting. */
static bool ask(const Attempt *attempt, GError **error)
{
	const NetLease *lease = &attempt->container->lease;
	unsigned bridge = attempt->bridge.link.index;

	return net_probe_ask(attempt->netlink, bridge, AF_INET, &lease->address, error) &&
	       (!lease->prefix6 ||
		net_probe_ask(attempt->netlink, bridge, AF_INET6, &lease->address6, error));
}

static bool answered(const Attempt *attempt, uint8_t ret_mac[6])
{
	const NetLease *lease = &attempt->container->lease;
	unsigned bridge = attempt->bridge.link.index;
	bool v4, v6;

	if (net_probe_leads_out(attempt->bridge.link.name))
		net_probe_wait(attempt->netlink, bridge, AF_INET, &lease->address);
	v4 = net_probe_answered(attempt->netlink, bridge, AF_INET, &lease->address, ret_mac);
	v6 = !v4 && lease->prefix6 &&
	     net_probe_answered(attempt->netlink, bridge, AF_INET6, &lease->address6, ret_mac);
	return v4 || v6;
}

/* Somebody whom rlc does not know has the address: give it back and remember that. */
static bool avoid_address(Attempt *attempt, const uint8_t mac[6], GError **error)
{
	Container *container = attempt->container;
	const SpecNetwork *spec = &container->plan->spec->rlc.network;
	g_auto(NetRecord) record = record_of(container, container->lease.record);
	g_autofree char *who = mac_text(mac);
	NetLeases leases;

	log_debug("network: %s is in use by %s", record.address, who);
	if (spec->ip || spec->ip6)
		return error_set(error, RLC_ERROR_EXISTS,
				 "take %s: the host with MAC %s on bridge '%s' has it",
				 spec->ip ? spec->ip : spec->ip6, who, attempt->bridge.link.name);
	g_array_append_val(attempt->avoid, container->lease.address);
	if (!net_lease_open(&leases, container->plan->state_root, container->lease.record, true,
			    error))
		return false;
	drop_all(&leases, &record, container->plan->id);
	net_lease_close(&leases);
	return true;
}

/* Take addresses until nobody answers for one. While the answer may come, init gets on. */
static bool have_address(Attempt *attempt, Netlink **ret_inside, GError **error)
{
	g_autoptr(Netlink) inside = NULL;
	uint8_t mac[6];
	int fd = -1;

	for (;;) {
		if (!take_lease(attempt, error) || !ask(attempt, error))
			return false;
		if (!inside) {
			if (!sync_expect(attempt->container->sync, SYNC_NETLINK, &fd, error))
				return false;
			inside = netlink_from_fd(fd);
		}
		if (!answered(attempt, mac))
			break;
		if (!avoid_address(attempt, mac, error))
			return false;
	}
	*ret_inside = g_steal_pointer(&inside);
	return true;
}

/* --- the link --- */

/* A MAC that was asked for must not be one that the bridge knows already. */
static bool check_mac(const Attempt *attempt, GError **error)
{
	const char *mac = attempt->container->plan->spec->rlc.network.mac;

	if (!mac || !netlink_bridge_knows(attempt->netlink, attempt->bridge.link.index,
					  attempt->container->lease.mac))
		return true;
	return error_set(error, RLC_ERROR_EXISTS, "take MAC %s: another host on bridge '%s' has it",
			 mac, attempt->bridge.link.name);
}

/* The namespace is that of init's socket, so it is there whatever becomes of init meanwhile. */
static bool make_link(const Attempt *attempt, const Netlink *inside, GError **error)
{
	const NetLease *lease = &attempt->container->lease;
	g_autoptr(GError) problem = NULL;
	auto_fd netns = netlink_netns(inside, error);
	const NetlinkVeth veth = {
		.name = lease->link,
		.peer_name = NET_BRIDGE_LINK,
		.mac = host_mac,
		.peer_mac = lease->mac,
		.mtu = lease->mtu,
		.master = attempt->bridge.link.index,
		.peer_netns = netns,
	};

	if (netns < 0)
		return false;
	if (netlink_veth_add(attempt->netlink, &veth, &problem))
		return true;
	/* that of the container's last life, in whose network another one still is */
	if (error_is_errno(problem, EEXIST))
		return netlink_link_delete(attempt->netlink, lease->link, error) &&
		       netlink_veth_add(attempt->netlink, &veth, error);
	if (error_is_errno(problem, EXFULL))
		hint_add(&problem, HINT_BRIDGE_FULL, attempt->bridge.link.name);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* The link-local address that the kernel would make of the MAC: RFC 4291, appendix A. */
static struct in6_addr link_local(const uint8_t mac[6])
{
	return (struct in6_addr){.s6_addr = {0xfe, 0x80, [8] = (uint8_t)(mac[0] ^ 2), mac[1],
					     mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}};
}

static bool add_addresses(Netlink *inside, unsigned index, const NetLease *lease, GError **error)
{
	const struct in6_addr local = link_local(lease->mac);

	if (!netlink_address_add(inside, index, AF_INET, &lease->address, lease->prefix, error))
		return false;
	return !lease->prefix6 ||
	       (netlink_link_no_addr_gen(inside, index, error) &&
		netlink_address_add(inside, index, AF_INET6, &local, 64, error) &&
		netlink_address_add(inside, index, AF_INET6, &lease->address6, lease->prefix6,
				    error));
}

/* The address comes first: the link's coming up is what announces it. */
static bool configure(Netlink *inside, const NetLease *lease, GError **error)
{
	NetlinkLink eth0;

	if (!netlink_link_get(inside, NET_BRIDGE_LINK, &eth0, error) ||
	    !add_addresses(inside, eth0.index, lease, error) ||
	    !netlink_link_up(inside, eth0.index, 0, error) ||
	    !netlink_route_default(inside, eth0.index, AF_INET, &lease->gateway, error))
		return false;
	return !lease->prefix6 ||
	       netlink_route_default(inside, eth0.index, AF_INET6, &lease->gateway6, error);
}

/* --- names --- */

/* "host-gateway" of --add-host is known only now. */
static char *replace_host_gateway(const char *hosts, const NetLease *lease)
{
	g_auto(GStrv) lines = g_strsplit(hosts, "\n", -1);
	char gateway[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &lease->gateway, gateway, sizeof gateway);
	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, HOST_GATEWAY "\t")) {
			char *new = g_strconcat(gateway, *line + strlen(HOST_GATEWAY), NULL);

			g_free(*line);
			*line = new;
		}
	}
	return g_strjoinv("\n", lines);
}

static void add_own_lines(const Container *container, GString *text)
{
	g_auto(NetRecord) record = record_of(container, "");
	const char *hostname = container->plan->names.hostname;
	const char *name = container->plan->spec->rlc.name;
	g_autofree char *names = name && strcmp(name, hostname) != 0
					 ? g_strconcat(hostname, " ", name, NULL)
					 : g_strdup(hostname);

	g_string_append_printf(text, "%s\t%s\n", record.address, names);
	if (record.address6[0] != '-')
		g_string_append_printf(text, "%s\t%s\n", record.address6, names);
}

static bool write_hosts(const Container *container, int names, GError **error)
{
	g_autofree char *planned =
		replace_host_gateway(container->plan->names.hosts, &container->lease);
	g_autoptr(GString) text = g_string_new(planned);

	add_own_lines(container, text);
	net_lease_hosts(names, container->plan->id, text);
	if (pwrite(container->hosts, text->str, text->len, 0) != (ssize_t)text->len ||
	    ftruncate(container->hosts, (off_t)text->len) < 0)
		return error_errno(error, errno, "write the container's /etc/hosts");
	return true;
}

static int open_names(const Container *container)
{
	g_autofree char *path = g_build_filename(container->plan->state_root, "networks",
						 container->lease.record, "names", NULL);

	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void net_bridge_names_changed(Container *container)
{
	g_autoptr(GError) error = NULL;
	auto_fd names = open_names(container);
	char byte;

	while (recv(container->hosts_notify, &byte, 1, 0) > 0)
		;
	if (names >= 0 && !write_hosts(container, names, &error))
		log_debug("network: %s", error->message);
}

/* Whoever enters the bridge later tells; whoever did before is read here. */
static bool provide_names(Attempt *attempt, GError **error)
{
	Container *container = attempt->container;
	NetLeases leases;
	bool ok;

	if (!sync_expect(container->sync, SYNC_HOSTS, &container->hosts, error) ||
	    !net_lease_open(&leases, container->plan->state_root, container->lease.record, true,
			    error))
		return false;
	ok = enter_name(attempt, &leases, error) && write_hosts(container, leases.names, error);
	net_lease_close(&leases);
	return ok;
}

/* --- the supervisor --- */

static bool connect_container(Attempt *attempt, GError **error)
{
	g_autofree char *key = net_lease_key(attempt->container->plan->net.bridge);
	g_autoptr(Netlink) inside = NULL;

	return begin_record(attempt, key, error) && have_address(attempt, &inside, error) &&
	       check_mac(attempt, error) && make_link(attempt, inside, error) &&
	       configure(inside, &attempt->container->lease, error) &&
	       provide_names(attempt, error);
}

bool net_bridge_parent(Container *container, GError **error)
{
	g_autoptr(Netlink) netlink = netlink_open(error);
	g_autoptr(GArray) avoid = g_array_new(FALSE, FALSE, sizeof(struct in_addr));
	Attempt attempt = {
		.container = container, .netlink = netlink, .avoid = avoid, .state_dir = -1};
	bool ok = netlink && connect_container(&attempt, error);

	fd_close(&attempt.state_dir);
	return ok;
}

/* Has nobody the bridge any more? Then what was made for it goes. */
static void give_back(NetLeases *leases, const NetRecord *record, const char *id, Netlink *netlink)
{
	drop_all(leases, record, id);
	net_lease_drop_listener(leases, id);
	if (strcmp(record->name, "-") != 0) {
		net_lease_drop_name(leases, record->name, id);
		net_lease_tell(leases);
	}
	if (netlink && net_lease_none(leases))
		net_made_undo(leases, netlink);
}

/* In another network namespace only the lease can be given back: the rest is out of reach. */
static bool is_here(const char *key)
{
	g_autofree char *bridge = g_strndup(key, strcspn(key, "@"));
	g_autofree char *here = net_lease_key(bridge);

	return strcmp(key, here) == 0;
}

/*
 * The host's end comes off the bridge at once, so that nobody answers for the address any more. The
 * veth pair itself goes with the container's network namespace, which the kernel takes apart when
 * it has the time; to delete it here would be to wait for that.
 */
static void detach(Netlink *netlink, const char *id)
{
	g_autofree char *link = g_strdup_printf("rlc%.*s", LINK_DIGITS, id);
	g_autoptr(GError) error = NULL;

	if (!netlink_link_detach(netlink, link, &error))
		log_warn("network: %s", error->message);
}

void net_bridge_release(const char *state_root, int container_dir, const char *id)
{
	g_autoptr(Netlink) netlink = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(NetRecord) record = {0};
	NetLeases leases;

	if (!net_record_read(container_dir, &record)) {
		net_record_remove(container_dir);
		return;
	}
	if (is_here(record.key))
		netlink = netlink_open(&error);
	if (netlink)
		detach(netlink, id);
	else if (error)
		log_warn("network: %s", error->message);
	if (net_lease_open(&leases, state_root, record.key, false, NULL)) {
		give_back(&leases, &record, id, netlink);
		net_lease_close(&leases);
	}
	net_record_remove(container_dir);
}

void net_bridge_cleanup(Container *container)
{
	const Plan *plan = container->plan;
	auto_fd dir = -1;

	fd_close(&container->hosts);
	fd_close(&container->hosts_notify);
	if (!container->lease.record)
		return;
	dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0)
		net_bridge_release(plan->state_root, dir, plan->id);
	g_clear_pointer(&container->lease.record, g_free);
}

/* --- --explain --- */

void net_bridge_explain(const Plan *plan, GString *script)
{
	const char *bridge = plan->net.bridge;

	if (plan->net.bridge_ours)
		g_string_append_printf(
			script,
			"# If '%s' does not exist: RTM_NEWLINK, and rules through libnftables\n"
			"#   ip link add %s type bridge && ip address add 10.%d.0.1/16 dev %s\n"
			"#   ip link set %s up && sysctl -w net.ipv4.ip_forward=1\n"
			"#   nft add rule … ip saddr 10.%d.0.0/16 oifname != %s masquerade\n",
			bridge, bridge, 201, bridge, bridge, 201, bridge);
	g_string_append_printf(
		script,
		"# A free address: symlink(\"…/networks/%s@NETNS/leases/ADDRESS\"), then ARP and "
		"NDP probes\n"
		"#   arping -D -I %s ADDRESS\n"
		"# RTM_NEWLINK: a veth pair, one end in init's network namespace\n"
		"#   ip link add rlc%.*s mtu MTU master %s up type veth peer name %s netns "
		"\"$pid\"\n"
		"# RTM_NEWADDR, RTM_NEWROUTE on a socket that init opened inside\n"
		"#   nsenter -t \"$pid\" -n sh -c 'ip address add ADDRESS/PREFIX dev %s\n"
		"#     ip link set %s up; ip route add default via GATEWAY'\n",
		bridge, bridge, LINK_DIGITS, plan->id, bridge, NET_BRIDGE_LINK, NET_BRIDGE_LINK,
		NET_BRIDGE_LINK);
}

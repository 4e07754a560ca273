/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/net_bridge.h"
#include "feature/net_diag.h"
#include "feature/net_dnat.h"
#include "feature/net_follow.h"
#include "feature/net_lane.h"
#include "feature/net_proxy.h"
#include "feature/net_publish.h"
#include "feature/net_resolv.h"
#include "feature/net_slirp.h"
#include "kernel/netlink.h"
#include "kernel/sync.h"

#define TUN_DEVICE   "/dev/net/tun"
#define CIDR_DEFAULT "10.0.2.0/24"
#define NETWORK6     "fd00::"
#define PREFIX6	     64
#define MTU_MIN	     576   /* RFC 791: what every IPv4 host must take */
#define MTU_MIN6     1280  /* RFC 8200: below it the kernel turns IPv6 off */
#define MTU_MAX	     65521 /* libslirp's limit */

/* Of the network: .2 the gateway, .3 the name server, .100 the container, as slirp has had them
 * ever. */
#define HOST_GATEWAY	2
#define HOST_NAMESERVER 3
#define HOST_ADDRESS	100

/* The network must hold .100, so a /25 is the smallest. */
#define PREFIX_MIN 8
#define PREFIX_MAX 25

/* --- the plan --- */

static bool refuse_cidr(const char *cidr, const char *why, GError **error)
{
	return error_set(error, RLC_ERROR_USAGE, "--network slirp:cidr=%s: %s", cidr, why);
}

/* "A.B.C.D/N" */
static bool parse_cidr(const char *cidr, struct in_addr *ret_network, unsigned *ret_prefix)
{
	g_auto(GStrv) parts = g_strsplit(cidr, "/", 2);
	guint64 prefix;

	if (!parts[0] || !parts[1] || inet_pton(AF_INET, parts[0], ret_network) != 1 ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 0, 32, &prefix, NULL))
		return false;
	*ret_prefix = (unsigned)prefix;
	return true;
}

static struct in_addr in_network(struct in_addr network, uint32_t host)
{
	return (struct in_addr){.s_addr = htonl(ntohl(network.s_addr) | host)};
}

static bool plan_ipv4(const char *cidr, NetPlan *net, GError **error)
{
	struct in_addr network;
	unsigned prefix;
	uint32_t first;

	if (!parse_cidr(cidr, &network, &prefix))
		return refuse_cidr(cidr, "not of the form A.B.C.D/N", error);
	if (prefix < PREFIX_MIN || prefix > PREFIX_MAX)
		return refuse_cidr(cidr, "the network must be a /8 to a /25", error);
	if (ntohl(network.s_addr) & ~(~(uint32_t)0 << (32 - prefix)))
		return refuse_cidr(cidr, "the bits after the prefix must be 0", error);
	first = ntohl(network.s_addr) >> 24;
	if (first == 0 || first == 127 || first >= 224)
		return refuse_cidr(cidr, "not a network of ordinary addresses", error);
	net->network = network;
	net->prefix = prefix;
	net->gateway = in_network(network, HOST_GATEWAY);
	net->nameserver = in_network(network, HOST_NAMESERVER);
	net->address = in_network(network, HOST_ADDRESS);
	return true;
}

static struct in6_addr in_network6(uint8_t host_high, uint8_t host_low)
{
	struct in6_addr address;

	inet_pton(AF_INET6, NETWORK6, &address);
	address.s6_addr[14] = host_high;
	address.s6_addr[15] = host_low;
	return address;
}

static void plan_ipv6(NetPlan *net)
{
	net->ipv6 = access("/proc/sys/net/ipv6", F_OK) == 0;
	if (!net->ipv6)
		log_debug("network: this kernel has no IPv6, so neither has the container");
	net->network6 = in_network6(0, 0);
	net->gateway6 = in_network6(0, HOST_GATEWAY);
	net->nameserver6 = in_network6(0, HOST_NAMESERVER);
	net->address6 = in_network6(1, 0); /* fd00::100 */
}

static bool plan_mtu(const SpecNetwork *spec, NetPlan *net, GError **error)
{
	uint32_t least = net->ipv6 ? MTU_MIN6 : MTU_MIN;

	net->mtu = spec->mtu ? spec->mtu : NET_MTU_DEFAULT;
	if (net->mtu >= least && net->mtu <= MTU_MAX)
		return true;
	return error_set(error, RLC_ERROR_USAGE,
			 "--network slirp:mtu=%u: must be between %u and %u%s", net->mtu, least,
			 MTU_MAX, net->ipv6 ? " (or from 576 with ipv6=false)" : "");
}

/* The hint that fits a failure to open or use /dev/net/tun; the error is set already. */
static bool tun_hint(int errno_value, GError **error)
{
	switch (errno_value) {
	case ENOENT:
	case ENOTDIR:
		return hint_add(error, HINT_TUN_MISSING, NULL);
	case ENODEV:
	case ENXIO:
		return hint_add(error, HINT_TUN_MODULE, NULL);
	case EACCES:
	case EPERM:
		return hint_add(error, HINT_TUN_DENIED, NULL);
	default:
		return false;
	}
}

static bool open_tun(int *ret_fd, GError **error)
{
	int fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NOCTTY);
	int saved = errno;

	if (fd < 0) {
		error_errno(error, saved, "open '%s'", TUN_DEVICE);
		return tun_hint(saved, error);
	}
	*ret_fd = fd;
	return true;
}

static bool has_dns_flags(const SpecNetwork *spec)
{
	return spec->dns->len || spec->dns_search->len || spec->dns_options->len;
}

static void plan_resolv(const SpecNetwork *spec, const JoinPlan *join, NetPlan *net)
{
	g_autofree char *host_text = NULL;
	g_autoptr(NetResolv) host = net_follow_read(&host_text);
	char nameserver[INET_ADDRSTRLEN];

	net->host_nameservers = g_ptr_array_ref(host->nameservers);
	if (net->outlives) /* there /etc/resolv.conf is the caller's business */
		return;
	inet_ntop(AF_INET, &net->nameserver, nameserver, sizeof nameserver);
	if (spec->mode == NET_SLIRP)
		net->resolv_conf = net_resolv_text(host, spec, nameserver);
	else if (spec->mode == NET_BRIDGE)
		net->resolv_conf = net_bridge_resolv(spec);
	else if (has_dns_flags(spec))
		net->resolv_conf = net_resolv_text(host, spec, NULL);
	else if (spec->mode == NET_JOIN && join->container)
		net->resolv_conf = g_strdup(join->resolv_conf);
	else if (spec->mode == NET_HOST || spec->mode == NET_JOIN)
		net->resolv_conf = g_steal_pointer(&host_text);
	/* else none: no name server can be reached, and the image's file says so as well as any */
}

static bool plan_slirp(const SpecNetwork *spec, NetPlan *net, GError **error)
{
	auto_fd probe = -1;

	if (!plan_ipv4(spec->cidr ? spec->cidr : CIDR_DEFAULT, net, error))
		return false;
	if (spec->ipv6)
		plan_ipv6(net);
	net->host_loopback = spec->host_loopback;
	return plan_mtu(spec, net, error) && open_tun(&probe, error);
}

bool net_plan(const Spec *spec, Plan *plan, GError **error)
{
	const SpecNetwork *network = &spec->rlc.network;

	plan->net.mode = network->mode;
	if (network->mode == NET_HOST)
		plan->clone_flags &= ~(uint64_t)CLONE_NEWNET;
	if (network->mode == NET_SLIRP && !plan_slirp(network, &plan->net, error))
		return false;
	net_lane_plan(spec, &plan->net);
	if (network->mode == NET_BRIDGE && !net_bridge_plan(network, &plan->net, error))
		return false;
	plan->net.outlives = spec->rlc.oci;
	if (!plan->net.outlives || network->mode == NET_SLIRP)
		plan_resolv(network, plan->join, &plan->net);
	return true;
}

/* --- init --- */

/* Best effort: a host without IPv6, or with a read-only /proc/sys, is no reason to fail. */
static void set_sysctl(const char *path, const char *value)
{
	g_autoptr(GError) error = NULL;

	if (!fd_write_file(AT_FDCWD, path, value, &error))
		log_debug("network: %s", error->message);
}

/*
 * The inside numbers of the lowest and the highest group outside, since the kernel compares the
 * outside ones: then the range takes in every group of the map. user_namespaces(7), icmp(7)
 */
static char *ping_range(const char *gid_map)
{
	g_auto(GStrv) lines = g_strsplit(gid_map, "\n", -1);
	guint64 low = 0, high = 0, lowest = G_MAXUINT64, highest = 0;

	for (char **line = lines; *line; line++) {
		char *at = *line;
		guint64 inside = g_ascii_strtoull(at, &at, 10);
		guint64 outside = g_ascii_strtoull(at, &at, 10);
		guint64 count = g_ascii_strtoull(at, &at, 10);

		if (count == 0)
			continue;
		if (outside < lowest) {
			lowest = outside;
			low = inside;
		}
		if (outside + count - 1 >= highest) {
			highest = outside + count - 1;
			high = inside + count - 1;
		}
	}
	if (low > high) /* a map turned around: root's own group at least */
		low = high = 0;
	return g_strdup_printf("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, low,
			       MIN(high, (guint64)G_MAXINT32));
}

/* As docker does: payloads without privilege may ping, and bind low ports of their own network. */
static void loosen_sysctls(void)
{
	g_autofree char *map = fd_read_file(AT_FDCWD, "/proc/self/gid_map", 65536, NULL);
	g_autofree char *range = map ? ping_range(map) : NULL;

	if (range)
		set_sysctl("/proc/sys/net/ipv4/ping_group_range", range);
	set_sysctl("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
}

/*
 * Closing the last descriptor of a plain tap waits some 25 ms for the kernel; a persistent one is
 * left to the namespace's own clean-up, which nobody waits for.
 */
static bool make_tap(int *ret_tap, unsigned *ret_index, GError **error)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = NET_TAP};
	auto_fd tap = -1;

	if (!open_tun(&tap, error))
		return false;
	if (ioctl(tap, TUNSETIFF, &request) < 0) {
		int saved = errno;

		error_errno(error, saved, "make the tap '%s'", NET_TAP);
		return tun_hint(saved == EPERM ? 0 : saved, error);
	}
	if (ioctl(tap, TUNSETPERSIST, 1) < 0)
		return error_errno(error, errno, "keep the tap '%s'", NET_TAP);
	*ret_index = if_nametoindex(NET_TAP);
	if (*ret_index == 0)
		return error_errno(error, errno, "find the tap '%s'", NET_TAP);
	*ret_tap = fd_steal(&tap);
	return true;
}

/* Before the link is up: no address of the kernel's making, and none from router advertisements. */
static bool prepare_ipv6(Netlink *netlink, unsigned index, const NetPlan *net, GError **error)
{
	set_sysctl("/proc/sys/net/ipv6/conf/" NET_TAP "/disable_ipv6", net->ipv6 ? "0" : "1");
	if (!net->ipv6)
		return true;
	set_sysctl("/proc/sys/net/ipv6/conf/" NET_TAP "/accept_ra", "0");
	return netlink_link_no_addr_gen(netlink, index, error);
}

/*
 * The link-local address is ours as well: without one the kernel could not probe whether the
 * gateway is still there (RFC 4861, 7.2.2), and its own would be tentative for a second.
 */
static bool configure_ipv6(Netlink *netlink, unsigned index, const NetPlan *net, GError **error)
{
	struct in6_addr local = net->address6;

	memset(&local, 0, PREFIX6 / 8);
	local.s6_addr[0] = 0xfe;
	local.s6_addr[1] = 0x80;
	return netlink_address_add(netlink, index, AF_INET6, &local, PREFIX6, error) &&
	       netlink_address_add(netlink, index, AF_INET6, &net->address6, PREFIX6, error) &&
	       netlink_route_default(netlink, index, AF_INET6, &net->gateway6, error);
}

static bool configure_tap(Netlink *netlink, unsigned index, const NetPlan *net, GError **error)
{
	if (!prepare_ipv6(netlink, index, net, error) ||
	    !netlink_link_up(netlink, index, net->mtu, error) ||
	    !netlink_address_add(netlink, index, AF_INET, &net->address, net->prefix, error) ||
	    !netlink_route_default(netlink, index, AF_INET, &net->gateway, error))
		return false;
	return !net->ipv6 || configure_ipv6(netlink, index, net, error);
}

static bool send_diag(Container *container, GError **error)
{
	auto_fd diag = -1;

	if (!net_publish_wants_diag(&container->plan->net))
		return true;
	diag = net_diag_open(error);
	return diag >= 0 && sync_send(container->sync, SYNC_DIAG, diag, error);
}

bool net_child(Container *container, GError **error)
{
	const NetPlan *net = &container->plan->net;
	g_autoptr(Netlink) netlink = NULL;
	auto_fd tap = -1;
	unsigned index;

	if (net->mode == NET_HOST || net->mode == NET_JOIN)
		return true;
	netlink = netlink_open(error);
	if (!netlink || !netlink_link_up(netlink, NETLINK_LOOPBACK, 0, error))
		return false;
	if (!container->plan->spec->rlc.oci)
		loosen_sysctls();
	if (net->mode == NET_NONE)
		return true;
	if (net->mode == NET_BRIDGE)
		return net_bridge_child(container, netlink, error);
	return make_tap(&tap, &index, error) && configure_tap(netlink, index, net, error) &&
	       sync_send(container->sync, SYNC_TAP, tap, error) && send_diag(container, error) &&
	       net_lane_child(container, netlink, index, error);
}

bool net_child_wait(Container *container, GError **error)
{
	SpecNetMode mode = container->plan->net.mode;

	return (mode != NET_SLIRP && mode != NET_BRIDGE) ||
	       sync_expect(container->sync, SYNC_NET_UP, NULL, error);
}

/* --- the supervisor --- */

static bool start_process(Container *container, GError **error)
{
	Sync ours = {.fd = -1}, theirs = {.fd = -1};
	pid_t pid;

	if (!sync_pair(&ours, &theirs, error))
		return false;
	container->net_control = fd_steal(&ours.fd);
	pid = fork();
	if (pid == 0 && container->plan->net.mode == NET_BRIDGE)
		net_proxy_main(&container->plan->net, &container->lease, &theirs);
	if (pid == 0)
		net_slirp_main(&container->plan->net, &theirs);
	sync_close(&theirs);
	if (pid < 0)
		return error_errno(error, errno, "start the net process");
	container->net_pid = pid;
	container->net_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (container->net_pidfd < 0)
		return error_errno(error, errno, "watch the net process");
	return true;
}

/* If init is gone, the next message expected of it tells why. */
static bool tell_init(Container *container, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (sync_send(container->sync, SYNC_NET_UP, -1, &problem) || error_is_errno(problem, EPIPE))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* The process takes the ports of the host first, so that nobody else's are translated. */
static bool publish_on_bridge(Container *container, GError **error)
{
	const Plan *plan = container->plan;
	Sync control;

	if (!plan->net.publish)
		return true;
	if (!start_process(container, error))
		return false;
	control = (Sync){.fd = container->net_control};
	return sync_expect(&control, SYNC_NET_UP, NULL, error) &&
	       net_dnat_add(plan, &container->lease, error);
}

static bool pass_diag(Container *container, Sync *control, GError **error)
{
	auto_fd diag = -1;

	return !net_publish_wants_diag(&container->plan->net) ||
	       (sync_expect(container->sync, SYNC_DIAG, &diag, error) &&
		sync_send(control, SYNC_DIAG, diag, error));
}

/* It has no supervisor whose end would be its own. */
static bool pass_init(const Container *container, Sync *control, GError **error)
{
	return !container->plan->net.outlives ||
	       sync_send(control, SYNC_WATCH, container->init_pidfd, error);
}

bool net_parent(Container *container, GError **error)
{
	Sync control;
	auto_fd tap = -1;

	if (container->plan->net.mode == NET_BRIDGE)
		return net_bridge_parent(container, error) && publish_on_bridge(container, error) &&
		       tell_init(container, error);
	if (container->plan->net.mode != NET_SLIRP)
		return true;
	/* it closes its sandbox while init makes the tap */
	if (!start_process(container, error))
		return false;
	control = (Sync){.fd = container->net_control};
	return sync_expect(container->sync, SYNC_TAP, &tap, error) &&
	       sync_send(&control, SYNC_TAP, tap, error) && pass_diag(container, &control, error) &&
	       pass_init(container, &control, error) &&
	       net_lane_parent(container, &control, error) &&
	       sync_expect(&control, SYNC_NET_UP, NULL, error) && tell_init(container, error);
}

void net_let_go(Container *container)
{
	container->net_pid = 0;
}

void net_cleanup(Container *container)
{
	net_dnat_cleanup(container); /* before the address can be another's */
	net_bridge_cleanup(container);
	fd_close(&container->net_control);
	if (container->net_pid > 0) {
		kill(container->net_pid, SIGKILL); /* ours and not yet reaped: the pid is certain */
		TEMP_FAILURE_RETRY(waitpid(container->net_pid, NULL, 0));
	}
	container->net_pid = 0;
	fd_close(&container->net_pidfd);
}

/* --- --explain --- */

static void explain_tap(const NetPlan *net, GString *script)
{
	char address[INET6_ADDRSTRLEN], gateway[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET, &net->address, address, sizeof address);
	inet_ntop(AF_INET, &net->gateway, gateway, sizeof gateway);
	g_string_append_printf(script,
			       "# open(\"%s\"), ioctl(TUNSETIFF, TUNSETPERSIST)\n"
			       "ip tuntap add dev %s mode tap\n"
			       "ip link set %s addrgenmode none mtu %u up\n"
			       "ip address add %s/%u dev %s\n"
			       "ip route add default via %s\n",
			       TUN_DEVICE, NET_TAP, NET_TAP, net->mtu, address, net->prefix,
			       NET_TAP, gateway);
	if (!net->ipv6)
		return;
	inet_ntop(AF_INET6, &net->address6, address, sizeof address);
	inet_ntop(AF_INET6, &net->gateway6, gateway, sizeof gateway);
	g_string_append_printf(script,
			       "ip address add fe80::100/64 dev %s nodad\n"
			       "ip address add %s/%u dev %s nodad\n"
			       "ip -6 route add default via %s dev %s\n",
			       NET_TAP, address, PREFIX6, NET_TAP, gateway, NET_TAP);
}

void net_explain(const Plan *plan, GString *script)
{
	if (plan->net.mode == NET_HOST) {
		g_string_append(script, "# the network is the host's own: nothing to set up\n");
		return;
	}
	if (plan->net.mode == NET_JOIN) {
		g_string_append(script, "# the network is joined as it is: nothing to set up\n");
		return;
	}
	g_string_append(script, "# rtnetlink: RTM_NEWLINK, IFF_UP\n"
				"ip link set lo up\n");
	if (plan->net.mode == NET_SLIRP)
		explain_tap(&plan->net, script);
}

void net_parent_explain(const Plan *plan, GString *script)
{
	if (plan->net.mode == NET_BRIDGE)
		net_bridge_explain(plan, script);
	if (plan->net.mode == NET_SLIRP)
		g_string_append(
			script,
			"# fork(): the net process, libslirp between the tap and the host's "
			"sockets;\n"
			"# own user and mount namespace, empty root, no capabilities, seccomp "
			"filter.\n"
			"# By hand: slirp4netns --enable-ipv6 $init_pid " NET_TAP " &\n");
	net_publish_explain(plan, script);
}

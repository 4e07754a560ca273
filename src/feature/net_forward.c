/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * TCP goes by the express lane (net_inward.h) where there is one.  Else it is libslirp's: it
 * accepts, and opens a connection to the container in the peer's name.  On a bridge it is a relay's
 * (net_relay.h), for the container can be reached by a plain connect(2).
 *
 * libslirp accepts before it knows whether the container will.  So a program that tries "localhost"
 * over IPv6 first would find a connection that breaks, not one that is refused, and never try IPv4,
 * where most payloads listen.  So before libslirp may accept on IPv6, sock_diag(7) is asked whether
 * anybody listens there.  If not, but over IPv4, the connection is relayed to a forward of
 * libslirp's to IPv4, which listens on a Unix socket in this process's empty root.
 *
 * UDP is not left to libslirp, which cannot answer a peer on the host's loopback while the way to
 * it is closed, and knows the port that it answers from by the container's port alone.  Here a peer
 * and the socket it wrote to make a flow; the flow has a name inside, the address and port that the
 * container sees as the sender.  Mostly that is the peer's own:
 *
 *     peer P:p ──► socket ──► flow ──► frame P:p → container:port ──► tap
 *     peer P:p ◄── socket ◄── flow ◄── frame container:port → P:p ◄── tap
 *
 * A peer that cannot be named inside becomes the gateway with the peer's port, or the next one that
 * no other flow has.  An answer leaves from the address that the peer wrote to, which on a host
 * with several is not the one that the kernel would choose.
 *
 * On a bridge a flow has a socket that is connected to the container in the place of a name.  A
 * container that does not listen on IPv6 refuses there; then the flow goes on to its IPv4 address.
 */
#include "feature/net_forward.h"

#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "feature/net_diag.h"
#include "feature/net_flows.h"
#include "feature/net_inward.h"
#include "feature/net_peer.h"
#include "feature/net_publish.h"
#include "feature/net_relay.h"

#define BACKLOG	  128
#define BATCH	  32
#define FLOWS_MAX 4096
#define FLOW_LIFE (180 * G_USEC_PER_SEC)

/* Connections that are relayed, of a port; each takes two descriptors. */
#define STREAMS_MAX  3000
#define FILES_STREAM 2

/* On a bridge, of the limit of open files: what flows may have of it, and what is not for peers */
#define FLOWS_PART   8
#define FILES_OTHERS 32

/* How many ports are tried to give a peer behind the gateway a name of its own. */
#define NAMES_MAX 64

typedef struct {
	const PublishPlan *publish;
	int fd;
	GSource *watch;
	NetServers inside; /* bridge: where the container may listen */
	NetRelay *relay;   /* bridge, TCP: has fd */
} ForwardSocket;

/* slirp mode: a TCP port, at which libslirp listens. */
typedef struct {
	const PublishPlan *publish;
	NetServers inside; /* of IPv6, one: libslirp's forward to IPv4 */
	NetRelay *relay;
} Listener;

/* Who a peer is for the container. Hashed as bytes: no padding, unused ones 0. */
typedef struct {
	NetAddress address;
	uint16_t peer_port, port; /* host order */
	uint32_t family;
} FlowName;

/* Who a peer is. Hashed as bytes too. */
typedef struct {
	NetAddress address;
	uint32_t scope;	   /* of a link-local address */
	uint16_t port;	   /* host order */
	uint16_t unused;   /* 0 */
	uint32_t socket;   /* index of the socket that it wrote to */
	NetAddress answer; /* our address that it wrote to */
} FlowPeer;

typedef struct {
	FlowName name;
	FlowPeer peer;
	NetFlow age; /* in forward->flows */
	/* bridge */
	NetForward *forward;
	int fd; /* connected to inside.servers[server] of the socket; -1: none */
	GSource *watch;
	unsigned server;
	bool answered;
} Flow;

struct NetForward {
	NetLoop *loop;
	const NetPlan *plan;
	const NetLease *lease; /* NULL: slirp mode */
	GPtrArray *sockets;    /* of ForwardSocket *: UDP, on a bridge TCP too */
	GHashTable *ports;     /* of Listener *, by libslirp's descriptor */
	guint listeners;       /* libslirp's */
	NetInward *inward;     /* NULL: no lane, libslirp accepts */
	int diag;	       /* net_diag.h, of the container; -1: none */
	GHashTable *by_name, *by_peer;
	NetFlows flows;
};

/* Where what arrives is read to, one at a time. Not on the heap: a page is taken when it is used.
 */
static uint8_t arrived[NET_FRAME_MAX];

/* --- sockets --- */

/*
 * libslirp listens with a backlog of 1.  Its socket is the lowest free descriptor, as socket(2) has
 * it; another listen(2) changes the backlog.
 */
static bool open_tcp(NetForward *forward, const PublishPlan *publish, Slirp *slirp, GError **error)
{
	struct sockaddr_in inside4 = {.sin_family = AF_INET,
				      .sin_port = htons(publish->port),
				      .sin_addr = forward->plan->address};
	struct sockaddr_in6 inside6 = {.sin6_family = AF_INET6,
				       .sin6_port = htons(publish->port),
				       .sin6_addr = forward->plan->address6};
	bool is4 = publish->family == AF_INET;
	struct sockaddr_storage host;
	Listener *listener;
	socklen_t length = net_publish_sockaddr(publish, &host);
	int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (next < 0)
		return net_publish_refused(publish, errno, error);
	close(next);
	if (net_libslirp.add_hostxfwd(
		    slirp, (struct sockaddr *)&host, length,
		    is4 ? (struct sockaddr *)&inside4 : (struct sockaddr *)&inside6,
		    is4 ? sizeof inside4 : sizeof inside6, is4 ? 0 : SLIRP_HOSTFWD_V6ONLY) < 0 ||
	    listen(next, BACKLOG) < 0 || fcntl(next, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return net_publish_refused(publish, errno, error);
	forward->listeners++;
	listener = g_new0(Listener, 1);
	listener->publish = publish;
	g_hash_table_insert(forward->ports, GINT_TO_POINTER(next), listener);
	return true;
}

static void listener_free(gpointer data)
{
	Listener *listener = data;

	net_relay_free(listener->relay);
	g_free(listener);
}

static bool open_inside(const NetForward *forward, Slirp *slirp, int fd, Listener *listener)
{
	struct sockaddr_in inside = {.sin_family = AF_INET,
				     .sin_port = htons(listener->publish->port),
				     .sin_addr = forward->plan->address};
	struct sockaddr_un outside = {.sun_family = AF_UNIX};
	NetServer *server = &listener->inside.servers[0];
	int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	g_snprintf(outside.sun_path, sizeof outside.sun_path, "/port-%d", fd);
	memcpy(&server->address, &outside, sizeof outside);
	server->length = sizeof outside;
	listener->inside.count = 1;
	if (next < 0)
		return false;
	close(next);
	return net_libslirp.add_hostxfwd(slirp, (struct sockaddr *)&outside, sizeof outside,
					 (struct sockaddr *)&inside, sizeof inside, 0) == 0 &&
	       listen(next, BACKLOG) == 0;
}

bool net_forward_open_inside(NetForward *forward, Slirp *slirp, GError **error)
{
	static const NetRelayLimits limits = {.streams = STREAMS_MAX};
	GHashTableIter each;
	gpointer fd, data;

	g_hash_table_iter_init(&each, forward->ports);
	while (g_hash_table_iter_next(&each, &fd, &data)) {
		Listener *listener = data;

		if (listener->publish->family == AF_INET)
			continue;
		if (!open_inside(forward, slirp, GPOINTER_TO_INT(fd), listener))
			return error_errno(error, errno, "lead port %u from IPv6 to IPv4",
					   listener->publish->port);
		forward->listeners++;
		listener->relay = net_relay_new(forward->loop, &listener->inside, -1, limits);
	}
	return true;
}

guint net_forward_listeners(const NetForward *forward)
{
	return forward->listeners;
}

int *net_forward_diag(NetForward *forward)
{
	return &forward->diag;
}

/* libslirp would accept, and break the connection, where only IPv4 is listened on. */
static bool is_for_ipv4(const NetForward *forward, const Listener *listener)
{
	uint16_t port = listener->publish->port;

	return listener->relay && !net_diag_listens(forward->diag, AF_INET6, port, true) &&
	       net_diag_listens(forward->diag, AF_INET, port, false);
}

bool net_forward_take_over(NetForward *forward, int fd)
{
	Listener *listener = g_hash_table_lookup(forward->ports, GINT_TO_POINTER(fd));

	if (!listener || (!forward->inward && !is_for_ipv4(forward, listener)))
		return false;
	for (;;) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client < 0)
			return true;
		if (forward->inward)
			net_inward_take(forward->inward, client, listener->publish);
		else
			net_relay_take(listener->relay, client);
	}
}

static ForwardSocket *socket_add(NetForward *forward, const PublishPlan *publish, int fd)
{
	ForwardSocket *entry = g_new0(ForwardSocket, 1);

	entry->publish = publish;
	entry->fd = fd;
	g_ptr_array_add(forward->sockets, entry);
	return entry;
}

static void socket_free(gpointer data)
{
	ForwardSocket *entry = data;

	net_loop_unwatch(&entry->watch);
	net_relay_free(entry->relay);
	fd_close(&entry->fd);
	g_free(entry);
}

static ForwardSocket *socket_at(const NetForward *forward, guint i)
{
	return g_ptr_array_index(forward->sockets, i);
}

/* Whoever answers shall do so from the address that was written to: ip(7), ipv6(7) */
static bool want_answer_address(int fd, int family)
{
	static const int yes = 1;

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &yes, sizeof yes) == 0;
}

static bool open_udp(NetForward *forward, const PublishPlan *publish, GError **error)
{
	auto_fd fd = net_publish_bind(publish, false, error);

	if (fd < 0)
		return false;
	if (!want_answer_address(fd, publish->family))
		return net_publish_refused(publish, errno, error);
	socket_add(forward, publish, fd_steal(&fd));
	return true;
}

static guint name_hash(gconstpointer key)
{
	return net_peer_hash(key, sizeof(FlowName));
}

static gboolean name_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(FlowName)) == 0;
}

static guint peer_hash(gconstpointer key)
{
	return net_peer_hash(key, sizeof(FlowPeer));
}

static gboolean peer_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(FlowPeer)) == 0;
}

static NetForward *forward_new(NetLoop *loop, const NetPlan *plan)
{
	NetForward *forward = g_new0(NetForward, 1);

	forward->loop = loop;
	forward->plan = plan;
	forward->sockets = g_ptr_array_new_with_free_func(socket_free);
	forward->by_name = g_hash_table_new(name_hash, name_equal);
	forward->by_peer = g_hash_table_new(peer_hash, peer_equal);
	net_flows_init(&forward->flows, FLOWS_MAX, FLOW_LIFE);
	forward->diag = -1;
	forward->ports = g_hash_table_new_full(NULL, NULL, NULL, listener_free);
	return forward;
}

NetForward *net_forward_open(NetLoop *loop, const NetPlan *plan, Slirp *slirp, GError **error)
{
	NetForward *forward = forward_new(loop, plan);

	for (guint i = 0; plan->publish && i < plan->publish->len; i++) {
		const PublishPlan *publish = &g_array_index(plan->publish, PublishPlan, i);

		if (publish->protocol == IPPROTO_UDP ? open_udp(forward, publish, error)
						     : open_tcp(forward, publish, slirp, error))
			continue;
		net_forward_free(forward);
		return NULL;
	}
	return forward;
}

/* --- on a bridge --- */

static void add_server(NetServers *servers, int family, const void *address, uint16_t port)
{
	NetServer *server = &servers->servers[servers->count++];
	NetAddress at = {0};

	memcpy(&at, address, family == AF_INET ? sizeof at.v4 : sizeof at.v6);
	server->length = net_peer_write(family, &at, port, &server->address);
}

/* The peer's own family first. */
static void fill_inside(const NetLease *lease, const PublishPlan *publish, NetServers *ret_inside)
{
	if (publish->family == AF_INET)
		add_server(ret_inside, AF_INET, &lease->address, publish->port);
	if (lease->prefix6)
		add_server(ret_inside, AF_INET6, &lease->address6, publish->port);
	if (publish->family == AF_INET6)
		add_server(ret_inside, AF_INET, &lease->address, publish->port);
}

static bool open_bridge(NetForward *forward, const PublishPlan *publish, GError **error)
{
	bool tcp = publish->protocol == IPPROTO_TCP;
	auto_fd fd = net_publish_bind(publish, tcp, error);
	ForwardSocket *entry;

	if (fd < 0)
		return false;
	if (tcp ? listen(fd, BACKLOG) < 0 : !want_answer_address(fd, publish->family))
		return net_publish_refused(publish, errno, error);
	entry = socket_add(forward, publish, fd_steal(&fd));
	fill_inside(forward->lease, publish, &entry->inside);
	return true;
}

NetForward *net_forward_open_bridge(NetLoop *loop, const NetPlan *plan, const NetLease *lease,
				    GError **error)
{
	NetForward *forward = forward_new(loop, plan);

	forward->lease = lease;
	for (guint i = 0; i < plan->publish->len; i++) {
		if (open_bridge(forward, &g_array_index(plan->publish, PublishPlan, i), error))
			continue;
		net_forward_free(forward);
		return NULL;
	}
	return forward;
}

/* --- flows --- */

static void flow_free(NetForward *forward, Flow *flow)
{
	if (!forward->lease)
		g_hash_table_remove(forward->by_name, &flow->name);
	g_hash_table_remove(forward->by_peer, &flow->peer);
	net_flows_remove(&forward->flows, &flow->age);
	net_loop_unwatch(&flow->watch);
	fd_close(&flow->fd);
	g_free(flow);
}

static bool flow_give_name(NetForward *forward, Flow *flow, const PublishPlan *publish)
{
	FlowName *name = &flow->name;

	name->family = (uint32_t)publish->family;
	name->port = publish->port;
	name->peer_port = flow->peer.port;
	name->address = flow->peer.address;
	net_peer_name(forward->plan, publish->family, &name->address);
	for (int i = 0; i < NAMES_MAX; i++) {
		if (name->peer_port != 0 && !g_hash_table_contains(forward->by_name, name))
			return true;
		name->peer_port++;
	}
	return false;
}

static void send_out(NetForward *forward, const Flow *flow, const uint8_t *data, size_t length);
static bool flow_connect(Flow *flow);

/* bridge: the server refuses; go on to the next. false if there is none. */
static bool flow_advance(Flow *flow)
{
	net_loop_unwatch(&flow->watch);
	fd_close(&flow->fd);
	flow->server++;
	return flow_connect(flow);
}

static gboolean flow_readable(gint fd, GIOCondition condition, gpointer data)
{
	Flow *flow = data;
	NetForward *forward = flow->forward;
	ssize_t n = recv(fd, arrived, sizeof arrived, 0);

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n < 0 && (flow->answered || !flow_advance(flow))) {
		flow_free(forward, flow);
		return G_SOURCE_REMOVE;
	}
	if (n < 0)
		return G_SOURCE_REMOVE; /* there is a new socket, with a watch of its own */
	flow->answered = true;
	net_flows_touch(&forward->flows, &flow->age);
	send_out(forward, flow, arrived, (size_t)n);
	return G_SOURCE_CONTINUE;
}

static bool flow_connect(Flow *flow)
{
	const NetServers *inside = &socket_at(flow->forward, flow->peer.socket)->inside;

	for (; flow->server < inside->count; flow->server++) {
		const NetServer *server = &inside->servers[flow->server];
		auto_fd fd = socket(server->address.ss_family,
				    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0 || connect(fd, (const void *)&server->address, server->length) < 0)
			continue;
		flow->fd = fd_steal(&fd);
		flow->watch = net_loop_watch(flow->forward->loop, flow->fd, flow_readable, flow);
		return true;
	}
	return false;
}

static bool flow_begin(NetForward *forward, Flow *flow)
{
	const PublishPlan *publish = socket_at(forward, flow->peer.socket)->publish;

	if (!forward->lease)
		return flow_give_name(forward, flow, publish);
	flow->name.family = (uint32_t)publish->family;
	return flow_connect(flow);
}

static Flow *flow_find(NetForward *forward, const FlowPeer *peer)
{
	Flow *flow = g_hash_table_lookup(forward->by_peer, peer);

	if (flow)
		return flow;
	while ((flow = net_flows_late(&forward->flows)))
		flow_free(forward, flow);
	flow = g_new0(Flow, 1);
	flow->forward = forward;
	flow->fd = -1;
	flow->peer = *peer;
	if (!flow_begin(forward, flow)) {
		g_free(flow);
		return NULL;
	}
	if (!forward->lease)
		g_hash_table_insert(forward->by_name, &flow->name, flow);
	g_hash_table_insert(forward->by_peer, &flow->peer, flow);
	net_flows_add(&forward->flows, &flow->age, flow);
	return flow;
}

/* --- in --- */

/* Which address of ours the datagram was sent to: ip(7), ipv6(7) */
static void take_answer(struct msghdr *header, FlowPeer *peer)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;

		if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(cmsg), sizeof v4);
			peer->answer.v4 = v4.ipi_spec_dst;
		} else if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(cmsg), sizeof v6);
			peer->answer.v6 = v6.ipi6_addr;
		}
	}
}

/* Length of a datagram in arrived, or -1. */
static ssize_t receive(int fd, FlowPeer *peer)
{
	NetMessage message;
	ssize_t n = net_peer_receive(fd, 0, arrived, sizeof arrived, &message);

	if (n < 0)
		return -1;
	net_peer_read(&message.peer, &peer->address, &peer->port);
	if (message.peer.ss_family == AF_INET6)
		peer->scope = ((struct sockaddr_in6 *)&message.peer)->sin6_scope_id;
	take_answer(&message.header, peer);
	return n;
}

/* bridge. The first datagram after a refusal learns of it, and is sent again. */
static void send_on(NetForward *forward, Flow *flow, size_t length)
{
	while (send(flow->fd, arrived, length, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED) {
		if (flow->answered || !flow_advance(flow)) {
			flow_free(forward, flow);
			return;
		}
	}
}

static void send_in(NetForward *forward, const Flow *flow, size_t length)
{
	NetLoop *loop = forward->loop;
	const NetPlan *plan = forward->plan;
	NetReturn back = {
		.mac_from = {0x52, 0x55}, /* as libslirp makes its gateway's, with the address */
		.family = (int)flow->name.family,
		.from = flow->name.address,
		.from_port = flow->name.peer_port,
		.to_port = flow->name.port,
	};

	memcpy(back.mac_to, loop->mac, sizeof back.mac_to);
	memcpy(back.mac_from + 2, &plan->gateway, sizeof plan->gateway);
	if (back.family == AF_INET)
		back.to.v4 = plan->address;
	else
		back.to.v6 = plan->address6;
	net_loop_send_udp(loop, &back, arrived, length);
}

static void take_datagram(NetForward *forward, const FlowPeer *peer, size_t length)
{
	Flow *flow = flow_find(forward, peer);

	if (!flow)
		return;
	net_flows_touch(&forward->flows, &flow->age);
	if (forward->lease)
		send_on(forward, flow, length);
	else
		send_in(forward, flow, length);
}

static gboolean socket_readable(gint fd, GIOCondition condition, gpointer data)
{
	NetForward *forward = data;
	guint at = 0;

	(void)condition;
	while (socket_at(forward, at)->fd != fd)
		at++;
	for (int i = 0; i < BATCH; i++) {
		FlowPeer peer = {.socket = at};
		ssize_t n = receive(fd, &peer);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n >= 0) /* else it is the echo of an answer that could not be delivered */
			take_datagram(forward, &peer, (size_t)n);
	}
	return G_SOURCE_CONTINUE;
}

/*
 * bridge: what is relayed never takes more descriptors than there are.  Else a connection that
 * cannot be accepted would be reported for ever.
 */
static unsigned share_files(NetForward *forward)
{
	rlim_t others = FILES_OTHERS + forward->sockets->len;
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	forward->flows.max = (guint)CLAMP(files.rlim_cur / FLOWS_PART, 1, FLOWS_MAX);
	others += forward->flows.max;
	return files.rlim_cur >= others + FILES_STREAM
		       ? (unsigned)(files.rlim_cur - others) / FILES_STREAM
		       : 1;
}

void net_forward_start(NetForward *forward, NetInward *inward)
{
	const NetRelayLimits limits = {.streams = STREAMS_MAX,
				       .all = forward->lease ? share_files(forward) : 0};

	forward->inward = inward;

	for (guint i = 0; i < forward->sockets->len; i++) {
		ForwardSocket *entry = socket_at(forward, i);

		if (entry->publish->protocol == IPPROTO_TCP)
			entry->relay = net_relay_new(forward->loop, &entry->inside,
						     fd_steal(&entry->fd), limits);
		else
			entry->watch =
				net_loop_watch(forward->loop, entry->fd, socket_readable, forward);
	}
}

/* --- out --- */

static socklen_t peer_sockaddr(const Flow *flow, struct sockaddr_storage *ret_address)
{
	socklen_t length = net_peer_write((int)flow->name.family, &flow->peer.address,
					  flow->peer.port, ret_address);

	if (flow->name.family == AF_INET6)
		((struct sockaddr_in6 *)ret_address)->sin6_scope_id = flow->peer.scope;
	return length;
}

/* The address to send from, as the only control message of header. */
static void put_answer(struct msghdr *header, const Flow *flow)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
	struct in_pktinfo v4 = {.ipi_spec_dst = flow->peer.answer.v4};
	struct in6_pktinfo v6 = {.ipi6_addr = flow->peer.answer.v6};
	bool is4 = flow->name.family == AF_INET;
	size_t size = is4 ? sizeof v4 : sizeof v6;

	cmsg->cmsg_level = is4 ? IPPROTO_IP : IPPROTO_IPV6;
	cmsg->cmsg_type = is4 ? IP_PKTINFO : IPV6_PKTINFO;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), is4 ? (void *)&v4 : (void *)&v6, size);
	header->msg_controllen = CMSG_SPACE(size);
}

static void send_out(NetForward *forward, const Flow *flow, const uint8_t *data, size_t length)
{
	int fd = socket_at(forward, flow->peer.socket)->fd;
	union {
		char buffer[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr align;
	} control = {0};
	struct sockaddr_storage to;
	struct iovec iov = {(void *)data, length};
	struct msghdr header = {
		.msg_name = &to,
		.msg_namelen = peer_sockaddr(flow, &to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof control.buffer,
	};

	put_answer(&header, flow);
	if (sendmsg(fd, &header, MSG_NOSIGNAL) < 0)
		log_debug("net: answer a datagram: %s", g_strerror(errno));
}

bool net_forward_answer(NetForward *forward, const NetPacket *packet)
{
	FlowName name = {.family = (uint32_t)packet->family,
			 .peer_port = packet->to_port,
			 .port = packet->from_port};
	const uint8_t *data;
	size_t length;
	Flow *flow;

	if (forward->flows.queue.length == 0 || packet->protocol != IPPROTO_UDP || packet->fragment)
		return false;
	if (packet->family == AF_INET)
		name.address.v4 = packet->to.v4;
	else
		name.address.v6 = packet->to.v6;
	flow = g_hash_table_lookup(forward->by_name, &name);
	if (!flow)
		return false;
	net_flows_touch(&forward->flows, &flow->age);
	data = net_frame_datagram(packet, &length);
	send_out(forward, flow, data, length);
	return true;
}

void net_forward_free(NetForward *forward)
{
	if (!forward)
		return;
	while (forward->flows.queue.head)
		flow_free(forward, forward->flows.queue.head->data);
	g_ptr_array_unref(forward->sockets);
	g_hash_table_unref(forward->ports);
	fd_close(&forward->diag);
	g_hash_table_unref(forward->by_name);
	g_hash_table_unref(forward->by_peer);
	g_free(forward);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A flow is one socket of the container's, by its address and port, and one socket of the host's,
 * which is connected to nobody: so the container has one name for all the world, and whoever learns
 * of it can answer, as with any translation that lets peers find each other (RFC 4787).
 *
 *     payload ─► tap ─► gate ─► flow ─► burst ─► sendmsg(2) ───► world
 *             ◄─ tap ◄───────── flow ◄───────── recvmsg(2) ◄──── datagrams
 *             ◄─ tap ◄── ICMP ── flow ◄── the socket's error queue ◄── ICMP
 *
 * A burst is what goes from one flow to one peer in a row, in datagrams of one size but the last:
 * the kernel is given it as one and takes it apart itself as late as it can (UDP_SEGMENT, udp(7)),
 * so that its way through the host's network is paid once.  It ends with the frames that are there
 * now: nothing waits for more.  In the same way the kernel gives us as one what came as one
 * (UDP_GRO).
 *
 * What a router or the peer has against a datagram comes by the error queue (IP_RECVERR, ip(7)),
 * with the name of who said so, and is told inside as it was said outside: a port that is closed
 * refuses, and traceroute sees the way.  Only that something is too big is not: the host's kernel
 * learns from it, and fragments.
 */
#include "feature/net_udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "feature/net_flows.h"
#include "feature/net_icmp.h"
#include "feature/net_peer.h"

#define FLOW_LIFE  (240 * G_USEC_PER_SEC) /* as libslirp's */
#define FLOWS_MAX  4096
#define FLOWS_PART 8 /* of the limit of open files */

/* As much as the host's net.core limits allow */
#define SOCKET_BUFFER (4 << 20)

/* So many flows' at once */
#define BURSTS 8

/* The kernel takes no more as one: udp(7). */
#define BURST_COUNT 64
#define BURST_BYTES 65000

/* Reads, and errors, of one flow in a row before others get their turn */
#define TURNS 16

/* What of a datagram the host's kernel gives back to say which one failed, at most */
#define QUOTED_MAX 512

#define TTL_DEFAULT 64 /* who says nothing of it has this: ip(7) */

/* Which flow; compared and hashed as bytes, so no byte is left unset. */
typedef struct {
	NetAddress from;
	uint32_t family, port;
} Key;

typedef struct {
	NetWatch watch; /* first: of the host's socket */
	NetUdp *udp;
	Key key;
	NetFlow age;	/* in udp->flows */
	NetReturn back; /* but from whom */
	bool single;	/* the host takes no bursts of its */
} Flow;

/* What is gathered to be sent as one. */
typedef struct {
	Flow *flow; /* NULL: nothing is */
	NetAddress to;
	uint16_t to_port;
	uint8_t ttl;
	size_t size; /* of each datagram but the last */
	size_t length;
	unsigned count;
	uint8_t data[NET_FRAME_MAX];
} Burst;

struct NetUdp {
	NetLoop *loop;
	const NetPlan *plan;
	NetEpoll *epoll;
	GHashTable *by_key;
	NetFlows flows;
	Burst bursts[BURSTS]; /* of a flow each; those that are in use first */
	uint8_t arrived[NET_FRAME_MAX];
};

static guint key_hash(gconstpointer key)
{
	return net_peer_hash(key, sizeof(Key));
}

static gboolean key_equal(gconstpointer one, gconstpointer other)
{
	return memcmp(one, other, sizeof(Key)) == 0;
}

static Key key_of(const NetPacket *packet)
{
	Key key;

	memset(&key, 0, sizeof key);
	key.from = packet->from;
	key.family = (uint32_t)packet->family;
	key.port = packet->from_port;
	return key;
}

/* --- in --- */

/* Does the container hear of this peer? The host's own programs have no business with it. */
static bool flow_hears(const Flow *flow, const NetAddress *from)
{
	if (flow->udp->plan->host_loopback)
		return true;
	return flow->back.family == AF_INET ? ntohl(from->v4.s_addr) >> 24 != 127
					    : !IN6_IS_ADDR_LOOPBACK(&from->v6);
}

/* What came as one: datagrams of this size, the last may be shorter. */
static void deliver(const Flow *flow, const struct sockaddr_storage *peer, size_t length,
		    size_t size)
{
	NetLoop *loop = flow->udp->loop;
	NetReturn back = flow->back;
	size_t at = 0;

	net_peer_read(peer, &back.from, &back.from_port);
	if (!flow_hears(flow, &back.from))
		return;
	net_peer_name(flow->udp->plan, back.family, &back.from);
	do {
		size_t part = MIN(size, length - at);

		net_loop_send_udp(loop, &back, flow->udp->arrived + at, part);
		at += part;
	} while (at < length);
}

static size_t size_of(struct msghdr *header, size_t length)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg))
		if (cmsg->cmsg_level == SOL_UDP && cmsg->cmsg_type == UDP_GRO) {
			int size;

			memcpy(&size, CMSG_DATA(cmsg), sizeof size);
			return size > 0 ? (size_t)size : length;
		}
	return length;
}

/* false: there is no more. */
static bool receive(Flow *flow)
{
	uint8_t *arrived = flow->udp->arrived;
	NetMessage message;
	ssize_t n = net_peer_receive(flow->watch.fd, 0, arrived, NET_FRAME_MAX, &message);

	if (n >= 0)
		deliver(flow, &message.peer, (size_t)n, size_of(&message.header, (size_t)n));
	return n >= 0;
}

/* --- errors --- */

/* What is quoted is the datagram as the container's kernel sent it, or as much as is known. */
static void tell(const Flow *flow, const NetAddress *to, uint16_t to_port, const NetAddress *router,
		 NetIcmp icmp, const uint8_t *data, size_t length)
{
	NetReturn out = {.family = flow->back.family,
			 .from = flow->back.to,
			 .from_port = flow->back.to_port,
			 .to = *to,
			 .to_port = to_port};
	uint8_t frame[ETH_HLEN + 40 + sizeof(struct udphdr) + QUOTED_MAX];

	length = net_frame_udp(&out, data, MIN(length, QUOTED_MAX), frame);
	net_icmp_tell(flow->udp->loop, flow->udp->plan, flow->back, router, icmp, frame + ETH_HLEN,
		      length - ETH_HLEN);
}

static bool is_told(const struct sock_extended_err *problem)
{
	if (problem->ee_origin == SO_EE_ORIGIN_ICMP)
		return (problem->ee_type == ICMP_DEST_UNREACH &&
			problem->ee_code != ICMP_FRAG_NEEDED) ||
		       problem->ee_type == ICMP_TIME_EXCEEDED ||
		       problem->ee_type == ICMP_PARAMETERPROB;
	return problem->ee_origin == SO_EE_ORIGIN_ICMP6 &&
	       (problem->ee_type == ICMP6_DST_UNREACH || problem->ee_type == ICMP6_TIME_EXCEEDED ||
		problem->ee_type == ICMP6_PARAM_PROB);
}

static void tell_as_said(const Flow *flow, const struct sockaddr_storage *to, struct cmsghdr *cmsg,
			 const uint8_t *data, size_t length)
{
	struct {
		struct sock_extended_err problem;
		struct sockaddr_storage offender;
	} said = {0};
	NetAddress peer = {0}, router = {0};
	uint16_t port, unused;

	memcpy(&said, CMSG_DATA(cmsg), MIN(sizeof said, cmsg->cmsg_len - CMSG_LEN(0)));
	if (!is_told(&said.problem))
		return;
	net_peer_read(to, &peer, &port);
	net_peer_read(&said.offender, &router, &unused);
	net_peer_name(flow->udp->plan, flow->back.family, &router);
	tell(flow, &peer, port, &router, (NetIcmp){said.problem.ee_type, said.problem.ee_code},
	     data, length);
}

static bool is_error(const struct cmsghdr *cmsg)
{
	return (cmsg->cmsg_level == SOL_IP && cmsg->cmsg_type == IP_RECVERR) ||
	       (cmsg->cmsg_level == SOL_IPV6 && cmsg->cmsg_type == IPV6_RECVERR);
}

/* Of the error queue. false: it is empty. */
static bool receive_error(const Flow *flow)
{
	uint8_t data[QUOTED_MAX];
	NetMessage message;
	struct msghdr *header = &message.header;
	ssize_t n = net_peer_receive(flow->watch.fd, MSG_ERRQUEUE, data, sizeof data, &message);

	if (n < 0)
		return false;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg))
		if (is_error(cmsg) && message.peer.ss_family == flow->back.family)
			tell_as_said(flow, &message.peer, cmsg, data, (size_t)n);
	return true;
}

static bool receive_errors(const Flow *flow)
{
	bool any = false;

	for (int i = 0; i < TURNS && receive_error(flow); i++)
		any = true;
	return any;
}

/* --- flows --- */

static void on_ready(NetWatch *watch, uint32_t events)
{
	Flow *flow = (Flow *)watch;

	net_flows_touch(&flow->udp->flows, &flow->age);
	if (events & EPOLLERR)
		receive_errors(flow);
	for (int i = 0; i < TURNS && receive(flow); i++)
		continue;
}

static void flow_free(Flow *flow)
{
	NetUdp *udp = flow->udp;

	net_udp_flush(udp);
	g_hash_table_remove(udp->by_key, &flow->key);
	net_flows_remove(&udp->flows, &flow->age);
	net_epoll_close(udp->epoll, &flow->watch);
	net_epoll_free_later(udp->epoll, flow);
}

static int open_socket(int family)
{
	static const int yes = 1, buffer = SOCKET_BUFFER;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	setsockopt(fd, family == AF_INET ? SOL_IP : SOL_IPV6,
		   family == AF_INET ? IP_RECVERR : IPV6_RECVERR, &yes, sizeof yes);
	setsockopt(fd, SOL_UDP, UDP_GRO, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	return fd;
}

static Flow *flow_new(NetUdp *udp, const NetPacket *packet, const Key *key)
{
	int fd;
	Flow *flow;

	while ((flow = net_flows_late(&udp->flows)))
		flow_free(flow);
	fd = open_socket(packet->family);
	if (fd < 0) {
		log_debug("net: make a socket for a datagram: %s", g_strerror(errno));
		return NULL;
	}
	flow = g_new0(Flow, 1);
	flow->udp = udp;
	flow->key = *key;
	flow->watch = (NetWatch){.fd = fd, .ready = on_ready};
	net_frame_return(packet, &flow->back);
	g_hash_table_insert(udp->by_key, &flow->key, flow);
	net_flows_add(&udp->flows, &flow->age, flow);
	net_epoll_watch(udp->epoll, &flow->watch, EPOLLIN);
	return flow;
}

/* --- out --- */

static void put_control(struct msghdr *header, int level, int type, const void *value, size_t size)
{
	struct cmsghdr *cmsg =
		(struct cmsghdr *)((char *)header->msg_control + header->msg_controllen);

	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), value, size);
	header->msg_controllen += CMSG_SPACE(size);
}

/* sendmsg(2). Fails for this message's own sake: the failure of an earlier one may be told first.
 */
static bool send_message(const Flow *flow, const struct msghdr *header)
{
	int problem;

	if (sendmsg(flow->watch.fd, header, MSG_NOSIGNAL) >= 0)
		return true;
	problem = errno;
	if (receive_errors(flow))
		return sendmsg(flow->watch.fd, header, MSG_NOSIGNAL) >= 0;
	errno = problem;
	return false;
}

/* Give the host's kernel this much of the burst; size: of each datagram in it. */
static bool transmit(const Burst *burst, const uint8_t *data, size_t length, size_t size)
{
	union {
		char buffer[2 * CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	const Flow *flow = burst->flow;
	bool is_v4 = flow->back.family == AF_INET;
	struct sockaddr_storage to;
	struct iovec iov = {(void *)data, length};
	struct msghdr header = {
		.msg_name = &to,
		.msg_namelen = net_peer_write(flow->back.family, &burst->to, burst->to_port, &to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
	};
	uint16_t segment = (uint16_t)size;
	int ttl = burst->ttl - 1;

	if (size < length)
		put_control(&header, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
	if (burst->ttl != TTL_DEFAULT)
		put_control(&header, is_v4 ? SOL_IP : SOL_IPV6, is_v4 ? IP_TTL : IPV6_HOPLIMIT,
			    &ttl, sizeof ttl);
	return send_message(flow, &header);
}

/* Can it be that what failed as one goes in pieces? By an interface of a small MTU, for instance.
 */
static bool is_too_much(int errno_value)
{
	return errno_value == EINVAL || errno_value == EMSGSIZE || errno_value == EIO ||
	       errno_value == EOPNOTSUPP;
}

static void burst_send(Burst *burst)
{
	size_t size = burst->count > 1 ? burst->length : burst->size, at = 0;
	NetIcmp icmp;

	do {
		size_t part = MIN(size, burst->length - at);

		if (transmit(burst, burst->data + at, part, burst->size)) {
			at += part;
		} else if (part > burst->size && is_too_much(errno)) {
			burst->flow->single = true;
			size = burst->size;
		} else {
			log_debug("net: send a datagram: %s", g_strerror(errno));
			if (net_icmp_of(burst->flow->back.family, errno, &icmp))
				tell(burst->flow, &burst->to, burst->to_port, NULL, icmp,
				     burst->data + at, MIN(burst->size, part));
			return;
		}
	} while (at < burst->length);
}

void net_udp_flush(NetUdp *udp)
{
	for (Burst *burst = udp->bursts; burst < udp->bursts + BURSTS && burst->flow; burst++) {
		burst_send(burst);
		burst->flow = NULL;
	}
}

static Burst *burst_of(NetUdp *udp, Flow *flow)
{
	for (Burst *burst = udp->bursts; burst < udp->bursts + BURSTS; burst++) {
		if (burst->flow == flow)
			return burst;
		if (!burst->flow) {
			net_flows_touch(&udp->flows, &flow->age);
			burst->flow = flow;
			burst->count = 0;
			return burst;
		}
	}
	net_udp_flush(udp);
	return burst_of(udp, flow);
}

static bool burst_has_room(const Burst *burst, const NetPacket *packet, size_t length)
{
	return !burst->flow->single && burst->count < BURST_COUNT && length > 0 &&
	       length <= burst->size && burst->length == burst->count * burst->size &&
	       burst->length + length <= BURST_BYTES && burst->to_port == packet->to_port &&
	       burst->ttl == packet->ttl && memcmp(&burst->to, &packet->to, sizeof burst->to) == 0;
}

static void burst_add(NetUdp *udp, Flow *flow, const NetPacket *packet)
{
	size_t length;
	const uint8_t *data = net_frame_datagram(packet, &length);
	Burst *burst = burst_of(udp, flow);

	if (burst->count > 0 && !burst_has_room(burst, packet, length)) {
		burst_send(burst);
		burst->count = 0;
	}
	if (burst->count == 0) {
		burst->to = packet->to;
		burst->to_port = packet->to_port;
		burst->ttl = packet->ttl;
		burst->size = length;
		burst->length = 0;
	}
	memcpy(burst->data + burst->length, data, length);
	burst->length += length;
	burst->count++;
}

/* A router, which this process is, lets nothing pass whose time is up. */
static void tell_time(NetUdp *udp, const NetPacket *packet)
{
	static const NetIcmp time4 = {ICMP_TIME_EXCEEDED, ICMP_EXC_TTL};
	static const NetIcmp time6 = {ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT};
	NetReturn back;

	net_frame_return(packet, &back);
	net_icmp_tell(udp->loop, udp->plan, back, NULL, packet->family == AF_INET ? time4 : time6,
		      packet->frame + ETH_HLEN, packet->length - ETH_HLEN);
}

bool net_udp_take(NetUdp *udp, const NetPacket *packet)
{
	Flow *flow;
	Key key;

	if (packet->protocol != IPPROTO_UDP || packet->fragment)
		return false;
	if (packet->ttl <= 1) {
		tell_time(udp, packet);
		return true;
	}
	key = key_of(packet);
	flow = g_hash_table_lookup(udp->by_key, &key);
	if (!flow)
		flow = flow_new(udp, packet, &key);
	if (flow)
		burst_add(udp, flow, packet);
	return true;
}

/* --- the process --- */

NetUdp *net_udp_new(NetLoop *loop, const NetPlan *plan, NetEpoll *epoll)
{
	static NetUdp udp; /* not on the heap: a page of it is taken when it is used */
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	udp.loop = loop;
	udp.plan = plan;
	udp.epoll = epoll;
	udp.by_key = g_hash_table_new(key_hash, key_equal);
	net_flows_init(&udp.flows, (guint)CLAMP(files.rlim_cur / FLOWS_PART, 1, FLOWS_MAX),
		       FLOW_LIFE);
	return &udp;
}

guint net_udp_files(const NetUdp *udp)
{
	return udp->flows.max;
}

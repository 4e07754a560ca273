/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * An opening is a connection that has begun inside: its SYN, and a socket of the host's.
 *
 *     SYN ──► CONNECTING ── connected ──► the SYN goes back: OFFERED ── accepted ──► net_splice
 *                  │                                            │
 *                  └── refused, unreachable: told inside        └── nobody waits any more: reset
 *
 * A SYN that comes again means the same opening.  What the payload gave up is not heard of: its
 * kernel answers the SYN|ACK with a reset, nothing is accepted, and after OFFER_LIMIT the host's
 * end is reset too.
 *
 * Every connection takes NET_SPLICE_FILES descriptors, so their limit is one of connections. Beyond
 * it a SYN is dropped: the payload's kernel sends it again, and the connection waits until another
 * has ended, as with any server whose queue is full.
 */
#include "feature/net_express.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "feature/net_frame.h"
#include "feature/net_icmp.h"
#include "feature/net_lane.h"
#include "feature/net_peer.h"

#define OFFER_LIMIT (10 * G_USEC_PER_SEC)

/* Connections accepted in a row */
#define BATCH 64

#define TCP_OPENING (TH_FIN | TH_SYN | TH_RST | TH_ACK)

/* Which connection; compared and hashed as bytes, so no byte is left unset. */
typedef struct {
	NetAddress from, to;
	uint16_t from_port, to_port;
	uint32_t family;
} Key;

typedef struct {
	NetWatch watch; /* first: of the host's socket */
	NetExpress *express;
	Key key;
	GList link; /* of express->offered */
	gint64 offered_at;
	NetReturn back;
	size_t length;
	uint8_t syn[NET_LANE_SYN_MAX];
} Opening;

typedef struct {
	NetWatch watch; /* first */
	NetExpress *express;
} Listener;

struct NetExpress {
	NetLoop *loop;
	const NetPlan *plan;
	NetEpoll *epoll;
	NetSplice *splice;
	GHashTable *openings; /* of Opening by its key */
	GQueue offered;	      /* oldest first */
	GSource *clock;	      /* while there are any */
	Listener listeners[2];
	bool limit_said;
};

static guint key_hash(gconstpointer key)
{
	return net_peer_hash(key, sizeof(Key));
}

static gboolean key_equal(gconstpointer one, gconstpointer other)
{
	return memcmp(one, other, sizeof(Key)) == 0;
}

/* --- what the payload is told --- */

static void opening_free(Opening *opening)
{
	NetExpress *express = opening->express;

	if (opening->offered_at)
		g_queue_unlink(&express->offered, &opening->link);
	g_hash_table_remove(express->openings, &opening->key);
	net_epoll_close(express->epoll, &opening->watch);
	net_epoll_free_later(express->epoll, opening);
}

/* RFC 9293, 3.5.2: to a SYN, a reset that acknowledges it */
static void answer_reset(const Opening *opening)
{
	NetLoop *loop = opening->express->loop;
	NetReturn back = opening->back;
	size_t at = net_frame_header(&back);
	struct tcphdr tcp = {.th_sport = htons(back.from_port),
			     .th_dport = htons(back.to_port),
			     .th_off = sizeof tcp / 4,
			     .th_flags = TH_RST | TH_ACK};
	uint32_t sequence;

	memcpy(&sequence, opening->syn + at + offsetof(struct tcphdr, th_seq), sizeof sequence);
	tcp.th_ack = htonl(ntohl(sequence) + 1);
	back.mac_from[5]++; /* not the lane's: this is for the payload, not for the listener */
	memcpy(loop->reply + at, &tcp, sizeof tcp);
	net_loop_send(loop, loop->reply,
		      net_frame_finish(&back, loop->reply, IPPROTO_TCP, sizeof tcp,
				       offsetof(struct tcphdr, th_sum)));
}

/* connect(2) outside failed: inside, it is to fail in the same way. */
static void opening_fail(Opening *opening, int errno_value)
{
	NetIcmp icmp;

	switch (errno_value) {
	case ETIMEDOUT: /* the payload's own kernel says so, in its own time */
	case EADDRNOTAVAIL:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM: /* ours alone: the SYN comes again */
		break;
	default:
		if (errno_value != ECONNREFUSED &&
		    net_icmp_of(opening->back.family, errno_value, &icmp))
			net_icmp_tell(opening->express->loop, opening->express->plan, opening->back,
				      NULL, icmp, opening->syn + ETH_HLEN,
				      opening->length - ETH_HLEN);
		else
			answer_reset(opening);
	}
	opening_free(opening);
}

/* --- offers --- */

static gboolean on_clock(gpointer data)
{
	NetExpress *express = data;
	gint64 late = g_get_monotonic_time() - OFFER_LIMIT;
	Opening *oldest;

	while ((oldest = g_queue_peek_head(&express->offered)) && oldest->offered_at < late) {
		net_splice_reset(oldest->watch.fd);
		opening_free(oldest);
	}
	if (!g_queue_is_empty(&express->offered))
		return G_SOURCE_CONTINUE;
	express->clock = NULL;
	return G_SOURCE_REMOVE;
}

static void start_clock(NetExpress *express)
{
	if (express->clock)
		return;
	express->clock = g_timeout_source_new_seconds(1);
	g_source_set_callback(express->clock, on_clock, express, NULL);
	g_source_attach(express->clock, express->loop->context);
	g_source_unref(express->clock);
}

/* Give the container its SYN back, as if it came from the tap: the two MACs change places. */
static void send_back(const Opening *opening)
{
	uint8_t frame[NET_LANE_SYN_MAX];

	memcpy(frame, opening->syn, opening->length);
	memcpy(frame, opening->syn + ETH_ALEN, ETH_ALEN);
	memcpy(frame + ETH_ALEN, opening->syn, ETH_ALEN);
	net_loop_send(opening->express->loop, frame, opening->length);
}

static void opening_offer(Opening *opening)
{
	NetExpress *express = opening->express;

	net_epoll_watch(express->epoll, &opening->watch, 0);
	opening->offered_at = g_get_monotonic_time();
	g_queue_push_tail_link(&express->offered, &opening->link);
	start_clock(express);
	send_back(opening);
}

static void on_connected(NetWatch *watch, uint32_t events)
{
	Opening *opening = (Opening *)watch;
	int problem = 0;
	socklen_t size = sizeof problem;

	if (events & (EPOLLERR | EPOLLHUP) &&
	    getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0)
		problem = errno;
	if (problem)
		opening_fail(opening, problem);
	else
		opening_offer(opening);
}

/* --- openings --- */

static void opening_connect(Opening *opening, const NetPacket *packet)
{
	struct sockaddr_storage address;
	socklen_t size = net_peer_write(packet->family, &packet->to, packet->to_port, &address);
	int fd = socket(packet->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		opening_fail(opening, errno);
		return;
	}
	opening->watch.fd = fd;
	net_splice_prepare(fd);
	if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS)
		opening_fail(opening, errno);
	else
		net_epoll_watch(opening->express->epoll, &opening->watch, EPOLLOUT);
}

static void opening_set_syn(Opening *opening, const NetPacket *packet)
{
	net_frame_return(packet, &opening->back);
	opening->length = packet->length;
	memcpy(opening->syn, packet->frame, packet->length);
}

static bool has_room(NetExpress *express)
{
	if (g_hash_table_size(express->openings) < net_splice_room(express->splice))
		return true;
	if (!express->limit_said)
		log_warn("network: %u TCP connections are open, as many as the limit of open files "
			 "allows: others wait",
			 g_hash_table_size(express->openings) + net_splice_count(express->splice));
	express->limit_said = true;
	return false;
}

static Key key_of(const NetPacket *packet)
{
	Key key;

	memset(&key, 0, sizeof key);
	key.from = packet->from;
	key.to = packet->to;
	key.from_port = packet->from_port;
	key.to_port = packet->to_port;
	key.family = (uint32_t)packet->family;
	return key;
}

static void opening_begin(NetExpress *express, const NetPacket *packet)
{
	Key key = key_of(packet);
	Opening *opening = g_hash_table_lookup(express->openings, &key);

	if (opening) {
		opening_set_syn(opening, packet);
		if (opening->offered_at)
			send_back(opening);
		return;
	}
	if (!has_room(express))
		return;
	opening = g_new0(Opening, 1);
	opening->express = express;
	opening->key = key;
	opening->link.data = opening;
	opening->watch = (NetWatch){.fd = -1, .ready = on_connected};
	opening_set_syn(opening, packet);
	g_hash_table_insert(express->openings, &opening->key, opening);
	opening_connect(opening, packet);
}

bool net_express_take(NetExpress *express, const NetPacket *packet)
{
	if (!express || packet->protocol != IPPROTO_TCP || packet->fragment ||
	    memcmp(packet->frame, NET_LANE_MAC, ETH_ALEN) != 0)
		return false;
	if (packet->length <= NET_LANE_SYN_MAX && packet->body_length >= sizeof(struct tcphdr) &&
	    (packet->body[offsetof(struct tcphdr, th_flags)] & TCP_OPENING) == TH_SYN)
		opening_begin(express, packet);
	return true;
}

/* --- what the container's kernel has connected --- */

static void match(NetExpress *express, int inside, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage local;
	socklen_t size = sizeof local;
	Opening *opening;
	Key key;

	memset(&key, 0, sizeof key);
	key.family = peer->ss_family;
	net_peer_read(peer, &key.from, &key.from_port);
	if (getsockname(inside, (struct sockaddr *)&local, &size) == 0)
		net_peer_read(&local, &key.to, &key.to_port);
	opening = g_hash_table_lookup(express->openings, &key);
	if (!opening || !opening->offered_at) { /* none that the gate has seen */
		net_splice_reset(inside);
		close(inside);
		return;
	}
	net_splice_add(express->splice, inside, fd_steal(&opening->watch.fd));
	opening_free(opening);
}

static void on_accept(NetWatch *watch, uint32_t events)
{
	Listener *listener = (Listener *)watch;

	(void)events;
	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_storage peer;
		socklen_t size = sizeof peer;
		int inside = accept4(watch->fd, (struct sockaddr *)&peer, &size,
				     SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (inside < 0)
			return;
		match(listener->express, inside, &peer);
	}
}

/* --- the process --- */

NetExpress *net_express_new(NetLoop *loop, const NetPlan *plan, NetEpoll *epoll, NetSplice *splice)
{
	NetExpress *express = g_new0(NetExpress, 1);

	express->loop = loop;
	express->plan = plan;
	express->epoll = epoll;
	express->splice = splice;
	express->openings = g_hash_table_new(key_hash, key_equal);
	g_queue_init(&express->offered);
	return express;
}

void net_express_start(NetExpress *express, int ipv4, int ipv6)
{
	int fds[] = {ipv4, ipv6};

	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		Listener *listener = &express->listeners[i];

		listener->express = express;
		listener->watch = (NetWatch){.fd = fds[i], .ready = on_accept};
		if (fds[i] >= 0)
			net_epoll_watch(express->epoll, &listener->watch, EPOLLIN);
	}
}

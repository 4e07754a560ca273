/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_ping.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/net_flows.h"
#include "feature/net_icmp.h"

#define FLOWS_MAX 64
#define FLOW_LIFE (30 * G_USEC_PER_SEC)

/* What of a request that could not be delivered goes back: enough to know it by */
#define QUOTE_MAX (sizeof(struct ip6_hdr) + sizeof(struct icmp6_hdr))

/* One program that pings one address: the kernel tells flows apart by an identifier of its own. */
typedef struct {
	NetPing *ping;
	NetFlow age; /* in ping->flows */
	NetReturn back;
	uint16_t id; /* the container's, in network order */
	int fd;
	uint8_t quote[QUOTE_MAX]; /* of the last request */
	GSource *watch;
} PingFlow;

struct NetPing {
	NetLoop *loop;
	const NetPlan *plan;
	gint64 forbidden_gid;
	bool noticed;
	NetFlows flows;
};

void net_ping_probe(gint64 *ret_gid)
{
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

	*ret_gid = fd < 0 && errno == EACCES ? (gint64)getegid() : -1;
}

NetPing *net_ping_new(NetLoop *loop, const NetPlan *plan, gint64 forbidden_gid)
{
	NetPing *ping = g_new0(NetPing, 1);

	ping->loop = loop;
	ping->plan = plan;
	ping->forbidden_gid = forbidden_gid;
	net_flows_init(&ping->flows, FLOWS_MAX, FLOW_LIFE);
	return ping;
}

static void flow_free(PingFlow *flow)
{
	net_loop_unwatch(&flow->watch);
	fd_close(&flow->fd);
	net_flows_remove(&flow->ping->flows, &flow->age);
	g_free(flow);
}

void net_ping_free(NetPing *ping)
{
	if (!ping)
		return;
	while (ping->flows.queue.head)
		flow_free(ping->flows.queue.head->data);
	g_free(ping);
}

void net_ping_notice(NetPing *ping)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *gid = NULL;

	if (ping->noticed || ping->forbidden_gid < 0)
		return;
	ping->noticed = true;
	gid = g_strdup_printf("%" G_GINT64_FORMAT, ping->forbidden_gid);
	error_errno(&error, EACCES, "network: send the container's ping");
	hint_add(&error, HINT_PING_RANGE, gid);
	log_warn("%s", error->message);
}

/* quote: QUOTE_MAX bytes of the request that back is the way back of */
static void answer_unreachable(const NetPing *ping, const NetReturn *back, const uint8_t *quote,
			       int errno_value)
{
	NetIcmp icmp;

	log_debug("net: forward an echo request: %s", g_strerror(errno_value));
	if (net_icmp_of(AF_INET6, errno_value, &icmp))
		net_icmp_tell(ping->loop, ping->plan, *back, NULL, icmp, quote, QUOTE_MAX);
}

static gboolean flow_readable(gint fd, GIOCondition condition, gpointer data)
{
	PingFlow *flow = data;
	NetLoop *loop = flow->ping->loop;
	size_t header = net_frame_header(&flow->back), length;
	uint8_t *body = loop->reply + header;
	ssize_t n = recv(fd, body, NET_FRAME_MAX - header, 0);

	(void)condition;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		answer_unreachable(flow->ping, &flow->back, flow->quote, errno);
		flow_free(flow);
		return G_SOURCE_REMOVE;
	}
	if (n < (ssize_t)sizeof(struct icmp6_hdr) || body[0] != ICMP6_ECHO_REPLY ||
	    (size_t)n + sizeof(struct ip6_hdr) > loop->mtu)
		return G_SOURCE_CONTINUE;
	memcpy(body + 4, &flow->id, sizeof flow->id);
	length = net_frame_finish(&flow->back, loop->reply, IPPROTO_ICMPV6, (size_t)n, 2);
	net_loop_send(loop, loop->reply, length);
	return G_SOURCE_CONTINUE;
}

static PingFlow *flow_find(NetPing *ping, const NetReturn *back, uint16_t id)
{
	for (GList *link = ping->flows.queue.head; link; link = link->next) {
		PingFlow *flow = link->data;

		if (flow->id == id && IN6_ARE_ADDR_EQUAL(&flow->back.from.v6, &back->from.v6) &&
		    IN6_ARE_ADDR_EQUAL(&flow->back.to.v6, &back->to.v6))
			return flow;
	}
	return NULL;
}

static PingFlow *flow_new(NetPing *ping, const NetReturn *back, uint16_t id)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = back->from.v6};
	auto_fd fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	static const int yes = 1;
	PingFlow *flow;

	/* without that, routers that say "no route" are not heard: ipv6(7) */
	if (fd < 0 || setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &yes, sizeof yes) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return NULL;
	flow = g_new0(PingFlow, 1);
	flow->ping = ping;
	flow->back = *back;
	flow->id = id;
	flow->fd = fd_steal(&fd);
	flow->watch = net_loop_watch(ping->loop, flow->fd, flow_readable, flow);
	net_flows_add(&ping->flows, &flow->age, flow);
	return flow;
}

void net_ping_request6(NetPing *ping, const NetPacket *packet)
{
	const uint8_t *quote = packet->body - sizeof(struct ip6_hdr);
	NetReturn back;
	PingFlow *flow;
	uint16_t id;

	net_ping_notice(ping);
	net_frame_return(packet, &back);
	memcpy(&id, packet->body + 4, sizeof id);
	flow = flow_find(ping, &back, id);
	if (!flow) {
		while ((flow = net_flows_late(&ping->flows)))
			flow_free(flow);
		flow = flow_new(ping, &back, id);
	}
	if (!flow) {
		answer_unreachable(ping, &back, quote, errno);
		return;
	}
	memcpy(flow->quote, quote, QUOTE_MAX);
	net_flows_touch(&ping->flows, &flow->age);
	if (send(flow->fd, packet->body, packet->body_length, MSG_NOSIGNAL) < 0) {
		answer_unreachable(ping, &back, quote, errno);
		flow_free(flow);
	}
}

void net_ping_reflect(NetPing *ping, const NetPacket *packet)
{
	NetLoop *loop = ping->loop;
	NetReturn back;
	uint8_t *body;
	size_t length;

	net_frame_return(packet, &back);
	body = loop->reply + net_frame_header(&back);
	memcpy(body, packet->body, packet->body_length);
	body[0] = ICMP_ECHOREPLY;
	length = net_frame_finish(&back, loop->reply, IPPROTO_ICMP, packet->body_length, 2);
	net_loop_send(loop, loop->reply, length);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A query is forwarded as it came, and the answer is passed on as it came; both are only looked at
 * as far as forwarding needs.  Every query asks through a socket of its own, connected to one
 * server: the kernel picks a random source port, drops what others send there, and reports a closed
 * port.
 *
 *     query ──► server 1 ── good answer ─────────────────────────────► container
 *                  │
 *                  ├─ silence for ASK_NEXT_MS, SERVFAIL, REFUSED, NOTIMP, closed port
 *                  ▼
 *               server 2 ── … (server 1 may still answer; whoever is first, wins)
 *                  ▼
 *               all asked: the last refusal is passed on when everybody has refused, or at the end
 * of GIVE_UP_MS; without any, the container hears nothing and asks again
 *
 * A server that stayed silent while a later one answered is asked last for a while, so that one
 * dead server does not slow every look-up of the container down.
 */
#include "feature/net_dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define DNS_PORT      53
#define DNS_HEADER    12
#define QUERIES_MAX   512
#define TICK_MS	      100
#define ASK_NEXT_MS   1500
#define GIVE_UP_MS    10000
#define PREFERENCE_MS 30000

/* RFC 1035, section 4.1.1 */
#define FLAGS_QR       0x80 /* in byte 2 */
#define FLAGS_TC       0x02 /* in byte 2 */
#define RCODE(message) ((message)[3] & 0x0f)
#define RCODE_SERVFAIL 2
#define RCODE_NOTIMP   4
#define RCODE_REFUSED  5

typedef struct DnsQuery DnsQuery;

/* One server asked. fd is -1 before, and after it failed. */
typedef struct {
	DnsQuery *query;
	unsigned server;
	int fd;
	GSource *watch;
} DnsAttempt;

struct DnsQuery {
	NetDns *dns;
	GList link; /* in dns->queries, oldest first */
	NetReturn back;
	uint8_t *message;
	size_t length, question_end;
	gint64 asked_at, give_up_at; /* milliseconds */
	unsigned asked, failed;
	DnsAttempt attempts[NET_RESOLV_SERVERS_MAX];
	uint8_t *refusal; /* the last one, or NULL */
	size_t refusal_length;
};

struct NetDns {
	NetLoop *loop;
	const NetServers *servers;
	GQueue queries;
	GSource *tick;	/* only while queries wait */
	unsigned first; /* the server to ask first */
	gint64 first_until;
};

/* Where answers are read to. Not on the heap: a page is taken when it is used. */
static uint8_t received[NET_FRAME_MAX];

static bool server_parse(const char *text, NetServer *ret_server)
{
	g_auto(GStrv) parts = g_strsplit(text, "%", 2);
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};

	memset(ret_server, 0, sizeof *ret_server);
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(&ret_server->address, &v4, sizeof v4);
		ret_server->length = sizeof v4;
		return true;
	}
	if (!parts[0] || inet_pton(AF_INET6, parts[0], &v6.sin6_addr) != 1)
		return false;
	if (parts[1]) {
		v6.sin6_scope_id = if_nametoindex(parts[1]);
		if (v6.sin6_scope_id == 0)
			v6.sin6_scope_id = (uint32_t)g_ascii_strtoull(parts[1], NULL, 10);
	}
	memcpy(&ret_server->address, &v6, sizeof v6);
	ret_server->length = sizeof v6;
	return true;
}

void net_dns_servers(const GPtrArray *nameservers, NetServers *ret_servers)
{
	ret_servers->count = 0;
	for (guint i = 0; i < nameservers->len && ret_servers->count < NET_RESOLV_SERVERS_MAX; i++)
		if (server_parse(nameservers->pdata[i], &ret_servers->servers[ret_servers->count]))
			ret_servers->count++;
}

static gint64 now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

/* Where the question of a message with exactly one ends; 0 if it is malformed. */
static size_t question_end(const uint8_t *message, size_t length)
{
	size_t at = DNS_HEADER;

	if (length < DNS_HEADER || message[4] != 0 || message[5] != 1)
		return 0;
	while (at < length && message[at] != 0) {
		if (message[at] > 63) /* a compressed name has no place in a question */
			return 0;
		at += 1U + message[at];
	}
	at += 1 + 4; /* the root label, type and class */
	return at <= length ? at : 0;
}

static bool same_question(const DnsQuery *query, const uint8_t *answer, size_t length)
{
	if (answer[5] == 0 && answer[4] == 0)
		return RCODE(answer) != 0; /* some servers refuse without repeating the question */
	if (length < query->question_end || answer[4] != 0 || answer[5] != 1)
		return false;
	for (size_t i = DNS_HEADER; i < query->question_end; i++)
		if (g_ascii_tolower((char)answer[i]) != g_ascii_tolower((char)query->message[i]))
			return false;
	return true;
}

static void attempt_close(DnsAttempt *attempt)
{
	net_loop_unwatch(&attempt->watch);
	fd_close(&attempt->fd);
}

static void query_free(DnsQuery *query)
{
	for (unsigned i = 0; i < query->asked; i++)
		attempt_close(&query->attempts[i]);
	g_queue_unlink(&query->dns->queries, &query->link);
	g_free(query->message);
	g_free(query->refusal);
	g_free(query);
}

/* RFC 2181, section 9: header and question alone, and the bit that says "ask over TCP". */
static size_t truncate_answer(const DnsQuery *query, uint8_t *answer)
{
	answer[2] |= FLAGS_TC;
	memset(answer + 6, 0, 6); /* no answers, authorities or additional records */
	return query->question_end;
}

static void query_answer(DnsQuery *query, uint8_t *answer, size_t length)
{
	NetLoop *loop = query->dns->loop;

	if (length > net_frame_udp_room(&query->back, loop->mtu))
		length = truncate_answer(query, answer);
	length = net_frame_udp(&query->back, answer, length, loop->reply);
	net_loop_send(loop, loop->reply, length);
	query_free(query);
}

static gboolean attempt_readable(gint fd, GIOCondition condition, gpointer data);

static bool attempt_start(DnsAttempt *attempt)
{
	DnsQuery *query = attempt->query;
	const NetServer *server = &query->dns->servers->servers[attempt->server];
	auto_fd fd = socket(server->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    IPPROTO_UDP);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&server->address, server->length) < 0 ||
	    send(fd, query->message, query->length, MSG_NOSIGNAL) < 0)
		return false;
	attempt->fd = fd_steal(&fd);
	attempt->watch = net_loop_watch(query->dns->loop, attempt->fd, attempt_readable, attempt);
	return true;
}

/* The next server that can be asked at all. false when there is none left. */
static bool query_ask_next(DnsQuery *query)
{
	NetDns *dns = query->dns;

	while (query->asked < dns->servers->count) {
		DnsAttempt *attempt = &query->attempts[query->asked];

		attempt->query = query;
		attempt->fd = -1;
		attempt->server = (dns->first + query->asked) % dns->servers->count;
		query->asked++;
		query->asked_at = now_ms();
		if (attempt_start(attempt))
			return true;
		query->failed++;
	}
	return false;
}

/* Ask on, or end the query if nobody is left who might still answer. */
static void query_advance(DnsQuery *query)
{
	if (query_ask_next(query) || query->failed < query->asked)
		return;
	if (query->refusal)
		query_answer(query, query->refusal, query->refusal_length);
	else
		query_free(query);
}

static void attempt_fail(DnsAttempt *attempt)
{
	attempt_close(attempt);
	attempt->query->failed++;
	query_advance(attempt->query);
}

static bool is_refusal(const uint8_t *answer)
{
	return RCODE(answer) == RCODE_SERVFAIL || RCODE(answer) == RCODE_NOTIMP ||
	       RCODE(answer) == RCODE_REFUSED;
}

/* Whoever was asked before this one stayed silent: ask this one first for a while. */
static void prefer(DnsAttempt *attempt)
{
	DnsQuery *query = attempt->query;

	if (attempt == &query->attempts[0] || query->attempts[0].fd < 0)
		return;
	query->dns->first = attempt->server;
	query->dns->first_until = now_ms() + PREFERENCE_MS;
}

static gboolean attempt_readable(gint fd, GIOCondition condition, gpointer data)
{
	DnsAttempt *attempt = data;
	DnsQuery *query = attempt->query;
	uint8_t *answer = received;
	ssize_t n = recv(fd, answer, NET_FRAME_MAX, 0);
	size_t length = (size_t)n;

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n < 0) { /* a closed port, no route … */
		attempt_fail(attempt);
		return G_SOURCE_REMOVE;
	}
	if (length < DNS_HEADER || memcmp(answer, query->message, 2) != 0 ||
	    !(answer[2] & FLAGS_QR) || !same_question(query, answer, length))
		return G_SOURCE_CONTINUE; /* no answer to this question */
	if (is_refusal(answer)) {
		g_free(query->refusal);
		query->refusal = g_memdup2(answer, length);
		query->refusal_length = length;
		attempt_fail(attempt);
		return G_SOURCE_REMOVE;
	}
	prefer(attempt);
	query_answer(query, answer, length);
	return G_SOURCE_REMOVE;
}

static void query_tick(DnsQuery *query, gint64 now)
{
	if (now >= query->give_up_at && query->refusal)
		query_answer(query, query->refusal, query->refusal_length);
	else if (now >= query->give_up_at)
		query_free(query);
	else if (now - query->asked_at >= ASK_NEXT_MS && query->asked < query->dns->servers->count)
		query_advance(query);
}

static gboolean dns_tick(gpointer data)
{
	NetDns *dns = data;
	gint64 now = now_ms();

	for (GList *link = dns->queries.head, *next; link; link = next) {
		next = link->next;
		query_tick(link->data, now);
	}
	if (dns->queries.length > 0)
		return G_SOURCE_CONTINUE;
	dns->tick = NULL;
	return G_SOURCE_REMOVE;
}

static void dns_start_tick(NetDns *dns)
{
	if (dns->tick)
		return;
	dns->tick = g_timeout_source_new(TICK_MS);
	g_source_set_callback(dns->tick, dns_tick, dns, NULL);
	g_source_attach(dns->tick, dns->loop->context);
	g_source_unref(dns->tick);
}

NetDns *net_dns_new(NetLoop *loop, const NetServers *servers)
{
	NetDns *dns = g_new0(NetDns, 1);

	dns->loop = loop;
	dns->servers = servers;
	g_queue_init(&dns->queries);
	return dns;
}

void net_dns_free(NetDns *dns)
{
	if (!dns)
		return;
	while (dns->queries.head)
		query_free(dns->queries.head->data);
	net_loop_unwatch(&dns->tick);
	g_free(dns);
}

void net_dns_query(NetDns *dns, const NetPacket *packet)
{
	size_t length;
	const uint8_t *message = net_frame_datagram(packet, &length);
	size_t end = question_end(message, length);
	DnsQuery *query;

	if (end == 0 || message[2] & FLAGS_QR)
		return;
	if (dns->queries.length >= QUERIES_MAX)
		query_free(dns->queries.head->data); /* the oldest has the least hope */
	if (dns->first && now_ms() >= dns->first_until)
		dns->first = 0;
	query = g_new0(DnsQuery, 1);
	query->dns = dns;
	query->link.data = query;
	query->message = g_memdup2(message, length);
	query->length = length;
	query->question_end = end;
	query->give_up_at = now_ms() + GIVE_UP_MS;
	net_frame_return(packet, &query->back);
	g_queue_push_tail_link(&dns->queries, &query->link);
	dns_start_tick(dns);
	query_advance(query);
}

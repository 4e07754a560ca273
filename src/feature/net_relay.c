/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A stream is one accepted connection and one to a server, and a GSource that watches both.  Each
 * direction has one buffer: it is filled only when it is empty, so a slow reader slows the writer.
 *
 *     CONNECTING ── writable, no error ──► OPEN ── both directions ended, or silence ──► gone
 *         │  ▲
 *         └──┘ refused or silent for CONNECT_LIMIT: the next server; none left: gone
 */
#include "feature/net_relay.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define BUFFER_SIZE   16384
#define CONNECT_LIMIT (2 * G_USEC_PER_SEC)

/* One direction: from one descriptor to the other */
typedef struct {
	uint8_t data[BUFFER_SIZE];
	size_t at, end;
	bool ended; /* end of file was read */
	bool shut;  /* and passed on */
} Flow;

typedef struct {
	GSource source; /* first: GLib allocates and casts it */
	NetRelay *relay;
	GList link;
	int client, server;
	gpointer client_tag, server_tag; /* NULL: it is not watched */
	unsigned asked;
	bool open;
	bool left; /* the client closed both ways, or is gone */
	Flow out, in;
} Stream;

/* Of all relays of this process */
static unsigned all_streams;

struct NetRelay {
	NetLoop *loop;
	const NetServers *servers;
	int listener;
	NetRelayLimits limits;
	GSource *watch;
	GQueue streams;
};

static void stream_free(Stream *stream)
{
	g_queue_unlink(&stream->relay->streams, &stream->link);
	all_streams--;
	fd_close(&stream->client);
	fd_close(&stream->server);
	g_source_destroy(&stream->source);
	g_source_unref(&stream->source);
}

static void stream_set_limit(Stream *stream, gint64 limit)
{
	g_source_set_ready_time(&stream->source, limit ? g_get_monotonic_time() + limit : -1);
}

static void stream_unwatch(Stream *stream, gpointer *tag)
{
	if (*tag)
		g_source_remove_unix_fd(&stream->source, *tag);
	*tag = NULL;
}

static void stream_drop_server(Stream *stream)
{
	stream_unwatch(stream, &stream->server_tag);
	fd_close(&stream->server);
}

/* Nobody took the connection: the client sees a reset, as near to a refusal as can be. */
static void stream_refuse(const Stream *stream)
{
	static const struct linger at_once = {.l_onoff = 1};

	setsockopt(stream->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* Begin to connect to the next server that does not refuse at once. false when none is left. */
static bool stream_connect(Stream *stream)
{
	const NetServers *servers = stream->relay->servers;

	stream_drop_server(stream);
	while (stream->asked < servers->count) {
		const NetServer *server = &servers->servers[stream->asked++];
		auto_fd fd = socket(server->address.ss_family,
				    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0 ||
		    (connect(fd, (const struct sockaddr *)&server->address, server->length) < 0 &&
		     errno != EINPROGRESS))
			continue;
		stream->server = fd_steal(&fd);
		stream->server_tag =
			g_source_add_unix_fd(&stream->source, stream->server, G_IO_OUT);
		stream_set_limit(stream, CONNECT_LIMIT);
		return true;
	}
	return false;
}

/* Is the connection up? Only asked when the socket is writable or the limit passed. */
static bool stream_connected(const Stream *stream)
{
	int problem = 0;
	socklen_t size = sizeof problem;

	return (g_source_query_unix_fd((GSource *)&stream->source, stream->server_tag) &
		G_IO_OUT) &&
	       getsockopt(stream->server, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 &&
	       problem == 0;
}

static bool is_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Move what can be moved. false when the stream is broken. */
static bool flow_pump(Flow *flow, int from, int to)
{
	ssize_t n;

	if (flow->at == flow->end && !flow->ended) {
		n = read(from, flow->data, sizeof flow->data);
		if (n < 0)
			return is_again();
		flow->at = 0;
		flow->end = (size_t)n;
		flow->ended = n == 0;
	}
	if (flow->at < flow->end) {
		n = send(to, flow->data + flow->at, flow->end - flow->at, MSG_NOSIGNAL);
		if (n < 0)
			return is_again();
		flow->at += (size_t)n;
	}
	if (flow->ended && !flow->shut && flow->at == flow->end) {
		shutdown(to, SHUT_WR);
		flow->shut = true;
	}
	return true;
}

static bool has_hung_up(Stream *stream, gpointer tag)
{
	return tag && g_source_query_unix_fd(&stream->source, tag) & (G_IO_HUP | G_IO_ERR);
}

/*
 * Wait for what can be done with a descriptor that one flow reads from and the other writes to.
 * poll(2) reports a hang-up for ever, asked or not: once it is known, and the other side is what is
 * waited for, the descriptor is not watched.
 */
static void stream_watch(Stream *stream, int fd, gpointer *tag, const Flow *reads,
			 const Flow *writes)
{
	const GIOCondition always = G_IO_HUP | G_IO_ERR;
	GIOCondition wants = always;

	if (reads->at == reads->end && !reads->ended)
		wants |= G_IO_IN;
	if (writes->at < writes->end)
		wants |= G_IO_OUT;
	if (wants == always && (!*tag || has_hung_up(stream, *tag))) {
		stream_unwatch(stream, tag);
		return;
	}
	if (*tag)
		g_source_modify_unix_fd(&stream->source, *tag, wants);
	else
		*tag = g_source_add_unix_fd(&stream->source, fd, wants);
}

static bool stream_move(Stream *stream)
{
	if (!flow_pump(&stream->out, stream->client, stream->server) ||
	    !flow_pump(&stream->in, stream->server, stream->client))
		return false;
	if (stream->out.shut && stream->in.shut)
		return false;
	stream_watch(stream, stream->client, &stream->client_tag, &stream->out, &stream->in);
	stream_watch(stream, stream->server, &stream->server_tag, &stream->in, &stream->out);
	stream_set_limit(stream, stream->relay->limits.idle);
	return true;
}

static gboolean stream_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	Stream *stream = (Stream *)source;
	gint64 limit = g_source_get_ready_time(source);
	bool late = limit >= 0 && g_source_get_time(source) >= limit;
	bool alive = true;

	(void)callback;
	(void)data;
	stream->left |= has_hung_up(stream, stream->client_tag);
	if (!stream->open && stream->left) {
		alive = false;
	} else if (!stream->open) {
		stream->open = stream_connected(stream);
		alive = stream->open || stream_connect(stream);
		if (!alive)
			stream_refuse(stream);
	}
	if (stream->open)
		alive = stream_move(stream) && !late;
	/* a client that closed both ways reads nothing any more; what it sent still goes out */
	if (!alive || (stream->left && stream->out.shut))
		stream_free(stream);
	return G_SOURCE_CONTINUE; /* stream_free() has destroyed the source */
}

static GSourceFuncs stream_functions = {.dispatch = stream_dispatch};

static void stream_new(NetRelay *relay, int client)
{
	Stream *stream = (Stream *)g_source_new(&stream_functions, sizeof *stream);

	stream->relay = relay;
	stream->link.data = stream;
	stream->client = client;
	stream->server = -1;
	stream->client_tag = g_source_add_unix_fd(&stream->source, client, G_IO_HUP | G_IO_ERR);
	g_queue_push_tail_link(&relay->streams, &stream->link);
	all_streams++;
	g_source_set_can_recurse(&stream->source, TRUE);
	g_source_attach(&stream->source, relay->loop->context);
	if (!stream_connect(stream)) {
		stream_refuse(stream);
		stream_free(stream);
	}
}

void net_relay_take(NetRelay *relay, int client)
{
	const NetRelayLimits *limits = &relay->limits;

	if (relay->streams.length < limits->streams && (!limits->all || all_streams < limits->all))
		stream_new(relay, client);
	else
		close(client);
}

static gboolean relay_accept(gint fd, GIOCondition condition, gpointer data)
{
	NetRelay *relay = data;

	(void)condition;
	for (;;) {
		auto_fd client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client < 0)
			return G_SOURCE_CONTINUE;
		net_relay_take(relay, fd_steal(&client));
	}
}

NetRelay *net_relay_new(NetLoop *loop, const NetServers *servers, int listener,
			NetRelayLimits limits)
{
	NetRelay *relay = g_new0(NetRelay, 1);

	relay->loop = loop;
	relay->servers = servers;
	relay->listener = listener;
	relay->limits = limits;
	g_queue_init(&relay->streams);
	if (listener >= 0)
		relay->watch = net_loop_watch(loop, listener, relay_accept, relay);
	return relay;
}

void net_relay_free(NetRelay *relay)
{
	if (!relay)
		return;
	while (relay->streams.head)
		stream_free(relay->streams.head->data);
	net_loop_unwatch(&relay->watch);
	fd_close(&relay->listener);
	g_free(relay);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: a client is a connection and what it asked to hear of.  Nothing here waits
 * while the payload runs: answers and output are sent with MSG_DONTWAIT, and of what a client's
 * socket does not take, some is queued.  Who falls back further is dropped, for the payload must
 * not stand still because somebody pressed Ctrl-Z in `rlc attach`.  Input is the other way round:
 * when the payload does not read, the client is not read either.
 */
#include "container/serve.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/signals.h"
#include "container/control.h"
#include "container/events.h"
#include "feature/cgroup.h"

#define SEND_BUFFER (1 << 20)
#define QUEUE_MAX   (16 << 20) /* bytes, for one client */
#define LAST_MS	    10000      /* for what is queued when the container has ended */

G_STATIC_ASSERT((int)CONTAINER_JOIN == (int)CONTROL_JOIN_COUNT);

typedef struct {
	Serve *serve;
	int socket;
	guint source;
	bool attached, waits;
	GByteArray
		*input; /* what the payload has not taken yet; the socket is not read meanwhile */
	GQueue queue;	/* of GBytes: packets that its socket did not take yet */
	size_t queued;	/* bytes */
	guint queue_source;
} Client;

struct Serve {
	Container *container;
	guint source;
	GPtrArray *clients; /* of Client * */
};

/* For one packet at a time. Not on the heap: a page is taken when it is used. */
static ControlBytes bytes_packet;

static gboolean client_readable(int fd, GIOCondition condition, gpointer data);

static void client_free(gpointer data)
{
	Client *client = data;

	if (client->source)
		g_source_remove(client->source);
	if (client->queue_source)
		g_source_remove(client->queue_source);
	fd_close(&client->socket);
	g_queue_clear_full(&client->queue, (GDestroyNotify)g_bytes_unref);
	g_byte_array_unref(client->input);
	g_free(client);
}

static void drop(Client *client)
{
	g_ptr_array_remove_fast(client->serve->clients, client);
}

static bool send_now(const Client *client, const void *packet, size_t size)
{
	return send(client->socket, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

/* As much of the queue as the socket takes. False: the client is gone. */
static bool flush_queue(Client *client)
{
	GBytes *packet;

	while ((packet = g_queue_peek_head(&client->queue))) {
		gsize size;
		gconstpointer data = g_bytes_get_data(packet, &size);

		if (!send_now(client, data, size))
			return errno == EAGAIN;
		client->queued -= size;
		g_bytes_unref(g_queue_pop_head(&client->queue));
	}
	return true;
}

static gboolean queue_writable(int fd, GIOCondition condition, gpointer data)
{
	Client *client = data;

	(void)fd;
	(void)condition;
	if (!flush_queue(client)) {
		drop(client);
		return G_SOURCE_CONTINUE; /* the source is gone already */
	}
	if (client->queued > 0)
		return G_SOURCE_CONTINUE;
	client->queue_source = 0;
	return G_SOURCE_REMOVE;
}

/* In its turn. False: the client is to be dropped. */
static bool send_packet(Client *client, const void *packet, size_t size)
{
	if (client->queued == 0 && send_now(client, packet, size))
		return true;
	if (client->queued == 0 && errno != EAGAIN)
		return false;
	if (client->queued + size > QUEUE_MAX)
		return false;
	g_queue_push_tail(&client->queue, g_bytes_new(packet, size));
	client->queued += size;
	if (!client->queue_source)
		client->queue_source =
			g_unix_fd_add(client->socket, G_IO_OUT, queue_writable, client);
	return true;
}

static bool answer(Client *client, ControlVerb verb, int number, const char *text)
{
	ControlPacket packet = {.verb = verb, .number = number};

	g_strlcpy(packet.text, text ? text : "", sizeof packet.text);
	return send_packet(client, &packet, sizeof packet);
}

static bool fail(Client *client, int number, const char *what)
{
	g_autofree char *text =
		number ? g_strdup_printf("%s: %s", what, g_strerror(number)) : g_strdup(what);

	return answer(client, CONTROL_FAILED, number, text);
}

/* --- requests; false: the client is to be dropped --- */

static bool take_signal(Client *client, int number, bool stop)
{
	Container *container = client->serve->container;
	g_autofree char *name = NULL;

	if (number <= 0 || number >= NSIG)
		return fail(client, EINVAL, "send a signal");
	container->stop_asked |= stop;
	if (stop)
		cgroup_thaw(container); /* what is paused could not do as it is told */
	if (container->init_pidfd < 0)
		return stop ? answer(client, CONTROL_OK, 0, NULL)
			    : fail(client, 0, "send a signal: it is about to be started again");
	if (syscall(SYS_pidfd_send_signal, container->init_pidfd, number, NULL, 0) < 0 &&
	    errno != ESRCH) /* it ends just now */
		return fail(client, errno, "send a signal");
	name = signals_name(number);
	events_add_own(container, "kill", -1, name);
	return answer(client, CONTROL_OK, 0, NULL);
}

static bool take_join(Client *client)
{
	const int *join = client->serve->container->join;
	ControlPacket packet = {.verb = CONTROL_OK};
	int fds[CONTROL_JOIN_COUNT];
	unsigned count = 0;

	if (join[CONTROL_PIDFD] < 0)
		return fail(client, 0, "enter the container: it is about to be started again");
	for (int i = 0; i < CONTROL_JOIN_COUNT; i++) {
		if (join[i] < 0)
			continue;
		fds[count++] = join[i];
		packet.number |= 1 << i;
	}
	return control_send(client->socket, &packet, fds, count, MSG_DONTWAIT);
}

static bool take_attach(Client *client)
{
	int size = SEND_BUFFER;

	if (!client->serve->container->plan->spec->rlc.detach)
		return fail(client, 0,
			    "attach to the container: it runs in the foreground of another rlc");
	if (setsockopt(client->socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) < 0)
		log_debug("serve: enlarge a client's buffer: %s", g_strerror(errno));
	client->attached = true;
	/* the terminal, for who attaches to know: 1 */
	return answer(client, CONTROL_OK, client->serve->container->console >= 0, NULL);
}

static bool take_resize(Client *client, int number)
{
	struct winsize size = {
		.ws_row = (unsigned short)((unsigned)number >> 16),
		.ws_col = (unsigned short)number,
	};
	int console = client->serve->container->console;

	if (console < 0)
		return fail(client, 0, "resize the terminal: the container has none");
	if (ioctl(console, TIOCSWINSZ, &size) < 0)
		return fail(client, errno, "resize the terminal");
	return answer(client, CONTROL_OK, 0, NULL);
}

/* --- input --- */

static int input_sink(const Client *client)
{
	const Container *container = client->serve->container;

	return container->console >= 0 ? container->console : container->streams[STDIN_FILENO];
}

static void client_watch(Client *client, int fd, GIOCondition condition, GUnixFDSourceFunc function)
{
	if (client->source)
		g_source_remove(client->source);
	client->source = g_unix_fd_add(fd, condition, function, client);
}

/* Hand on what the payload takes. */
static void flush_input(Client *client)
{
	GByteArray *input = client->input;
	ssize_t n = 0;

	while (input->len > 0 && n >= 0) {
		n = TEMP_FAILURE_RETRY(write(input_sink(client), input->data, input->len));
		if (n > 0)
			g_byte_array_remove_range(input, 0, (guint)n);
	}
	if (n < 0 && errno != EAGAIN)
		g_byte_array_set_size(input, 0); /* the payload closed its standard input */
}

static gboolean sink_writable(int fd, GIOCondition condition, gpointer data)
{
	Client *client = data;

	(void)fd;
	(void)condition;
	flush_input(client);
	if (client->input->len > 0)
		return G_SOURCE_CONTINUE;
	client_watch(client, client->socket, G_IO_IN, client_readable);
	return G_SOURCE_REMOVE;
}

static bool take_input(Client *client, const char *bytes, size_t length)
{
	Container *container = client->serve->container;

	if (!client->attached || input_sink(client) < 0)
		return true;
	if (length == 0) { /* its end; a terminal has another way to say so */
		fd_close(&container->streams[STDIN_FILENO]);
		return true;
	}
	g_byte_array_append(client->input, (const guint8 *)bytes, (guint)length);
	flush_input(client);
	if (client->input->len > 0)
		client_watch(client, input_sink(client), G_IO_OUT, sink_writable);
	return true;
}

/* --- connections --- */

static bool take_packet(Client *client, const ControlBytes *packet, size_t length)
{
	switch (packet->verb) {
	case CONTROL_SIGNAL:
	case CONTROL_STOP:
		return take_signal(client, packet->number, packet->verb == CONTROL_STOP);
	case CONTROL_JOIN:
		return take_join(client);
	case CONTROL_ATTACH:
		return take_attach(client);
	case CONTROL_INPUT:
		return take_input(client, packet->bytes, length - offsetof(ControlBytes, bytes));
	case CONTROL_RESIZE:
		return take_resize(client, packet->number);
	case CONTROL_WAIT:
		client->waits = true;
		return answer(client, CONTROL_OK, 0, NULL);
	default:
		return fail(client, EPROTO, "read a request");
	}
}

static gboolean client_readable(int fd, GIOCondition condition, gpointer data)
{
	Client *client = data;
	ControlBytes *packet = &bytes_packet;
	ssize_t n = recv(fd, packet, sizeof *packet, MSG_DONTWAIT);

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n < (ssize_t)offsetof(ControlBytes, bytes) || !take_packet(client, packet, (size_t)n))
		drop(client);
	return G_SOURCE_CONTINUE; /* if it was dropped, the source is gone already */
}

/* The same user, or root, who may do all this anyway. */
static bool is_allowed(int socket)
{
	struct ucred peer;
	socklen_t length = sizeof peer;

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static Client *client_new(Serve *serve, int socket)
{
	Client *client = g_new0(Client, 1);

	client->serve = serve;
	client->input = g_byte_array_new();
	client->socket = socket;
	client_watch(client, client->socket, G_IO_IN, client_readable);
	g_ptr_array_add(serve->clients, client);
	return client;
}

static gboolean connected(int fd, GIOCondition condition, gpointer data)
{
	Serve *serve = data;
	auto_fd socket = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)condition;
	if (socket < 0 || !is_allowed(socket))
		return G_SOURCE_CONTINUE;
	client_new(serve, fd_steal(&socket));
	return G_SOURCE_CONTINUE;
}

Serve *serve_start(Container *container)
{
	Serve *serve = g_new0(Serve, 1);

	serve->container = container;
	serve->clients = g_ptr_array_new_with_free_func(client_free);
	serve->source = g_unix_fd_add(container->control, G_IO_IN, connected, serve);
	if (container->guest >= 0) { /* its request is there already, before any output */
		Client *guest = client_new(serve, fd_steal(&container->guest));

		client_readable(guest->socket, G_IO_IN, guest);
	}
	return serve;
}

void serve_output(Serve *serve, int stream, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length; at += CONTROL_BYTES_MAX) {
		size_t part = MIN(length - at, CONTROL_BYTES_MAX);
		size_t size = offsetof(ControlBytes, bytes) + part;

		if (serve->clients->len == 0)
			return;
		bytes_packet.verb = CONTROL_OUTPUT;
		bytes_packet.number = stream;
		memcpy(bytes_packet.bytes, bytes + at, part);
		for (guint i = serve->clients->len; i-- > 0;) {
			Client *client = g_ptr_array_index(serve->clients, i);

			if (client->attached && !send_packet(client, &bytes_packet, size))
				drop(client);
		}
	}
}

/* All is over: now there is time to wait for who reads slowly. */
static void await_queue(Client *client, gint64 deadline)
{
	struct pollfd writable = {.fd = client->socket, .events = POLLOUT};

	while (flush_queue(client) && client->queued > 0) {
		gint64 left = (deadline - g_get_monotonic_time()) / 1000;

		if (left <= 0 || TEMP_FAILURE_RETRY(poll(&writable, 1, (int)left)) <= 0)
			return;
	}
}

void serve_end(Serve *serve, int exit_code)
{
	gint64 deadline = g_get_monotonic_time() + (gint64)LAST_MS * 1000;
	ControlPacket ended = {.verb = CONTROL_ENDED, .number = exit_code};

	g_source_remove(serve->source);
	for (guint i = 0; i < serve->clients->len; i++) {
		Client *client = g_ptr_array_index(serve->clients, i);

		if (client->waits || client->attached)
			send_packet(client, &ended, sizeof ended);
	}
	for (guint i = 0; i < serve->clients->len; i++)
		await_queue(g_ptr_array_index(serve->clients, i), deadline);
	g_ptr_array_unref(serve->clients);
	g_free(serve);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * One GLib main loop in one thread.  A frame from the tap goes through the gate (net_gate.h), which
 * hands it to libslirp, to a forwarder of ours, or to nobody.  libslirp answers through
 * send_packet(), at once or when one of its sockets becomes ready:
 *
 *     tap ──read──► gate ─┬─► slirp_input ──► host sockets ──► slirp_pollfds_poll ──┐
 *                         ├─► net_udp, net_dns, net_ping ──► host sockets ──────────┤
 *                         └─► nowhere                                               │
 *     tap ◄──write──────────────────────────────────────────────────────────────────┘
 *
 * The forwarders are GSources of one GMainContext.  libslirp instead wants to be asked before every
 * sleep which descriptors it waits for, all of them, and thousands as GPollFDs of a GSource are
 * slow: GLib keeps them in a sorted list, and writes to its wake-up descriptor at every change.  So
 * a round of the loop runs GLib's four phases by hand and puts libslirp's descriptors behind GLib's
 * own in the array for the one poll(2) of them all.
 *
 * An idle container must cost nothing, but libslirp asks to be woken every second as long as it
 * lives.  The loop sleeps for ever when libslirp waits for no socket but those of published ports,
 * and nothing has happened for longer than its slowest timer.  Router advertisements, its only real
 * timer, are never armed: the container's addresses and routes are set from outside, and its
 * accept_ra is off.
 */
#include "feature/net_slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "feature/net_dns.h"
#include "feature/net_dns6.h"
#include "feature/net_express.h"
#include "feature/net_follow.h"
#include "feature/net_forward.h"
#include "feature/net_frame.h"
#include "feature/net_gate.h"
#include "feature/net_lane.h"
#include "feature/net_libslirp.h"
#include "feature/net_loop.h"
#include "feature/net_ping.h"
#include "feature/net_publish.h"
#include "feature/net_relay.h"
#include "feature/net_sandbox.h"
#include "feature/net_udp.h"
#include "kernel/sync.h"

/* Frames read in a row before libslirp's sockets get their turn again */
#define BATCH 32

/* What libslirp allocates for a connection at least, twice; and some packets at the longest */
#define SOCKET_BUFFER (128 << 10)
#define PACKETS	      (1 << 20)

/* libslirp forgets UDP flows after four minutes, and TCP connections sooner. */
#define QUIET_AFTER (5 * 60 * G_USEC_PER_SEC)

/* Room in front keeps the IP header, 14 bytes behind, aligned to 4. */
#define FRAME_SHIFT 2

typedef struct {
	const NetPlan *plan;
	NetLoop loop;
	Slirp *slirp;
	GArray *polls;	  /* of GPollFD: GLib's, the tap, libslirp's */
	gint64 active_at; /* when a packet was last moved, in microseconds */
	bool ended;
	NetDns *dns;
	NetPing *ping;
	NetRelay *relay;
	NetForward *forward;
	NetEpoll *epoll;
	NetUdp *udp;
	NetSplice *splice;   /* NULL: no lane was asked for */
	NetExpress *express; /* NULL as well */
	NetInward *inward;   /* NULL: it publishes no TCP, too */
	NetServers servers;
	int control; /* the supervisor's other end; -1: there is no supervisor */
	uint8_t frame[NET_FRAME_MAX + FRAME_SHIFT];
	uint8_t other[NET_FRAME_MAX + FRAME_SHIFT]; /* the same, made anew for libslirp */
} NetProcess;

/* --- libslirp's callbacks --- */

static ssize_t on_send_packet(const void *frame, size_t length, void *opaque)
{
	NetProcess *process = opaque;
	size_t other = net_dns6_out(process->plan, frame, length, process->loop.reply);

	if (other > 0)
		net_loop_send(&process->loop, process->loop.reply, other);
	else
		net_loop_send(&process->loop, frame, length);
	return (ssize_t)length;
}

static void on_guest_error(const char *message, void *opaque)
{
	(void)opaque;
	log_debug("net: libslirp: %s", message);
}

static int64_t on_clock_get_ns(void *opaque)
{
	(void)opaque;
	return g_get_monotonic_time() * 1000;
}

static void *on_timer_new(SlirpTimerId id, void *cb_opaque, void *opaque)
{
	(void)id;
	(void)cb_opaque;
	return opaque; /* any pointer: the timer is never armed */
}

static void on_timer_free(void *timer, void *opaque)
{
	(void)timer;
	(void)opaque;
}

static void on_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
	(void)timer;
	(void)expire_ms;
	(void)opaque;
}

static void on_register_poll_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void on_unregister_poll_fd(int fd, void *opaque)
{
	(void)fd; /* the next round asks anew */
	(void)opaque;
}

static void on_notify(void *opaque)
{
	(void)opaque; /* one thread: the loop comes by anyway */
}

static const SlirpCb callbacks = {
	.send_packet = on_send_packet,
	.guest_error = on_guest_error,
	.clock_get_ns = on_clock_get_ns,
	.timer_free = on_timer_free,
	.timer_mod = on_timer_mod,
	.register_poll_fd = on_register_poll_fd,
	.unregister_poll_fd = on_unregister_poll_fd,
	.notify = on_notify,
	.timer_new_opaque = on_timer_new,
};

/* --- the loop --- */

static const struct {
	int slirp;
	gushort glib;
} event_names[] = {
	{SLIRP_POLL_IN, G_IO_IN},   {SLIRP_POLL_OUT, G_IO_OUT}, {SLIRP_POLL_PRI, G_IO_PRI},
	{SLIRP_POLL_ERR, G_IO_ERR}, {SLIRP_POLL_HUP, G_IO_HUP},
};

static int on_add_poll(int fd, int events, void *opaque)
{
	NetProcess *process = opaque;
	GPollFD entry = {.fd = fd};

	for (size_t i = 0; i < G_N_ELEMENTS(event_names); i++)
		if (events & event_names[i].slirp)
			entry.events |= event_names[i].glib;
	g_array_append_val(process->polls, entry);
	return (int)process->polls->len - 1;
}

/*
 * Only what was asked for: poll(2) also reports a hang-up unasked, and a socket that waits to write
 * when its reader is gone would make libslirp read the end of file again and again, never to write.
 */
static int on_get_revents(int index, void *opaque)
{
	NetProcess *process = opaque;
	const GPollFD *entry = &g_array_index(process->polls, GPollFD, index);
	int events = 0;

	if (entry->revents & entry->events & G_IO_IN &&
	    net_forward_take_over(process->forward, entry->fd))
		return 0;
	for (size_t i = 0; i < G_N_ELEMENTS(event_names); i++)
		if (entry->revents & entry->events & event_names[i].glib)
			events |= event_names[i].slirp;
	return events;
}

static void take_dns6(NetProcess *process, const NetPacket *packet)
{
	uint8_t *frame = process->other + FRAME_SHIFT;
	size_t length = net_dns6_in(process->plan, packet, frame);
	uint8_t hello[NET_DNS6_HELLO];

	if (length == 0)
		return;
	net_dns6_hello(process->plan, packet, hello);
	net_libslirp.input(process->slirp, hello, sizeof hello);
	net_libslirp.input(process->slirp, frame, (int)length);
}

static void take_frame(NetProcess *process, const uint8_t *frame, size_t length)
{
	NetPacket packet;

	if (!net_frame_parse(frame, length, &packet))
		return;
	switch (net_gate(process->plan, &packet)) {
	case NET_GATE_DROP:
		break;
	case NET_GATE_WORLD:
		if (packet.family == AF_INET && packet.protocol == IPPROTO_ICMP)
			net_ping_notice(process->ping);
		if (!net_express_take(process->express, &packet) &&
		    !net_forward_answer(process->forward, &packet) &&
		    !net_udp_take(process->udp, &packet))
			net_libslirp.input(process->slirp, frame, (int)length);
		break;
	case NET_GATE_PASS:
		if (!net_forward_answer(process->forward, &packet))
			net_libslirp.input(process->slirp, frame, (int)length);
		break;
	case NET_GATE_DNS:
		if (process->control >= 0)
			net_follow_ask(process->control);
		net_dns_query(process->dns, &packet);
		break;
	case NET_GATE_DNS6:
		take_dns6(process, &packet);
		break;
	case NET_GATE_PING6:
		net_ping_request6(process->ping, &packet);
		break;
	case NET_GATE_REFLECT:
		net_ping_reflect(process->ping, &packet);
		break;
	}
}

static void read_frames(NetProcess *process)
{
	uint8_t *frame = process->frame + FRAME_SHIFT;

	for (int i = 0; i < BATCH; i++) {
		ssize_t n = read(process->loop.tap, frame, NET_FRAME_MAX);

		if (n > 0) {
			take_frame(process, frame, (size_t)n);
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* a payload with CAP_NET_ADMIN may delete its own interface */
		log_warn("network: the container's tap is gone");
		process->ended = true;
		return;
	}
}

static void read_tap(NetProcess *process)
{
	read_frames(process);
	net_udp_flush(process->udp);
}

/* GLib's descriptors, and how long its sources let us sleep. */
static guint query_glib(NetProcess *process, gint priority, gint *ret_timeout)
{
	GArray *polls = process->polls;
	gint count;

	for (;;) {
		count = g_main_context_query(process->loop.context, priority, ret_timeout,
					     (GPollFD *)(void *)polls->data, (gint)polls->len);
		if ((guint)count <= polls->len)
			break;
		g_array_set_size(polls, (guint)count);
	}
	g_array_set_size(polls, (guint)count);
	return (guint)count;
}

/* libslirp's descriptors, and the shorter of its sleep and GLib's. */
static gint query_slirp(NetProcess *process, gint timeout)
{
	uint32_t wait = timeout < 0 ? UINT32_MAX : (uint32_t)timeout;
	guint before = process->polls->len;

	net_libslirp.pollfds_fill(process->slirp, &wait, on_add_poll, process);
	if (process->polls->len - before <= net_forward_listeners(process->forward) &&
	    g_get_monotonic_time() - process->active_at > QUIET_AFTER)
		return timeout;
	return (gint)MIN(wait, (uint32_t)G_MAXINT);
}

static void serve_slirp(NetProcess *process, bool failed, bool frames)
{
	net_libslirp.pollfds_poll(process->slirp, failed, on_get_revents, process);
	if (!frames)
		return;
	/* libslirp reads the clock in its poll alone, so frames must not come before it ... */
	process->active_at = g_get_monotonic_time();
	read_tap(process);
	/* ... and a packet that waited for a neighbour's answer leaves in it: ask no sockets */
	net_libslirp.pollfds_poll(process->slirp, 1, on_get_revents, process);
}

static void loop_round(NetProcess *process)
{
	GMainContext *context = process->loop.context;
	GPollFD tap = {.fd = process->loop.tap, .events = G_IO_IN};
	GPollFD *polls;
	gint priority, timeout;
	guint count;
	bool failed;

	g_main_context_prepare(context, &priority);
	count = query_glib(process, priority, &timeout);
	g_array_append_val(process->polls, tap);
	timeout = query_slirp(process, timeout);
	polls = (GPollFD *)(void *)process->polls->data;
	failed = g_poll(polls, process->polls->len, timeout) < 0;
	if (g_main_context_check(context, priority, polls, (gint)count))
		g_main_context_dispatch(context);
	serve_slirp(process, failed, !failed && polls[count].revents);
}

/* --- the process --- */

static Slirp *make_slirp(NetProcess *process)
{
	const NetPlan *plan = process->plan;
	SlirpConfig config = {
		.version = 4,
		.in_enabled = true,
		.vnetwork = plan->network,
		.vnetmask.s_addr = htonl(~(uint32_t)0 << (32 - plan->prefix)),
		.vhost = plan->gateway,
		/* vnameserver stays 0.0.0.0: its place is a guest forward's, see add_relay() */
		.in6_enabled = plan->ipv6,
		.vprefix_addr6 = plan->network6,
		.vprefix_len = 64,
		.vhost6 = plan->gateway6,
		.vnameserver6 = plan->nameserver6,
		.vdhcp_start = plan->address,
		.if_mtu = plan->mtu,
		.if_mru = plan->mtu,
		.disable_host_loopback = !plan->host_loopback,
		.enable_emu = false,
		.disable_dns = true,
		.disable_dhcp = true,
	};

	return net_libslirp.new(&config, &callbacks, process);
}

/*
 * libslirp refuses a guest forward at the address that it knows as its name server, so it is told
 * of none; it answers ARP for guest forwards as well.
 */
static bool add_relay(NetProcess *process, int listener, GError **error)
{
	static const NetRelayLimits dns_limits = {.streams = 256, .idle = 60 * G_USEC_PER_SEC};
	struct in_addr nameserver = process->plan->nameserver;

	if (net_libslirp.add_unix(process->slirp, NET_SANDBOX_DNS, &nameserver, 53) < 0)
		return error_set(error, RLC_ERROR_FAILED, "forward DNS over TCP: libslirp refused");
	process->relay = net_relay_new(&process->loop, &process->servers, listener, dns_limits);
	return true;
}

/* Other name servers, or the supervisor's end. */
static gboolean on_control(gint fd, GIOCondition condition, gpointer data)
{
	NetProcess *process = data;

	(void)condition;
	if (net_follow_take(fd, &process->servers))
		return G_SOURCE_CONTINUE;
	process->ended = true;
	return G_SOURCE_REMOVE;
}

static gboolean on_init_ended(gint fd, GIOCondition condition, gpointer data)
{
	NetProcess *process = data;

	(void)fd;
	(void)condition;
	process->ended = true;
	return G_SOURCE_REMOVE;
}

/*
 * Where memory comes from.  libslirp enlarges a connection's buffers at its start and keeps them
 * for ten seconds after its end.  Mapped, each costs what is used of it.  As soon as one is freed,
 * though, glibc would take the next from its heap, where all of it is copied when it grows.  And a
 * packet, which comes and goes at the heap's end, is not worth a brk(2) each time.
 */
static void set_malloc(void)
{
	mallopt(M_MMAP_THRESHOLD, SOCKET_BUFFER);
	mallopt(M_TRIM_THRESHOLD, PACKETS);
}

/* Whose end is this process's. */
static bool watch(NetProcess *process, Sync *control, GError **error)
{
	auto_fd init = -1;

	if (process->plan->outlives && !sync_expect(control, SYNC_WATCH, &init, error))
		return false;
	process->control = process->plan->outlives ? -1 : control->fd;
	if (process->plan->outlives)
		net_loop_watch(&process->loop, fd_steal(&init), on_init_ended, process);
	else
		net_loop_watch(&process->loop, control->fd, on_control, process);
	return true;
}

/* Without the lane, its parts idle: none of them has a socket. */
static bool take_lanes(NetProcess *process, Sync *control, GError **error)
{
	NetEpoll *epoll = process->epoll;
	NetLanes lanes;

	if (!net_lane_take(process->plan, control, &lanes, error))
		return false;
	if (process->splice) {
		process->express =
			net_express_new(&process->loop, process->plan, epoll, process->splice);
		net_express_start(process->express, lanes.ipv4.listener, lanes.ipv6.listener);
		process->inward = net_inward_new(process->plan, epoll, process->splice, &lanes);
	}
	return true;
}

static bool take_tap(NetProcess *process, Sync *control, GError **error)
{
	struct ifreq request = {0};
	auto_fd tap = -1;

	if (!sync_expect(control, SYNC_TAP, &tap, error))
		return false;
	if (fcntl(tap, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_errno(error, errno, "make the tap non-blocking");
	if (ioctl(tap, SIOCGIFHWADDR, &request) < 0)
		return error_errno(error, errno, "read the tap's hardware address");
	memcpy(process->loop.mac, request.ifr_hwaddr.sa_data, sizeof process->loop.mac);
	if (net_publish_wants_diag(process->plan) &&
	    !sync_expect(control, SYNC_DIAG, net_forward_diag(process->forward), error))
		return false;
	process->loop.tap = fd_steal(&tap);
	return watch(process, control, error) && take_lanes(process, control, error);
}

static bool process_start(NetProcess *process, Sync *control, GError **error)
{
	auto_fd listener = -1;
	gint64 forbidden_gid;

	/* what needs the host's files and interfaces comes before the sandbox */
	net_dns_servers(process->plan->host_nameservers, &process->servers);
	net_ping_probe(&forbidden_gid);
	if (!net_libslirp_load(error))
		return false;
	process->slirp = make_slirp(process);
	if (!process->slirp)
		return error_set(error, RLC_ERROR_FAILED, "start libslirp: it refused");
	if (!net_sandbox_close(control->fd, error))
		return false;
	if (process->plan->outlives) /* the caller waits for the end of what it reads */
		dup2(STDOUT_FILENO, STDERR_FILENO);
	process->forward = net_forward_open(&process->loop, process->plan, process->slirp, error);
	if (!process->forward || !net_sandbox_enter(&listener, error))
		return false;
	if (!process->plan->outlives)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	process->loop.context = g_main_context_new();
	g_main_context_acquire(process->loop.context);
	process->dns = net_dns_new(&process->loop, &process->servers);
	process->ping = net_ping_new(&process->loop, process->plan, forbidden_gid);
	process->epoll = net_epoll_new(error);
	if (!process->epoll)
		return false;
	net_epoll_start(process->epoll, &process->loop);
	process->udp = net_udp_new(&process->loop, process->plan, process->epoll);
	if (process->plan->lane != NET_LANE_OFF)
		process->splice = net_splice_new(process->epoll, net_udp_files(process->udp));
	if (!add_relay(process, fd_steal(&listener), error) ||
	    !net_forward_open_inside(process->forward, process->slirp, error) ||
	    !net_sandbox_seal(error) || !take_tap(process, control, error))
		return false;
	net_forward_start(process->forward, process->inward);
	return sync_send(control, SYNC_NET_UP, -1, error);
}

void net_slirp_main(const NetPlan *plan, Sync *control)
{
	g_autoptr(GError) error = NULL;
	static NetProcess whole; /* not on the heap: a page of it is taken when it is used */
	NetProcess *process = &whole;

	net_sandbox_leave_supervisor();
	process->plan = plan;
	process->loop.mtu = plan->mtu;
	process->loop.tap = -1;
	process->polls = g_array_new(FALSE, TRUE, sizeof(GPollFD));
	process->active_at = g_get_monotonic_time();
	if (!process_start(process, control, &error)) {
		sync_send_error(control, error);
		_exit(EXIT_FAILURE);
	}
	set_malloc();
	malloc_trim(0); /* it idles from here on */
	while (!process->ended)
		loop_round(process);
	_exit(EXIT_SUCCESS);
}

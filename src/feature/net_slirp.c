/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * One GLib main loop in one thread.  A frame from the tap goes through the gate (net_gate.h), which
 * hands it to libslirp, to the DNS forwarder, to the pinger, or to nobody.  libslirp answers
 * through send_packet(), at once or when one of its sockets becomes ready:
 *
 *     tap ──read──► gate ─┬─► slirp_input ──► host sockets ──► slirp_pollfds_poll ──┐
 *                         ├─► net_dns, net_ping ──► host sockets ───────────────────┤
 *                         └─► nowhere                                               │
 *     tap ◄──write──────────────────────────────────────────────────────────────────┘
 *
 * libslirp wants to be asked before every sleep which descriptors it waits for.  A GSource does
 * that in its prepare() and keeps GLib's poll set up to date by difference: most rounds change
 * nothing.
 *
 * An idle container must cost nothing, but libslirp asks to be woken every second as long as it
 * lives.  The source sleeps for ever when no socket is polled but those of published ports, and
 * nothing has happened for longer than libslirp's slowest timer.  Router advertisements, its only
 * real timer, are never armed: the container's addresses and routes are set from outside, and its
 * accept_ra is off.
 */
#include "feature/net_slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "feature/net_dns.h"
#include "feature/net_forward.h"
#include "feature/net_frame.h"
#include "feature/net_gate.h"
#include "feature/net_loop.h"
#include "feature/net_ping.h"
#include "feature/net_publish.h"
#include "feature/net_relay.h"
#include "feature/net_sandbox.h"
#include "kernel/sync.h"

/* Frames read in a row before libslirp's sockets get their turn again */
#define BATCH 32

/* libslirp forgets UDP flows after four minutes, and TCP connections sooner. */
#define QUIET_AFTER (5 * 60 * G_USEC_PER_SEC)

/* Room in front keeps the IP header, 14 bytes behind, aligned to 4. */
#define FRAME_SHIFT 2

/* One descriptor that libslirp may wait for; the descriptor itself is the index libslirp gets. */
typedef struct {
	gpointer tag;
	GIOCondition events;
	guint round; /* the last round of slirp_pollfds_fill() that named it */
} SlirpFd;

typedef struct {
	GSource source; /* first: GLib allocates and casts it */
	struct NetProcess *process;
} SlirpSource;

typedef struct NetProcess {
	const NetPlan *plan;
	NetLoop loop;
	Slirp *slirp;
	SlirpSource *source;
	gpointer tap_tag;
	GArray *fds;	/* of SlirpFd, by descriptor */
	GArray *polled; /* of int: the descriptors with a tag */
	guint round;
	gint64 active_at; /* when something last happened */
	gint64 wake_at;	  /* when libslirp wants its turn; -1: not before a descriptor is ready */
	NetDns *dns;
	NetPing *ping;
	NetRelay *relay;
	NetForward *forward;
	NetServers servers;
	GMainLoop *main_loop;
	uint8_t frame[NET_FRAME_MAX + FRAME_SHIFT];
} NetProcess;

/* --- libslirp's callbacks --- */

static ssize_t on_send_packet(const void *frame, size_t length, void *opaque)
{
	NetProcess *process = opaque;

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

static void fd_forget(NetProcess *process, int fd)
{
	SlirpFd *entry = &g_array_index(process->fds, SlirpFd, fd);

	if (entry->tag)
		g_source_remove_unix_fd(&process->source->source, entry->tag);
	entry->tag = NULL;
}

/* libslirp is about to close fd, whose number may soon be another socket's. */
static void on_unregister_poll_fd(int fd, void *opaque)
{
	NetProcess *process = opaque;

	if (fd >= 0 && (guint)fd < process->fds->len)
		fd_forget(process, fd);
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

/* --- the GSource --- */

static const struct {
	int slirp;
	GIOCondition glib;
} event_names[] = {
	{SLIRP_POLL_IN, G_IO_IN},   {SLIRP_POLL_OUT, G_IO_OUT}, {SLIRP_POLL_PRI, G_IO_PRI},
	{SLIRP_POLL_ERR, G_IO_ERR}, {SLIRP_POLL_HUP, G_IO_HUP},
};

static GIOCondition events_to_glib(int events)
{
	int condition = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(event_names); i++)
		if (events & event_names[i].slirp)
			condition |= event_names[i].glib;
	return (GIOCondition)condition;
}

static int events_from_glib(GIOCondition condition)
{
	int events = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(event_names); i++)
		if (condition & event_names[i].glib)
			events |= event_names[i].slirp;
	return events;
}

static int on_add_poll(int fd, int events, void *opaque)
{
	NetProcess *process = opaque;
	GIOCondition condition = events_to_glib(events);
	SlirpFd *entry;

	if ((guint)fd >= process->fds->len)
		g_array_set_size(process->fds, (guint)fd + 1);
	entry = &g_array_index(process->fds, SlirpFd, fd);
	if (!entry->tag) {
		entry->tag = g_source_add_unix_fd(&process->source->source, fd, condition);
		g_array_append_val(process->polled, fd);
	} else if (entry->events != condition) {
		g_source_modify_unix_fd(&process->source->source, entry->tag, condition);
	}
	entry->events = condition;
	entry->round = process->round;
	return fd;
}

static int on_get_revents(int fd, void *opaque)
{
	NetProcess *process = opaque;
	SlirpFd *entry = &g_array_index(process->fds, SlirpFd, fd);

	GIOCondition condition =
		entry->tag ? g_source_query_unix_fd(&process->source->source, entry->tag) : 0;

	if (condition & G_IO_IN && net_forward_take_over(process->forward, fd))
		return 0;
	return events_from_glib(condition);
}

/* Take what libslirp did not name this round out of the poll set. */
static void fds_trim(NetProcess *process)
{
	for (guint i = process->polled->len; i-- > 0;) {
		int fd = g_array_index(process->polled, int, i);
		SlirpFd *entry = &g_array_index(process->fds, SlirpFd, fd);

		if (entry->tag && entry->round == process->round)
			continue;
		fd_forget(process, fd);
		g_array_remove_index_fast(process->polled, i);
	}
}

static gboolean slirp_prepare(GSource *source, gint *timeout)
{
	NetProcess *process = ((SlirpSource *)source)->process;
	gint64 now = g_source_get_time(source);
	uint32_t wait = UINT32_MAX;

	process->round++;
	slirp_pollfds_fill(process->slirp, &wait, on_add_poll, process);
	fds_trim(process);
	if (process->polled->len <= net_forward_listeners(process->forward) &&
	    now - process->active_at > QUIET_AFTER) {
		process->wake_at = -1;
		*timeout = -1;
	} else {
		process->wake_at = now + (gint64)wait * 1000;
		*timeout = (gint)MIN(wait, (uint32_t)G_MAXINT);
	}
	return FALSE;
}

static bool any_ready(NetProcess *process)
{
	for (guint i = 0; i < process->polled->len; i++) {
		int fd = g_array_index(process->polled, int, i);

		if (on_get_revents(fd, process))
			return true;
	}
	return g_source_query_unix_fd(&process->source->source, process->tap_tag) != 0;
}

static gboolean slirp_check(GSource *source)
{
	NetProcess *process = ((SlirpSource *)source)->process;
	gint64 now = g_source_get_time(source);

	if (any_ready(process)) {
		process->active_at = now;
		return TRUE;
	}
	return process->wake_at >= 0 && now >= process->wake_at;
}

static void take_frame(NetProcess *process, const uint8_t *frame, size_t length)
{
	NetPacket packet;

	if (!net_frame_parse(frame, length, &packet))
		return;
	switch (net_gate(process->plan, &packet)) {
	case NET_GATE_DROP:
		break;
	case NET_GATE_PASS:
		if (packet.family == AF_INET && packet.protocol == IPPROTO_ICMP)
			net_ping_notice(process->ping);
		if (net_forward_answer(process->forward, &packet))
			break;
		slirp_input(process->slirp, frame, (int)length);
		break;
	case NET_GATE_DNS:
		net_dns_query(process->dns, &packet);
		break;
	case NET_GATE_PING6:
		net_ping_request6(process->ping, &packet);
		break;
	case NET_GATE_REFLECT:
		net_ping_reflect(process->ping, &packet);
		break;
	}
}

static void read_tap(NetProcess *process)
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
		g_main_loop_quit(process->main_loop);
		return;
	}
}

static gboolean slirp_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	NetProcess *process = ((SlirpSource *)source)->process;

	(void)callback;
	(void)data;
	slirp_pollfds_poll(process->slirp, 0, on_get_revents, process);
	if (g_source_query_unix_fd(source, process->tap_tag))
		read_tap(process);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs slirp_functions = {
	.prepare = slirp_prepare,
	.check = slirp_check,
	.dispatch = slirp_dispatch,
};

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

	return slirp_new(&config, &callbacks, process);
}

static void add_source(NetProcess *process)
{
	process->source = (SlirpSource *)g_source_new(&slirp_functions, sizeof *process->source);
	process->source->process = process;
	/* else GLib takes all its descriptors out of the poll set around each dispatch */
	g_source_set_can_recurse(&process->source->source, TRUE);
	process->tap_tag =
		g_source_add_unix_fd(&process->source->source, process->loop.tap, G_IO_IN);
	g_source_attach(&process->source->source, process->loop.context);
}

/*
 * libslirp refuses a guest forward at the address that it knows as its name server, so it is told
 * of none; it answers ARP for guest forwards as well.
 */
static bool add_relay(NetProcess *process, int listener, GError **error)
{
	static const NetRelayLimits dns_limits = {.streams = 64, .idle = 60 * G_USEC_PER_SEC};
	struct in_addr nameserver = process->plan->nameserver;

	if (slirp_add_unix(process->slirp, NET_SANDBOX_DNS, &nameserver, 53) < 0)
		return error_set(error, RLC_ERROR_FAILED, "forward DNS over TCP: libslirp refused");
	process->relay = net_relay_new(&process->loop, &process->servers, listener, dns_limits);
	return true;
}

/* The supervisor never writes after the tap: what can be read is its end. */
static gboolean on_control(gint fd, GIOCondition condition, gpointer data)
{
	NetProcess *process = data;

	(void)fd;
	(void)condition;
	g_main_loop_quit(process->main_loop);
	return G_SOURCE_REMOVE;
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
	return true;
}

static bool process_start(NetProcess *process, Sync *control, GError **error)
{
	auto_fd listener = -1;
	gint64 forbidden_gid;

	/* what needs the host's files and interfaces comes before the sandbox */
	net_dns_servers(process->plan->host_nameservers, &process->servers);
	net_ping_probe(&forbidden_gid);
	process->slirp = make_slirp(process);
	if (!process->slirp)
		return error_set(error, RLC_ERROR_FAILED, "start libslirp: it refused");
	if (!net_sandbox_close(control->fd, error))
		return false;
	process->forward = net_forward_open(&process->loop, process->plan, process->slirp, error);
	if (!process->forward || !net_sandbox_enter(&listener, error))
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	process->loop.context = g_main_context_new();
	process->main_loop = g_main_loop_new(process->loop.context, FALSE);
	process->dns = net_dns_new(&process->loop, &process->servers);
	process->ping = net_ping_new(&process->loop, forbidden_gid);
	if (!add_relay(process, fd_steal(&listener), error) ||
	    !net_forward_open_inside(process->forward, process->slirp, error) ||
	    !net_sandbox_seal(error) || !take_tap(process, control, error))
		return false;
	add_source(process);
	net_forward_start(process->forward);
	net_loop_watch(&process->loop, control->fd, on_control, process);
	return sync_send(control, SYNC_NET_UP, -1, error);
}

void net_slirp_main(const NetPlan *plan, Sync *control)
{
	g_autoptr(GError) error = NULL;
	NetProcess *process = g_new0(NetProcess, 1);

	net_sandbox_leave_supervisor();
	process->plan = plan;
	process->loop.mtu = plan->mtu;
	process->loop.tap = -1;
	process->fds = g_array_new(FALSE, TRUE, sizeof(SlirpFd));
	process->polled = g_array_new(FALSE, FALSE, sizeof(int));
	process->active_at = g_get_monotonic_time();
	if (!process_start(process, control, &error)) {
		sync_send_error(control, error);
		_exit(EXIT_FAILURE);
	}
	g_main_loop_run(process->main_loop);
	_exit(EXIT_SUCCESS);
}

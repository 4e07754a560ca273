/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A socket belongs to the network namespace that it was made in, and this process may make none in
 * the container's: but who accepts a connection there has made a socket.  From init come a socket
 * that listens, the mint, and one to connect to it, the seed.  What the mint accepts is
 * disconnected again (connect(2) to AF_UNSPEC), and is then as good as new: transparent like the
 * mint, so that it may be bound to the peer's address.
 *
 *     seed ──connect──► mint ──accept──► coin        both disconnected, the seed for the next one
 *
 *     peer P:p ──► published port ──accept──► client ◄── net_splice.h ──► coin, bound to P:p
 *                                                                              │ connect(2)
 *                                              payload: accept(2) from P:p ◄───┘
 *
 * One coin of a family is made at a time; whose turn it is not waits in a queue.  On the loopback
 * it is there when connect(2) returns, as a rule.  Whoever else connects to the mint is reset.
 *
 * A name may be in use inside (the same peer came to two ports of the host for one of the
 * container's, or its last connection is in TIME-WAIT): then the peer is the gateway, with whatever
 * port is free.
 */
#include "feature/net_inward.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "feature/net_peer.h"
#include "feature/net_publish.h"

typedef struct {
	NetWatch watch; /* first: of the seed, while the mint has not answered it */
	NetInward *inward;
	struct sockaddr_storage address; /* the mint's */
	socklen_t length;
	GQueue waiting; /* of Dial */
	bool making;
} Seed;

typedef struct {
	NetWatch watch; /* first */
	Seed *seed;
} Mint;

/* A connection to the container that is not there yet. */
typedef struct {
	NetWatch watch; /* first: of the coin, when it has one */
	NetInward *inward;
	GList link; /* of seed->waiting */
	int client;
	const PublishPlan *publish;
	int family;   /* that the container is asked over */
	bool unnamed; /* its name is in use */
} Dial;

struct NetInward {
	const NetPlan *plan;
	NetEpoll *epoll;
	NetSplice *splice;
	Mint mints[2]; /* of IPv4 and IPv6; no descriptors where there is no lane */
	Seed seeds[2];
	guint dials;
};

static Seed *seed_of(NetInward *inward, int family)
{
	return &inward->seeds[family == AF_INET6];
}

static bool disconnect(int fd)
{
	static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	return connect(fd, &nobody, sizeof nobody) == 0;
}

static void close_reset(int fd)
{
	net_splice_reset(fd);
	close(fd);
}

/* --- dials --- */

static void dial_free(Dial *dial)
{
	NetInward *inward = dial->inward;

	inward->dials--;
	net_epoll_close(inward->epoll, &dial->watch);
	net_epoll_free_later(inward->epoll, dial);
}

static void dial_fail(Dial *dial)
{
	close_reset(dial->client);
	dial_free(dial);
}

static void seed_next(Seed *seed);

/* Wait for a coin (another one) of this family. */
static void dial_wait(Dial *dial, int family)
{
	Seed *seed = seed_of(dial->inward, family);

	net_epoll_close(dial->inward->epoll, &dial->watch);
	dial->family = family;
	g_queue_push_tail_link(&seed->waiting, &dial->link);
	seed_next(seed);
}

/* The container did not take it, or not so. */
static void dial_again(Dial *dial, int problem)
{
	if ((problem == EADDRINUSE || problem == EADDRNOTAVAIL) && !dial->unnamed) {
		dial->unnamed = true;
		dial_wait(dial, dial->family);
	} else if (dial->family == AF_INET6 && seed_of(dial->inward, AF_INET)->watch.fd >= 0) {
		dial_wait(dial, AF_INET);
	} else {
		log_debug("net: port %u: %s", dial->publish->port, g_strerror(problem));
		dial_fail(dial);
	}
}

static void on_connected(NetWatch *watch, uint32_t events)
{
	Dial *dial = (Dial *)watch;
	NetInward *inward = dial->inward;
	int problem = 0;
	socklen_t size = sizeof problem;

	(void)events;
	if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0)
		problem = errno;
	if (problem) {
		dial_again(dial, problem);
		return;
	}
	net_epoll_watch(inward->epoll, watch, 0);
	net_splice_add(inward->splice, dial->client, fd_steal(&watch->fd));
	dial_free(dial);
}

/* Who the container shall see: the peer, or the gateway in its place. */
static bool read_name(const Dial *dial, PublishPlan *ret_name)
{
	const NetPlan *plan = dial->inward->plan;
	struct sockaddr_storage peer = {0};
	socklen_t size = sizeof peer;
	NetAddress address = {0};

	if (getpeername(dial->client, (struct sockaddr *)&peer, &size) < 0)
		return false;
	ret_name->family = dial->family;
	net_peer_read(&peer, &address, &ret_name->host_port);
	if (peer.ss_family != dial->family || dial->unnamed)
		memset(&address, 0, sizeof address); /* nobody's: the gateway */
	if (dial->unnamed)
		ret_name->host_port = 0;
	net_peer_name(plan, dial->family, &address);
	memcpy(&ret_name->host, &address, sizeof address);
	return true;
}

static bool connect_inside(const Dial *dial)
{
	const NetPlan *plan = dial->inward->plan;
	PublishPlan name = {0};
	NetAddress to = {0};
	struct sockaddr_storage address;
	socklen_t length;

	if (!read_name(dial, &name))
		return false;
	length = net_publish_sockaddr(&name, &address);
	if (bind(dial->watch.fd, (struct sockaddr *)&address, length) < 0)
		return false;
	if (dial->family == AF_INET)
		to.v4 = plan->address;
	else
		to.v6 = plan->address6;
	length = net_peer_write(dial->family, &to, dial->publish->port, &address);
	return connect(dial->watch.fd, (struct sockaddr *)&address, length) == 0 ||
	       errno == EINPROGRESS;
}

static void dial_connect(Dial *dial, int coin)
{
	dial->watch.fd = coin;
	if (connect_inside(dial))
		net_epoll_watch(dial->inward->epoll, &dial->watch, EPOLLOUT);
	else
		dial_again(dial, errno);
}

/* --- coins --- */

static bool is_seed(const Seed *seed, const struct sockaddr_storage *peer)
{
	NetAddress theirs = {0}, own = {0};
	uint16_t their_port, own_port;
	struct sockaddr_storage name;
	socklen_t size = sizeof name;

	if (!seed->making || getsockname(seed->watch.fd, (struct sockaddr *)&name, &size) < 0)
		return false;
	net_peer_read(peer, &theirs, &their_port);
	net_peer_read(&name, &own, &own_port);
	return their_port == own_port && IN6_ARE_ADDR_EQUAL(&theirs.v6, &own.v6);
}

/* The seed's connection, as a coin; -1: it is not there yet. */
static int mint_accept(Mint *mint)
{
	for (;;) {
		struct sockaddr_storage peer;
		socklen_t size = sizeof peer;
		int coin = accept4(mint->watch.fd, (struct sockaddr *)&peer, &size,
				   SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (coin < 0)
			return -1;
		if (is_seed(mint->seed, &peer))
			return coin;
		close_reset(coin);
	}
}

/* What is made is the first one's in the queue; coin -1: it could not be made. */
static void seed_made(Seed *seed, int coin)
{
	Dial *dial = g_queue_peek_head(&seed->waiting);

	seed->making = false;
	net_epoll_watch(seed->inward->epoll, &seed->watch, 0);
	disconnect(seed->watch.fd);
	if (coin >= 0 && !disconnect(coin))
		fd_close(&coin);
	g_queue_unlink(&seed->waiting, &dial->link);
	if (coin >= 0)
		dial_connect(dial, coin);
	else
		dial_fail(dial);
}

static void seed_next(Seed *seed)
{
	NetInward *inward = seed->inward;
	Mint *mint = &inward->mints[seed - inward->seeds];

	while (!seed->making && !g_queue_is_empty(&seed->waiting)) {
		int coin = -1;

		seed->making = true;
		if (connect(seed->watch.fd, (struct sockaddr *)&seed->address, seed->length) == 0 ||
		    errno == EINPROGRESS) {
			coin = mint_accept(mint);
			if (coin < 0) {
				net_epoll_watch(inward->epoll, &seed->watch, EPOLLRDHUP);
				return;
			}
		}
		seed_made(seed, coin);
	}
}

static void on_mint(NetWatch *watch, uint32_t events)
{
	Mint *mint = (Mint *)watch;
	int coin = mint_accept(mint);

	(void)events;
	if (coin < 0)
		return;
	seed_made(mint->seed, coin);
	seed_next(mint->seed);
}

/* Its connection to the mint failed. */
static void on_seed(NetWatch *watch, uint32_t events)
{
	Seed *seed = (Seed *)watch;

	(void)events;
	seed_made(seed, -1);
	seed_next(seed);
}

/* --- published ports --- */

void net_inward_take(NetInward *inward, int client, const PublishPlan *publish)
{
	int family = publish->family;
	Dial *dial;

	if (seed_of(inward, family)->watch.fd < 0)
		family = family == AF_INET ? AF_INET6 : AF_INET;
	if (inward->dials >= net_splice_room(inward->splice)) {
		close_reset(client);
		return;
	}
	net_splice_prepare(client);
	dial = g_new0(Dial, 1);
	dial->inward = inward;
	dial->link.data = dial;
	dial->client = client;
	dial->publish = publish;
	dial->watch = (NetWatch){.fd = -1, .ready = on_connected};
	inward->dials++;
	dial_wait(dial, family);
}

static void add_mint(NetInward *inward, guint i, NetLaneSockets *lane)
{
	Mint *mint = &inward->mints[i];
	Seed *seed = &inward->seeds[i];

	mint->seed = seed;
	mint->watch = (NetWatch){.fd = fd_steal(&lane->mint), .ready = on_mint};
	seed->inward = inward;
	seed->watch = (NetWatch){.fd = fd_steal(&lane->seed), .ready = on_seed};
	seed->length = sizeof seed->address;
	g_queue_init(&seed->waiting);
	if (mint->watch.fd < 0)
		return;
	getsockname(mint->watch.fd, (struct sockaddr *)&seed->address, &seed->length);
	net_epoll_watch(inward->epoll, &mint->watch, EPOLLIN);
}

NetInward *net_inward_new(const NetPlan *plan, NetEpoll *epoll, NetSplice *splice, NetLanes *lanes)
{
	NetInward *inward;

	if (lanes->ipv4.seed < 0 && lanes->ipv6.seed < 0)
		return NULL;
	inward = g_new0(NetInward, 1);
	inward->plan = plan;
	inward->epoll = epoll;
	inward->splice = splice;
	add_mint(inward, 0, &lanes->ipv4);
	add_mint(inward, 1, &lanes->ipv6);
	return inward;
}

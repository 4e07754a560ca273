/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A pair has two ends and two flows.  A flow has a pipe only while something is in it: pipes are
 * taken from a stock and go back empty, so that an idle connection is two descriptors and no memory
 * of ours.  A pipe is filled only when it is empty; until then its source is not read, and TCP's
 * own window holds the writer.  When slow readers have all pipes, the others go on by copying: what
 * is peeked at is sent, and what was sent is read, so that nothing needs a place here.
 *
 * The stream of an end is over when it was read to its end and nothing more goes there; the pair is
 * over when both are, and at once when either fails: then the other is reset.
 *
 * splice(2) stops in front of an urgent byte, which is copied and sent as urgent.
 */
#include "feature/net_splice.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

/* What is asked of the kernel at once; a pipe holds as much as its 16 pages, or fragments of pages
 */
#define CHUNK (1U << 20)

/* Fillings of a pipe in a row before others get their turn */
#define TURNS 8

/* A shorter read than this was all there is, for now. */
#define FEW 16384

/* Pipes that are kept though nobody needs them */
#define STOCK_MAX 32

#define PIPES_MAX 256
#define COPY_MAX  16384

/* Descriptors: of a pair; and of all pipes, GLib, libslirp, DNS */
#define FILES_PAIR   2
#define FILES_OTHERS (256 + 2 * PIPES_MAX)

typedef struct {
	int read, write;
	size_t length; /* bytes in it */
} Pipe;

typedef struct Pair Pair;

typedef struct {
	NetWatch watch; /* first: its fd is -1 when the end is over */
	Pair *pair;
	bool ended; /* end of file was read */
	bool shut;  /* and here it was passed on */
} End;

struct Pair {
	NetSplice *splice;
	End ends[2];
	Pipe pipes[2]; /* by the end that they are filled from */
	bool waits[2]; /* there is something to copy from that end, and the other is full */
};

struct NetSplice {
	NetEpoll *epoll;
	guint count, limit;
	Pipe stock[STOCK_MAX];
	guint stocked, pipes;
};

typedef enum {
	FLOW_FAILED,
	FLOW_WAITS,
	FLOW_MOVED,
} FlowResult;

static bool is_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* --- pipes --- */

static bool pipe_take(NetSplice *splice, Pipe *pipe)
{
	int fds[2];

	if (pipe->read >= 0)
		return true;
	if (splice->stocked > 0) {
		*pipe = splice->stock[--splice->stocked];
		return true;
	}
	if (splice->pipes == PIPES_MAX || pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	splice->pipes++;
	*pipe = (Pipe){.read = fds[0], .write = fds[1]};
	return true;
}

static void pipe_give_back(NetSplice *splice, Pipe *pipe)
{
	if (pipe->read < 0)
		return;
	if (pipe->length == 0 && splice->stocked < STOCK_MAX) {
		splice->stock[splice->stocked++] = *pipe;
	} else {
		close(pipe->read);
		close(pipe->write);
		splice->pipes--;
	}
	*pipe = (Pipe){.read = -1, .write = -1};
}

/* --- flows --- */

/* Send what is peeked at, then take it away. */
static FlowResult flow_copy(Pair *pair, int side, size_t most, int flags)
{
	End *from = &pair->ends[side];
	char bytes[COPY_MAX];
	ssize_t n = recv(from->watch.fd, bytes, most, MSG_PEEK | MSG_DONTWAIT);

	pair->waits[side] = false;
	if (n < 0)
		return is_again() ? FLOW_WAITS : FLOW_FAILED;
	from->ended = n == 0;
	if (n == 0)
		return FLOW_MOVED;
	n = send(pair->ends[!side].watch.fd, bytes, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
	if (n < 0) {
		pair->waits[side] = is_again();
		return pair->waits[side] ? FLOW_WAITS : FLOW_FAILED;
	}
	return recv(from->watch.fd, bytes, (size_t)n, MSG_DONTWAIT) == n ? FLOW_MOVED : FLOW_FAILED;
}

/* splice(2) said EAGAIN: because there is nothing, or because an urgent byte comes next? */
static FlowResult flow_copy_urgent(Pair *pair, int side)
{
	int at_mark = 0;

	if (ioctl(pair->ends[side].watch.fd, SIOCATMARK, &at_mark) < 0 || !at_mark)
		return FLOW_WAITS;
	return flow_copy(pair, side, 1, MSG_OOB);
}

static FlowResult flow_fill(Pair *pair, int side)
{
	Pipe *pipe = &pair->pipes[side];
	End *from = &pair->ends[side];
	ssize_t n;

	pair->waits[side] = false;
	if (!pipe_take(pair->splice, pipe))
		return flow_copy(pair, side, COPY_MAX, 0);
	n = splice(from->watch.fd, NULL, pipe->write, NULL, CHUNK,
		   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n < 0)
		return is_again() ? flow_copy_urgent(pair, side) : FLOW_FAILED;
	from->ended = n == 0;
	pipe->length = (size_t)n;
	return FLOW_MOVED;
}

static FlowResult flow_empty(Pair *pair, int side)
{
	Pipe *pipe = &pair->pipes[side];
	ssize_t n = splice(pipe->read, NULL, pair->ends[!side].watch.fd, NULL, pipe->length,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n < 0)
		return is_again() ? FLOW_WAITS : FLOW_FAILED;
	pipe->length -= (size_t)n;
	return pipe->length ? FLOW_WAITS : FLOW_MOVED;
}

static FlowResult flow_turn(Pair *pair, int side)
{
	Pipe *pipe = &pair->pipes[side];
	FlowResult result;
	bool few;

	if (pipe->length > 0)
		return flow_empty(pair, side);
	if (pair->ends[side].ended)
		return FLOW_WAITS;
	result = flow_fill(pair, side);
	if (result != FLOW_MOVED || pipe->length == 0)
		return result;
	few = pipe->length < FEW;
	result = flow_empty(pair, side);
	return result == FLOW_MOVED && few ? FLOW_WAITS : result;
}

/* Move what can be moved from this end. false: the connection is broken. */
static bool flow_move(Pair *pair, int side)
{
	End *from = &pair->ends[side], *to = &pair->ends[!side];
	FlowResult result = FLOW_MOVED;

	if (to->shut)
		return true;
	for (int i = 0; i < TURNS && result == FLOW_MOVED; i++)
		result = flow_turn(pair, side);
	if (pair->pipes[side].length == 0)
		pipe_give_back(pair->splice, &pair->pipes[side]);
	if (from->ended && pair->pipes[side].length == 0) {
		if (!to->ended) /* else it is closed now */
			shutdown(to->watch.fd, SHUT_WR);
		to->shut = true;
	}
	return result != FLOW_FAILED;
}

/* --- pairs --- */

static bool is_blocked(const Pair *pair, int side)
{
	return pair->pipes[side].length > 0 || pair->waits[side];
}

static uint32_t wanted(const Pair *pair, int side)
{
	uint32_t events = 0;

	if (!pair->ends[side].ended && !is_blocked(pair, side))
		events |= EPOLLIN;
	if (is_blocked(pair, !side))
		events |= EPOLLOUT;
	return events;
}

static void pair_end(Pair *pair, bool reset)
{
	NetSplice *splice = pair->splice;

	for (int side = 0; side < 2; side++) {
		NetWatch *watch = &pair->ends[side].watch;

		pipe_give_back(splice, &pair->pipes[side]);
		if (reset && watch->fd >= 0)
			net_splice_reset(watch->fd);
		net_epoll_close(splice->epoll, watch);
	}
	splice->count--;
	net_epoll_free_later(splice->epoll, pair);
}

/*
 * An end that nothing more comes from or goes to is closed at once: it would report a hang-up for
 * ever. So does one whose peer is gone, while it waits for the other end: it is not asked then.
 */
static void pair_watch(Pair *pair)
{
	NetEpoll *epoll = pair->splice->epoll;

	for (int side = 0; side < 2; side++) {
		End *end = &pair->ends[side];

		if (end->watch.fd >= 0 && end->ended && end->shut)
			net_epoll_close(epoll, &end->watch);
		if (end->watch.fd >= 0)
			net_epoll_watch(epoll, &end->watch, wanted(pair, side));
	}
	if (pair->ends[0].watch.fd < 0 && pair->ends[1].watch.fd < 0)
		pair_end(pair, false);
}

static void on_ready(NetWatch *watch, uint32_t events)
{
	End *end = (End *)watch;
	Pair *pair = end->pair;
	int side = end == &pair->ends[1];
	bool fine = true;

	if (events & EPOLLOUT)
		fine = flow_move(pair, !side);
	if (fine && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		fine = flow_move(pair, side);
	if (events & EPOLLERR && (end->ended || is_blocked(pair, side)))
		fine = false; /* nothing will be read here, where the error would show */
	if (fine)
		pair_watch(pair);
	else
		pair_end(pair, true);
}

void net_splice_prepare(int fd)
{
	const int on = 1;

	setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof on); /* the payload's kernel knows when */
	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void net_splice_add(NetSplice *splice, int one, int other)
{
	Pair *pair = g_new0(Pair, 1);

	pair->splice = splice;
	for (int side = 0; side < 2; side++) {
		pair->pipes[side] = (Pipe){.read = -1, .write = -1};
		pair->ends[side] =
			(End){.pair = pair, .watch = {.fd = side ? other : one, .ready = on_ready}};
	}
	splice->count++;
	pair_watch(pair);
}

NetSplice *net_splice_new(NetEpoll *epoll, guint others)
{
	NetSplice *splice = g_new0(NetSplice, 1);
	struct rlimit files;

	splice->epoll = epoll;
	getrlimit(RLIMIT_NOFILE, &files);
	others += FILES_OTHERS;
	splice->limit = files.rlim_cur > others + FILES_PAIR
				? (guint)(files.rlim_cur - others) / FILES_PAIR
				: 1;
	return splice;
}

guint net_splice_count(const NetSplice *splice)
{
	return splice->count;
}

guint net_splice_room(const NetSplice *splice)
{
	return splice->count < splice->limit ? splice->limit - splice->count : 0;
}

void net_splice_reset(int fd)
{
	static const struct linger at_once = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/journal.h"
#include "container/logfile.h"

#define BUFFER_SIZE 65536

/* --- making them --- */

static bool make_pipe(Container *container, int stream, GError **error)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(error, errno, "make a pipe");
	container->streams[stream] = stream == STDIN_FILENO ? ends[1] : ends[0];
	container->payload_streams[stream] = stream == STDIN_FILENO ? ends[0] : ends[1];
	return g_unix_set_fd_nonblocking(container->streams[stream], TRUE, error);
}

/* The supervisor's own streams; the launcher shows what was said until all is made. */
static bool redirect_messages(Container *container, int dir, GError **error)
{
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
	auto_fd messages =
		openat(dir, STREAMS_MESSAGES,
		       O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (null < 0 || messages < 0)
		return error_errno(error, errno, "open the supervisor's messages");
	if (container->launcher && !sync_send(container->launcher, SYNC_MESSAGES, messages, error))
		return false;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(messages, STDERR_FILENO) < 0)
		return error_errno(error, errno, "redirect the supervisor's streams");
	return true;
}

static bool open_log(Container *container, GError **error)
{
	const SpecRlc *rlc = &container->plan->spec->rlc;
	auto_fd dir = open(container->plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_errno(error, errno, "open '%s'", container->plan->state_dir);
	if (!redirect_messages(container, dir, error))
		return false;
	if (rlc->log_driver == LOG_DRIVER_FILE)
		container->log = logfile_open(dir, rlc->log_max_size, rlc->log_max_file, error);
	else if (rlc->log_driver == LOG_DRIVER_JOURNALD)
		container->journal = journal_open(container->plan, error);
	return rlc->log_driver == LOG_DRIVER_NONE || container->log || container->journal;
}

bool streams_parent(Container *container, GError **error)
{
	const Plan *plan = container->plan;

	if (!plan->spec->rlc.detach)
		return true;
	if (!container->restarted && !open_log(container, error))
		return false;
	if (plan->tty.terminal)
		return true;
	return (!plan->tty.stdin_open || make_pipe(container, STDIN_FILENO, error)) &&
	       make_pipe(container, STDOUT_FILENO, error) &&
	       make_pipe(container, STDERR_FILENO, error);
}

void streams_close_payload(Container *container)
{
	for (int i = 0; i < 3; i++)
		fd_close(&container->payload_streams[i]);
}

bool streams_child(Container *container, GError **error)
{
	for (int i = 0; i < 3; i++) {
		if (container->payload_streams[i] >= 0 &&
		    dup2(container->payload_streams[i], i) < 0)
			return error_errno(error, errno, "set up standard stream %d", i);
	}
	return true;
}

void streams_close(Container *container)
{
	streams_close_payload(container);
	for (int i = 0; i < 3; i++)
		fd_close(&container->streams[i]);
}

void streams_cleanup(Container *container)
{
	streams_close(container);
	g_clear_pointer(&container->log, logfile_close);
	g_clear_pointer(&container->journal, journal_close);
}

/* --- watching them --- */

typedef struct {
	Streams *streams;
	int stream;   /* 1 or 2 */
	guint source; /* 0: it is closed */
} Watch;

struct Streams {
	Container *container;
	StreamsOutput output;
	void *data;
	Watch watches[2];
};

/* Where output is read to. Not on the heap: a page is taken when it is used. */
static char buffer[BUFFER_SIZE];

static int source_fd(const Watch *watch)
{
	const Container *container = watch->streams->container;

	return container->console >= 0 ? container->console : container->streams[watch->stream];
}

/* One read. false: nothing is there now, or will ever be (*ret_closed). */
static bool take(Watch *watch, bool *ret_closed)
{
	Streams *streams = watch->streams;
	ssize_t n = TEMP_FAILURE_RETRY(read(source_fd(watch), buffer, BUFFER_SIZE));

	*ret_closed = n == 0 || (n < 0 && errno != EAGAIN);
	if (n <= 0)
		return false;
	if (streams->container->log &&
	    !logfile_write(streams->container->log, watch->stream, buffer, (size_t)n))
		log_warn("write the log: %s; what does not fit is lost", g_strerror(errno));
	if (streams->container->journal)
		journal_write(streams->container->journal, watch->stream, buffer, (size_t)n);
	streams->output(streams->data, watch->stream, buffer, (size_t)n);
	return true;
}

static gboolean readable(int fd, GIOCondition condition, gpointer data)
{
	Watch *watch = data;
	bool closed;

	(void)fd;
	(void)condition;
	take(watch, &closed);
	if (!closed)
		return G_SOURCE_CONTINUE;
	watch->source = 0;
	return G_SOURCE_REMOVE;
}

Streams *streams_start(Container *container, StreamsOutput output, void *data, GError **error)
{
	Streams *streams = g_new0(Streams, 1);
	bool terminal = container->console >= 0;

	*streams = (Streams){.container = container, .output = output, .data = data};
	if (terminal && !g_unix_set_fd_nonblocking(container->console, TRUE, error)) {
		g_free(streams);
		return NULL;
	}
	for (int i = 0; i < (terminal ? 1 : 2); i++) {
		Watch *watch = &streams->watches[i];

		*watch = (Watch){.streams = streams, .stream = i + 1};
		watch->source = g_unix_fd_add(source_fd(watch), G_IO_IN, readable, watch);
	}
	return streams;
}

void streams_drain(Streams *streams)
{
	for (int i = 0; i < 2; i++) {
		bool closed;

		while (streams->watches[i].source && take(&streams->watches[i], &closed))
			continue;
	}
}

void streams_stop(Streams *streams)
{
	for (int i = 0; streams && i < 2; i++) {
		if (streams->watches[i].source)
			g_source_remove(streams->watches[i].source);
	}
	g_free(streams);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: one GLib main loop, no thread.  What wakes it: the signalfd, init's pidfd,
 * the net process's pidfd and socket, that of fuse-overlayfs, a timer, and with a terminal the two
 * pumps.
 *
 * A pump copies from one descriptor to another through a buffer.  It watches its source while the
 * buffer is empty and its sink while it is not, so that a slow sink stops the reading and thereby,
 * through the pty, the writer.  The caller's terminal is opened anew for it: O_NONBLOCK belongs to
 * the open file, which his shell shares with us.
 *
 * The end has an order.  When init is dead so is everything inside, but the pty may still hold
 * output: it is copied until the master says EIO, which it does when the last slave is closed and
 * the buffer is empty.  Only then is the loop over.  Until init is dead one slave is held open
 * here, for a payload may close its terminal and open it again, as an init system does.  A sink
 * that takes nothing could hold that up for ever; who had asked for the end, by a signal or
 * --timeout, does not wait for it long.
 *
 * A detached container has no caller: its streams lead to the log and to who is attached
 * (streams.h, serve.h), and nothing is pumped.
 */
#include "container/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/serve.h"
#include "container/streams.h"
#include "feature/cgroup.h"
#include "feature/fuse_overlay.h"
#include "feature/net_bridge.h"
#include "feature/net_follow.h"

#define DRAIN_MS 1000 /* for output that is left when the container was told to end */

typedef struct Supervisor Supervisor;

typedef struct Pump {
	Supervisor *supervisor;
	int from, to;
	guint source; /* the watch, 0: the pump stands still for good */
	size_t start, end;
	void (*ended)(Supervisor *supervisor);
	char *buffer;
} Pump;

#define PUMP_SIZE 16384

/* Not on the heap: a page is taken when it is used. */
static char pump_buffers[2][PUMP_SIZE];

struct Supervisor {
	Container *container;
	GMainLoop *loop;
	guint signal_source, init_source, net_source, fuse_source, resolv_source, names_source,
		timer_source;
	guint idle_source;
	Pump input, output;
	Streams *streams;	       /* of a detached container; or NULL */
	int slave;		       /* of the console, which so is never without one; or -1 */
	int terminal_in, terminal_out; /* the caller's, opened anew; -1: none */
	struct termios saved;	       /* of the caller's terminal, when raw */
	bool raw;
	bool timed_out;
	bool told_to_end; /* a signal that ends programs came */
	bool init_ended;
	int status; /* init's, from waitpid(2) */
};

/* Faults of our own, and job control of the caller's, keep their usual effect. */
static bool takes_signal(int signal_number)
{
	static const int left_alone[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,
					 SIGTRAP, SIGABRT, SIGSYS,  SIGTSTP, SIGTTIN, SIGTTOU};
	struct sigaction action;

	for (size_t i = 0; i < G_N_ELEMENTS(left_alone); i++) {
		if (left_alone[i] == signal_number)
			return false;
	}
	return signal_number == SIGPIPE ||
	       (sigaction(signal_number, NULL, &action) == 0 && action.sa_handler != SIG_IGN);
}

static sigset_t taken; /* by supervise_block_signals() */

void supervise_block_signals(void)
{
	signal(SIGCHLD, SIG_DFL); /* ignored by the caller it would keep us from init's status */
	sigemptyset(&taken);
	for (int i = 1; i < NSIG; i++) {
		if (takes_signal(i))
			sigaddset(&taken, i);
	}
	sigprocmask(SIG_BLOCK, &taken, NULL);
}

void supervise_unblock_signals(void)
{
	sigprocmask(SIG_UNBLOCK, &taken, NULL);
}

/* Watches */

static void unwatch(guint *source)
{
	if (*source)
		g_source_remove(*source);
	*source = 0;
}

static void send_signal(Supervisor *supervisor, int signal_number)
{
	if (!supervisor->init_ended &&
	    syscall(SYS_pidfd_send_signal, supervisor->container->init_pidfd, signal_number, NULL,
		    0) < 0)
		log_debug("supervise: pass signal %d on: %s", signal_number, g_strerror(errno));
}

/* Pumps */

static void pump_watch(Pump *pump, int fd, GIOCondition condition, GUnixFDSourceFunc function)
{
	unwatch(&pump->source);
	pump->source = g_unix_fd_add(fd, condition, function, pump);
}

static void pump_stop(Pump *pump)
{
	unwatch(&pump->source);
	pump->start = pump->end = 0;
}

static void pump_end(Pump *pump)
{
	pump_stop(pump);
	pump->ended(pump->supervisor);
}

/* Write what the buffer holds, as far as the sink takes it. false: the sink is broken. */
static bool pump_flush(Pump *pump)
{
	while (pump->start < pump->end) {
		ssize_t n = write(pump->to, pump->buffer + pump->start, pump->end - pump->start);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		pump->start += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static gboolean pump_readable(int fd, GIOCondition condition, gpointer data);

static gboolean pump_writable(int fd, GIOCondition condition, gpointer data)
{
	Pump *pump = data;

	(void)fd;
	(void)condition;
	if (!pump_flush(pump))
		pump_end(pump);
	else if (pump->start == pump->end)
		pump_watch(pump, pump->from, G_IO_IN, pump_readable);
	return G_SOURCE_CONTINUE;
}

static gboolean pump_readable(int fd, GIOCondition condition, gpointer data)
{
	Pump *pump = data;
	ssize_t n = read(fd, pump->buffer, PUMP_SIZE);

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	pump->start = 0;
	pump->end = n > 0 ? (size_t)n : 0;
	if (n <= 0 || !pump_flush(pump))
		pump_end(pump);
	else if (pump->start < pump->end)
		pump_watch(pump, pump->to, G_IO_OUT, pump_writable);
	return G_SOURCE_CONTINUE;
}

static void pump_start(Pump *pump, Supervisor *supervisor, int from, int to,
		       void (*ended)(Supervisor *supervisor))
{
	pump->supervisor = supervisor;
	pump->from = from;
	pump->to = to;
	pump->ended = ended;
	pump_watch(pump, from, G_IO_IN, pump_readable);
}

/* Terminal */

/* Nothing more comes from the caller: the payload may still run and write. */
static void input_ended(Supervisor *supervisor)
{
	(void)supervisor;
}

/*
 * The end; or the caller's terminal is gone, and closing the master tells the payload so by SIGHUP.
 */
static void output_ended(Supervisor *supervisor)
{
	pump_stop(&supervisor->input);
	fd_close(&supervisor->container->console);
	if (supervisor->init_ended)
		g_main_loop_quit(supervisor->loop);
}

/*
 * A descriptor of our own for a terminal or pipe of the caller's, which can then be non-blocking. A
 * terminal that belongs to another user (after su) cannot be opened anew: a copy must do.
 */
static int open_anew(int stream, int flags)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", stream);
	struct stat st;
	int fd = -1;

	if (fstat(stream, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 ? fd : fcntl(stream, F_DUPFD_CLOEXEC, 3);
}

static void set_raw(Supervisor *supervisor)
{
	struct termios raw = supervisor->saved;

	cfmakeraw(&raw);
	if (supervisor->raw && tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		log_debug("supervise: set the terminal raw: %s", g_strerror(errno));
}

static void restore_terminal(Supervisor *supervisor)
{
	if (supervisor->raw && tcsetattr(STDIN_FILENO, TCSADRAIN, &supervisor->saved) < 0)
		log_debug("supervise: restore the terminal: %s", g_strerror(errno));
	supervisor->raw = false;
}

static void resize(Supervisor *supervisor)
{
	int terminal = isatty(STDIN_FILENO) ? STDIN_FILENO : STDOUT_FILENO;
	struct winsize size;

	if (supervisor->container->console >= 0 && ioctl(terminal, TIOCGWINSZ, &size) == 0 &&
	    ioctl(supervisor->container->console, TIOCSWINSZ, &size) < 0)
		log_debug("supervise: resize the terminal: %s", g_strerror(errno));
}

static void streams_wrote(void *data, int stream, const char *bytes, size_t length)
{
	Supervisor *supervisor = data;

	serve_output(supervisor->container->serve, stream, bytes, length);
}

static bool start_streams(Supervisor *supervisor, GError **error)
{
	supervisor->streams =
		streams_start(supervisor->container, streams_wrote, supervisor, error);
	return supervisor->streams != NULL;
}

static bool start_terminal(Supervisor *supervisor, GError **error)
{
	int console = supervisor->container->console;

	if (console >= 0)
		supervisor->slave = ioctl(console, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (supervisor->container->serve && supervisor->container->plan->spec->rlc.detach)
		return start_streams(supervisor, error);
	if (console < 0)
		return true;
	if (!g_unix_set_fd_nonblocking(console, TRUE, error))
		return false;
	supervisor->terminal_out = open_anew(STDOUT_FILENO, O_WRONLY);
	if (supervisor->terminal_out < 0)
		return error_errno(error, errno, "open standard output anew");
	pump_start(&supervisor->output, supervisor, console, supervisor->terminal_out,
		   output_ended);
	resize(supervisor); /* it may have changed since the plan */
	if (!supervisor->container->plan->tty.stdin_open)
		return true;
	supervisor->terminal_in = open_anew(STDIN_FILENO, O_RDONLY);
	if (supervisor->terminal_in < 0)
		return error_errno(error, errno, "open standard input anew");
	supervisor->raw = tcgetattr(STDIN_FILENO, &supervisor->saved) == 0;
	set_raw(supervisor);
	pump_start(&supervisor->input, supervisor, supervisor->terminal_in, console, input_ended);
	return true;
}

/* Events */

static void take_signal(Supervisor *supervisor, int signal_number)
{
	switch (signal_number) {
	case SIGCHLD: /* the pidfds tell more */
	case SIGPIPE: /* a write of ours, which has its own error */
		return;
	case SIGWINCH:
		if (!supervisor->container->plan->tty.terminal || supervisor->streams)
			break;
		resize(supervisor); /* the pty sends its own SIGWINCH */
		return;
	case SIGINT:
	case SIGQUIT:
	case SIGTERM:
		supervisor->container->stop_asked = true;
		supervisor->told_to_end = true;
		cgroup_thaw(supervisor->container);
		break;
	case SIGHUP:
		supervisor->told_to_end = true;
		break;
	case SIGCONT:
		set_raw(supervisor); /* the shell had the terminal meanwhile */
		if (!supervisor->streams)
			resize(supervisor);
		break;
	default:
		break;
	}
	if (supervisor->init_ended)
		g_main_loop_quit(supervisor->loop); /* only output is left, and nobody takes it */
	send_signal(supervisor, signal_number);
}

static gboolean signal_arrived(int fd, GIOCondition condition, gpointer data)
{
	struct signalfd_siginfo info;

	(void)condition;
	while (read(fd, &info, sizeof info) == sizeof info)
		take_signal(data, (int)info.ssi_signo);
	return G_SOURCE_CONTINUE;
}

static gboolean drain_over(gpointer data)
{
	Supervisor *supervisor = data;

	supervisor->timer_source = 0;
	log_debug("supervise: nobody takes the rest of the output");
	g_main_loop_quit(supervisor->loop);
	return G_SOURCE_REMOVE;
}

static gboolean init_ended(int fd, GIOCondition condition, gpointer data)
{
	Supervisor *supervisor = data;
	Container *container = supervisor->container;

	(void)fd;
	(void)condition;
	if (TEMP_FAILURE_RETRY(waitpid(container->init_pid, &supervisor->status, 0)) < 0)
		log_debug("supervise: wait for init: %s", g_strerror(errno));
	container->init_pid = 0;
	supervisor->init_ended = true;
	supervisor->init_source = 0;
	unwatch(&supervisor->timer_source);
	fd_close(&supervisor->slave);
	if (supervisor->streams)
		streams_drain(supervisor->streams);
	if (container->console < 0 || supervisor->streams)
		g_main_loop_quit(supervisor->loop);
	else if (supervisor->told_to_end || supervisor->timed_out)
		supervisor->timer_source = g_timeout_add(DRAIN_MS, drain_over, supervisor);
	return G_SOURCE_REMOVE;
}

/* It stays a zombie for net_cleanup() to reap. */
static gboolean net_ended(int fd, GIOCondition condition, gpointer data)
{
	Supervisor *supervisor = data;

	(void)fd;
	(void)condition;
	supervisor->net_source = 0;
	if (!supervisor->init_ended)
		log_warn("the network process died: the container goes on without a network");
	return G_SOURCE_REMOVE;
}

static gboolean fuse_ended(int fd, GIOCondition condition, gpointer data)
{
	Supervisor *supervisor = data;

	(void)fd;
	(void)condition;
	supervisor->fuse_source = 0;
	fuse_overlay_ended(supervisor->container);
	return G_SOURCE_REMOVE;
}

static gboolean resolv_asked(int fd, GIOCondition condition, gpointer data)
{
	Supervisor *supervisor = data;

	(void)fd;
	(void)condition;
	if (net_follow_answer(supervisor->container))
		return G_SOURCE_CONTINUE;
	supervisor->resolv_source = 0;
	return G_SOURCE_REMOVE;
}

static gboolean names_changed(int fd, GIOCondition condition, gpointer data)
{
	Supervisor *supervisor = data;

	(void)fd;
	(void)condition;
	net_bridge_names_changed(supervisor->container);
	return G_SOURCE_CONTINUE;
}

static gboolean time_over(gpointer data)
{
	Supervisor *supervisor = data;

	supervisor->timer_source = 0;
	supervisor->timed_out = true;
	log_info("kill the container: its time is over");
	send_signal(supervisor, SIGKILL);
	return G_SOURCE_REMOVE;
}

/* Who runs on gives back what the start has taken; who ends at once would take it again. */
static gboolean idles(gpointer data)
{
	Supervisor *supervisor = data;

	malloc_trim(0);
	supervisor->idle_source = 0;
	return G_SOURCE_REMOVE;
}

static bool start(Supervisor *supervisor, int signals, GError **error)
{
	const Container *container = supervisor->container;
	unsigned timeout = container->plan->spec->rlc.timeout;

	supervisor->signal_source = g_unix_fd_add(signals, G_IO_IN, signal_arrived, supervisor);
	supervisor->init_source =
		g_unix_fd_add(container->init_pidfd, G_IO_IN, init_ended, supervisor);
	if (container->net_pidfd >= 0)
		supervisor->net_source =
			g_unix_fd_add(container->net_pidfd, G_IO_IN, net_ended, supervisor);
	if (container->fuse_pidfd >= 0)
		supervisor->fuse_source =
			g_unix_fd_add(container->fuse_pidfd, G_IO_IN, fuse_ended, supervisor);
	if (container->net_control >= 0 && container->plan->net.mode == NET_SLIRP)
		supervisor->resolv_source =
			g_unix_fd_add(container->net_control, G_IO_IN, resolv_asked, supervisor);
	if (container->hosts_notify >= 0)
		supervisor->names_source =
			g_unix_fd_add(container->hosts_notify, G_IO_IN, names_changed, supervisor);
	if (timeout > 0)
		supervisor->timer_source =
			g_timeout_add(MIN(timeout, G_MAXUINT / 1000) * 1000, time_over, supervisor);
	supervisor->idle_source = g_timeout_add_seconds(1, idles, supervisor);
	return start_terminal(supervisor, error);
}

static void stop(Supervisor *supervisor)
{
	pump_stop(&supervisor->input);
	pump_stop(&supervisor->output);
	g_clear_pointer(&supervisor->streams, streams_stop);
	unwatch(&supervisor->idle_source);
	unwatch(&supervisor->timer_source);
	unwatch(&supervisor->names_source);
	unwatch(&supervisor->resolv_source);
	unwatch(&supervisor->fuse_source);
	unwatch(&supervisor->net_source);
	unwatch(&supervisor->init_source);
	unwatch(&supervisor->signal_source);
	restore_terminal(supervisor);
	fd_close(&supervisor->slave);
	fd_close(&supervisor->terminal_in);
	fd_close(&supervisor->terminal_out);
}

static int exit_code(const Supervisor *supervisor)
{
	if (supervisor->timed_out)
		return SUPERVISE_TIMED_OUT;
	return WIFSIGNALED(supervisor->status) ? 128 + WTERMSIG(supervisor->status)
					       : WEXITSTATUS(supervisor->status);
}

bool supervise(Container *container, int *ret_exit_code, GError **error)
{
	auto_fd signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autofree Supervisor *supervisor = g_new0(Supervisor, 1);
	bool ok;

	if (signals < 0)
		return error_errno(error, errno, "open a signalfd");
	supervisor->container = container;
	supervisor->input.buffer = pump_buffers[0];
	supervisor->output.buffer = pump_buffers[1];
	supervisor->loop = loop;
	supervisor->terminal_in = supervisor->terminal_out = supervisor->slave = -1;
	ok = start(supervisor, signals, error);
	if (ok)
		g_main_loop_run(loop);
	stop(supervisor);
	if (ok)
		*ret_exit_code = exit_code(supervisor);
	return ok;
}

static gboolean pause_over(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

static gboolean pause_signal(int fd, GIOCondition condition, gpointer data)
{
	struct signalfd_siginfo info;

	(void)condition;
	while (read(fd, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
		    info.ssi_signo == SIGQUIT || info.ssi_signo == SIGHUP)
			((Container *)data)->stop_asked = true;
	}
	return G_SOURCE_CONTINUE;
}

bool supervise_pause(Container *container, unsigned milliseconds, GError **error)
{
	auto_fd signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	bool over = false;
	guint timer, source;

	if (signals < 0)
		return error_errno(error, errno, "open a signalfd");
	timer = g_timeout_add(milliseconds, pause_over, &over);
	source = g_unix_fd_add(signals, G_IO_IN, pause_signal, container);
	while (!over && !container->stop_asked)
		g_main_context_iteration(NULL, TRUE);
	if (!over)
		g_source_remove(timer);
	g_source_remove(source);
	return true;
}

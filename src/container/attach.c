/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: one loop that waits for nothing but poll(2).  The supervisor does not read
 * what the payload does not take, so input may have to wait here, and meanwhile output goes on: who
 * does not read it is let go.  A signal has a connection of its own, for it must not wait behind
 * input.
 */
#include "container/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/control.h"

typedef struct {
	int socket, signals;
	const char *root, *id;
	bool terminal;	   /* both sides have one */
	bool input;	   /* more of it may come */
	bool signals_pass; /* to the container */
	Keys detach_keys;
	bool detached;
	struct termios saved;
	bool raw;
	bool unsent; /* `typed`, with so many bytes; none: the end of input */
	size_t length;
	ControlBytes typed, bytes;
} Attach;

static void set_raw(Attach *attach)
{
	struct termios raw = attach->saved;

	cfmakeraw(&raw);
	if (attach->raw && tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		log_debug("attach: set the terminal raw: %s", g_strerror(errno));
}

static void restore(Attach *attach)
{
	if (attach->raw && tcsetattr(STDIN_FILENO, TCSADRAIN, &attach->saved) < 0)
		log_debug("attach: restore the terminal: %s", g_strerror(errno));
	attach->raw = false;
}

static bool send_size(Attach *attach, GError **error)
{
	struct winsize size;
	ControlPacket packet = {.verb = CONTROL_RESIZE};

	if (!attach->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
		return true;
	packet.number = (int32_t)((uint32_t)size.ws_row << 16 | size.ws_col);
	return control_send(attach->socket, &packet, NULL, 0, MSG_DONTWAIT) || errno == EAGAIN ||
	       error_errno(error, errno, "tell the terminal's size");
}

/* If there is room for it now. Of one that has ended the last words can still be read. */
static bool send_input(Attach *attach, GError **error)
{
	size_t size = offsetof(ControlBytes, bytes) + attach->length;

	attach->typed.verb = CONTROL_INPUT;
	attach->unsent = TEMP_FAILURE_RETRY(send(attach->socket, &attach->typed, size,
						 MSG_DONTWAIT | MSG_NOSIGNAL)) < 0;
	if (!attach->unsent || errno == EAGAIN)
		return true;
	attach->unsent = attach->input = false;
	return errno == EPIPE || errno == ECONNRESET ||
	       error_errno(error, errno, "send input to the supervisor");
}

static bool take_input(Attach *attach, GError **error)
{
	char typed[CONTROL_BYTES_MAX / 2];
	ssize_t n = read(STDIN_FILENO, typed, sizeof typed);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	attach->length = n > 0 ? (size_t)n : 0;
	if (n <= 0)
		attach->input = false;
	else if (attach->terminal)
		attach->length = keys_take(&attach->detach_keys, typed, attach->length,
					   attach->typed.bytes, &attach->detached);
	else
		memcpy(attach->typed.bytes, typed, attach->length);
	/* a terminal has another way to say that input ends */
	return (attach->terminal && attach->length == 0) || send_input(attach, error);
}

/* One packet. *ret_ended with the exit code; answers to RESIZE and SIGNAL are passed over. */
static bool take_packet(Attach *attach, bool *ret_ended, int *ret_exit_code, GError **error)
{
	ControlBytes *packet = &attach->bytes;
	ssize_t n = TEMP_FAILURE_RETRY(recv(attach->socket, packet, sizeof *packet, 0));
	size_t header = offsetof(ControlBytes, bytes);

	/* it ended with input of ours unread; said once, and what it sent comes after */
	if (n < 0 && errno == ECONNRESET)
		n = TEMP_FAILURE_RETRY(recv(attach->socket, packet, sizeof *packet, 0));
	if (n < (ssize_t)header)
		return error_set(
			error, RLC_ERROR_STATE,
			"read the container's output: its supervisor closed the connection "
			"(who does not read is let go; 'rlc logs' has all of it)");
	if (packet->verb == CONTROL_ENDED) {
		*ret_ended = true;
		*ret_exit_code = packet->number;
	} else if (packet->verb == CONTROL_OUTPUT &&
		   !fd_write_all(packet->number == 2 ? STDERR_FILENO : STDOUT_FILENO, packet->bytes,
				 (size_t)n - header)) {
		return error_errno(error, errno, "write the container's output");
	}
	return true;
}

/* One that ends just now is told of by the other connection. */
static bool pass_signal(const Attach *attach, int signal_number, GError **error)
{
	g_autoptr(GError) refused = NULL;
	auto_fd socket = control_connect(attach->root, attach->id, &refused);

	if ((socket >= 0 && control_ask(socket, CONTROL_SIGNAL, signal_number, &refused)) ||
	    g_error_matches(refused, RLC_ERROR, RLC_ERROR_STATE))
		return true;
	g_propagate_error(error, g_steal_pointer(&refused));
	return false;
}

static bool take_signal(Attach *attach, GError **error)
{
	struct signalfd_siginfo info;

	if (read(attach->signals, &info, sizeof info) != sizeof info)
		return true;
	if (info.ssi_signo == SIGCONT)
		set_raw(attach);
	else if (attach->signals_pass && info.ssi_signo != SIGWINCH && info.ssi_signo != SIGHUP)
		return pass_signal(attach, (int)info.ssi_signo, error);
	else if (info.ssi_signo != SIGWINCH)
		attach->detached = true; /* the container goes on */
	return send_size(attach, error);
}

static bool attach_loop(Attach *attach, int *ret_exit_code, GError **error)
{
	bool ended = false, ok = true;

	*ret_exit_code = 0;
	while (ok && !ended && !attach->detached) {
		struct pollfd fds[] = {
			{attach->socket, attach->unsent ? POLLIN | POLLOUT : POLLIN, 0},
			{attach->signals, POLLIN, 0},
			{attach->input && !attach->unsent ? STDIN_FILENO : -1, POLLIN, 0},
		};

		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
			return error_errno(error, errno, "wait for the container");
		if (fds[0].revents & POLLOUT)
			ok = send_input(attach, error);
		if (ok && fds[0].revents & ~POLLOUT)
			ok = take_packet(attach, &ended, ret_exit_code, error);
		if (ok && fds[1].revents)
			ok = take_signal(attach, error);
		if (ok && fds[2].revents && !ended)
			ok = take_input(attach, error);
	}
	return ok;
}

bool attach_ask(int socket, GError **error)
{
	return control_ask(socket, CONTROL_ATTACH, 0, error);
}

bool attach(int socket, const char *state_root, const char *id, const AttachOptions *options,
	    int *ret_exit_code, GError **error)
{
	static const int taken[] = {SIGWINCH, SIGCONT, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	g_autofree Attach *attach = g_new0(Attach, 1);
	auto_fd signals = -1;
	int32_t terminal = 0;
	sigset_t set;
	bool ok;

	sigemptyset(&set);
	for (size_t i = 0; i < G_N_ELEMENTS(taken); i++)
		sigaddset(&set, taken[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    (signals = signalfd(-1, &set, SFD_CLOEXEC)) < 0)
		return error_errno(error, errno, "open a signalfd");
	if (!control_answer(socket, &terminal, NULL, NULL, error))
		return false;
	attach->socket = socket;
	attach->signals = signals;
	attach->root = state_root;
	attach->id = id;
	attach->input = options->input;
	attach->detach_keys = options->detach_keys;
	attach->terminal = terminal && isatty(STDOUT_FILENO);
	attach->signals_pass = options->signals && !attach->terminal;
	attach->raw =
		attach->terminal && options->input && tcgetattr(STDIN_FILENO, &attach->saved) == 0;
	set_raw(attach);
	ok = send_size(attach, error) && attach_loop(attach, ret_exit_code, error);
	restore(attach);
	return ok;
}

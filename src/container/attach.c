/* SPDX-License-Identifier: GPL-2.0-or-later */
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
	bool terminal;	   /* both sides have one */
	bool input;	   /* more of it may come */
	bool signals_pass; /* to the container */
	Keys detach_keys;
	bool detached;
	struct termios saved;
	bool raw;
	ControlBytes bytes;
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
	return control_send(attach->socket, &packet, NULL, 0, 0) ||
	       error_errno(error, errno, "tell the terminal's size");
}

static bool send_bytes(Attach *attach, size_t length, GError **error)
{
	size_t size = offsetof(ControlBytes, bytes) + length;

	attach->bytes.verb = CONTROL_INPUT;
	attach->bytes.number = 0;
	if (TEMP_FAILURE_RETRY(send(attach->socket, &attach->bytes, size, MSG_NOSIGNAL)) < 0)
		return error_errno(error, errno, "send input to the supervisor");
	return true;
}

static bool take_input(Attach *attach, GError **error)
{
	char typed[CONTROL_BYTES_MAX / 2];
	ssize_t n = read(STDIN_FILENO, typed, sizeof typed);
	size_t length = (size_t)n;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0) {
		attach->input = false;
		return attach->terminal || send_bytes(attach, 0, error);
	}
	if (attach->terminal)
		length = keys_take(&attach->detach_keys, typed, length, attach->bytes.bytes,
				   &attach->detached);
	else
		memcpy(attach->bytes.bytes, typed, length);
	return length == 0 || send_bytes(attach, length, error);
}

/* One packet. *ret_ended with the exit code; answers to RESIZE and SIGNAL are passed over. */
static bool take_packet(Attach *attach, bool *ret_ended, int *ret_exit_code, GError **error)
{
	ControlBytes *packet = &attach->bytes;
	ssize_t n = TEMP_FAILURE_RETRY(recv(attach->socket, packet, sizeof *packet, 0));
	size_t header = offsetof(ControlBytes, bytes);

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

static bool take_signal(Attach *attach, GError **error)
{
	struct signalfd_siginfo info;

	if (read(attach->signals, &info, sizeof info) != sizeof info)
		return true;
	if (info.ssi_signo == SIGCONT)
		set_raw(attach);
	else if (attach->signals_pass && info.ssi_signo != SIGWINCH && info.ssi_signo != SIGHUP)
		return control_ask(attach->socket, CONTROL_SIGNAL, (int)info.ssi_signo, error);
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
			{attach->socket, POLLIN, 0},
			{attach->signals, POLLIN, 0},
			{attach->input ? STDIN_FILENO : -1, POLLIN, 0},
		};

		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
			return error_errno(error, errno, "wait for the container");
		if (fds[0].revents)
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

bool attach(int socket, const AttachOptions *options, int *ret_exit_code, GError **error)
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

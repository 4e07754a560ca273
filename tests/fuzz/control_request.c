/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client says to a container's supervisor, packet by packet: two bytes of length, and so
 * many bytes.
 */
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "container/control.h"
#include "container/serve.h"
#include "fuzz.h"

static void send_packets(int socket, const uint8_t *data, size_t size)
{
	while (size >= 2) {
		size_t length = MIN((size_t)data[0] << 8 | data[1], size - 2);

		if (send(socket, data + 2, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		data += 2 + length;
		size -= 2 + length;
	}
}

/* Each answer is a packet as control.h has it, or output. */
static void read_answers(int socket)
{
	ControlBytes bytes;
	ssize_t n;

	while ((n = recv(socket, &bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
		ControlPacket packet;

		if (bytes.verb == CONTROL_OUTPUT)
			continue;
		g_assert_cmpint(n, ==, sizeof packet);
		memcpy(&packet, &bytes, sizeof packet);
		g_assert_nonnull(memchr(packet.text, '\0', sizeof packet.text));
		g_assert_cmpuint(packet.verb, >=, CONTROL_OK);
		g_assert_cmpuint(packet.verb, <=, CONTROL_ENDED);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(Spec) spec = spec_new();
	Plan plan = {.spec = spec};
	Container container = container_closed(&plan, NULL);
	auto_fd client = -1, listener = eventfd(0, EFD_CLOEXEC), taken = -1;
	int pair[2], input[2];
	Serve *serve;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
	g_assert_cmpint(pipe2(input, O_CLOEXEC | O_NONBLOCK), ==, 0);
	spec->rlc.detach = true;
	client = pair[0];
	taken = input[0];
	container.guest = pair[1];
	container.control = listener;
	container.streams[STDIN_FILENO] = input[1];
	container.join[CONTROL_PIDFD] = fcntl(listener, F_DUPFD_CLOEXEC, 3);
	send_packets(client, data, size);
	serve = serve_start(&container);
	/* input that the payload does not take stays where it is */
	while (g_main_context_iteration(NULL, FALSE))
		read_answers(client);
	serve_output(serve, STDOUT_FILENO, "output", 6);
	serve_end(serve, 3);
	read_answers(client);
	fd_close(&container.join[CONTROL_PIDFD]);
	fd_close(&container.streams[STDIN_FILENO]);
	return 0;
}

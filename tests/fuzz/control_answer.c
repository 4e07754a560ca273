/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a supervisor answers, with a descriptor, to a command that asks it and then waits. */
#include <sys/socket.h>

#include "base/fd.h"
#include "container/control.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	auto_fd command = -1, supervisor = -1;
	int pair[2], fds[CONTROL_FDS], exit_code = -1;
	ControlPacket packet = {0};
	unsigned count = 0;
	int32_t number = 0;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
	command = pair[0];
	supervisor = pair[1];
	memcpy(&packet, data, MIN(size, sizeof packet));
	if (size < sizeof packet / 2) { /* not a packet at all */
		if (send(supervisor, data, size, MSG_DONTWAIT) < 0)
			return 0;
	} else if (!control_send(supervisor, &packet, &supervisor, 1, MSG_DONTWAIT)) {
		return 0;
	}
	g_assert_true(control_send(supervisor, &packet, NULL, 0, MSG_DONTWAIT));
	fd_close(&supervisor);
	/* whose words are the supervisor's, and may be none */
	g_assert_true(control_answer(command, &number, fds, &count, &error) == !error);
	g_assert_cmpuint(count, <=, CONTROL_FDS);
	for (unsigned i = 0; i < count; i++)
		fd_close(&fds[i]);
	if (control_wait(command, 0, &exit_code) == 1)
		g_assert_cmpint(exit_code, ==, packet.number);
	return 0;
}

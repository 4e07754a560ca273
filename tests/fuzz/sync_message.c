/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message between init and the supervisor, as init might write it. */
#include <sys/socket.h>

#include "base/fd.h"
#include "fuzz.h"
#include "kernel/sync.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	Sync supervisor, init;
	auto_fd received = -1;

	g_assert_true(sync_pair(&supervisor, &init, NULL));
	if (send(init.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size) {
		sync_close(&init);
		g_assert_true(sync_expect_any(&supervisor, SYNC_READY, &received, &error) ==
			      !error); /* whose words are the sender's, and may be none */
		g_clear_error(&error);
		sync_last_words(&supervisor, &error);
	}
	sync_close(&init);
	sync_close(&supervisor);
	return 0;
}

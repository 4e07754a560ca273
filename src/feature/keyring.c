/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hint.h"

#define KEYRING_ATTEMPTS 50
#define KEYRING_WAIT_US	 20000

/*
 * The session keyring is inherited by fork and exec and gives its holder the keys in it, whatever
 * namespace he is in: the caller's Kerberos tickets, say.  A new one counts against the caller's
 * quota, and an old one is given back a little after its last process ended.
 */
bool keyring_join_new(GError **error)
{
	int failure;

	for (int attempt = 0; attempt < KEYRING_ATTEMPTS; attempt++) {
		if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
			return true;
		/* no keys in this kernel, or a filter that keeps the payload from them as well */
		if (errno == ENOSYS || errno == EPERM)
			return true;
		if (errno != EDQUOT)
			break;
		g_usleep(KEYRING_WAIT_US);
	}
	failure = errno;
	error_errno(error, failure, "join a new session keyring");
	return failure == EDQUOT ? hint_add(error, HINT_KEYS_QUOTA, NULL) : false;
}

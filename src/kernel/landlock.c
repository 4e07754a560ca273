/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"

#define VERSION_MIN 2

/* Younger than the oldest <linux/landlock.h> that rlc is built with */
#define IOCTL_DEVICE	(1ULL << 15)
#define SCOPE_SOCKETS	(1ULL << 0) /* abstract ones */
#define SCOPE_SIGNALS	(1ULL << 1)
#define RIGHTS(version) ((1ULL << rights[version]) - 1)

/* How many of the rights, LANDLOCK_ACCESS_FS_*, each version knows: they only grow. */
static const unsigned char rights[] = {0, 13, 14, 15, 15, 16};

typedef struct {
	uint64_t files, network, scoped;
} Ruleset;

int landlock_version(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

static bool allow(int ruleset, int directory, uint64_t all, GError **error)
{
	struct landlock_path_beneath_attr below = {
		.allowed_access = all & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | IOCTL_DEVICE),
		.parent_fd = directory,
	};

	return directory < 0 ||
	       syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0) ==
		       0 ||
	       error_errno(error, errno, "keep a directory open");
}

bool landlock_seal(int directory, GError **error)
{
	int version = landlock_version();
	Ruleset attributes = {
		.files = RIGHTS(MIN(version, (int)G_N_ELEMENTS(rights) - 1)),
		.scoped = version >= 6 ? SCOPE_SOCKETS | SCOPE_SIGNALS : 0,
	};
	/* an older kernel knows a shorter structure */
	size_t size = version >= 6   ? sizeof attributes
		      : version >= 4 ? offsetof(Ruleset, scoped)
				     : offsetof(Ruleset, network);
	auto_fd ruleset = -1;

	if (version < VERSION_MIN) {
		log_debug("landlock: not in this kernel, or too old: version %d", version);
		return true;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
	if (ruleset < 0)
		return error_errno(error, errno, "close the file systems");
	if (!allow(ruleset, directory, attributes.files, error))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return error_errno(error, errno, "close the file systems");
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "kernel/filter.h"
#include "kernel/landlock.h"

#define FIRST_KEPT 3
#define MEMORY_MAX (1ULL << 30)

void confine_keep(int *fds, size_t count)
{
	/* out of the way first: one may have the number that another is to get */
	for (size_t i = 0; i < count; i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_KEPT + (int)count);
	for (size_t i = 0; i < count; i++)
		fds[i] = dup3(fds[i], FIRST_KEPT + (int)i, O_CLOEXEC);
	close_range(FIRST_KEPT + (unsigned)count, ~0U, 0);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
}

static bool enter_directory(int directory, GError **error)
{
	if (fchdir(directory) < 0)
		return error_errno(error, errno, "enter the layer's directory");
	if (chroot(".") < 0) {
		if (errno != EPERM)
			return error_errno(error, errno, "make the layer's directory the root");
		log_debug("no id map, no chroot: paths are confined by openat2(2) alone");
	}
	return true;
}

static bool limit_capabilities(GError **error)
{
	static const cap_value_t kept[] = {
		CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
		CAP_FSETID, CAP_MKNOD,	      CAP_SETFCAP,
	};
	cap_t had = cap_get_proc(), caps = cap_init();
	bool ok = had && caps;

	for (size_t i = 0; ok && i < G_N_ELEMENTS(kept); i++) {
		cap_flag_value_t value = CAP_CLEAR;

		cap_get_flag(had, kept[i], CAP_PERMITTED, &value);
		if (value == CAP_SET)
			ok = cap_set_flag(caps, CAP_PERMITTED, 1, &kept[i], CAP_SET) == 0 &&
			     cap_set_flag(caps, CAP_EFFECTIVE, 1, &kept[i], CAP_SET) == 0;
	}
	ok = ok && cap_set_proc(caps) == 0;
	cap_free(caps);
	cap_free(had);
	return ok || error_errno(error, errno, "drop the capabilities of the unpacking process");
}

/* An archive may not take all memory, nor leave its contents in a core file. */
static bool set_limits(GError **error)
{
	struct rlimit memory = {MEMORY_MAX, MEMORY_MAX}, none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return error_errno(error, errno, "limit the unpacking process");
#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone is larger */
	if (setrlimit(RLIMIT_AS, &memory) < 0)
		return error_errno(error, errno, "limit the unpacking process");
#else
	(void)memory;
#endif
	return true;
}

bool confine_enter(int directory, GError **error)
{
	if (enter_directory(directory, error) && set_limits(error) && limit_capabilities(error) &&
	    landlock_seal(directory, error) && filter_seal(&filter_unpack, error))
		return true;
	error_prefix(error, "confine the unpacking process: ");
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/timens.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "base/error.h"
#include "base/fd.h"

static bool has_offsets(const SpecLinux *linux_)
{
	return linux_->monotonic.set || linux_->boottime.set;
}

bool timens_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)error;
	if (has_offsets(&spec->linux_))
		plan->clone_flags &= ~(uint64_t)CLONE_NEWTIME;
	return true;
}

static bool write_offset(const char *clock, const SpecTimeOffset *offset, GError **error)
{
	g_autofree char *line = g_strdup_printf("%s %" G_GINT64_FORMAT " %u\n", clock,
						offset->seconds, offset->nanoseconds);

	return !offset->set || fd_write_file(AT_FDCWD, "/proc/self/timens_offsets", line, error);
}

bool timens_child(Container *container, GError **error)
{
	const SpecLinux *linux_ = &container->plan->spec->linux_;
	auto_fd own = -1;

	if (!has_offsets(linux_))
		return true;
	if (unshare(CLONE_NEWTIME) < 0)
		return error_errno(error, errno, "unshare the time namespace");
	if (!write_offset("monotonic", &linux_->monotonic, error) ||
	    !write_offset("boottime", &linux_->boottime, error))
		return false;
	own = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(own, CLONE_NEWTIME) < 0)
		return error_errno(error, errno, "enter the time namespace");
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/entered.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/namespace.h"

static const struct {
	uint64_t flag;
	const char *own;
} types[] = {
	/* a user namespace first: it gives the rights to the others */
	{CLONE_NEWUSER, "/proc/self/ns/user"}, {CLONE_NEWPID, "/proc/self/ns/pid"},
	{CLONE_NEWNET, "/proc/self/ns/net"},   {CLONE_NEWIPC, "/proc/self/ns/ipc"},
	{CLONE_NEWUTS, "/proc/self/ns/uts"},   {CLONE_NEWCGROUP, "/proc/self/ns/cgroup"},
	{CLONE_NEWTIME, "/proc/self/ns/time"}, {CLONE_NEWNS, "/proc/self/ns/mnt"},
};

static bool is_own(int fd, const char *own)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(own, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static bool open_one(const SpecNamespace *joined, const char *own, Plan *plan, GError **error)
{
	auto_fd fd = open(joined->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int taken;

	if (fd < 0)
		return error_errno(error, errno, "open the namespace '%s'", joined->path);
	if (namespace_type(fd) != joined->flag) {
		g_autofree char *name = namespace_flags_text(joined->flag);

		return error_set(error, RLC_ERROR_USAGE, "join '%s': not a namespace of type %s",
				 joined->path, name);
	}
	if (is_own(fd, own))
		return true;
	plan->enter_userns = plan->enter_userns || joined->flag == CLONE_NEWUSER;
	taken = fd_steal(&fd);
	g_array_append_val(plan->enter, taken);
	return true;
}

bool entered_plan(const Spec *spec, Plan *plan, GError **error)
{
	const GArray *joined = spec->linux_.joined;

	plan->enter = g_array_new(FALSE, FALSE, sizeof(int));
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		for (guint j = 0; j < joined->len; j++) {
			const SpecNamespace *one = &g_array_index(joined, SpecNamespace, j);

			if (one->flag == types[i].flag && !open_one(one, types[i].own, plan, error))
				return false;
		}
	}
	return true;
}

void entered_free(GArray *enter)
{
	for (guint i = 0; i < enter->len; i++)
		fd_close(&g_array_index(enter, int, i));
	g_array_unref(enter);
}

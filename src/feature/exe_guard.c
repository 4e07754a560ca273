/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: until the payload has executed another program, its /proc/self/exe is rlc,
 * and that link leads to the host's file by the host's mount.  An image whose entrypoint leads
 * there, as a script that begins with "#!/proc/self/exe", has rlc executed once more, but inside
 * and with the image's own dynamic loader.  That loader can keep a descriptor of the file, wait
 * until nobody executes it any more, and write what the host's user will run next.
 *
 * To look beforehand where the entrypoint leads would be a race against whoever else can change the
 * rootfs.  So the exec is watched: the payload asks for ptrace(2), the kernel stops it after
 * execve, before the first instruction of the new program, and the parent looks at /proc/PID/exe.
 * The same file by the same mount is rlc as the host has it; the same file by another mount is one
 * that the caller brought in himself, as a volume.
 *
 * It is not done where it is not needed: an rlc that belongs to root cannot be written by a payload
 * that an ordinary user runs, whoever it is inside.
 *
 * A payload that may trace PID 1 is watched for that one's sake as well: it stays stopped until PID
 * 1 has let go of all that would be worth it.
 */
#include "feature/exe_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/idmap_map.h"
#include "feature/proc.h"

#define OWN_EXE	   "/proc/self/exe"
#define STATUS_MAX (64 << 10)

/* Under strace, say: who traces a process already, nobody else can; see proc(5). */
static bool is_traced(void)
{
	g_autofree char *status = fd_read_file(AT_FDCWD, "/proc/self/status", STATUS_MAX, NULL);
	const char *tracer = status ? strstr(status, "\nTracerPid:\t") : NULL;

	return tracer && !g_str_has_prefix(tracer, "\nTracerPid:\t0\n");
}

/* Whoever the payload becomes has no right to a file that neither the caller nor the map gives. */
static bool payload_can_write(const Plan *plan)
{
	const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, 0);
	struct stat st;

	if (faccessat(AT_FDCWD, OWN_EXE, W_OK, AT_EACCESS) == 0)
		return true;
	if (tier->method == IDMAP_NONE)
		return false; /* root himself cannot: a read-only mount, or chattr +i */
	return stat(OWN_EXE, &st) < 0 || idmap_map_covers(tier->uids, st.st_uid) ||
	       ((st.st_mode & S_IWGRP) && idmap_map_covers(tier->gids, st.st_gid));
}

/* With CAP_SYS_PTRACE of the host's, and so with a reason to: who has CAP_SYS_ADMIN needs no PID 1.
 */
static bool payload_can_trace_init(const Spec *spec, const Plan *plan)
{
	const uint64_t trace = UINT64_C(1) << CAP_SYS_PTRACE, all = UINT64_C(1) << CAP_SYS_ADMIN;
	const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, 0);

	return tier->method == IDMAP_NONE && spec->rlc.init &&
	       (spec->process.capabilities.bounding & (trace | all)) == trace;
}

bool exe_guard_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)error;
	if (!payload_can_write(plan) && !payload_can_trace_init(spec, plan))
		return true;
	plan->guard_exe = !is_traced();
	if (!plan->guard_exe)
		log_warn("rlc is being traced, and so cannot keep the payload from rlc's own file");
	return true;
}

/* Only who belongs to no map is safe: root, who is in none of an ordinary user's. */
void exe_guard_plan_entered(Plan *plan)
{
	struct stat st;

	plan->guard_exe = (geteuid() == 0 || stat(OWN_EXE, &st) < 0 || st.st_uid != 0 ||
			   ((st.st_mode & S_IWGRP) && st.st_gid != 0) ||
			   faccessat(AT_FDCWD, OWN_EXE, W_OK, AT_EACCESS) == 0) &&
			  !is_traced();
}

/* Who waits for an OCI caller's start is watched by that: its parent is no rlc. */
static bool is_seized(const Plan *plan)
{
	return plan->spec->rlc.oci && !plan->entered;
}

bool exe_guard_ask(const Plan *plan, GError **error)
{
	if (!plan->guard_exe || is_seized(plan) || ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
		return true;
	error_errno(error, errno, "have the exec watched");
	return hint_add(error, HINT_EXE_GUARD, NULL);
}

static bool stat_exe(int proc, const char *path, struct statx *stx, GError **error)
{
	if (statx(proc, path, 0, STATX_INO | STATX_MNT_ID, stx) < 0)
		return error_errno(error, errno, "stat '/proc/%s'", path);
	return true;
}

static bool check_program(pid_t payload, const char *name, GError **error)
{
	g_autofree char *path = g_strdup_printf("%d/exe", payload);
	auto_fd proc = proc_open(error);
	struct statx own, theirs;

	if (proc < 0 || !stat_exe(proc, "self/exe", &own, error) ||
	    !stat_exe(proc, path, &theirs, error))
		return false;
	if (own.stx_ino == theirs.stx_ino && own.stx_dev_major == theirs.stx_dev_major &&
	    own.stx_dev_minor == theirs.stx_dev_minor && own.stx_mnt_id == theirs.stx_mnt_id)
		return error_set(error, RLC_ERROR_EXEC_DENIED,
				 "run '%s': it leads out of the container, to rlc's own file",
				 name);
	return true;
}

bool exe_guard_see(const Plan *plan, pid_t payload, GError **error)
{
	const char *name = g_ptr_array_index(plan->spec->process.args, 0);
	siginfo_t info;

	if (!plan->guard_exe)
		return true;
	for (;;) {
		/* without WSTOPPED the only stops that it tells of are those of a traced process */
		if (TEMP_FAILURE_RETRY(waitid(P_PID, (id_t)payload, &info, WEXITED | WNOWAIT)) < 0)
			return error_errno(error, errno, "wait for the payload's exec");
		if (info.si_code != CLD_TRAPPED)
			return true;
		if (info.si_status == SIGTRAP) /* of a finished exec; nobody else sends it */
			break;
		if (ptrace(PTRACE_CONT, payload, NULL, (void *)(uintptr_t)info.si_status) < 0)
			return error_errno(error, errno, "continue the payload");
	}
	return check_program(payload, name, error);
}

void exe_guard_release(const Plan *plan, pid_t payload)
{
	/* it fails if the payload ended: its parent will hear of that */
	if (plan->guard_exe)
		ptrace(PTRACE_DETACH, payload, NULL, NULL);
}

bool exe_guard_watch(const Plan *plan, pid_t payload, GError **error)
{
	if (!exe_guard_see(plan, payload, error))
		return false;
	exe_guard_release(plan, payload);
	return true;
}

bool exe_guard_seize(pid_t payload, bool *ret_watched, GError **error)
{
	Plan plan = {0};

	exe_guard_plan_entered(&plan);
	*ret_watched = plan.guard_exe;
	if (!plan.guard_exe ||
	    ptrace(PTRACE_SEIZE, payload, NULL, (void *)(uintptr_t)PTRACE_O_TRACEEXEC) == 0)
		return true;
	error_errno(error, errno, "watch the payload's exec");
	return hint_add(error, HINT_EXE_GUARD, NULL);
}

/* Signals that come meanwhile are passed on. False: it ended. */
static bool wait_for_exec_stop(pid_t payload)
{
	const int exec_stop = SIGTRAP | PTRACE_EVENT_EXEC << 8;
	siginfo_t info;

	for (;;) {
		if (TEMP_FAILURE_RETRY(waitid(P_PID, (id_t)payload, &info,
					      WEXITED | WSTOPPED | WNOWAIT | __WALL)) < 0 ||
		    info.si_code != CLD_TRAPPED)
			return false;
		if (info.si_status == exec_stop)
			return true;
		if (ptrace(PTRACE_CONT, payload, NULL, (void *)(uintptr_t)(info.si_status & 0xff)) <
		    0)
			return false;
	}
}

bool exe_guard_check(pid_t payload, const char *name, GError **error)
{
	if (!wait_for_exec_stop(payload))
		return true;
	if (!check_program(payload, name, error)) {
		kill(payload, SIGKILL); /* stopped and traced: the pid is certain */
		return false;
	}
	if (ptrace(PTRACE_DETACH, payload, NULL, NULL) < 0)
		return error_errno(error, errno, "let the payload go");
	return true;
}

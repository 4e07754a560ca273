/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/control.h"
#include "container/enter.h"
#include "container/state.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/pid.h"

#define PROC_FILE_MAX 65536
#define FIRST_WAIT_MS 500

#define JOIN_NOTHING                                                                               \
	{                                                                                          \
		.netns = -1, .pidns = -1, .ipcns = -1, .utsns = -1, .shm = -1, .first = -1,        \
		.userns = -1                                                                       \
	}

/* --- the namespace of a container --- */

static bool is_same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static const char *const names[CONTROL_NAMESPACES_END] = {
	[CONTROL_USER] = "user", [CONTROL_MNT] = "mnt",	      [CONTROL_PID] = "pid",
	[CONTROL_NET] = "net",	 [CONTROL_UTS] = "uts",	      [CONTROL_IPC] = "ipc",
	[CONTROL_TIME] = "time", [CONTROL_CGROUP] = "cgroup",
};

static const uint64_t clone_flags[CONTROL_NAMESPACES_END] = {
	[CONTROL_USER] = CLONE_NEWUSER, [CONTROL_MNT] = CLONE_NEWNS,
	[CONTROL_PID] = CLONE_NEWPID,	[CONTROL_NET] = CLONE_NEWNET,
	[CONTROL_UTS] = CLONE_NEWUTS,	[CONTROL_IPC] = CLONE_NEWIPC,
	[CONTROL_TIME] = CLONE_NEWTIME, [CONTROL_CGROUP] = CLONE_NEWCGROUP,
};

/* In the pid namespace of another container init cannot be looked at from the first moment on. */
static bool is_hidden(const Plan *plan)
{
	return plan->join && plan->join->pidns >= 0;
}

/* -1 without *error: the kernel has no such type, or the process is gone. */
static int open_namespace(pid_t pid, int type, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/%s", pid, names[type]);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		error_errno(error, errno, "open '%s'", path);
	return fd;
}

bool join_offer_child(Container *container, GError **error)
{
	for (int i = CONTROL_PIDFD + 1; is_hidden(container->plan) && i < CONTROL_NAMESPACES_END;
	     i++) {
		g_autoptr(GError) failed = NULL;
		auto_fd fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
		g_autofree char *path = g_strdup_printf("ns/%s", names[i]);
		auto_fd ns = openat(fd, path, O_RDONLY | O_CLOEXEC);

		if (ns < 0 && errno != ENOENT)
			return error_errno(error, errno, "open '/proc/self/%s'", path);
		if (!sync_send(container->sync, SYNC_NAMESPACE, ns, error))
			return false;
	}
	return true;
}

/* Shared with us, for sure? What a clone made, is not: no need to look. */
static bool is_ours(const Plan *plan, int type, int fd)
{
	g_autofree char *own = NULL;

	if (plan->clone_flags & clone_flags[type])
		return false;
	own = g_strdup_printf("/proc/self/ns/%s", names[type]);
	return is_same_file(fd, own);
}

/* What enters the container, in ControlJoin's order. What it shares with us is not offered. */
static bool open_namespaces(Container *container, GError **error)
{
	container->join[CONTROL_PIDFD] = container->init_pidfd;
	for (int i = CONTROL_PIDFD + 1; i < CONTROL_NAMESPACES_END; i++) {
		g_autoptr(GError) failed = NULL;
		auto_fd fd = -1;

		if (is_hidden(container->plan))
			sync_expect_any(container->sync, SYNC_NAMESPACE, &fd, &failed);
		else
			fd = open_namespace(container->init_pid, i, &failed);
		if (failed) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return false;
		}
		if (fd >= 0 && !is_ours(container->plan, i, fd))
			container->join[i] = fd_steal(&fd);
	}
	return true;
}

bool join_open(pid_t pid, int *fds, GError **error)
{
	for (int i = CONTROL_PIDFD + 1; i < CONTROL_JOIN_COUNT; i++)
		fds[i] = -1;
	for (int i = CONTROL_PIDFD + 1; i < CONTROL_NAMESPACES_END; i++) {
		g_autofree char *own = g_strdup_printf("/proc/self/ns/%s", names[i]);
		g_autoptr(GError) failed = NULL;
		auto_fd fd = open_namespace(pid, i, &failed);

		if (failed) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return false;
		}
		if (fd >= 0 && !is_same_file(fd, own))
			fds[i] = fd_steal(&fd);
	}
	return true;
}

void join_cleanup(Container *container)
{
	container->join[CONTROL_PIDFD] = -1; /* init_pidfd has an owner */
	for (int i = 0; i < CONTROL_JOIN_COUNT; i++)
		fd_close(&container->join[i]);
}

bool join_offer(Container *container, GError **error)
{
	g_autofree char *text = NULL;

	if (!open_namespaces(container, error))
		return false;
	/* none: it is the host's, or init is gone, and the next message expected of it tells why */
	if (container->join[CONTROL_NET] < 0)
		return true;
	text = g_strdup_printf("%d %" G_GUINT64_FORMAT " %d\n", getpid(), pid_start_time(getpid()),
			       container->join[CONTROL_NET]);
	return state_write(container->plan, STATE_SUPERVISOR, text, error);
}

/* The path by which the supervisor's descriptor can be opened, NULL if it offers none. */
static char *offered_path(const char *record, pid_t *ret_pid, guint64 *ret_start)
{
	guint64 start;
	int pid, fd;

	if (sscanf(record, "%d %" G_GUINT64_FORMAT " %d", &pid, &start, &fd) != 3)
		return NULL;
	*ret_pid = pid;
	*ret_start = start;
	return g_strdup_printf("/proc/%d/fd/%d", pid, fd);
}

static bool open_container(JoinPlan *join, const Plan *plan, const char *name, GError **error)
{
	g_autofree char *record = NULL, *resolv_conf = NULL;
	guint64 start;
	pid_t pid;

	join->container = state_find(plan->state_root, name, error);
	if (!join->container)
		return false;
	record = state_read(plan->state_root, join->container, STATE_SUPERVISOR, error);
	resolv_conf =
		record ? state_read(plan->state_root, join->container, STATE_RESOLV, error) : NULL;
	if (!resolv_conf)
		return false;
	join->path = offered_path(record, &pid, &start);
	if (!join->path)
		return error_set(error, RLC_ERROR_STATE,
				 "join the network of '%s': it has none of its own (yet)", name);
	join->netns = open(join->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (join->netns < 0)
		return error_errno(error, errno, "open '%s', the network of '%s'", join->path,
				   name);
	if (pid_start_time(pid) != start)
		return error_set(error, RLC_ERROR_STATE, "join the network of '%s': it has ended",
				 name);
	if (*resolv_conf)
		join->resolv_conf = g_steal_pointer(&resolv_conf);
	return true;
}

/* --- a namespace's file --- */

static bool open_path(JoinPlan *join, const char *path, GError **error)
{
	struct statfs fs;

	join->path = g_strdup(path);
	join->netns = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (join->netns < 0 || fstatfs(join->netns, &fs) < 0)
		return error_errno(error, errno, "open the network namespace '%s'", path);
	if (fs.f_type != NSFS_MAGIC)
		return error_set(error, RLC_ERROR_USAGE,
				 "use '%s': not a namespace, such as /proc/PID/ns/net", path);
	return true;
}

static bool check_netns(const JoinPlan *join, GError **error)
{
	if (namespace_type(join->netns) != CLONE_NEWNET)
		return error_set(error, RLC_ERROR_USAGE, "use '%s': not a network namespace",
				 join->path);
	if (is_same_file(join->netns, "/proc/self/ns/net"))
		return error_set(error, RLC_ERROR_USAGE,
				 "use '%s': that is the host's own network; use --network host",
				 join->path);
	return true;
}

/* --- its owner --- */

/* A child that sits in userns until the pipe closes, or -1. */
static pid_t start_sitter(int userns, GError **error)
{
	int said[2];
	char byte;
	pid_t pid;

	if (pipe2(said, O_CLOEXEC) < 0) {
		error_errno(error, errno, "make a pipe");
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(said[0]);
		if (setns(userns, CLONE_NEWUSER) == 0 && write(said[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(said[1]);
	if (pid < 0)
		error_errno(error, errno, "fork");
	else if (TEMP_FAILURE_RETRY(read(said[0], &byte, 1)) != 1)
		log_debug("join: the user namespace cannot be entered");
	close(said[0]);
	return pid;
}

static GArray *read_map(pid_t pid, const char *file, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, file);
	g_autofree char *text = fd_read_file(AT_FDCWD, path, PROC_FILE_MAX, error);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
	GArray *map = NULL;

	if (!text)
		return NULL;
	map = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	for (char **line = lines; *line; line++) {
		SpecIdMap entry;

		if (sscanf(*line, "%u %u %u", &entry.inside, &entry.outside, &entry.count) == 3)
			g_array_append_val(map, entry);
	}
	return map;
}

/* Only a process inside has the map in its /proc files, as it is seen from here. */
static bool read_maps(JoinPlan *join, GError **error)
{
	pid_t sitter = start_sitter(join->userns, error);

	if (sitter < 0)
		return false;
	join->uids = read_map(sitter, "uid_map", error);
	join->gids = join->uids ? read_map(sitter, "gid_map", error) : NULL;
	kill(sitter, SIGKILL);
	TEMP_FAILURE_RETRY(waitpid(sitter, NULL, 0));
	if (!join->gids)
		return false;
	if (join->uids->len > 0 && join->gids->len > 0)
		return true;
	return error_set(error, RLC_ERROR_STATE, "join '%s': its user namespace has no id map",
			 join->path);
}

/* An ordinary user joins one user namespace, and through it all that belongs to it. */
static bool take_owner(JoinPlan *join, int userns, GError **error)
{
	struct stat a, b;

	if (join->userns < 0) {
		join->userns = fcntl(userns, F_DUPFD_CLOEXEC, 3);
		return join->userns >= 0 ? read_maps(join, error)
					 : error_errno(error, errno, "duplicate a descriptor");
	}
	if (fstat(join->userns, &a) == 0 && fstat(userns, &b) == 0 && a.st_ino == b.st_ino)
		return true;
	return error_set(error, RLC_ERROR_USAGE,
			 "join '%s': it belongs to another user namespace than what is joined "
			 "beside it; only root may mix containers that do not share one",
			 join->path);
}

static bool find_owner(JoinPlan *join, int fd, GError **error)
{
	auto_fd userns = ioctl(fd, NS_GET_USERNS);
	uid_t owner;

	if (userns >= 0 && geteuid() == 0)
		return true; /* root has all rights below, too */
	if (userns < 0 || is_same_file(userns, "/proc/self/ns/user"))
		return error_set(error, RLC_ERROR_FAILED,
				 "join '%s': the namespace belongs to the host's root; only root "
				 "may join it",
				 join->path);
	if (ioctl(userns, NS_GET_OWNER_UID, &owner) < 0)
		return error_errno(error, errno, "join '%s': find its owner", join->path);
	if (owner != geteuid())
		return error_set(error, RLC_ERROR_FAILED,
				 "join '%s': the namespace belongs to user %u", join->path, owner);
	return take_owner(join, userns, error);
}

static bool join_network(const SpecNetwork *network, Plan *plan, GError **error)
{
	JoinPlan *join = plan->join;

	plan->clone_flags &= ~(uint64_t)CLONE_NEWNET;
	return (network->container ? open_container(join, plan, network->container, error)
				   : open_path(join, network->path, error)) &&
	       check_netns(join, error) && find_owner(join, join->netns, error);
}

/* --- processes, IPC, hostname --- */

/* What is looked up in the other container's mounts. */
typedef struct {
	Sync *sync;
} ShmCall;

static bool send_shm(void *data, GError **error)
{
	const ShmCall *call = data;
	auto_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd dir = mount_open(root, "/dev/shm", MOUNT_NO_SYMLINKS, error);
	auto_fd mount = dir < 0 ? -1 : mount_clone(dir, "", false, error);

	return mount >= 0 && sync_send(call->sync, SYNC_SHM, mount, error);
}

/* A process that enters the other container's mounts hands its /dev/shm out. */
static int open_shm(const char *state_root, const char *id, GError **error)
{
	Sync ours, theirs;
	ShmCall call = {&theirs};
	int shm = -1;

	if (!sync_pair(&ours, &theirs, error))
		return -1;
	if (enter_call(state_root, id, 1U << CONTROL_USER | 1U << CONTROL_MNT, 0, send_shm, &call,
		       error))
		sync_expect(&ours, SYNC_SHM, &shm, error);
	sync_close(&ours);
	sync_close(&theirs);
	return shm;
}

static bool join_shared(const char *name, ControlJoin type, Plan *plan, int *ret_ns, GError **error)
{
	g_autofree char *id = state_find(plan->state_root, name, error);
	int fds[CONTROL_JOIN_COUNT];

	if (!id || !control_join(plan->state_root, id, fds, error))
		return false;
	*ret_ns = fd_steal(&fds[type]);
	if (type == CONTROL_PID)
		plan->join->first = fd_steal(&fds[CONTROL_PIDFD]);
	for (int i = 0; i < CONTROL_JOIN_COUNT; i++)
		fd_close(&fds[i]);
	if (*ret_ns < 0)
		return error_set(error, RLC_ERROR_STATE,
				 "join '%s': it has no %s namespace of its own; share the host's "
				 "as it does",
				 name, names[type]);
	if (!plan->join->path)
		plan->join->path = g_strdup(name);
	if (type == CONTROL_IPC && (plan->join->shm = open_shm(plan->state_root, id, error)) < 0)
		return false;
	return find_owner(plan->join, *ret_ns, error);
}

static bool join_hostname(const char *name, Plan *plan, GError **error)
{
	g_autofree char *id = state_find(plan->state_root, name, error);
	g_autoptr(Spec) other = id ? state_load_spec(plan->state_root, id, error) : NULL;

	if (!other)
		return false;
	plan->join->hostname = other->hostname ? g_strdup(other->hostname) : g_strndup(id, 12);
	return true;
}

static bool join_all_shared(const SpecShare *share, Plan *plan, GError **error)
{
	JoinPlan *join = plan->join;

	return (!share->uts || (join_shared(share->uts, CONTROL_UTS, plan, &join->utsns, error) &&
				join_hostname(share->uts, plan, error))) &&
	       (!share->ipc || join_shared(share->ipc, CONTROL_IPC, plan, &join->ipcns, error)) &&
	       (!share->pid || join_shared(share->pid, CONTROL_PID, plan, &join->pidns, error));
}

/* Without a pid namespace of its own nobody but its init ends what a payload leaves. */
static bool check_share(const Spec *spec, GError **error)
{
	const SpecShare *share = &spec->rlc.share;
	bool other = share->pid || share->ipc || share->uts;
	bool ids = spec->rlc.userns != USERNS_DEFAULT && spec->rlc.userns != USERNS_HOST;

	if (!(spec->linux_.namespaces & CLONE_NEWPID) && !spec->rlc.init)
		return error_set(error, RLC_ERROR_USAGE,
				 "share processes: --no-init contradicts --pid, for somebody must "
				 "end what the command leaves behind");
	return !other || !ids || geteuid() != 0 ||
	       error_set(error, RLC_ERROR_USAGE,
			 "share namespaces: --userns contradicts --pid, --ipc and --uts "
			 "container:NAME");
}

pid_t join_clone(const JoinPlan *join, int cgroup, uint64_t flags, int *ret_pidfd, GError **error)
{
	static const JoinPlan nothing = JOIN_NOTHING;
	const JoinPlan *from = join ? join : &nothing;
	const int fds[] = {from->userns, from->netns, from->utsns, from->ipcns, from->pidns};

	if (from->pidns < 0)
		return namespace_clone_in(fds, G_N_ELEMENTS(fds), cgroup, flags, ret_pidfd, error);
	return namespace_clone_hidden(fds, G_N_ELEMENTS(fds), cgroup, flags, UINT64_MAX, ret_pidfd,
				      error);
}

bool join_send_shm(Container *container, GError **error)
{
	const JoinPlan *join = container->plan->join;
	auto_fd mount = -1;

	if (!join || join->ipcns < 0)
		return true;
	/* a mount is attached once; each life of the container has a copy */
	mount = container->restarted ? mount_clone(join->shm, "", false, error)
				     : fcntl(join->shm, F_DUPFD_CLOEXEC, 3);
	return mount >= 0 && sync_send(container->sync, SYNC_SHM, mount, error);
}

bool join_first_ended(const JoinPlan *join)
{
	struct pollfd first = {.fd = join ? join->first : -1, .events = POLLIN};

	/* it is the last to go, when all others have been waited for */
	return first.fd >= 0 && poll(&first, 1, FIRST_WAIT_MS) > 0;
}

bool join_plan(const Spec *spec, Plan *plan, GError **error)
{
	const SpecNetwork *network = &spec->rlc.network;
	const SpecShare *share = &spec->rlc.share;
	bool joins = network->mode == NET_JOIN;

	if (!check_share(spec, error))
		return false;
	if (!joins && !share->pid && !share->ipc && !share->uts)
		return true;
	plan->join = g_new0(JoinPlan, 1);
	*plan->join = (JoinPlan)JOIN_NOTHING;
	return (!joins || join_network(network, plan, error)) &&
	       join_all_shared(share, plan, error);
}

void join_free(JoinPlan *join)
{
	fd_close(&join->netns);
	fd_close(&join->pidns);
	fd_close(&join->ipcns);
	fd_close(&join->utsns);
	fd_close(&join->shm);
	fd_close(&join->first);
	fd_close(&join->userns);
	g_free(join->hostname);
	g_clear_pointer(&join->uids, g_array_unref);
	g_clear_pointer(&join->gids, g_array_unref);
	g_free(join->container);
	g_free(join->path);
	g_free(join->resolv_conf);
	g_free(join);
}

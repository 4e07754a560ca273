/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 *     supervisor ─ fork ─► fuse-overlayfs: init's user namespace; pids, network, mounts of its own
 *         ▲                     │ /dev/fuse                ▲
 *         │ SYNC_FUSE + socket  │ SYNC_ROOT + mount        │ the payload's requests, by the kernel
 *         └──────────────── init ◄───────────────────────── root
 *
 * The process makes the mount itself and hands it to init by the socket that came with the request,
 * so fuse-overlayfs needs neither fusermount3 nor a place to mount on.  It is in init's user
 * namespace, where owners are what they are inside, but not in its pid namespace: the payload can
 * neither see nor signal it.
 *
 * fuse-overlayfs does what a hostile payload asks of it, over the files of a hostile image.  So
 * its root has only programs and libraries of the host, read-only, the layers, read-only, and what
 * is written; it has no network, and no capability that file systems do not need.
 *
 * Its end: with the supervisor (PR_SET_PDEATHSIG), by fuse_overlay_cleanup(), or when the mount is
 * gone, which is when the kernel closes the connection.  If it ends otherwise, the container's
 * files are out of reach, and the supervisor says so.
 */
#include "feature/fuse_overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/caps.h"
#include "feature/idmap.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"

#define PROGRAM	     "fuse-overlayfs"
#define DEVICE	     "/dev/fuse"
#define NEVER_SERVED 127
#define CONNECTION   3 /* the descriptor of it that fuse-overlayfs is given */
#define NAMESPACES   (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define READ_ONLY    (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define BIT(cap)     (UINT64_C(1) << (cap))
#define CAPABILITIES                                                                               \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) |     \
	 BIT(CAP_FSETID) | BIT(CAP_MKNOD) | BIT(CAP_SETFCAP))

/* Where programs and their libraries are; links stay links. */
static const char *const host_dirs[] = {"usr",	 "bin",	   "sbin", "lib", "lib32",
					"lib64", "libx32", "nix",  "gnu", NULL};

/* ---------------------------------------------------------------------- the process, before exec
 */

/* Binds what mount refers to (taken; -1 with *error set already). */
static bool bind_read_only(int mount, int root, const char *path, GError **error)
{
	auto_fd taken = mount;

	return taken >= 0 && mount_change(taken, true, READ_ONLY, 0, MS_PRIVATE, error) &&
	       mount_attach_in(taken, root, path, true, MOUNT_NO_SYMLINKS, error);
}

static bool bind_host_dir(int root, const char *name, GError **error)
{
	g_autofree char *path = g_strconcat("/", name, NULL);
	g_autofree char *link = g_file_read_link(path, NULL);

	if (link)
		return symlinkat(link, root, name) == 0 ||
		       error_errno(error, errno, "make link '%s'", path);
	return access(path, F_OK) < 0 ||
	       bind_read_only(mount_clone(AT_FDCWD, path, true, error), root, path, error);
}

static bool bind_layers(const GPtrArray *layers, int root, GError **error)
{
	for (guint i = 0; i < layers->len; i++) {
		g_autofree char *path = g_strdup_printf("/lower/%u", i);
		int mount = mount_clone(AT_FDCWD, g_ptr_array_index(layers, i), false, error);

		if (!bind_read_only(mount, root, path, error))
			return false;
	}
	return true;
}

/* The directory for what is written: memory of this mount namespace, or the plan's on a disk. */
static bool attach_stage(const Plan *plan, int root, GError **error)
{
	auto_fd stage = plan->scratch ? mount_clone(AT_FDCWD, plan->scratch, false, error)
				      : mount_new("tmpfs", "mode=0700", MOUNT_ATTR_NODEV, error);

	return stage >= 0 && mount_attach_in(stage, root, "/stage", true, MOUNT_NO_SYMLINKS, error);
}

/* The new root's directory is what it is in the image's topmost layer. */
static bool make_upper(GError **error)
{
	struct stat st;

	if (stat("/lower/0", &st) < 0 || mkdir("/stage/upper", 0700) < 0 ||
	    mkdir("/stage/work", 0700) < 0 ||
	    (chown("/stage/upper", st.st_uid, st.st_gid) < 0 && errno != EINVAL) ||
	    chmod("/stage/upper", st.st_mode & 07777) < 0)
		return error_errno(error, errno, "make the upper directory");
	return true;
}

static bool enter_root(const Plan *plan, GError **error)
{
	auto_fd root = -1, proc = -1;

	if (!mount_make_all_private(error))
		return false;
	root = mount_new("tmpfs", "mode=0755,size=1m", MOUNT_ATTR_NODEV, error);
	if (root < 0 || !mount_stack(root, error))
		return false;
	for (const char *const *name = host_dirs; *name; name++) {
		if (!bind_host_dir(root, *name, error))
			return false;
	}
	proc = mount_new("proc", NULL, READ_ONLY & ~(uint64_t)MOUNT_ATTR_RDONLY, error);
	return proc >= 0 && mount_attach_in(proc, root, "/proc", true, MOUNT_NO_SYMLINKS, error) &&
	       bind_layers(plan->rootfs.layers, root, error) && attach_stage(plan, root, error) &&
	       mount_pivot(root, error) && make_upper(error);
}

static int open_device(GError **error)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		error_errno(error, errno, "open '%s'", DEVICE);
	return fd;
}

/* The kernel checks owners and modes; everybody inside may come. */
static int make_mount(int device, GError **error)
{
	g_autofree char *options = g_strdup_printf(
		"fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions",
		device);

	return mount_new_of(PROGRAM, "fuse", options, MOUNT_ATTR_NODEV, error);
}

/* What it could say would be the payload's words on the caller's terminal. */
static bool leave_supervisor(GError **error)
{
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return error_errno(error, errno, "leave the supervisor");
	return true;
}

/* Who changes his ids after that has no such signal any more. */
static bool drop_rights(GError **error)
{
	static const SpecCapabilities needed = {.bounding = CAPABILITIES};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(error, errno, "tie fuse-overlayfs to its supervisor");
	return caps_drop_bounding(&needed, error);
}

static bool prepare(const Plan *plan, const char *program, GError **error)
{
	if (!enter_root(plan, error) || !drop_rights(error))
		return false;
	return access(program, X_OK) == 0 || error_errno(error, errno, "execute '%s'", program);
}

/* The end of the process is the end of the connection, and init hears of that. */
static G_GNUC_NORETURN void execute(const char *program, guint layers, int device)
{
	g_autoptr(GString) options = g_string_new("lowerdir=");
	g_autofree char *target = g_strdup_printf("/dev/fd/%d", CONNECTION);

	for (guint i = 0; i < layers; i++)
		g_string_append_printf(options, "%s/lower/%u", i > 0 ? ":" : "", i);
	g_string_append(options, ",upperdir=/stage/upper,workdir=/stage/work,volatile");
	if (dup2(device, CONNECTION) == CONNECTION && fcntl(CONNECTION, F_SETFD, 0) == 0 &&
	    fd_close_others(CONNECTION, NULL))
		execl(program, PROGRAM, "-f", "-o", options->str, target, (char *)NULL);
	_exit(NEVER_SERVED);
}

static void serve(const Plan *plan, bool joined, Sync *init, const char *program, GError **error)
{
	auto_fd device = -1, mount = -1;

	if (!leave_supervisor(error) || (joined && !idmap_become_root(plan, error)))
		return;
	device = open_device(error);
	mount = device >= 0 ? make_mount(device, error) : -1;
	if (mount >= 0 && prepare(plan, program, error) && sync_send(init, SYNC_ROOT, mount, error))
		execute(program, plan->rootfs.layers->len, device);
}

/* ------------------------------------------------------------------------------- the supervisor */

static bool start(Container *container, int userns, Sync *init, GError **error)
{
	g_autofree char *program = g_find_program_in_path(PROGRAM);

	if (!program)
		return error_set(error, RLC_ERROR_UNSUPPORTED, "it is not installed");
	container->fuse_pid =
		namespace_clone_in(&userns, 1, -1, NAMESPACES, &container->fuse_pidfd, error);
	if (container->fuse_pid != 0)
		return container->fuse_pid > 0;
	serve(container->plan, userns >= 0, init, program, error);
	sync_send_error(init, *error);
	_exit(NEVER_SERVED);
}

void fuse_overlay_serve(Container *container, int userns, int socket)
{
	Sync init = {.fd = socket};
	g_autoptr(GError) error = NULL;

	if (!start(container, userns, &init, &error))
		sync_send_error(&init, error);
	sync_close(&init);
}

static void forget(Container *container)
{
	TEMP_FAILURE_RETRY(waitpid(container->fuse_pid, NULL, 0));
	container->fuse_pid = 0;
	fd_close(&container->fuse_pidfd);
}

void fuse_overlay_cleanup(Container *container)
{
	fuse_overlay_ended(container);
	if (container->fuse_pid <= 0)
		return;
	kill(container->fuse_pid, SIGKILL); /* ours and not yet reaped */
	forget(container);
}

/* 0: its mount is gone, and the container with it.  NEVER_SERVED: init has heard why. */
static bool ended_well(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED &&
	       (info->si_status == 0 || info->si_status == NEVER_SERVED);
}

static void warn_of(const Container *container, const siginfo_t *info)
{
	g_autofree char *id = g_strndup(container->plan->id, 12);
	g_autoptr(GError) error = NULL;

	if (info->si_code == CLD_EXITED)
		error_set(&error, RLC_ERROR_FAILED, "rootfs: " PROGRAM " ended with code %d",
			  info->si_status);
	else
		error_set(&error, RLC_ERROR_FAILED,
			  "rootfs: " PROGRAM " was killed by signal %d (%s)", info->si_status,
			  strsignal(info->si_status));
	hint_add(&error, HINT_FUSE_ENDED, id);
	log_warn("%s", error->message);
}

void fuse_overlay_ended(Container *container)
{
	siginfo_t info = {0};

	if (container->fuse_pid <= 0 ||
	    waitid(P_PID, (id_t)container->fuse_pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_pid == 0)
		return;
	if (!ended_well(&info))
		warn_of(container, &info);
	forget(container);
}

/* ------------------------------------------------------------------------------------- init */

/* The first answer comes when all is well, or when the process is gone: ENOTCONN. */
static bool wait_until_served(int mount, GError **error)
{
	struct statx stx;

	return statx(mount, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &stx) ==
		       0 ||
	       error_errno(error, errno, "use its file system");
}

static bool ask(Sync *supervisor, int *ret_mount, GError **error)
{
	Sync ours, theirs;
	bool ok;

	if (!sync_pair(&ours, &theirs, error))
		return false;
	ok = sync_send(supervisor, SYNC_FUSE, theirs.fd, error);
	sync_close(&theirs);
	ok = ok && sync_expect(&ours, SYNC_ROOT, ret_mount, error);
	sync_close(&ours);
	return ok;
}

int fuse_overlay_child(Container *container, GError **error)
{
	auto_fd mount = -1;

	if (container->plan->rootfs.idmapped || container->plan->scratch_shifted) {
		error_set(error, RLC_ERROR_UNSUPPORTED, "the files are shifted into an id map");
		return -1;
	}
	if (!ask(container->sync, &mount, error) || !wait_until_served(mount, error) ||
	    !mount_stack(mount, error))
		return -1;
	return fd_steal(&mount);
}

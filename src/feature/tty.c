/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "kernel/mount.h"
#include "kernel/socket.h"
#include "kernel/sync.h"

/* The caller's terminal: where he types, or if nothing is read from there, where he reads. */
static int caller_terminal(const Spec *spec)
{
	if (isatty(STDIN_FILENO))
		return STDIN_FILENO;
	if (!spec->rlc.interactive && isatty(STDOUT_FILENO))
		return STDOUT_FILENO;
	return -1;
}

bool tty_plan(const Spec *spec, Plan *plan, GError **error)
{
	int terminal = caller_terminal(spec);
	struct winsize size;

	(void)error;
	plan->tty.stdin_open = spec->rlc.interactive;
	if (!spec->process.terminal)
		return true;
	plan->tty.size.rows = (unsigned short)spec->process.rows;
	plan->tty.size.columns = (unsigned short)spec->process.columns;
	if (terminal < 0 && (spec->rlc.detach || spec->rlc.oci)) {
		plan->tty.terminal = true; /* for who attaches, who has a size */
		return true;
	}
	if (terminal < 0) {
		log_warn("standard input is not a terminal: --tty has no effect");
		return true;
	}
	plan->tty.terminal = true;
	if (plan->tty.size.rows == 0 && ioctl(terminal, TIOCGWINSZ, &size) == 0) {
		plan->tty.size.rows = size.ws_row;
		plan->tty.size.columns = size.ws_col;
	}
	return true;
}

static bool refuse_pty(const char *what, GError **error)
{
	error_errno(error, errno, "%s", what);
	return hint_add(error, HINT_PTY, NULL);
}

/*
 * The slave is opened through the master (TIOCGPTPEER) and bound by descriptor: no path of the
 * container is trusted on the way.
 */
static bool open_slave(int *ret_master, int *ret_slave, int ptmx, GError **error)
{
	auto_fd master = ptmx;
	int unlocked = 0;
	int slave;

	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return refuse_pty("unlock the pty", error);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return refuse_pty("open the pty's slave", error);
	*ret_master = fd_steal(&master);
	*ret_slave = slave;
	return true;
}

static bool open_pty(int *ret_master, int *ret_slave, GError **error)
{
	auto_fd master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0)
		return refuse_pty("open '/dev/ptmx'", error);
	return open_slave(ret_master, ret_slave, fd_steal(&master), error);
}

/* The same in a container that lives: its payload may have put something else there. */
static bool open_pty_checked(int *ret_master, int *ret_slave, GError **error)
{
	auto_fd master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (master < 0 || fstat(master, &st) < 0 || fstatfs(master, &fs) < 0)
		return error_errno(error, errno, "open '/dev/pts/ptmx'");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC)
		return error_set(error, RLC_ERROR_FAILED,
				 "open '/dev/pts/ptmx': it is not that of a devpts");
	return open_slave(ret_master, ret_slave, fd_steal(&master), error);
}

static bool bind_console(int slave, GError **error)
{
	auto_fd console = -1, mount = -1;

	console = open("/dev/console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (console < 0)
		return error_errno(error, errno, "open '/dev/console'");
	mount = mount_clone(slave, "", false, error);
	return mount >= 0 && mount_attach(mount, console, "/dev/console", error);
}

static bool set_size(int terminal, const TtyPlan *tty, GError **error)
{
	struct winsize size = {.ws_row = tty->size.rows, .ws_col = tty->size.columns};

	if (ioctl(terminal, TIOCSWINSZ, &size) < 0)
		return error_errno(error, errno, "set the terminal's size");
	return true;
}

bool tty_child(Container *container, GError **error)
{
	auto_fd master = -1, slave = -1;

	if (!container->plan->tty.terminal)
		return true;
	if (!open_pty(&master, &slave, error) || !bind_console(slave, error) ||
	    !set_size(slave, &container->plan->tty, error) ||
	    !sync_send(container->sync, SYNC_CONSOLE, master, error))
		return false;
	container->terminal = fd_steal(&slave);
	return true;
}

bool tty_enter(Container *container, GError **error)
{
	auto_fd master = -1, slave = -1;

	if (!container->plan->tty.terminal)
		return true;
	if (!open_pty_checked(&master, &slave, error) ||
	    !set_size(slave, &container->plan->tty, error) ||
	    !sync_send(container->sync, SYNC_CONSOLE, master, error))
		return false;
	container->terminal = fd_steal(&slave);
	return true;
}

static bool send_master(int console, const char *path, GError **error)
{
	auto_fd fd = socket_connect_stream(path);

	if (fd < 0)
		return error_errno(error, errno, "connect to the console socket '%s'", path);
	return sync_send_text(fd, "/dev/ptmx", console) ||
	       error_errno(error, errno, "send '/dev/ptmx'");
}

/* --console-socket: somebody else reads and writes. */
static bool hand_over(Container *container, GError **error)
{
	const char *path = container->plan->spec->rlc.console_socket;

	if (!path)
		return true;
	if (!send_master(container->console, path, error))
		return false;
	fd_close(&container->console);
	return true;
}

bool tty_parent(Container *container, GError **error)
{
	if (!container->plan->tty.terminal)
		return true;
	return sync_expect(container->sync, SYNC_CONSOLE, &container->console, error) &&
	       hand_over(container, error);
}

static bool replace_stream(int fd, int stream, GError **error)
{
	if (dup2(fd, stream) < 0)
		return error_errno(error, errno, "set up standard stream %d", stream);
	return true;
}

static bool close_stdin(GError **error)
{
	auto_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0)
		return error_errno(error, errno, "open '/dev/null'");
	return replace_stream(null, STDIN_FILENO, error);
}

/* Pipes of the supervisor's, for a payload that is not root: it may open /dev/stdout anew. */
static void give_pipes(uint32_t uid)
{
	for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO; stream++) {
		struct stat st;

		if (fstat(stream, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
			continue;
		if (fchown(stream, uid, (gid_t)-1) < 0)
			log_debug("tty: give stream %d to user %u: %s", stream, uid,
				  g_strerror(errno));
	}
}

bool tty_attach(Container *container, uint32_t uid, GError **error)
{
	int terminal = container->terminal;

	if (!container->plan->tty.terminal) {
		if (container->plan->spec->rlc.detach || container->plan->spec->rlc.oci)
			give_pipes(uid);
		return container->plan->tty.stdin_open || close_stdin(error);
	}
	if (fchown(terminal, uid, (gid_t)-1) < 0)
		log_debug("tty: give the terminal to user %u: %s", uid, g_strerror(errno));
	if (ioctl(terminal, TIOCSCTTY, 0) < 0)
		return error_errno(error, errno, "make the pty the controlling terminal");
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
		if (!replace_stream(terminal, stream, error))
			return false;
	}
	return true;
}

void tty_explain(const Plan *plan, GString *script)
{
	if (!plan->tty.terminal)
		return;
	g_string_append(
		script,
		"# open(\"/dev/ptmx\"), ioctl(TIOCGPTPEER): a pty of the container's own devpts\n"
		"# open_tree(slave), move_mount(…, \"/dev/console\"); sendmsg(master) to the "
		"supervisor\n"
		"# By hand: script(1) inside makes a pty and runs a shell on it.\n");
}

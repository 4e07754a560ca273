/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "container/run.h"
#include "kernel/sync.h"

#define TRIAL_SECONDS 20
#define TEXT_MAX      (256 << 10)

void trial_clear(Trial *trial)
{
	g_clear_pointer(&trial->output, g_free);
	g_clear_pointer(&trial->messages, g_free);
}

Spec *trial_spec(void)
{
	Spec *spec = spec_new();

	spec->rlc.network.mode = NET_NONE;
	spec->rlc.timeout = TRIAL_SECONDS;
	return spec;
}

/* A terminal is forwarded to the caller's, so that has to be one. Its master stays open. */
static int open_input(bool terminal, GError **error)
{
	int master = terminal ? posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	int input = -1;

	if (!terminal)
		input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	else if (master >= 0 && unlockpt(master) == 0)
		input = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (input < 0)
		error_errno(error, errno, "open %s", terminal ? "a terminal" : "/dev/null");
	return input;
}

/* Streams are files in memory: nobody has to read them while the container runs. */
static bool take_streams(bool terminal, int output, int messages, GError **error)
{
	auto_fd input = open_input(terminal, error);

	if (input < 0)
		return terminal ? hint_add(error, HINT_PTY, NULL) : false;
	if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(messages, STDERR_FILENO) < 0)
		return error_errno(error, errno, "set streams");
	return true;
}

static G_GNUC_NORETURN void run_child(const Spec *spec, int output, int messages, Sync *sync)
{
	g_autoptr(GError) error = NULL;
	int exit_code = 0;

	if (take_streams(spec->process.terminal, output, messages, &error) &&
	    container_run(spec, NULL, &exit_code, &error) &&
	    sync_send(sync, SYNC_READY, -1, &error))
		_exit(exit_code);
	sync_send_error(sync, error);
	_exit(125);
}

static char *read_text(int fd)
{
	char *text;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return g_strdup("");
	text = fd_read_all(fd, "output", TEXT_MAX, NULL);
	return text ? text : g_strdup("");
}

static bool await_child(pid_t pid, Sync *sync, int *ret_exit_code, GError **error)
{
	bool ok = sync_expect(sync, SYNC_READY, NULL, error);
	int status = 0;

	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return error_errno(error && *error ? NULL : error, errno, "wait for a trial");
	*ret_exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 125;
	return ok;
}

bool trial_run(Spec *spec, const char *const *command, Trial *ret_trial, GError **error)
{
	auto_fd output = memfd_create("output", MFD_CLOEXEC);
	auto_fd messages = memfd_create("messages", MFD_CLOEXEC);
	Sync ours, theirs;
	pid_t pid;
	bool ok;

	*ret_trial = (Trial){.exit_code = 125};
	g_ptr_array_set_size(spec->process.args, 0);
	g_ptr_array_add(spec->process.args, NULL);
	for (; *command; command++)
		spec_add_arg(spec, *command);
	if (output < 0 || messages < 0)
		return error_errno(error, errno, "make a file in memory");
	if (!sync_pair(&ours, &theirs, error))
		return false;
	pid = fork();
	if (pid == 0) {
		sync_close(&ours);
		run_child(spec, output, messages, &theirs);
	}
	sync_close(&theirs);
	ok = pid > 0 ? await_child(pid, &ours, &ret_trial->exit_code, error)
		     : error_errno(error, errno, "fork");
	sync_close(&ours);
	ret_trial->output = read_text(output);
	ret_trial->messages = read_text(messages);
	return ok;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
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

/* Streams are files in memory: nobody has to read them while the container runs. */
static bool take_streams(int output, int messages, GError **error)
{
	auto_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0)
		return error_errno(error, errno, "open /dev/null");
	if (dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(messages, STDERR_FILENO) < 0)
		return error_errno(error, errno, "set streams");
	return true;
}

static G_GNUC_NORETURN void run_child(const Spec *spec, int output, int messages, Sync *sync)
{
	g_autoptr(GError) error = NULL;
	int exit_code = 0;

	if (take_streams(output, messages, &error) &&
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

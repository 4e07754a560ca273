/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/save.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/image_program.h"
#include "cmd/options.h"

/* Beside the file, under a name of this process's own. */
static bool write_to_file(SaveWriter writer, const void *data, const char *file, int *ret_exit_code,
			  GError **error)
{
	g_autofree char *partial = g_strdup_printf("%s.%d.partial", file, getpid());
	auto_fd fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool ok;

	if (fd < 0)
		return error_errno(error, errno, "make '%s'", file);
	ok = writer(data, fd, ret_exit_code, error);
	if (ok && *ret_exit_code == 0 && rename(partial, file) == 0)
		return true;
	if (ok && *ret_exit_code == 0)
		ok = error_errno(error, errno, "rename '%s' to '%s'", partial, file);
	unlink(partial);
	return ok;
}

/* A named pipe in which another user waits for whoever takes it for his file. */
static bool is_planted(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISFIFO(st->st_mode) && st->st_uid != geteuid() && st->st_uid != 0 &&
	       (fstatfs(fd, &fs) < 0 || fs.f_type != PIPEFS_MAGIC);
}

/* A pipe or a device is written as it is: the one that was looked at, whatever has its name now. */
static bool write_to_other(SaveWriter writer, const void *data, const char *file, int found,
			   int *ret_exit_code, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", found);
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? error_errno(error, errno, "open '%s'", file)
		      : writer(data, fd, ret_exit_code, error);
}

bool save_write(SaveWriter writer, const void *data, const char *file, int *ret_exit_code,
		GError **error)
{
	struct stat st;

	if (file && strcmp(file, "-") != 0) {
		auto_fd found = open(file, O_PATH | O_CLOEXEC);

		if (found < 0 || fstat(found, &st) < 0 || S_ISREG(st.st_mode))
			return write_to_file(writer, data, file, ret_exit_code, error);
		if (is_planted(found, &st))
			return error_set(error, RLC_ERROR_FAILED,
					 "write to '%s': it is a pipe of uid %u", file, st.st_uid);
		return write_to_other(writer, data, file, found, ret_exit_code, error);
	}
	if (isatty(STDOUT_FILENO))
		return error_set(error, RLC_ERROR_USAGE,
				 "write an archive to the terminal: name a file with --output, or "
				 "redirect standard output");
	return writer(data, STDOUT_FILENO, ret_exit_code, error);
}

static bool write_images(const void *data, int output, int *ret_exit_code, GError **error)
{
	return image_program_write(data, output, ret_exit_code, error);
}

bool save_run(const char *const *args, const char *file, int *ret_exit_code, GError **error)
{
	return save_write(write_images, args, file, ret_exit_code, error);
}

int cmd_save(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "save",
		.arguments = "IMAGE...",
		.summary = "Write images to an archive that docker, podman and skopeo read.",
		.min = 1,
		.max = -1,
	};
	char *output = NULL, *format = NULL;
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "instead of standard output",
		 "FILE"},
		{"format", 0, 0, G_OPTION_ARG_STRING, &format,
		 "docker-archive (default) or oci-archive", "FORMAT"},
		{0},
	};
	g_autoptr(GPtrArray) args = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	int code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	g_ptr_array_add(args, (char *)"save");
	if (format) {
		g_ptr_array_add(args, (char *)"--format");
		g_ptr_array_add(args, format);
	}
	g_ptr_array_add(args, (char *)"-");
	for (char **name = argv + 1; *name; name++)
		g_ptr_array_add(args, *name);
	g_ptr_array_add(args, NULL);
	if (!save_run((const char *const *)args->pdata, output, &code, &error))
		code = command_fail(error);
	g_free(output);
	g_free(format);
	return code;
}

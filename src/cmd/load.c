/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/image_program.h"
#include "cmd/options.h"

bool load_open_input(const char *file, GError **error)
{
	auto_fd fd = -1;
	struct stat st;

	if (!file || strcmp(file, "-") == 0) {
		if (isatty(STDIN_FILENO))
			return error_set(error, RLC_ERROR_USAGE,
					 "read an archive from the terminal: name a file, or "
					 "redirect standard input");
		return true;
	}
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return error_errno(error, EISDIR, "open '%s'", file);
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return error_errno(error, errno, "open '%s'", file);
	return true;
}

int cmd_load(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "load",
		.arguments = "",
		.summary = "Read images from an archive of 'docker save', 'rlc save' or 'skopeo "
			   "copy', "
			   "and print\ntheir names.",
	};
	gboolean quiet = FALSE;
	char *input = NULL;
	const GOptionEntry entries[] = {
		{"input", 'i', 0, G_OPTION_ARG_FILENAME, &input, "instead of standard input",
		 "FILE"},
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "show no progress", NULL},
		{0},
	};
	const char *args[4] = {"load"};
	g_autoptr(GError) error = NULL;
	int n = 1, code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (quiet)
		args[n++] = "--quiet";
	args[n] = "-";
	if (!load_open_input(input, &error) || !image_program_run(args, &code, &error))
		code = command_fail(error);
	g_free(input);
	return code;
}

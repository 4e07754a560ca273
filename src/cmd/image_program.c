/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/image_program.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/program.h"
#include "container/unshare.h"
#include "image/store.h"

#define PROGRAM	   "rlc-image"
#define OUTPUT_MAX (1 << 20)

static bool run(const char *const *args, int output, int *ret_exit_code, GError **error)
{
	g_autofree char *program = program_need_helper(PROGRAM, HINT_IMAGE_PROGRAM, error);
	g_autofree char *store = store_default_path();
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	if (!program)
		return false;
	/* It is root of the caller's id map, and would take root's store for the caller's. */
	g_setenv("RLC_STORE", store, TRUE);
	g_ptr_array_add(argv, program);
	for (; *args; args++)
		g_ptr_array_add(argv, (char *)*args);
	g_ptr_array_add(argv, NULL);
	return unshare_run((char *const *)argv->pdata, output, ret_exit_code, error);
}

bool image_program_run(const char *const *args, int *ret_exit_code, GError **error)
{
	return run(args, -1, ret_exit_code, error);
}

bool image_program_write(const char *const *args, int output, int *ret_exit_code, GError **error)
{
	return run(args, output, ret_exit_code, error);
}

bool image_program_read(const char *const *args, char **ret_output, int *ret_exit_code,
			GError **error)
{
	auto_fd output = memfd_create("output", MFD_CLOEXEC);
	char *text;

	if (output < 0)
		return error_errno(error, errno, "make a file for the output of " PROGRAM);
	if (!run(args, output, ret_exit_code, error))
		return false;
	if (lseek(output, 0, SEEK_SET) < 0)
		return error_errno(error, errno, "read the output of " PROGRAM);
	text = fd_read_all(output, "the output of " PROGRAM, OUTPUT_MAX, error);
	if (!text)
		return false;
	*ret_output = text;
	return true;
}

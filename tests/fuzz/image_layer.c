/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The archive of a layer, of any kind and compression, unpacked into a directory. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "fuzz.h"
#include "kernel/tree.h"
#include "rlc-image/unpack.h"

#define SIZE_MAX_LAYER (1 << 20)

static char *place;

static void remove_place(void)
{
	rmdir(place);
}

/* One file may not fill the disk: it is not the machine that is to be tried. */
static void start(void)
{
	struct rlimit limit = {SIZE_MAX_LAYER, SIZE_MAX_LAYER};

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	place = g_dir_make_tmp("rlc-fuzz-XXXXXX", NULL);
	g_assert_nonnull(place);
	atexit(remove_place);
}

/* Nothing but the layer lies beside it, and its parent is as it was. */
static void check_outside(int parent, const struct stat *before)
{
	struct stat after;

	g_assert_cmpint(fstat(parent, &after), ==, 0);
	g_assert_cmpuint(after.st_mode, ==, before->st_mode);
	g_assert_cmpuint(after.st_uid, ==, before->st_uid);
	g_assert_cmpuint(after.st_nlink, ==, before->st_nlink);
	g_assert_true(after.st_mtim.tv_sec == before->st_mtim.tv_sec &&
		      after.st_mtim.tv_nsec == before->st_mtim.tv_nsec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *digest = NULL;
	g_autoptr(GError) error = NULL;
	auto_fd parent = -1, layer = -1, input = fuzz_file(data, size);
	struct stat before;
	bool ok;

	if (!place)
		start();
	parent = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(mkdirat(parent, "layer", 0755), ==, 0);
	layer = openat(parent, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(fstat(parent, &before), ==, 0);
	ok = unpack_layer(input, layer, &digest, &error);
	fuzz_told(ok, error);
	check_outside(parent, &before);
	g_assert_true(tree_remove(parent, "layer", NULL));
	return 0;
}

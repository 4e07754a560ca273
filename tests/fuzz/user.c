/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --user, and /etc/passwd and /etc/group of the image: a line, then what %% parts. */
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "feature/user.h"
#include "fuzz.h"

static char *place;

static void remove_place(void)
{
	g_autofree char *passwd = g_build_filename(place, "passwd", NULL);
	g_autofree char *group = g_build_filename(place, "group", NULL);

	unlink(passwd);
	unlink(group);
	rmdir(place);
}

static int make_etc(const char *files)
{
	g_auto(GStrv) parts = g_strsplit(files, "%%\n", 2);
	int etc;

	if (!place) {
		place = g_dir_make_tmp("rlc-fuzz-XXXXXX", NULL);
		atexit(remove_place);
	}
	etc = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fuzz_put(etc, "passwd", parts[0] ? parts[0] : "");
	fuzz_put(etc, "group", parts[0] && parts[1] ? parts[1] : "");
	return etc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size);
	char *files = strchr(text, '\n');
	g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	SpecUser wanted = {.name = text, .groups = groups, .group_names = names};
	g_autoptr(GError) error = NULL;
	g_auto(User) user = {0};
	auto_fd etc = -1;

	if (files)
		*files++ = '\0';
	if (!user_check(text, NULL))
		return 0;
	etc = make_etc(files ? files : "");
	fuzz_told(user_lookup(&wanted, etc, &user, &error), error);
	if (error)
		return 0;
	g_assert_cmpuint(user.uid, <, UINT32_MAX);
	g_assert_cmpuint(user.gid, <, UINT32_MAX);
	g_assert_cmpint(*user.home, ==, '/');
	if (g_ascii_isdigit(*text)) /* a number is an id, whatever the files say */
		g_assert_cmpuint(user.uid, ==, g_ascii_strtoull(text, NULL, 10));
	return 0;
}

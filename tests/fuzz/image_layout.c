/* SPDX-License-Identifier: GPL-2.0-or-later */
/* index.json and manifest.json of directories and archives that are images. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "fuzz.h"
#include "rlc-image/layout.h"

static char *place;

static void remove_place(void)
{
	static const char *const names[] = {"oci-layout", "index.json", "manifest.json"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(place, names[i], NULL);

		unlink(path);
	}
	rmdir(place);
}

static int open_place(void)
{
	if (!place) {
		place = g_dir_make_tmp("rlc-fuzz-XXXXXX", NULL);
		atexit(remove_place);
	}
	return open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void read_source(Source *source, const GError *error)
{
	g_autofree char *text = NULL, *type = NULL;
	g_autoptr(GError) wrong = NULL;
	size_t length;

	fuzz_told(source, error);
	if (source)
		fuzz_told(source->read_manifest(source, NULL, &text, &length, &type, &wrong),
			  wrong);
	source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Source *(*const open_one[])(int, const char *, const char *,
					   GError **) = {layout_open_oci, layout_open_docker};
	g_autofree char *text = fuzz_text(data, size);
	auto_fd dir = open_place();

	fuzz_put(dir, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	fuzz_put(dir, "index.json", text);
	fuzz_put(dir, "manifest.json", text);
	for (size_t docker = 0; docker < 2; docker++) {
		g_autoptr(GError) error = NULL, wrong = NULL, none = NULL;
		g_autoptr(GPtrArray) names = layout_names(dir, "fuzz", docker, &error);

		fuzz_told(names, error);
		read_source(open_one[docker](open_place(), "fuzz", NULL, &wrong), wrong);
		read_source(open_one[docker](open_place(), "fuzz", "a:1", &none), none);
	}
	return 0;
}

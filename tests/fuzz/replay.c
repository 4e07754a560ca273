/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replay: TARGET FILE|DIRECTORY…, a driver for where there is no libFuzzer.  Runs the target on
 * each file, also on each of its beginnings: what ends early is what parsers are most often wrong
 * about.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define FILE_MAX   (64 << 10)
#define BEGINNINGS 64

static unsigned count;

static void run_bytes(const char *bytes, size_t length)
{
	/* a copy of that length, so that what is read beyond it is noticed */
	g_autofree uint8_t *copy = g_malloc(length + !length);

	memcpy(copy, bytes, length);
	LLVMFuzzerTestOneInput(copy, length);
	count++;
}

static void run_file(const char *path)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	gsize length, step;

	if (!g_file_get_contents(path, &text, &length, &error))
		g_error("%s", error->message);
	length = MIN(length, FILE_MAX);
	step = length / BEGINNINGS + 1;
	for (gsize end = 0; end < length; end += step)
		run_bytes(text, end);
	run_bytes(text, length);
}

static void run_path(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	if (!dir) {
		run_file(path);
		return;
	}
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *inner = g_build_filename(path, name, NULL);

		run_path(inner);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("%u inputs\n", count);
	return count == 0;
}

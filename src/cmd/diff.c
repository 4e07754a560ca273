/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/printable.h"
#include "cmd/containers.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "container/written.h"

/* docker diff's lines have no heading. */
#define LINES "{{.Kind}} {{.Path}}"

static const ListingColumn columns[] = {{"Kind", "KIND"}, {"Path", "PATH"}, {NULL, NULL}};

typedef struct {
	Listing *listing;
	bool lines; /* for people: names are the container's choice */
} Output;

/* Records of KIND, path and NUL. */
static bool print(const Output *output, const char *text, size_t length, GError **error)
{
	Listing *listing = output->listing;

	for (const char *at = text; at < text + length; at += strlen(at) + 1) {
		g_autofree char *shown = output->lines ? printable_copy(at + 1, "") : NULL;
		char kind[] = {*at, '\0'};
		Json *row = listing_begin(listing);

		json_string(row, "Kind", kind);
		json_string(row, "Path", shown ? shown : at + 1);
		listing_end(listing);
	}
	return listing_print(listing, error);
}

static bool print_changes(const Output *output, int changes, GError **error)
{
	struct stat st;
	char *text;
	bool ok;

	if (fstat(changes, &st) < 0)
		return error_errno(error, errno, "read what changed");
	if (st.st_size == 0)
		return listing_print(output->listing, error);
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, changes, 0);
	if (text == MAP_FAILED)
		return error_errno(error, errno, "read what changed");
	ok = print(output, text, (size_t)st.st_size, error);
	munmap(text, (size_t)st.st_size);
	return ok;
}

static bool diff(const char *name, const Output *output, int *ret_exit_code, GError **error)
{
	auto_fd changes = memfd_create("changes", MFD_CLOEXEC);
	g_autofree char *root = NULL;
	g_autoptr(StateEntry) entry = containers_get(name, &root, error);
	g_autoptr(Spec) spec = entry ? state_load_spec(root, entry->id, error) : NULL;
	g_auto(Written) written = {.fd = -1};

	if (!spec)
		return false;
	if (changes < 0)
		return error_errno(error, errno, "make a file for what changed");
	if (!written_find(root, entry, spec, &written, error) ||
	    !written_changes(&written, changes, ret_exit_code, error))
		return false;
	return *ret_exit_code != 0 || print_changes(output, changes, error);
}

int cmd_diff(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "diff",
		.arguments = "CONTAINER",
		.summary = "List the files that a container added (A), changed (C) and deleted "
			   "(D).",
		.text = "Of a container that is not kept while it runs.\n",
		.min = 1,
		.max = 1,
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION(format), {NULL}};
	g_autoptr(Listing) listing = NULL;
	g_autoptr(GError) error = NULL;
	int code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	listing = listing_new(columns, format ? format : LINES, &error);
	return listing && diff(argv[1], &(Output){listing, !format}, &code, &error)
		       ? code
		       : command_fail(error);
}

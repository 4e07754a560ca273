/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "cmd/options.h"
#include "container/state.h"
#include "container/transfer.h"

static const OptionsUsage usage = {
	.command = "cp",
	.arguments = "CONTAINER:PATH HOSTPATH | HOSTPATH CONTAINER:PATH",
	.summary = "Copy files between the host and a container that runs.",
	.text = "A directory that exists takes the source into itself, or with SOURCE/. what is "
		"in the\nsource. Links are copied as links; set-id bits are not copied. A path of "
		"the host with a\ncolon is written ./PATH.",
	.min = 2,
	.max = 2,
};

/* What stands before the colon of CONTAINER:PATH; NULL: a path of the host. */
static char *container_of(const char *word)
{
	const char *colon = strchr(word, ':');

	if (!colon || *word == '.' || *word == '/' || memchr(word, '/', (size_t)(colon - word)))
		return NULL;
	return g_strndup(word, (gsize)(colon - word));
}

static bool copy(const char *source, const char *target, GError **error)
{
	g_autofree char *from = container_of(source), *to = container_of(target);
	g_autofree char *root = NULL, *id = NULL;
	const char *inside = from ? source : target;
	Transfer what = {.host = from ? target : source, .to_container = !from};

	if (!from == !to)
		return error_set(error, RLC_ERROR_USAGE,
				 "copy '%s' to '%s': just one of them has to be CONTAINER:PATH",
				 source, target);
	if (strcmp(what.host, "-") == 0)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "copy '%s' to '%s': streams are not supported; a file of this "
				 "name is ./-",
				 source, target);
	what.inside = strchr(inside, ':') + 1;
	if (!*what.inside || !*what.host)
		return error_set(error, RLC_ERROR_USAGE, "copy '%s' to '%s': a path is empty",
				 source, target);
	root = state_root_choose(NULL, error);
	id = root ? state_find(root, from ? from : to, error) : NULL;
	return id && transfer(root, id, &what, error);
}

int cmd_cp(int argc, char **argv)
{
	static const GOptionEntry entries[] = {{0}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !copy(argv[1], argv[2], &error))
		return command_fail(error);
	return 0;
}

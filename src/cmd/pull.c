/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include "cmd/image_program.h"
#include "cmd/options.h"

int cmd_pull(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "pull",
		.arguments = "IMAGE",
		.summary = "Fetch an image into the store, and print its id.",
		.text = "IMAGE is NAME[:TAG][@DIGEST] at a registry, oci:DIR[:NAME],\n"
			"oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] or dir:DIR.\n"
			"What is in the store already is not fetched again.",
		.min = 1,
		.max = 1,
	};
	gboolean quiet = FALSE;
	char *values[4] = {0};
	const GOptionEntry entries[] = {
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "show no progress", NULL},
		{"platform", 0, 0, G_OPTION_ARG_STRING, &values[0],
		 "of an image for several platforms, take this one", "OS/ARCH[/VARIANT]"},
		{"creds", 0, 0, G_OPTION_ARG_STRING, &values[1],
		 "log in to the registry as this user", "USER:PASSWORD"},
		{"authfile", 0, 0, G_OPTION_ARG_FILENAME, &values[2],
		 "where passwords are kept, instead of ~/.docker/config.json", "FILE"},
		{"tls-verify", 0, 0, G_OPTION_ARG_STRING, &values[3],
		 "false: any certificate will do, and so will HTTP", "BOOL"},
		{0},
	};
	static const char *const flags[] = {"--platform", "--creds", "--authfile", "--tls-verify"};
	const char *args[12] = {"pull"};
	g_autoptr(GError) error = NULL;
	int n = 1, code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (quiet)
		args[n++] = "--quiet";
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		if (!values[i])
			continue;
		args[n++] = flags[i];
		args[n++] = values[i];
	}
	args[n] = argv[1];
	if (!image_program_run(args, &code, &error))
		code = command_fail(error);
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
		g_free(values[i]);
	return code;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

int cmd_unshare(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return EXIT_RLC_FAILED;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that attach have in common. */
#pragma once

#include "container/attach.h"

/* Rows of their options; the variable takes a string that the caller frees. */
#define ATTACH_KEYS(text)                                                                          \
	{                                                                                          \
		"detach-keys", 0, 0, G_OPTION_ARG_STRING, &(text), ATTACH_KEYS_HELP, "KEYS"        \
	}
#define ATTACH_PROXY(text)                                                                         \
	{                                                                                          \
		"sig-proxy", 0, 0, G_OPTION_ARG_STRING, &(text), ATTACH_PROXY_HELP, "true|false"   \
	}
#define ATTACH_KEYS_HELP  "instead of ctrl-p,ctrl-q; an empty word: none"
#define ATTACH_PROXY_HELP "without a terminal, pass on Ctrl-C; false: detach"

/* Read what was given, NULL for what was not; input is left to the caller. */
bool attach_options(const char *detach_keys, const char *sig_proxy, AttachOptions *options,
		    GError **error);

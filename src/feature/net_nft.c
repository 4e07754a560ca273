/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_nft.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/hint.h"
#include "base/library.h"
#include "base/log.h"

#define LIBRARY "libnftables.so.1"

/* libnftables(3): flags of nft_ctx_new() and nft_ctx_output_set_flags() */
#define CONTEXT_DEFAULT 0
#define OUTPUT_HANDLE	(1U << 3)

struct nft_ctx;

static struct {
	struct nft_ctx *(*context_new)(uint32_t flags);
	void (*context_free)(struct nft_ctx *context);
	int (*buffer_output)(struct nft_ctx *context);
	int (*buffer_error)(struct nft_ctx *context);
	const char *(*get_output)(struct nft_ctx *context);
	const char *(*get_error)(struct nft_ctx *context);
	void (*set_flags)(struct nft_ctx *context, unsigned flags);
	int (*run)(struct nft_ctx *context, const char *commands);
} nft;

static const LibraryFunction functions[] = {
	{"nft_ctx_new", &nft.context_new},
	{"nft_ctx_free", &nft.context_free},
	{"nft_ctx_buffer_output", &nft.buffer_output},
	{"nft_ctx_buffer_error", &nft.buffer_error},
	{"nft_ctx_get_output_buffer", &nft.get_output},
	{"nft_ctx_get_error_buffer", &nft.get_error},
	{"nft_ctx_output_set_flags", &nft.set_flags},
	{"nft_run_cmd_from_buffer", &nft.run},
};

static bool load(GError **error)
{
	return nft.run || library_load(LIBRARY, functions, G_N_ELEMENTS(functions), error) ||
	       hint_add(error, HINT_NFT_MISSING, NULL);
}

static struct nft_ctx *open_context(GError **error)
{
	struct nft_ctx *context;

	if (!load(error))
		return NULL;
	context = nft.context_new(CONTEXT_DEFAULT);
	if (context && nft.buffer_output(context) == 0 && nft.buffer_error(context) == 0) {
		nft.set_flags(context, OUTPUT_HANDLE);
		return context;
	}
	if (context)
		nft.context_free(context);
	error_set(error, RLC_ERROR_FAILED, "open nftables: out of memory");
	return NULL;
}

/* The first line says what is wrong; the others point at it with carets. */
static bool report(struct nft_ctx *context, const char *commands, GError **error)
{
	const char *text = nft.get_error(context);
	const char *cause = strstr(text, "Error: ");

	cause = cause ? cause + strlen("Error: ") : text;
	return error_set(error, RLC_ERROR_FAILED, "run nft '%.*s': %.*s",
			 (int)strcspn(commands, "\n"), commands, (int)strcspn(cause, "\n"), cause);
}

bool net_nft_run(const char *script, GError **error)
{
	struct nft_ctx *context = open_context(error);
	bool ok;

	if (!context)
		return false;
	ok = nft.run(context, script) == 0 || report(context, script, error);
	nft.context_free(context);
	return ok;
}

char *net_nft_list(const char *command, GError **error)
{
	struct nft_ctx *context = open_context(error);
	char *text = NULL;

	if (!context)
		return NULL;
	if (nft.run(context, command) == 0)
		text = g_strdup(nft.get_output(context));
	else
		report(context, command, error);
	nft.context_free(context);
	return text;
}

void net_nft_delete_rules(const char *chain, const char *text)
{
	g_autofree char *command = g_strdup_printf("list chain %s", chain);
	g_autofree char *listing = net_nft_list(command, NULL); /* NULL: the chain is gone */
	g_auto(GStrv) lines = g_strsplit(listing ? listing : "", "\n", -1);
	g_autoptr(GString) script = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	for (char **line = lines; *line; line++) {
		const char *handle = strstr(*line, "# handle ");

		if (handle && strstr(*line, text))
			g_string_append_printf(script, "delete rule %s handle %s\n", chain,
					       handle + strlen("# handle "));
	}
	if (script->len > 0 && !net_nft_run(script->str, &error))
		log_warn("network: %s", error->message);
}

bool net_nft_delete_table(const char *family, const char *table, GError **error)
{
	g_autofree char *script =
		g_strdup_printf("table %s %s\ndelete table %s %s\n", family, table, family, table);

	return net_nft_run(script, error);
}

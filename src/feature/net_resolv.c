/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_resolv.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_address(const char *word)
{
	g_auto(GStrv) parts = g_strsplit(word, "%", 2);
	struct in6_addr address;

	if (inet_pton(AF_INET, word, &address) == 1)
		return true;
	return parts[0] && inet_pton(AF_INET6, parts[0], &address) == 1 && (!parts[1] || *parts[1]);
}

static void add_words(GPtrArray *list, char **words)
{
	for (char **word = words; *word; word++)
		if (**word)
			g_ptr_array_add(list, g_strdup(*word));
}

/* words[0] is the keyword */
static void parse_line(NetResolv *resolv, char **words)
{
	if (!words[0] || !words[1])
		return;
	if (strcmp(words[0], "nameserver") == 0) {
		if (is_address(words[1]) && resolv->nameservers->len < NET_RESOLV_SERVERS_MAX)
			g_ptr_array_add(resolv->nameservers, g_strdup(words[1]));
	} else if (strcmp(words[0], "search") == 0 || strcmp(words[0], "domain") == 0) {
		g_ptr_array_set_size(resolv->search, 0);
		add_words(resolv->search, words + 1);
	} else if (strcmp(words[0], "options") == 0) {
		add_words(resolv->options, words + 1);
	}
}

/* Blanks separate words, any number of them; '#' and ';' begin comments in the first column only.
 */
static char **split_words(const char *line)
{
	g_auto(GStrv) raw = g_strsplit_set(line, " \t\r", -1);
	GPtrArray *words = g_ptr_array_new();

	for (char **word = raw; *word; word++)
		if (**word)
			g_ptr_array_add(words, g_strdup(*word));
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

NetResolv *net_resolv_parse(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	NetResolv *resolv = g_new0(NetResolv, 1);

	resolv->nameservers = g_ptr_array_new_with_free_func(g_free);
	resolv->search = g_ptr_array_new_with_free_func(g_free);
	resolv->options = g_ptr_array_new_with_free_func(g_free);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = split_words(*line);

		if (**line != '#' && **line != ';')
			parse_line(resolv, words);
	}
	return resolv;
}

void net_resolv_free(NetResolv *resolv)
{
	if (!resolv)
		return;
	g_ptr_array_unref(resolv->nameservers);
	g_ptr_array_unref(resolv->search);
	g_ptr_array_unref(resolv->options);
	g_free(resolv);
}

static void append_list(GString *text, const char *keyword, const GPtrArray *words)
{
	if (words->len == 0)
		return;
	g_string_append(text, keyword);
	for (guint i = 0; i < words->len; i++)
		g_string_append_printf(text, " %s", (const char *)words->pdata[i]);
	g_string_append_c(text, '\n');
}

static void append_servers(GString *text, const GPtrArray *servers)
{
	for (guint i = 0; i < servers->len; i++)
		g_string_append_printf(text, "nameserver %s\n", (const char *)servers->pdata[i]);
}

static bool has_words(const GPtrArray *list)
{
	return list && list->len > 0;
}

char *net_resolv_text(const NetResolv *host, const SpecNetwork *spec, const char *nameserver)
{
	GString *text = g_string_new(NULL);
	const GPtrArray *search = has_words(spec->dns_search) ? spec->dns_search : host->search;
	const GPtrArray *options = has_words(spec->dns_options) ? spec->dns_options : host->options;

	/* `--dns-search .` is docker's and podman's way to ask for none */
	if (search->len != 1 || strcmp(search->pdata[0], ".") != 0)
		append_list(text, "search", search);
	if (has_words(spec->dns))
		append_servers(text, spec->dns);
	else if (nameserver)
		g_string_append_printf(text, "nameserver %s\n", nameserver);
	else
		append_servers(text, host->nameservers);
	append_list(text, "options", options);
	return g_string_free(text, FALSE);
}

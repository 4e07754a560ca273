/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/registries.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"

#define FILE_MAX (1 << 20)

static void mirror_free(gpointer data)
{
	RegistryMirror *mirror = data;

	g_free(mirror->location);
	g_free(mirror->only);
	g_free(mirror);
}

static void entry_free(gpointer data)
{
	RegistryEntry *entry = data;

	g_free(entry->prefix);
	g_free(entry->location);
	g_ptr_array_unref(entry->mirrors);
	g_free(entry);
}

static void endpoint_free(gpointer data)
{
	Endpoint *endpoint = data;

	g_free(endpoint->host);
	g_free(endpoint->repository);
	g_free(endpoint);
}

GPtrArray *registries_new(void)
{
	return g_ptr_array_new_with_free_func(entry_free);
}

/* -------------------------------------------------------------------------------------- parsing */

typedef struct {
	GPtrArray *entries;
	RegistryEntry *entry;	/* the [[registry]] we are in, or NULL */
	RegistryMirror *mirror; /* the [[registry.mirror]] */
	bool in_list;		/* a list goes on on the next line */
} Parser;

/* A line without its comment: '#' within quotes is none. */
static char *strip_comment(const char *line)
{
	char quote = '\0';
	const char *at;

	for (at = line; *at && (quote || *at != '#'); at++) {
		if (quote ? *at == quote : (*at == '"' || *at == '\''))
			quote = quote ? '\0' : *at;
	}
	return g_strstrip(g_strndup(line, (gsize)(at - line)));
}

static bool parse_string(const char *value, char **ret)
{
	size_t length = strlen(value);

	if (length < 2 || (*value != '"' && *value != '\'') || value[length - 1] != *value)
		return false;
	g_free(*ret);
	*ret = g_strndup(value + 1, length - 2);
	return true;
}

static bool parse_bool(const char *value, bool *ret)
{
	*ret = strcmp(value, "true") == 0;
	return *ret || strcmp(value, "false") == 0;
}

static bool parse_pair(Parser *parser, const char *key, const char *value)
{
	if (parser->mirror) {
		if (strcmp(key, "location") == 0)
			return parse_string(value, &parser->mirror->location);
		if (strcmp(key, "insecure") == 0)
			return parse_bool(value, &parser->mirror->insecure);
		if (strcmp(key, "pull-from-mirror") == 0)
			return parse_string(value, &parser->mirror->only);
	} else if (parser->entry) {
		if (strcmp(key, "prefix") == 0)
			return parse_string(value, &parser->entry->prefix);
		if (strcmp(key, "location") == 0)
			return parse_string(value, &parser->entry->location);
		if (strcmp(key, "insecure") == 0)
			return parse_bool(value, &parser->entry->insecure);
		if (strcmp(key, "blocked") == 0)
			return parse_bool(value, &parser->entry->blocked);
		if (strcmp(key, "mirror-by-digest-only") == 0)
			return parse_bool(value, &parser->entry->by_digest);
	}
	return true;
}

static bool parse_table(Parser *parser, const char *line)
{
	parser->mirror = NULL;
	if (strcmp(line, "[[registry]]") == 0) {
		parser->entry = g_new0(RegistryEntry, 1);
		parser->entry->mirrors = g_ptr_array_new_with_free_func(mirror_free);
		g_ptr_array_add(parser->entries, parser->entry);
	} else if (strcmp(line, "[[registry.mirror]]") == 0) {
		if (!parser->entry)
			return false;
		parser->mirror = g_new0(RegistryMirror, 1);
		g_ptr_array_add(parser->entry->mirrors, parser->mirror);
	} else {
		parser->entry = NULL;
	}
	return line[strlen(line) - 1] == ']';
}

static bool parse_line(Parser *parser, const char *line)
{
	g_autofree char *key = NULL, *value = NULL;
	const char *equals = strchr(line, '=');

	if (parser->in_list || !*line) {
		parser->in_list = parser->in_list && !strchr(line, ']');
		return true;
	}
	if (*line == '[')
		return parse_table(parser, line);
	if (!equals)
		return false;
	key = g_strstrip(g_strndup(line, (gsize)(equals - line)));
	value = g_strstrip(g_strdup(equals + 1));
	parser->in_list = *value == '[' && !strchr(value, ']');
	return parse_pair(parser, key, value);
}

bool registries_parse(const char *text, const char *what, GPtrArray *entries, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	Parser parser = {.entries = entries};

	for (guint i = 0; lines[i]; i++) {
		g_autofree char *line = strip_comment(lines[i]);

		if (!parse_line(&parser, line))
			return error_set(error, RLC_ERROR_USAGE, "read '%s': line %u: '%s'", what,
					 i + 1, line);
	}
	return true;
}

/* ------------------------------------------------------------------------------------- choosing */

/* Does prefix ("host[:port][/path]", "*.domain") match host/repository? Its length if so, else 0.
 */
static size_t match_length(const char *prefix, const char *name, const char *host)
{
	size_t length = strlen(prefix);

	if (g_str_has_prefix(prefix, "*."))
		return g_str_has_suffix(host, prefix + 1) ? 1 : 0;
	if (strncmp(prefix, name, length) != 0 || (name[length] && name[length] != '/'))
		return 0;
	return length;
}

static const char *entry_prefix(const RegistryEntry *entry)
{
	return entry->prefix && *entry->prefix ? entry->prefix : entry->location;
}

static const RegistryEntry *best_entry(const GPtrArray *entries, const char *name, const char *host,
				       size_t *ret_length)
{
	const RegistryEntry *best = NULL;

	*ret_length = 0;
	for (guint i = 0; i < entries->len; i++) {
		const RegistryEntry *entry = g_ptr_array_index(entries, i);
		const char *prefix = entry_prefix(entry);
		size_t length = prefix ? match_length(prefix, name, host) : 0;

		/* of two for the same the later one, of a drop-in file, is meant */
		if (length > 0 && length >= *ret_length) {
			best = entry;
			*ret_length = length;
		}
	}
	if (best && g_str_has_prefix(entry_prefix(best), "*."))
		*ret_length = strlen(host);
	return best;
}

/* location takes the place of the prefix in name. */
static void add_endpoint(GPtrArray *endpoints, const char *location, const char *rest,
			 bool insecure)
{
	g_autofree char *whole = g_strconcat(location, rest, NULL);
	char *slash = strchr(whole, '/');
	Endpoint *endpoint;

	if (!slash)
		return;
	endpoint = g_new0(Endpoint, 1);
	endpoint->host = g_strndup(whole, (gsize)(slash - whole));
	endpoint->repository = g_strdup(slash + 1);
	endpoint->insecure = insecure;
	g_ptr_array_add(endpoints, endpoint);
}

/* A mirror may be for images by digest, or by tag, alone. */
static bool is_asked(const RegistryEntry *entry, const RegistryMirror *mirror,
		     const Reference *reference)
{
	const char *other = reference->digest ? "tag-only" : "digest-only";

	return mirror->location && g_strcmp0(mirror->only, other) != 0 &&
	       (reference->digest || !entry->by_digest);
}

GPtrArray *registries_endpoints(const GPtrArray *entries, const Reference *reference,
				GError **error)
{
	g_autoptr(GPtrArray) endpoints = g_ptr_array_new_with_free_func(endpoint_free);
	g_autofree char *name = g_strconcat(reference->host, "/", reference->repository, NULL);
	size_t length;
	const RegistryEntry *entry = best_entry(entries, name, reference->host, &length);

	if (!entry) {
		add_endpoint(endpoints, reference->host, name + strlen(reference->host), false);
		return g_steal_pointer(&endpoints);
	}
	if (entry->blocked) {
		error_set(error, RLC_ERROR_UNSUPPORTED, "pull from '%s': registries.conf blocks it",
			  entry_prefix(entry));
		return NULL;
	}
	for (guint i = 0; i < entry->mirrors->len; i++) {
		const RegistryMirror *mirror = g_ptr_array_index(entry->mirrors, i);

		if (is_asked(entry, mirror, reference))
			add_endpoint(endpoints, mirror->location, name + length, mirror->insecure);
	}
	if (entry->location && *entry->location)
		add_endpoint(endpoints, entry->location, name + length, entry->insecure);
	else
		add_endpoint(endpoints, reference->host, name + strlen(reference->host),
			     entry->insecure);
	return g_steal_pointer(&endpoints);
}

/* ---------------------------------------------------------------------------------------- files */

/* A file that does not exist has nothing to say. */
static bool read_file(const char *path, GPtrArray *entries, bool *ret_found, GError **error)
{
	g_autoptr(GError) failed = NULL;
	g_autofree char *text = fd_read_file(AT_FDCWD, path, FILE_MAX, &failed);

	*ret_found = text != NULL;
	if (text)
		return registries_parse(text, path, entries, error);
	if (error_is_errno(failed, ENOENT))
		return true;
	g_propagate_error(error, g_steal_pointer(&failed));
	return false;
}

static int compare_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool read_directory(const char *dir, GPtrArray *entries, GError **error)
{
	g_autoptr(GDir) listing = g_dir_open(dir, 0, NULL);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	const char *name;
	bool found;

	while (listing && (name = g_dir_read_name(listing))) {
		if (g_str_has_suffix(name, ".conf"))
			g_ptr_array_add(paths, g_build_filename(dir, name, NULL));
	}
	g_ptr_array_sort(paths, compare_text);
	for (guint i = 0; i < paths->len; i++) {
		if (!read_file(g_ptr_array_index(paths, i), entries, &found, error))
			return false;
	}
	return true;
}

GPtrArray *registries_find(const Reference *reference, GError **error)
{
	g_autoptr(GPtrArray) entries = registries_new();
	const char *variable = g_getenv("CONTAINERS_REGISTRIES_CONF");
	g_autofree char *own = variable ? g_strdup(variable)
					: g_build_filename(g_get_user_config_dir(), "containers",
							   "registries.conf", NULL);
	g_autofree char *own_dir = g_strconcat(own, ".d", NULL);
	bool found;

	if (!read_file(own, entries, &found, error))
		return NULL;
	if (!found && !variable &&
	    (!read_file("/etc/containers/registries.conf", entries, &found, error) ||
	     !read_directory("/etc/containers/registries.conf.d", entries, error)))
		return NULL;
	if (!read_directory(own_dir, entries, error))
		return NULL;
	return registries_endpoints(entries, reference, error);
}

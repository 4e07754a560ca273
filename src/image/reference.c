/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/reference.h"

#include <string.h>

#include "base/error.h"
#include "image/digest.h"

#define NAME_MAX_LENGTH 255
#define TAG_MAX_LENGTH	128
#define DEFAULT_HOST	"docker.io"
#define DOCKER_PREFIX	"docker://"
#define OFFICIAL	"library/"

static const struct {
	const char *prefix;
	Transport transport;
} transports[] = {
	{DOCKER_PREFIX, TRANSPORT_DOCKER},
	{"oci-archive:", TRANSPORT_OCI_ARCHIVE},
	{"docker-archive:", TRANSPORT_DOCKER_ARCHIVE},
	{"oci:", TRANSPORT_OCI},
	{"dir:", TRANSPORT_DIR},
	{"builtin:", TRANSPORT_BUILTIN},
};

void reference_free(Reference *reference)
{
	if (!reference)
		return;
	g_free(reference->host);
	g_free(reference->repository);
	g_free(reference->tag);
	g_free(reference->digest);
	g_free(reference->path);
	g_free(reference->inner);
	g_free(reference);
}

static bool refuse(GError **error, const char *text, const char *why)
{
	return error_set(error, RLC_ERROR_USAGE, "read image name '%s': %s", text, why);
}

/* One '.', one or two '_', or any number of '-' at the start; 0 for anything else. */
static size_t separator_length(const char *at, const char *end)
{
	size_t length = 0;

	while (at + length < end && at[length] == *at && strchr("._-", *at))
		length++;
	return (*at == '.' && length > 1) || (*at == '_' && length > 2) ? 0 : length;
}

/* alphanumeric runs, joined by one of '.', '_', '__' or dashes; nothing else at either end */
static bool is_path_component(const char *at, size_t length)
{
	const char *end = at + length;

	while (at < end) {
		const char *run = at;

		while (at < end && (g_ascii_islower(*at) || g_ascii_isdigit(*at)))
			at++;
		if (at == run)
			return false;
		if (at == end)
			return true;
		at += separator_length(at, end);
		if (at == end)
			return false;
	}
	return false;
}

static bool is_repository(const char *text)
{
	for (;;) {
		size_t length = strcspn(text, "/");

		if (!is_path_component(text, length))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

static bool is_tag(const char *text)
{
	static const char word[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return *text && strchr(word, *text) && strlen(text) <= TAG_MAX_LENGTH &&
	       strspn(text + 1,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       strlen(text + 1);
}

static bool is_port(const char *text)
{
	return *text && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text) &&
	       g_ascii_strtoull(text, NULL, 10) - 1 < 65535;
}

static bool is_domain_name(const char *at, size_t length)
{
	char before = '.';

	for (size_t i = 0; i < length; i++) {
		if (!g_ascii_isalnum(at[i]) && at[i] != '-' && at[i] != '.')
			return false;
		if ((at[i] == '.' || at[i] == '-') && before == '.')
			return false;
		if (at[i] == '.' && before == '-')
			return false;
		before = at[i];
	}
	return length > 0 && g_ascii_isalnum(before);
}

static bool is_host(const char *text)
{
	const char *end = text;

	if (*text == '[') {
		end = text + 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (*end != ']' || end - text < 3)
			return false;
		end++;
	} else {
		end = text + strcspn(text, ":");
		if (!is_domain_name(text, (size_t)(end - text)))
			return false;
	}
	return !*end || (*end == ':' && is_port(end + 1));
}

/* What stands before the first slash is a host if it could not be a directory of docker.io's. */
static bool looks_like_host(const char *text)
{
	return strpbrk(text, ".:[") || strcmp(text, "localhost") == 0 ||
	       strpbrk(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static bool split_host(Reference *reference, const char *name, const char *text, GError **error)
{
	const char *slash = strchr(name, '/');
	g_autofree char *first = slash ? g_strndup(name, (gsize)(slash - name)) : NULL;

	if (first && looks_like_host(first)) {
		if (!is_host(first))
			return refuse(error, text,
				      "the part before the first '/' is no HOST[:PORT]");
		reference->host = g_steal_pointer(&first);
		name = slash + 1;
	} else {
		reference->host = g_strdup(DEFAULT_HOST);
	}
	if (strcmp(reference->host, "index.docker.io") == 0) {
		g_free(reference->host);
		reference->host = g_strdup(DEFAULT_HOST);
	}
	reference->repository = strcmp(reference->host, DEFAULT_HOST) == 0 && !strchr(name, '/')
					? g_strconcat(OFFICIAL, name, NULL)
					: g_strdup(name);
	if (!is_repository(reference->repository))
		return refuse(error, text,
			      "a name is made of lower-case letters, digits and single '.', '_', "
			      "'-' between them");
	return true;
}

/* NAME[:TAG][@DIGEST] */
static bool parse_name(Reference *reference, const char *text, GError **error)
{
	g_autofree char *name = g_strdup(text);
	g_autofree char *whole = NULL;
	char *at = strchr(name, '@'), *colon;

	if (at) {
		*at++ = '\0';
		if (!digest_is_valid(at))
			return refuse(error, text,
				      "after '@' comes sha256: and 64 digits of 0-9, a-f");
		reference->digest = g_strdup(at);
	}
	colon = strrchr(name, ':');
	if (colon && !strchr(colon, '/')) {
		*colon++ = '\0';
		if (!is_tag(colon))
			return refuse(error, text,
				      "a tag is 1 to 128 letters, digits, '_', '.' and '-', the "
				      "first no '.' or '-'");
		reference->tag = g_strdup(colon);
	}
	if (!*name)
		return refuse(error, text, "it is empty");
	if (!split_host(reference, name, text, error))
		return false;
	if (!reference->tag && !reference->digest)
		reference->tag = g_strdup("latest");
	whole = reference_name(reference);
	if (strlen(whole) > NAME_MAX_LENGTH)
		return refuse(error, text, "it is longer than 255 characters");
	return true;
}

/* PATH[:INNER]. What follows the first colon of an archive's path is the name inside. */
static bool parse_path(Reference *reference, const char *rest, const char *text, GError **error)
{
	const char *colon = reference->transport == TRANSPORT_DIR ? NULL : strchr(rest, ':');

	if (!*rest || colon == rest)
		return refuse(error, text, "it names no file");
	reference->path = colon ? g_strndup(rest, (gsize)(colon - rest)) : g_strdup(rest);
	if (colon && !colon[1])
		return refuse(error, text, "nothing follows the last ':'");
	reference->inner = colon ? g_strdup(colon + 1) : NULL;
	return true;
}

Reference *reference_parse(const char *text, GError **error)
{
	g_autoptr(Reference) reference = g_new0(Reference, 1);
	const char *rest = text;
	bool ok;

	for (size_t i = 0; i < G_N_ELEMENTS(transports); i++) {
		if (g_str_has_prefix(text, transports[i].prefix)) {
			reference->transport = transports[i].transport;
			rest = text + strlen(transports[i].prefix);
			break;
		}
	}
	ok = reference->transport == TRANSPORT_DOCKER ? parse_name(reference, rest, error)
						      : parse_path(reference, rest, text, error);
	return ok ? g_steal_pointer(&reference) : NULL;
}

char *reference_name(const Reference *reference)
{
	if (reference->digest)
		return g_strconcat(reference->host, "/", reference->repository, "@",
				   reference->digest, NULL);
	return g_strconcat(reference->host, "/", reference->repository, ":", reference->tag, NULL);
}

/* "dir:latest" would be a directory, "my.host/x" another registry's. */
static bool is_read_as(const char *text, const char *name)
{
	g_autoptr(Reference) reference = reference_parse(text, NULL);
	g_autofree char *whole = NULL;

	if (!reference || reference->transport != TRANSPORT_DOCKER)
		return false;
	whole = reference_name(reference);
	return strcmp(whole, name) == 0;
}

char *reference_short_name(const char *name)
{
	static const char *const prefixes[] = {DEFAULT_HOST "/" OFFICIAL, DEFAULT_HOST "/"};

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		const char *rest = name + strlen(prefixes[i]);

		if (g_str_has_prefix(name, prefixes[i]) && is_read_as(rest, name))
			return g_strdup(rest);
	}
	/* a registry may be called as a transport is */
	return is_read_as(name, name) ? g_strdup(name) : g_strconcat(DOCKER_PREFIX, name, NULL);
}

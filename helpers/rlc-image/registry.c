/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/registry.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "image/digest.h"
#include "rlc-image/auth.h"
#include "rlc-image/http.h"
#include "rlc-image/registries.h"

#define TRIES_MAX	5
#define FIRST_PAUSE_MS	250
#define PAUSE_MAX_S	30
#define DOCKER_REGISTRY "registry-1.docker.io"

static const char accept_manifests[] = "Accept: " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_MANIFEST
				       ", " MEDIA_OCI_INDEX ", " MEDIA_DOCKER_LIST;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

typedef struct {
	Source source;
	GPtrArray *endpoints;
	const Endpoint *endpoint; /* the one that answered */
	const RegistryOptions *options;
	char *reference; /* tag or digest */
	Http *http;
	bool plain;	     /* HTTP without TLS */
	char *authorization; /* header for this endpoint, or NULL */
	bool answered;	     /* so it exists, and is worth waiting for */
	bool refused;	     /* the authorization was asked for already */
} Registry;

static void registry_free(Source *source)
{
	Registry *registry = (Registry *)source;

	http_free(registry->http);
	g_clear_pointer(&registry->endpoints, g_ptr_array_unref);
	g_free(registry->reference);
	g_free(registry->authorization);
	g_free(source->name);
	g_free(source->digest);
	g_free(registry);
}

static bool is_loopback(const char *host)
{
	g_autofree char *name = g_strdup(host);
	struct in_addr address;

	if (g_str_has_prefix(name, "[::1]"))
		return true;
	name[strcspn(name, ":")] = '\0';
	return strcmp(name, "localhost") == 0 ||
	       (inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static char *make_url(const Registry *registry, const char *kind, const char *reference)
{
	const char *host = registry->endpoint->host;

	return g_strdup_printf("%s://%s/v2/%s/%s/%s", registry->plain ? "http" : "https",
			       strcmp(host, "docker.io") == 0 ? DOCKER_REGISTRY : host,
			       registry->endpoint->repository, kind, reference);
}

/* -------------------------------------------------------------------------------------- tokens */

char *registry_challenge_value(const char *challenge, const char *name)
{
	g_autofree char *pattern = g_strconcat(name, "=\"", NULL);
	const char *at = challenge;

	while ((at = strstr(at, pattern))) {
		if (at == challenge || strchr(", ", at[-1])) {
			at += strlen(pattern);
			return g_strndup(at, strcspn(at, "\""));
		}
		at++;
	}
	return NULL;
}

static bool find_credentials(const Registry *registry, Credentials *ret, GError **error)
{
	const char *given = registry->options->credentials;
	const char *colon = given ? strchr(given, ':') : NULL;

	if (!given)
		return credentials_find(registry->endpoint->host, registry->endpoint->repository,
					registry->options->auth_file, ret, error);
	if (!colon)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --creds: not of the form USER:PASSWORD");
	ret->user = g_strndup(given, (gsize)(colon - given));
	ret->password = g_strdup(colon + 1);
	return true;
}

static char *basic_header(const Credentials *credentials)
{
	g_autofree char *plain = g_strconcat(credentials->user, ":", credentials->password, NULL);
	g_autofree char *coded = g_base64_encode((guchar *)plain, strlen(plain));

	return g_strconcat("Authorization: Basic ", coded, NULL);
}

static bool denied(const Registry *registry, const Credentials *credentials, GError **error)
{
	const char *host = registry->endpoint->host;

	if (credentials->user || credentials->identity_token)
		return error_set(error, RLC_ERROR_FAILED,
				 "log in to '%s': it does not take what is known of user '%s' for "
				 "'%s'",
				 host, credentials->user ? credentials->user : "(token)",
				 registry->endpoint->repository);
	return error_set(error, RLC_ERROR_FAILED,
			 "pull '%s/%s': the registry wants a login, or has no such image; log in "
			 "with podman login, skopeo login or docker login %s",
			 host, registry->endpoint->repository, host);
}

static char *token_url(const char *realm, const char *service, const char *scope)
{
	g_autofree char *service_text = g_uri_escape_string(service ? service : "", NULL, FALSE);
	g_autofree char *scope_text = g_uri_escape_string(scope, NULL, FALSE);

	return g_strdup_printf("%s%cservice=%s&scope=%s", realm, strchr(realm, '?') ? '&' : '?',
			       service_text, scope_text);
}

static char *token_form(const char *service, const char *scope, const char *token)
{
	g_autofree char *service_text = g_uri_escape_string(service ? service : "", NULL, FALSE);
	g_autofree char *scope_text = g_uri_escape_string(scope, NULL, FALSE);
	g_autofree char *token_text = g_uri_escape_string(token, NULL, FALSE);

	return g_strdup_printf("grant_type=refresh_token&client_id=rlc&service=%s&scope=%s"
			       "&refresh_token=%s",
			       service_text, scope_text, token_text);
}

static bool read_token(Registry *registry, const char *text, GError **error)
{
	g_autoptr(json_t) root = json_loads(text, 0, NULL);
	const char *token = json_string_value(json_object_get(root, "token"));

	if (!token)
		token = json_string_value(json_object_get(root, "access_token"));
	if (!token || strpbrk(token, "\r\n"))
		return error_set(error, RLC_ERROR_FAILED,
				 "log in to '%s': its token server sent no token",
				 registry->endpoint->host);
	g_free(registry->authorization);
	registry->authorization = g_strconcat("Authorization: Bearer ", token, NULL);
	return true;
}

static bool fetch_token(Registry *registry, const Credentials *credentials, const char *realm,
			const char *challenge, bool *ret_again, GError **error)
{
	g_autofree char *service = registry_challenge_value(challenge, "service");
	g_autofree char *asked = registry_challenge_value(challenge, "scope");
	g_autofree char *scope =
		asked ? g_strdup(asked)
		      : g_strdup_printf("repository:%s:pull", registry->endpoint->repository);
	g_autofree char *basic = credentials->user ? basic_header(credentials) : NULL;
	g_autofree char *form = credentials->identity_token
					? token_form(service, scope, credentials->identity_token)
					: NULL;
	g_autofree char *url = form ? g_strdup(realm) : token_url(realm, service, scope);
	const char *headers[] = {form ? NULL : basic, NULL};
	g_autoptr(GString) text = g_string_new(NULL);
	g_auto(HttpResponse) response = {0};
	bool ok = http_request(registry->http, url, form, headers, 0, http_to_string, text,
			       &response, error);

	*ret_again = response.transient;
	if (!ok)
		return false;
	if (response.status == 401 || response.status == 403)
		return denied(registry, credentials, error);
	if (response.status < 200 || response.status > 299)
		return error_set(error, RLC_ERROR_FAILED, "log in to '%s': %s answered %ld",
				 registry->endpoint->host, realm, response.status);
	return read_token(registry, text->str, error);
}

/* Answer a 401. *ret_again: not now, but another time. */
static bool authorize(Registry *registry, const char *challenge, bool *ret_again, GError **error)
{
	g_auto(Credentials) credentials = {0};
	g_autofree char *realm = NULL;

	if (!find_credentials(registry, &credentials, error))
		return false;
	if (registry->refused || !challenge)
		return denied(registry, &credentials, error);
	if (g_ascii_strncasecmp(challenge, "basic", 5) == 0) {
		if (!credentials.user)
			return denied(registry, &credentials, error);
		g_free(registry->authorization);
		registry->authorization = basic_header(&credentials);
		registry->refused = true;
		return true;
	}
	realm = registry_challenge_value(challenge, "realm");
	if (g_ascii_strncasecmp(challenge, "bearer", 6) != 0 || !realm)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "log in to '%s': it asks for '%s'; Basic and Bearer are known",
				 registry->endpoint->host, challenge);
	if (!g_str_has_prefix(realm, "https://") && !registry->plain)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "log in to '%s': its token server '%s' is not https",
				 registry->endpoint->host, realm);
	registry->refused = fetch_token(registry, &credentials, realm, challenge, ret_again, error);
	return registry->refused;
}

/* ------------------------------------------------------------------------------------ requests */

typedef struct {
	SourceSink sink;
	gpointer data;
	uint64_t offset; /* of what comes next */
} Counted;

static bool count_sink(gpointer data, const void *bytes, size_t length, GError **error)
{
	Counted *counted = data;

	if (!counted->sink(counted->data, bytes, length, error))
		return false;
	counted->offset += length;
	return true;
}

static void pause_before(const Registry *registry, int attempt, const HttpResponse *response,
			 const GError *failure)
{
	gulong pause = (gulong)FIRST_PAUSE_MS << attempt;

	if (response->retry_after > 0)
		pause = (gulong)MIN(response->retry_after, PAUSE_MAX_S) * 1000;
	if (failure)
		log_info("%s; trying again in %lu ms", failure->message, pause);
	else
		log_info("'%s' answered %ld; trying again in %lu ms", registry->endpoint->host,
			 response->status, pause);
	g_usleep(pause * 1000);
}

/* What the registry says in {"errors":[{"message":…}]}, or NULL. */
static char *error_message(const char *body)
{
	g_autoptr(json_t) root = body ? json_loads(body, 0, NULL) : NULL;
	json_t *first = json_array_get(json_object_get(root, "errors"), 0);
	const char *message = json_string_value(json_object_get(first, "message"));
	char *text = message && *message ? g_strdup(message) : NULL;

	if (text)
		g_strcanon(g_strdelimit(text, "\r\n\t\033", ' '),
			   " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
			   "abcdefghijklmnopqrstuvwxyz{|}~",
			   '?');
	return text;
}

static bool limited_by(const Registry *registry, const char *what, const HttpResponse *response,
		       const char *message, GError **error)
{
	g_autofree char *wait = response->retry_after
					? g_strdup_printf("%ld seconds", response->retry_after)
					: g_strdup("some hours");

	return error_set(
		error, RLC_ERROR_FAILED,
		"pull %s from '%s': the registry limits how often it may be asked (429%s%s); "
		"log in for a higher limit, name a mirror in registries.conf, or wait %s",
		what, registry->endpoint->host, message ? ": " : "", message ? message : "", wait);
}

static bool refused_by(const Registry *registry, const char *what, const HttpResponse *response,
		       GError **error)
{
	g_autofree char *message = error_message(response->body);
	const char *host = registry->endpoint->host;

	if (response->status == 429)
		return limited_by(registry, what, response, message, error);
	return error_set(error, response->status == 404 ? RLC_ERROR_NOT_FOUND : RLC_ERROR_FAILED,
			 "pull %s from '%s/%s': %s (%ld)", what, host,
			 registry->endpoint->repository,
			 message		   ? message
			 : response->status == 404 ? "it does not exist"
						   : "the registry refuses",
			 response->status);
}

/* One try. *ret_again: another may go better. */
static bool try_get(Registry *registry, const char *kind, const char *reference, Counted *counted,
		    HttpResponse *response, bool *ret_again, GError **error)
{
	g_autofree char *url = make_url(registry, kind, reference);
	const char *headers[3] = {NULL};
	int count = 0;

	if (strcmp(kind, "manifests") == 0)
		headers[count++] = accept_manifests;
	if (registry->authorization)
		headers[count] = registry->authorization;
	http_response_clear(response);
	if (!http_request(registry->http, url, NULL, headers, counted->offset, count_sink, counted,
			  response, error)) {
		*ret_again = response->transient;
		return false;
	}
	*ret_again = response->transient;
	registry->answered = true;
	if (response->status == 401) {
		*ret_again = false;
		return authorize(registry, response->challenge, ret_again, error);
	}
	if (response->status >= 200 && response->status <= 299)
		registry->refused = false;
	return true;
}

static bool is_success(const HttpResponse *response)
{
	return response->status >= 200 && response->status <= 299;
}

/* A registry that was never reached may not exist; a limit does not pass by asking more. */
static int tries(const Registry *registry, const HttpResponse *response)
{
	if (response->status == 429 && response->retry_after > PAUSE_MAX_S)
		return 0;
	if (response->status == 429 && response->retry_after == 0)
		return 1;
	return response->status || registry->answered ? TRIES_MAX : 1;
}

/* GET from where counted stands, as often as it takes. */
static bool get(Registry *registry, const char *kind, const char *reference, const char *what,
		Counted *counted, HttpResponse *response, GError **error)
{
	uint64_t before = counted->offset;

	for (int attempt = 0;;) {
		g_autoptr(GError) failure = NULL;
		bool again = false;
		bool ok = try_get(registry, kind, reference, counted, response, &again, &failure);

		if (ok && is_success(response))
			return true;
		if (ok && response->status == 401)
			continue; /* with an authorization now */
		if (!again || attempt >= tries(registry, response)) {
			if (failure)
				g_propagate_error(error, g_steal_pointer(&failure));
			return ok ? refused_by(registry, what, response, error) : false;
		}
		/* what gets on is not stuck */
		attempt = counted->offset > before ? 0 : attempt + 1;
		before = counted->offset;
		pause_before(registry, attempt, response, failure);
	}
}

/* -------------------------------------------------------------------------------------- source */

static bool use_endpoint(Registry *registry, const Endpoint *endpoint, bool plain, GError **error)
{
	registry->endpoint = endpoint;
	registry->plain = plain;
	registry->answered = registry->refused = false;
	g_clear_pointer(&registry->authorization, g_free);
	g_clear_pointer(&registry->http, http_free);
	registry->http = http_new(endpoint->host, endpoint->insecure || plain, error);
	return registry->http != NULL;
}

static bool may_be_plain(const Endpoint *endpoint)
{
	return endpoint->insecure || is_loopback(endpoint->host);
}

static bool get_manifest(Registry *registry, const char *reference, GString *text,
			 HttpResponse *response, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", reference);
	Counted counted = {http_to_string, text, 0};
	bool ok;

	g_string_truncate(text, 0);
	ok = get(registry, "manifests", reference, what, &counted, response, error);
	if (ok || !response->tls_failed || registry->plain || !may_be_plain(registry->endpoint))
		return ok;
	g_clear_error(error);
	log_info("'%s' does not speak TLS: using plain HTTP", registry->endpoint->host);
	return use_endpoint(registry, registry->endpoint, true, error) &&
	       get(registry, "manifests", reference, what, &counted, response, error);
}

/* The first endpoint that has it is asked for all that follows. */
static bool first_manifest(Registry *registry, const char *reference, GString *text,
			   HttpResponse *response, GError **error)
{
	for (guint i = 0; i < registry->endpoints->len; i++) {
		bool last = i + 1 == registry->endpoints->len;
		g_autoptr(GError) failure = NULL;

		if (use_endpoint(registry, g_ptr_array_index(registry->endpoints, i), false,
				 &failure) &&
		    get_manifest(registry, reference, text, response, &failure))
			return true;
		if (last)
			g_propagate_error(error, g_steal_pointer(&failure));
		else
			log_info("mirror '%s': %s", registry->endpoint->host, failure->message);
		http_response_clear(response);
	}
	return false;
}

static bool registry_read_manifest(Source *source, const char *digest, char **ret_text,
				   size_t *ret_length, char **ret_type, GError **error)
{
	Registry *registry = (Registry *)source;
	const char *reference = digest ? digest : registry->reference;
	g_autoptr(GString) text = g_string_new(NULL);
	g_auto(HttpResponse) response = {0};
	bool ok = registry->endpoint ? get_manifest(registry, reference, text, &response, error)
				     : first_manifest(registry, reference, text, &response, error);

	if (!ok)
		return false;
	*ret_type = g_steal_pointer(&response.content_type);
	/* some servers know no better word */
	if (*ret_type &&
	    (strcmp(*ret_type, "application/json") == 0 || strcmp(*ret_type, "text/plain") == 0))
		g_clear_pointer(ret_type, g_free);
	*ret_length = text->len;
	*ret_text = g_string_free(g_steal_pointer(&text), FALSE);
	return true;
}

static bool registry_read_blob(Source *source, const Descriptor *blob, uint64_t offset,
			       SourceSink sink, gpointer data, GError **error)
{
	g_autofree char *what = g_strdup_printf("blob %s", blob->digest);
	g_auto(HttpResponse) response = {0};
	Counted counted = {sink, data, offset};

	return get((Registry *)source, "blobs", blob->digest, what, &counted, &response, error);
}

Source *registry_open(const Reference *reference, const RegistryOptions *options, GError **error)
{
	Registry *registry = g_new0(Registry, 1);
	g_autoptr(Source) source = &registry->source;

	source->read_manifest = registry_read_manifest;
	source->read_blob = registry_read_blob;
	source->free = registry_free;
	source->name = reference_name(reference);
	source->digest = g_strdup(reference->digest);
	registry->options = options;
	registry->reference = g_strdup(reference->digest ? reference->digest : reference->tag);
	registry->endpoints = registries_find(reference, error);
	for (guint i = 0; registry->endpoints && i < registry->endpoints->len; i++) {
		Endpoint *endpoint = g_ptr_array_index(registry->endpoints, i);

		endpoint->insecure = endpoint->insecure || options->insecure;
	}
	return registry->endpoints ? g_steal_pointer(&source) : NULL;
}

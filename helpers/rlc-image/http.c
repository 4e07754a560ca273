/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/http.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

#define BODY_MAX	4096
#define CA_MAX		(4 << 20)
#define REDIRECTS_MAX	10L
#define CONNECT_SECONDS 30L
#define IDLE_SECONDS	60L
#define RECEIVE_BUFFER	(256L << 10)

struct Http {
	CURL *curl;
	pid_t pid; /* whose connections these are */
	bool insecure;
	GString *authorities; /* PEM; empty: the system's alone */
	char *certificate, *key;
};

/* One request under way */
typedef struct {
	Http *http;
	SourceSink sink;
	gpointer data;
	uint64_t skip; /* bytes of the body that the caller has already */
	uint64_t offset;
	GString *body;
	HttpResponse *response;
	GError *error;
} Transfer;

void http_response_clear(HttpResponse *response)
{
	g_free(response->content_type);
	g_free(response->challenge);
	g_free(response->body);
	*response = (HttpResponse){0};
}

/* ------------------------------------------------------------------------------- certificates */

static void add_authority(Http *http, const char *path)
{
	g_autofree char *text = NULL;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, NULL) || length > CA_MAX) {
		log_warn("read certificate '%s': it cannot be read", path);
		return;
	}
	g_string_append_len(http->authorities, text, (gssize)length);
	g_string_append_c(http->authorities, '\n');
}

/* *.crt are authorities; NAME.cert and NAME.key are what we are known by. */
static void read_certificates(Http *http, const char *dir)
{
	g_autoptr(GDir) listing = g_dir_open(dir, 0, NULL);
	const char *name;

	while (listing && (name = g_dir_read_name(listing))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);

		if (g_str_has_suffix(name, ".crt")) {
			add_authority(http, path);
		} else if (g_str_has_suffix(name, ".cert")) {
			g_free(http->certificate);
			g_free(http->key);
			http->key = g_strdup_printf("%.*s.key", (int)(strlen(path) - 5), path);
			http->certificate = g_steal_pointer(&path);
		}
	}
}

static void find_certificates(Http *http, const char *host)
{
	g_autofree char *own =
		g_build_filename(g_get_user_config_dir(), "containers", "certs.d", host, NULL);
	g_autofree char *containers = g_build_filename("/etc/containers/certs.d", host, NULL);
	g_autofree char *docker = g_build_filename("/etc/docker/certs.d", host, NULL);

	read_certificates(http, docker);
	read_certificates(http, containers);
	read_certificates(http, own);
	/* beside the system's: what a registry redirects to has an ordinary certificate */
	if (http->authorities->len)
		add_authority(http, "/etc/ssl/certs/ca-certificates.crt");
}

/* ------------------------------------------------------------------------------------ requests */

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
	Transfer *transfer = data;
	size_t length = size * count, skipped;
	long status = 0;

	curl_easy_getinfo(transfer->http->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status > 299) {
		g_string_append_len(transfer->body, bytes,
				    (gssize)MIN(length, BODY_MAX - transfer->body->len));
		return length;
	}
	if (transfer->offset && status != 206) {
		transfer->skip = transfer->offset;
		transfer->offset = 0;
	}
	skipped = (size_t)MIN((uint64_t)length, transfer->skip);
	transfer->skip -= skipped;
	if (length > skipped && transfer->sink &&
	    !transfer->sink(transfer->data, bytes + skipped, length - skipped, &transfer->error))
		return 0;
	return length;
}

/* The value of a header of this name, or NULL. */
static char *header_value(const char *line, size_t length, const char *name)
{
	size_t prefix = strlen(name);

	if (length <= prefix || g_ascii_strncasecmp(line, name, prefix) != 0 || line[prefix] != ':')
		return NULL;
	return g_strstrip(g_strndup(line + prefix + 1, length - prefix - 1));
}

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
	Transfer *transfer = data;
	HttpResponse *response = transfer->response;
	size_t length = size * count;
	char *value;

	if ((value = header_value(line, length, "Content-Type"))) {
		value[strcspn(value, "; ")] = '\0';
		g_free(response->content_type);
		response->content_type = value;
	} else if ((value = header_value(line, length, "WWW-Authenticate"))) {
		/* a Bearer challenge wins over others */
		if (!response->challenge || g_ascii_strncasecmp(value, "bearer", 6) == 0) {
			g_free(response->challenge);
			response->challenge = value;
		} else {
			g_free(value);
		}
	} else if ((value = header_value(line, length, "Retry-After"))) {
		response->retry_after = (long)MIN(g_ascii_strtoull(value, NULL, 10), 3600);
		g_free(value);
	}
	return length;
}

static void set_protocols(Http *http)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	const char *words = http->insecure ? "http,https" : "https";

	curl_easy_setopt(http->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(http->curl, CURLOPT_REDIR_PROTOCOLS_STR, words);
#else
	curl_easy_setopt(http->curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
	curl_easy_setopt(http->curl, CURLOPT_REDIR_PROTOCOLS,
			 http->insecure ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS);
#endif
}

static void set_trust(Http *http)
{
	struct curl_blob blob = {http->authorities->str, http->authorities->len, CURL_BLOB_NOCOPY};

	if (http->authorities->len)
		curl_easy_setopt(http->curl, CURLOPT_CAINFO_BLOB, &blob);
	if (http->certificate) {
		curl_easy_setopt(http->curl, CURLOPT_SSLCERT, http->certificate);
		curl_easy_setopt(http->curl, CURLOPT_SSLKEY, http->key);
	}
	if (http->insecure) {
		curl_easy_setopt(http->curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(http->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

/* This host itself is never behind a proxy: so it is for docker and podman. */
static void set_proxies(const Http *http)
{
	const char *lower = g_getenv("no_proxy"), *given = lower ? lower : g_getenv("NO_PROXY");
	g_autofree char *list = g_strconcat("localhost,127.0.0.1,127.0.0.0/8,::1",
					    given && *given ? "," : NULL, given, NULL);

	curl_easy_setopt(http->curl, CURLOPT_NOPROXY, g_strcmp0(given, "*") == 0 ? given : list);
}

/*
 * A process has connections of its own: what a fork inherited belongs to the parent, and is left
 * alone, neither used nor closed.
 */
static bool prepare(Http *http, GError **error)
{
	if (http->pid == getpid())
		return true;
	http->curl = curl_easy_init();
	if (!http->curl)
		return error_set(error, RLC_ERROR_FAILED, "start libcurl: out of memory");
	http->pid = getpid();
	curl_easy_setopt(http->curl, CURLOPT_USERAGENT, "rlc/" RLC_VERSION);
	curl_easy_setopt(http->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(http->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(http->curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(http->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(http->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(http->curl, CURLOPT_LOW_SPEED_TIME, IDLE_SECONDS);
	curl_easy_setopt(http->curl, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(http->curl, CURLOPT_HEADERFUNCTION, on_header);
	set_protocols(http);
	set_proxies(http);
	set_trust(http);
	return true;
}

Http *http_new(const char *host, bool insecure, GError **error)
{
	g_autoptr(Http) http = g_new0(Http, 1);

	http->insecure = insecure;
	http->authorities = g_string_new(NULL);
	find_certificates(http, host);
	return prepare(http, error) ? g_steal_pointer(&http) : NULL;
}

void http_free(Http *http)
{
	if (!http)
		return;
	if (http->pid == getpid())
		curl_easy_cleanup(http->curl);
	g_string_free(http->authorities, TRUE);
	g_free(http->certificate);
	g_free(http->key);
	g_free(http);
}

static struct curl_slist *make_headers(const char *const *headers)
{
	struct curl_slist *list = NULL;

	for (; headers && *headers; headers++)
		list = curl_slist_append(list, *headers);
	return list;
}

static bool is_transient(CURLcode code, long status)
{
	switch (code) {
	case CURLE_OK:
		return status == 429 || status == 408 || (status >= 500 && status != 501);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

static void set_request(Transfer *transfer, const char *url, const char *form,
			struct curl_slist *headers, char *words)
{
	CURL *curl = transfer->http->curl;
	g_autofree char *range = g_strdup_printf("%" G_GUINT64_FORMAT "-", transfer->offset);

	words[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_RANGE, transfer->offset ? range : NULL);
	if (form)
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, form);
	else
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
}

bool http_request(Http *http, const char *url, const char *form, const char *const *headers,
		  uint64_t offset, SourceSink sink, gpointer data, HttpResponse *ret,
		  GError **error)
{
	Transfer transfer = {
		.http = http, .sink = sink, .data = data, .offset = offset, .response = ret};
	struct curl_slist *list = NULL;
	char words[CURL_ERROR_SIZE];
	CURLcode code;

	*ret = (HttpResponse){0};
	if (!prepare(http, error))
		return false;
	transfer.body = g_string_new(NULL);
	list = make_headers(headers);
	set_request(&transfer, url, form, list, words);
	log_debug("http: %s %s from %" G_GUINT64_FORMAT, form ? "POST" : "GET", url, offset);
	code = curl_easy_perform(http->curl);
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(list);
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	ret->body = g_string_free(transfer.body, FALSE);
	ret->transient = is_transient(code, ret->status);
	ret->tls_failed = code == CURLE_SSL_CONNECT_ERROR;
	if (transfer.error) {
		g_propagate_error(error, transfer.error);
		ret->transient = false;
		return false;
	}
	return code == CURLE_OK || error_set(error, RLC_ERROR_FAILED, "get '%s': %s", url,
					     *words ? words : curl_easy_strerror(code));
}

bool http_to_string(gpointer string, const void *bytes, size_t length, GError **error)
{
	GString *text = string;

	if (text->len + length > MANIFEST_MAX)
		return error_set(error, RLC_ERROR_FAILED, "read the answer: larger than 4 MiB");
	g_string_append_len(text, bytes, (gssize)length);
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define FILE_MAX   (1 << 20)
#define DOCKER_KEY "https://index.docker.io/v1/"
#define TOKEN_USER "<token>"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

void credentials_clear(Credentials *credentials)
{
	g_clear_pointer(&credentials->user, g_free);
	g_clear_pointer(&credentials->password, g_free);
	g_clear_pointer(&credentials->identity_token, g_free);
}

static json_t *parse(const char *text, const char *what, GError **error)
{
	json_error_t where;
	json_t *root = json_loads(text, 0, &where);

	if (root && json_is_object(root))
		return root;
	if (root)
		error_set(error, RLC_ERROR_USAGE, "read '%s': it is no JSON object", what);
	else
		error_set(error, RLC_ERROR_USAGE, "read '%s': line %d, column %d: %s", what,
			  where.line, where.column, where.text);
	json_decref(root);
	return NULL;
}

static bool is_docker(const char *host)
{
	return strcmp(host, "docker.io") == 0;
}

/* Keys of one registry: host/path, shorter and shorter, then the forms that docker writes. */
static GPtrArray *make_keys(const char *host, const char *repository)
{
	GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *name = g_strconcat(host, "/", repository, NULL);

	for (;;) {
		char *slash;

		g_ptr_array_add(keys, g_strdup(name));
		slash = strrchr(name, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	if (is_docker(host)) {
		g_ptr_array_add(keys, g_strdup(DOCKER_KEY));
		g_ptr_array_add(keys, g_strdup("index.docker.io"));
		g_ptr_array_add(keys, g_strdup("registry-1.docker.io"));
	}
	g_ptr_array_add(keys, g_strconcat("https://", host, NULL));
	g_ptr_array_add(keys, g_strconcat("https://", host, "/", NULL));
	g_ptr_array_add(keys, g_strconcat("http://", host, NULL));
	return keys;
}

/* "user:password" in base64 */
static bool decode(const char *auth, Credentials *ret)
{
	g_autofree char *plain = NULL;
	gsize length;
	guchar *bytes = g_base64_decode(auth, &length);
	char *colon;

	plain = g_strndup((char *)bytes, length);
	g_free(bytes);
	colon = strchr(plain, ':');
	if (!colon)
		return false;
	ret->user = g_strndup(plain, (gsize)(colon - plain));
	ret->password = g_strdup(colon + 1);
	return true;
}

static bool read_entry(json_t *entry, const char *key, const char *what, Credentials *ret,
		       GError **error)
{
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	const char *token = json_string_value(json_object_get(entry, "identitytoken"));

	if (token && *token)
		ret->identity_token = g_strdup(token);
	if (auth && *auth && !decode(auth, ret))
		return error_set(error, RLC_ERROR_USAGE,
				 "read '%s': \"auth\" of '%s' is not USER:PASSWORD in base64", what,
				 key);
	return true;
}

static bool is_helper_name(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(name);
}

bool credentials_parse(const char *text, const char *what, const char *host, const char *repository,
		       Credentials *ret, char **ret_helper, char **ret_key, GError **error)
{
	g_autoptr(json_t) root = parse(text, what, error);
	g_autoptr(GPtrArray) keys = make_keys(host, repository);
	const char *helper = NULL;

	if (!root)
		return false;
	for (guint i = 0; i < keys->len && !helper; i++)
		helper = json_string_value(json_object_get(json_object_get(root, "credHelpers"),
							   g_ptr_array_index(keys, i)));
	for (guint i = 0; i < keys->len && !helper; i++) {
		const char *key = g_ptr_array_index(keys, i);
		json_t *entry = json_object_get(json_object_get(root, "auths"), key);

		if (!read_entry(entry, key, what, ret, error))
			return false;
		if (ret->user || ret->identity_token)
			return true;
	}
	if (!helper)
		helper = json_string_value(json_object_get(root, "credsStore"));
	if (helper && !is_helper_name(helper))
		return error_set(error, RLC_ERROR_USAGE, "read '%s': '%s' is no credential helper",
				 what, helper);
	*ret_helper = g_strdup(helper);
	*ret_key = g_strdup(is_docker(host) ? DOCKER_KEY : host);
	return true;
}

/* ------------------------------------------------------------------------- credential helpers */

/* Runs PROGRAM get, with key on its standard input. Returns what it printed, or NULL. */
static char *run_helper(const char *program, const char *key, GError **error)
{
	const char *argv[] = {program, "get", NULL};
	g_autoptr(GError) failed = NULL;
	g_autofree char *text = NULL;
	int in, out, status;
	GPid pid;
	bool written;

	if (!g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
				      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
				      &pid, &in, &out, NULL, &failed)) {
		error_set(error, RLC_ERROR_FAILED, "run '%s': %s", program, failed->message);
		return NULL;
	}
	written = fd_write_all(in, key, strlen(key));
	close(in);
	text = fd_read_all(out, program, FILE_MAX, NULL);
	close(out);
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		status = -1;
	if (!written || !text) {
		error_set(error, RLC_ERROR_FAILED, "run '%s': it gave no answer", program);
		return NULL;
	}
	if (status != 0) {
		g_strstrip(text);
		if (!strstr(text, "not found"))
			error_set(error, RLC_ERROR_FAILED, "run '%s': %s", program,
				  *text ? text : "it failed and does not say why");
		return NULL;
	}
	return g_steal_pointer(&text);
}

/* A helper that knows nothing of this registry is no failure. */
static bool ask_helper(const char *name, const char *key, Credentials *ret, GError **error)
{
	g_autofree char *program = g_strconcat("docker-credential-", name, NULL);
	g_autoptr(GError) failed = NULL;
	g_autofree char *text = run_helper(program, key, &failed);
	g_autoptr(json_t) root = text ? parse(text, program, &failed) : NULL;
	const char *user, *secret;

	if (failed) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return false;
	}
	user = json_string_value(json_object_get(root, "Username"));
	secret = json_string_value(json_object_get(root, "Secret"));
	if (!user || !secret)
		return true;
	if (strcmp(user, TOKEN_USER) == 0) {
		ret->identity_token = g_strdup(secret);
	} else {
		ret->user = g_strdup(user);
		ret->password = g_strdup(secret);
	}
	return true;
}

/* --------------------------------------------------------------------------------------- files */

static bool read_file(const char *path, bool required, const char *host, const char *repository,
		      Credentials *ret, GError **error)
{
	g_autoptr(GError) failed = NULL;
	g_autofree char *text = fd_read_file(AT_FDCWD, path, FILE_MAX, &failed);
	g_autofree char *helper = NULL, *key = NULL;

	if (!text) {
		if (!required && error_is_errno(failed, ENOENT))
			return true;
		g_propagate_error(error, g_steal_pointer(&failed));
		return false;
	}
	return credentials_parse(text, path, host, repository, ret, &helper, &key, error) &&
	       (!helper || ask_helper(helper, key, ret, error));
}

static GPtrArray *list_files(void)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	const char *runtime = g_getenv("XDG_RUNTIME_DIR"), *docker = g_getenv("DOCKER_CONFIG");

	if (runtime && *runtime == '/')
		g_ptr_array_add(paths, g_build_filename(runtime, "containers", "auth.json", NULL));
	g_ptr_array_add(paths,
			g_build_filename(g_get_user_config_dir(), "containers", "auth.json", NULL));
	g_ptr_array_add(paths, docker && *docker ? g_build_filename(docker, "config.json", NULL)
						 : g_build_filename(g_get_home_dir(), ".docker",
								    "config.json", NULL));
	return paths;
}

bool credentials_find(const char *host, const char *repository, const char *auth_file,
		      Credentials *ret, GError **error)
{
	const char *variable = g_getenv("REGISTRY_AUTH_FILE");
	g_autoptr(GPtrArray) paths = NULL;

	if (!auth_file && variable && *variable)
		auth_file = variable;
	if (auth_file)
		return read_file(auth_file, true, host, repository, ret, error);
	paths = list_files();
	for (guint i = 0; i < paths->len && !ret->user && !ret->identity_token; i++) {
		if (!read_file(g_ptr_array_index(paths, i), false, host, repository, ret, error))
			return false;
	}
	return true;
}

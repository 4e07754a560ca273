/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials for registries, from the files that podman and docker write:
 * containers-auth.json(5), docker-login(1).  A credential helper is run where a file names one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	char *user, *password; /* NULL: none are known */
	char *identity_token;  /* takes their place, for OAuth2 */
} Credentials;

void credentials_clear(Credentials *credentials);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Credentials, credentials_clear)

/*
 * What is known for host/repository.  auth_file: the only file to look in, or NULL for
 * $REGISTRY_AUTH_FILE, else $XDG_RUNTIME_DIR/containers/auth.json, the user's
 * containers/auth.json, and $DOCKER_CONFIG/config.json.  Knowing nothing is success.
 */
bool credentials_find(const char *host, const char *repository, const char *auth_file,
		      Credentials *ret, GError **error);

/* What one file says. ret_helper: the credential helper to ask instead, or NULL. Pure. */
bool credentials_parse(const char *text, const char *what, const char *host, const char *repository,
		       Credentials *ret, char **ret_helper, char **ret_key, GError **error);

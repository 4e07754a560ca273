/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images: names, digests, the store's own form, manifests, registries.conf, credentials. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/store.h"
#include "rlc-image/auth.h"
#include "rlc-image/registries.h"

#define ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"
#define DIGEST "sha256:" ZEROS
#define OTHER  "sha256:1111111111111111111111111111111111111111111111111111111111111111"

/* ---------------------------------------------------------------------------------- references */

static void assert_name(const char *text, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Reference) reference = reference_parse(text, &error);
	g_autofree char *name = NULL;

	g_assert_no_error(error);
	name = reference ? reference_name(reference) : NULL;
	g_assert_cmpstr(name, ==, expected);
}

static void test_reference(void)
{
	assert_name("debian", "docker.io/library/debian:latest");
	assert_name("debian:12", "docker.io/library/debian:12");
	assert_name("docker://debian:12", "docker.io/library/debian:12");
	assert_name("index.docker.io/debian", "docker.io/library/debian:latest");
	assert_name("docker.io/a/b", "docker.io/a/b:latest");
	assert_name("a/b:T_1.x-y", "docker.io/a/b:T_1.x-y");
	assert_name("localhost/a", "localhost/a:latest");
	assert_name("localhost:5000/a/b:1", "localhost:5000/a/b:1");
	assert_name("[::1]:5000/a", "[::1]:5000/a:latest");
	assert_name("Upper/a", "Upper/a:latest");
	assert_name("q.io/a__b/c-d--e/f.g", "q.io/a__b/c-d--e/f.g:latest");
	assert_name("debian@" DIGEST, "docker.io/library/debian@" DIGEST);
	assert_name("debian:12@" DIGEST, "docker.io/library/debian@" DIGEST);
}

static void test_reference_strictly(void)
{
	static const char *const bad[] = {
		"",
		":tag",
		"/a",
		"a/",
		"a//b",
		"Debian",
		"a..b",
		"a___b",
		"-a",
		"a-",
		"_a",
		"a:",
		"a:-x",
		"a:x/y:",
		"a b",
		"a\n",
		"../a",
		"q.io/../a",
		"q.io:/a",
		"q.io:0/a",
		"q.io:65536/a",
		"q.io:1x/a",
		"-q.io/a",
		"q..io/a",
		"[]/a",
		"[::1/a",
		"a@",
		"a@sha256:00",
		"a@md5:" ZEROS,
		"a@sha512:" ZEROS,
		"a@" DIGEST "0",
		"a@SHA256:" ZEROS,
		"oci:",
		"oci::x",
		"oci:dir:",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Reference) reference = reference_parse(bad[i], &error);

		if (reference)
			g_test_message("taken: '%s'", bad[i]);
		g_assert_null(reference);
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
	}
}

static void test_reference_length(void)
{
	g_autofree char *long_name = g_strnfill(240, 'a');
	g_autofree char *longer_name = g_strnfill(256, 'a');
	g_autofree char *tag = g_strconcat("a:", longer_name, NULL);

	g_assert_null(reference_parse(long_name, NULL));
	g_assert_null(reference_parse(longer_name, NULL));
	g_assert_null(reference_parse(tag, NULL));
}

static void assert_path(const char *text, Transport transport, const char *path, const char *inner)
{
	g_autoptr(Reference) reference = reference_parse(text, NULL);

	g_assert_nonnull(reference);
	g_assert_cmpint(reference->transport, ==, transport);
	g_assert_cmpstr(reference->path, ==, path);
	g_assert_cmpstr(reference->inner, ==, inner);
}

static void test_transports(void)
{
	assert_path("oci:dir", TRANSPORT_OCI, "dir", NULL);
	assert_path("oci:/a/b:x", TRANSPORT_OCI, "/a/b", "x");
	assert_path("oci-archive:a.tar:q.io/x:1", TRANSPORT_OCI_ARCHIVE, "a.tar", "q.io/x:1");
	assert_path("docker-archive:a.tar", TRANSPORT_DOCKER_ARCHIVE, "a.tar", NULL);
	assert_path("dir:a:b", TRANSPORT_DIR, "a:b", NULL);
	assert_path("builtin:busybox", TRANSPORT_BUILTIN, "busybox", NULL);
}

static void assert_short(const char *name, const char *expected)
{
	g_autofree char *text = reference_short_name(name);

	g_assert_cmpstr(text, ==, expected);
}

static void test_short_names(void)
{
	assert_short("docker.io/library/debian:12", "debian:12");
	assert_short("docker.io/a/b:1", "a/b:1");
	assert_short("docker.io/library/a/b:1", "library/a/b:1");
	assert_short("q.io/a:1", "q.io/a:1");
	assert_short("localhost/a:1", "localhost/a:1");
	assert_short("oci:3/oci:3", "docker://oci:3/oci:3");
}

static void test_digest(void)
{
	g_autofree char *digest = digest_of("", 0);

	g_assert_cmpstr(digest, ==,
			"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	g_assert_true(digest_is_valid(digest));
	g_assert_cmpstr(digest_hex(DIGEST), ==, ZEROS);
	g_assert_false(digest_is_valid(""));
	g_assert_false(digest_is_valid(ZEROS));
	g_assert_false(digest_is_valid("sha256:../../../../../../../../../../../../../../../../"
				       "../../../../etc"));
}

/* ------------------------------------------------------------------------------------ the store */

static StoreImage *make_image(void)
{
	StoreImage *image = store_image_new();

	image->name = g_strdup("docker.io/library/a:1");
	image->index = g_strdup(DIGEST);
	image->manifest = g_strdup(DIGEST);
	image->config = g_strdup(OTHER);
	image->created = -5;
	image->size = 1ULL << 40;
	store_list_add(image->layers, DIGEST);
	store_list_add(image->layers, OTHER);
	store_list_add(image->env, "A=1=2\nB");
	store_list_add(image->cmd, "");
	image->workdir = g_strdup("/x=y");
	return image;
}

static void test_image_round_trip(void)
{
	g_autoptr(StoreImage) image = make_image(), read = NULL;
	g_autoptr(GBytes) bytes = store_image_serialize(image);
	g_autoptr(GError) error = NULL;

	read = store_image_parse(image->name, g_bytes_get_data(bytes, NULL),
				 g_bytes_get_size(bytes), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(read->name, ==, image->name);
	g_assert_cmpstr(read->config, ==, OTHER);
	g_assert_cmpint(read->created, ==, -5);
	g_assert_cmpuint(read->size, ==, 1ULL << 40);
	g_assert_cmpuint(read->layers->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(read->layers, 1), ==, OTHER);
	g_assert_cmpuint(read->trees->len, ==, 0);
	g_assert_cmpstr(store_image_tree(read, 1), ==, OTHER);
	g_assert_cmpstr(g_ptr_array_index(read->env, 0), ==, "A=1=2\nB");
	g_assert_null(g_ptr_array_index(read->env, 1));
	g_assert_cmpuint(read->cmd->len, ==, 1);
	g_assert_cmpstr(read->workdir, ==, "/x=y");
	g_assert_null(read->user);
	g_assert_cmpuint(read->entrypoint->len, ==, 0);
}

static StoreImage *read_again(const StoreImage *image)
{
	g_autoptr(GBytes) bytes = store_image_serialize(image);

	return store_image_parse("a", g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
}

/* Of each layer one, or of none. */
static void test_image_trees(void)
{
	g_autoptr(StoreImage) image = make_image(), read = NULL;

	store_list_add(image->trees, DIGEST);
	g_assert_null(read_again(image));
	store_list_add(image->trees, DIGEST);
	read = read_again(image);
	g_assert_cmpstr(store_image_tree(read, 1), ==, DIGEST);
	g_assert_cmpstr(g_ptr_array_index(read->layers, 1), ==, OTHER);
	g_ptr_array_set_size(image->trees, 1);
	store_list_add(image->trees, "../..");
	g_assert_null(read_again(image));
}

/* Whatever is cut off is noticed. */
static void test_image_truncated(void)
{
	g_autoptr(StoreImage) image = make_image();
	g_autoptr(GBytes) bytes = store_image_serialize(image);

	for (gsize length = 0; length < g_bytes_get_size(bytes); length++) {
		g_autofree char *part = g_memdup2(g_bytes_get_data(bytes, NULL), length);

		g_assert_null(store_image_parse("a", part, length, NULL));
	}
}

static void test_store(void)
{
	g_autofree char *dir = g_dir_make_tmp("rlc-unit-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "store", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = store_open(path, true, &error);
	g_autoptr(StoreImage) image = make_image();
	g_autoptr(StoreImage) by_name = NULL, by_id = NULL, by_digest = NULL, gone = NULL;
	g_autofree char *remove = NULL;

	g_assert_no_error(error);
	g_assert_true(store_put(store, image, NULL));
	by_name = store_find(store, "a:1", NULL);
	by_id = store_find(store, "1111", NULL);
	by_digest = store_find(store, "a@" DIGEST, NULL);
	g_assert_nonnull(by_name);
	g_assert_nonnull(by_id);
	g_assert_nonnull(by_digest);
	g_assert_null(store_find(store, "b@" DIGEST, NULL));
	g_assert_null(store_find(store, "11", NULL));
	g_assert_cmpint(store_hold_layer(store, DIGEST, NULL), ==, -1);
	g_assert_true(store_remove_name(store, image->name, NULL));
	g_assert_false(store_remove_name(store, image->name, &error));
	g_assert_error(error, RLC_ERROR, RLC_ERROR_NOT_FOUND);
	g_clear_error(&error);
	gone = store_find(store, "a:1", &error);
	g_assert_error(error, RLC_ERROR, RLC_ERROR_NOT_FOUND);
	chmod(path, 0755);
	g_assert_null(store_open(path, false, NULL));
	remove = g_strdup_printf("rm -rf '%s'", dir);
	g_assert_true(g_spawn_command_line_sync(remove, NULL, NULL, NULL, NULL));
}

/* ------------------------------------------------------------------------------------ manifests */

#define CONFIG_BLOB "{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":\"" DIGEST "\",\"size\":2}"
#define LAYER_BLOB                                                                                 \
	"{\"mediaType\":\"" MEDIA_OCI_LAYER "+gzip\",\"digest\":\"" OTHER "\",\"size\":3}"

static Manifest *parse(const char *text, const char *type, GError **error)
{
	return manifest_parse(text, strlen(text), type, "test", error);
}

static void test_manifest(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = parse("{\"schemaVersion\":2,\"config\":" CONFIG_BLOB
					     ",\"layers\":[" LAYER_BLOB "]}",
					     MEDIA_OCI_MANIFEST, &error);

	g_assert_no_error(error);
	g_assert_false(manifest->is_index);
	g_assert_cmpuint(manifest->layers->len, ==, 1);
	g_assert_cmpstr(manifest->config.digest, ==, DIGEST);
}

static void assert_refused(const char *text, const char *type, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = parse(text, type, &error);

	g_assert_null(manifest);
	if (!strstr(error->message, words))
		g_test_message("'%s' is not in '%s'", words, error->message);
	g_assert_nonnull(strstr(error->message, words));
}

static void test_manifest_strictly(void)
{
	g_autofree char *deep = g_strnfill(100000, '[');

	assert_refused("", NULL, "line 1");
	assert_refused("{\"schemaVersion\":2,\n\"config\":", NULL, "line 2");
	assert_refused("[]", NULL, "no JSON object");
	assert_refused(deep, NULL, "line 1");
	assert_refused("{\"a\":1,\"a\":2}", NULL, "line 1");
	assert_refused("{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, "schemaVersion is not 2");
	assert_refused("{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", MEDIA_OCI_INDEX,
		       "an index and a manifest at once");
	assert_refused("{\"schemaVersion\":2,\"manifests\":[]}", MEDIA_OCI_MANIFEST,
		       "does not hold what its mediaType says");
	assert_refused("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
		       "\",\"manifests\":[]}",
		       MEDIA_OCI_MANIFEST, "but calls itself");
	assert_refused("{\"schemaVersion\":2,\"config\":{},\"layers\":[]}", NULL,
		       "lacks mediaType");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG_BLOB
		       ",\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER
		       "\",\"digest\":\"sha256:../../etc/passwd\",\"size\":1}]}",
		       NULL, "no sha256 digest");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG_BLOB
		       ",\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER "\",\"digest\":\"" DIGEST
		       "\",\"size\":-1}]}",
		       NULL, "\"size\" is not");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG_BLOB
		       ",\"layers\":[{\"mediaType\":\"text/plain\",\"digest\":\"" DIGEST
		       "\",\"size\":1}]}",
		       NULL, "cannot be unpacked");
	assert_refused("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/x\","
		       "\"digest\":\"" DIGEST "\",\"size\":2},\"layers\":[]}",
		       NULL, "it is no image");
	assert_refused("{\"schemaVersion\":2,\"layers\":{},\"config\":" CONFIG_BLOB "}", NULL,
		       "\"layers\" is not a list");
}

static void test_config(void)
{
	static const char text[] =
		"{\"os\":\"linux\",\"architecture\":\"arm64\",\"created\":\"2001-02-03T04:05:06Z\","
		"\"config\":{\"Env\":[\"A=1\",\"SECRET\",\"AWS_*\",\"=x\"],\"Cmd\":[\"a\",\"b\"],"
		"\"Entrypoint\":null,\"User\":\"u\",\"Volumes\":{\"/v\":{}},"
		"\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"l\":\"1\"},"
		"\"Healthcheck\":{\"Test\":[\"NONE\"],\"Interval\":5}},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]}}";
	g_autoptr(StoreImage) image = store_image_new(), other = store_image_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(manifest_read_config(text, strlen(text), 1, image, "test", &error));
	g_assert_no_error(error);
	g_assert_cmpuint(image->env->len, ==, 1);
	g_assert_cmpstr(g_ptr_array_index(image->env, 0), ==, "A=1");
	g_assert_cmpuint(image->cmd->len, ==, 2);
	g_assert_cmpstr(image->user, ==, "u");
	g_assert_cmpstr(g_ptr_array_index(image->volumes, 0), ==, "/v");
	g_assert_cmpstr(g_ptr_array_index(image->labels, 0), ==, "l=1");
	g_assert_cmpint(image->health_interval, ==, 5);
	g_assert_cmpint(image->created, ==, 981173106);
	g_assert_false(manifest_read_config(text, strlen(text), 2, other, "test", NULL));
}

static void test_platforms(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) index =
		parse("{\"schemaVersion\":2,\"manifests\":["
		      "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" DIGEST
		      "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
		      "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" OTHER
		      "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\","
		      "\"variant\":\"v7\"}}]}",
		      MEDIA_OCI_INDEX, &error);
	Platform platform = {0};
	const IndexEntry *entry;

	g_assert_no_error(error);
	g_assert_true(platform_parse("linux/arm/v6", &platform, NULL));
	entry = manifest_choose(index, &platform, "test", NULL);
	g_assert_cmpstr(entry->descriptor.digest, ==, OTHER);
	platform_clear(&platform);
	g_assert_true(platform_parse("linux/s390x", &platform, NULL));
	g_assert_null(manifest_choose(index, &platform, "test", &error));
	g_assert_nonnull(strstr(error->message, "linux/amd64, linux/arm/v7"));
	platform_clear(&platform);
	g_assert_false(platform_parse("linux", &platform, NULL));
	g_assert_false(platform_parse("linux/../x", &platform, NULL));
	g_assert_false(platform_parse("a/b/c/d", &platform, NULL));
}

#define SIXES "sha256:6666666666666666666666666666666666666666666666666666666666666666"

/* Which of the variants, of one architecture, is taken? "-": none is named. */
static void assert_variant(const char *wanted, const char *variants, const char *expected)
{
	g_auto(GStrv) words = g_strsplit(variants, " ", -1);
	g_autoptr(GString) text = g_string_new("{\"schemaVersion\":2,\"manifests\":[");
	g_autoptr(Manifest) index = NULL;
	g_auto(GStrv) parts = g_strsplit(wanted, "/", -1);
	Platform platform = {0};

	for (guint i = 0; words[i]; i++) {
		g_autofree char *variant = strcmp(words[i], "-") == 0
						   ? g_strdup("null")
						   : g_strdup_printf("\"%s\"", words[i]);

		g_string_append_printf(text,
				       "%s{\"mediaType\":\"" MEDIA_OCI_MANIFEST
				       "\",\"digest\":\"" SIXES "\",\"size\":1,\"platform\":"
				       "{\"os\":\"linux\",\"architecture\":\"%s\","
				       "\"variant\":%s}}",
				       i > 0 ? "," : "", parts[1], variant);
	}
	g_string_append(text, "]}");
	index = parse(text->str, MEDIA_OCI_INDEX, NULL);
	g_assert_nonnull(index);
	g_assert_true(platform_parse(wanted, &platform, NULL));
	g_assert_cmpstr(manifest_choose(index, &platform, "test", NULL)->platform.variant, ==,
			expected);
	platform_clear(&platform);
}

static void test_variants(void)
{
	assert_variant("linux/arm/v7", "v5 v7 v6", "v7");
	assert_variant("linux/arm/v7", "v5 v6", "v6");
	assert_variant("linux/arm/v6", "v7 v5", "v5");
	assert_variant("linux/arm/v6", "v7 -", "v7");
	assert_variant("linux/arm/v8", "v5 v7", "v7");
	assert_variant("linux/arm", "v5 v7 v6", "v7");
	assert_variant("linux/arm/v7", "v6 -", NULL);
	assert_variant("linux/arm64/v8", "-", NULL);
	assert_variant("linux/arm64", "v9 v8", "v8");
	assert_variant("linux/amd64", "v3 - v2", NULL);
	assert_variant("linux/amd64/v3", "- v4 v2", "v2");
}

/* ------------------------------------------------------------------------------- registries.conf
 */

static char *endpoints(const char *conf, const char *name)
{
	g_autoptr(GPtrArray) entries = registries_new();
	g_autoptr(Reference) reference = reference_parse(name, NULL);
	g_autoptr(GPtrArray) list = NULL;
	GString *text = g_string_new(NULL);

	if (!registries_parse(conf, "test", entries, NULL))
		return g_string_free(g_string_assign(text, "refused"), FALSE);
	list = registries_endpoints(entries, reference, NULL);
	if (!list)
		return g_string_free(g_string_assign(text, "blocked"), FALSE);
	for (guint i = 0; i < list->len; i++) {
		const Endpoint *endpoint = g_ptr_array_index(list, i);

		g_string_append_printf(text, "%s%s %s%s", i ? ", " : "", endpoint->host,
				       endpoint->repository, endpoint->insecure ? " insecure" : "");
	}
	return g_string_free(text, FALSE);
}

static void assert_endpoints(const char *conf, const char *name, const char *expected)
{
	g_autofree char *got = endpoints(conf, name);

	g_assert_cmpstr(got, ==, expected);
}

static void test_registries(void)
{
	static const char conf[] = "unqualified-search-registries = [\n \"a\", # ]\n \"b\"]\n"
				   "[[registry]]\n"
				   "prefix = \"docker.io\" # 'x'\nlocation='docker.io'\n"
				   "[[registry.mirror]]\nlocation = \"m.io:5000/dock\"\n"
				   "insecure = true\n"
				   "[[registry]]\nlocation = \"q.io/team\"\ninsecure=true\n"
				   "[[registry]]\nprefix = \"*.bad.io\"\nblocked = true\n"
				   "[aliases]\n\"x\" = \"y\"\n";
	static const char mirrors[] =
		"[[registry]]\nlocation = \"q.io\"\n"
		"[[registry.mirror]]\nlocation = \"any.io\"\npull-from-mirror = \"all\"\n"
		"[[registry.mirror]]\nlocation = \"digest.io\"\n"
		"pull-from-mirror = \"digest-only\"\n"
		"[[registry.mirror]]\nlocation = \"tag.io\"\npull-from-mirror = \"tag-only\"\n"
		"[[registry]]\nlocation = \"r.io\"\nmirror-by-digest-only = true\n"
		"[[registry.mirror]]\nlocation = \"any.io\"\n";

	assert_endpoints("", "debian", "docker.io library/debian");
	assert_endpoints(conf, "debian",
			 "m.io:5000 dock/library/debian insecure, docker.io library/debian");
	assert_endpoints(conf, "q.io/team/x", "q.io team/x insecure");
	assert_endpoints(conf, "q.io/teams/x", "q.io teams/x");
	assert_endpoints(conf, "x.bad.io/a", "blocked");
	/* a file that is read later comes later, and is meant */
	assert_endpoints("[[registry]]\nlocation = \"q.io\"\nblocked = true\n"
			 "[[registry]]\nprefix = \"q.io\"\nlocation = \"r.io/q\"\n",
			 "q.io/x", "r.io q/x");
	/* mirrors that are not for all */
	assert_endpoints(mirrors, "q.io/x:1", "any.io x, tag.io x, q.io x");
	assert_endpoints(mirrors, "q.io/x@" DIGEST, "any.io x, digest.io x, q.io x");
	assert_endpoints(mirrors, "r.io/x:1", "r.io x");
	assert_endpoints(mirrors, "r.io/x@" DIGEST, "any.io x, r.io x");
	assert_endpoints("[[registry.mirror]]\n", "a", "refused");
	assert_endpoints("[[registry]]\nlocation = q.io\n", "a", "refused");
	assert_endpoints("[[registry]]\ninsecure = \"true\"\n", "a", "refused");
	assert_endpoints("what is this\n", "a", "refused");
}

/* ----------------------------------------------------------------------------------- credentials
 */

static void assert_credentials(const char *text, const char *host, const char *user,
			       const char *password, const char *helper)
{
	g_auto(Credentials) credentials = {0};
	g_autofree char *got_helper = NULL, *key = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(credentials_parse(text, "test", host, "team/app", &credentials, &got_helper,
					&key, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(credentials.user, ==, user);
	g_assert_cmpstr(credentials.password, ==, password);
	g_assert_cmpstr(got_helper, ==, helper);
}

static void test_credentials(void)
{
	static const char text[] =
		"{\"auths\":{\"q.io\":{\"auth\":\"dTpwOnE=\"},"
		"\"q.io/team\":{\"auth\":\"dGVhbTpw\"},"
		"\"https://index.docker.io/v1/\":{\"auth\":\"ZDpw\"},\"e.io\":{}},"
		"\"credHelpers\":{\"h.io\":\"pass\"}}";
	g_auto(Credentials) credentials = {0};
	g_autofree char *helper = NULL, *key = NULL;

	assert_credentials(text, "q.io", "team", "p", NULL);
	assert_credentials(text, "docker.io", "d", "p", NULL);
	assert_credentials(text, "e.io", NULL, NULL, NULL);
	assert_credentials(text, "h.io", NULL, NULL, "pass");
	assert_credentials("{\"auths\":{\"q.io\":{\"auth\":\"dTpwOnE=\"}}}", "q.io", "u", "p:q",
			   NULL);
	assert_credentials("{\"credsStore\":\"secret\"}", "x.io", NULL, NULL, "secret");
	g_assert_false(credentials_parse("{\"credsStore\":\"../x\"}", "test", "x.io", "a",
					 &credentials, &helper, &key, NULL));
	g_assert_false(
		credentials_parse("{", "test", "x.io", "a", &credentials, &helper, &key, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/image/reference", test_reference);
	g_test_add_func("/image/reference/strict", test_reference_strictly);
	g_test_add_func("/image/reference/length", test_reference_length);
	g_test_add_func("/image/reference/transports", test_transports);
	g_test_add_func("/image/reference/short", test_short_names);
	g_test_add_func("/image/digest", test_digest);
	g_test_add_func("/image/store/round-trip", test_image_round_trip);
	g_test_add_func("/image/store/trees", test_image_trees);
	g_test_add_func("/image/store/truncated", test_image_truncated);
	g_test_add_func("/image/store", test_store);
	g_test_add_func("/image/manifest", test_manifest);
	g_test_add_func("/image/manifest/strict", test_manifest_strictly);
	g_test_add_func("/image/config", test_config);
	g_test_add_func("/image/platforms", test_platforms);
	g_test_add_func("/image/variants", test_variants);
	g_test_add_func("/image/registries", test_registries);
	g_test_add_func("/image/credentials", test_credentials);
	return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The choice of an id map for a caller: tiers, layouts, refusals. Runs without privilege. */
#include "feature/idmap.h"

#include <string.h>

#include "base/error.h"
#include "feature/subid.h"

/* alice, 1000:100, with ranges from these files and the programs named */
typedef struct {
	IdmapCaller caller;
	Spec *spec;
	GPtrArray *tiers;
} Fixture;

static GArray *map_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
}

static Fixture *fixture_new(const char *subuid, const char *subgid)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->caller.uid = 1000;
	fixture->caller.gid = 100;
	fixture->caller.name = g_strdup("alice");
	fixture->caller.subuids = subid_parse(subuid, "alice", 1000);
	fixture->caller.subgids = subid_parse(subgid, "alice", 1000);
	fixture->caller.shadow =
		(IdmapPrograms){g_strdup("/usr/bin/newuidmap"), g_strdup("/usr/bin/newgidmap")};
	fixture->spec = g_new0(Spec, 1);
	fixture->spec->linux_.uid_mappings = map_new();
	fixture->spec->linux_.gid_mappings = map_new();
	fixture->tiers = idmap_tiers_new();
	return fixture;
}

static void fixture_free(Fixture *fixture)
{
	g_free(fixture->caller.name);
	g_array_unref(fixture->caller.subuids);
	g_array_unref(fixture->caller.subgids);
	g_free(fixture->caller.shadow.newuidmap);
	g_free(fixture->caller.shadow.newgidmap);
	g_free(fixture->caller.shim.newuidmap);
	g_free(fixture->caller.shim.newgidmap);
	g_array_unref(fixture->spec->linux_.uid_mappings);
	g_array_unref(fixture->spec->linux_.gid_mappings);
	g_free(fixture->spec);
	g_ptr_array_unref(fixture->tiers);
	g_free(fixture);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)

static void without_shadow(Fixture *fixture)
{
	g_clear_pointer(&fixture->caller.shadow.newuidmap, g_free);
	g_clear_pointer(&fixture->caller.shadow.newgidmap, g_free);
}

static void with_shim(Fixture *fixture)
{
	fixture->caller.shim =
		(IdmapPrograms){g_strdup("/libexec/newuidmap"), g_strdup("/libexec/newgidmap")};
}

static void ask_map(Fixture *fixture, bool gids, uint32_t inside, uint32_t outside, uint32_t count)
{
	SpecIdMap line = {inside, outside, count};

	fixture->spec->rlc.userns = USERNS_MAP;
	g_array_append_val(gids ? fixture->spec->linux_.gid_mappings
				: fixture->spec->linux_.uid_mappings,
			   line);
}

static void describe_map(GString *text, const GArray *map)
{
	for (guint i = 0; i < map->len; i++) {
		const SpecIdMap *line = &g_array_index(map, SpecIdMap, i);

		g_string_append_printf(text, " %u:%u:%u", line->inside, line->outside, line->count);
	}
}

/* "METHOD uids INSIDE:OUTSIDE:COUNT … gids …" */
static char *describe(const IdmapTier *tier)
{
	static const char *const names[] = {"none", "direct", "shadow", "shim", "single"};
	GString *text = g_string_new(names[tier->method]);

	g_string_append(text, " uids");
	describe_map(text, tier->uids);
	g_string_append(text, " gids");
	describe_map(text, tier->gids);
	return g_string_free(text, FALSE);
}

/* The tiers are exactly these; the list ends with NULL. */
static void assert_tiers(Fixture *fixture, ...) G_GNUC_NULL_TERMINATED;

static void assert_tiers(Fixture *fixture, ...)
{
	g_autoptr(GError) error = NULL;
	const char *expected;
	guint n = 0;
	va_list args;

	g_assert_true(idmap_plan_for(&fixture->caller, fixture->spec, fixture->tiers, &error));
	g_assert_no_error(error);
	va_start(args, fixture);
	while ((expected = va_arg(args, const char *))) {
		g_autofree char *got = NULL;

		if (n < fixture->tiers->len)
			got = describe(g_ptr_array_index(fixture->tiers, n));
		g_assert_cmpstr(got, ==, expected);
		n++;
	}
	va_end(args);
	g_assert_cmpuint(fixture->tiers->len, ==, n);
}

static void assert_refused(Fixture *fixture, const char *part)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(idmap_plan_for(&fixture->caller, fixture->spec, fixture->tiers, &error));
	g_assert_nonnull(error);
	if (error && !strstr(error->message, part))
		g_assert_cmpstr(error->message, ==, part);
}

static void test_auto(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:100000:65536\n", "alice:200000:65536\n");

	with_shim(fixture);
	assert_tiers(fixture, "shadow uids 0:1000:1 1:100000:65536 gids 0:100:1 1:200000:65536",
		     "shim uids 0:1000:1 1:100000:65536 gids 0:100:1 1:200000:65536",
		     "single uids 0:1000:1 gids 0:100:1", NULL);
}

static void test_auto_all_ranges(void)
{
	g_autoptr(Fixture) fixture =
		fixture_new("alice:5000:10\nalice:990:20\n1000:300:5\n", "alice:1:1\n");

	assert_tiers(fixture,
		     "shadow uids 0:1000:1 1:5000:10 11:990:10 21:1001:9 30:300:5 "
		     "gids 0:100:1 1:1:1",
		     "single uids 0:1000:1 gids 0:100:1", NULL);
}

static void test_auto_without_ranges(void)
{
	g_autoptr(Fixture) none = fixture_new("", "");
	g_autoptr(Fixture) uids = fixture_new("alice:100000:65536\n", "");
	g_autoptr(Fixture) gids = fixture_new("", "alice:100000:65536\n");

	assert_tiers(none, "single uids 0:1000:1 gids 0:100:1", NULL);
	assert_tiers(uids, "single uids 0:1000:1 gids 0:100:1", NULL);
	assert_tiers(gids, "single uids 0:1000:1 gids 0:100:1", NULL);
}

static void test_auto_without_programs(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:100000:5\n", "alice:100000:5\n");

	without_shadow(fixture);
	assert_tiers(fixture, "single uids 0:1000:1 gids 0:100:1", NULL);
}

static void test_auto_shim_alone(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:100000:5\n", "alice:100000:5\n");

	without_shadow(fixture);
	with_shim(fixture);
	assert_tiers(fixture, "shim uids 0:1000:1 1:100000:5 gids 0:100:1 1:100000:5",
		     "single uids 0:1000:1 gids 0:100:1", NULL);
}

/* The two tiers share their maps: a half written one may be completed by the other's program. */
static void test_shared_maps(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:100000:5\n", "alice:100000:5\n");
	const IdmapTier *shadow, *shim, *single;

	with_shim(fixture);
	g_assert_true(idmap_plan_for(&fixture->caller, fixture->spec, fixture->tiers, NULL));
	shadow = g_ptr_array_index(fixture->tiers, 0);
	shim = g_ptr_array_index(fixture->tiers, 1);
	single = g_ptr_array_index(fixture->tiers, 2);
	g_assert_true(shadow->uids == shim->uids && shadow->gids == shim->gids);
	g_assert_true(shadow->uids != single->uids && shadow->gids != single->gids);
}

static void test_auto_many_ranges(void)
{
	g_autoptr(Fixture) fixture = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	const IdmapTier *tier;
	size_t length = 0;

	for (guint i = 0; i < 300; i++)
		g_string_append_printf(text, "alice:%u:1\n", 4000000000U + 2 * i);
	fixture = fixture_new(text->str, text->str);
	fixture->spec->rlc.userns = USERNS_KEEP_ID;
	g_assert_true(idmap_plan_for(&fixture->caller, fixture->spec, fixture->tiers, NULL));
	tier = g_ptr_array_index(fixture->tiers, 0);
	g_assert_true(idmap_covers_owner(tier, 1000, 100));
	for (guint i = 0; i < tier->uids->len; i++) {
		const SpecIdMap *line = &g_array_index(tier->uids, SpecIdMap, i);
		g_autofree char *written =
			g_strdup_printf("%u %u %u\n", line->inside, line->outside, line->count);

		length += strlen(written);
	}
	g_assert_cmpuint(tier->uids->len, >, 100);
	g_assert_cmpuint(length, <, 4096);
}

static void test_keep_id(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:100000:65536\n", "alice:100000:65536\n");

	fixture->spec->rlc.userns = USERNS_KEEP_ID;
	assert_tiers(fixture,
		     "shadow uids 0:100000:1000 1000:1000:1 1001:101000:64536 "
		     "gids 0:100000:100 100:100:1 101:100100:65436",
		     "single uids 1000:1000:1 gids 100:100:1", NULL);
}

static void test_keep_id_short_ranges(void)
{
	g_autoptr(Fixture) fixture = fixture_new(
		"alice:100000:600\nalice:200000:400\nalice:300000:5\n", "alice:100000:50\n");

	fixture->spec->rlc.userns = USERNS_KEEP_ID;
	assert_tiers(fixture,
		     "shadow uids 0:100000:600 600:200000:400 1000:1000:1 1001:300000:5 "
		     "gids 0:100000:50 100:100:1",
		     "single uids 1000:1000:1 gids 100:100:1", NULL);
}

static void test_host_refused(void)
{
	g_autoptr(Fixture) fixture = fixture_new("", "");

	fixture->spec->rlc.userns = USERNS_HOST;
	assert_refused(fixture, "only root");
}

static void test_root(void)
{
	static const SpecUserns modes[] = {USERNS_DEFAULT, USERNS_HOST, USERNS_KEEP_ID};

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autoptr(Fixture) fixture = fixture_new("", "");

		fixture->caller.uid = 0;
		fixture->caller.gid = 0;
		fixture->spec->rlc.userns = modes[i];
		assert_tiers(fixture, "none uids gids", NULL);
	}
}

static void test_root_auto(void)
{
	g_autoptr(Fixture) fixture =
		fixture_new("alice:100000:200\nalice:500000:70000\n", "alice:600000:65536\n");

	fixture->caller.uid = 0;
	fixture->caller.gid = 0;
	fixture->caller.pool_count = 65536;
	fixture->spec->rlc.userns = USERNS_AUTO;
	assert_tiers(fixture, "direct uids 0:500000:65536 gids 0:600000:65536", NULL);
	fixture->caller.pool_count = 65537;
	assert_refused(fixture, "gids: so many in a row are not left");
}

static void add_span(GArray *spans, uint32_t outside, uint32_t count)
{
	SpecIdMap span = {0, outside, count};

	g_array_append_val(spans, span);
}

/* Where the next of size 100 goes in 1000-1999 and 5000-5149 when these are taken; 0: nowhere. */
static uint32_t choose(const uint32_t (*taken)[2], size_t n)
{
	g_autoptr(GArray) pool = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	g_autoptr(GPtrArray) tiers = NULL;
	Plan plan = {.idmap = {.pool_uids = pool, .pool_gids = pool, .pool_count = 100}};
	const IdmapTier *tier;

	add_span(pool, 1000, 1000);
	add_span(pool, 5000, 150);
	for (size_t i = 0; i < n; i++)
		add_span(spans, taken[i][0], taken[i][1]);
	tiers = idmap_choose(&plan, spans, spans, NULL);
	if (!tiers)
		return 0;
	tier = g_ptr_array_index(tiers, 0);
	g_assert_cmpuint(g_array_index(tier->gids, SpecIdMap, 0).count, ==, 100);
	return g_array_index(tier->uids, SpecIdMap, 0).outside;
}

static void test_choose(void)
{
	static const uint32_t first[][2] = {{1000, 100}}, hole[][2] = {{1100, 100}, {1000, 50}},
			      unsorted[][2] = {{1500, 500}, {1200, 250}, {1000, 150}},
			      last[][2] = {{1000, 1000}}, odd[][2] = {{950, 1049}, {5001, 10}},
			      full[][2] = {{1000, 1000}, {5020, 50}};

	g_assert_cmpuint(choose(NULL, 0), ==, 1000);
	g_assert_cmpuint(choose(first, 1), ==, 1100);
	g_assert_cmpuint(choose(hole, 2), ==, 1200);
	g_assert_cmpuint(choose(unsorted, 3), ==, 5000);
	g_assert_cmpuint(choose(last, 1), ==, 5000);
	g_assert_cmpuint(choose(odd, 2), ==, 5011);
	g_assert_cmpuint(choose(full, 2), ==, 0);
}

static void test_root_map(void)
{
	g_autoptr(Fixture) fixture = fixture_new("", "");

	fixture->caller.uid = 0;
	fixture->caller.gid = 0;
	ask_map(fixture, false, 0, 500000, 65536);
	assert_tiers(fixture, "direct uids 0:500000:65536 gids 0:500000:65536", NULL);
}

static void test_map(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:100000:100\nalice:100100:100\n",
						 "alice:100000:100\nalice:100100:100\n");

	with_shim(fixture);
	ask_map(fixture, false, 0, 100050, 100);
	ask_map(fixture, false, 500, 1000, 1);
	ask_map(fixture, true, 7, 100, 1);
	assert_tiers(fixture, "shadow uids 0:100050:100 500:1000:1 gids 7:100:1",
		     "shim uids 0:100050:100 500:1000:1 gids 7:100:1", NULL);
}

static void test_map_own_id(void)
{
	g_autoptr(Fixture) fixture = fixture_new("", "");

	without_shadow(fixture);
	ask_map(fixture, false, 5, 1000, 1);
	ask_map(fixture, true, 6, 100, 1);
	assert_tiers(fixture, "single uids 5:1000:1 gids 6:100:1", NULL);
}

static void test_map_gids_alone(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:9:9\n", "alice:9:9\n");

	ask_map(fixture, true, 0, 9, 9);
	assert_tiers(fixture, "shadow uids 0:9:9 gids 0:9:9", NULL);
}

static void test_map_not_granted(void)
{
	static const SpecIdMap bad[] = {
		{0, 100000, 101}, {0, 99999, 2}, {0, 0, 1},	 {0, 1001, 1},
		{0, 1000, 2},	  {0, 999, 2},	 {0, 100100, 1}, {0, 4294967294, 1},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(Fixture) fixture =
			fixture_new("alice:100000:100\n", "alice:100000:100\n");

		ask_map(fixture, false, bad[i].inside, bad[i].outside, bad[i].count);
		assert_refused(fixture, "RLC-U07");
	}
}

/* The gid map is a copy of the uid map; the caller's own gid differs from his uid. */
static void test_map_own_uid_is_no_gid(void)
{
	g_autoptr(Fixture) fixture = fixture_new("", "");

	ask_map(fixture, false, 0, 1000, 1);
	assert_refused(fixture, "map gid 0→1000×1: not granted");
}

static void test_map_malformed(void)
{
	static const struct {
		SpecIdMap first, second;
		const char *part;
	} bad[] = {
		{{0, 5, 0}, {1, 1, 1}, "empty"},
		{{4294967295, 5, 1}, {1, 1, 1}, "last id"},
		{{0, 4294967295, 1}, {1, 1, 1}, "last id"},
		{{0, 1, 4294967295}, {1, 1, 1}, "last id"},
		{{4294967290, 5, 6}, {1, 1, 1}, "last id"},
		{{0, 5, 10}, {9, 100, 1}, "overlaps"},
		{{0, 5, 10}, {10, 14, 1}, "overlaps"},
		{{0, 5, 10}, {10, 0, 100}, "overlaps"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(Fixture) fixture = fixture_new("", "");
		const SpecIdMap *a = &bad[i].first, *b = &bad[i].second;

		fixture->caller.uid = 0;
		ask_map(fixture, false, a->inside, a->outside, a->count);
		ask_map(fixture, false, b->inside, b->outside, b->count);
		assert_refused(fixture, bad[i].part);
	}
}

static void test_map_too_long(void)
{
	g_autoptr(Fixture) lines = fixture_new("", ""), bytes = fixture_new("", "");

	lines->caller.uid = bytes->caller.uid = 0;
	for (uint32_t i = 0; i < 341; i++)
		ask_map(lines, false, i, i, 1);
	assert_refused(lines, "340 lines");
	for (uint32_t i = 0; i < 300; i++)
		ask_map(bytes, false, 4000000000U + i, 4000000000U + i, 1);
	assert_refused(bytes, "4096 bytes");
}

static void test_map_without_programs(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:9:9\n", "alice:9:9\n");

	without_shadow(fixture);
	ask_map(fixture, false, 0, 9, 9);
	assert_refused(fixture, "RLC-U05");
}

static void test_map_missing(void)
{
	g_autoptr(Fixture) user = fixture_new("alice:100000:65536\n", "alice:100000:65536\n");
	g_autoptr(Fixture) root = fixture_new("", "");

	user->spec->rlc.userns = USERNS_MAP;
	user->spec->process.user.uid = 5;
	user->spec->process.user.gid = 6;
	assert_tiers(user,
		     "shadow uids 0:100000:5 5:1000:1 6:100005:65531 "
		     "gids 0:100000:6 6:100:1 7:100006:65530",
		     "single uids 5:1000:1 gids 6:100:1", NULL);
	root->caller.uid = 0;
	root->spec->rlc.userns = USERNS_MAP;
	assert_refused(root, "no map");
}

static void test_covers_owner(void)
{
	g_autoptr(Fixture) user = fixture_new("alice:100000:10\n", "alice:200000:10\n");
	g_autoptr(Fixture) root = fixture_new("", "");
	const IdmapTier *tier;

	g_assert_true(idmap_plan_for(&user->caller, user->spec, user->tiers, NULL));
	tier = g_ptr_array_index(user->tiers, 0);
	g_assert_true(idmap_covers_owner(tier, 1000, 100));
	g_assert_true(idmap_covers_owner(tier, 100009, 200000));
	g_assert_false(idmap_covers_owner(tier, 100010, 200000));
	g_assert_false(idmap_covers_owner(tier, 100000, 0));
	g_assert_false(idmap_covers_owner(tier, 0, 0));

	root->caller.uid = 0;
	g_assert_true(idmap_plan_for(&root->caller, root->spec, root->tiers, NULL));
	g_assert_true(idmap_covers_owner(g_ptr_array_index(root->tiers, 0), 12345, 6789));
}

static void test_explain(void)
{
	g_autoptr(Fixture) fixture = fixture_new("alice:100000:9\n", "alice:200000:9\n");
	g_autoptr(GString) tier_1 = g_string_new(NULL), tier_3 = g_string_new(NULL);
	Plan plan = {.idmap.tiers = fixture->tiers};

	g_assert_true(idmap_plan_for(&fixture->caller, fixture->spec, fixture->tiers, NULL));
	idmap_explain(&plan, tier_1);
	g_assert_nonnull(strstr(tier_1->str, "\n'/usr/bin/newuidmap' $pid 0 1000 1 1 100000 9\n"));
	g_assert_nonnull(strstr(tier_1->str, "\n'/usr/bin/newgidmap' $pid 0 100 1 1 200000 9\n"));

	g_ptr_array_remove_index(fixture->tiers, 0);
	idmap_explain(&plan, tier_3);
	g_assert_nonnull(strstr(tier_3->str, "\necho deny >/proc/$pid/setgroups\n"
					     "printf '%s' '0 1000 1\n' >/proc/$pid/uid_map\n"
					     "printf '%s' '0 100 1\n' >/proc/$pid/gid_map\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/idmap/auto", test_auto);
	g_test_add_func("/idmap/auto/all-ranges", test_auto_all_ranges);
	g_test_add_func("/idmap/auto/without-ranges", test_auto_without_ranges);
	g_test_add_func("/idmap/auto/without-programs", test_auto_without_programs);
	g_test_add_func("/idmap/auto/shim-alone", test_auto_shim_alone);
	g_test_add_func("/idmap/auto/shared-maps", test_shared_maps);
	g_test_add_func("/idmap/auto/many-ranges", test_auto_many_ranges);
	g_test_add_func("/idmap/keep-id", test_keep_id);
	g_test_add_func("/idmap/keep-id/short-ranges", test_keep_id_short_ranges);
	g_test_add_func("/idmap/host-refused", test_host_refused);
	g_test_add_func("/idmap/root", test_root);
	g_test_add_func("/idmap/root-auto", test_root_auto);
	g_test_add_func("/idmap/root-choose", test_choose);
	g_test_add_func("/idmap/root/map", test_root_map);
	g_test_add_func("/idmap/map", test_map);
	g_test_add_func("/idmap/map/own-id", test_map_own_id);
	g_test_add_func("/idmap/map/gids-alone", test_map_gids_alone);
	g_test_add_func("/idmap/map/not-granted", test_map_not_granted);
	g_test_add_func("/idmap/map/own-uid-is-no-gid", test_map_own_uid_is_no_gid);
	g_test_add_func("/idmap/map/malformed", test_map_malformed);
	g_test_add_func("/idmap/map/too-long", test_map_too_long);
	g_test_add_func("/idmap/map/without-programs", test_map_without_programs);
	g_test_add_func("/idmap/map/missing", test_map_missing);
	g_test_add_func("/idmap/covers-owner", test_covers_owner);
	g_test_add_func("/idmap/explain", test_explain);
	return g_test_run();
}

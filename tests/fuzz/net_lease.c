/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container's record of its lease, in the first line; then names on the bridge, each with what
 * its link says in the line behind it.
 */
#include "feature/net_lease.h"

#include "base/fd.h"
#include "fuzz.h"
#include "kernel/tree.h"

static void put_link(int dir, const char *name, const char *target)
{
	if (*target && *name && !strchr(name, '/'))
		(void)!symlinkat(target, dir, name); /* or it is too long, or there already */
}

static void read_record(int dir)
{
	g_autoptr(GError) error = NULL;
	g_auto(NetRecord) record = {0}, again = {0};

	if (!net_record_read(dir, &record))
		return;
	g_assert_true(net_record_write(dir, &record, &error));
	g_assert_true(net_record_read(dir, &again));
	g_assert_cmpstr(again.key, ==, record.key);
	g_assert_cmpstr(again.address, ==, record.address);
	g_assert_cmpstr(again.name, ==, record.name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *root;
	static int at = -1;
	g_autofree char *text = fuzz_text(data, size), *holder = NULL;
	g_auto(GStrv) lines = g_strsplit(text, "\n", 16);
	g_autoptr(GString) hosts = g_string_new(NULL);
	g_auto(GStrv) holders = NULL;
	NetLeases leases = {.networks = -1, .lock = -1, .dir = -1, .members = -1};

	if (at < 0) {
		root = g_dir_make_tmp("lease.XXXXXX", NULL);
		g_assert_nonnull(root);
		at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	g_assert_true(net_lease_open(&leases, root, "docker0@1", true, NULL));
	if (lines[0]) {
		put_link(at, "network", lines[0]);
		read_record(at);
		for (char **line = lines + 1; *line && line[1]; line += 2) {
			put_link(leases.names, line[0], line[1]);
			put_link(leases.leases, line[0], line[1]);
		}
	}
	net_lease_hosts(leases.names, "self", hosts);
	g_assert_true(hosts->len == 0 || g_str_has_suffix(hosts->str, "\n"));
	holders = net_lease_holders(root, "docker0@1");
	if (holders[0])
		g_assert_false(net_lease_none(&leases));
	if (net_lease_take(&leases, "10.0.0.9", "id", &holder, NULL))
		net_lease_drop(&leases, "10.0.0.9", "id");
	net_lease_close(&leases);
	g_assert_true(tree_remove(at, "networks", NULL));
	net_record_remove(at);
	return 0;
}

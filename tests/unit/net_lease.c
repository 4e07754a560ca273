/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases: from the far end, never twice, to the last one; whose they are, and whose they are not.
 */
#include "feature/net_lease.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

static struct in_addr ip(const char *text)
{
	struct in_addr address;

	g_assert_cmpint(inet_pton(AF_INET, text, &address), ==, 1);
	return address;
}

static char *ip_text(struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	return g_strdup(inet_ntop(AF_INET, &address, text, sizeof text));
}

/* Choose and take until there is nothing left; how many that were. */
static unsigned take_all(NetLeaseMap *map, unsigned most)
{
	struct in_addr address;
	unsigned n = 0;

	for (; n < most && net_lease_map_choose(map, &address, NULL); n++) {
		g_assert_true(net_lease_map_holds(map, address));
		net_lease_map_take(map, address);
	}
	return n;
}

static void test_far_end(void)
{
	g_autofree NetLeaseMap *map = g_new(NetLeaseMap, 1);
	g_autofree char *first = NULL, *second = NULL;
	struct in_addr address;

	net_lease_map_init(map, ip("172.17.0.1"), 16);
	g_assert_true(net_lease_map_choose(map, &address, NULL));
	first = ip_text(address);
	g_assert_cmpstr(first, ==, "172.17.255.254");
	net_lease_map_take(map, address);
	g_assert_true(net_lease_map_choose(map, &address, NULL));
	second = ip_text(address);
	g_assert_cmpstr(second, ==, "172.17.255.253");
}

/* prefix, and how many containers it has room for beside the gateway */
static const struct {
	unsigned prefix, room;
} sizes[] = {{32, 0}, {31, 0}, {30, 1}, {29, 5}, {24, 253}, {16, 65533}, {8, 65535}, {1, 65535}};

static void test_exhausted(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	g_autofree NetLeaseMap *map = g_new(NetLeaseMap, 1);
	g_autoptr(GError) error = NULL;
	struct in_addr address;

	net_lease_map_init(map, ip("10.0.0.1"), sizes[i].prefix);
	net_lease_map_take(map, ip("10.0.0.1"));
	g_assert_cmpuint(take_all(map, NET_LEASE_WINDOW), ==, sizes[i].room);
	g_assert_false(net_lease_map_choose(map, &address, &error));
	g_assert_nonnull(strstr(error->message, "are taken"));
}

static void test_edges(void)
{
	g_autofree NetLeaseMap *map = g_new(NetLeaseMap, 1);

	net_lease_map_init(map, ip("192.0.2.9"), 29);
	g_assert_false(net_lease_map_holds(map, ip("192.0.2.8")));
	g_assert_true(net_lease_map_holds(map, ip("192.0.2.9")));
	g_assert_true(net_lease_map_holds(map, ip("192.0.2.14")));
	g_assert_false(net_lease_map_holds(map, ip("192.0.2.15")));
	g_assert_false(net_lease_map_holds(map, ip("192.0.2.16")));
	g_assert_false(net_lease_map_holds(map, ip("192.0.2.7")));
	net_lease_map_take(map, ip("198.51.100.1")); /* elsewhere: no harm */
	g_assert_cmpuint(take_all(map, 100), ==, 6);
}

/* --- on disk --- */

typedef struct {
	char *root;
	NetLeases leases;
} Disk;

static void disk_open(Disk *disk, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	disk->root = g_dir_make_tmp("rlc-lease-XXXXXX", &error);
	g_assert_no_error(error);
	net_lease_open(&disk->leases, disk->root, "docker0@1", true, &error);
	g_assert_no_error(error);
}

/* Closing leaves nothing of a bridge without leases but the lock. */
static void disk_close(Disk *disk, gconstpointer data)
{
	g_autofree char *networks = g_build_filename(disk->root, "networks", NULL);
	g_autofree char *lock = g_build_filename(networks, "lock", NULL);

	(void)data;
	net_lease_close(&disk->leases);
	g_assert_cmpint(g_unlink(lock), ==, 0);
	g_assert_cmpint(g_rmdir(networks), ==, 0);
	g_assert_cmpint(g_rmdir(disk->root), ==, 0);
	g_free(disk->root);
}

static void test_4000(Disk *disk, gconstpointer data)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree NetLeaseMap *map = g_new(NetLeaseMap, 1);
	GHashTableIter iter;
	gpointer address;

	(void)data;
	for (int i = 0; i < 4000; i++) {
		g_autofree char *id = g_strdup_printf("id%d", i), *holder = NULL;
		struct in_addr chosen;

		if (i % 40 == 0) { /* as another process, which knows what is on disk alone */
			net_lease_map_init(map, ip("172.17.0.1"), 16);
			net_lease_mark(&disk->leases, map);
		}
		g_assert_true(net_lease_map_choose(map, &chosen, NULL));
		net_lease_map_take(map, chosen);
		address = ip_text(chosen);
		g_assert_true(net_lease_take(&disk->leases, address, id, &holder, NULL));
		g_assert_true(g_hash_table_add(seen, address)); /* it was not there yet */
	}
	g_assert_false(net_lease_none(&disk->leases));
	g_hash_table_iter_init(&iter, seen);
	while (g_hash_table_iter_next(&iter, &address, NULL))
		net_lease_drop(&disk->leases, address, "id");
	g_assert_true(net_lease_none(&disk->leases));
}

static void test_holder(Disk *disk, gconstpointer data)
{
	static const char *const things[] = {"10.0.0.7", "fd00::7", "72:6c:0a:00:00:07"};
	const NetLeases *leases = &disk->leases;

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(things); i++) {
		g_autofree char *holder = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_true(net_lease_take(leases, things[i], "first", &holder, NULL));
		g_assert_false(net_lease_take(leases, things[i], "second", &holder, &error));
		g_assert_error(error, RLC_ERROR, RLC_ERROR_EXISTS);
		g_assert_cmpstr(holder, ==, "first");
		net_lease_drop(leases, things[i], "second"); /* not the second's to give back */
		g_clear_pointer(&holder, g_free);
		g_assert_false(net_lease_take(leases, things[i], "third", &holder, NULL));
		net_lease_drop(leases, things[i], "first");
		net_lease_drop(leases, things[i], "first");
		g_clear_pointer(&holder, g_free);
		g_assert_true(net_lease_take(leases, things[i], "third", &holder, NULL));
		net_lease_drop(leases, things[i], "third");
	}
}

static void test_names(Disk *disk, gconstpointer data)
{
	const NetLeases *leases = &disk->leases;
	g_autoptr(GString) hosts = g_string_new(NULL);

	(void)data;
	g_assert_true(net_lease_add_name(leases, "web", "id1", "10.0.0.7 fd00::7", NULL));
	g_assert_true(net_lease_add_name(leases, "db", "id2", "10.0.0.6", NULL));
	g_assert_true(net_lease_add_name(leases, "self", "id3", "10.0.0.5", NULL));
	g_assert_true(
		net_lease_add_name(leases, "db", "id4", "10.0.0.4", NULL)); /* id2's no more */
	net_lease_hosts(leases->names, "id3", hosts);
	g_assert_cmpstr(hosts->str, ==, "10.0.0.4\tdb\n10.0.0.7\tweb\nfd00::7\tweb\n");
	net_lease_drop_name(leases, "db", "id2"); /* not its own */
	net_lease_drop_name(leases, "web", "id1");
	g_string_truncate(hosts, 0);
	net_lease_hosts(leases->names, "id3", hosts);
	g_assert_cmpstr(hosts->str, ==, "10.0.0.4\tdb\n");
	net_lease_drop_name(leases, "db", "id4");
	net_lease_drop_name(leases, "self", "id3");
}

static void test_listen(Disk *disk, gconstpointer data)
{
	auto_fd one = net_lease_listen(&disk->leases, "id1", NULL);
	auto_fd two = net_lease_listen(&disk->leases, "id2", NULL);
	char byte;

	(void)data;
	g_assert_cmpint(one, >=, 0);
	g_assert_cmpint(two, >=, 0);
	g_assert_cmpint(read(one, &byte, 1), ==, -1);
	fd_close(&two); /* the dead do not keep anybody */
	net_lease_tell(&disk->leases);
	g_assert_cmpint(read(one, &byte, 1), ==, 1);
	net_lease_drop_listener(&disk->leases, "id1");
	net_lease_drop_listener(&disk->leases, "id2");
	net_lease_drop_listener(&disk->leases, "id2");
}

static void test_record(Disk *disk, gconstpointer data)
{
	const NetRecord written = {(char *)"docker0@1", (char *)"10.0.0.7", (char *)"-",
				   (char *)"72:6c:0a:00:00:07", (char *)"web"};
	g_auto(NetRecord) read = {0}, none = {0};
	auto_fd dir = open(disk->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)data;
	g_assert_false(net_record_read(dir, &none));
	g_assert_true(net_record_write(dir, &written, NULL));
	g_assert_true(net_record_write(dir, &written, NULL));
	g_assert_true(net_record_read(dir, &read));
	g_assert_cmpstr(read.key, ==, "docker0@1");
	g_assert_cmpstr(read.address, ==, "10.0.0.7");
	g_assert_cmpstr(read.address6, ==, "-");
	g_assert_cmpstr(read.mac, ==, "72:6c:0a:00:00:07");
	g_assert_cmpstr(read.name, ==, "web");
	net_record_remove(dir);
	net_record_remove(dir);
	g_assert_false(net_record_read(dir, &none));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/lease/far-end", test_far_end);
	g_test_add_func("/lease/edges", test_edges);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *path = g_strdup_printf("/lease/exhausted/%u", sizes[i].prefix);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_exhausted);
	}
	g_test_add("/lease/4000", Disk, NULL, disk_open, test_4000, disk_close);
	g_test_add("/lease/holder", Disk, NULL, disk_open, test_holder, disk_close);
	g_test_add("/lease/names", Disk, NULL, disk_open, test_names, disk_close);
	g_test_add("/lease/listen", Disk, NULL, disk_open, test_listen, disk_close);
	g_test_add("/lease/record", Disk, NULL, disk_open, test_record, disk_close);
	return g_test_run();
}

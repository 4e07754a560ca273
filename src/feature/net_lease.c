/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_lease.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"

#define RECORD	   "network"
#define RECORD_NEW "network.new"
#define TARGET_MAX 1024

/* --- the map --- */

static uint32_t host_bits(const NetLeaseMap *map)
{
	return map->prefix >= 32 ? 0 : ~(uint32_t)0 >> map->prefix;
}

static struct in_addr from_end(const NetLeaseMap *map, uint32_t n)
{
	uint32_t last = ntohl(map->network.s_addr) | host_bits(map);

	return (struct in_addr){.s_addr = htonl(last - n)};
}

void net_lease_map_init(NetLeaseMap *map, struct in_addr address, unsigned prefix)
{
	memset(map, 0, sizeof *map);
	map->prefix = prefix;
	map->network.s_addr = htonl(ntohl(address.s_addr) & ~host_bits(map));
}

bool net_lease_map_holds(const NetLeaseMap *map, struct in_addr address)
{
	uint32_t host = ntohl(address.s_addr) - ntohl(map->network.s_addr);

	return host > 0 && host < host_bits(map);
}

void net_lease_map_take(NetLeaseMap *map, struct in_addr address)
{
	uint32_t n = ntohl(from_end(map, 0).s_addr) - ntohl(address.s_addr);

	if (net_lease_map_holds(map, address) && n < NET_LEASE_WINDOW)
		map->taken[n / 8] |= (uint8_t)(1U << n % 8);
}

bool net_lease_map_choose(const NetLeaseMap *map, struct in_addr *ret_address, GError **error)
{
	uint32_t end = MIN(host_bits(map), NET_LEASE_WINDOW);
	char network[INET_ADDRSTRLEN];

	for (uint32_t n = 1; n < end; n++) {
		if (n % 8 == 0 && map->taken[n / 8] == 0xff)
			n += 7;
		else if (!(map->taken[n / 8] & 1U << n % 8)) {
			*ret_address = from_end(map, n);
			return true;
		}
	}
	inet_ntop(AF_INET, &map->network, network, sizeof network);
	return error_set(error, RLC_ERROR_FAILED, "find a free address in %s/%u: all %u are taken",
			 network, map->prefix, end > 0 ? end - 1 : 0);
}

/* --- the directories --- */

char *net_lease_key(const char *bridge)
{
	struct stat st = {0};

	if (stat("/proc/self/ns/net", &st) < 0)
		log_debug("network: look at /proc/self/ns/net: %s", g_strerror(errno));
	return g_strdup_printf("%s@%ju", bridge, (uintmax_t)st.st_ino);
}

static int open_dir(int at, const char *path, bool make, GError **error)
{
	auto_fd fd = -1;

	if (make && mkdirat(at, path, 0700) < 0 && errno != EEXIST) {
		error_errno(error, errno, "make '%s'", path);
		return -1;
	}
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		error_errno(error, errno, "open '%s'", path);
	return fd_steal(&fd);
}

static bool lock_networks(NetLeases *leases, const char *state_root, GError **error)
{
	g_autofree char *path = g_build_filename(state_root, "networks", NULL);

	leases->networks = open_dir(AT_FDCWD, path, true, error);
	if (leases->networks < 0)
		return false;
	leases->lock =
		openat(leases->networks, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (leases->lock < 0 || TEMP_FAILURE_RETRY(flock(leases->lock, LOCK_EX)) < 0)
		return error_errno(error, errno, "lock '%s/lock'", path);
	return true;
}

bool net_lease_open(NetLeases *leases, const char *state_root, const char *key, bool make,
		    GError **error)
{
	*leases = (NetLeases){-1, -1, -1, -1, -1, -1, -1, NULL};
	if (!lock_networks(leases, state_root, error))
		goto failed;
	leases->key = g_strdup(key);
	leases->dir = open_dir(leases->networks, key, make, error);
	if (leases->dir < 0)
		goto failed;
	leases->leases = open_dir(leases->dir, "leases", true, error);
	if (leases->leases < 0)
		goto failed;
	leases->others = open_dir(leases->dir, "others", true, error);
	if (leases->others < 0)
		goto failed;
	leases->names = open_dir(leases->dir, "names", true, error);
	if (leases->names < 0)
		goto failed;
	leases->members = open_dir(leases->dir, "members", true, error);
	if (leases->members >= 0)
		return true;
failed:
	net_lease_close(leases);
	return false;
}

/* rmdir removes nothing but what is empty, so it can be tried. */
static void remove_empty(const NetLeases *leases)
{
	if (leases->dir < 0 || unlinkat(leases->dir, "leases", AT_REMOVEDIR) < 0)
		return;
	unlinkat(leases->dir, "others", AT_REMOVEDIR);
	unlinkat(leases->dir, "names", AT_REMOVEDIR);
	unlinkat(leases->dir, "members", AT_REMOVEDIR);
	unlinkat(leases->networks, leases->key, AT_REMOVEDIR);
}

void net_lease_close(NetLeases *leases)
{
	remove_empty(leases);
	fd_close(&leases->members);
	fd_close(&leases->names);
	fd_close(&leases->others);
	fd_close(&leases->leases);
	fd_close(&leases->dir);
	fd_close(&leases->lock);
	fd_close(&leases->networks);
	g_clear_pointer(&leases->key, g_free);
}

/* The names in a directory; the descriptor stays the caller's. */
static DIR *list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;

	if (!stream && fd >= 0)
		close(fd);
	return stream;
}

static const char *next(DIR *stream)
{
	struct dirent *entry;

	do {
		entry = readdir(stream);
	} while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	return entry ? entry->d_name : NULL;
}

void net_lease_mark(const NetLeases *leases, NetLeaseMap *map)
{
	DIR *stream = list(leases->leases);
	struct in_addr address;
	const char *name;

	while (stream && (name = next(stream))) {
		if (inet_pton(AF_INET, name, &address) == 1)
			net_lease_map_take(map, address);
	}
	if (stream)
		closedir(stream);
}

bool net_lease_none(const NetLeases *leases)
{
	DIR *stream = list(leases->leases);
	bool none = !stream || !next(stream);

	if (stream)
		closedir(stream);
	return none;
}

/* Caller frees; NULL when there is no such link. */
static char *read_link(int dir, const char *name)
{
	char target[TARGET_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof target);

	return n > 0 && n < (ssize_t)sizeof target ? g_strndup(target, (size_t)n) : NULL;
}

static int directory_of(const NetLeases *leases, const char *what)
{
	struct in_addr address;

	return inet_pton(AF_INET, what, &address) == 1 ? leases->leases : leases->others;
}

bool net_lease_take(const NetLeases *leases, const char *what, const char *id, char **ret_holder,
		    GError **error)
{
	int dir = directory_of(leases, what);

	if (symlinkat(id, dir, what) == 0)
		return true;
	if (errno != EEXIST)
		return error_errno(error, errno, "take %s", what);
	*ret_holder = read_link(dir, what);
	return error_set(error, RLC_ERROR_EXISTS, "take %s: container %.12s has it", what,
			 *ret_holder ? *ret_holder : "");
}

char **net_lease_holders(const char *state_root, const char *key)
{
	g_autofree char *path = g_build_filename(state_root, "networks", key, "leases", NULL);
	auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = dir >= 0 ? list(dir) : NULL;
	GPtrArray *ids = g_ptr_array_new();
	const char *name;

	while (stream && (name = next(stream))) {
		char *id = read_link(dir, name);

		if (id)
			g_ptr_array_add(ids, id);
	}
	if (stream)
		closedir(stream);
	g_ptr_array_add(ids, NULL);
	return (char **)g_ptr_array_free(ids, FALSE);
}

/* Remove a link whose target begins with this id. */
static void drop(int dir, const char *name, const char *id)
{
	g_autofree char *target = read_link(dir, name);

	if (target && g_str_has_prefix(target, id) && unlinkat(dir, name, 0) < 0)
		log_debug("network: give '%s' back: %s", name, g_strerror(errno));
}

void net_lease_drop(const NetLeases *leases, const char *what, const char *id)
{
	drop(directory_of(leases, what), what, id);
}

bool net_lease_add_name(const NetLeases *leases, const char *name, const char *id,
			const char *addresses, GError **error)
{
	g_autofree char *target = g_strconcat(id, " ", addresses, NULL);

	unlinkat(leases->names, name, 0);
	if (symlinkat(target, leases->names, name) < 0)
		return error_errno(error, errno, "enter the name '%s'", name);
	return true;
}

void net_lease_drop_name(const NetLeases *leases, const char *name, const char *id)
{
	drop(leases->names, name, id);
}

/* sockaddr_un has room for 107 characters, which a path through /proc never needs. */
static struct sockaddr_un listener_address(const NetLeases *leases, const char *id)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s",
		   leases->members, id);
	return address;
}

int net_lease_listen(const NetLeases *leases, const char *id, GError **error)
{
	struct sockaddr_un address = listener_address(leases, id);
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		error_errno(error, errno, "listen for names on the bridge");
		return -1;
	}
	return fd_steal(&fd);
}

void net_lease_drop_listener(const NetLeases *leases, const char *id)
{
	if (unlinkat(leases->members, id, 0) < 0 && errno != ENOENT)
		log_debug("network: remove the socket of %s: %s", id, g_strerror(errno));
}

/* Whoever has a full queue will look anyway, and whoever is dead needs not. */
void net_lease_tell(const NetLeases *leases)
{
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	DIR *stream = list(leases->members);
	const char *id;

	while (fd >= 0 && stream && (id = next(stream))) {
		struct sockaddr_un address = listener_address(leases, id);

		if (sendto(fd, "", 1, 0, (struct sockaddr *)&address, sizeof address) < 0)
			log_debug("network: tell %s of names: %s", id, g_strerror(errno));
	}
	if (stream)
		closedir(stream);
}

static gint compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that the same names always give the same text. */
void net_lease_hosts(int names, const char *id, GString *hosts)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new_with_free_func(g_free);
	DIR *stream = list(names);
	const char *name;

	while (stream && (name = next(stream)))
		g_ptr_array_add(sorted, g_strdup(name));
	if (stream)
		closedir(stream);
	g_ptr_array_sort(sorted, compare);
	for (guint i = 0; i < sorted->len; i++) {
		g_autofree char *target = read_link(names, sorted->pdata[i]);
		g_auto(GStrv) words = g_strsplit(target ? target : "", " ", -1);

		if (!words[0] || strcmp(words[0], id) == 0)
			continue;
		for (char **address = words + 1; *address; address++)
			g_string_append_printf(hosts, "%s\t%s\n", *address,
					       (const char *)sorted->pdata[i]);
	}
}

/* --- the container's record --- */

bool net_record_write(int container_dir, const NetRecord *record, GError **error)
{
	g_autofree char *target = g_strdup_printf("%s %s %s %s %s", record->key, record->address,
						  record->address6, record->mac, record->name);

	unlinkat(container_dir, RECORD_NEW, 0);
	if (symlinkat(target, container_dir, RECORD_NEW) < 0 ||
	    renameat(container_dir, RECORD_NEW, container_dir, RECORD) < 0)
		return error_errno(error, errno, "record the lease of %s", record->address);
	return true;
}

bool net_record_read(int container_dir, NetRecord *ret_record)
{
	g_autofree char *target = read_link(container_dir, RECORD);
	g_auto(GStrv) words = g_strsplit(target ? target : "", " ", -1);

	if (g_strv_length(words) != 5)
		return false;
	*ret_record = (NetRecord){
		.key = g_strdup(words[0]),
		.address = g_strdup(words[1]),
		.address6 = g_strdup(words[2]),
		.mac = g_strdup(words[3]),
		.name = g_strdup(words[4]),
	};
	return true;
}

void net_record_remove(int container_dir)
{
	unlinkat(container_dir, RECORD_NEW, 0);
	if (unlinkat(container_dir, RECORD, 0) < 0 && errno != ENOENT)
		log_debug("network: remove the record of a lease: %s", g_strerror(errno));
}

void net_record_clear(NetRecord *record)
{
	g_free(record->key);
	g_free(record->address);
	g_free(record->address6);
	g_free(record->mac);
	g_free(record->name);
}

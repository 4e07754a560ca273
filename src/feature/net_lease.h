/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases: who has which address on a bridge.
 *
 *     ROOT/networks/lock                       taken for a moment by whoever takes or gives back
 *     ROOT/networks/BRIDGE@NETNS/leases/ADDRESS  link to the ID of the container that has it
 *     ROOT/networks/BRIDGE@NETNS/others/WHAT   the same for IPv6 addresses and MACs
 *     ROOT/networks/BRIDGE@NETNS/names/NAME    link to "ID ADDRESS [ADDRESS6]"
 *     ROOT/networks/BRIDGE@NETNS/members/ID    socket that its supervisor listens on: names changed
 *     ROOT/networks/BRIDGE@NETNS/made          what rlc made for a bridge of its own (net_made.h)
 *     ROOT/containers/ID/network               link to "BRIDGE@NETNS ADDRESS ADDRESS6|- MAC NAME|-"
 *
 * Theory of operation: a link is made in one step or not at all, and says whose it is, so there is
 * no half-written lease to be repaired.  A container's own record is written before its leases are
 * taken and removed after they are given back; whoever finds the record of a dead supervisor gives
 * back what it names, but nothing that belongs to another by now.  NETNS is the inode of the
 * network namespace: bridges of the same name in two of them are two.
 */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Addresses are taken from the far end of a subnet, at most this many of it. */
#define NET_LEASE_WINDOW 65536

/*
 * Which of a subnet's last addresses are taken: bit n is the broadcast address less n. A pure
 * bitmap, so that choosing can be tested without a disk.
 */
typedef struct {
	struct in_addr network; /* the bits behind the prefix are 0 */
	unsigned prefix;
	uint8_t taken[NET_LEASE_WINDOW / 8];
} NetLeaseMap;

/* An empty map of the subnet that address/prefix lies in. */
void net_lease_map_init(NetLeaseMap *map, struct in_addr address, unsigned prefix);

/* Is it an address that a container can have: in the subnet, neither its first nor its last? */
bool net_lease_map_holds(const NetLeaseMap *map, struct in_addr address);

/* Mark an address as taken; others than the window's are passed over. */
void net_lease_map_take(NetLeaseMap *map, struct in_addr address);

/* The free address nearest to the end. An error when there is none. */
bool net_lease_map_choose(const NetLeaseMap *map, struct in_addr *ret_address, GError **error);

/* The open leases of one bridge; the lock is held. */
typedef struct {
	int networks, lock;
	int dir, leases, others, names, members;
	char *key; /* BRIDGE@NETNS */
} NetLeases;

/* "BRIDGE@NETNS", of the calling process's network namespace. Caller frees. */
char *net_lease_key(const char *bridge);

/* Lock, and open the leases of a key; its directories are made if make is true. */
bool net_lease_open(NetLeases *leases, const char *state_root, const char *key, bool make,
		    GError **error);

/* Unlock and close, and remove the directories if nothing is in them. Idempotent. */
void net_lease_close(NetLeases *leases);

/* Mark in the map what is taken. */
void net_lease_mark(const NetLeases *leases, NetLeaseMap *map);

/*
 * Take an address or MAC, as text, for a container; false when another has it, whose ID is then
 * in *ret_holder (caller frees), or on an error.
 */
bool net_lease_take(const NetLeases *leases, const char *what, const char *id, char **ret_holder,
		    GError **error);

/* Give back an address or MAC, if this container has it. */
void net_lease_drop(const NetLeases *leases, const char *what, const char *id);

/* The IDs of the containers that have an address, without the lock. Caller frees; never NULL. */
char **net_lease_holders(const char *state_root, const char *key);

/* Does no container have an address on the bridge? */
bool net_lease_none(const NetLeases *leases);

/*
 * Enter or remove the name of a container.  It is one container's at a time: who entered it before
 * has another one by now (rlc rename), and is no longer found by it.
 */
bool net_lease_add_name(const NetLeases *leases, const char *name, const char *id,
			const char *addresses, GError **error);
void net_lease_drop_name(const NetLeases *leases, const char *name, const char *id);

/*
 * A datagram socket that becomes readable when names change; it has to be read empty.  Descriptor
 * of the caller's, or -1.
 */
int net_lease_listen(const NetLeases *leases, const char *id, GError **error);
void net_lease_drop_listener(const NetLeases *leases, const char *id);

/* Tell all who listen that names changed. */
void net_lease_tell(const NetLeases *leases);

/* Lines for /etc/hosts, of all names but that of the container id. names: the directory. */
void net_lease_hosts(int names, const char *id, GString *hosts);

/* What a container's record says. */
typedef struct {
	char *key, *address, *address6, *mac, *name; /* address6 and name may be "-" */
} NetRecord;

/* Write, read or remove the record in a container's state directory; false when there is none. */
bool net_record_write(int container_dir, const NetRecord *record, GError **error);
bool net_record_read(int container_dir, NetRecord *ret_record);
void net_record_remove(int container_dir);
void net_record_clear(NetRecord *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NetRecord, net_record_clear)

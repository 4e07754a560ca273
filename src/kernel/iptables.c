/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel hands the table out as iptables(8) put it in: one rule behind the other, the policies
 * among them.  Where a chain's policy stands is its "underflow"; a verdict is stored as its number,
 * less one, negated.
 */
#include "kernel/iptables.h"

#include <fcntl.h>
#include <glib.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter_ipv4/ip_tables.h>

#include "base/fd.h"

#define TABLE	  "filter"
#define TABLE_MAX (64 << 20)

/* Asking for a table would load it, so look whether it is there first. */
static bool table_exists(void)
{
	g_autofree char *tables = fd_read_file(AT_FDCWD, "/proc/net/ip_tables_names", 4096, NULL);
	g_auto(GStrv) names = g_strsplit(tables ? tables : "", "\n", -1);

	return g_strv_contains((const char *const *)names, TABLE);
}

static bool policy_is_drop(const struct ipt_get_entries *table, unsigned at)
{
	const char *rule = (const char *)table->entrytable + at;
	struct xt_standard_target target;
	struct ipt_entry entry;

	if (at > table->size || table->size - at < sizeof entry)
		return false;
	memcpy(&entry, rule, sizeof entry);
	if (table->size - at < entry.target_offset + sizeof target)
		return false;
	memcpy(&target, rule + entry.target_offset, sizeof target);
	return target.verdict == -NF_DROP - 1;
}

bool iptables_forward_drops(void)
{
	struct ipt_getinfo info = {.name = TABLE};
	socklen_t length = sizeof info;
	g_autofree struct ipt_get_entries *table = NULL;
	auto_fd fd = -1;

	if (!table_exists())
		return false;
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0 || getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) < 0 ||
	    info.size > TABLE_MAX)
		return false;
	length = (socklen_t)(sizeof *table + info.size);
	table = g_malloc0(length);
	strcpy(table->name, TABLE);
	table->size = info.size;
	return getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, table, &length) == 0 &&
	       policy_is_drop(table, info.underflow[NF_INET_FORWARD]);
}

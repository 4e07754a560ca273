/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"

#define RESOLV_CONF	"/etc/resolv.conf"
#define RESOLV_CONF_MAX 65536
#define ASK_EVERY	(2 * G_USEC_PER_SEC)

NetResolv *net_follow_read(char **ret_text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = fd_read_file(AT_FDCWD, RESOLV_CONF, RESOLV_CONF_MAX, &error);
	NetResolv *resolv = net_resolv_parse(text ? text : "");

	if (!text)
		log_debug("network: the host's resolv.conf: %s", error->message);
	if (resolv->nameservers->len == 0) /* resolv.conf(5) */
		g_ptr_array_add(resolv->nameservers, g_strdup("127.0.0.1"));
	if (ret_text)
		*ret_text = g_steal_pointer(&text);
	return resolv;
}

/* --- the net process --- */

void net_follow_ask(int control)
{
	static gint64 asked_at;
	gint64 now = g_get_monotonic_time();

	if (asked_at && now - asked_at < ASK_EVERY)
		return;
	asked_at = now;
	/* a supervisor that is busy is asked with a later query */
	if (send(control, "?", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("net: ask for the name servers: %s", g_strerror(errno));
}

bool net_follow_take(int control, NetServers *servers)
{
	NetServers come;
	ssize_t n = recv(control, &come, sizeof come, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == sizeof come && come.count <= NET_RESOLV_SERVERS_MAX)
		*servers = come;
	return n > 0;
}

/* --- the supervisor --- */

/* Has it been written or replaced since this was asked before? */
static bool resolv_changed(Container *container)
{
	struct stat st;

	if (stat(RESOLV_CONF, &st) < 0)
		return false;
	if (st.st_ino == container->resolv_seen.st_ino &&
	    st.st_dev == container->resolv_seen.st_dev &&
	    st.st_mtim.tv_sec == container->resolv_seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == container->resolv_seen.st_mtim.tv_nsec)
		return false;
	container->resolv_seen = st;
	return true;
}

bool net_follow_answer(Container *container)
{
	g_autoptr(NetResolv) resolv = NULL;
	NetServers servers;
	char question;
	ssize_t n = recv(container->net_control, &question, 1, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (!resolv_changed(container))
		return true;
	resolv = net_follow_read(NULL);
	memset(&servers, 0, sizeof servers);
	net_dns_servers(resolv->nameservers, &servers);
	if (send(container->net_control, &servers, sizeof servers, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("network: tell the name servers: %s", g_strerror(errno));
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc check: the network. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "check/check.h"
#include "check/trial.h"
#include "feature/net_nft.h"
#include "feature/net_ping.h"
#include "feature/net_resolv.h"

#define RESOLV_CONF	"/etc/resolv.conf"
#define RESOLV_CONF_MAX (1 << 20)
#define ANSWER_MS	2000

static CheckStatus probe_slirp(char **ret_text, GError **error)
{
	static const char *const command[] = {"ping", "-c", "1", "-W", "5", "10.0.2.2", NULL};
	g_autoptr(Spec) spec = trial_spec();
	g_auto(Trial) trial = {0};

	spec->rlc.network.mode = NET_SLIRP;
	if (!trial_run(spec, command, &trial, error))
		return geteuid() == 0 ? CHECK_REDUCED : CHECK_FAILED;
	if (trial.exit_code != 0) {
		error_set(error, RLC_ERROR_FAILED, "ping the gateway: %s", trial.output);
		return CHECK_REDUCED;
	}
	*ret_text = g_strdup("a container's gateway answered it");
	return CHECK_OK;
}

static CheckStatus probe_ping(char **ret_text, GError **error)
{
	g_autofree char *group = NULL;
	gint64 gid;

	net_ping_probe(&gid);
	if (gid < 0) {
		*ret_text = g_strdup("this user may ping");
		return CHECK_OK;
	}
	group = g_strdup_printf("%" G_GINT64_FORMAT, gid);
	error_errno(error, EACCES, "make a ping socket");
	hint_add(error, HINT_PING_RANGE, group);
	return CHECK_REDUCED;
}

/* The address that host's resolv.conf names first. Caller frees; NULL: none. */
static char *first_nameserver(void)
{
	auto_fd fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC);
	g_autofree char *text = fd < 0 ? NULL : fd_read_all(fd, RESOLV_CONF, RESOLV_CONF_MAX, NULL);
	g_autoptr(NetResolv) resolv = net_resolv_parse(text ? text : "");

	return resolv->nameservers->len > 0 ? g_strdup(g_ptr_array_index(resolv->nameservers, 0))
					    : NULL;
}

/* Who serves the root of all names? A question that every server has some answer to. */
static const uint8_t question[] = {0x52, 0x4c, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};

static bool ask(const struct sockaddr *address, socklen_t length, GError **error)
{
	auto_fd fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	uint8_t answer[512];

	if (fd < 0 || connect(fd, address, length) < 0 ||
	    send(fd, question, sizeof question, 0) < 0)
		return error_errno(error, errno, "send it a question");
	if (TEMP_FAILURE_RETRY(poll(&poll_fd, 1, ANSWER_MS)) <= 0)
		return error_errno(error, ETIMEDOUT, "wait for its answer");
	if (recv(fd, answer, sizeof answer, 0) < 12)
		return error_errno(error, errno ? errno : EPROTO, "read its answer");
	return true;
}

static bool ask_nameserver(const char *text, GError **error)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return ask((struct sockaddr *)&v4, sizeof v4, error);
	/* with a scope it is the net process's business, and here of no use */
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		return ask((struct sockaddr *)&v6, sizeof v6, error);
	return true;
}

static CheckStatus probe_names(char **ret_text, GError **error)
{
	g_autofree char *nameserver = first_nameserver();

	if (!nameserver) {
		error_set(error, RLC_ERROR_NOT_FOUND, "read " RESOLV_CONF ": no nameserver");
		hint_add(error, HINT_NO_NAMESERVER, NULL);
		return CHECK_REDUCED;
	}
	if (!ask_nameserver(nameserver, error)) {
		error_prefix(error, "ask %s: ", nameserver);
		hint_add(error, HINT_NAMESERVER, nameserver);
		return CHECK_REDUCED;
	}
	*ret_text = g_strdup_printf("%s answers", nameserver);
	return CHECK_OK;
}

/* To whom is of no matter: no packet is sent. */
static CheckStatus probe_route(char **ret_text, GError **error)
{
	struct sockaddr_in world = {.sin_family = AF_INET, .sin_port = htons(53)};
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "198.41.0.4", &world.sin_addr);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&world, sizeof world) == 0) {
		*ret_text = g_strdup("there is one to the world");
		return CHECK_OK;
	}
	error_errno(error, errno, "find a route to the world");
	hint_add(error, HINT_NO_ROUTE, NULL);
	return CHECK_REDUCED;
}

static CheckStatus probe_ipv6(char **ret_text, GError **error)
{
	auto_fd fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || access("/proc/sys/net/ipv6", F_OK) < 0) {
		error_errno(error, errno, "make a socket of IPv6");
		hint_add(error, HINT_NO_IPV6, NULL);
		return CHECK_REDUCED;
	}
	*ret_text = g_strdup("the kernel has it");
	return CHECK_OK;
}

/* Ports that web servers and the like have. */
static CheckStatus probe_low_ports(char **ret_text, GError **error)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ||
	    errno != EACCES) {
		*ret_text = g_strdup("port 80 may be published");
		return CHECK_OK;
	}
	error_errno(error, EACCES, "bind port 80");
	hint_add(error, HINT_PORT_PRIVILEGED, "80");
	return CHECK_REDUCED;
}

static CheckStatus probe_bridge(char **ret_text, GError **error)
{
	static const char *const command[] = {"true", NULL};
	g_autoptr(Spec) spec = NULL;
	g_auto(Trial) trial = {0};

	if (check_no_concern(ret_text))
		return CHECK_OK;
	spec = trial_spec();
	spec->rlc.network.mode = NET_BRIDGE;
	if (!trial_run(spec, command, &trial, error))
		return CHECK_FAILED;
	if (strstr(trial.messages, " [RLC-")) {
		g_set_error_literal(error, RLC_ERROR, RLC_ERROR_UNSUPPORTED, trial.messages);
		return CHECK_REDUCED;
	}
	*ret_text = g_strdup("a container was on one");
	return CHECK_OK;
}

const CheckProbe check_network_probes[] = {
	{"user-network", "container", "--network slirp, an ordinary user's default, fails",
	 probe_slirp},
	{"bridge", "container", "--network bridge, root's default, fails", probe_bridge},
	{"low-ports", NULL, "-p with a port of the host below the limit fails", probe_low_ports},
	{"ping", NULL, "containers with --network slirp ping no more than their gateway",
	 probe_ping},
	{"route", NULL, "containers reach nothing but this host's networks", probe_route},
	{"names", NULL, "containers cannot resolve names", probe_names},
	{"ipv6", NULL, "containers have no IPv6", probe_ipv6},
	{0},
};

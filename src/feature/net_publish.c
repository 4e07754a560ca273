/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_publish.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/net_peer.h"

#define PORT_MAX 65535

/* Each is a socket of the net process, or two rules. */
#define PUBLISH_MAX 2048

#define RECORD_MAX (1 << 20)

/* How often a free port is drawn that is free for both IPv4 and IPv6. */
#define DRAWS_MAX 32

/* --- -p --- */

static bool parse_port(const char *text, uint16_t *ret_port)
{
	guint64 port;

	if (!g_ascii_string_to_unsigned(text, 10, 0, PORT_MAX, &port, NULL))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* PORT or FIRST-LAST */
static bool parse_range(const char *text, uint16_t *ret_first, uint16_t *ret_count, GError **error)
{
	g_auto(GStrv) ends = g_strsplit(text, "-", 2);
	uint16_t first, last;

	if (!ends[0] || !parse_port(ends[0], &first) || (ends[1] && !parse_port(ends[1], &last)))
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not a port, nor FIRST-LAST",
				 text);
	if (ends[1] && (first == 0 || last < first))
		return error_set(error, RLC_ERROR_USAGE, "the range '%s' is empty", text);
	*ret_count = ends[1] ? (uint16_t)(last - first + 1) : 1;
	*ret_first = first;
	return true;
}

static bool parse_address(const char *text, char **ret_address, GError **error)
{
	struct in6_addr address;
	size_t length = strlen(text);
	g_autofree char *inner = NULL;

	if (inet_pton(AF_INET, text, &address) == 1) {
		*ret_address = g_strdup(text);
		return true;
	}
	if (inet_pton(AF_INET6, text, &address) == 1)
		return error_set(error, RLC_ERROR_USAGE, "an IPv6 address stands in brackets: [%s]",
				 text);
	if (length > 2 && text[0] == '[' && text[length - 1] == ']')
		inner = g_strndup(text + 1, length - 2);
	if (!inner || inet_pton(AF_INET6, inner, &address) != 1)
		return error_set(error, RLC_ERROR_USAGE,
				 "'%s' is not an IPv4 address, nor an IPv6 address in brackets",
				 text);
	*ret_address = g_steal_pointer(&inner);
	return true;
}

/* Cut "/tcp" or "/udp" off. */
static bool parse_protocol(char *text, int *ret_protocol, GError **error)
{
	char *slash = strrchr(text, '/');

	*ret_protocol = IPPROTO_TCP;
	if (!slash)
		return true;
	*slash++ = '\0';
	if (strcmp(slash, "udp") == 0)
		*ret_protocol = IPPROTO_UDP;
	else if (strcmp(slash, "tcp") != 0)
		return error_set(error, RLC_ERROR_USAGE, "protocol '%s' is neither tcp nor udp",
				 slash);
	return true;
}

/* The last ':' that is not part of an address in brackets */
static char *last_colon(char *text)
{
	char *bracket = strrchr(text, ']');

	return strrchr(bracket ? bracket : text, ':');
}

/* [ADDRESS:][HOSTPORT] */
static bool parse_host(char *text, SpecPublish *publish, GError **error)
{
	char *colon = last_colon(text);

	if (!colon && *text == '[')
		return error_set(error, RLC_ERROR_USAGE,
				 "after '%s' comes ':', even without a port", text);
	if (colon) {
		*colon = '\0';
		if (!parse_address(text, &publish->address, error))
			return false;
		text = colon + 1;
	}
	publish->host_port = 0;
	publish->host_count = publish->count;
	if (!*text)
		return true;
	return parse_range(text, &publish->host_port, &publish->host_count, error);
}

static bool check_counts(const SpecPublish *publish, GError **error)
{
	if (publish->port == 0)
		return error_set(error, RLC_ERROR_USAGE, "the container has no port 0");
	if (publish->host_port == 0 && publish->host_count == 1)
		return true; /* any that is free, for each */
	if (publish->host_count != publish->count && publish->count != 1)
		return error_set(error, RLC_ERROR_USAGE,
				 "the ranges differ: %u ports of the host, %u of the container",
				 publish->host_count, publish->count);
	return true;
}

bool net_publish_parse(const char *text, SpecPublish *ret_publish, GError **error)
{
	g_autofree char *copy = g_strdup(text);
	char *colon, *port = copy, *host = copy + strlen(copy);
	SpecPublish publish = {0};

	if (!parse_protocol(copy, &publish.protocol, error))
		return false;
	colon = last_colon(copy);
	if (colon) {
		*colon = '\0';
		host = copy;
		port = colon + 1;
	}
	if (!parse_range(port, &publish.port, &publish.count, error))
		return false;
	if (!parse_host(host, &publish, error) || !check_counts(&publish, error)) {
		g_free(publish.address);
		return false;
	}
	*ret_publish = publish;
	return true;
}

/* --- the host's side of a port --- */

socklen_t net_publish_sockaddr(const PublishPlan *publish, struct sockaddr_storage *ret_address)
{
	NetAddress host;

	memcpy(&host, &publish->host, sizeof host);
	return net_peer_write(publish->family, &host, publish->host_port, ret_address);
}

char *net_publish_host_text(const PublishPlan *publish)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(publish->family, &publish->host, text, sizeof text);
	return g_strdup_printf(publish->family == AF_INET ? "%s:%u" : "[%s]:%u", text,
			       publish->host_port);
}

const char *net_publish_protocol(const PublishPlan *publish)
{
	return publish->protocol == IPPROTO_UDP ? "udp" : "tcp";
}

bool net_publish_refused(const PublishPlan *publish, int errno_value, GError **error)
{
	g_autofree char *host = net_publish_host_text(publish);
	g_autofree char *port = g_strdup_printf("%u", publish->host_port);
	char address[INET6_ADDRSTRLEN];

	error_errno(error, errno_value, "publish port %u/%s on %s", publish->port,
		    net_publish_protocol(publish), host);
	switch (errno_value) {
	case EADDRINUSE:
		return hint_add(error, HINT_PORT_TAKEN, port);
	case EACCES:
		return hint_add(error, HINT_PORT_PRIVILEGED, port);
	case EADDRNOTAVAIL:
		inet_ntop(publish->family, &publish->host, address, sizeof address);
		return hint_add(error, HINT_HOST_ADDRESS, address);
	default:
		return false;
	}
}

static bool set_option(int fd, int level, int name)
{
	static const int yes = 1;

	return setsockopt(fd, level, name, &yes, sizeof yes) == 0;
}

int net_publish_bind(const PublishPlan *publish, bool reuse, GError **error)
{
	int type = publish->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	auto_fd fd = socket(publish->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage address;
	socklen_t length = net_publish_sockaddr(publish, &address);

	if (fd < 0 || (publish->family == AF_INET6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY)) ||
	    (reuse && type == SOCK_STREAM && !set_option(fd, SOL_SOCKET, SO_REUSEADDR)) ||
	    bind(fd, (struct sockaddr *)&address, length) < 0) {
		net_publish_refused(publish, errno, error);
		return -1;
	}
	return fd_steal(&fd);
}

/* --- the plan --- */

/* Would both take the same packets? */
static bool is_same_port(const PublishPlan *a, const PublishPlan *b)
{
	static const struct in6_addr any;
	size_t size = a->family == AF_INET ? sizeof a->host.v4 : sizeof a->host.v6;

	return a->family == b->family && a->protocol == b->protocol &&
	       a->host_port == b->host_port &&
	       (memcmp(&a->host, &b->host, size) == 0 || memcmp(&a->host, &any, size) == 0 ||
		memcmp(&b->host, &any, size) == 0);
}

static bool is_planned(const GArray *planned, const PublishPlan *publish)
{
	for (guint i = 0; i < planned->len; i++) {
		if (is_same_port(&g_array_index(planned, PublishPlan, i), publish))
			return true;
	}
	return false;
}

/* Find a port for publish->host_port 0. */
static bool draw_port(PublishPlan *publish, GError **error)
{
	auto_fd fd = net_publish_bind(publish, false, error);
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	if (fd < 0)
		return false;
	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return error_errno(error, errno, "read the port drawn");
	publish->host_port =
		ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
						   : ((struct sockaddr_in6 *)&address)->sin6_port);
	return true;
}

/* The same port for each of the addresses, of which there are one or two. */
typedef struct {
	PublishPlan entries[2];
	guint count;
} PublishGroup;

/* A host that has IPv6 switched off publishes all addresses over IPv4 alone. */
static bool is_without_ipv6(const PublishPlan *publish, const GError *error)
{
	return publish->family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&publish->host.v6) &&
	       (error_is_errno(error, EAFNOSUPPORT) || error_is_errno(error, EADDRNOTAVAIL));
}

/* Has one of these lines of net_publish_record() this port of the host's, on whatever address? */
static bool is_recorded(const char *record, const PublishPlan *publish)
{
	g_auto(GStrv) lines = g_strsplit(record, "\n", -1);
	g_autofree char *end = g_strdup_printf(":%u", publish->host_port);
	g_autofree char *middle = g_strdup_printf("/%s ", net_publish_protocol(publish));

	for (char **line = lines; *line; line++) {
		if (strstr(*line, middle) && g_str_has_suffix(*line, end))
			return true;
	}
	return false;
}

/* The id of the container of this user's that publishes the port. Caller frees; NULL: none does. */
static char *find_holder(const Plan *plan, const PublishPlan *publish)
{
	g_autofree char *path = g_build_filename(plan->state_root, "containers", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *id;

	while (dir && (id = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, id, NET_PUBLISH_RECORD, NULL);
		g_autofree char *record = fd_read_file(AT_FDCWD, file, RECORD_MAX, NULL);

		if (record && is_recorded(record, publish))
			return g_strdup(id);
	}
	return NULL;
}

static bool check_entry(const Plan *plan, const PublishPlan *publish, GError **error)
{
	g_autoptr(GError) refused = NULL;
	g_autofree char *holder = NULL;
	auto_fd fd = -1;

	if (is_planned(plan->net.publish, publish))
		return error_set(error, RLC_ERROR_USAGE,
				 "publish port %u/%s: port %u of the host is published already",
				 publish->port, net_publish_protocol(publish), publish->host_port);
	fd = net_publish_bind(publish, true, &refused);
	if (fd >= 0)
		return true;
	if (error_is_errno(refused, EADDRINUSE))
		holder = find_holder(plan, publish);
	if (holder)
		error_prefix(&refused, "container %.12s has port %u of the host: ", holder,
			     publish->host_port);
	g_propagate_error(error, g_steal_pointer(&refused));
	return false;
}

/* Is this port to be had for the whole group? Leaves out IPv6 where the host has none. */
static bool check_group(const Plan *plan, PublishGroup *group, uint16_t port, GError **error)
{
	for (guint i = 0; i < group->count; i++) {
		g_autoptr(GError) refused = NULL;

		group->entries[i].host_port = port;
		if (check_entry(plan, &group->entries[i], &refused))
			continue;
		if (group->count == 2 && is_without_ipv6(&group->entries[i], refused)) {
			log_debug("publish: %s; IPv4 alone", refused->message);
			group->count = 1;
			continue;
		}
		g_propagate_error(error, g_steal_pointer(&refused));
		return false;
	}
	return true;
}

static bool draw_group(const Plan *plan, PublishGroup *group, GError **error)
{
	for (int i = 1;; i++) {
		g_autoptr(GError) refused = NULL;

		group->entries[0].host_port = 0;
		if (!draw_port(&group->entries[0], error))
			return false;
		if (check_group(plan, group, group->entries[0].host_port, &refused))
			return true;
		if (i < DRAWS_MAX)
			continue;
		g_propagate_error(error, g_steal_pointer(&refused));
		return false;
	}
}

/* The first of first … first + count - 1 that is free */
static bool choose_group(const Plan *plan, PublishGroup *group, unsigned first, unsigned count,
			 GError **error)
{
	for (unsigned i = 0;; i++) {
		g_autoptr(GError) refused = NULL;

		if (check_group(plan, group, (uint16_t)(first + i), &refused))
			return true;
		if (i + 1 < count && (error_is_errno(refused, EADDRINUSE) ||
				      g_error_matches(refused, RLC_ERROR, RLC_ERROR_USAGE)))
			continue;
		g_propagate_error(error, g_steal_pointer(&refused));
		return false;
	}
}

static void group_add(PublishGroup *group, int family, const SpecPublish *spec, unsigned offset)
{
	PublishPlan *entry = &group->entries[group->count++];

	*entry = (PublishPlan){
		.family = family,
		.port = (uint16_t)(spec->port + offset),
		.protocol = spec->protocol,
	};
	if (spec->address)
		inet_pton(family, spec->address, &entry->host);
}

static bool group_fill(PublishGroup *group, const SpecPublish *spec, unsigned offset, bool ipv6,
		       GError **error)
{
	bool is6 = spec->address && strchr(spec->address, ':');

	if (is6 && !ipv6)
		return error_set(error, RLC_ERROR_USAGE,
				 "publish on [%s]: the container has no IPv6", spec->address);
	group->count = 0;
	if (!is6)
		group_add(group, AF_INET, spec, offset);
	if (is6 || (!spec->address && ipv6))
		group_add(group, AF_INET6, spec, offset);
	return true;
}

static bool plan_port(Plan *plan, const SpecPublish *spec, unsigned offset, GError **error)
{
	GArray *planned = plan->net.publish;
	PublishGroup group;
	bool ok;

	/* on a bridge, IPv6 of the host is served whatever the container has: net_forward.h */
	bool ipv6 = plan->net.ipv6 || plan->net.mode == NET_BRIDGE;

	if (!group_fill(&group, spec, offset, ipv6, error))
		return false;
	if (spec->host_port == 0)
		ok = draw_group(plan, &group, error);
	else if (spec->host_count != spec->count)
		ok = choose_group(plan, &group, spec->host_port, spec->host_count, error);
	else
		ok = check_group(plan, &group, (uint16_t)(spec->host_port + offset), error);
	if (!ok)
		return false;
	if (planned->len + group.count > PUBLISH_MAX)
		return error_set(error, RLC_ERROR_USAGE, "use --publish: more than %d ports",
				 PUBLISH_MAX);
	g_array_append_vals(planned, group.entries, group.count);
	return true;
}

bool net_publish_plan(const Spec *spec, Plan *plan, GError **error)
{
	const GArray *asked = spec->rlc.network.publish;

	if (asked->len == 0)
		return true;
	if (plan->net.mode == NET_HOST)
		return error_set(error, RLC_ERROR_USAGE,
				 "use --publish: with --network host the container's ports are the "
				 "host's already");
	if (plan->net.mode == NET_JOIN)
		return error_set(error, RLC_ERROR_USAGE,
				 "use --publish: the network is another's, which publishes its "
				 "ports itself");
	if (plan->net.mode == NET_NONE)
		return error_set(
			error, RLC_ERROR_USAGE,
			"use --publish: with --network none there is no network to publish ports "
			"of");
	plan->net.publish = g_array_new(FALSE, FALSE, sizeof(PublishPlan));
	for (guint i = 0; i < asked->len; i++) {
		const SpecPublish *publish = &g_array_index(asked, SpecPublish, i);

		for (unsigned offset = 0; offset < publish->count; offset++) {
			if (!plan_port(plan, publish, offset, error))
				return false;
		}
	}
	return true;
}

bool net_publish_wants_diag(const NetPlan *plan)
{
	for (guint i = 0; plan->publish && i < plan->publish->len; i++) {
		const PublishPlan *publish = &g_array_index(plan->publish, PublishPlan, i);

		if (publish->family == AF_INET6 && publish->protocol == IPPROTO_TCP)
			return plan->mode == NET_SLIRP;
	}
	return false;
}

/* --- what is said of it --- */

char *net_publish_record(const Plan *plan)
{
	GString *text = g_string_new(NULL);
	const GArray *all = plan->net.publish;

	for (guint i = 0; all && i < all->len; i++) {
		const PublishPlan *publish = &g_array_index(all, PublishPlan, i);
		g_autofree char *host = net_publish_host_text(publish);

		g_string_append_printf(text, "%u/%s %s\n", publish->port,
				       net_publish_protocol(publish), host);
	}
	return g_string_free(text, FALSE);
}

void net_publish_explain(const Plan *plan, GString *script)
{
	const GArray *all = plan->net.publish;

	if (all && plan->net.mode == NET_BRIDGE)
		g_string_append_printf(
			script,
			"# Published, through libnftables: table inet rlc-%.12s\n"
			"#   nft add rule … fib daddr type local tcp dport HOSTPORT dnat "
			"ip to ADDRESS:PORT\n",
			plan->id);
	else if (all)
		g_string_append(script,
				"# Published: libslirp's slirp_add_hostxfwd(); by hand, the "
				"API socket of slirp4netns\n");
	for (guint i = 0; all && i < all->len; i++) {
		const PublishPlan *publish = &g_array_index(all, PublishPlan, i);
		g_autofree char *host = net_publish_host_text(publish);

		g_string_append_printf(script, "# %s of the host leads to port %u/%s inside\n",
				       host, publish->port, net_publish_protocol(publish));
	}
}

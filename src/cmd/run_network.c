/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about the network and about names. */
#include "cmd/run_table.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"
#include "feature/names.h"
#include "feature/net_publish.h"
#include "feature/net_settings.h"

/* container:NAME and ns:PATH */
static bool take_join(SpecNetwork *network, bool container, const char *what, GError **error)
{
	if (!what || !*what)
		return error_set(error, RLC_ERROR_USAGE, "not of the form %s",
				 container ? "container:NAME" : "ns:PATH");
	network->mode = NET_JOIN;
	g_free(container ? network->container : network->path);
	if (container)
		network->container = g_strdup(what);
	else
		network->path = g_canonicalize_filename(what, NULL);
	return true;
}

/* The name of an interface, or nothing at all. */
static bool take_bridge(SpecNetwork *network, const char *name, GError **error)
{
	if (name && (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "/ \t\n")))
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not the name of a bridge", name);
	network->mode = NET_BRIDGE;
	g_free(network->bridge);
	network->bridge = g_strdup(name);
	return true;
}

static bool set_network(RunParse *parse, const char *value, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(value, ":", 2);
	const char *mode = parts[0] ? parts[0] : "";
	const char *rest = parts[0] && parts[1] ? parts[1] : NULL;

	parse->network_given = true;
	if (strcmp(mode, "container") == 0 || strcmp(mode, "ns") == 0)
		return take_join(&parse->spec->rlc.network, *mode == 'c', rest, error);
	if (strcmp(mode, "bridge") == 0)
		return take_bridge(&parse->spec->rlc.network, rest, error);
	if (strcmp(mode, "slirp") == 0)
		return net_settings_slirp(&parse->spec->rlc.network, rest ? rest : "", error);
	if (strcmp(mode, "none") != 0 && strcmp(mode, "host") != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "mode '%s' is not slirp, bridge, none, host, container or ns",
				 mode);
	if (rest)
		return error_set(error, RLC_ERROR_USAGE, "mode '%s' takes no options", mode);
	parse->spec->rlc.network.mode = *mode == 'n' ? NET_NONE : NET_HOST;
	if (parse->spec->rlc.network.mode == NET_HOST)
		parse->spec->linux_.namespaces &= ~(uint64_t)CLONE_NEWNET;
	return true;
}

static bool set_publish(RunParse *parse, const char *value, GError **error)
{
	SpecPublish publish;

	if (!net_publish_parse(value, &publish, error))
		return false;
	g_array_append_val(parse->spec->rlc.network.publish, publish);
	return true;
}

static bool set_publish_all(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->out->publish_all = value != NULL;
	return true;
}

static bool set_ip(RunParse *parse, const char *value, GError **error)
{
	struct in_addr address;

	if (inet_pton(AF_INET, value, &address) != 1)
		return error_set(error, RLC_ERROR_USAGE, "not an IPv4 address");
	return run_value_replace(&parse->spec->rlc.network.ip, value);
}

static bool set_ip6(RunParse *parse, const char *value, GError **error)
{
	struct in6_addr address;

	if (inet_pton(AF_INET6, value, &address) != 1)
		return error_set(error, RLC_ERROR_USAGE, "not an IPv6 address");
	return run_value_replace(&parse->spec->rlc.network.ip6, value);
}

static bool check_mac(const char *value, GError **error)
{
	size_t length = strlen(value);

	for (size_t i = 0; i < length; i++) {
		if (i % 3 == 2 ? value[i] != ':' : !g_ascii_isxdigit(value[i]))
			return error_set(error, RLC_ERROR_USAGE,
					 "column %zu: a MAC is written 02:00:00:00:00:01", i + 1);
	}
	if (length != strlen("02:00:00:00:00:01"))
		return error_set(error, RLC_ERROR_USAGE, "a MAC is written 02:00:00:00:00:01");
	if (g_ascii_xdigit_value(value[1]) & 1)
		return error_set(error, RLC_ERROR_USAGE, "it is a group's address, not a host's");
	if (strspn(value, "0:") == length)
		return error_set(error, RLC_ERROR_USAGE, "it is nobody's address");
	return true;
}

static bool set_mac(RunParse *parse, const char *value, GError **error)
{
	return check_mac(value, error) && run_value_replace(&parse->spec->rlc.network.mac, value);
}

static bool set_hostname(RunParse *parse, const char *value, GError **error)
{
	return names_check_hostname(value, error) &&
	       run_value_replace(&parse->spec->hostname, value);
}

static bool set_add_host(RunParse *parse, const char *value, GError **error)
{
	if (!names_check_host(value, NULL, NULL, error))
		return false;
	g_ptr_array_add(parse->spec->rlc.network.add_hosts, g_strdup(value));
	return true;
}

static bool set_dns(RunParse *parse, const char *value, GError **error)
{
	struct in6_addr address;

	if (inet_pton(AF_INET, value, &address) != 1 && inet_pton(AF_INET6, value, &address) != 1)
		return error_set(error, RLC_ERROR_USAGE, "not an IPv4 or IPv6 address");
	g_ptr_array_add(parse->spec->rlc.network.dns, g_strdup(value));
	return true;
}

/* A word of resolv.conf: it must not break out of its line. */
static bool add_resolv_word(GPtrArray *words, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "it is empty");
	for (const char *c = value; *c; c++) {
		if (g_ascii_isspace(*c) || g_ascii_iscntrl(*c))
			return error_set(error, RLC_ERROR_USAGE, "white space at column %d",
					 (int)(c - value) + 1);
	}
	g_ptr_array_add(words, g_strdup(value));
	return true;
}

static bool set_dns_search(RunParse *parse, const char *value, GError **error)
{
	return add_resolv_word(parse->spec->rlc.network.dns_search, value, error);
}

static bool set_dns_option(RunParse *parse, const char *value, GError **error)
{
	return add_resolv_word(parse->spec->rlc.network.dns_options, value, error);
}

static const RunOption rows[] = {
	{"network", 0, OPTION_ONCE, set_network, "MODE",
	 "slirp[:mtu=N,cidr=NET,ipv6=BOOL,host-loopback=BOOL,lane=auto|off|express], bridge[:NAME] "
	 "(root's default), "
	 "none, host, container:NAME, ns:PATH"},
	{"publish", 'p', OPTION_MANY, set_publish, "[[ADDRESS:]HOSTPORT:]PORT",
	 "lead a port of the host to one of the container; also ranges, and /udp"},
	{"publish-all", 'P', OPTION_SWITCH, set_publish_all, NULL,
	 "lead free ports of the host to those that the image names"},
	{"ip", 0, OPTION_ONCE, set_ip, "ADDRESS", "this IPv4 address on the bridge"},
	{"ip6", 0, OPTION_ONCE, set_ip6, "ADDRESS", "this IPv6 address on the bridge"},
	{"mac-address", 0, OPTION_ONCE, set_mac, "MAC", "this MAC on the bridge"},
	{"hostname", 'h', OPTION_ONCE, set_hostname, "NAME",
	 "its name for itself (default: its short id)"},
	{"add-host", 0, OPTION_MANY, set_add_host, "NAME:ADDRESS", "add a line to /etc/hosts"},
	{"dns", 0, OPTION_MANY, set_dns, "ADDRESS", "ask this server for names"},
	{"dns-search", 0, OPTION_MANY, set_dns_search, "DOMAIN",
	 "add it to the search list of /etc/resolv.conf"},
	{"dns-option", 0, OPTION_MANY, set_dns_option, "OPTION",
	 "add it to the options of /etc/resolv.conf"},
};

const RunGroup run_network_group = {"Network and names", rows, G_N_ELEMENTS(rows)};

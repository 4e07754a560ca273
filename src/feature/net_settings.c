/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_settings.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"

static bool take_mtu(SpecNetwork *network, const char *value, GError **error)
{
	guint64 mtu;

	if (!g_ascii_string_to_unsigned(value, 10, 576, 65535, &mtu, NULL))
		return error_set(error, RLC_ERROR_USAGE, "mtu '%s' is not in 576-65535", value);
	network->mtu = (uint32_t)mtu;
	return true;
}

static bool take_lane(SpecNetwork *network, const char *value, GError **error)
{
	static const char *const lanes[] = {
		[NET_LANE_AUTO] = "auto", [NET_LANE_OFF] = "off", [NET_LANE_EXPRESS] = "express"};

	for (size_t i = 0; i < G_N_ELEMENTS(lanes); i++) {
		if (strcmp(value, lanes[i]) == 0) {
			network->lane = (SpecNetLane)i;
			return true;
		}
	}
	return error_set(error, RLC_ERROR_USAGE, "lane is auto, off or express, not '%s'", value);
}

/* One "key=value" of --network slirp:…; what a cidr means is for the plan to judge. Cuts item. */
static bool take_slirp_setting(SpecNetwork *network, char *item, GError **error)
{
	char *value = strchr(item, '=');
	bool *flag = NULL;

	if (!value)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not of the form OPTION=VALUE",
				 item);
	*value++ = '\0';
	if (strcmp(item, "mtu") == 0)
		return take_mtu(network, value, error);
	if (strcmp(item, "lane") == 0)
		return take_lane(network, value, error);
	if (strcmp(item, "cidr") == 0) {
		g_free(network->cidr);
		network->cidr = g_strdup(value);
		return true;
	}
	if (strcmp(item, "ipv6") == 0)
		flag = &network->ipv6;
	else if (strcmp(item, "host-loopback") == 0)
		flag = &network->host_loopback;
	if (!flag)
		return error_set(error, RLC_ERROR_USAGE, "unknown option '%s'", item);
	if (!arguments_bool(value, flag))
		return error_set(error, RLC_ERROR_USAGE, "%s is true or false, not '%s'", item,
				 value);
	return true;
}

bool net_settings_slirp(SpecNetwork *network, const char *settings, GError **error)
{
	g_auto(GStrv) items = g_strsplit(settings, ",", -1);

	network->mode = NET_SLIRP;
	for (char **item = items; *item; item++) {
		if (!take_slirp_setting(network, *item, error))
			return false;
	}
	return true;
}

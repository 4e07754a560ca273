/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/record_structures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "container/record_words.h"
#include "model/spec.h"

#define NUMBERS_MAX 160 /* bytes of the longest row of numbers */

static void append_id(GString *row, const void *element)
{
	char text[NUMBERS_MAX];

	snprintf(text, sizeof text, "%" PRIu32, *(const uint32_t *)element);
	record_append_word(row, text);
}

static bool read_id(const char *text, GArray *ids)
{
	uint32_t id;

	if (sscanf(text, "%" SCNu32, &id) != 1)
		return false;
	g_array_append_val(ids, id);
	return true;
}

static void append_idmap(GString *row, const void *element)
{
	const SpecIdMap *map = element;
	char text[NUMBERS_MAX];

	snprintf(text, sizeof text, "%u %u %u", map->inside, map->outside, map->count);
	record_append_word(row, text);
}

static bool read_idmap(const char *text, GArray *maps)
{
	SpecIdMap map;

	if (sscanf(text, "%u %u %u", &map.inside, &map.outside, &map.count) != 3)
		return false;
	g_array_append_val(maps, map);
	return true;
}

static void append_rlimit(GString *row, const void *element)
{
	const SpecRlimit *limit = element;
	char text[NUMBERS_MAX];

	snprintf(text, sizeof text, "%d %" PRIu64 " %" PRIu64, limit->resource, limit->soft,
		 limit->hard);
	record_append_word(row, text);
}

static bool read_rlimit(const char *text, GArray *limits)
{
	SpecRlimit limit;

	if (sscanf(text, "%d %" SCNu64 " %" SCNu64, &limit.resource, &limit.soft, &limit.hard) != 3)
		return false;
	g_array_append_val(limits, limit);
	return true;
}

static void append_mount(GString *row, const void *element)
{
	const SpecMount *mount = element;
	g_autoptr(GString) inner = g_string_new(NULL);

	record_append_word(inner, mount->destination);
	record_append_word(inner, mount->type);
	record_append_word_or_null(inner, mount->source);
	record_append_words(inner, mount->options);
	record_append_word(row, inner->str);
}

static bool read_mount(const char *text, GArray *mounts)
{
	g_autoptr(GPtrArray) words = record_parse_words(text);
	SpecMount mount;

	if (!words || words->len < 3)
		return false;
	mount = (SpecMount){
		.destination = g_strdup(g_ptr_array_index(words, 0)),
		.type = g_strdup(g_ptr_array_index(words, 1)),
		.source = record_word_or_null(g_ptr_array_index(words, 2)),
		.options = g_ptr_array_new_with_free_func(g_free),
	};
	for (guint i = 3; i < words->len; i++)
		g_ptr_array_add(mount.options, g_strdup(g_ptr_array_index(words, i)));
	g_array_append_val(mounts, mount);
	return true;
}

static void append_publish(GString *row, const void *element)
{
	const SpecPublish *publish = element;
	g_autoptr(GString) inner = g_string_new(NULL);
	char numbers[NUMBERS_MAX];

	snprintf(numbers, sizeof numbers, "%u %u %u %u %d", publish->host_port, publish->host_count,
		 publish->port, publish->count, publish->protocol);
	record_append_word_or_null(inner, publish->address);
	record_append_word(inner, numbers);
	record_append_word(row, inner->str);
}

static bool read_publish(const char *text, GArray *ports)
{
	g_autoptr(GPtrArray) words = record_parse_words(text);
	SpecPublish publish = {0};

	if (!words || words->len != 2 ||
	    sscanf(g_ptr_array_index(words, 1), "%hu %hu %hu %hu %d", &publish.host_port,
		   &publish.host_count, &publish.port, &publish.count, &publish.protocol) != 5)
		return false;
	publish.address = record_word_or_null(g_ptr_array_index(words, 0));
	g_array_append_val(ports, publish);
	return true;
}

/* In place of no type: the device is as the host has it. */
#define DEVICE_OF_HOST '-'

static void append_device(GString *row, const void *element)
{
	const SpecDevice *device = element;
	g_autoptr(GString) inner = g_string_new(NULL);
	char numbers[NUMBERS_MAX];

	snprintf(numbers, sizeof numbers,
		 "%c %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
		 device->type ? device->type : DEVICE_OF_HOST, device->major, device->minor,
		 device->mode, device->uid, device->gid);
	record_append_word(inner, device->path);
	record_append_word_or_null(inner, device->source);
	record_append_word(inner, device->access);
	record_append_word(inner, numbers);
	record_append_word(row, inner->str);
}

static bool read_device(const char *text, GArray *devices)
{
	g_autoptr(GPtrArray) words = record_parse_words(text);
	SpecDevice device = {0};

	if (!words || words->len != 4 ||
	    sscanf(g_ptr_array_index(words, 3),
		   "%c %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &device.type,
		   &device.major, &device.minor, &device.mode, &device.uid, &device.gid) != 6)
		return false;
	if (device.type == DEVICE_OF_HOST)
		device.type = '\0';
	device.path = g_strdup(g_ptr_array_index(words, 0));
	device.source = record_word_or_null(g_ptr_array_index(words, 1));
	g_strlcpy(device.access, g_ptr_array_index(words, 2), sizeof device.access);
	g_array_append_val(devices, device);
	return true;
}

static void append_device_rule(GString *row, const void *element)
{
	const SpecDeviceRule *rule = element;
	char text[NUMBERS_MAX];

	snprintf(text, sizeof text, "%s %c %" PRId64 " %" PRId64 " %s",
		 rule->allow ? "allow" : "deny", rule->type, rule->major, rule->minor,
		 rule->access);
	record_append_word(row, text);
}

static bool read_device_rule(const char *text, GArray *rules)
{
	SpecDeviceRule rule = {.allow = g_str_has_prefix(text, "allow ")};

	if (sscanf(text, "%*s %c %" SCNd64 " %" SCNd64 " %3s", &rule.type, &rule.major, &rule.minor,
		   rule.access) < 3)
		return false;
	g_array_append_val(rules, rule);
	return true;
}

static void append_device_rate(GString *row, const void *element)
{
	const SpecDeviceRate *rate = element;
	g_autoptr(GString) inner = g_string_new(NULL);
	char numbers[NUMBERS_MAX];

	snprintf(numbers, sizeof numbers, "%" PRId64 " %" PRId64 " %" PRIu64, rate->major,
		 rate->minor, rate->rate);
	record_append_word_or_null(inner, rate->path);
	record_append_word(inner, numbers);
	record_append_word(row, inner->str);
}

static bool read_device_rate(const char *text, GArray *rates)
{
	g_autoptr(GPtrArray) words = record_parse_words(text);
	SpecDeviceRate rate = {0};

	if (!words || words->len != 2 ||
	    sscanf(g_ptr_array_index(words, 1), "%" SCNd64 " %" SCNd64 " %" SCNu64, &rate.major,
		   &rate.minor, &rate.rate) != 3)
		return false;
	rate.path = record_word_or_null(g_ptr_array_index(words, 0));
	g_array_append_val(rates, rate);
	return true;
}

static void append_hugepage_limit(GString *row, const void *element)
{
	const SpecHugepageLimit *limit = element;
	char text[NUMBERS_MAX];

	snprintf(text, sizeof text, "%" PRIu64 " %s", limit->limit, limit->page_size);
	record_append_word(row, text);
}

static bool read_hugepage_limit(const char *text, GArray *limits)
{
	SpecHugepageLimit limit = {0};

	if (sscanf(text, "%" SCNu64 " %15s", &limit.limit, limit.page_size) != 2)
		return false;
	g_array_append_val(limits, limit);
	return true;
}

const RecordStructure record_id = {append_id, read_id, sizeof(uint32_t)};
const RecordStructure record_idmap = {append_idmap, read_idmap, sizeof(SpecIdMap)};
const RecordStructure record_rlimit = {append_rlimit, read_rlimit, sizeof(SpecRlimit)};
const RecordStructure record_mount = {append_mount, read_mount, sizeof(SpecMount)};
const RecordStructure record_publish = {append_publish, read_publish, sizeof(SpecPublish)};
const RecordStructure record_device = {append_device, read_device, sizeof(SpecDevice)};
const RecordStructure record_device_rule = {append_device_rule, read_device_rule,
					    sizeof(SpecDeviceRule)};
const RecordStructure record_device_rate = {append_device_rate, read_device_rate,
					    sizeof(SpecDeviceRate)};
const RecordStructure record_hugepage_limit = {append_hugepage_limit, read_hugepage_limit,
					       sizeof(SpecHugepageLimit)};

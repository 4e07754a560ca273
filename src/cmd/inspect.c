/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>

#include "base/signals.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "container/cgroups.h"
#include "container/health.h"

/* The names are docker's wherever it has one. */

static void put_time(Json *json, const char *key, int64_t microseconds)
{
	g_autofree char *text = containers_time(microseconds);

	json_string(json, key, text);
}

static void put_result(Json *json, const HealthResult *result)
{
	json_open(json, NULL, '{');
	put_time(json, "Start", result->start);
	put_time(json, "End", result->end);
	json_number(json, "ExitCode", result->exit_code);
	json_string(json, "Output", result->output);
	json_close(json, '}');
}

static void put_health_state(Json *json, const char *root, const StateEntry *entry)
{
	g_autoptr(HealthRecord) record = health_load(root, entry->id);

	json_open(json, "Health", '{');
	json_string(json, "Status", status_health_name(entry->status.health));
	json_number(json, "FailingStreak", record->failing);
	json_open(json, "Log", '[');
	for (guint i = 0; i < record->results->len; i++)
		put_result(json, g_ptr_array_index(record->results, i));
	json_close(json, ']');
	json_close(json, '}');
}

static void put_state(Json *json, const char *root, const StateEntry *entry)
{
	const Status *status = &entry->status;
	g_autofree char *cgroup = cgroups_path(root, entry->id);

	json_open(json, "State", '{');
	json_string(json, "Status", status_name(status->state));
	json_bool(json, "Running",
		  status->state == STATUS_RUNNING || status->state == STATUS_PAUSED);
	json_bool(json, "Paused", status->state == STATUS_PAUSED);
	json_bool(json, "OOMKilled", status->oom_killed);
	json_number(json, "Pid", status->pid);
	json_number(json, "RestartCount", status->restarts);
	json_number(json, "ExitCode", status->exit_code);
	json_string(json, "Verdict", status->verdict);
	json_string(json, "CgroupPath", cgroup);
	put_time(json, "StartedAt", status->started);
	put_time(json, "FinishedAt", status->finished);
	put_health_state(json, root, entry);
	json_close(json, '}');
}

/* In an image's words */
static void put_health(Json *json, const SpecHealth *health)
{
	static const char *const first[] = {
		[HEALTH_NONE] = "NONE",
		[HEALTH_COMMAND] = "CMD",
		[HEALTH_SHELL] = "CMD-SHELL",
	};

	if (health->kind == HEALTH_UNSET)
		return;
	json_open(json, "Healthcheck", '{');
	json_open(json, "Test", '[');
	json_string(json, NULL, first[health->kind]);
	for (guint i = 0; i + 1 < health->test->len; i++)
		json_string(json, NULL, g_ptr_array_index(health->test, i));
	json_close(json, ']');
	json_number(json, "Interval", health->interval);
	json_number(json, "Timeout", health->timeout);
	json_number(json, "StartPeriod", health->start_period);
	json_number(json, "StartInterval", health->start_interval);
	json_number(json, "Retries", health->retries);
	json_close(json, '}');
}

static void put_config(Json *json, const Spec *spec)
{
	g_autofree char *stop_signal =
		signals_name(spec->rlc.stop_signal ? spec->rlc.stop_signal : SIGTERM);

	json_open(json, "Config", '{');
	json_strings(json, "Cmd", spec->process.args);
	json_strings(json, "Env", spec->process.env);
	json_string(json, "WorkingDir", spec->process.cwd);
	json_string(json, "User", spec->process.user.name);
	json_string(json, "Hostname", spec->hostname);
	json_strings(json, "Labels", spec->rlc.labels);
	json_strings(json, "Annotations", spec->annotations);
	json_bool(json, "Tty", spec->process.terminal);
	json_bool(json, "OpenStdin", spec->rlc.interactive);
	json_string(json, "StopSignal", stop_signal);
	json_number(json, "StopTimeout", spec->rlc.stop_timeout);
	put_health(json, &spec->rlc.health);
	json_close(json, '}');
}

static void put_devices(Json *json, const GArray *devices)
{
	json_open(json, "Devices", '[');
	for (guint i = 0; i < devices->len; i++) {
		const SpecDevice *device = &g_array_index(devices, SpecDevice, i);

		json_open(json, NULL, '{');
		json_string(json, "PathOnHost", device->source);
		json_string(json, "PathInContainer", device->path);
		json_string(json, "CgroupPermissions", device->access);
		json_close(json, '}');
	}
	json_close(json, ']');
}

/* 0: not asked for, -1: no limit */
static void put_limits(Json *json, const Spec *spec)
{
	const SpecResources *resources = &spec->linux_.resources;

	json_number(json, "Memory", resources->memory.limit);
	json_number(json, "MemorySwap", resources->memory.swap);
	json_number(json, "MemoryReservation", resources->memory.reservation);
	json_number(json, "CpuShares", (int64_t)resources->cpu.shares);
	json_number(json, "CpuQuota", resources->cpu.quota);
	json_number(json, "CpuPeriod", (int64_t)resources->cpu.period);
	json_string(json, "CpusetCpus", resources->cpu.cpus);
	json_string(json, "CpusetMems", resources->cpu.mems);
	json_number(json, "PidsLimit", resources->pids);
	json_number(json, "BlkioWeight", resources->block_io.weight);
	json_number(json, "OomScoreAdj", spec->process.oom_score_adj);
	json_string(json, "CgroupParent", spec->rlc.cgroup_parent);
	put_devices(json, spec->linux_.devices);
}

static void put_host_config(Json *json, const Spec *spec)
{
	static const char *const drivers[] = {
		[LOG_DRIVER_FILE] = "file",
		[LOG_DRIVER_NONE] = "none",
		[LOG_DRIVER_JOURNALD] = "journald",
	};

	json_open(json, "HostConfig", '{');
	json_string(json, "NetworkMode", containers_network(spec));
	json_bool(json, "AutoRemove", !spec->rlc.keep);
	json_bool(json, "ReadonlyRootfs", spec->root.readonly);
	json_bool(json, "Init", spec->rlc.init);
	json_number(json, "Timeout", spec->rlc.timeout);
	json_string(json, "LogDriver", spec->rlc.detach ? drivers[spec->rlc.log_driver] : "none");
	put_limits(json, spec);
	json_close(json, '}');
}

static void put_mounts(Json *json, const GArray *mounts)
{
	json_open(json, "Mounts", '[');
	for (guint i = 0; i < mounts->len; i++) {
		const SpecMount *mount = &g_array_index(mounts, SpecMount, i);

		json_open(json, NULL, '{');
		json_string(json, "Type", mount->type);
		json_string(json, "Source", mount->source);
		json_string(json, "Destination", mount->destination);
		json_strings(json, "Options", mount->options);
		json_close(json, '}');
	}
	json_close(json, ']');
}

/* Lines of "80/tcp 0.0.0.0:8080" */
static void put_ports(Json *json, const char *record)
{
	g_auto(GStrv) lines = g_strsplit(record, "\n", -1);

	json_open(json, "Ports", '[');
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 2);

		if (!words[0] || !words[1])
			continue;
		json_open(json, NULL, '{');
		json_string(json, "Container", words[0]);
		json_string(json, "Host", words[1]);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_container(Json *json, const char *root, const StateEntry *entry, const Spec *spec,
			  const char *ports)
{
	g_autofree char *image = spec_image(spec);
	g_autofree char *directory = g_build_filename(root, "containers", entry->id, NULL);

	json_string(json, "Id", entry->id);
	json_string(json, "Name", entry->name);
	put_time(json, "Created", entry->status.created);
	json_string(json, "Image", image);
	json_string(json, "Directory", directory);
	put_state(json, root, entry);
	put_config(json, spec);
	put_host_config(json, spec);
	put_mounts(json, spec->mounts);
	put_ports(json, ports);
}

static bool inspect(const char *root, const StateEntry *entry, const char *name, void *data,
		    GError **error)
{
	Listing *listing = data;
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);
	g_autofree char *ports = spec ? state_read(root, entry->id, STATE_PORTS, error) : NULL;

	(void)name;
	if (!ports)
		return false;
	put_container(listing_begin(listing), root, entry, spec, ports);
	listing_end(listing);
	return true;
}

int cmd_inspect(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "inspect",
		.arguments = "CONTAINER...",
		.summary = "Print how containers were asked for, and what became of them.",
		.min = 1,
		.max = -1,
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION_OBJECTS(format), {NULL}};
	g_autoptr(Listing) listing = NULL;
	g_autoptr(GError) error = NULL;
	int code;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	listing = listing_new(NULL, format, &error);
	if (!listing)
		return command_fail(error);
	code = containers_each(argv + 1, inspect, listing);
	return listing_print(listing, &error) ? code : command_fail(error);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/spec.h"

#include <linux/capability.h>
#include <sched.h>
#include <string.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What docker leaves to a container's root: enough for package managers and servers. */
static const int default_capabilities[] = {
	CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FSETID,	     CAP_FOWNER,
	CAP_MKNOD,   CAP_NET_RAW,      CAP_SETGID,	     CAP_SETUID,
	CAP_SETFCAP, CAP_SETPCAP,      CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
	CAP_KILL,    CAP_AUDIT_WRITE,
};

/* Files of the host's that namespaces do not cover: hidden, or kept from being written. */
static const char *const default_masked_paths[] = {
	"/proc/asound",	    "/proc/acpi",	 "/proc/interrupts",
	"/proc/kcore",	    "/proc/keys",	 "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi",	    "/sys/firmware",	 "/sys/devices/virtual/powercap",
};
static const char *const default_readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static GPtrArray *strings_new(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

static void strings_add(GPtrArray *strings, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		g_ptr_array_add(strings, g_strdup(texts[i]));
}

/* args and env go to execve(2), so a NULL always stands behind the last string. */
static GPtrArray *vector_new(void)
{
	GPtrArray *vector = strings_new();

	g_ptr_array_add(vector, NULL);
	return vector;
}

static void mount_clear(gpointer element)
{
	SpecMount *mount = element;

	g_clear_pointer(&mount->destination, g_free);
	g_clear_pointer(&mount->type, g_free);
	g_clear_pointer(&mount->source, g_free);
	g_clear_pointer(&mount->options, g_ptr_array_unref);
	g_clear_pointer(&mount->uid_mappings, g_array_unref);
	g_clear_pointer(&mount->gid_mappings, g_array_unref);
}

static void namespace_clear(gpointer element)
{
	SpecNamespace *joined = element;

	g_free(joined->path);
}

static void hook_clear(gpointer element)
{
	SpecHook *hook = element;

	g_free(hook->path);
	g_clear_pointer(&hook->args, g_ptr_array_unref);
	g_clear_pointer(&hook->env, g_ptr_array_unref);
}

static GArray *structs_new(guint size, GDestroyNotify clear)
{
	GArray *structs = g_array_new(FALSE, FALSE, size);

	g_array_set_clear_func(structs, clear);
	return structs;
}

static void process_init(SpecProcess *process)
{
	process->user.umask = 0022;
	process->user.groups = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	process->user.group_names = strings_new();
	process->args = vector_new();
	process->env = vector_new();
	process->cwd = g_strdup("/");
	process->rlimits = g_array_new(FALSE, FALSE, sizeof(SpecRlimit));
	process->io_priority = SPEC_UNSET;
}

static void device_clear(gpointer element)
{
	SpecDevice *device = element;

	g_clear_pointer(&device->path, g_free);
	g_clear_pointer(&device->source, g_free);
}

static void rate_clear(gpointer element)
{
	SpecDeviceRate *rate = element;

	g_clear_pointer(&rate->path, g_free);
}

static GArray *rates_new(void)
{
	return structs_new(sizeof(SpecDeviceRate), rate_clear);
}

void spec_resources_init(SpecResources *resources)
{
	SpecBlockIo *io = &resources->block_io;

	resources->devices = g_array_new(FALSE, FALSE, sizeof(SpecDeviceRule));
	resources->hugepage_limits = g_array_new(FALSE, FALSE, sizeof(SpecHugepageLimit));
	resources->rdma = strings_new();
	resources->network = strings_new();
	resources->unified = strings_new();
	io->weight_device = rates_new();
	io->read_bps = rates_new();
	io->write_bps = rates_new();
	io->read_iops = rates_new();
	io->write_iops = rates_new();
}

void spec_resources_clear(SpecResources *resources)
{
	SpecBlockIo *io = &resources->block_io;

	g_array_unref(resources->devices);
	g_array_unref(resources->hugepage_limits);
	g_ptr_array_unref(resources->rdma);
	g_ptr_array_unref(resources->network);
	g_ptr_array_unref(resources->unified);
	g_free(resources->cpu.cpus);
	g_free(resources->cpu.mems);
	g_array_unref(io->weight_device);
	g_array_unref(io->read_bps);
	g_array_unref(io->write_bps);
	g_array_unref(io->read_iops);
	g_array_unref(io->write_iops);
}

bool spec_has_limits(const SpecResources *resources)
{
	const SpecMemory *memory = &resources->memory;
	const SpecCpu *cpu = &resources->cpu;
	const SpecBlockIo *io = &resources->block_io;

	return memory->limit > 0 || memory->reservation > 0 || memory->swap > 0 ||
	       cpu->shares > 0 || cpu->quota > 0 || cpu->burst > 0 || cpu->cpus || cpu->mems ||
	       cpu->idle > 0 || memory->kernel_tcp > 0 || memory->swappiness_set ||
	       memory->disable_oom_killer || resources->pids > 0 || io->weight > 0 ||
	       io->weight_device->len + io->read_bps->len + io->write_bps->len +
			       io->read_iops->len + io->write_iops->len >
		       0 ||
	       resources->hugepage_limits->len + resources->rdma->len + resources->unified->len > 0;
}

static void net_device_clear(void *data)
{
	SpecNetDevice *device = data;

	g_free(device->name);
	g_free(device->inside);
}

static void linux_init(SpecLinux *linux_)
{
	linux_->uid_mappings = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	linux_->gid_mappings = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	linux_->masked_paths = strings_new();
	linux_->readonly_paths = strings_new();
	linux_->joined = structs_new(sizeof(SpecNamespace), namespace_clear);
	linux_->sysctl = strings_new();
	linux_->devices = structs_new(sizeof(SpecDevice), device_clear);
	linux_->net_devices = structs_new(sizeof(SpecNetDevice), net_device_clear);
	spec_resources_init(&linux_->resources);
	linux_->rdt.schemata = strings_new();
	linux_->personality = -1;
}

static void publish_clear(void *data)
{
	SpecPublish *publish = data;

	g_free(publish->address);
}

static void network_init(SpecNetwork *network)
{
	network->mode = NET_SLIRP;
	network->ipv6 = true;
	network->dns = strings_new();
	network->dns_search = strings_new();
	network->dns_options = strings_new();
	network->add_hosts = strings_new();
	network->publish = g_array_new(FALSE, FALSE, sizeof(SpecPublish));
	g_array_set_clear_func(network->publish, publish_clear);
}

Spec *spec_new_bare(void)
{
	Spec *spec = g_new0(Spec, 1);

	spec->root.kind = ROOT_DIRECTORY;
	process_init(&spec->process);
	spec->mounts = structs_new(sizeof(SpecMount), mount_clear);
	linux_init(&spec->linux_);
	for (size_t i = 0; i < HOOK_KINDS; i++)
		spec->hooks[i] = structs_new(sizeof(SpecHook), hook_clear);
	spec->annotations = strings_new();
	network_init(&spec->rlc.network);
	spec->rlc.labels = strings_new();
	spec->rlc.command = strings_new();
	spec->rlc.health.test = vector_new();
	return spec;
}

static void set_default_capabilities(SpecCapabilities *capabilities)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(default_capabilities); i++)
		mask |= UINT64_C(1) << default_capabilities[i];
	capabilities->bounding = mask;
	capabilities->effective = mask;
	capabilities->permitted = mask;
}

Spec *spec_new(void)
{
	Spec *spec = spec_new_bare();

	spec->root.kind = ROOT_BUILTIN;
	set_default_capabilities(&spec->process.capabilities);
	spec->process.no_new_privileges = true;
	spec_set_env(spec, DEFAULT_PATH);
	spec_set_env(spec, "container=rlc");
	spec->linux_.namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
				  CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;
	strings_add(spec->linux_.masked_paths, default_masked_paths,
		    G_N_ELEMENTS(default_masked_paths));
	strings_add(spec->linux_.readonly_paths, default_readonly_paths,
		    G_N_ELEMENTS(default_readonly_paths));
	spec->rlc.init = true;
	spec->rlc.stop_timeout = 10;
	return spec;
}

static void process_free(SpecProcess *process)
{
	g_array_unref(process->user.groups);
	g_ptr_array_unref(process->user.group_names);
	g_free(process->user.name);
	g_ptr_array_unref(process->args);
	g_ptr_array_unref(process->env);
	g_free(process->cwd);
	g_array_unref(process->rlimits);
	g_free(process->apparmor_profile);
	g_free(process->selinux_label);
	g_free(process->affinity_initial);
	g_free(process->affinity_final);
}

void spec_rdt_clear(SpecRdt *rdt)
{
	g_clear_pointer(&rdt->class, g_free);
	g_clear_pointer(&rdt->l3_cache_schema, g_free);
	g_clear_pointer(&rdt->mem_bw_schema, g_free);
	g_clear_pointer(&rdt->schemata, g_ptr_array_unref);
}

static void linux_free(SpecLinux *linux_)
{
	g_array_unref(linux_->uid_mappings);
	g_array_unref(linux_->gid_mappings);
	g_ptr_array_unref(linux_->masked_paths);
	g_ptr_array_unref(linux_->readonly_paths);
	g_free(linux_->seccomp.file);
	g_free(linux_->seccomp.profile);
	g_free(linux_->seccomp.listener_path);
	g_free(linux_->seccomp.listener_metadata);
	g_array_unref(linux_->devices);
	g_array_unref(linux_->net_devices);
	spec_resources_clear(&linux_->resources);
	spec_rdt_clear(&linux_->rdt);
	g_free(linux_->cgroups_path);
	g_array_unref(linux_->joined);
	g_ptr_array_unref(linux_->sysctl);
	g_free(linux_->mount_label);
}

void spec_selinux_clear(SpecSelinux *selinux)
{
	g_free(selinux->user);
	g_free(selinux->role);
	g_free(selinux->type);
	g_free(selinux->level);
	g_free(selinux->file_type);
	*selinux = (SpecSelinux){0};
}

static void rlc_free(SpecRlc *rlc)
{
	g_free(rlc->console_socket);
	g_free(rlc->name);
	g_free(rlc->cidfile);
	g_free(rlc->pidfile);
	g_free(rlc->image);
	g_free(rlc->image_id);
	g_free(rlc->directory);
	g_free(rlc->cgroup_parent);
	spec_selinux_clear(&rlc->selinux);
	g_free(rlc->share.pid);
	g_free(rlc->share.ipc);
	g_free(rlc->share.uts);
	g_free(rlc->network.cidr);
	g_free(rlc->network.container);
	g_free(rlc->network.path);
	g_free(rlc->network.bridge);
	g_free(rlc->network.ip);
	g_free(rlc->network.ip6);
	g_free(rlc->network.mac);
	g_ptr_array_unref(rlc->network.dns);
	g_ptr_array_unref(rlc->network.dns_search);
	g_ptr_array_unref(rlc->network.dns_options);
	g_ptr_array_unref(rlc->network.add_hosts);
	g_array_unref(rlc->network.publish);
	g_ptr_array_unref(rlc->labels);
	g_ptr_array_unref(rlc->command);
	g_ptr_array_unref(rlc->health.test);
}

void spec_free(Spec *spec)
{
	if (!spec)
		return;
	g_free(spec->root.path);
	g_clear_pointer(&spec->root.layers, g_ptr_array_unref);
	process_free(&spec->process);
	g_free(spec->hostname);
	g_free(spec->rlc.scratch);
	g_free(spec->domainname);
	g_array_unref(spec->mounts);
	linux_free(&spec->linux_);
	for (size_t i = 0; i < HOOK_KINDS; i++)
		g_array_unref(spec->hooks[i]);
	g_ptr_array_unref(spec->annotations);
	rlc_free(&spec->rlc);
	g_free(spec);
}

void spec_add_mount(Spec *spec, const char *type, const char *source, const char *destination,
		    const char *options)
{
	g_auto(GStrv) words = g_strsplit(options ? options : "", ",", -1);
	SpecMount mount = {
		.destination = g_strdup(destination),
		.type = g_strdup(type),
		.source = g_strdup(source),
		.options = strings_new(),
	};

	for (char **word = words; *word; word++) {
		if (**word)
			g_ptr_array_add(mount.options, g_strdup(*word));
	}
	g_array_append_val(spec->mounts, mount);
}

void spec_add_volume(Spec *spec, const char *destination)
{
	SpecMount mount = {
		.destination = g_strdup(destination),
		.type = g_strdup("volume"),
		.options = strings_new(),
	};

	g_array_prepend_val(spec->mounts, mount);
}

bool spec_mounts_on(const Spec *spec, const char *destination)
{
	g_autofree char *wanted = g_canonicalize_filename(destination, "/");

	for (guint i = 0; i < spec->mounts->len; i++) {
		g_autofree char *path = g_canonicalize_filename(
			g_array_index(spec->mounts, SpecMount, i).destination, "/");

		if (strcmp(path, wanted) == 0)
			return true;
	}
	return false;
}

void spec_add_arg(Spec *spec, const char *arg)
{
	g_ptr_array_insert(spec->process.args, (gint)spec->process.args->len - 1, g_strdup(arg));
}

/* Where NAME of "NAME=VALUE" stands in env, or -1. */
static int env_find(const GPtrArray *env, const char *name, size_t length)
{
	for (guint i = 0; i + 1 < env->len; i++) {
		const char *entry = g_ptr_array_index(env, i);

		if (strncmp(entry, name, length) == 0 && entry[length] == '=')
			return (int)i;
	}
	return -1;
}

void spec_set_env(Spec *spec, const char *assignment)
{
	GPtrArray *env = spec->process.env;
	int at = env_find(env, assignment, strcspn(assignment, "="));

	if (at < 0) {
		g_ptr_array_insert(env, (gint)env->len - 1, g_strdup(assignment));
		return;
	}
	g_free(g_ptr_array_index(env, at));
	g_ptr_array_index(env, at) = g_strdup(assignment);
}

const char *spec_get_env(const Spec *spec, const char *name)
{
	size_t length = strlen(name);
	int at = env_find(spec->process.env, name, length);

	return at < 0 ? NULL : (const char *)g_ptr_array_index(spec->process.env, at) + length + 1;
}

void spec_set_pair(GPtrArray *pairs, const char *pair)
{
	size_t length = strcspn(pair, "=");

	for (guint i = 0; i < pairs->len; i++) {
		const char *other = g_ptr_array_index(pairs, i);

		if (strcspn(other, "=") != length || strncmp(other, pair, length) != 0)
			continue;
		g_free(g_ptr_array_index(pairs, i));
		g_ptr_array_index(pairs, i) = g_strdup(pair);
		return;
	}
	g_ptr_array_add(pairs, g_strdup(pair));
}

char *spec_image(const Spec *spec)
{
	if (spec->rlc.image)
		return g_strdup(spec->rlc.image);
	switch (spec->root.kind) {
	case ROOT_BUILTIN:
		return g_strdup("builtin:busybox");
	case ROOT_OVERLAY:
		return g_strconcat(spec->root.path, ":O", NULL);
	default:
		return g_strdup(spec->root.path);
	}
}

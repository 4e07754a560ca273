/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: these places, tried in this order.
 *
 *     unit        …/NAME.service/rlc-ID                 in a unit with Delegate=yes, and alone
 * there direct      /sys/fs/cgroup/rlc/ID                 root of the host scope
 * …/user@UID.service/…/rlc-ID.scope/    a user with a systemd of his own ├ supervisor this process,
 * and its net process └ container delegated   OURS/rlc-ID                           where a cgroup
 * is ours already
 *
 * Processes may only be moved, or born (CLONE_INTO_CGROUP), by who may write to all that lies
 * between the old place and the new.  A user may not between his session and his systemd's units,
 * which is why the supervisor is in the scope itself; systemd put it there.  And a cgroup whose
 * children have controllers may have no processes (but the host's root), hence the two below a
 * scope.  rlc's own directory has a name that systemd would give no unit.
 *
 * The limits come last, when init has made everything: what they hold is the payload.
 */
#include "feature/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/cgroup_devices.h"
#include "feature/cgroup_limits.h"
#include "feature/cgroup_place.h"
#include "feature/cgroup_property.h"
#include "feature/cgroup_systemd.h"
#include "feature/cgroup_v1.h"
#include "kernel/cgroup.h"
#include "kernel/userns.h"

#define MADE_XATTR "user.rlc.made" /* of directories above the container's */
#define V1_MARK	   "v1:"	   /* of a record */
#define MAKE_TRIES 10		   /* while another rlc removes the parent that it saw empty */
#define RECORD_MAX (2 * PATH_MAX + NAME_MAX)

/* What `rlc stats` and `rlc update` can use */
#define CONTROLLERS_USEFUL (CGROUP_CPU | CGROUP_IO | CGROUP_MEMORY | CGROUP_PIDS)

/* --- plan --- */

/* Only the host's root may load a BPF program that guards devices. */
static bool may_guard(const Spec *spec)
{
	return geteuid() == 0 && (!spec->rlc.oci || userns_is_host());
}

/*
 * Devices that a program must guard, for their nodes alone do not.  Callers of an OCI runtime have
 * rules in every config.json; who is not root could not make a node anyway.
 */
static bool needs_device_program(const Plan *plan)
{
	for (guint i = 0; i < plan->devices->len; i++) {
		const char *access = g_array_index(plan->devices, PlanDevice, i).access;

		if (!strchr(access, 'r') || !strchr(access, 'w'))
			return true;
	}
	return plan->spec->linux_.resources.devices->len > 0 &&
	       (!plan->spec->rlc.oci || may_guard(plan->spec));
}

/* Who may mount can have nodes of all the host's devices: with the host's ids they work. */
static bool reaches_devices(const Spec *spec, const Plan *plan)
{
	const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, 0);

	return geteuid() == 0 && tier->method == IDMAP_NONE && !spec->rlc.privileged &&
	       spec->process.capabilities.bounding & UINT64_C(1) << CAP_SYS_ADMIN;
}

static bool check_device_program(Plan *plan, GError **error)
{
	if (!needs_device_program(plan) || geteuid() == 0)
		return true;
	error_set(error, RLC_ERROR_UNSUPPORTED, "guard devices: only root may load a BPF program");
	return hint_add(error, HINT_DEVICE_PROGRAM, NULL);
}

/* Is the container not what was asked for if it has no cgroup? */
static bool is_required(const Spec *spec, const Plan *plan)
{
	if (spec_has_limits(&spec->linux_.resources))
		return true;
	return !spec->rlc.oci &&
	       (needs_device_program(plan) || spec->rlc.cgroups == CGROUPS_ENABLED ||
		spec->rlc.cgroup_parent || spec->rlc.cgroup_writable);
}

static bool make_lines(const Spec *spec, Plan *plan, bool v1, GError **error)
{
	const SpecResources *resources = &spec->linux_.resources;
	CgroupPlan *cgroup = &plan->cgroup;

	if (!v1 && spec->rlc.oci &&
	    (resources->memory.swappiness_set || resources->memory.disable_oom_killer))
		log_warn("linux.resources.memory: swappiness and disableOOMKiller are not kept: "
			 "they are of cgroups of version 1");
	cgroup->limits = v1 ? cgroup_v1_lines(resources, true, error)
			    : cgroup_limits_lines(resources, error);
	return cgroup->limits != NULL;
}

static char *path_in(const CgroupPlan *plan)
{
	return g_build_filename(plan->parent, plan->name, NULL);
}

/* Who deletes a container kills what is in its cgroup: its caller may not name that of others. */
static bool check_unused(const CgroupPlan *plan, GError **error)
{
	g_autofree char *path = plan->parent ? path_in(plan) : NULL;
	auto_fd cgroup = path && plan->method != CGROUP_V1 ? cgroup_open(path, NULL) : -1;

	if (plan->method == CGROUP_V1
		    ? !cgroup_v1_is_used(path)
		    : cgroup < 0 || !cgroup_read_key(cgroup, "cgroup.events", "populated"))
		return true;
	return error_set(error, RLC_ERROR_EXISTS,
			 "use the cgroup '%s': container's cgroup is not empty", path);
}

bool cgroup_plan(const Spec *spec, Plan *plan, GError **error)
{
	CgroupPlan *cgroup = &plan->cgroup;
	g_autoptr(GError) refused = NULL;
	bool v1 = spec->rlc.oci && cgroup_v1_is_mounted();

	if (spec->rlc.cgroups == CGROUPS_DISABLED)
		return (!spec_has_limits(&spec->linux_.resources) &&
			(spec->rlc.oci || !needs_device_program(plan))) ||
		       error_set(error, RLC_ERROR_USAGE,
				 "make no cgroup: the limits asked for need one");
	cgroup->required = is_required(spec, plan);
	if (!cgroup->required && !spec->rlc.detach && !spec->rlc.oci &&
	    !reaches_devices(spec, plan))
		return true;
	if (!make_lines(spec, plan, v1, error) || !check_device_program(plan, error))
		return false;
	if (!v1) {
		cgroup->controllers = cgroup_limits_controllers(cgroup->limits);
		cgroup->devices = may_guard(spec) && !spec->rlc.privileged;
	}
	if (cgroup_place_choose(plan, &refused)) {
		cgroup->required |=
			cgroup->method == CGROUP_SCOPE && cgroup_property_any(spec->annotations);
		return !spec->rlc.oci || check_unused(cgroup, error);
	}
	if (cgroup->required) {
		g_propagate_error(error, g_steal_pointer(&refused));
		return false;
	}
	log_debug("cgroup: none: %s", refused->message);
	return true;
}

void cgroup_plan_clear(CgroupPlan *plan)
{
	g_clear_pointer(&plan->limits, g_ptr_array_unref);
	g_clear_pointer(&plan->parent, g_free);
	g_clear_pointer(&plan->name, g_free);
	g_clear_pointer(&plan->unit, g_free);
	g_clear_pointer(&plan->slice, g_free);
}

/* --- make --- */

static bool write_record(const Plan *plan, const char *directory, const char *aside, GError **error)
{
	g_autofree char *path = g_build_filename(plan->state_dir, CGROUP_RECORD, NULL);
	g_autofree char *text =
		g_strdup_printf("%s\n%s\n%s\n", directory,
				plan->cgroup.unit ? plan->cgroup.unit : "-", aside ? aside : "-");
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return (fd >= 0 && fd_write_all(fd, text, strlen(text))) ||
	       error_errno(error, errno, "write '%s'", path);
}

/* All that is needed, and of the useful what there is. */
static bool enable(const Plan *plan, const char *directory, GError **error)
{
	g_autoptr(GError) refused = NULL;
	unsigned useful = CONTROLLERS_USEFUL & ~plan->cgroup.controllers &
			  cgroup_read_controllers(directory, "cgroup.controllers");

	if (!cgroup_enable(directory, plan->cgroup.controllers, error))
		return false;
	if (!cgroup_enable(directory, useful, &refused))
		log_debug("cgroup: %s", refused->message);
	return true;
}

static bool make(const char *directory, GError **error)
{
	return mkdir(directory, 0755) == 0 || errno == EEXIST ||
	       error_errno(error, errno, "make the cgroup '%s'", directory);
}

/* The directories down to parent, each with the controllers; those that we make have a mark. */
static bool make_parents(const Plan *plan, const char *parent, GError **error)
{
	g_autofree char *above = g_path_get_dirname(parent);

	if (strcmp(parent, CGROUP_ROOT) == 0)
		return enable(plan, parent, error);
	if (!make_parents(plan, above, error))
		return false;
	if (mkdir(parent, 0755) == 0) {
		if (setxattr(parent, MADE_XATTR, "1", 1, 0) < 0)
			log_debug("cgroup: mark '%s': %s", parent, g_strerror(errno));
	} else if (errno != EEXIST) {
		return error_errno(error, errno, "make the cgroup '%s'", parent);
	}
	return enable(plan, parent, error);
}

/* Others that were here last take the directories above away when they seem to be unused. */
static bool make_direct(const Plan *plan, const char *directory, GError **error)
{
	for (int i = 0;; i++) {
		g_autoptr(GError) failed = NULL;

		if (make_parents(plan, plan->cgroup.parent, &failed) && make(directory, &failed))
			return true;
		if (i < MAKE_TRIES && error_is_errno(failed, ENOENT))
			continue;
		g_propagate_error(error, g_steal_pointer(&failed));
		return false;
	}
}

static bool move_to(const char *directory, pid_t pid, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "cgroup.procs", NULL);
	g_autofree char *text = g_strdup_printf("%d", pid);

	return fd_write_file(AT_FDCWD, path, text, error);
}

static bool step_aside(const char *directory, const Container *container, GError **error)
{
	return make(directory, error) && move_to(directory, getpid(), error) &&
	       (!container->launcher || move_to(directory, getppid(), error));
}

static bool make_delegated(const Container *container, const char *directory, const char *aside,
			   GError **error)
{
	const Plan *plan = container->plan;

	return (!aside || step_aside(aside, container, error)) &&
	       enable(plan, plan->cgroup.parent, error) && make(directory, error);
}

/* The scope outlives a payload that is started again. */
static bool make_scope(Container *container, GError **error)
{
	const Plan *plan = container->plan;
	const char *name = plan->spec->rlc.name;
	g_autofree char *description = g_strdup_printf("rlc container %s", name ? name : plan->id);
	g_autofree char *supervisor = NULL;

	if (container->scope)
		return true;
	if (!cgroup_systemd_scope(plan->cgroup.unit, plan->cgroup.slice, description,
				  plan->spec->annotations, getpid(), error))
		return false;
	container->scope = cgroup_of(0, error);
	if (!container->scope)
		return false;
	supervisor = g_build_filename(container->scope, CGROUP_SUPERVISOR, NULL);
	return make(supervisor, error) && move_to(supervisor, getpid(), error) &&
	       enable(plan, container->scope, error);
}

/* The container's root may divide it: cgroups(7), "Delegation". */
static bool hand_over(const Container *container, const char *directory, GError **error)
{
	static const char *const files[] = {"", "cgroup.procs", "cgroup.threads",
					    "cgroup.subtree_control"};
	const IdmapTier *tier = g_ptr_array_index(
		container->tiers ? container->tiers : container->plan->idmap.tiers, 0);

	if (!container->plan->spec->rlc.cgroup_writable || geteuid() != 0 ||
	    tier->method == IDMAP_NONE)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(directory, files[i], NULL);

		if (chown(path, g_array_index(tier->uids, SpecIdMap, 0).outside,
			  g_array_index(tier->gids, SpecIdMap, 0).outside) < 0)
			return error_errno(error, errno, "hand '%s' over", path);
	}
	return true;
}

static bool make_at(Container *container, const char *parent, GError **error)
{
	const Plan *plan = container->plan;
	g_autofree char *directory = g_build_filename(parent, plan->cgroup.name, NULL);
	g_autofree char *aside =
		plan->cgroup.move ? g_strconcat(directory, "-" CGROUP_SUPERVISOR, NULL) : NULL;
	bool ok = write_record(plan, directory, aside, error);

	if (plan->cgroup.method == CGROUP_DIRECT)
		ok = ok && make_direct(plan, directory, error);
	else if (plan->cgroup.method == CGROUP_DELEGATED)
		ok = ok && make_delegated(container, directory, aside, error);
	else
		ok = ok && make(directory, error);
	if (!ok || !hand_over(container, directory, error))
		return false;
	container->cgroup = cgroup_open(directory, error);
	return container->cgroup >= 0;
}

static bool make_v1(const Plan *plan, GError **error)
{
	g_autofree char *path = path_in(&plan->cgroup);
	g_autofree char *mark = g_strconcat(V1_MARK, path, NULL);

	return write_record(plan, mark, NULL, error) && cgroup_v1_make(path, error);
}

static bool make_cgroup(Container *container, GError **error)
{
	const CgroupPlan *plan = &container->plan->cgroup;

	if (plan->method == CGROUP_V1)
		return make_v1(container->plan, error);
	if (plan->method != CGROUP_SCOPE)
		return make_at(container, plan->parent, error);
	return make_scope(container, error) && make_at(container, container->scope, error);
}

bool cgroup_parent(Container *container, GError **error)
{
	g_autoptr(GError) failed = NULL;

	if (container->plan->cgroup.method == CGROUP_NONE || make_cgroup(container, &failed))
		return true;
	if (container->plan->cgroup.required) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return false;
	}
	log_info("the container has no cgroup: %s", failed->message);
	return true;
}

bool cgroup_enter(Container *container, GError **error)
{
	g_autofree char *path = NULL;

	if (container->plan->cgroup.method != CGROUP_V1)
		return true;
	path = path_in(&container->plan->cgroup);
	return cgroup_v1_enter(path, container->init_pid, error);
}

/* --- limits --- */

static bool guard_devices(const Container *container, GError **error)
{
	const Plan *plan = container->plan;
	g_autoptr(GArray) rules = cgroup_devices_rules(&plan->spec->linux_.resources,
						       plan->spec->rlc.oci, plan->devices);
	g_autoptr(GError) refused = NULL;

	if (!plan->cgroup.devices || cgroup_devices_attach(container->cgroup, rules, &refused))
		return true;
	if (!needs_device_program(plan)) {
		log_debug("cgroup: %s", refused->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&refused));
	return hint_add(error, HINT_DEVICE_PROGRAM, NULL);
}

bool cgroup_limit(Container *container, GError **error)
{
	const CgroupPlan *plan = &container->plan->cgroup;
	const GPtrArray *limits = container->limits ? container->limits : plan->limits;

	if (plan->method == CGROUP_V1) {
		g_autofree char *path = path_in(plan);

		return cgroup_v1_write(path, limits, error);
	}
	return container->cgroup < 0 || (guard_devices(container, error) &&
					 cgroup_limits_write(container->cgroup, limits, error));
}

void cgroup_thaw(const Container *container)
{
	g_autoptr(GError) error = NULL;

	if (container->cgroup >= 0 &&
	    !cgroup_write(container->cgroup, "cgroup.freeze", "0", &error))
		log_debug("cgroup: %s", error->message);
}

uint64_t cgroup_oom_kills(const Container *container)
{
	return container->cgroup < 0
		       ? 0
		       : cgroup_read_key(container->cgroup, "memory.events", "oom_kill");
}

char *cgroup_oom_text(const Container *container)
{
	uint64_t limit = UINT64_MAX;
	g_autofree char *size = NULL;

	if (!cgroup_read_number(container->cgroup, "memory.max", &limit) || limit == UINT64_MAX)
		return g_strdup(
			"killed: the memory of the host, or of a cgroup above, was used up");
	size = cgroup_limits_size_text(limit);
	return g_strdup_printf("killed by the memory limit of %s", size);
}

/* --- the record, and who comes by it --- */

static char *line_or_null(const char *line)
{
	return strcmp(line, "-") == 0 ? NULL : g_strdup(line);
}

void cgroup_record_parse(const char *text, CgroupRecord *ret_record)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	*ret_record = (CgroupRecord){0};
	if (g_strv_length(lines) < 3)
		return;
	if (g_str_has_prefix(lines[0], CGROUP_ROOT "/"))
		ret_record->directory = g_strdup(lines[0]);
	else if (g_str_has_prefix(lines[0], V1_MARK "/"))
		ret_record->v1 = g_strdup(lines[0] + strlen(V1_MARK));
	else
		return;
	ret_record->unit = line_or_null(lines[1]);
	ret_record->aside = line_or_null(lines[2]);
}

void cgroup_record_clear(CgroupRecord *record)
{
	g_clear_pointer(&record->directory, g_free);
	g_clear_pointer(&record->v1, g_free);
	g_clear_pointer(&record->unit, g_free);
	g_clear_pointer(&record->aside, g_free);
}

void cgroup_record_read(int dir, CgroupRecord *ret_record)
{
	g_autofree char *text = fd_read_file(dir, CGROUP_RECORD, RECORD_MAX, NULL);

	cgroup_record_parse(text ? text : "", ret_record);
}

bool cgroup_is_paused(int dir)
{
	g_auto(CgroupRecord) record = {0};
	auto_fd cgroup = -1;

	cgroup_record_read(dir, &record);
	cgroup = record.directory ? cgroup_open(record.directory, NULL) : -1;
	return cgroup >= 0 && cgroup_is_frozen(cgroup);
}

/* The nearest cgroup that has both below it */
static char *common_ancestor(const char *a, const char *b)
{
	size_t length = 0;

	for (size_t i = 0; a[i] == b[i] || !a[i] || !b[i]; i++) {
		if ((!a[i] || a[i] == '/') && (!b[i] || b[i] == '/'))
			length = i;
		if (!a[i] || !b[i])
			break;
	}
	return g_strndup(a, length);
}

bool cgroup_approach(const CgroupRecord *record, GError **error)
{
	g_autofree char *own = cgroup_of(0, NULL);
	g_autofree char *ancestor = common_ancestor(own ? own : CGROUP_ROOT, record->directory);
	g_autofree char *procs = g_build_filename(ancestor, "cgroup.procs", NULL);
	g_autofree char *name =
		record->aside ? g_path_get_basename(record->aside) : g_strdup(CGROUP_SUPERVISOR);
	g_autofree char *subgroup = g_strconcat("/", name, NULL);

	if (!record->unit || faccessat(AT_FDCWD, procs, W_OK, AT_EACCESS) == 0)
		return true;
	return cgroup_systemd_attach(record->unit, subgroup, getpid(), error);
}

/* --- end --- */

/* Directories above that rlc has made, as far as nobody else is in them */
static void remove_parents(const char *directory)
{
	g_autofree char *above = g_path_get_dirname(directory);

	if (strcmp(above, CGROUP_OWN_PARENT) != 0 && getxattr(above, MADE_XATTR, NULL, 0) < 0)
		return;
	if (rmdir(above) == 0)
		remove_parents(above);
}

/* Back to where we were, which takes away what was given to children first. */
static void step_back(const char *aside)
{
	g_autofree char *parent = g_path_get_dirname(aside);
	g_autofree char *own = cgroup_of(0, NULL);
	g_autofree char *text = cgroup_controllers_text(
		cgroup_read_controllers(parent, "cgroup.subtree_control"), "-");
	g_autofree char *control = g_build_filename(parent, "cgroup.subtree_control", NULL);
	g_autoptr(GError) error = NULL;

	if (access(aside, F_OK) < 0)
		return; /* the machine was started again since, and parent may be anybody's */
	if ((*text && !fd_write_file(AT_FDCWD, control, text, &error)) ||
	    (g_strcmp0(own, aside) == 0 && !move_to(parent, getpid(), &error)))
		log_debug("cgroup: %s", error->message);
	if (rmdir(aside) < 0 && errno != ENOENT)
		log_debug("cgroup: remove '%s': %s", aside, g_strerror(errno));
}

bool cgroup_release(int dir, GError **error)
{
	g_auto(CgroupRecord) record = {0};

	cgroup_record_read(dir, &record);
	if (record.v1)
		return cgroup_v1_remove(record.v1, error);
	if (!record.directory)
		return true;
	if (!cgroup_remove(record.directory, error))
		return false;
	remove_parents(record.directory);
	if (record.aside)
		step_back(record.aside);
	return true;
}

/* --- explain --- */

void cgroup_explain(const Plan *plan, GString *script)
{
	const CgroupPlan *cgroup = &plan->cgroup;
	g_autofree char *controllers = cgroup_controllers_text(cgroup->controllers, "+");

	if (cgroup->method == CGROUP_NONE)
		return;
	if (cgroup->method == CGROUP_SCOPE)
		g_string_append_printf(script,
				       "# sd-bus: StartTransientUnit '%s' in '%s', Delegate=yes, "
				       "for the supervisor; its own and the container's cgroup in "
				       "it\n",
				       cgroup->unit, cgroup->slice);
	else
		g_string_append_printf(script,
				       "cgroup='%s/%s'\nmkdir -p \"$cgroup\"\n"
				       "echo '%s' > '%s/cgroup.subtree_control'\n"
				       "# clone3 starts init in it: CLONE_INTO_CGROUP\n",
				       cgroup->parent, cgroup->name, controllers, cgroup->parent);
}

void cgroup_limit_explain(const Plan *plan, GString *script)
{
	if (plan->cgroup.method == CGROUP_NONE)
		return;
	if (plan->cgroup.devices)
		g_string_append(script, "# bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE): which devices "
					"may be opened\n");
	cgroup_limits_explain(plan->cgroup.limits, "\"$cgroup\"", script);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/cgroup_systemd.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hint.h"
#include "base/library.h"
#include "feature/cgroup_property.h"
#include "kernel/cgroup.h"
#include "kernel/sync.h"
#include "kernel/userns.h"

#define LIBRARY	    "libsystemd.so.0"
#define DESTINATION "org.freedesktop.systemd1"
#define OBJECT	    "/org/freedesktop/systemd1"
#define MANAGER	    "org.freedesktop.systemd1.Manager"
#define WAIT_US	    (30 * G_USEC_PER_SEC)
#define TRIES	    100 /* so often, PAUSE_US apart: 5 s */
#define PAUSE_US    50000

typedef struct sd_bus Bus;
typedef struct sd_bus_message Message;

/* sd-bus(3) */
typedef struct {
	const char *name, *message;
	int need_free;
} BusError;

typedef int (*Handler)(Message *message, void *data, BusError *error);

static struct {
	int (*new)(Bus **ret);
	int (*set_address)(Bus *bus, const char *address);
	int (*set_bus_client)(Bus *bus, int yes);
	int (*start)(Bus *bus);
	int (*process)(Bus *bus, Message **ret);
	int (*wait)(Bus *bus, uint64_t timeout_us);
	int (*match_signal)(Bus *bus, void **ret_slot, const char *sender, const char *path,
			    const char *interface, const char *member, Handler handler, void *data);
	int (*call_method)(Bus *bus, const char *destination, const char *path,
			   const char *interface, const char *member, BusError *error,
			   Message **reply, const char *types, ...);
	int (*read)(Message *message, const char *types, ...);
	int (*new_call)(Bus *bus, Message **ret, const char *destination, const char *path,
			const char *interface, const char *member);
	int (*call)(Bus *bus, Message *message, uint64_t timeout_us, BusError *error,
		    Message **reply);
	int (*append)(Message *message, const char *types, ...);
	int (*append_basic)(Message *message, char type, const void *value);
	int (*open)(Message *message, char type, const char *contents);
	int (*close)(Message *message);
} sd;

static const LibraryFunction functions[] = {
	{"sd_bus_new", &sd.new},
	{"sd_bus_set_address", &sd.set_address},
	{"sd_bus_set_bus_client", &sd.set_bus_client},
	{"sd_bus_start", &sd.start},
	{"sd_bus_process", &sd.process},
	{"sd_bus_wait", &sd.wait},
	{"sd_bus_match_signal", &sd.match_signal},
	{"sd_bus_call_method", &sd.call_method},
	{"sd_bus_message_read", &sd.read},
	{"sd_bus_message_new_method_call", &sd.new_call},
	{"sd_bus_call", &sd.call},
	{"sd_bus_message_append", &sd.append},
	{"sd_bus_message_append_basic", &sd.append_basic},
	{"sd_bus_message_open_container", &sd.open},
	{"sd_bus_message_close_container", &sd.close},
};

static bool load(GError **error)
{
	return library_load(LIBRARY, functions, G_N_ELEMENTS(functions), error) ||
	       hint_add(error, HINT_SYSTEMD_LIBRARY, NULL);
}

/* --- where it listens --- */

bool cgroup_systemd_is_users(void)
{
	return userns_outer_uid() != 0;
}

static char *runtime_directory(void)
{
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");

	return runtime && g_path_is_absolute(runtime)
		       ? g_strdup(runtime)
		       : g_strdup_printf("/run/user/%u", userns_outer_uid());
}

/* A bus; or, where none runs, systemd's own socket, on which it speaks the same without one. */
static char *socket_path(bool *ret_is_bus)
{
	g_autofree char *runtime = cgroup_systemd_is_users() ? runtime_directory() : NULL;
	g_autofree char *bus = runtime ? g_build_filename(runtime, "bus", NULL)
				       : g_strdup("/run/dbus/system_bus_socket");
	g_autofree char *private =
		g_build_filename(runtime ? runtime : "/run", "systemd", "private", NULL);

	*ret_is_bus = access(bus, R_OK | W_OK) == 0;
	if (access(private, F_OK) < 0)
		return NULL; /* a bus alone is not systemd's */
	return *ret_is_bus ? g_steal_pointer(&bus) : g_steal_pointer(&private);
}

bool cgroup_systemd_available(GError **error)
{
	bool is_bus;
	g_autofree char *socket = socket_path(&is_bus);

	if (socket)
		return true;
	if (access("/run/systemd/system", F_OK) < 0)
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "make a scope: this host does not run systemd");
	error_set(error, RLC_ERROR_UNSUPPORTED,
		  "make a scope: no systemd of user %u runs, or not where XDG_RUNTIME_DIR says",
		  geteuid());
	return hint_add(error, HINT_SYSTEMD_USER, g_get_user_name());
}

char *cgroup_systemd_directory(GError **error)
{
	g_autofree char *user =
		g_strdup_printf(CGROUP_ROOT "/user.slice/user-%u.slice/user@%u.service",
				userns_outer_uid(), userns_outer_uid());

	if (!cgroup_systemd_available(error))
		return NULL;
	if (!cgroup_systemd_is_users())
		return g_strdup(CGROUP_ROOT);
	if (access(user, F_OK) == 0)
		return g_steal_pointer(&user);
	error_errno(error, errno, "make a scope: find '%s'", user);
	return NULL;
}

/* --- the talk, in a process of its own --- */

static bool check(int result, const char *what, GError **error)
{
	return result >= 0 || error_errno(error, -result, "%s", what);
}

static Bus *connect_bus(GError **error)
{
	bool is_bus;
	g_autofree char *path = socket_path(&is_bus);
	g_autofree char *escaped = NULL, *address = NULL;
	Bus *bus = NULL;

	if (!path) {
		cgroup_systemd_available(error);
		return NULL;
	}
	escaped = g_uri_escape_string(path, "/", FALSE);
	address = g_strconcat("unix:path=", escaped, NULL);
	if (check(sd.new(&bus), "make a connection to systemd", error) &&
	    check(sd.set_address(bus, address), "connect to systemd", error) &&
	    check(sd.set_bus_client(bus, is_bus), "connect to systemd", error) &&
	    check(sd.start(bus), path, error))
		return bus;
	return NULL;
}

/* A job of systemd's that we wait for */
typedef struct {
	const char *path;  /* NULL: not known yet */
	GHashTable *ended; /* of paths to results */
} Job;

static int job_removed(Message *message, void *data, BusError *error)
{
	Job *job = data;
	const char *path, *unit, *result;
	uint32_t number;

	(void)error;
	if (sd.read(message, "uoss", &number, &path, &unit, &result) >= 0)
		g_hash_table_insert(job->ended, g_strdup(path), g_strdup(result));
	return 0;
}

static bool await_job(Bus *bus, const Job *job, GError **error)
{
	const char *result;

	while (!(result = g_hash_table_lookup(job->ended, job->path))) {
		int n = sd.process(bus, NULL);

		if (n == 0)
			n = sd.wait(bus, WAIT_US);
		if (n <= 0)
			return error_errno(error, n < 0 ? -n : ETIMEDOUT, "wait for systemd");
	}
	return strcmp(result, "done") == 0 ||
	       error_set(error, RLC_ERROR_FAILED, "make a scope: systemd's job ended with '%s'",
			 result);
}

typedef struct {
	const char *unit, *slice, *description, *subgroup;
	const GPtrArray *annotations;
	uint32_t pid;
} Request;

static bool refused(const BusError *said, int result, const char *what, GError **error)
{
	bool exists = said->name && g_str_has_suffix(said->name, ".UnitExists");

	return said->message ? error_set(error, exists ? RLC_ERROR_EXISTS : RLC_ERROR_FAILED,
					 "%s: %s", what, said->message)
			     : error_errno(error, -result, "%s", what);
}

/* --- what a scope is asked for --- */

static int append_value(Message *message, GVariant *value);

/* type is that of sd_bus_message_open_container(3). */
static int append_container(Message *message, char type, const char *contents, GVariant *value)
{
	int result = sd.open(message, type, contents);

	for (gsize i = 0; i < g_variant_n_children(value) && result >= 0; i++) {
		g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

		result = append_value(message, child);
	}
	return result < 0 ? result : sd.close(message);
}

/* Without the brackets around it */
static int append_members(Message *message, char type, GVariant *value)
{
	const char *whole = g_variant_get_type_string(value);
	g_autofree char *contents = g_strndup(whole + 1, strlen(whole) - 2);

	return append_container(message, type, contents, value);
}

static int append_value(Message *message, GVariant *value)
{
	const char *type = g_variant_get_type_string(value);
	int boolean;

	switch (g_variant_classify(value)) {
	case G_VARIANT_CLASS_BOOLEAN:
		boolean = g_variant_get_boolean(value);
		return sd.append_basic(message, *type, &boolean);
	case G_VARIANT_CLASS_STRING:
	case G_VARIANT_CLASS_OBJECT_PATH:
	case G_VARIANT_CLASS_SIGNATURE:
		return sd.append_basic(message, *type, g_variant_get_string(value, NULL));
	case G_VARIANT_CLASS_ARRAY:
		return append_container(message, *type, type + 1, value);
	case G_VARIANT_CLASS_TUPLE:
		return append_members(message, 'r', value);
	case G_VARIANT_CLASS_DICT_ENTRY:
		return append_members(message, 'e', value);
	case G_VARIANT_CLASS_VARIANT: {
		g_autoptr(GVariant) child = g_variant_get_variant(value);

		return append_container(message, *type, g_variant_get_type_string(child), value);
	}
	default: /* a number, which both keep alike */
		return sd.append_basic(message, *type, g_variant_get_data(value));
	}
}

static int append_property(Message *message, const char *annotation)
{
	g_autofree char *name = NULL;
	g_autoptr(GVariant) value = NULL, pair = NULL;

	if (!cgroup_property_is(annotation))
		return 0;
	if (!cgroup_property_parse(annotation, &name, &value, NULL))
		return -EINVAL;
	pair = g_variant_ref_sink(g_variant_new("(sv)", name, value));
	return append_value(message, pair);
}

/*
 * CollectMode: that it failed is no reason to remember it.  TasksMax: systemd has a limit of its
 * own for scopes, which nobody asked for.  What the caller asks for comes last, and counts.
 */
static int append_properties(Message *message, const Request *ask)
{
	int result = sd.open(message, 'a', "(sv)");

	/* clang-format off */
	if (result >= 0)
		result = sd.append(message, "(sv)(sv)(sv)(sv)(sv)(sv)",
				   "Description", "s", ask->description,
				   "Slice", "s", ask->slice,
				   "PIDs", "au", 1, ask->pid,
				   "Delegate", "b", 1,
				   "TasksMax", "t", UINT64_MAX,
				   "CollectMode", "s", "inactive-or-failed");
	/* clang-format on */
	for (guint i = 0; i < ask->annotations->len && result >= 0; i++)
		result = append_property(message, ask->annotations->pdata[i]);
	return result < 0 ? result : sd.close(message);
}

static bool start_scope(Bus *bus, const Request *ask, Job *job, GError **error)
{
	BusError said = {0};
	Message *call = NULL, *reply = NULL;
	int result = sd.new_call(bus, &call, DESTINATION, OBJECT, MANAGER, "StartTransientUnit");

	if (result >= 0)
		result = sd.append(call, "ss", ask->unit, "fail");
	if (result >= 0)
		result = append_properties(call, ask);
	if (result >= 0)
		result = sd.append(call, "a(sa(sv))", 0);
	if (result >= 0)
		result = sd.call(bus, call, WAIT_US, &said, &reply);
	if (result < 0)
		return refused(&said, result, "ask systemd for a scope", error);
	if (sd.read(reply, "o", &job->path) < 0)
		return error_set(error, RLC_ERROR_FAILED,
				 "ask systemd for a scope: its answer is malformed");
	return await_job(bus, job, error);
}

/* A scope that has just ended keeps its name for a moment, and a failed one until it is told. */
static bool start_anew(Bus *bus, const Request *ask, Job *job, GError **error)
{
	for (int i = 0;; i++) {
		g_autoptr(GError) failed = NULL;

		if (start_scope(bus, ask, job, &failed))
			return true;
		if (i == TRIES || !g_error_matches(failed, RLC_ERROR, RLC_ERROR_EXISTS)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return false;
		}
		g_usleep(PAUSE_US);
	}
}

static bool make_scope(const Request *ask, GError **error)
{
	Job job = {.ended = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
	Bus *bus = load(error) ? connect_bus(error) : NULL;
	int result;

	if (!bus)
		return false;
	result = sd.match_signal(bus, NULL, NULL, OBJECT, MANAGER, "JobRemoved", job_removed, &job);
	return check(result, "listen to systemd", error) && start_anew(bus, ask, &job, error);
}

static bool attach(const Request *ask, GError **error)
{
	BusError said = {0};
	Bus *bus = load(error) ? connect_bus(error) : NULL;
	int result;

	if (!bus)
		return false;
	result = sd.call_method(bus, DESTINATION, OBJECT, MANAGER, "AttachProcessesToUnit", &said,
				NULL, "ssau", ask->unit, ask->subgroup, 1, ask->pid);
	return result >= 0 || refused(&said, result, "join the container's scope", error);
}

/* What the process leaves behind ends with it. */
static G_GNUC_NORETURN void talk(bool (*what)(const Request *, GError **), const Request *ask,
				 Sync *sync)
{
	g_autoptr(GError) error = NULL;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && what(ask, &error))
		_exit(0);
	if (error)
		sync_send_error(sync, error);
	_exit(125);
}

static bool ask_systemd(bool (*what)(const Request *, GError **), const Request *ask,
			GError **error)
{
	Sync ours, theirs;
	int status = 0;
	pid_t pid;
	bool ok;

	if (!sync_pair(&ours, &theirs, error))
		return false;
	pid = fork();
	if (pid == 0) {
		sync_close(&ours);
		talk(what, ask, &theirs);
	}
	sync_close(&theirs);
	ok = pid > 0 ? sync_expect_exec(&ours, error) : error_errno(error, errno, "fork");
	sync_close(&ours);
	if (pid > 0)
		TEMP_FAILURE_RETRY(waitpid(pid, &status, 0));
	return ok &&
	       ((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
		error_set(error, RLC_ERROR_FAILED, "ask systemd: the process that did was killed"));
}

bool cgroup_systemd_scope(const char *unit, const char *slice, const char *description,
			  const GPtrArray *annotations, pid_t pid, GError **error)
{
	const Request ask = {.unit = unit,
			     .slice = slice,
			     .description = description,
			     .annotations = annotations,
			     .pid = (uint32_t)pid};

	return ask_systemd(make_scope, &ask, error);
}

bool cgroup_systemd_attach(const char *unit, const char *subgroup, pid_t pid, GError **error)
{
	const Request ask = {.unit = unit, .subgroup = subgroup, .pid = (uint32_t)pid};

	return ask_systemd(attach, &ask, error);
}

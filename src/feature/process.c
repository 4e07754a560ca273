/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: what a process may do is taken from it in the one order that works.
 *
 *  1. session and standard streams, while the terminal may still be handed over
 *  2. limits: raising one needs CAP_SYS_RESOURCE
 *  3. user and groups looked up in the container's own files; working directory made and entered
 *  4. every descriptor but the three streams closes on exec, and the end of file that the sync
 *     socket then shows tells the supervisor that exec succeeded; signals, personality: what needs
 *     no rights comes before a filter that may know nothing of it
 *  5. bounding set: needs CAP_SETPCAP
 *  6. groups, gid, uid, in this order: each needs rights that the next takes away.  KEEPCAPS keeps
 *     the permitted set over the change, so that what is kept is said by
 *  7. the filter, where it takes CAP_SYS_ADMIN, else it is the last thing of all
 *  8. capset, which has the last word; then no_new_privs
 *
 * All failures return to the caller, which sends them to the supervisor; only execve has no return.
 */
#include "feature/process.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "feature/caps.h"
#include "feature/exe_guard.h"
#include "feature/gate.h"
#include "feature/lsm.h"
#include "feature/scheduling.h"
#include "feature/seccomp.h"
#include "feature/tty.h"
#include "feature/user.h"

#define DEFAULT_PATH	"/bin:/usr/bin"
#define INTERPRETER_MAX 256 /* BINPRM_BUF_SIZE: what the kernel reads of "#!" */

static const struct {
	const char *name;
	int resource;
} rlimits[] = {
	{"as", RLIMIT_AS},
	{"core", RLIMIT_CORE},
	{"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},
	{"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},
	{"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE},
	{"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},
	{"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},
	{"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

bool process_rlimit_parse(const char *name, int *ret_resource)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rlimits); i++) {
		if (strcmp(rlimits[i].name, name) == 0) {
			*ret_resource = rlimits[i].resource;
			return true;
		}
	}
	return false;
}

static const char *rlimit_name(int resource)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rlimits); i++) {
		if (rlimits[i].resource == resource)
			return rlimits[i].name;
	}
	return "?";
}

bool process_plan(const Spec *spec, Plan *plan, GError **error)
{
	const SpecProcess *process = &spec->process;

	(void)plan;
	if (process->args->len < 2 || !*(const char *)g_ptr_array_index(process->args, 0))
		return error_set(error, RLC_ERROR_USAGE, "run '': the command is empty");
	if (*process->cwd != '/')
		return error_set(error, RLC_ERROR_USAGE,
				 "start in '%s': it is not an absolute path", process->cwd);
	for (guint i = 0; i + 1 < process->env->len; i++) {
		const char *entry = g_ptr_array_index(process->env, i);

		if (*entry == '=' || !strchr(entry, '='))
			return error_set(error, RLC_ERROR_USAGE,
					 "set variable '%s': it is not NAME=VALUE", entry);
	}
	return true;
}

/* Who may not raise a limit lets the process have as much as it may: it only has less then. */
static bool clamp_rlimit(pid_t pid, const SpecRlimit *limit)
{
	__rlimit_resource_t resource = (__rlimit_resource_t)limit->resource;
	struct rlimit value;

	if (prlimit(pid, resource, NULL, &value) < 0)
		return false;
	value.rlim_max = MIN(value.rlim_max, limit->hard);
	value.rlim_cur = MIN(value.rlim_max, limit->soft);
	log_debug("process: limit %s cannot be raised", rlimit_name(limit->resource));
	return prlimit(pid, resource, &value, NULL) == 0;
}

static bool set_rlimits(pid_t pid, const Spec *spec, GError **error)
{
	const GArray *wanted = spec->process.rlimits;

	for (guint i = 0; i < wanted->len; i++) {
		const SpecRlimit *limit = &g_array_index(wanted, SpecRlimit, i);
		struct rlimit value = {.rlim_cur = limit->soft, .rlim_max = limit->hard};
		const char *name = rlimit_name(limit->resource);

		if (prlimit(pid, (__rlimit_resource_t)limit->resource, &value, NULL) == 0)
			continue;
		if (errno == EPERM && spec->rlc.oci && clamp_rlimit(pid, limit))
			continue;
		error_errno(error, errno, "set limit %s", name);
		return errno == EPERM ? hint_add(error, HINT_RLIMIT, name) : false;
	}
	return true;
}

static bool set_oom_score(pid_t pid, const SpecProcess *process, GError **error)
{
	g_autofree char *path = pid ? g_strdup_printf("/proc/%d/oom_score_adj", pid)
				    : g_strdup("/proc/self/oom_score_adj");
	g_autofree char *text = g_strdup_printf("%d", process->oom_score_adj);
	g_autoptr(GError) refused = NULL;

	if (!process->oom_score_adj_set || fd_write_file(AT_FDCWD, path, text, &refused))
		return true;
	if (error_is_errno(refused, EACCES))
		hint_add(&refused, HINT_OOM_SCORE, NULL);
	g_propagate_error(error, g_steal_pointer(&refused));
	return false;
}

bool process_set_oom_score(Container *container, GError **error)
{
	return set_oom_score(0, &container->plan->spec->process, error);
}

/* This process (0) has its score already: its own /proc files are closed to it by now. */
bool process_limit(pid_t pid, const Spec *spec, GError **error)
{
	return (pid == 0 || set_oom_score(pid, &spec->process, error)) &&
	       set_rlimits(pid, spec, error);
}

/*
 * Enter the working directory, made where it is missing.  A path like /proc/self/fd/N could name a
 * directory outside, of which getcwd(2) then says that it cannot be reached from the root.
 */
static bool enter_cwd(const char *cwd, GError **error)
{
	char where[PATH_MAX];

	if (chdir(cwd) < 0 && errno == ENOENT && g_mkdir_with_parents(cwd, 0755) < 0)
		return error_errno(error, errno, "make working directory '%s'", cwd);
	if (chdir(cwd) < 0)
		return error_errno(error, errno, "enter working directory '%s'", cwd);
	/* the system call: the C library's function would look for a name that does not exist */
	if (syscall(SYS_getcwd, where, sizeof where) < 0)
		return error_errno(error, errno, "read back working directory '%s'", cwd);
	if (*where != '/')
		return error_set(error, RLC_ERROR_FAILED,
				 "enter working directory '%s': it lies outside the container",
				 cwd);
	return true;
}

/*
 * As after a login the own group is one of them: a set-group-ID program would shed it otherwise,
 * and with it what a file denies to that group (CVE-2022-36109).  An OCI caller says them all
 * himself.
 *
 * Where the map has one id alone the kernel forbids setgroups(2), or a user could shed a group that
 * denies him something; the caller's groups stay then, which is only wrong if others were asked
 * for.
 */
static bool set_groups(const Plan *plan, const User *user, GError **error)
{
	g_autoptr(GArray) groups = g_array_copy(user->groups);

	if (!plan->spec->rlc.oci)
		g_array_prepend_val(groups, user->gid);
	if (setgroups(groups->len, (const gid_t *)(void *)groups->data) == 0)
		return true;
	if (errno == EPERM && user->groups->len == 0) {
		log_debug("process: setgroups is denied in this id map: the groups stay");
		return true;
	}
	if (errno == EINVAL && user->groups->len == 0)
		return true; /* a group without an id inside, as setresgid(2) is about to say */
	return error_errno(error, errno, "set %u supplementary groups%s", user->groups->len,
			   errno == EPERM ? ", which an id map of one id forbids" : "");
}

static bool check_mapped(int errno_value, const char *what, uint32_t id, GError **error)
{
	g_autofree char *text = g_strdup_printf("%u", id);

	error_errno(error, errno_value, "become %s %u", what, id);
	return errno_value == EINVAL ? hint_add(error, HINT_ID_UNMAPPED, text) : false;
}

static bool become_user(const Container *container, const User *user, GError **error)
{
	const Plan *plan = container->plan;
	const SpecProcess *process = &plan->spec->process;

	if (!caps_drop_bounding(&process->capabilities, error))
		return false;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return error_errno(error, errno, "keep capabilities over setuid");
	if (!set_groups(plan, user, error))
		return false;
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return check_mapped(errno, "group", user->gid, error);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return check_mapped(errno, "user", user->uid, error);
	/* without no_new_privs it takes CAP_SYS_ADMIN, which is about to go */
	if (!process->no_new_privileges && plan->seccomp.code &&
	    (!caps_raise_permitted(error) || !seccomp_load(plan, container->sync, error)))
		return false;
	if (!caps_set(&process->capabilities, user->uid, error))
		return false;
	/* where fs.suid_dumpable is 1 a change of ids opens what is still rlc to the new user */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_errno(error, errno, "close this process to others");
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(error, errno, "set no_new_privs");
	return true;
}

/*
 * Whose end is the supervisor's end as well: without a reaper the payload, PID 1, and a process
 * that joined a container in the foreground.  The change of user took the signal for it.  A
 * supervisor that died in between left a closed socket.
 */
static bool tie_to_supervisor(const Container *container, GError **error)
{
	const Plan *plan = container->plan;
	struct pollfd supervisor = {.fd = container->sync->fd};

	if (plan->entered
		    ? plan->spec->rlc.detach
		    : plan->spec->rlc.oci || (plan->clone_flags & CLONE_NEWPID && getpid() != 1))
		return true;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_errno(error, errno, "tie the payload to its supervisor");
	if (poll(&supervisor, 1, 0) != 0)
		return error_set(error, RLC_ERROR_FAILED, "start the payload: nobody waits for it");
	return true;
}

/*
 * Signals as a shell would hand them over: none blocked, none ignored.  By the system call, for the
 * C library keeps two signals for itself, which a caller's posix_spawn may have left ignored.
 */
static bool reset_signals(GError **error)
{
	const unsigned long default_action[8] = {0}; /* the kernel's struct: SIG_DFL, no flags */
	sigset_t none;

	for (int i = 1; i < NSIG; i++) {
		if (i == SIGKILL || i == SIGSTOP)
			continue;
		if (syscall(SYS_rt_sigaction, i, default_action, NULL, (size_t)(NSIG - 1) / 8) < 0)
			return error_errno(error, errno, "reset signal %d", i);
	}
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return error_errno(error, errno, "unblock signals");
	return true;
}

/* What the user did not set: HOSTNAME and HOME, as every login has them. */
static GPtrArray *build_env(const Plan *plan, const char *home)
{
	const GPtrArray *asked = plan->spec->process.env;
	GPtrArray *env = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i + 1 < asked->len; i++)
		g_ptr_array_add(env, g_strdup(g_ptr_array_index(asked, i)));
	if (!spec_get_env(plan->spec, "HOSTNAME") && plan->names.hostname)
		g_ptr_array_add(env, g_strconcat("HOSTNAME=", plan->names.hostname, NULL));
	if (!spec_get_env(plan->spec, "HOME"))
		g_ptr_array_add(env, g_strconcat("HOME=", home, NULL));
	g_ptr_array_add(env, NULL);
	return env;
}

/* The interpreter that a script names in its first line; NULL: no script. */
static char *script_interpreter(const char *program)
{
	auto_fd fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char line[INTERPRETER_MAX + 1] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, line, INTERPRETER_MAX);
	char *start;

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return NULL;
	start = line + 2 + strspn(line + 2, " \t");
	return g_strndup(start, strcspn(start, " \t\r\n"));
}

/* The program exists, and execve said ENOENT all the same: what it needs to run does not. */
static bool fail_interpreter(const char *program, GError **error)
{
	g_autofree char *interpreter = script_interpreter(program);

	error_set(error, RLC_ERROR_EXEC_NOT_FOUND,
		  "run '%s': its interpreter or loader does not exist in the container", program);
	return interpreter ? hint_add(error, HINT_PAYLOAD_SCRIPT, interpreter) : false;
}

/* Its mode lets it be executed, so it is its label that does not. */
static bool is_denied_by_label(const Plan *plan, const char *program, int errno_value)
{
	return errno_value == EACCES && plan->label.process && access(program, X_OK) == 0;
}

static bool fail_exec(const Plan *plan, const char *program, int errno_value, GError **error)
{
	struct stat st;

	if (errno_value == ENOENT && stat(program, &st) == 0)
		return fail_interpreter(program, error);
	if (errno_value == ENOENT || errno_value == ENOTDIR)
		return error_set(error, RLC_ERROR_EXEC_NOT_FOUND, "run '%s': %s", program,
				 g_strerror(errno_value));
	if (errno_value == EACCES && stat(program, &st) == 0 && S_ISDIR(st.st_mode))
		errno_value = EISDIR;
	error_set(error, RLC_ERROR_EXEC_DENIED, "run '%s': %s", program, g_strerror(errno_value));
	if (is_denied_by_label(plan, program, errno_value))
		return hint_add(error, HINT_SELINUX_FILES, plan->label.files);
	return errno_value == ENOEXEC ? hint_add(error, HINT_PAYLOAD_ARCH, program) : false;
}

/*
 * execvpe's search, but along the PATH that the payload gets: the first file that can be executed;
 * one that cannot is remembered, for "not allowed" says more than "not found".
 */
static bool exec_search(const Plan *plan, char **envp, const char *path, GError **error)
{
	char **argv = (char **)plan->spec->process.args->pdata;
	g_auto(GStrv) dirs = g_strsplit(path, ":", -1);
	g_autofree char *denied = NULL;
	int denied_errno = 0;

	for (char **dir = dirs; *dir; dir++) {
		g_autofree char *program = g_build_filename(**dir ? *dir : ".", *argv, NULL);
		struct stat st;

		if (stat(program, &st) < 0 || S_ISDIR(st.st_mode))
			continue;
		execve(program, argv, envp);
		if (denied || errno == ENOTDIR)
			continue;
		denied_errno = errno;
		denied = g_steal_pointer(&program);
	}
	if (denied)
		return fail_exec(plan, denied, denied_errno, error);
	return error_set(error, RLC_ERROR_EXEC_NOT_FOUND,
			 "run '%s': no such program in the container's PATH, %s", *argv, path);
}

static bool exec_payload(const Plan *plan, char **envp, GError **error)
{
	char **argv = (char **)plan->spec->process.args->pdata;
	const char *path = spec_get_env(plan->spec, "PATH");

	if (strchr(argv[0], '/')) {
		execve(argv[0], argv, envp);
		return fail_exec(plan, argv[0], errno, error);
	}
	return exec_search(plan, envp, path ? path : DEFAULT_PATH, error);
}

/* As far as it can be said without executing it: an OCI caller wants to hear of it at create. */
static bool check_exec(const Plan *plan, GError **error)
{
	const char *name = g_ptr_array_index(plan->spec->process.args, 0);
	const char *path = spec_get_env(plan->spec, "PATH");
	g_auto(GStrv) dirs = NULL;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 || fail_exec(plan, name, errno, error);
	path = path ? path : DEFAULT_PATH;
	dirs = g_strsplit(path, ":", -1);
	for (char **dir = dirs; *dir; dir++) {
		g_autofree char *program = g_build_filename(**dir ? *dir : ".", name, NULL);
		struct stat st;

		if (stat(program, &st) == 0 && !S_ISDIR(st.st_mode))
			return true;
	}
	return error_set(error, RLC_ERROR_EXEC_NOT_FOUND,
			 "run '%s': no such program in the container's PATH, %s", name, path);
}

/* A container that an OCI caller creates waits here for its start. */
static bool wait_for_start(Container *container, GError **error)
{
	const Plan *plan = container->plan;

	if (!plan->spec->rlc.oci)
		return true;
	return check_exec(plan, error) && (plan->entered || gate_wait(container, error));
}

static bool lookup(const SpecUser *wanted, User *ret_user, GError **error)
{
	auto_fd etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return user_lookup(wanted, etc, ret_user, error);
}

/* Those of a container that an OCI caller creates: by create, which has the host's rights. */
static bool is_limited_outside(const Plan *plan)
{
	return plan->spec->rlc.oci && !plan->entered;
}

static bool set_personality(const Spec *spec, GError **error)
{
	if (spec->linux_.personality >= 0 &&
	    personality((unsigned long)spec->linux_.personality) < 0)
		return error_errno(error, errno, "set the personality");
	return true;
}

static bool close_on_exec(const Spec *spec, GError **error)
{
	if (syscall(SYS_close_range, 3U + spec->rlc.preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_errno(error, errno, "close descriptors on exec");
	return true;
}

bool process_exec(Container *container, GError **error)
{
	const SpecProcess *process = &container->plan->spec->process;
	g_autoptr(GPtrArray) env = NULL;
	g_auto(User) user = {0};

	if (setsid() < 0 && errno != EPERM) /* EPERM: PID 1 leads a session already */
		return error_errno(error, errno, "start a session");
	if (!lookup(&process->user, &user, error) || !tty_attach(container, user.uid, error) ||
	    (!is_limited_outside(container->plan) &&
	     !process_limit(0, container->plan->spec, error)) ||
	    !scheduling_set(process, error) ||
	    !scheduling_set_memory(&container->plan->spec->linux_.memory_policy, error) ||
	    (container->plan->entered && !scheduling_set_affinity(process->affinity_final, error)))
		return false;
	umask(0022);
	if (!enter_cwd(process->cwd, error) || !close_on_exec(container->plan->spec, error) ||
	    !reset_signals(error) || !set_personality(container->plan->spec, error) ||
	    !become_user(container, &user, error) || !tie_to_supervisor(container, error))
		return false;
	if (process->user.umask >= 0)
		umask((mode_t)process->user.umask);
	env = build_env(container->plan, user.home);
	return wait_for_start(container, error) && lsm_set(container->plan, error) &&
	       exe_guard_ask(container->plan, error) &&
	       (!process->no_new_privileges ||
		seccomp_load(container->plan, container->sync, error)) &&
	       exec_payload(container->plan, (char **)env->pdata, error);
}

/*
 * The variables and the command, each quoted for the shell, which needs no program of the root for
 * it.  The shell itself was started with an empty environment.
 */
static void explain_command(const Plan *plan, GString *script)
{
	const SpecProcess *process = &plan->spec->process;
	g_autoptr(GPtrArray) env = build_env(plan, "/");

	for (guint i = 0; i + 1 < env->len; i++) {
		const char *entry = g_ptr_array_index(env, i);
		const char *value = strchr(entry, '=') + 1;
		g_autofree char *word = g_shell_quote(value);

		g_string_append_printf(script, "export %.*s%s\n", (int)(value - entry), entry,
				       word);
	}
	g_string_append(script, "exec");
	for (guint i = 0; i + 1 < process->args->len; i++) {
		g_autofree char *word = g_shell_quote(g_ptr_array_index(process->args, i));

		g_string_append_printf(script, " %s", word);
	}
	g_string_append_c(script, '\n');
}

void process_explain(const Plan *plan, GString *script)
{
	const SpecProcess *process = &plan->spec->process;
	g_autofree char *cwd = g_shell_quote(process->cwd);

	g_string_append_printf(
		script,
		"# setsid, prlimit, setgroups, setresgid, setresuid (user %s)\n"
		"# prctl(PR_CAPBSET_DROP), capset: %#" G_GINT64_MODIFIER "x, docker's set\n"
		"# prctl(PR_SET_NO_NEW_PRIVS), close_range(3, ~0, CLOEXEC)\n"
		"# seccomp(SECCOMP_SET_MODE_FILTER): %s; execve\n"
		"%s"
		"# By hand, where the root has util-linux: setpriv --no-new-privs "
		"--bounding-set …\n"
		"[ -d %s ] || mkdir -p %s\ncd %s\n",
		process->user.name ? process->user.name : "0", process->capabilities.bounding,
		plan->seccomp.code ? "what is no payload's fails" : "no filter",
		plan->guard_exe ? "# ptrace(PTRACE_TRACEME): rlc's own file is the "
				  "one program that is not run\n"
				: "",
		cwd, cwd, cwd);
	lsm_explain_exec(plan, script);
	explain_command(plan, script);
}

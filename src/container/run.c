/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/notify.h"
#include "container/control.h"
#include "container/events.h"
#include "container/health.h"
#include "container/init.h"
#include "container/join.h"
#include "container/pidfile.h"
#include "container/plan.h"
#include "container/serve.h"
#include "container/state.h"
#include "container/steps.h"
#include "container/stragglers.h"
#include "container/streams.h"
#include "container/supervise.h"
#include "container/volumes_used.h"
#include "feature/cgroup.h"
#include "feature/cgroup_limits.h"
#include "feature/exe_guard.h"
#include "feature/fuse_overlay.h"
#include "feature/net.h"
#include "kernel/namespace.h"

#define MESSAGES_MAX (1 << 20)

#define RESTART_PAUSE_MS     100
#define RESTART_PAUSE_MAX_MS 60000
#define RESTART_STABLE_S     10 /* who ran so long did not fail at once */

/* init never returns from here: it execs the payload, is its reaper, or tells what went wrong. */
static G_GNUC_NORETURN void run_init(Container *container, Sync *sync)
{
	g_autoptr(GError) error = NULL;

	sync_close(container->sync);
	container->sync = sync;
	container->state_lock = -1; /* closed with the rest */
	umask(0);		    /* the modes of what init makes are those it asks for */
	if (!streams_child(container, &error) ||
	    !fd_close_above(container->plan->spec->rlc.preserve_fds, sync->fd, &error) ||
	    !steps_run(child_steps, container, &error))
		sync_send_error(container->sync, error);
	_exit(125);
}

/*
 * In namespaces of others, where some are joined: hidden, for who is in a pid namespace with init
 * may be root of the user namespace that it joins, and init still has the host's ids and mounts in
 * sight. Returns like fork(2).
 */
static pid_t clone_init(Container *container, GError **error)
{
	const Plan *plan = container->plan;

	if (plan->enter && plan->enter->len > 0)
		return namespace_clone_hidden(
			(const int *)(void *)plan->enter->data, plan->enter->len, container->cgroup,
			plan->clone_flags, UINT64_MAX, &container->init_pidfd, error);
	if (plan->join || container->cgroup >= 0)
		return join_clone(plan->join, container->cgroup, plan->clone_flags,
				  &container->init_pidfd, error);
	return namespace_clone(plan->clone_flags, &container->init_pidfd, error);
}

static void run_serve_root(void *data, int socket)
{
	Container *container = data;

	fuse_overlay_serve(container, container->join[CONTROL_USER], socket);
}

bool run_clone(Container *container, GError **error)
{
	Sync init_end;

	if (!sync_pair(container->sync, &init_end, error))
		return false;
	container->sync->asked = run_serve_root;
	container->sync->asked_data = container;
	container->init_pid = clone_init(container, error);
	if (container->init_pid == 0)
		run_init(container, &init_end);
	sync_close(&init_end);
	streams_close_payload(container);
	if (container->init_pid > 0)
		return true;
	container->init_pid = 0;
	return false;
}

bool run_ready(Container *container, GError **error)
{
	bool ok = sync_send(container->sync, SYNC_READY, container->upper, error);

	fd_close(&container->upper); /* not for the payload */
	return ok && sync_expect(container->sync, SYNC_START, NULL, error);
}

bool run_start(Container *container, GError **error)
{
	return sync_expect_any(container->sync, SYNC_READY, &container->join[CONTROL_UPPER],
			       error) &&
	       volumes_used_filled(container, error) &&
	       sync_send(container->sync, SYNC_START, -1, error) &&
	       sync_expect_exec(container->sync, error) &&
	       (container->plan->spec->rlc.init ||
		exe_guard_watch(container->plan, container->init_pid, error));
}

/* End init, and with it everything in its pid namespace, if it still runs. */
static void run_kill(Container *container)
{
	if (container->init_pid <= 0)
		return;
	syscall(SYS_pidfd_send_signal, container->init_pidfd, SIGKILL, NULL, 0);
	if (TEMP_FAILURE_RETRY(waitpid(container->init_pid, NULL, 0)) < 0)
		log_debug("run: wait for init: %s", g_strerror(errno));
	container->init_pid = 0;
}

/* The payload is dead: what it was made of goes. */
static void run_end_life(Container *container)
{
	run_kill(container);
	stragglers_end(container);
	join_cleanup(container); /* the network namespace held the interfaces too */
	net_cleanup(container);
	fuse_overlay_cleanup(container);
	volumes_used_cleanup(container);
	streams_close(container);
	pidfile_cleanup(container);
	fd_close(&container->init_pidfd);
	fd_close(&container->console);
	fd_close(&container->cgroup);
	sync_close(container->sync);
	g_clear_pointer(&container->tiers, g_ptr_array_unref);
	g_clear_pointer(&container->unpacked, g_free);
}

/* ended: how it did; NULL: it was never started, and nothing is kept of it. */
static void run_cleanup(Container *container, const Status *ended)
{
	run_end_life(container);
	streams_cleanup(container);
	fd_close(&container->control);
	state_cleanup(container, ended);
	g_clear_pointer(&container->scope, g_free);
	g_clear_pointer(&container->limits, g_ptr_array_unref);
}

/* Killed, though nobody asked for it: was it the kernel, that ends a pid namespace with its first?
 */
static bool ended_with_joined(const Container *container, const Status *status)
{
	return status->exit_code == 128 + SIGKILL && !container->stop_asked &&
	       join_first_ended(container->plan->join);
}

static void set_verdict(Status *status, const Container *container)
{
	const Spec *spec = container->plan->spec;
	int signal_number = status->exit_code - 128;

	status->oom_killed = cgroup_oom_kills(container) > 0;
	if (status->oom_killed && signal_number == SIGKILL) {
		status->verdict = cgroup_oom_text(container);
		if (!spec->rlc.detach)
			log_warn("%s", status->verdict);
	} else if (status->exit_code == SUPERVISE_TIMED_OUT && spec->rlc.timeout > 0)
		status->verdict =
			g_strdup_printf("killed: its time, %u s, was over", spec->rlc.timeout);
	else if (ended_with_joined(container, status))
		status->verdict = g_strdup("ended with the container whose processes it shared");
	else if (signal_number > 0 && signal_number < NSIG)
		status->verdict =
			g_strdup_printf("code %d stands for signal %d: %s", status->exit_code,
					signal_number, strsignal(signal_number));
}

/* All is made: the caller's rlc can go. */
static bool run_launched(Container *container, GError **error)
{
	if (!container->launcher)
		return true;
	if (chdir("/") < 0) /* the caller's directory is his to remove */
		log_debug("run: leave the caller's directory: %s", g_strerror(errno));
	if (!sync_send(container->launcher, SYNC_READY, -1, error))
		return false;
	sync_close(container->launcher);
	container->launcher = NULL;
	return true;
}

static void set_ended(Status *status)
{
	status->state = STATUS_STOPPED;
	status->finished = g_get_real_time();
	status->pid = 0;
	status->health = HEALTH_STATE_NONE;
}

/* In its first life it has the name that it was given: nothing to look up on the way to a start. */
static void run_tell_start(const Container *container)
{
	const Plan *plan = container->plan;

	if (container->restarted)
		events_add_own(container, "start", -1, NULL);
	else
		events_add(plan->state_root, "start", plan->id, plan->spec->rlc.name, plan->spec,
			   -1, NULL);
}

/* A limit too low for init itself looks like anything else from outside. */
static bool explain_oom(const Container *container, GError **error)
{
	if (cgroup_oom_kills(container) > 0) {
		g_autofree char *text = cgroup_oom_text(container);

		g_clear_error(error);
		error_set(error, RLC_ERROR_FAILED, "limits: start the payload: %s", text);
	}
	return false;
}

/* Made, started, ended: *status says how it went. */
static bool run_life(Container *container, Status *status, GError **error)
{
	const Plan *plan = container->plan;
	Health *health;
	bool ok;

	if (!steps_run(parent_steps, container, error))
		return explain_oom(container, error);
	if (!container->serve)
		container->serve = serve_start(container);
	status_clear(status);
	status->state = STATUS_RUNNING;
	status->started = g_get_real_time();
	status->pid = container->init_pid;
	status->health = health_is_checked(&plan->spec->rlc.health) ? HEALTH_STATE_STARTING
								    : HEALTH_STATE_NONE;
	if (!state_save_status(plan, status, error))
		return false;
	run_tell_start(container);
	notify_send("MAINPID=%d\nREADY=1\nSTATUS=Container %.12s runs", getpid(), plan->id);
	if (!run_launched(container, error))
		return false;
	health = health_start(container, status);
	ok = supervise(container, &status->exit_code, error);
	health_stop(health);
	if (!ok)
		return false;
	notify_send("STOPPING=1");
	set_ended(status);
	set_verdict(status, container);
	if (status->oom_killed)
		events_add_own(container, "oom", -1, NULL);
	events_add_own(container, "die", status->exit_code, status->verdict);
	return true;
}

static bool is_restarted(const Container *container, const Status *status)
{
	const SpecRlc *rlc = &container->plan->spec->rlc;

	if (container->stop_asked || notify_wanted()) /* a service manager sees to that */
		return false;
	if (rlc->restart == RESTART_ON_FAILURE)
		return status->exit_code != 0 &&
		       (rlc->restart_max == 0 || status->restarts < rlc->restart_max);
	return rlc->restart != RESTART_NO;
}

/* A payload that ends at once would keep the machine busy: wait, each time twice as long. */
static unsigned next_pause(const Status *status, unsigned pause)
{
	if (status->finished - status->started > RESTART_STABLE_S * G_USEC_PER_SEC)
		return RESTART_PAUSE_MS;
	return MIN(pause * 2, RESTART_PAUSE_MAX_MS);
}

/* `rlc update` changed the record, and what ran; what is started again goes by it, too. */
static void update_limits(Container *container)
{
	const Plan *plan = container->plan;
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = state_load_spec(plan->state_root, plan->id, &error);
	GPtrArray *limits = spec ? cgroup_limits_lines(&spec->linux_.resources, &error) : NULL;

	if (!limits) {
		log_warn("read the container's limits again: %s", error->message);
		return;
	}
	g_clear_pointer(&container->limits, g_ptr_array_unref);
	container->limits = limits;
}

static bool run_lives(Container *container, Status *status, GError **error)
{
	unsigned pause = RESTART_PAUSE_MS;

	while (run_life(container, status, error)) {
		if (!is_restarted(container, status))
			return true;
		run_end_life(container);
		status->state = STATUS_RESTARTING;
		status->restarts++;
		state_rest(container, status);
		if (!supervise_pause(container, pause, error))
			return false;
		status->state = STATUS_STOPPED;
		if (container->stop_asked)
			return true;
		pause = next_pause(status, pause);
		container->restarted = true;
		update_limits(container);
	}
	return false;
}

/* It could not be made again: that is how it ended. */
static void set_failed(Status *status, const GError *error)
{
	set_ended(status);
	status_clear(status);
	status->exit_code = g_error_matches(error, RLC_ERROR, RLC_ERROR_EXEC_NOT_FOUND) ? 127
			    : g_error_matches(error, RLC_ERROR, RLC_ERROR_EXEC_DENIED)	? 126
											: 125;
	status->verdict = g_strndup(error->message, strcspn(error->message, "\n"));
}

/* guest: a client from the beginning, or -1 */
static bool run_planned(const Plan *plan, Sync *launcher, int guest, int *ret_exit_code,
			GError **error)
{
	Sync sync = {.fd = -1};
	Container container = container_closed(plan, &sync);
	g_auto(Status) status = {
		.created = g_get_real_time(),
		.keep = plan->spec->rlc.keep,
	};
	g_autoptr(GError) failed = NULL;
	bool ok, known;

	container.launcher = launcher;
	container.guest = guest;
	if (plan->known && state_load_status(plan, &status))
		status.restarts = 0; /* --restart on-failure:N is about what nobody asked for */
	supervise_block_signals();
	ok = run_lives(&container, &status, &failed);
	known = plan->known || container.restarted;
	if (!ok && known)
		set_failed(&status, failed);
	run_cleanup(&container, ok || known ? &status : NULL);
	if (container.serve)
		serve_end(container.serve, status.exit_code);
	supervise_unblock_signals();
	if (ok)
		*ret_exit_code = status.exit_code;
	else
		g_propagate_error(error, g_steal_pointer(&failed));
	return ok;
}

bool container_run(const Spec *spec, const char *state_root, int *ret_exit_code, GError **error)
{
	g_autoptr(Plan) plan = plan_new(spec, state_root, error);

	return plan && run_planned(plan, NULL, -1, ret_exit_code, error);
}

/* --- for an OCI front end --- */

bool container_create(Container *container, GError **error)
{
	if (steps_run(parent_steps, container, error))
		return true;
	explain_oom(container, error);
	container_undo(container);
	return false;
}

void container_undo(Container *container)
{
	run_end_life(container);
	fd_close(&container->control);
}

void container_let_go(Container *container)
{
	container->init_pid = 0;
	net_let_go(container);
	container_undo(container);
}

/* --- on its own --- */

static G_GNUC_NORETURN void run_detached(const Plan *plan, Sync *launcher, int guest)
{
	g_autoptr(GError) error = NULL;
	int exit_code;

	if (setsid() < 0)
		error_errno(&error, errno, "start a session");
	else if (run_planned(plan, launcher, guest, &exit_code, &error))
		_exit(notify_wanted() ? exit_code : 0);
	if (launcher->fd >= 0)
		sync_send_error(launcher, error);
	else
		log_error("%s", error->message); /* into the container's messages */
	_exit(125);
}

/* What the supervisor had to say until all was made is for the caller. */
static void show_messages(int messages)
{
	g_autofree char *text = NULL;

	if (messages < 0 || lseek(messages, 0, SEEK_SET) < 0)
		return;
	text = fd_read_all(messages, "messages", MESSAGES_MAX, NULL);
	if (text && !fd_write_all(STDERR_FILENO, text, strlen(text)))
		return; /* nowhere left to say it */
}

/* A process of its own carries the plan out; true when the payload runs. */
static bool run_launch(const Plan *plan, int *guest, GError **error)
{
	auto_fd messages = -1;
	Sync ours, theirs;
	pid_t pid;
	bool ok;

	if (!sync_pair(&ours, &theirs, error))
		return false;
	pid = fork();
	if (pid == 0) {
		sync_close(&ours);
		if (guest)
			fd_close(&guest[0]);
		run_detached(plan, &theirs, guest ? guest[1] : -1);
	}
	sync_close(&theirs);
	if (guest)
		fd_close(&guest[1]);
	ok = pid > 0 ? sync_expect(&ours, SYNC_MESSAGES, &messages, error) &&
			       sync_expect(&ours, SYNC_READY, NULL, error)
		     : error_errno(error, errno, "fork the supervisor");
	sync_close(&ours);
	show_messages(messages);
	return ok;
}

char *container_run_detached(const Spec *spec, const char *state_root, GError **error)
{
	g_autoptr(Plan) plan = plan_new(spec, state_root, error);

	return plan && run_launch(plan, NULL, error) ? g_strdup(plan->id) : NULL;
}

bool container_start(const Spec *spec, const char *state_root, const char *id, int *guest,
		     GError **error)
{
	g_autoptr(Plan) plan = plan_new_for(spec, state_root, id, error);

	return plan && run_launch(plan, guest, error);
}

void run_clone_explain(const Plan *plan, GString *script)
{
	g_autofree char *flags = namespace_flags_text(plan->clone_flags);

	if (plan->join)
		g_string_append(script, "# setns() to what is joined, in a process between; its "
					"child is the supervisor's: CLONE_PARENT\n");
	g_string_append_printf(script,
			       "# clone3(%s|CLONE_PIDFD): one call makes init and all its "
			       "namespaces\n",
			       flags);
}

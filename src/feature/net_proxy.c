/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_proxy.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "feature/net_forward.h"
#include "feature/net_loop.h"
#include "feature/net_sandbox.h"

/* The supervisor never writes: what can be read is its end. */
static gboolean on_control(gint fd, GIOCondition condition, gpointer data)
{
	(void)fd;
	(void)condition;
	g_main_loop_quit(data);
	return G_SOURCE_REMOVE;
}

static bool start(NetLoop *loop, const NetPlan *plan, const NetLease *lease, Sync *control,
		  GError **error)
{
	auto_fd listener = -1; /* of DNS, which is not served here */
	NetForward *forward;

	if (!net_sandbox_close(control->fd, error))
		return false;
	forward = net_forward_open_bridge(loop, plan, lease, error);
	if (!forward || !net_sandbox_enter(&listener, error))
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	loop->context = g_main_context_new();
	net_forward_start(forward, NULL); /* it may still ask for its limits */
	return net_sandbox_seal(error);
}

void net_proxy_main(const NetPlan *plan, const NetLease *lease, Sync *control)
{
	g_autoptr(GError) error = NULL;
	NetLoop *loop = g_new0(NetLoop, 1);
	GMainLoop *main_loop;

	net_sandbox_leave_supervisor();
	loop->tap = -1;
	if (!start(loop, plan, lease, control, &error)) {
		sync_send_error(control, error);
		_exit(EXIT_FAILURE);
	}
	main_loop = g_main_loop_new(loop->context, FALSE);
	net_loop_watch(loop, control->fd, on_control, main_loop);
	if (!sync_send(control, SYNC_NET_UP, -1, &error))
		_exit(EXIT_FAILURE); /* the supervisor is gone */
	g_main_loop_run(main_loop);
	_exit(EXIT_SUCCESS);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * rlc's two processes become two shells.  The script writes init's half to a file, for it is run by
 * another shell, in the new namespaces; then the supervisor's half starts that shell with
 * unshare(1) and, where there is a user namespace, writes its id map from outside.  Two fifos stand
 * for the sync messages: through "ready" init's shell says that its namespaces exist, through
 * "mapped" the supervisor's says that the map is written.  After that, init's shell starts anew,
 * since only a program that starts as root of its namespace has all capabilities.
 */
#include "container/explain.h"

#include "container/plan.h"
#include "container/steps.h"
#include "kernel/namespace.h"

#include <sched.h>
#include <stdint.h>
#include <sys/stat.h>

static void explain_steps(const Plan *plan, const Step *steps, const char *process, int *number,
			  GString *script)
{
	for (const Step *step = steps; step->name; step++) {
		g_string_append_printf(script, "\n# %d. %s: %s\n", ++*number, process, step->name);
		if (step->explain)
			step->explain(plan, script);
		else
			g_string_append(script, "# nothing to do by hand\n");
	}
}

static void explain_head(const Plan *plan, GString *script)
{
	g_string_append_printf(script,
			       "# What rlc does for container %.12s, step by step. The lines that "
			       "begin with # name\n"
			       "# the system calls; the others do the same by hand in a shell (sh, "
			       "util-linux, busybox%s).\n"
			       "# rlc runs init's steps in a child that clone3 makes; by hand they "
			       "are written to\n"
			       "# a file first, and `unshare` runs it further below.\n"
			       "\n"
			       "PATH=$PATH:/usr/sbin:/sbin # where Debian has pivot_root\n"
			       "dir=$(mktemp -d)\n"
			       "mkdir \"$dir/root\" \"$dir/stage\"\n"
			       "cat >\"$dir/init.sh\" <<'END_OF_INIT'\n"
			       "set -eu\n"
			       "umask 022\n"
			       "root=$1/root stage=$1/stage\n",
			       plan->id, plan->clone_flags & CLONE_NEWUSER ? ", uidmap" : "");
}

/* What is joined comes first: in front of unshare stands the program that enters it. */
static void explain_join(const JoinPlan *join, GString *script)
{
	g_autofree char *path = g_shell_quote(join->path);
	struct stat owner;

	if (join->netns < 0) {
		g_string_append(script, "# setns(2): by descriptors that the other container's "
					"supervisor hands out; a shell cannot ask it\n");
		return;
	}

	g_string_append(script, "# setns(2): the network, and before it the user namespace that "
				"owns it (ioctl NS_GET_USERNS)\n");
	if (join->userns < 0) {
		g_string_append_printf(script, "nsenter --net=%s ", path);
	} else if (fstat(join->userns, &owner) == 0) {
		g_string_append_printf(script,
				       "owner=$(lsns -n -t user -o NS,PID | awk '$1 == %ju { print "
				       "$2 }')\n"
				       "nsenter --user=/proc/$owner/ns/user --net=%s ",
				       (uintmax_t)owner.st_ino, path);
	}
}

/* The supervisor's half: without a user namespace there is nothing to be done while init starts. */
static void explain_start(const Plan *plan, GString *script)
{
	g_autofree char *options = namespace_unshare_options(plan->clone_flags);

	if (plan->join)
		explain_join(plan->join, script);
	if (plan->clone_flags & CLONE_NEWUSER)
		g_string_append_printf(
			script,
			"sh -c 'echo $$ >\"$1/pid\"; exec unshare%s --fork --kill-child sh -c \"\n"
			"  echo >\\\"\\$1/ready\\\"; read -r _ <\\\"\\$1/mapped\\\"\n"
			"  exec env -i \\\"PATH=\\$PATH\\\" sh \\\"\\$1/init.sh\\\" \\\"\\$1\\\"\" "
			"sh \"$1\"' sh \"$dir\"\n",
			options);
	else
		g_string_append_printf(script,
				       "unshare%s --fork --kill-child env -i \"PATH=$PATH\" sh "
				       "\"$dir/init.sh\" \"$dir\"\n",
				       options);
	g_string_append(script, "code=$?\n"
				"rm -rf \"$dir\"\n"
				"(exit \"$code\")\n");
}

/* The map is written by a process outside, while the main shell runs unshare. */
static void explain_parent(const Plan *plan, int *number, GString *script)
{
	bool userns = plan->clone_flags & CLONE_NEWUSER;

	if (userns)
		g_string_append(script, "mkfifo \"$dir/ready\" \"$dir/mapped\"\n"
					"(\nread -r _ <\"$dir/ready\"\npid=$(cat \"$dir/pid\")\n");
	explain_steps(plan, parent_steps, "supervisor", number, script);
	if (userns)
		g_string_append(script, "echo >\"$dir/mapped\"\n) &\n");
	g_string_append(script, "\n# Now clone3 happens: unshare makes the namespaces and runs "
				"init's steps in them.\n");
	explain_start(plan, script);
}

char *container_explain(const Spec *spec, const char *state_root, GError **error)
{
	g_autoptr(Plan) plan = plan_new(spec, state_root, error);
	g_autoptr(GString) script = g_string_new(NULL);
	int number = 0;

	if (!plan)
		return NULL;
	explain_head(plan, script);
	explain_steps(plan, child_steps, "init", &number, script);
	g_string_append(script, "END_OF_INIT\n\n");
	explain_parent(plan, &number, script);
	return g_string_free(g_steal_pointer(&script), FALSE);
}

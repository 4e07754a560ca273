/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Container: one container while it is being made and while it runs.  The supervisor and init each
 * have a copy of their own from clone3 on; a comment says whose a field is.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "kernel/sync.h"
#include "model/plan.h"

/* What the container has on a bridge. Addresses are unspecified where it has none. */
typedef struct {
	char link[IFNAMSIZ]; /* the host's end of the veth pair */
	struct in_addr address, gateway;
	struct in6_addr address6, gateway6;
	unsigned prefix, prefix6;
	uint8_t mac[6];
	uint32_t mtu;
	char *record; /* where the state directory has the lease; NULL: none is held */
} NetLease;

#define CONTAINER_JOIN 10

/* A volume that is to be filled before it is used for the first time. */
typedef struct {
	guint mount; /* its index in plan->mounts */
	int lock;    /* supervisor: held until it is filled; others wait for it */
} ContainerFresh;

typedef struct Container Container;

struct Container {
	const Plan *plan;
	Sync *sync; /* this process's end of the talk */

	/* OCI: the container's state as JSON, for hooks. The caller frees. */
	char *(*describe)(const Container *container, pid_t pid, const char *status);
	void *describe_data;
	bool (*started)(const Container *container, GError **error); /* exec: the command runs */

	/* supervisor only */
	pid_t init_pid; /* init's too, where hooks are to be run: as the host knows it */
	int init_pidfd;
	const IdmapTier *tier; /* the tier that the kernel took */
	GPtrArray *tiers;      /* in place of the plan's: root's --userns=auto; or NULL */
	pid_t net_pid;	       /* 0: none */
	int net_pidfd;
	pid_t fuse_pid; /* what serves the root where the kernel refuses an overlay; 0: none */
	int fuse_pidfd;
	NetLease lease;	  /* NET_BRIDGE: after the step "network" */
	int hosts;	  /* NET_BRIDGE: the container's /etc/hosts, -1 without one */
	int hosts_notify; /* NET_BRIDGE: inotify(7) of the names on the bridge, -1 without one */
	int net_control;  /* socket to the net process; its closing ends that process */
	struct stat resolv_seen; /* the host's resolv.conf, when it was last told to that process */
	int console;		 /* pty master, -1 without a terminal */
	int cgroup;		 /* directory of the container's cgroup, or -1 */
	char *scope;		 /* CGROUP_SCOPE: directory of the scope that we are in; or NULL */
	GPtrArray *limits;	 /* in place of the plan's: of one that is started again; or NULL */
	int state_lock;		 /* held while the container lives */
	bool state_saved;	 /* state_dir exists */
	int control; /* socket that listens for other rlc processes, or -1; init's: gate.h */
	int join[CONTAINER_JOIN]; /* for who enters, or -1: by ControlJoin */
	Sync *launcher;	     /* --detach: to the rlc that was called, until all is made; or NULL */
	int guest;	     /* --detach: who listens from the first byte on, or -1 */
	struct Serve *serve; /* answers on control, while the payload runs; or NULL */
	struct Journal *journal; /* the same with --log-driver journald; or NULL */
	struct LogFile *log;	 /* --detach: where streams[] are written; or NULL */
	int streams[3];		 /* --detach: our ends of the payload's streams, or -1 */
	int pidfile;		 /* --pidfile was written in this directory, or -1 */
	bool restarted;		 /* this is not its first life */
	GArray *fresh;		 /* of ContainerFresh: volumes that nobody used before; or NULL */
	bool stop_asked;	 /* it was told to end, and is not to be started again */

	/* both, until init has its own */
	char *unpacked;		/* ROOT_BUILTIN: where its files are; NULL: init makes them */
	int payload_streams[3]; /* --detach: the payload's ends, or -1 */

	/* init only */
	GArray *sources; /* of int: what each of plan->mounts binds, detached; -1: nothing */
	int root;	 /* O_PATH of the new root's mount, before the pivot; who enters: of the
			    root to be in, where no mount namespace says it, or -1 */
	int host_mounts; /* the mount namespace to go back to; or -1 */
	int upper;	 /* what the root's overlay writes to, until SYNC_READY; or -1 */
	int scratch;	 /* mount of the plan's scratch, where it is shifted; or -1 */
	int terminal;	 /* pty slave, -1 without a terminal */
};

/* A container of which nothing exists yet: no process, every descriptor -1. */
static inline Container container_closed(const Plan *plan, Sync *sync)
{
	return (Container){
		.plan = plan,
		.sync = sync,
		.init_pidfd = -1,
		.net_pidfd = -1,
		.fuse_pidfd = -1,
		.net_control = -1,
		.hosts = -1,
		.hosts_notify = -1,
		.console = -1,
		.cgroup = -1,
		.state_lock = -1,
		.control = -1,
		.guest = -1,
		.pidfile = -1,
		.join = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
		.streams = {-1, -1, -1},
		.payload_streams = {-1, -1, -1},
		.root = -1,
		.host_mounts = -1,
		.upper = -1,
		.scratch = -1,
		.terminal = -1,
	};
}

/* A row's function. Runs in the process of its table. */
typedef bool (*StepFunction)(Container *container, GError **error);

/* Appends to --explain's script what the step does: comments, and the shell's commands. */
typedef void (*StepExplain)(const Plan *plan, GString *script);

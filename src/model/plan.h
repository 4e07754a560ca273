/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plan: the Spec after it met this host.  Everything that can be refused was refused on the way
 * here; the steps (container/steps.c) only carry it out, and --explain prints it.
 *
 * Each feature fills its own part in its X_plan() hook and is the only one to give it a meaning.
 * Immutable once plan_new() returned.  Both the supervisor and init read it: clone3 copies memory.
 */
#pragma once

#include <glib.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>

#include "model/spec.h"

/* How an id map can be written. Tried in this order; the first that the kernel takes is used. */
typedef enum {
	IDMAP_NONE,   /* no user namespace */
	IDMAP_DIRECT, /* root writes any map itself */
	IDMAP_SHADOW, /* tier 1: ranges, through shadow's newuidmap and newgidmap */
	IDMAP_SHIM,   /* tier 2: ranges, through rlc's own shim */
	IDMAP_SINGLE, /* tier 3: one id alone, setgroups denied */
	IDMAP_JOINED, /* the map of the user namespace that is joined: JoinPlan */
} IdmapMethod;

typedef struct {
	IdmapMethod method;
	GArray *uids, *gids;	     /* of SpecIdMap */
	char *newuidmap, *newgidmap; /* programs, for IDMAP_SHADOW and IDMAP_SHIM; else NULL */
} IdmapTier;

typedef struct {
	GPtrArray *tiers; /* of IdmapTier *, best first, never empty */
	/*
	 * root's --userns=auto: the one tier above is an example, and the map is made when the
	 * container is: so many ids of what is left of these, of SpecIdMap. NULL in other cases.
	 */
	GArray *pool_uids, *pool_gids;
	uint32_t pool_count;
} IdmapPlan;

/* --network container:… and ns:…, --pid, --ipc and --uts: namespaces that are joined, not made */
typedef struct {
	int netns; /* the plan's, like all here; -1: it is made */
	int pidns, ipcns, utsns;
	int shm;	     /* with ipcns: the other's /dev/shm, a detached mount */
	int first;	     /* with pidns: pidfd of the first process in it */
	char *hostname;	     /* with utsns */
	int userns;	     /* its owner, which is joined first; -1: the one that we are in */
	GArray *uids, *gids; /* of SpecIdMap: the map of userns; NULL without one */
	char *container;     /* id of whose network it is; NULL for ns:PATH, or none */
	char *path;	     /* of the namespace's file */
	char *resolv_conf;   /* of that container; NULL: it has none of rlc's */
} JoinPlan;

typedef struct {
	SpecRootKind kind;
	char *path; /* absolute and without symbolic links; NULL for ROOT_BUILTIN, ROOT_LAYERS */
	const GPtrArray *layers; /* ROOT_LAYERS: the Spec's */
	bool readonly;
	bool idmapped; /* root's own files, shifted into the container's id map: mount_setattr(2) */
} RootfsPlan;

/* One port of the host that leads to one of the container: -p, resolved. */
typedef struct {
	int family; /* AF_INET or AF_INET6, of host */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} host;			  /* the unspecified address: all of this family */
	uint16_t host_port, port; /* host order */
	int protocol;		  /* IPPROTO_TCP or IPPROTO_UDP */
} PublishPlan;

typedef struct {
	SpecNetMode mode;
	bool ipv6, host_loopback;
	SpecNetLane lane;
	uint32_t mtu;
	unsigned prefix; /* length of the IPv4 network's prefix */
	struct in_addr network, gateway, address,
		nameserver; /* .0, .2, .100 and .3 of the network */
	struct in6_addr network6, gateway6, address6, nameserver6; /* of fd00::/64 */
	char *bridge;						   /* NET_BRIDGE: its name */
	bool bridge_ours;	     /* rlc makes it when it is missing */
	GPtrArray *host_nameservers; /* of char *: where the net process sends queries on to */
	GArray *publish;	     /* of PublishPlan; NULL: none */
	bool outlives;	   /* OCI: the net process goes on without a supervisor, until init ends */
	char *resolv_conf; /* the container's /etc/resolv.conf; NULL: leave the image's */
} NetPlan;

/* /etc/hosts and /etc/hostname as the container will see them */
typedef struct {
	char *hostname;
	char *hosts;
} NamesPlan;

/* One thing to mount inside the root, in order. */
typedef struct {
	char *destination;  /* absolute path inside */
	char *type;	    /* "bind", "volume", "image" or a file system type */
	char *source;	    /* for bind and volume: absolute path, without links */
	char *subpath;	    /* what is below it is mounted, links resolved within; or NULL */
	char *volume;	    /* name of a volume (container/volumes.h); NULL: it is none */
	bool anonymous;	    /* the volume was not named, and belongs to this container */
	bool copy;	    /* it begins as a copy of what the image has there */
	bool chown;	    /* what is in it is given to the payload's user */
	bool idmap;	    /* its owners are shifted into the container's id map */
	char relabel;	    /* SELinux: 'z', as all containers' files, 'Z', as its own; or 0 */
	GPtrArray *layers;  /* of an image: of char *, topmost first; or NULL */
	bool source_is_dir; /* for bind */
	bool recursive;	    /* for bind */
	uint64_t attr_set, attr_clear;	 /* MOUNT_ATTR_* of mount_setattr(2) */
	uint64_t below_set, below_clear; /* the same for the mounts below as well */
	uint64_t propagation;		 /* MS_PRIVATE, MS_SLAVE, … or 0 */
	bool propagation_below;		 /* of those below as well */
	bool keep_link;			 /* for bind: of a symbolic link, the link itself */
	bool idmap_below;		 /* idmap: of the mounts below as well */
	const GArray *uids, *gids;	 /* idmap: by these, of SpecIdMap; NULL: the container's */
	char *data;			 /* file system options, comma separated; or NULL */
} PlanMount;

/* SELinux labels of the container: feature/lsm_label.h; NULL: none is given */
typedef struct {
	char *process; /* of the payload, and of what enters */
	char *files;   /* of the files in what is mounted for it */
} LabelPlan;

/* The filter of the payload's system calls, ready to be loaded */
typedef struct {
	struct sock_filter *code; /* NULL: none */
	size_t count;
	unsigned flags; /* SECCOMP_FILTER_FLAG_* */
} SeccompPlan;
/* A device of --device, or of linux.devices[], resolved */
typedef struct {
	char *path;   /* inside, absolute */
	char *source; /* the host's node that is bound there; NULL: one is made */
	char type;    /* 'b', 'c' or 'p' */
	unsigned major, minor;
	unsigned mode; /* of one that is made */
	uint32_t uid, gid;
	char access[4]; /* of "rwm" */
} PlanDevice;

/* Where a container's cgroup comes from. Tried in this order. */
typedef enum {
	CGROUP_NONE,	  /* it stays in the caller's */
	CGROUP_DIRECT,	  /* parent is made in the tree of the host by root, or named by the user */
	CGROUP_SCOPE,	  /* a scope of systemd's, which also has the supervisor in it */
	CGROUP_DELEGATED, /* parent is ours already */
	CGROUP_V1,	  /* OCI: of version 1, parent/name in each hierarchy */
} CgroupMethod;

typedef struct {
	CgroupMethod method;
	bool required;	      /* a container without one would not be what was asked for */
	unsigned controllers; /* that limits need */
	GPtrArray *limits;    /* of char *, "FILE=VALUE": cgroup_limits.h */
	bool devices;	      /* a BPF program guards them */
	char *parent, *name;  /* the directory is parent/name; of a scope parent is NULL */
	char *unit, *slice;   /* of a scope, or the one that we are in */
	bool move;	      /* CGROUP_DELEGATED: parent has us in it, and nobody else */
} CgroupPlan;

typedef struct {
	bool terminal;	 /* a pty is made */
	bool stdin_open; /* -i */
	struct {
		unsigned short rows, columns;
	} size; /* at the start */
} TtyPlan;

typedef struct {
	const Spec *spec; /* borrowed; outlives the plan */
	char *id;	  /* 64 hexadecimal digits; what the caller chose, of an OCI front end */
	uint64_t clone_flags; /* CLONE_NEW*, for clone3 */
	JoinPlan *join;	      /* NULL: all namespaces are made */
	GArray *enter;	      /* OCI: of int, namespaces that are joined, a user namespace first */
	bool enter_userns;    /* one of them is a user namespace */
	IdmapPlan idmap;
	RootfsPlan rootfs;
	GArray *mounts; /* of PlanMount: what the user asked for */
	NetPlan net;
	NamesPlan names;
	CgroupPlan cgroup;
	GArray *devices; /* of PlanDevice: more than /dev has anyway */
	TtyPlan tty;
	LabelPlan label;
	SeccompPlan seccomp;
	bool entered;	      /* no container is made: a process joins one that lives */
	bool known;	      /* the container has a record: it is started again */
	bool guard_exe;	      /* the payload could write rlc's own file, or trace PID 1: its exec is
				 watched */
	char *state_root;     /* directory of all containers' state */
	char *scratch;	      /* directory on disk for what an overlay takes; NULL: a tmpfs */
	bool scratch_kept;    /* it is there for the next life, too */
	bool scratch_shifted; /* it is root's own, mounted shifted into the id map */
	char *state_dir;      /* this container's */
} Plan;

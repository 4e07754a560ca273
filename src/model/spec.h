/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spec: what was asked for, in the shape of the OCI runtime configuration.
 *
 * `rlc run` fills one from its flags; the OCI front end will read one from config.json.  Names
 * follow config.md and config-linux.md of the OCI runtime specification 1.3; what rlc adds to them
 * stands in SpecRlc, which in a config.json are annotations.  A Spec is plain data: nothing here
 * has met the host yet.  Plan (plan.h) is the Spec after it did.
 *
 * Ownership: a Spec owns all it points to; spec_free() frees it.  Arrays of strings are GPtrArrays
 * whose elements are freed with them; arrays of structs are GArrays with a clear function.
 */
#pragma once

#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OCI_VERSION "1.3.0" /* of the runtime specification */

/* A number that was not given, where 0 means something */
#define SPEC_UNSET INT_MIN

/* linux.uidMappings[], linux.gidMappings[]: user_namespaces(7) */
typedef struct {
	uint32_t inside;  /* containerID */
	uint32_t outside; /* hostID */
	uint32_t count;	  /* size */
} SpecIdMap;

/* process.rlimits[]: getrlimit(2) */
typedef struct {
	int resource;	     /* RLIMIT_* */
	uint64_t soft, hard; /* RLIM_INFINITY for unlimited */
} SpecRlimit;

/* process.user: ids are numbers in OCI; a name (--user) is looked up in the rootfs by init */
typedef struct {
	uint32_t uid, gid;
	int64_t umask;		/* -1: leave */
	GArray *groups;		/* additionalGids: uint32_t */
	char *name;		/* rlc: USER[:GROUP] as typed, wins over uid and gid; or NULL */
	GPtrArray *group_names; /* rlc: of char *: more groups, names or ids (--group-add) */
} SpecUser;

/* process.capabilities: bit n is capability n of capabilities(7) */
typedef struct {
	uint64_t bounding, effective, inheritable, permitted, ambient;
	bool exact; /* the five sets as they are, whoever the user is */
} SpecCapabilities;

/* process.scheduler: sched_setattr(2) */
typedef struct {
	bool set;
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	uint32_t priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period;
} SpecScheduler;

typedef struct {
	bool terminal;
	unsigned rows, columns; /* consoleSize; 0: the caller's terminal tells */
	SpecUser user;
	GPtrArray *args; /* of char *, NULL terminated */
	GPtrArray *env;	 /* of "NAME=VALUE", NULL terminated */
	char *cwd;
	SpecCapabilities capabilities;
	GArray *rlimits; /* of SpecRlimit */
	bool no_new_privileges;
	char *apparmor_profile; /* apparmorProfile; NULL: the caller's */
	char *selinux_label;	/* OCI: selinuxLabel; NULL: the policy decides */
	bool oom_score_adj_set;
	int oom_score_adj; /* oomScoreAdj, if set: proc(5) */
	SpecScheduler scheduler;
	char *affinity_initial, *affinity_final; /* execCPUAffinity: lists of cpuset(7); or NULL */
	int io_priority; /* ioprio_set(2): class and level; SPEC_UNSET: leave */
} SpecProcess;

/* root, and where rlc makes it from */
typedef enum {
	ROOT_DIRECTORY, /* the directory as it is */
	ROOT_OVERLAY,	/* a throw-away overlay over the directory */
	ROOT_BUILTIN,	/* the built-in busybox image */
	ROOT_LAYERS,	/* a throw-away overlay over an image's unpacked layers */
} SpecRootKind;

typedef struct {
	SpecRootKind kind;
	char *path;	   /* of ROOT_DIRECTORY and ROOT_OVERLAY, else NULL */
	GPtrArray *layers; /* of char *, absolute, topmost first: of ROOT_LAYERS, else NULL */
	bool readonly;
} SpecRoot;

/* mounts[]: options are mount(8)'s words, as in config.md */
typedef struct {
	char *destination;
	char *type;	    /* "bind", "volume", "image", "tmpfs", … */
	char *source;	    /* NULL where the type needs none: an anonymous volume */
	GPtrArray *options; /* of char * */
	GArray *uid_mappings, *gid_mappings; /* of SpecIdMap: an idmapped mount; or NULL */
} SpecMount;

/* What the payload may ask of the kernel: seccomp(2) */
typedef enum {
	SECCOMP_DEFAULT, /* rlc's own filter, as wide as the capabilities are */
	SECCOMP_NONE,
	SECCOMP_PROFILE, /* profile */
} SpecSeccompKind;

/* linux.seccomp. No one but rlc-seccomp reads the text, which is compiled once and kept. */
typedef struct {
	SpecSeccompKind kind;
	char *file;	     /* that the profile was read from, for messages; or NULL */
	char *profile;	     /* JSON: the object linux.seccomp, or docker's form of it; or NULL */
	char *listener_path; /* listenerPath: who is asked where the action is SCMP_ACT_NOTIFY */
	char *listener_metadata; /* listenerMetadata */
} SpecSeccomp;

/* linux.devices[]: a device that exists inside */
typedef struct {
	char *path;   /* inside, absolute */
	char *source; /* rlc: the host's node that is bound there; NULL: one is made */
	char type;    /* 'b', 'c', 'u' or 'p', of one that is made */
	int64_t major, minor;
	int64_t mode;	  /* fileMode; -1: as of the host's node, or 0666 */
	int64_t uid, gid; /* -1: as of the host's node, or 0 */
	char access[4];	  /* rlc: of "rwm", what the payload may do with it */
} SpecDevice;

/* linux.resources.devices[]: applied in order, the last that fits decides */
typedef struct {
	bool allow;
	char type;	      /* 'a', 'b' or 'c' */
	int64_t major, minor; /* -1: any */
	char access[4];	      /* of "rwm" */
} SpecDeviceRule;

/* linux.resources.blockIO: a limit of one block device */
typedef struct {
	char *path; /* rlc: the device's node on the host; NULL: major and minor tell */
	int64_t major, minor;
	uint64_t rate; /* bytes or operations a second; or the weight */
} SpecDeviceRate;

/* linux.resources.hugepageLimits[] */
typedef struct {
	char page_size[16]; /* "2MB", "1GB" */
	uint64_t limit;	    /* bytes */
} SpecHugepageLimit;

/*
 * linux.resources: what a cgroup (v2) holds the container to.  In all numbers 0 is what was not
 * asked for, and -1 no limit.  Where v2 has another measure (cpu.weight for shares) it is
 * feature/cgroup_limits.c that converts.
 */
typedef struct {
	int64_t limit, reservation;		 /* bytes */
	int64_t swap;				 /* bytes of memory and swap together */
	int64_t kernel_tcp;			 /* bytes of TCP buffers; of version 1 alone */
	bool swappiness_set, disable_oom_killer; /* of version 1 alone */
	bool check_before_update;		 /* no limit below what is in use */
	uint64_t swappiness;
} SpecMemory;

typedef struct {
	uint64_t shares;   /* 2 to 262144, others have 1024 */
	int64_t quota;	   /* microseconds of processor time in each period */
	uint64_t period;   /* microseconds */
	int64_t burst;	   /* microseconds; -1: none */
	char *cpus, *mems; /* lists of cpuset(7): "0-3,7"; or NULL */
	int64_t idle;	   /* 1: cpu.idle, run only when no others want to; -1: as others */
} SpecCpu;

typedef struct {
	uint32_t weight; /* 10 to 1000, others have 500 */
	GArray *weight_device, *read_bps, *write_bps, *read_iops,
		*write_iops; /* of SpecDeviceRate */
} SpecBlockIo;

typedef struct {
	GArray *devices; /* of SpecDeviceRule */
	SpecMemory memory;
	SpecCpu cpu;
	int64_t pids; /* pids.limit */
	SpecBlockIo block_io;
	GArray *hugepage_limits; /* of SpecHugepageLimit */
	GPtrArray *rdma;	 /* of char *: lines of rdma.max */
	GPtrArray *network;	 /* of char *, "FILE=VALUE": net_cls and net_prio, of version 1 */
	GPtrArray *unified;	 /* of char *, "FILE=VALUE": written as they are, after the rest */
} SpecResources;

/* linux.namespaces[] with a path: a namespace that is joined, not made */
typedef struct {
	uint64_t flag; /* CLONE_NEW* */
	char *path;
} SpecNamespace;

/* linux.timeOffsets: time_namespaces(7) */
typedef struct {
	bool set;
	int64_t seconds;
	uint32_t nanoseconds;
} SpecTimeOffset;

/* linux.netDevices: a network device of the host's that is moved inside */
typedef struct {
	char *name;
	char *inside; /* its name there, or a template with %d; NULL: the same */
} SpecNetDevice;

#define SPEC_NODES_MAX 1024

/* linux.memoryPolicy: set_mempolicy(2) */
typedef struct {
	bool set;
	int mode; /* MPOL_*, with MPOL_F_* */
	unsigned long nodes[SPEC_NODES_MAX / (8 * sizeof(unsigned long))];
} SpecMemoryPolicy;

/* linux.intelRdt: the kernel's Documentation/arch/x86/resctrl.rst */
typedef struct {
	bool set;
	char *class; /* closID; "/": the root's; NULL: one of the container's own */
	char *l3_cache_schema, *mem_bw_schema; /* lines of the file schemata; or NULL */
	GPtrArray *schemata;		       /* of char *: more of them, which count most */
	bool monitoring;		       /* counters of the container's own */
} SpecRdt;

/* linux.namespaces[]: bit set of CLONE_NEW* */
typedef struct {
	uint64_t namespaces;
	GArray *joined;		     /* of SpecNamespace; their bits are not in namespaces */
	uint64_t rootfs_propagation; /* MS_SHARED, …; 0: private */
	GPtrArray *sysctl;	     /* of "NAME=VALUE" */
	SpecTimeOffset monotonic, boottime;
	int64_t personality; /* personality(2); -1: leave */
	SpecMemoryPolicy memory_policy;
	SpecRdt rdt;
	char *mount_label;			  /* mountLabel; or NULL */
	GArray *uid_mappings, *gid_mappings;	  /* of SpecIdMap; empty: let the tiers decide */
	GPtrArray *masked_paths, *readonly_paths; /* of char * */
	SpecSeccomp seccomp;
	GArray *devices;     /* of SpecDevice: more than /dev has anyway */
	GArray *net_devices; /* of SpecNetDevice */
	SpecResources resources;
	char *cgroups_path; /* cgroupsPath: the cgroup itself, absolute or below rlc's; or NULL */
} SpecLinux;

typedef enum {
	NET_SLIRP,
	NET_NONE,
	NET_HOST,
	NET_BRIDGE,
	NET_JOIN
} SpecNetMode;

/* One -p: ports of the host that lead to ports of the container. */
typedef struct {
	char *address;	     /* of the host, without brackets; NULL: all of them */
	uint16_t host_port;  /* the first; 0: any that is free */
	uint16_t host_count; /* more than count: any that is free of these (count is 1 then) */
	uint16_t port;	     /* the container's first */
	uint16_t count;
	int protocol; /* IPPROTO_TCP or IPPROTO_UDP */
} SpecPublish;

/* --network slirp:lane=…: does TCP to the world go by the express lane (feature/net_lane.h)? */
typedef enum {
	NET_LANE_AUTO, /* where it can */
	NET_LANE_OFF,
	NET_LANE_EXPRESS, /* or else the container is not started */
} SpecNetLane;

/* --network and the flags about names; annotations io.rlc.network.* in a config.json */
typedef struct {
	SpecNetMode mode;
	uint32_t mtu;	      /* 0: the default */
	char *cidr;	      /* "10.0.2.0/24"; NULL: the default */
	char *bridge;	      /* NET_BRIDGE: its name; NULL: docker0 if it exists, else rlc0 */
	char *ip, *ip6, *mac; /* NET_BRIDGE: as typed and checked; NULL: any that is free */
	char *container;      /* NET_JOIN: name or id of the container whose network is joined */
	char *path;	      /* NET_JOIN: else the file of the network namespace */
	bool ipv6;
	bool host_loopback; /* may the container reach the host's 127.0.0.1 by the gateway's
			       address? */
	SpecNetLane lane;
	GPtrArray *dns, *dns_search, *dns_options; /* of char *; empty: as the host has them */
	GPtrArray *add_hosts;			   /* of "NAME:ADDRESS" */
	GArray *publish;			   /* of SpecPublish */
} SpecNetwork;

typedef enum {
	USERNS_DEFAULT, /* USERNS_HOST for root, USERNS_AUTO for others */
	USERNS_AUTO,	/* the caller is root inside; the rest from subordinate ids, where there are
			   any */
	USERNS_HOST,	/* no user namespace */
	USERNS_KEEP_ID, /* the caller keeps his own id inside */
	USERNS_MAP,	/* exactly uid_mappings and gid_mappings; where there are none, an ordinary
			   user is process.user inside, as with USERNS_KEEP_ID */
} SpecUserns;

/* --cgroups: whether the container has a cgroup of its own */
typedef enum {
	CGROUPS_AUTO,	  /* if a limit needs it; of a detached one also if it can be had */
	CGROUPS_ENABLED,  /* it must have one */
	CGROUPS_DISABLED, /* none is made */
} SpecCgroups;

/* Whose namespaces are shared, by name or id; NULL: nobody's. The host's: linux.namespaces lacks
 * it. */
typedef struct {
	char *pid, *ipc, *uts;
} SpecShare;

/* --restart: what happens when the payload has ended; while the supervisor lives */
typedef enum {
	RESTART_NO,
	RESTART_ON_FAILURE,
	RESTART_ALWAYS,
	RESTART_UNLESS_STOPPED,
} SpecRestart;

/* hooks: programs of the host's that are told about the container's life, in this order */
typedef enum {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KINDS,
} SpecHookKind;

typedef struct {
	char *path;
	GPtrArray *args; /* of char *, NULL terminated, argv[0] first */
	GPtrArray *env;	 /* of "NAME=VALUE", NULL terminated: all that it has */
	int timeout;	 /* seconds; 0: none */
} SpecHook;

typedef enum {
	HEALTH_UNSET,	/* nobody said anything */
	HEALTH_NONE,	/* no check, whatever the image says */
	HEALTH_COMMAND, /* test is a command and its arguments */
	HEALTH_SHELL,	/* test is one line for /bin/sh -c */
} SpecHealthKind;

/* How it is found out whether the payload is well: the image's Healthcheck, under the flags. */
typedef struct {
	SpecHealthKind kind;
	GPtrArray *test;		      /* of char *, NULL terminated */
	int64_t interval, timeout;	      /* nanoseconds; 0: the default */
	int64_t start_period, start_interval; /* nanoseconds; 0: the default */
	uint32_t retries;		      /* 0: the default */
} SpecHealth;

/* --log-driver: where --detach leaves the output */
typedef enum {
	LOG_DRIVER_FILE,
	LOG_DRIVER_NONE,
	LOG_DRIVER_JOURNALD,
} SpecLogDriver;

/* --security-opt label=: parts of a label; NULL: rlc chooses */
typedef struct {
	bool asked; /* the container has labels */
	char *user, *role, *type, *level;
	char *file_type; /* the type of its files */
} SpecSelinux;

typedef struct {
	char *name;	    /* --name or NULL */
	char *cidfile;	    /* --cidfile or NULL */
	char *pidfile;	    /* --pidfile or NULL: where init's pid is written */
	char *directory;    /* --detach: where the caller stood, for relative paths; or NULL */
	GPtrArray *command; /* --detach: the words after `rlc run`, to do the same again */
	char *image;	    /* as it was named, for show; NULL: the root tells */
	char *image_id;	    /* digits of its configuration's digest, of ROOT_LAYERS; or NULL */
	GPtrArray *labels;  /* of "NAME=VALUE", the image's too */
	SpecUserns userns;
	uint32_t userns_size; /* USERNS_AUTO of root's: how many ids; 0: the default */
	bool privileged; /* /sys is writable, and without a user namespace all devices are there */
	bool nested_userns; /* the payload may make user namespaces; an OCI payload may */
	SpecSelinux selinux;
	SpecNetwork network;
	SpecShare share;
	SpecHealth health;
	bool oci; /* made by an OCI front end: what is mounted is what mounts say, the container
		     waits for its start, and no supervisor stays with it */
	bool host_mounts; /* oci: no mount namespace of its own; a chroot in place of the pivot */
	unsigned preserve_fds; /* --preserve-fds: so many descriptors above the streams stay */
	bool keep_keyring;     /* --no-new-keyring: the caller's session keyring stays */
	char *console_socket;  /* --console-socket: who takes the pty's master; or NULL */
	bool init;	       /* a reaper of ours is PID 1 */
	bool interactive;      /* keep stdin open to the payload */
	unsigned timeout;      /* seconds; 0: none */
	char *scratch;	       /* --scratch: a directory for what an overlay takes; or NULL */
	bool timing;	       /* print where the time went */
	bool detach;	       /* the supervisor goes on without the caller */
	bool keep;	       /* not --rm: what is known of it stays when it has ended */
	int stop_signal;       /* what `rlc stop` sends; 0: SIGTERM */
	unsigned stop_timeout; /* seconds until `rlc stop` kills it */
	SpecCgroups cgroups;
	char *cgroup_parent;  /* --cgroup-parent: a slice of systemd's, or a path; or NULL */
	bool cgroup_systemd;  /* OCI: cgroups_path is "SLICE:PREFIX:NAME" of a scope's */
	bool cgroup_writable; /* the payload may divide its cgroup further */
	SpecRestart restart;
	unsigned restart_max;  /* RESTART_ON_FAILURE: so often; 0: without end */
	uint64_t log_max_size; /* bytes of one log file; 0: the driver's default */
	unsigned log_max_file; /* log files that are kept; 0: the driver's default */
	SpecLogDriver log_driver;
} SpecRlc;

typedef struct {
	SpecRoot root;
	SpecProcess process;
	char *hostname;		   /* NULL: the first 12 digits of the id */
	char *domainname;	   /* NULL: leave */
	GArray *hooks[HOOK_KINDS]; /* of SpecHook */
	GPtrArray *annotations;	   /* of "NAME=VALUE" */
	GArray *mounts;		   /* of SpecMount, mounted in order */
	SpecLinux linux_;	   /* "linux" is a macro of the compiler */
	SpecRlc rlc;
} Spec;

#define HEALTH_DEFAULT_INTERVAL	      INT64_C(30000000000)
#define HEALTH_DEFAULT_TIMEOUT	      INT64_C(30000000000)
#define HEALTH_DEFAULT_START_INTERVAL INT64_C(5000000000)
#define HEALTH_DEFAULT_RETRIES	      3

/*
 * A new Spec with rlc's defaults: builtin:busybox, a shell, all namespaces but time, docker's
 * capabilities, masked and read-only paths, no_new_privs, network slirp, init.  Never fails.
 */
Spec *spec_new(void);

/* A new Spec with none of them: what an empty config.json asks for.  Never fails. */
Spec *spec_new_bare(void);
void spec_free(Spec *spec);

/* Ask for no label any more. */
void spec_selinux_clear(SpecSelinux *selinux);

/* Resources alone, none asked for. */
void spec_resources_init(SpecResources *resources);
void spec_resources_clear(SpecResources *resources);
void spec_rdt_clear(SpecRdt *rdt);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SpecResources, spec_resources_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spec, spec_free)

/* Append a mount; the strings and options are copied. options is a comma-separated list or NULL. */
void spec_add_mount(Spec *spec, const char *type, const char *source, const char *destination,
		    const char *options);

/* Put an anonymous volume in front of all mounts. */
void spec_add_volume(Spec *spec, const char *destination);

/* Was a limit asked for that only a cgroup can keep? Rules of devices are another matter. */
bool spec_has_limits(const SpecResources *resources);

/* Does one of the mounts cover this path inside? */
bool spec_mounts_on(const Spec *spec, const char *destination);

/* Set or replace NAME in process.env. assignment is "NAME=VALUE"; the caller checked its form. */
void spec_set_env(Spec *spec, const char *assignment);

/* The value of NAME in process.env, owned by spec; NULL when it is not set. */
const char *spec_get_env(const Spec *spec, const char *name);

/* Set or replace NAME among pairs of "NAME=VALUE", as labels are. */
void spec_set_pair(GPtrArray *pairs, const char *pair);

/* The image as it was named, or the directory that is the root. Caller frees. */
char *spec_image(const Spec *spec);

/* Append a copy of arg to process.args, which stays NULL terminated. */
void spec_add_arg(Spec *spec, const char *arg);

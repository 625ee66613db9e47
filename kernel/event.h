/* SPDX-License-Identifier: GPL-2.0-only */
/* The contract of what is seen. Every record in a ring starts with a header; sizes and offsets are read from the BTF of the built
 * object, so a decoder cannot disagree with this file. Padding is explicit; strings end with NUL or at their size. */
#pragma once

enum event_type {
	EVENT_FORK    = 1,
	EVENT_EXEC    = 2,
	EVENT_EXIT    = 3,
	EVENT_CONNECT = 4,
	EVENT_ACCEPT  = 5, /* with the first packet after the handshake, or the first datagram */
	EVENT_CLOSE   = 6,
	EVENT_BIND    = 7,
	EVENT_DROP    = 8, /* packets of a socket or flow are denied; one event per flow and generation */
	EVENT_TEST    = 9, /* from the benchmark's source */
	EVENT_MODULE  = 10, /* a kernel module is denied, or would be */
};

/* Which program issued it: index of its counters. */
enum program {
	PROGRAM_EXEC	= 0,
	PROGRAM_EXEC_LSM = 1,
	PROGRAM_FORK	= 2,
	PROGRAM_EXIT	= 3,
	PROGRAM_CONNECT = 4,
	PROGRAM_SENDMSG = 5,
	PROGRAM_BIND	= 6,
	PROGRAM_RELEASE = 7,
	PROGRAM_INGRESS = 8,
	PROGRAM_EGRESS	= 9,
	PROGRAM_TEST	= 10,
	PROGRAM_MODULE	= 11,
	PROGRAM_COUNT	= 12,
};

/* Per CPU and program: issued = received + dropped. */
struct counters {
	__u64 issued;
	__u64 dropped;
};

struct event_header {
	__u64 seq;  /* per CPU and program, no gaps */
	__u64 at;   /* ns since boot, bpf_ktime_get_boot_ns */
	__u32 slot; /* the workload; 0: none */
	__u16 cpu;
	__u8  type;    /* enum event_type */
	__u8  program; /* enum program */
};

/* A process is its number and the time at which it started: numbers are used again. */
struct task_ref {
	__u32 pid; /* thread group, as the host's namespace numbers it */
	__u32 parent;
	__u64 started; /* ns since boot */
	__u64 parent_started;
	__u32 uid;
	__u32 euid;
	char  comm[16];
};

/* What came of a decision. A denial of neither kind is one that somebody only wants counted. */
enum outcome {
	OUTCOME_DENIED = 1 << 0, /* it was really stopped */
	OUTCOME_REPORT = 1 << 1, /* a rule that denies it, in force or on trial, wants to be heard (rule.h, report) */
};

/* What was decided: by what is in force, and by all policies together (trial). Effect 0: no policy speaks of it. */
struct ruling {
	__u64 generation;
	__u32 cookie;
	__u32 trial_cookie;
	__u32 ruler; /* slot of the workload whose policy decided: either end of a connection */
	__u8  gate;
	__u8  effect;
	__u8  trial_effect;
	__u8  outcome; /* enum outcome */
};

struct fork_event {
	struct event_header header;
	struct task_ref task; /* the child */
};

struct exit_event {
	struct event_header header;
	struct task_ref task;
	__u32 status; /* as wait(2) gives it */
	__u32 pad;
};

/* How an image lacks a lasting name. */
enum exec_form {
	FORM_UNLINKED  = 1 << 0, /* link count 0: memfd, O_TMPFILE, deleted */
	FORM_UNHASHED  = 1 << 1, /* the name it was opened by is gone, another hard link remains */
	FORM_SHM       = 1 << 2, /* on a tmpfs mounted at /dev/shm */
	FORM_SCRIPT_FD = 1 << 3, /* a script named by /proc/self/fd/N or /dev/fd/N whose file has one of these forms */
	FORM_BY_FD     = 1 << 4, /* execveat with an empty path; alone it is no reason to deny */
	FORM_NO_PATH   = 1 << 5, /* longer than we hold, or seen through mounts of a user namespace: judged as if no rule named it */
	FORM_KILLED    = 1 << 6, /* a signal is pending; the image runs no instruction */
	FORM_REFUSED   = 1 << 7, /* execve returned EPERM */
};
#define FORMS_FILELESS (FORM_UNLINKED | FORM_UNHASHED | FORM_SHM | FORM_SCRIPT_FD)

struct exec_event {
	struct event_header header;
	struct task_ref task;
	struct ruling ruling;
	__u64 inode;
	__u32 device;
	__u32 links;
	__u32 forms; /* enum exec_form */
	__u32 argv_bytes; /* NUL-separated, what of it we hold */
	char  path[256];  /* of the image, from the root of the mount namespace; of a memfd its name, without a slash */
	char  name[256];  /* as the caller gave it: a hint, not a proof */
	char  interp[128];
	char  cwd[256];
	__u8  argv[512];
};

/* What a module was judged by. */
enum module_form {
	MODULE_FILE	 = 1, /* the digest of its file */
	MODULE_NO_DIGEST = 2, /* nothing: the kernel did not hash its file (no IMA, or another hash) */
	MODULE_BUFFER	 = 3, /* nothing: it came out of a buffer (init_module), and has no file */
};

struct module_event {
	struct event_header header;
	struct task_ref task; /* who loads it; not whoever made the kernel start modprobe */
	struct ruling ruling; /* the ruler is the node */
	__u32 form; /* enum module_form */
	__u8  sha256[32]; /* of a MODULE_FILE */
	char  path[252];  /* of the file, as that of an image; empty for a buffer, and where it is longer than we hold */
};

struct socket_event {
	struct event_header header;
	struct task_ref task; /* zero in a packet's context: nobody's time */
	struct ruling ruling;
	__u64 cookie; /* of the socket */
	__u64 netns;  /* cookie of the network namespace */
	__u64 bytes_in;
	__u64 bytes_out;
	__u8  local[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u8  remote[16];
	__u32 peer_slot;
	__u16 local_port;
	__u16 remote_port;
	__u8  protocol;
	__u8  active; /* this end started it */
	__u8  pad[6];
};

/* Not an event: what the sweep (sweep.bpf.c) writes of a socket that is denied now, for whoever destroys it (sock_diag(7)). */
struct cut_socket {
	struct ruling ruling;
	__u64 cookie;
	__u64 netns;
	__u8  local[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u8  remote[16];
	__u32 slot;
	__u32 peer_slot;
	__u32 device; /* that it is bound to, or 0 */
	__u16 local_port;
	__u16 remote_port;
	__u8  protocol;
	__u8  active;
	__u8  pad[6];
};

struct test_event {
	struct event_header header;
	__u64 first, second, third, fourth;
	char  word[32];
	char  other[32];
};

/* SPDX-License-Identifier: GPL-2.0-only */
/* The contract of policy: what the rule plane writes and every program reads. One generation of policy is one set of four tables
 * (subjects, places, traffic, paths); the two newest generations stand side by side, and control.generation picks one. A program
 * reads that number once per decision, so a decision is made by one generation whole. Only the rule plane writes these tables.
 * Subjects are two halves of one array, since every replacement of an inner map costs a grace period; the others are inner maps. */
#pragma once

enum abi {
	ABI_VERSION = 2, /* raise it when a pinned map changes its shape or its meaning */
};

enum gate {
	GATE_CONNECT = 1, /* traffic that the subject starts */
	GATE_ACCEPT  = 2, /* traffic that somebody starts to the subject */
	GATE_BIND    = 3,
	GATE_EXEC    = 4,
	GATE_MODULE  = 5, /* of the node itself: slot 0 */
};

/* Two tables in one: with TRIAL in the gate, what all policies would say, the observed and shadowed ones too; without, what is in force. */
#define TRIAL 0x80

enum effect {
	EFFECT_NONE  = 0, /* no entry: nothing is said */
	EFFECT_ALLOW = 1,
	EFFECT_DENY  = 2,
};

/* Numbers of label sets that some policy tells apart; they change with every generation. */
enum identity {
	IDENTITY_ANY   = 0,	  /* as peer: whoever it is */
	IDENTITY_HOST  = 1,	  /* no workload of ours */
	IDENTITY_FIRST = 16,	  /* label sets */
	IDENTITY_BLOCK = 1 << 24, /* address blocks that policies name */
};

#define MAX_SLOTS 16384
#define SLOT_NONE 0 /* a process or socket that belongs to no workload */
#define SLOT_NODE 0 /* as subject: the node itself, at gates that are no workload's */

/* subjects: array by (generation % 2) * MAX_SLOTS + slot. A bit is 1 << gate: is there anything to look up? */
struct subject {
	__u32 identity;
	__u8  enforced_gates;
	__u8  trial_gates;
	__u8  plain_gates; /* at these gates nothing is said of an address block: who the peer is can be judged before its address is known */
	__u8  pad;
};

/* places: longest prefix of an address (IPv4 as ::ffff:a.b.c.d) → the narrowest block that a policy names, and the workload that owns it. */
struct place_key {
	__u32 prefixlen;
	__u8  address[16];
};

struct place {
	__u32 block; /* identity >= IDENTITY_BLOCK, or 0 */
	__u32 slot;  /* owner of exactly this address, or 0 */
};

/* traffic: subject, peer and gate are always whole; protocol and port may be cut off the end (0, 8 or 8+n bits). For bind the peer is
 * IDENTITY_ANY. A decision takes the best of three look-ups: the peer's label set, its block, and IDENTITY_ANY. */
struct traffic_key {
	__u32  prefixlen;
	__u32  subject;
	__u32  peer;
	__u8   gate;
	__u8   protocol;
	__be16 port;
};
#define TRAFFIC_FIXED_BITS 72

/* What is asked of a workload at one of its traffic gates (kernel/lib/decide.h). */
struct traffic_request {
	__u32 slot;	  /* whose gate */
	__u32 peer_slot;  /* filled in from the address if it is not known */
	__u8  peer[16];	  /* IPv4 as ::ffff:a.b.c.d; not looked at for bind */
	__u8  gate;
	__u8  protocol;
	__u16 port;	  /* in host order; 0 where there is none */
	__u8  peer_known; /* peer_slot was told by a socket; SLOT_NONE then means a process that is no workload's */
	__u8  pad[3];
};

/* paths: subject and gate are whole, then the path from the root of the mount namespace. "…/" matches all below; with its NUL it matches
 * one file. What has no lasting name is looked up as FILELESS_PATH, and by the empty path instead of the name that it once had. */
#define PATH_BYTES 248
struct path_key {
	__u32 prefixlen;
	__u32 subject;
	__u32 gate;
	char  path[PATH_BYTES];
};
#define PATH_FIXED_BITS 64
#define FILELESS_PATH "fileless:"
/* At GATE_MODULE, in place of a path: the digest of a file in 64 digits, with its NUL; the empty path is everything. */
#define DIGEST_PATH "sha256:"

/* What a look-up yields. The higher rank wins; at equal rank a deny beats an allow. Rank 0 is the implicit deny of an isolated subject. */
struct rule_value {
	__u32 cookie;
	__u32 rank;
	__u8  effect; /* enum effect */
	__u8  report; /* a denial by it is to be told of, not just counted: false where a policy or workload only observes */
	__u8  pad[2];
};

/* A port of the node that is never cut: protocol 0 ends the list. `inbound`: traffic that starts elsewhere. */
struct failsafe_port {
	__be16 port;
	__u8   protocol;
	__u8   inbound;
};
#define MAX_FAILSAFE 16

/* control: one entry, written whole by the rule plane. */
struct control {
	__u64 generation; /* tables of this generation stand at index generation % 2 */
	__u32 epoch;	  /* tracing programs of another epoch do nothing: how new ones take over from old ones */
	__u32 abi;	  /* ABI_VERSION of who made the maps */
	struct failsafe_port failsafe[MAX_FAILSAFE];
};

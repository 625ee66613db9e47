/* SPDX-License-Identifier: GPL-2.0-only */
/* Every map that outlives the agent: each is pinned by its name, shared by all objects, and taken over by the next agent.
 * A change of shape or meaning here is a change of ABI: raise it. */
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "event.h"
#include "rule.h"

/* --- which workload --- */

/* Control group of the unified hierarchy → slot. Kept complete below every managed group by workload.bpf.c. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} workloads SEC(".maps");

enum flow_flag {
	FLOW_ACTIVE  = 1 << 0, /* this end started: what it receives is a reply */
	FLOW_PASSIVE = 1 << 1, /* the other end started: what this one sends is a reply */
	FLOW_KNOWN   = 1 << 2, /* peer_slot was told by a socket, not guessed from an address */
	FLOW_TOLD    = 1 << 3, /* its beginning was reported */
};

/* What is remembered of traffic with one other end. `judged` is generation and verdict in one word, so that no reader sees half of it:
 * (generation + 1) << 1, and 1 more if packets are dropped; 0 is not judged yet. Of another generation it means nothing. Never an identity,
 * which every generation renumbers. */
struct flow {
	__u64 judged;
	__u32 flags; /* enum flow_flag */
	__u32 peer_slot;
};

enum socket_flag {
	SOCKET_STREAM = 1 << 0, /* TCP: one flow, and TCP itself counts the bytes */
	SOCKET_ENDED  = 1 << 1, /* that its connection has ended was told */
};

/* On a socket. `flow` is that of a connection; datagram sockets that are not connected have one in `flows` for every other end. */
struct socket_state {
	struct flow flow;
	__u64 netns;
	__u64 bytes_in;
	__u64 bytes_out;
	__u32 slot;
	__u32 flags; /* enum socket_flag */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct socket_state);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sockets SEC(".maps");

/* The sender of a packet, for the receiver on this node: written when a flow begins and when it is judged anew, not per packet. */
struct tuple {
	__be32 source[4];
	__be32 target[4];
	__u16  source_port;
	__u16  target_port;
	__u8   protocol;
	__u8   pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct tuple);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} senders SEC(".maps");

/* Datagrams have no connection: who started, and what was decided, per socket and other end. */
struct flow_key {
	__u64  cookie; /* of the socket */
	__be32 remote[4];
	__u16  port;
	__u8   protocol;
	__u8   pad;
	__u32  asker; /* workload of a task that sends by another one's socket, else 0 */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct flow);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} flows SEC(".maps");

/* --- policy: rule.h --- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * MAX_SLOTS);
	__type(key, __u32);
	__type(value, struct subject);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} subjects SEC(".maps");

/* By size, not by type: a type that is named only inside another map's template is not whole in the object's BTF. */
struct places_table {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__uint(key_size, sizeof(struct place_key));
	__uint(value_size, sizeof(struct place));
};

struct traffic_table {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__uint(key_size, sizeof(struct traffic_key));
	__uint(value_size, sizeof(struct rule_value));
};

struct paths_table {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__uint(key_size, sizeof(struct path_key));
	__uint(value_size, sizeof(struct rule_value));
};

#define GENERATIONS(name)                                  \
	struct {                                           \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);  \
		__uint(max_entries, 2);                    \
		__type(key, __u32);                        \
		__uint(pinning, LIBBPF_PIN_BY_NAME);       \
		__array(values, struct name##_table);      \
	} name SEC(".maps")

GENERATIONS(places);
GENERATIONS(traffic);
GENERATIONS(paths);

/* --- what was seen --- */

/* Fork, exit and sockets; the reader polls. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} events SEC(".maps");

/* Exec and everything that was denied: a flood of the rest cannot push these out. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} alerts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROGRAM_COUNT);
	__type(key, __u32);
	__type(value, struct counters);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} program_counters SEC(".maps");

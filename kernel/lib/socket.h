/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets and their flows: whose they are, who is at the other end, what is decided of them, and what is told. */
#pragma once
#include "decide.h"
#include "packet.h"
#include "workload.h"

#define LOOPBACK_DEVICE 1 /* of every network namespace */
#define BPF_TCP_ESTABLISHED_STATE 1
#define BPF_TCP_SYN_SENT_STATE 2
#define BPF_TCP_LISTEN_STATE 10

#define PASSES(generation) (((generation) + 1) << 1)
#define CUT(generation) (PASSES(generation) | 1)

/* --- whose it is --- */

static __always_inline __u8 protocol_of(__u32 protocol)
{
	return protocol == IPPROTO_MPTCP ? IPPROTO_TCP : protocol; /* its packets are TCP's */
}

static __always_inline __u32 flags_of(__u32 type, __u32 protocol)
{
	return type == SOCK_STREAM && protocol == IPPROTO_TCP ? SOCKET_STREAM : 0;
}

static __always_inline struct socket_state *stamp(struct bpf_sock *sock, __u64 netns, __u32 slot)
{
	struct socket_state fresh = { .netns = netns, .slot = slot, .flags = flags_of(sock->type, sock->protocol) };

	return bpf_sk_storage_get(&sockets, sock, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
}

static __always_inline __u32 slot_of_socket(struct bpf_sock *sock)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sock, 0, 0);

	return state ? state->slot : SLOT_NONE;
}

/* The compiler must not make one load out of two branches: the verifier forbids arithmetic on a socket's pointer. */
#define APART asm volatile("" ::: "memory")

static __always_inline void read_ends(struct bpf_sock *sock, struct ends *ends)
{
	*ends = (struct ends){ .protocol = protocol_of(sock->protocol) };
	if (sock->family == AF_INET) {
		map_v4(ends->local, sock->src_ip4);
		map_v4(ends->remote, sock->dst_ip4);
		APART;
	} else {
		ends->local[0] = sock->src_ip6[0];
		ends->local[1] = sock->src_ip6[1];
		ends->local[2] = sock->src_ip6[2];
		ends->local[3] = sock->src_ip6[3];
		ends->remote[0] = sock->dst_ip6[0];
		ends->remote[1] = sock->dst_ip6[1];
		ends->remote[2] = sock->dst_ip6[2];
		ends->remote[3] = sock->dst_ip6[3];
		APART;
	}
	ends->local_port = sock->src_port;
	ends->remote_port = bpf_ntohs(sock->dst_port);
}

/* A connection that has ended gave its number back before the socket goes; the port that it sent from stays. */
static __always_inline __u16 local_port_of(struct sock *sock)
{
	__u16 port = BPF_CORE_READ(sock, __sk_common.skc_num);

	return port ? port : bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sock, inet_sport));
}

/* The same from the kernel's own socket. */
static __always_inline void read_kernel_ends(struct sock *sock, struct ends *ends)
{
	*ends = (struct ends){ .protocol = protocol_of(BPF_CORE_READ(sock, sk_protocol)) };
	if (BPF_CORE_READ(sock, __sk_common.skc_family) == AF_INET) {
		map_v4(ends->local, BPF_CORE_READ(sock, __sk_common.skc_rcv_saddr));
		map_v4(ends->remote, BPF_CORE_READ(sock, __sk_common.skc_daddr));
	} else {
		BPF_CORE_READ_INTO(&ends->local, sock, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&ends->remote, sock, __sk_common.skc_v6_daddr);
	}
	ends->local_port = local_port_of(sock);
	ends->remote_port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));
}

/* --- who is at the other end --- */

struct found {
	__u32 slot;
	bool socket; /* a socket of this namespace would get it, if the address is one of this namespace */
	bool here;   /* and that is sure */
};

static __always_inline void judge_found(struct bpf_sock *sock, struct found *found)
{
	struct ends ends;

	read_ends(sock, &ends);
	found->socket = true;
	found->here |= !is_any(ends.local);
	found->slot = slot_of_socket(sock);
}

/* The socket in this network namespace that has the remote end, or would be given what is sent there. The kernel finds one that listens
 * on any address also for an address that is not of this machine: `here` says whether that can be so. */
static __noinline void find_socket(void *ctx, const struct ends *ends, struct found *found)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock = NULL;

	*found = (struct found){ .here = is_loopback(ends->remote) };
	if (is_v4(ends->remote)) {
		tuple.ipv4.saddr = ends->local[3];
		tuple.ipv4.daddr = ends->remote[3];
		tuple.ipv4.sport = bpf_htons(ends->local_port);
		tuple.ipv4.dport = bpf_htons(ends->remote_port);
		if (ends->protocol == IPPROTO_TCP)
			sock = bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
		else if (ends->protocol == IPPROTO_UDP)
			sock = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, ends->local, 16);
		__builtin_memcpy(tuple.ipv6.daddr, ends->remote, 16);
		tuple.ipv6.sport = bpf_htons(ends->local_port);
		tuple.ipv6.dport = bpf_htons(ends->remote_port);
		if (ends->protocol == IPPROTO_TCP)
			sock = bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
		else if (ends->protocol == IPPROTO_UDP)
			sock = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	if (!sock)
		return;
	judge_found(sock, found);
	bpf_sk_release(sock);
}

static __always_inline void tuple_of(struct tuple *tuple, const struct ends *ends, bool inbound)
{
	*tuple = (struct tuple){ .protocol = ends->protocol };
	__builtin_memcpy(inbound ? tuple->target : tuple->source, ends->local, 16);
	__builtin_memcpy(inbound ? tuple->source : tuple->target, ends->remote, 16);
	tuple->source_port = inbound ? ends->remote_port : ends->local_port;
	tuple->target_port = inbound ? ends->local_port : ends->remote_port;
}

/* Somebody else may take the port. */
static __always_inline void forget_sender(const struct ends *ends)
{
	struct tuple tuple;

	tuple_of(&tuple, ends, false);
	bpf_map_delete_elem(&senders, &tuple);
}

/* Who started a flow that came in, as the program of the sender told. */
static __noinline bool find_sender(const struct ends *ends, struct flow *flow)
{
	struct tuple tuple;
	__u32 *slot;

	tuple_of(&tuple, ends, true);
	slot = bpf_map_lookup_elem(&senders, &tuple);
	if (!slot)
		return false;
	flow->peer_slot = *slot;
	flow->flags |= FLOW_KNOWN;
	return true;
}

/* --- what is decided --- */

static __always_inline __u32 severity(const struct ruling *ruling)
{
	if (ruling->outcome & OUTCOME_DENIED)
		return 4;
	if (ruling->outcome & OUTCOME_REPORT)
		return 3;
	if (ruling->trial_effect == EFFECT_DENY)
		return 2;
	return ruling->effect || ruling->trial_effect ? 1 : 0;
}

static __always_inline void begin_ruling(struct ruling *ruling, __u64 generation, __u32 slot, __u8 gate)
{
	*ruling = (struct ruling){ .generation = generation, .ruler = slot, .gate = gate };
}

/* Of all who are asked the strictest wins, and of equals the first. */
static __noinline void ask(const struct control *now, __u64 generation, struct traffic_request *about, bool trial, struct ruling *strictest)
{
	struct ruling next = {};

	decide_traffic(now, generation, about, trial, &next);
	if (severity(&next) > severity(strictest))
		*strictest = next;
}

/* The same where `about->peer_slot` listens here on any address, and it is not known whether the peer's is one of ours: denied is only what
 * would be denied either way. An address that is a workload's alone leaves no doubt. Yields in `about->peer_slot` who the peer surely is. */
static __noinline void ask_either(const struct control *now, __u64 generation, struct traffic_request *about, bool trial,
				  struct ruling *strictest)
{
	struct ruling far = {}, near = {};
	__u32 nearby = about->peer_slot;

	about->peer_known = false;
	decide_traffic(now, generation, about, trial, &far);
	if (nearby != SLOT_NONE && about->peer_slot == SLOT_NONE) {
		about->peer_known = true;
		about->peer_slot = nearby;
		decide_traffic(now, generation, about, trial, &near);
		about->peer_slot = SLOT_NONE;
		if (severity(&near) < severity(&far))
			far = near;
	}
	if (severity(&far) > severity(strictest))
		*strictest = far;
}

/* What a workload starts: from which end to which, and what is known of the other. */
struct start {
	const struct ends *ends;
	struct found target;
	__u32 slot;
	__u32 peer_slot; /* yields the workload at the other end */
	bool trial;
};

/* Judges both ends, as far as the other one is known: may the source connect, does the target accept? */
static __noinline void judge_start(const struct control *now, __u64 generation, struct start *start, struct ruling *strictest)
{
	const struct ends *ends = start->ends;
	struct traffic_request about = {
		.slot = start->slot,
		.peer_slot = start->target.slot,
		.peer_known = true,
		.gate = GATE_CONNECT,
		.protocol = ends->protocol,
		.port = ends->remote_port,
	};
	const struct subject *target;

	__builtin_memcpy(about.peer, ends->remote, 16);
	if (start->target.here)
		ask(now, generation, &about, start->trial, strictest);
	else
		ask_either(now, generation, &about, start->trial, strictest);
	start->peer_slot = about.peer_slot;
	if (start->peer_slot == SLOT_NONE || start->peer_slot == start->slot)
		return;
	about = (struct traffic_request){
		.slot = start->peer_slot,
		.peer_slot = start->slot,
		.peer_known = true,
		.gate = GATE_ACCEPT,
		.protocol = ends->protocol,
		.port = ends->remote_port,
	};
	/* From loopback to loopback; else the source has no address before it is routed. */
	__builtin_memcpy(about.peer, is_any(ends->local) && is_loopback(ends->remote) ? ends->remote : ends->local, 16);
	target = subject_in(generation, start->peer_slot);
	if (!is_any((__be32 *)about.peer) || (target && target->plain_gates & GATE_BIT(GATE_ACCEPT)))
		ask(now, generation, &about, start->trial, strictest);
}

/* What somebody starts to the workload for which `strictest` was begun. `flow` holds, and yields, who that is. */
static __noinline void judge_arrival(const struct control *now, __u64 generation, const struct ends *ends, struct flow *flow,
				     struct ruling *strictest)
{
	struct traffic_request about = {
		.slot = strictest->ruler,
		.peer_slot = flow->peer_slot,
		.peer_known = (flow->flags & FLOW_KNOWN) != 0,
		.gate = GATE_ACCEPT,
		.protocol = ends->protocol,
		.port = ends->local_port,
	};

	__builtin_memcpy(about.peer, ends->remote, 16);
	ask(now, generation, &about, true, strictest);
	flow->peer_slot = about.peer_slot;
}

/* --- what is told --- */

/* Room for an event, all filled in but the task and the bytes. What was denied has a ring of its own. */
static __always_inline struct socket_event *begin_socket_event(__u8 type, __u32 program, __u64 cookie, const struct socket_state *state,
							       const struct flow *flow, const struct ends *ends,
							       const struct ruling *ruling)
{
	void *ring = ruling->outcome ? (void *)&alerts : (void *)&events;
	struct socket_event *event = begin_event(ring, sizeof(*event), type, program, state->slot);

	if (!event)
		return NULL;
	__builtin_memset(&event->task, 0, sizeof(event->task));
	event->ruling = *ruling;
	event->cookie = cookie;
	event->netns = state->netns;
	event->bytes_in = event->bytes_out = 0;
	__builtin_memcpy(event->local, ends->local, 16);
	__builtin_memcpy(event->remote, ends->remote, 16);
	event->peer_slot = flow->peer_slot;
	event->local_port = ends->local_port;
	event->remote_port = ends->remote_port;
	event->protocol = ends->protocol;
	event->active = (flow->flags & FLOW_ACTIVE) != 0;
	__builtin_memset(event->pad, 0, sizeof(event->pad));
	return event;
}

#define DENY 0 /* EPERM, or the packet is dropped */
#define ALLOW 1

/* Without memory for a stamp nothing can be remembered: what is judged at all is then denied. */
static __always_inline int without_stamp(__u64 generation, __u32 asker, __u8 gate)
{
	const struct subject *subject = subject_in(generation, asker);

	return subject && subject->enforced_gates & GATE_BIT(gate) ? DENY : ALLOW;
}

static __always_inline void begin_flow_key(struct flow_key *key, __u64 cookie, const struct ends *ends)
{
	*key = (struct flow_key){ .cookie = cookie, .port = ends->remote_port, .protocol = ends->protocol };
	__builtin_memcpy(key->remote, ends->remote, 16);
}

/* Is this the other end that a datagram socket is connected to? It may be sent to others all the same. */
static __noinline bool is_connected(struct bpf_sock *sock, const struct ends *ends)
{
	struct ends own;

	if (sock->state != BPF_TCP_ESTABLISHED_STATE)
		return false;
	read_ends(sock, &own);
	return own.remote_port == ends->remote_port && same_address(own.remote, ends->remote);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets have the last word on who may talk to whom: what a task was not asked about (a swap since, an address that another program wrote
 * over, a socket carried in) is decided here, once per flow and generation. A packet of a judged flow costs one look-up and a comparison.
 *
 * No control group hook sees: packet sockets (AF_PACKET, AF_XDP), what a tunnel device sends on its own, forwarded packets, other
 * families (vsock, RDS, TIPC, AF_SMC's shared memory), TIME_WAIT and reset packets of the kernel. A raw IP socket is seen, and each
 * packet is judged by what it says of itself. */
#include "vmlinux.h"
#include "socket.h"

char LICENSE[] SEC("license") = "GPL";

struct seen {
	struct packet packet;
	struct ruling ruling;
	__u64 generation;
	bool inbound;
};

/* What goes by loopback stays in this namespace, whatever the addresses are. */
static __always_inline bool is_local(struct __sk_buff *skb)
{
	return skb->ifindex == LOOPBACK_DEVICE || skb->ingress_ifindex == LOOPBACK_DEVICE;
}

/* For the receiver, if it is on this node. */
static __noinline void name_sender(const struct ends *ends, __u32 slot)
{
	struct tuple tuple;

	tuple_of(&tuple, ends, false);
	bpf_map_update_elem(&senders, &tuple, &slot, BPF_ANY);
}

/* Who sent it: told by the sender's program or, on loopback, by its socket. */
static __always_inline void find_source(struct __sk_buff *skb, const struct ends *ends, struct flow *flow)
{
	struct found found;

	if (find_sender(ends, flow) || !is_local(skb))
		return;
	find_socket(skb, ends, &found);
	if (!found.socket)
		return;
	flow->peer_slot = found.slot;
	flow->flags |= FLOW_KNOWN;
}

/* Judges one flow by its direction and remembers the verdict in `flow`. */
static __noinline void judge_flow(struct __sk_buff *skb, struct control *now, struct seen *seen, const struct socket_state *state,
				  struct flow *flow)
{
	struct ends *ends = &seen->packet.ends;
	struct start start = { .ends = ends, .slot = state->slot, .trial = true };

	begin_ruling(&seen->ruling, seen->generation, state->slot, flow->flags & FLOW_ACTIVE ? GATE_CONNECT : GATE_ACCEPT);
	if (flow->flags & FLOW_ACTIVE) {
		if (flow->flags & FLOW_KNOWN)
			start.target = (struct found){ .slot = flow->peer_slot, .here = true };
		else if (is_local(skb)) {
			find_socket(skb, ends, &start.target);
			start.target.here = start.target.socket;
			if (start.target.here)
				flow->flags |= FLOW_KNOWN;
		}
		judge_start(now, seen->generation, &start, &seen->ruling);
		flow->peer_slot = start.peer_slot;
	} else {
		if (!(flow->flags & FLOW_KNOWN))
			find_source(skb, ends, flow);
		judge_arrival(now, seen->generation, ends, flow, &seen->ruling);
	}
	if (seen->ruling.outcome & OUTCOME_DENIED) {
		flow->judged = CUT(seen->generation);
		return;
	}
	flow->judged = PASSES(seen->generation);
	if (!seen->inbound && flow->flags & FLOW_ACTIVE)
		name_sender(ends, state->slot);
}

static __always_inline void tell_packet(struct __sk_buff *skb, const struct seen *seen, __u8 type, const struct socket_state *state,
					const struct flow *flow)
{
	struct socket_event *event = begin_socket_event(type, seen->inbound ? PROGRAM_INGRESS : PROGRAM_EGRESS, bpf_get_socket_cookie(skb),
							state, flow, &seen->packet.ends, &seen->ruling);

	if (event)
		end_event(event);
}

/* Tells that a flow began or that it is denied: once each. */
static __noinline int settle_flow(struct __sk_buff *skb, const struct seen *seen, const struct socket_state *state, struct flow *flow)
{
	if (seen->ruling.outcome & OUTCOME_DENIED) {
		tell_packet(skb, seen, EVENT_DROP, state, flow);
		return DENY;
	}
	if (!(flow->flags & FLOW_TOLD)) {
		flow->flags |= FLOW_TOLD;
		tell_packet(skb, seen, flow->flags & FLOW_ACTIVE ? EVENT_CONNECT : EVENT_ACCEPT, state, flow);
	}
	return ALLOW;
}

/* A connection that was there before us: who listens on its port accepted it. */
static __always_inline __u32 guess_direction(struct __sk_buff *skb, struct bpf_sock *sock, const struct ends *ends)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *listener;
	__u32 flags = FLOW_ACTIVE | FLOW_TOLD;

	if (sock->state == BPF_TCP_SYN_SENT_STATE)
		return FLOW_ACTIVE;
	if (is_v4(ends->local)) {
		tuple.ipv4.daddr = ends->local[3];
		tuple.ipv4.dport = bpf_htons(ends->local_port);
		listener = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	} else {
		__builtin_memcpy(tuple.ipv6.daddr, ends->local, 16);
		tuple.ipv6.dport = bpf_htons(ends->local_port);
		listener = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	if (!listener)
		return flags;
	if (listener->state == BPF_TCP_LISTEN_STATE)
		flags = FLOW_PASSIVE | FLOW_TOLD;
	bpf_sk_release(listener);
	return flags;
}

/* A reset ends what is cut, on the other side too. */
static __always_inline bool is_reset(struct __sk_buff *skb, struct seen *seen)
{
	read_packet(skb, seen->inbound, &seen->packet);
	return seen->packet.ends.protocol == IPPROTO_TCP && seen->packet.kind & TCP_RESET;
}

static __always_inline int judge_stream(struct __sk_buff *skb, struct control *now, struct seen *seen, struct bpf_sock *sock,
					struct socket_state *state)
{
	struct flow *flow = &state->flow;
	int verdict = DENY;

	if (flow->judged != CUT(seen->generation)) {
		read_ends(sock, &seen->packet.ends);
		if (!(flow->flags & (FLOW_ACTIVE | FLOW_PASSIVE)))
			flow->flags |= guess_direction(skb, sock, &seen->packet.ends);
		judge_flow(skb, now, seen, state, flow);
		verdict = settle_flow(skb, seen, state, flow);
	}
	return verdict == DENY && !seen->inbound && is_reset(skb, seen) ? ALLOW : verdict;
}

/* What reaches a listening socket: the first and the last packet of a handshake. Nothing is remembered here unless it is denied, since
 * there are many others; the connection that it becomes remembers for itself. */
static __always_inline int judge_handshake(struct __sk_buff *skb, struct control *now, struct seen *seen, struct socket_state *state)
{
	struct flow flow = { .flags = FLOW_PASSIVE | FLOW_TOLD }, *known;
	const struct subject *subject;
	struct flow_key key;

	/* What it accepts inherits this, and nothing of a former life in which it was connected itself. */
	state->flow = (struct flow){ .flags = FLOW_PASSIVE };
	state->flags &= ~SOCKET_ENDED;
	subject = subject_in(seen->generation, state->slot);
	if (!subject || !(subject->enforced_gates & GATE_BIT(GATE_ACCEPT)))
		return ALLOW;
	read_packet(skb, true, &seen->packet);
	judge_flow(skb, now, seen, state, &flow);
	if (!(seen->ruling.outcome & OUTCOME_DENIED))
		return ALLOW;
	begin_flow_key(&key, bpf_get_socket_cookie(skb), &seen->packet.ends);
	known = bpf_map_lookup_elem(&flows, &key);
	if (known && known->judged == flow.judged)
		return DENY;
	bpf_map_update_elem(&flows, &key, &flow, BPF_ANY);
	return settle_flow(skb, seen, state, &flow);
}

static __always_inline void count_datagram(struct socket_state *state, const struct seen *seen)
{
	__sync_fetch_and_add(seen->inbound ? &state->bytes_in : &state->bytes_out, seen->packet.payload);
}

static __always_inline int judge_datagram(struct __sk_buff *skb, struct control *now, struct seen *seen, struct bpf_sock *sock,
					  struct socket_state *state)
{
	struct ends *ends = &seen->packet.ends;
	struct flow flow, *known;
	struct flow_key key;
	int verdict;

	read_packet(skb, seen->inbound, &seen->packet);
	if (seen->inbound && is_answer(&seen->packet))
		return ALLOW;
	if (is_connected(sock, ends))
		known = &state->flow;
	else {
		begin_flow_key(&key, bpf_get_socket_cookie(skb), ends);
		known = bpf_map_lookup_elem(&flows, &key);
	}
	if (known && known->flags & (FLOW_ACTIVE | FLOW_PASSIVE)) {
		if (known->judged == PASSES(seen->generation)) {
			count_datagram(state, seen);
			return ALLOW;
		}
		if (known->judged == CUT(seen->generation))
			return DENY;
		flow = *known;
	} else if (known) /* connected before we were there */
		flow = (struct flow){ .flags = FLOW_ACTIVE | FLOW_TOLD };
	else
		flow = (struct flow){ .flags = seen->inbound ? FLOW_PASSIVE : FLOW_ACTIVE };
	judge_flow(skb, now, seen, state, &flow);
	verdict = settle_flow(skb, seen, state, &flow);
	if (known)
		*known = flow;
	else
		bpf_map_update_elem(&flows, &key, &flow, BPF_ANY);
	if (verdict == ALLOW)
		count_datagram(state, seen);
	return verdict;
}

/* A socket that no program of ours saw being made: it was there before us, or the kernel made it (a subflow of MPTCP, say). Those by
 * which the kernel itself answers (ICMP, neighbour discovery, resets) are nobody's, in whatever group the namespace was made. */
static __noinline struct socket_state *stamp_late(struct __sk_buff *skb, struct bpf_sock *sock)
{
	struct sock *kernel = BPF_CORE_READ((struct sk_buff *)skb, sk);
	__u32 slot = slot_of_group(bpf_sk_cgroup_id(sock));

	if (sock->type == SOCK_RAW && BPF_CORE_READ_BITFIELD_PROBED(kernel, sk_kern_sock))
		slot = SLOT_NONE;
	return stamp(sock, BPF_CORE_READ(kernel, __sk_common.skc_net.net, net_cookie), slot);
}

static __always_inline int judge_slowly(struct __sk_buff *skb, struct control *now, bool inbound)
{
	struct bpf_sock *sock = skb->sk;
	struct seen seen = { .inbound = inbound };
	struct socket_state *state;

	if (!sock)
		return ALLOW;
	sock = bpf_sk_fullsock(sock);
	if (!sock)
		return ALLOW;
	seen.generation = now->generation; /* read once: a decision is made by one generation whole */
	state = bpf_sk_storage_get(&sockets, sock, 0, 0);
	if (!state) {
		state = stamp_late(skb, sock);
		if (!state)
			return without_stamp(seen.generation, slot_of_group(bpf_sk_cgroup_id(sock)), inbound ? GATE_ACCEPT : GATE_CONNECT);
	}
	if (state->slot == SLOT_NONE)
		return ALLOW;
	if (!(state->flags & SOCKET_STREAM))
		return judge_datagram(skb, now, &seen, sock, state);
	if (sock->state == BPF_TCP_LISTEN_STATE)
		return inbound ? judge_handshake(skb, now, &seen, state) : ALLOW;
	return judge_stream(skb, now, &seen, sock, state);
}

/* A packet of a judged connection costs one look-up on its socket and a compare. */
static __always_inline int judge_packet(struct __sk_buff *skb, bool inbound)
{
	struct control *now = present();
	struct bpf_sock *sock = skb->sk;
	struct socket_state *state;

	if (!now || !sock)
		return ALLOW;
	state = bpf_sk_storage_get(&sockets, sock, 0, 0);
	if (state && (state->slot == SLOT_NONE || (state->flow.judged == PASSES(now->generation) && state->flags & SOCKET_STREAM &&
						   sock->state != BPF_TCP_LISTEN_STATE)))
		return ALLOW;
	return judge_slowly(skb, now, inbound);
}

SEC("cgroup_skb/ingress")
int on_ingress(struct __sk_buff *skb)
{
	return judge_packet(skb, true);
}

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	return judge_packet(skb, false);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may talk to whom. Attached to the control groups of workloads; the kernel chooses programs by the group of the socket, which is
 * that of the task that made it. Where a task asks (connect, sendmsg, bind) the answer is EPERM, and both ends are judged as far as the
 * other one can be seen from there. Packets have the last word: packets.bpf.c. */
#include "vmlinux.h"
#include "socket.h"

char LICENSE[] SEC("license") = "GPL";

SEC("cgroup/sock_create")
int on_socket(struct bpf_sock *sock)
{
	stamp(sock, bpf_get_netns_cookie(sock), current_slot());
	return ALLOW;
}

/* The socket that a task asks by. One that no workload made belongs, from the first question on, to the workload that asks. */
static __always_inline struct socket_state *asking_socket(struct bpf_sock_addr *call, struct bpf_sock *sock, __u32 asker)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sock, 0, 0);

	if (!state)
		return stamp(sock, bpf_get_netns_cookie(call), asker);
	if (state->slot == SLOT_NONE)
		state->slot = asker;
	return state;
}

/* Judges what a socket's workload and, if it is another one, the task's workload starts. */
static __always_inline void judge_asked(struct control *now, __u64 generation, struct bpf_sock_addr *call, const struct socket_state *state,
					__u32 asker, struct start *start, struct ruling *ruling)
{
	find_socket(call, start->ends, &start->target);
	start->trial = true;
	start->slot = state->slot;
	judge_start(now, generation, start, ruling);
	if (asker == SLOT_NONE || asker == state->slot)
		return;
	start->slot = asker;
	judge_start(now, generation, start, ruling);
}

static __always_inline int tell_asked(struct bpf_sock_addr *call, __u8 type, __u32 program, const struct socket_state *state,
				      const struct flow *flow, const struct ends *ends, const struct ruling *ruling)
{
	struct socket_event *event = begin_socket_event(type, program, bpf_get_socket_cookie(call), state, flow, ends, ruling);

	if (event) {
		describe_task(&event->task, bpf_get_current_task_btf());
		end_event(event);
	}
	return ruling->outcome & OUTCOME_DENIED ? DENY : ALLOW;
}

static __always_inline void read_address(struct bpf_sock_addr *call, bool v4, __be32 *address)
{
	if (v4)
		map_v4(address, call->user_ip4);
	else {
		address[0] = call->user_ip6[0];
		address[1] = call->user_ip6[1];
		address[2] = call->user_ip6[2];
		address[3] = call->user_ip6[3];
	}
}

/* Whom a socket asks for. */
static __always_inline void read_call(struct bpf_sock_addr *call, struct bpf_sock *sock, bool v4, struct ends *ends)
{
	read_ends(sock, ends);
	read_address(call, v4, ends->remote);
	resolve_any(ends->remote);
	ends->remote_port = bpf_ntohs(call->user_port);
}

static __always_inline int judge_connect(struct bpf_sock_addr *call, bool v4)
{
	struct control *now = present();
	struct bpf_sock *sock = call->sk;
	struct ruling ruling;
	struct socket_state *state;
	__u64 generation;
	struct ends ends;
	struct start start = { .ends = &ends };
	struct flow flow = { .flags = FLOW_ACTIVE | FLOW_TOLD }, *known;
	struct flow_key key;
	__u32 asker = current_slot();

	if (!now || !sock)
		return ALLOW;
	generation = now->generation; /* read once: a decision is made by one generation whole */
	state = asking_socket(call, sock, asker);
	if (!state)
		return without_stamp(generation, asker, GATE_CONNECT);
	read_call(call, sock, v4, &ends);
	state->flags &= ~SOCKET_ENDED;
	state->flow.judged = 0; /* also where this is denied: a datagram socket may stay connected to whom it was */
	if (!(state->flags & SOCKET_STREAM)) {
		begin_flow_key(&key, bpf_get_socket_cookie(call), &ends);
		known = bpf_map_lookup_elem(&flows, &key);
		if (known && known->flags & FLOW_PASSIVE) { /* to whom this socket only replies; packets are judged as replies */
			state->flow = (struct flow){ .flags = known->flags, .peer_slot = known->peer_slot };
			return ALLOW;
		}
	}
	begin_ruling(&ruling, generation, state->slot, GATE_CONNECT);
	judge_asked(now, generation, call, state, asker, &start, &ruling);
	flow.peer_slot = start.peer_slot;
	if (start.target.here && start.target.socket)
		flow.flags |= FLOW_KNOWN;
	if (!(ruling.outcome & OUTCOME_DENIED)) {
		state->flow.flags = flow.flags;
		state->flow.peer_slot = flow.peer_slot;
	}
	if (state->slot == SLOT_NONE && !ruling.outcome)
		return ALLOW;
	return tell_asked(call, EVENT_CONNECT, PROGRAM_CONNECT, state, &flow, &ends, &ruling);
}

SEC("cgroup/connect4")
int on_connect4(struct bpf_sock_addr *call)
{
	return judge_connect(call, true);
}

SEC("cgroup/connect6")
int on_connect6(struct bpf_sock_addr *call)
{
	return judge_connect(call, false);
}

/* A datagram with an address of its own: judged when its flow begins and after every swap, else one look-up. */
static __always_inline int judge_sendmsg(struct bpf_sock_addr *call, bool v4)
{
	struct control *now = present();
	struct bpf_sock *sock = call->sk;
	struct ruling ruling;
	struct socket_state *state;
	__u64 generation;
	struct ends ends;
	struct start start = { .ends = &ends };
	struct flow fresh = { .flags = FLOW_ACTIVE | FLOW_TOLD }, *known;
	struct flow_key key;
	__u32 asker = current_slot();

	if (!now || !sock)
		return ALLOW;
	generation = now->generation; /* read once: a decision is made by one generation whole */
	state = asking_socket(call, sock, asker);
	if (!state)
		return without_stamp(generation, asker, GATE_CONNECT);
	if (state->slot == SLOT_NONE && !generation)
		return ALLOW;
	read_call(call, sock, v4, &ends);
	if (is_connected(sock, &ends)) /* an IPv6 socket asks about each datagram to an IPv4 address that it is connected to */
		return state->flow.judged == CUT(generation) ? DENY : ALLOW;
	begin_flow_key(&key, bpf_get_socket_cookie(call), &ends);
	known = bpf_map_lookup_elem(&flows, &key);
	if (known && known->flags & FLOW_PASSIVE)
		return known->judged == CUT(generation) ? DENY : ALLOW; /* a reply; if it is not judged yet, the packet is */
	if (asker != SLOT_NONE && asker != state->slot) {
		key.asker = asker;
		known = bpf_map_lookup_elem(&flows, &key);
	}
	if (known && known->judged == PASSES(generation))
		return ALLOW;
	if (known && known->judged == CUT(generation))
		return DENY;
	begin_ruling(&ruling, generation, state->slot, GATE_CONNECT);
	judge_asked(now, generation, call, state, asker, &start, &ruling);
	fresh.peer_slot = start.peer_slot;
	if (ruling.outcome & OUTCOME_DENIED)
		fresh.judged = CUT(generation);
	else if (key.asker) /* that it passes for the socket's own workload is remembered when its packet has been judged */
		fresh.judged = PASSES(generation);
	if (state->slot == SLOT_NONE && !ruling.outcome)
		return ALLOW;
	bpf_map_update_elem(&flows, &key, &fresh, BPF_ANY);
	if (known && !(ruling.outcome & OUTCOME_DENIED))
		return ALLOW;
	return tell_asked(call, EVENT_CONNECT, PROGRAM_SENDMSG, state, &fresh, &ends, &ruling);
}

SEC("cgroup/sendmsg4")
int on_sendmsg4(struct bpf_sock_addr *call)
{
	return judge_sendmsg(call, true);
}

SEC("cgroup/sendmsg6")
int on_sendmsg6(struct bpf_sock_addr *call)
{
	return judge_sendmsg(call, false);
}

static __always_inline int judge_bind(struct bpf_sock_addr *call, bool v4)
{
	struct control *now = present();
	struct bpf_sock *sock = call->sk;
	struct ruling ruling;
	struct socket_state *state;
	__u64 generation;
	struct flow none = {};
	struct ends ends;
	struct traffic_request about = { .gate = GATE_BIND };
	__u32 asker = current_slot();

	if (!now || !sock)
		return ALLOW;
	generation = now->generation; /* read once: a decision is made by one generation whole */
	state = asking_socket(call, sock, asker);
	if (!state)
		return without_stamp(generation, asker, GATE_BIND);
	if (state->slot == SLOT_NONE)
		return ALLOW;
	read_ends(sock, &ends);
	read_address(call, v4, ends.local);
	ends.local_port = bpf_ntohs(call->user_port);
	begin_ruling(&ruling, generation, state->slot, GATE_BIND);
	about.protocol = ends.protocol;
	about.port = ends.local_port;
	about.slot = state->slot;
	ask(now, generation, &about, true, &ruling);
	about.slot = asker;
	if (asker != state->slot)
		ask(now, generation, &about, true, &ruling);
	return tell_asked(call, EVENT_BIND, PROGRAM_BIND, state, &none, &ends, &ruling);
}

SEC("cgroup/bind4")
int on_bind4(struct bpf_sock_addr *call)
{
	return judge_bind(call, true);
}

SEC("cgroup/bind6")
int on_bind6(struct bpf_sock_addr *call)
{
	return judge_bind(call, false);
}

/* Payload that the program sent and was sent, whatever was sent twice; no helper of this program type yields TCP's side of a socket. FIN is counted among the received bytes, and stands among the unsent ones if the program shut down. */
static __always_inline void count_stream(struct bpf_sock *sock, struct socket_event *event)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sock;
	__u32 unsent = BPF_CORE_READ(tcp, write_seq) - BPF_CORE_READ(tcp, snd_nxt);
	__u64 received = BPF_CORE_READ(tcp, bytes_received), sent = BPF_CORE_READ(tcp, bytes_sent);

#define SOCK_DONE_BIT 1 /* include/net/sock.h: a FIN came in */
	if (received && BPF_CORE_READ((struct sock *)sock, __sk_common.skc_flags) & (1 << SOCK_DONE_BIT))
		received--;
	if (sent)
		sent -= BPF_CORE_READ(tcp, bytes_retrans);
	event->bytes_in = received;
	event->bytes_out = sent + unsent;
	if (unsent && sock->state != BPF_TCP_ESTABLISHED_STATE && sock->state != 8 /* CLOSE_WAIT */)
		event->bytes_out--;
}

/* Of the local end this program type shows nothing, but its context is the kernel's own socket. */
static __always_inline void read_last_ends(struct bpf_sock *sock, struct ends *ends)
{
	struct sock *kernel = (struct sock *)sock;

	*ends = (struct ends){ .protocol = protocol_of(sock->protocol), .remote_port = bpf_ntohs(sock->dst_port) };
	ends->local_port = local_port_of(kernel);
	if (sock->family == AF_INET) {
		map_v4(ends->local, BPF_CORE_READ(kernel, __sk_common.skc_rcv_saddr));
		map_v4(ends->remote, sock->dst_ip4);
		APART;
	} else {
		BPF_CORE_READ_INTO(&ends->local, kernel, __sk_common.skc_v6_rcv_saddr);
		ends->remote[0] = sock->dst_ip6[0];
		ends->remote[1] = sock->dst_ip6[1];
		ends->remote[2] = sock->dst_ip6[2];
		ends->remote[3] = sock->dst_ip6[3];
		APART;
	}
}

SEC("cgroup/sock_release")
int on_release(struct bpf_sock *sock)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sock, 0, 0);
	struct ruling none = {};
	struct socket_event *event;
	struct ends ends;

	if (!present() || !state || state->slot == SLOT_NONE || state->flags & SOCKET_ENDED)
		return ALLOW;
	read_last_ends(sock, &ends);
	if (state->flags & SOCKET_STREAM && state->flow.flags & FLOW_ACTIVE)
		forget_sender(&ends);
	state->flags |= SOCKET_ENDED;
	if (!(state->flow.flags & FLOW_TOLD) && !state->bytes_in && !state->bytes_out)
		return ALLOW;
	none.ruler = state->slot;
	event = begin_socket_event(EVENT_CLOSE, PROGRAM_RELEASE, bpf_get_socket_cookie(sock), state, &state->flow, &ends, &none);
	if (!event)
		return ALLOW;
	describe_task(&event->task, bpf_get_current_task_btf());
	event->bytes_in = state->bytes_in;
	event->bytes_out = state->bytes_out;
	if (state->flags & SOCKET_STREAM)
		count_stream(sock, event);
	end_event(event);
	return ALLOW;
}

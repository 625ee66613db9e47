/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells of a connection when it is accepted, be it that nothing is ever sent. The packets of its handshake reached the listening socket,
 * before there was this one. Nothing is refused here: who may not connect was refused at the handshake, and packets have the last word. */
#include "vmlinux.h"
#include "socket.h"

char LICENSE[] SEC("license") = "GPL";

#define CONTINUE 1

SEC("sockops")
int on_accept(struct bpf_sock_ops *call)
{
	struct control *now = present();
	struct ruling ruling;
	struct socket_state *state;
	struct socket_event *event;
	struct bpf_sock *sock;
	__u64 generation;
	struct ends ends;
	struct flow flow;

	if (call->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB || !now)
		return CONTINUE;
	sock = call->sk;
	if (!sock)
		return CONTINUE;
	state = bpf_sk_storage_get(&sockets, sock, 0, 0); /* inherited from who listens */
	if (!state || state->slot == SLOT_NONE || !(state->flags & SOCKET_STREAM))
		return CONTINUE;
	flow = state->flow;
	if (!(flow.flags & FLOW_PASSIVE) || flow.flags & FLOW_TOLD)
		return CONTINUE;
	generation = now->generation; /* read once: a decision is made by one generation whole */
	read_ends(sock, &ends);
	find_sender(&ends, &flow);
	begin_ruling(&ruling, generation, state->slot, GATE_ACCEPT);
	judge_arrival(now, generation, &ends, &flow, &ruling);
	if (ruling.outcome & OUTCOME_DENIED)
		return CONTINUE; /* its first packet is dropped, and told of */
	flow.flags |= FLOW_TOLD;
	if (flow.flags & FLOW_KNOWN) /* what its first packet would be told */
		flow.judged = PASSES(generation);
	state->flow = flow;
	event = begin_socket_event(EVENT_ACCEPT, PROGRAM_INGRESS, bpf_get_socket_cookie(call), state, &flow, &ends, &ruling);
	if (event)
		end_event(event);
	return CONTINUE;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells of a connection when it is accepted, be it that nothing is ever sent, and of one that nobody takes when that is known. The packets of
 * a handshake reached the listening socket, before there was the accepted one; a socket that was not taken has lost both its ends when it is
 * released. Nothing is refused here: who may not connect was refused at the handshake, and packets have the last word. */
#include "vmlinux.h"
#include "socket.h"

char LICENSE[] SEC("license") = "GPL";

#define CONTINUE 1

static __always_inline void tell_accepted(struct bpf_sock_ops *call, const struct control *now, const struct ends *ends,
					  struct socket_state *state)
{
	__u64 generation = now->generation; /* read once: a decision is made by one generation whole */
	struct flow flow = state->flow;
	struct socket_event *event;
	struct ruling ruling;

	if (!(flow.flags & FLOW_PASSIVE) || flow.flags & FLOW_TOLD)
		return;
	find_sender(ends, &flow);
	begin_ruling(&ruling, generation, state->slot, GATE_ACCEPT);
	judge_arrival(now, generation, ends, &flow, &ruling);
	if (ruling.outcome & OUTCOME_DENIED)
		return; /* its first packet is dropped, and told of */
	flow.flags |= FLOW_TOLD;
	if (flow.flags & FLOW_KNOWN) /* what its first packet would be told */
		flow.judged = PASSES(generation);
	state->flow = flow;
	event = begin_socket_event(EVENT_ACCEPT, PROGRAM_INGRESS, bpf_get_socket_cookie(call), state, &flow, ends, &ruling);
	if (event)
		end_event(event);
}

static __always_inline void tell_untaken(struct bpf_sock_ops *call, const struct ends *ends, struct socket_state *state)
{
	struct ruling none = { .ruler = state->slot };
	struct socket_event *event;

	if (!(state->flow.flags & FLOW_ACTIVE) || state->flags & SOCKET_ENDED)
		return;
	forget_sender(ends);
	state->flags |= SOCKET_ENDED;
	event = begin_socket_event(EVENT_CLOSE, PROGRAM_RELEASE, bpf_get_socket_cookie(call), state, &state->flow, ends, &none);
	if (event)
		end_event(event);
}

SEC("sockops")
int on_accept(struct bpf_sock_ops *call)
{
	struct control *now = present();
	struct socket_state *state;
	struct bpf_sock *sock;
	struct ends ends;
	__u32 op = call->op;
	bool untaken;

	/* Never taken back: another program on this socket may have asked for it as well. */
	if (op == BPF_SOCK_OPS_TCP_CONNECT_CB) {
		bpf_sock_ops_cb_flags_set(call, call->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
		return CONTINUE;
	}
	untaken = op == BPF_SOCK_OPS_STATE_CB && call->args[0] == BPF_TCP_SYN_SENT && call->args[1] == BPF_TCP_CLOSE;
	if (!untaken && op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return CONTINUE;
	sock = call->sk;
	if (!now || !sock)
		return CONTINUE;
	state = bpf_sk_storage_get(&sockets, sock, 0, 0); /* of what was accepted: inherited from who listens */
	if (!state || state->slot == SLOT_NONE || !(state->flags & SOCKET_STREAM))
		return CONTINUE;
	read_ends(sock, &ends);
	if (untaken)
		tell_untaken(call, &ends, state);
	else
		tell_accepted(call, now, &ends, state);
	return CONTINUE;
}

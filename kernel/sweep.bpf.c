/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that are there already, walked on demand. `stamp_files` gives those of adopted processes their workload: also those that were
 * made in another group, which the programs of this one never see; as the other end of traffic they are known then. `judge_streams` and
 * `judge_datagrams` judge what stands in the network namespace of whoever reads, after a swap, and write down what is denied now.
 * They only read: that packets are dropped is for the packets to find. Of a connection from before our time a packet has to tell the
 * direction and the other end (judge_flow); until then it is left alone. */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "socket.h"

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task_file")
int stamp_files(struct bpf_iter__task_file *at)
{
	struct task_struct *task = at->task;
	struct file *file = at->file;
	struct socket_state fresh = {}, *state;
	struct socket *socket;
	struct sock *sock;
	__u16 family;

	if (!task || !file)
		return 0;
	fresh.slot = slot_of_task(task);
	if (fresh.slot == SLOT_NONE)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sock = socket->sk;
	if (!sock)
		return 0;
	family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	fresh.netns = BPF_CORE_READ(sock, __sk_common.skc_net.net, net_cookie);
	fresh.flags = flags_of(BPF_CORE_READ(sock, sk_type), BPF_CORE_READ(sock, sk_protocol));
	state = bpf_sk_storage_get(&sockets, sock, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (state && state->slot == SLOT_NONE)
		state->slot = fresh.slot;
	return 0;
}

struct walk {
	struct seq_file *out;
	struct sock *sock;
	__u64 cookie;
	struct ends ends;
	struct flow flow;
	struct ruling ruling;
};

static __noinline void write_cut(struct walk *walk, const struct socket_state *state)
{
	struct sock *sock = walk->sock;
	struct cut_socket cut = {
		.ruling = walk->ruling,
		.cookie = walk->cookie,
		.netns = state->netns,
		.slot = state->slot,
		.peer_slot = walk->flow.peer_slot,
		.device = BPF_CORE_READ(sock, __sk_common.skc_bound_dev_if),
		.local_port = walk->ends.local_port,
		.remote_port = walk->ends.remote_port,
		.protocol = walk->ends.protocol,
		.active = (walk->flow.flags & FLOW_ACTIVE) != 0,
	};

	__builtin_memcpy(cut.local, walk->ends.local, 16);
	__builtin_memcpy(cut.remote, walk->ends.remote, 16);
	bpf_seq_write(walk->out, &cut, sizeof(cut));
}

/* Writes down a socket if what is in force denies its one flow. */
static __noinline void judge_socket(struct walk *walk, const struct socket_state *state)
{
	struct control *now = present();
	struct flow *flow = &walk->flow;
	struct start start = { .ends = &walk->ends, .slot = state->slot, .trial = true };

	*flow = state->flow;
	if (!now || state->slot == SLOT_NONE || !(flow->flags & (FLOW_ACTIVE | FLOW_PASSIVE)))
		return;
	read_kernel_ends(walk->sock, &walk->ends);
	if (!flow->judged && !(flow->flags & FLOW_KNOWN) && !(flow->flags & FLOW_PASSIVE && find_sender(&walk->ends, flow)))
		return;
	begin_ruling(&walk->ruling, now->generation, state->slot, flow->flags & FLOW_ACTIVE ? GATE_CONNECT : GATE_ACCEPT);
	if (flow->flags & FLOW_ACTIVE) {
		if (flow->flags & FLOW_KNOWN)
			start.target = (struct found){ .slot = flow->peer_slot, .here = true };
		judge_start(now, walk->ruling.generation, &start, &walk->ruling);
		flow->peer_slot = start.peer_slot;
	} else
		judge_arrival(now, walk->ruling.generation, &walk->ends, flow, &walk->ruling);
	if (walk->ruling.outcome & OUTCOME_DENIED)
		write_cut(walk, state);
}

SEC("iter/tcp")
int judge_streams(struct bpf_iter__tcp *at)
{
	struct sock_common *sock = at->sk_common;
	struct socket_state *state;

	if (!sock || sock->skc_state == BPF_TCP_LISTEN_STATE)
		return 0;
	state = bpf_sk_storage_get(&sockets, sock, 0, 0);
	if (state) {
		struct walk walk = { .out = at->meta->seq, .sock = (struct sock *)sock, .cookie = bpf_get_socket_cookie(sock) };

		judge_socket(&walk, state);
	}
	return 0;
}

SEC("iter/udp")
int judge_datagrams(struct bpf_iter__udp *at)
{
	struct sock *sock = (struct sock *)at->udp_sk;
	struct socket_state *state;

	if (!sock || BPF_CORE_READ(sock, __sk_common.skc_state) != BPF_TCP_ESTABLISHED_STATE)
		return 0;
	state = bpf_sk_storage_get(&sockets, sock, 0, 0);
	if (state) {
		struct walk walk = { .out = at->meta->seq, .sock = sock, .cookie = bpf_get_socket_cookie(sock) };

		judge_socket(&walk, state);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Never attached: the verdict in a program type that BPF_PROG_TEST_RUN runs, since it refuses the hooks themselves. What is decided here is
 * what they decide; tests hold it against the look-up in TypeScript, and the benchmark measures it. */
#include "vmlinux.h"
#include "decide.h"

char LICENSE[] SEC("license") = "GPL";

#define BATCH 4096

/* In the order in which they are asked; gate 0 ends the list. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BATCH);
	__type(key, __u32);
	__type(value, struct traffic_request);
} requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BATCH);
	__type(key, __u32);
	__type(value, struct ruling);
} rulings SEC(".maps");

static long judge_one(__u32 index, bool *trial)
{
	struct control *now = present();
	struct traffic_request *ask = bpf_map_lookup_elem(&requests, &index);
	struct ruling *ruling = bpf_map_lookup_elem(&rulings, &index);

	if (!now || !ask || !ruling || !ask->gate)
		return 1;
	decide_traffic(now, now->generation, ask, *trial, ruling);
	return 0;
}

SEC("tc")
int judge_batch(struct __sk_buff *skb)
{
	bool trial = true;

	return bpf_loop(BATCH, judge_one, &trial, 0);
}

/* What a packet pays where nothing is remembered; run many times over, it tells nanoseconds. */
SEC("tc")
int judge_repeatedly(struct __sk_buff *skb)
{
	bool trial = false;

	return judge_one(0, &trial);
}

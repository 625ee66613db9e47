/* SPDX-License-Identifier: GPL-2.0-only */
/* Never attached: a source of events that did not happen, at rates that no machine reaches otherwise. The benchmarks run it. */
#include "vmlinux.h"
#include "emit.h"

char LICENSE[] SEC("license") = "GPL";

/* What it costs to be counted. */
SEC("tc")
int do_nothing(struct __sk_buff *skb)
{
	return 0;
}

/* One record of 128 bytes. */
SEC("tc")
int emit_test(struct __sk_buff *skb)
{
	struct test_event *event = begin_event(&events, sizeof(*event), EVENT_TEST, PROGRAM_TEST, SLOT_NONE);

	if (!event)
		return 0;
	event->first = event->header.seq;
	event->second = event->header.at;
	event->third = 3;
	event->fourth = 4;
	__builtin_memcpy(event->word, "thirty-one characters and a NUL", sizeof(event->word));
	__builtin_memcpy(event->other, "and another one of the same size", sizeof(event->other));
	end_event(event);
	return 0;
}

static __always_inline void invent_task(struct task_ref *task, __u64 at)
{
	/* A process like no other: numbers start where the kernel's end (PID_MAX_LIMIT). */
	*task = (struct task_ref){
		.pid = (1 << 22) + (at & 0xffffff),
		.parent = 1,
		.started = at,
		.comm = "invented",
	};
}

/* Fork and exit of a process that never was. */
SEC("tc")
int emit_process(struct __sk_buff *skb)
{
	__u64 at = bpf_ktime_get_boot_ns();
	struct fork_event *fork = begin_event(&events, sizeof(*fork), EVENT_FORK, PROGRAM_TEST, SLOT_NONE);
	struct exit_event *exit;

	if (fork) {
		invent_task(&fork->task, at);
		end_event(fork);
	}
	exit = begin_event(&events, sizeof(*exit), EVENT_EXIT, PROGRAM_TEST, SLOT_NONE);
	if (exit) {
		invent_task(&exit->task, at);
		exit->status = 0;
		exit->pad = 0;
		end_event(exit);
	}
	return 0;
}

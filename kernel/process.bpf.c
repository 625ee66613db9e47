/* SPDX-License-Identifier: GPL-2.0-only */
/* Fork and exit: who descends from whom, and when it ended. Observes only. A thread is neither: both hooks fire for threads too,
 * and these are passed over. The raw tracepoints cost a process that we do not manage one hash look-up. */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "workload.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct fork_event *event;
	__u32 slot;

	if (!in_force() || child->pid != child->tgid)
		return 0;
	slot = slot_of_task(child); /* not its parent's: clone3 can start it in another group */
	event = begin_event(&events, sizeof(*event), EVENT_FORK, PROGRAM_FORK, slot);
	if (!event)
		return 0;
	describe_task(&event->task, child);
	end_event(event);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct exit_event *event;

	if (!in_force() || task->pid != task->tgid)
		return 0;
	event = begin_event(&events, sizeof(*event), EVENT_EXIT, PROGRAM_EXIT, current_slot());
	if (!event)
		return 0;
	describe_task(&event->task, task);
	event->status = task->exit_code;
	event->pad = 0;
	end_event(event);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* How a record gets into a ring, counted. */
#pragma once
#include <bpf/bpf_core_read.h>
#include "maps.h"

/* Set before load: this program's place in the succession. In a section of its own, so that its place in it is known. */
const volatile __u32 program_epoch SEC(".rodata.epoch") = 1;

/* For programs that are replaced in place: cgroup links. */
static __always_inline struct control *present(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

/* For programs of which the old and the new are attached together for a moment: tracing and LSM. Only those of control.epoch act. */
static __always_inline struct control *in_force(void)
{
	struct control *now = present();

	return now && now->epoch == program_epoch ? now : NULL;
}

/* Reserves `size` bytes and fills the header. Issued is counted also where there is no room: issued = received + dropped. */
static __always_inline void *begin_event(void *ring, __u64 size, __u8 type, __u32 program, __u32 slot)
{
	struct counters *count = bpf_map_lookup_elem(&program_counters, &program);
	struct event_header *header;
	__u64 seq;

	if (!count)
		return NULL;
	/* Atomic although per CPU: an interrupt may run another program here, and a plain ++ loses counts. */
	seq = __sync_fetch_and_add(&count->issued, 1);
	header = bpf_ringbuf_reserve(ring, size, 0);
	if (!header) {
		__sync_fetch_and_add(&count->dropped, 1);
		return NULL;
	}
	*header = (struct event_header){
		.seq = seq,
		.at = bpf_ktime_get_boot_ns(),
		.slot = slot,
		.cpu = bpf_get_smp_processor_id(),
		.type = type,
		.program = program,
	};
	return header;
}

/* The reader polls: a wake-up per event would cost the task that we watch. */
static __always_inline void end_event(void *event)
{
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* `task` is typed by the kernel's BTF (a tracepoint's argument, bpf_get_current_task_btf), so its fields are plain loads: this runs once for
 * every event, and each read by a helper would cost as much as all of them. */
static __always_inline void describe_task(struct task_ref *ref, struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;

	ref->pid = task->tgid;
	ref->started = task->group_leader->start_boottime;
	ref->parent = parent->tgid;
	ref->parent_started = parent->group_leader->start_boottime;
	ref->uid = task->cred->uid.val;
	ref->euid = task->cred->euid.val;
	bpf_probe_read_kernel(ref->comm, sizeof(ref->comm), task->comm);
}

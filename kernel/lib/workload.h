/* SPDX-License-Identifier: GPL-2.0-only */
/* Which workload a task belongs to: one look-up, since every group below a managed one has an entry of its own. */
#pragma once
#include "emit.h"

static __always_inline __u32 slot_of_group(__u64 group)
{
	__u32 *slot = bpf_map_lookup_elem(&workloads, &group);

	return slot ? *slot : SLOT_NONE;
}

static __always_inline __u32 current_slot(void)
{
	return slot_of_group(bpf_get_current_cgroup_id());
}

/* The workload of a task that need not be the current one. */
static __always_inline __u32 slot_of_task(struct task_struct *task)
{
	return slot_of_group(BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id));
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Nested groups inherit in the kernel: a group made below a managed one gets its parent's slot before anything can run in it, and loses
 * it when it goes. So a task's workload is one look-up at any depth. Only the unified hierarchy counts: ids of others may be the same. */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "workload.h"

char LICENSE[] SEC("license") = "GPL";

#define UNIFIED_HIERARCHY 0 /* cgrp_dfl_root is made first and numbered 0 */

static __always_inline bool is_unified(struct cgroup *group)
{
	return BPF_CORE_READ(group, root, hierarchy_id) == UNIFIED_HIERARCHY;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_group_made, struct cgroup *group, const char *path)
{
	__u64 id, parent;
	__u32 slot;

	if (!in_force() || !is_unified(group))
		return 0;
	id = BPF_CORE_READ(group, kn, id);
	parent = BPF_CORE_READ(group, self.parent, cgroup, kn, id);
	slot = slot_of_group(parent);
	/* Not over an entry that is there: whoever gives groups away may have been here first. */
	if (slot != SLOT_NONE)
		bpf_map_update_elem(&workloads, &id, &slot, BPF_NOEXIST);
	return 0;
}

SEC("tp_btf/cgroup_release")
int BPF_PROG(on_group_gone, struct cgroup *group, const char *path)
{
	__u64 id;

	if (!in_force() || !is_unified(group))
		return 0;
	id = BPF_CORE_READ(group, kn, id);
	bpf_map_delete_elem(&workloads, &id);
	return 0;
}

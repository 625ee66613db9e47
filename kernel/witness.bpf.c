/* SPDX-License-Identifier: GPL-2.0-only */
/* Shows that an image ran no instruction: a new image has no page mapped in, so its first instruction is a page fault from user mode.
 * From the moment of exec, counts such faults per process. Loaded by the demo and the tests only, never pinned. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/* Process → faults since its last exec. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} faults SEC(".maps");

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_new_image, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 pid = task->tgid;
	__u64 none = 0;

	bpf_map_update_elem(&faults, &pid, &none, BPF_ANY);
	return 0;
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(on_user_fault)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 *count = bpf_map_lookup_elem(&faults, &pid);

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

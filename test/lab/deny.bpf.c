/* SPDX-License-Identifier: GPL-2.0-only */
/* What the lab's kernel can do and other kernels may refuse: deny an exec (BPF LSM), and count the calls of a kernel function (fentry). */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define EPERM 1

static const char denied[] = "/lab-denied";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} checks SEC(".maps");

SEC("lsm/bprm_check_security")
int BPF_PROG(deny_one, struct linux_binprm *bprm)
{
	char name[sizeof(denied)] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(bprm, filename));
	return bpf_strncmp(name, sizeof(name), denied) == 0 ? -EPERM : 0;
}

SEC("fentry/security_bprm_check")
int BPF_PROG(count_checks, struct linux_binprm *bprm)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&checks, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

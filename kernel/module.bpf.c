/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules: refused by the digest of their file, whoever loads them. User space has verified their signatures and made rules of the
 * digests; no kernel looks at one that is unsigned, and few refuse it.
 *  on_module_file    lsm.s/kernel_read_file: may sleep, so it can have IMA hash the file; but a program that may sleep may not look into the
 *                    tables of rules, so it only keeps the digest with the task. Nobody may write to the file from here on to the next.
 *  on_module_read    lsm/kernel_post_read_file: the same task, when the file has been read: looks the digest up, and can refuse: EPERM.
 *  on_module_buffer  lsm/kernel_load_data: a module out of a buffer has no file and no digest, so it is refused wherever what is not known is.
 * The node's modules are the node's: rules stand at the subject of slot 0, and not at that of the workload that asks. */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "decide.h"

char LICENSE[] SEC("license") = "GPL";

#define DIGEST_BYTES 32
#define HASH_ALGO_SHA256 4

struct module_digest {
	struct file *file;
	__u32 known;
	__u8 digest[DIGEST_BYTES];
	__u8 slack[DIGEST_BYTES]; /* the kernel's hash may be a longer one */
};

/* Pinned, since each of these programs is loaded by itself. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct module_digest);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} module_digests SEC(".maps");

static __always_inline char hex_digit(__u8 value)
{
	return value < 10 ? '0' + value : 'a' + value - 10;
}

/* What is said of the node itself, if anything is said of its modules. */
static __always_inline const struct subject *ruled_node(__u64 generation)
{
	__u32 index = (generation & 1) * MAX_SLOTS + SLOT_NODE;
	const struct subject *node = generation ? bpf_map_lookup_elem(&subjects, &index) : NULL;

	return node && (node->enforced_gates & GATE_BIT(GATE_MODULE)) ? node : NULL;
}

/* Whether a module of this digest is refused. NULL: nobody knows what it is, and only rules for everything match. */
static __always_inline bool is_refused(const struct control *now, const __u8 *digest)
{
	const struct rule_value *rule;
	const struct subject *node;
	struct policy_view view;
	struct path_key key = {};
	char *digits = key.path + sizeof(DIGEST_PATH) - 1;

	if (!current_policy(now, &view))
		return false;
	node = ruled_node(view.generation);
	if (!node)
		return false;
	key.subject = node->identity;
	key.gate = GATE_MODULE;
	key.prefixlen = PATH_FIXED_BITS;
	if (digest) {
		__builtin_memcpy(key.path, DIGEST_PATH, sizeof(DIGEST_PATH) - 1);
		for (int i = 0; i < DIGEST_BYTES; i++) {
			digits[2 * i] = hex_digit(digest[i] >> 4);
			digits[2 * i + 1] = hex_digit(digest[i] & 15);
		}
		key.prefixlen += (sizeof(DIGEST_PATH) + 2 * DIGEST_BYTES) * 8;
	}
	rule = bpf_map_lookup_elem(view.paths, &key);
	return rule && rule->effect == EFFECT_DENY;
}

SEC("lsm.s/kernel_read_file")
int BPF_PROG(on_module_file, struct file *file, enum kernel_read_file_id id, bool contents, int earlier)
{
	struct control *now = in_force();
	struct module_digest *kept;

	if (earlier || !now || id != bpf_core_enum_value(enum kernel_read_file_id, READING_MODULE))
		return earlier;
	if (!ruled_node(now->generation))
		return 0;
	kept = bpf_task_storage_get(&module_digests, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!kept)
		return 0; /* on_module_read finds nothing kept, and refuses */
	kept->file = file;
	kept->known = bpf_ima_file_hash(file, kept->digest, sizeof(kept->digest) + sizeof(kept->slack)) == HASH_ALGO_SHA256;
	return 0;
}

SEC("lsm/kernel_post_read_file")
int BPF_PROG(on_module_read, struct file *file, char *buffer, loff_t size, enum kernel_read_file_id id, int earlier)
{
	struct control *now = in_force();
	struct module_digest *kept;
	bool known;

	if (earlier || !now || id != bpf_core_enum_value(enum kernel_read_file_id, READING_MODULE))
		return earlier;
	kept = bpf_task_storage_get(&module_digests, bpf_get_current_task_btf(), 0, 0);
	known = kept && kept->known && kept->file == file;
	if (kept)
		kept->known = 0; /* good for one reading */
	return is_refused(now, known ? kept->digest : NULL) ? -EPERM : 0;
}

SEC("lsm/kernel_load_data")
int BPF_PROG(on_module_buffer, enum kernel_load_data_id id, bool contents, int earlier)
{
	struct control *now = in_force();

	if (earlier || !now || id != bpf_core_enum_value(enum kernel_load_data_id, LOADING_MODULE))
		return earlier;
	return is_refused(now, NULL) ? -EPERM : 0;
}

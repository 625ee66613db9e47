/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules: refused by the digest of their file, whoever loads them. User space has verified their signatures and made rules of the
 * digests; no kernel looks at one that is unsigned, and few refuse it.
 *  on_module_file    lsm.s/kernel_read_file: may sleep, so it can have IMA hash the file; but a program that may sleep may not look into the
 *                    tables of rules, so it only keeps the digest with the task. Nobody may write to the file from here on to the next.
 *  on_module_read    lsm/kernel_post_read_file: the same task, when the file has been read: looks the digest up, and can refuse: EPERM.
 *  on_module_buffer  lsm/kernel_load_data: a module out of a buffer has no file and no digest, so it is refused wherever what is not known is.
 * The node's modules are the node's: rules stand at the subject of slot 0, and not at that of the workload that asks. Each refusal is an event,
 * and so is each that there would be if all that is on trial were in force. */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "decide.h"
#include "path.h"
#include "workload.h"

char LICENSE[] SEC("license") = "GPL";

#define DIGEST_BYTES sizeof(((struct module_event *)0)->sha256)
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

/* What is said of the node itself, if anything is said of its modules, in force or on trial. */
static __always_inline const struct subject *ruled_node(__u64 generation)
{
	__u32 index = (generation & 1) * MAX_SLOTS + SLOT_NODE;
	const struct subject *node = generation ? bpf_map_lookup_elem(&subjects, &index) : NULL;

	return node && ((node->enforced_gates | node->trial_gates) & GATE_BIT(GATE_MODULE)) ? node : NULL;
}

/* What is said of a module with this digest. NULL: nobody knows what it is, and only rules for everything match. */
static __always_inline void decide_module(const struct control *now, const __u8 *digest, struct ruling *ruling)
{
	const struct rule_value *enforced = NULL, *trial;
	const struct subject *node;
	struct policy_view view;
	struct path_key key = {};
	char *digits = key.path + sizeof(DIGEST_PATH) - 1;

	*ruling = (struct ruling){ .gate = GATE_MODULE, .ruler = SLOT_NODE };
	if (!current_policy(now, &view))
		return;
	ruling->generation = view.generation;
	node = ruled_node(view.generation);
	if (!node)
		return;
	key.subject = node->identity;
	key.gate = GATE_MODULE;
	key.prefixlen = PATH_FIXED_BITS;
	if (digest) {
		__builtin_memcpy(key.path, DIGEST_PATH, sizeof(DIGEST_PATH) - 1);
		for (__u32 i = 0; i < DIGEST_BYTES; i++) {
			digits[2 * i] = hex_digit(digest[i] >> 4);
			digits[2 * i + 1] = hex_digit(digest[i] & 15);
		}
		key.prefixlen += (sizeof(DIGEST_PATH) + 2 * DIGEST_BYTES) * 8;
	}
	if (node->enforced_gates & GATE_BIT(GATE_MODULE))
		enforced = bpf_map_lookup_elem(view.paths, &key);
	trial = enforced;
	if (node->trial_gates & GATE_BIT(GATE_MODULE)) {
		key.gate |= TRIAL;
		trial = bpf_map_lookup_elem(view.paths, &key);
	}
	set_ruling(ruling, enforced, trial);
	if (ruling->effect == EFFECT_DENY)
		ruling->outcome |= OUTCOME_DENIED;
}

/* The path of a file, in the key; NULL if it is longer than we hold, or there is no room to look for it. */
static __always_inline struct path_scratch *path_of(struct file *file, struct task_struct *task)
{
	struct path_scratch *found = bpf_task_storage_get(&path_scratch, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u32 length;

	if (!found)
		return NULL;
	length = write_path(found, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry));
	found->key.path[length & 255] = 0;
	return length ? found : NULL;
}

/* Judges a module, tells of it if it is denied, and returns what the hook does. `digest`: that of the file, or NULL; `file`: NULL for a buffer. */
static __always_inline int answer(const struct control *now, struct file *file, const __u8 *digest)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct path_scratch *found = NULL;
	struct module_event *event;
	struct ruling ruling;

	decide_module(now, digest, &ruling);
	if (ruling.effect != EFFECT_DENY && ruling.trial_effect != EFFECT_DENY)
		return 0;
	if (file)
		found = path_of(file, task); /* before a record is reserved: see exec.bpf.c, judge */
	event = begin_event(&alerts, sizeof(*event), EVENT_MODULE, PROGRAM_MODULE, current_slot());
	if (event) {
		describe_task(&event->task, task);
		event->ruling = ruling;
		event->form = digest ? MODULE_FILE : file ? MODULE_NO_DIGEST : MODULE_BUFFER;
		__builtin_memset(event->sha256, 0, DIGEST_BYTES);
		if (digest)
			__builtin_memcpy(event->sha256, digest, DIGEST_BYTES);
		event->path[0] = 0;
		if (found)
			bpf_probe_read_kernel_str(event->path, PATH_BYTES, found->key.path);
		end_event(event);
	}
	return ruling.outcome & OUTCOME_DENIED ? -EPERM : 0;
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
		return 0; /* on_module_read finds nothing kept, and judges it as one that nobody knows */
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
	return answer(now, file, known ? kept->digest : NULL);
}

SEC("lsm/kernel_load_data")
int BPF_PROG(on_module_buffer, enum kernel_load_data_id id, bool contents, int earlier)
{
	struct control *now = in_force();

	if (earlier || !now || id != bpf_core_enum_value(enum kernel_load_data_id, LOADING_MODULE))
		return earlier;
	return answer(now, NULL, NULL);
}

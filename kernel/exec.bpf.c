/* SPDX-License-Identifier: GPL-2.0-only */
/* Exec: a task replaces its image. Two rungs, one judgement:
 *  on_exec  tp_btf/sched_process_exec: runs after the point of no return and before the new image's first instruction, so a signal sent
 *           here is taken on the way to user space: the image is dead before it starts. It cannot make execve fail, and of a script it
 *           sees the interpreter; observes every exec of the node.
 *  on_check lsm/bprm_check_security: runs for every file of a chain of scripts, and can refuse: EPERM. Not every kernel lets it in. */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "decide.h"
#include "path.h"
#include "workload.h"

char LICENSE[] SEC("license") = "GPL";

#define SIGKILL 9
#define TMPFS_MAGIC 0x01021994
#define MAX_FD 1024 /* of a script that is named by descriptor; above it, the form is not seen */

static __always_inline __u32 forms_of(struct file *file)
{
	__u32 forms = 0;

	if (BPF_CORE_READ(file, f_inode, i_nlink) == 0)
		forms |= FORM_UNLINKED;
	else if (!BPF_CORE_READ(file, f_path.dentry, d_hash.pprev) &&
		 BPF_CORE_READ(file, f_path.dentry) != BPF_CORE_READ(file, f_path.mnt, mnt_root))
		forms |= FORM_UNHASHED;
	return forms;
}

static __always_inline bool is_shm(const char *path, struct file *file)
{
	static const char folder[] = "/dev/shm/";

	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != TMPFS_MAGIC)
		return false;
	for (int i = 0; i < (int)sizeof(folder) - 1; i++)
		if (path[i] != folder[i])
			return false;
	return true;
}

/* The number after the prefix, or -1. */
static __always_inline int number_after(const char *name, const char *prefix, int length)
{
	int number = 0;

	for (int i = 0; i < length; i++)
		if (name[i] != prefix[i])
			return -1;
	for (int i = length; i < length + 4; i++) {
		if (name[i] == 0)
			return i > length ? number : -1;
		if (name[i] < '0' || name[i] > '9')
			return -1;
		number = number * 10 + name[i] - '0';
	}
	return name[length + 4] == 0 ? number : -1;
}

/* A script given as /proc/self/fd/N or /dev/fd/N: its interpreter is bprm->file, the script is the descriptor. */
static __always_inline __u32 script_forms(struct task_struct *task, struct linux_binprm *bprm)
{
	struct fdtable *table;
	struct file *file = NULL, **files;
	char name[24] = {};
	int fd;

	if (BPF_CORE_READ(bprm, interp) == BPF_CORE_READ(bprm, filename))
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(bprm, filename));
	fd = number_after(name, "/proc/self/fd/", 14);
	if (fd < 0)
		fd = number_after(name, "/dev/fd/", 8);
	table = BPF_CORE_READ(task, files, fdt);
	if (fd < 0 || fd >= MAX_FD || fd >= (int)BPF_CORE_READ(table, max_fds))
		return 0;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file && forms_of(file) ? FORM_SCRIPT_FD : 0;
}

/* A mount namespace of a user namespace: whoever made it may have mounted anything anywhere. */
static __always_inline bool foreign_mounts(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, user_ns, level) > 0;
}

static __always_inline const struct rule_value *look_up(void *paths, struct path_scratch *scratch, __u32 gate)
{
	scratch->key.gate = gate;
	return bpf_map_lookup_elem(paths, &scratch->key);
}

/* Judges the path that stands in scratch->key and has `length` bytes; it is used up. */
static __always_inline void decide_exec(const struct control *now, __u32 slot, struct path_scratch *scratch, __u32 length, __u32 forms,
					struct ruling *ruling)
{
	const struct rule_value *enforced = NULL, *trial = NULL;
	const struct subject *subject;
	struct policy_view view;
	bool in_force, on_trial;

	*ruling = (struct ruling){ .gate = GATE_EXEC, .ruler = slot };
	if (slot == SLOT_NONE || !current_policy(now, &view))
		return;
	ruling->generation = view.generation;
	subject = subject_of(&view, slot);
	if (!subject)
		return;
	in_force = subject->enforced_gates & GATE_BIT(GATE_EXEC);
	on_trial = subject->trial_gates & GATE_BIT(GATE_EXEC);
	/* With its NUL the path is one file. What has no lasting name is not what once had it: only rules for everything match. */
	if (forms & (FORM_UNLINKED | FORM_UNHASHED | FORM_NO_PATH))
		length = 0;
	scratch->key.subject = subject->identity;
	scratch->key.prefixlen = PATH_FIXED_BITS + (length ? (length + 1) * 8 : 0);
	if (in_force)
		enforced = look_up(view.paths, scratch, GATE_EXEC);
	if (on_trial)
		trial = look_up(view.paths, scratch, GATE_EXEC | TRIAL);
	if (forms & FORMS_FILELESS) {
		__builtin_memcpy(scratch->key.path, FILELESS_PATH, sizeof(FILELESS_PATH));
		scratch->key.prefixlen = PATH_FIXED_BITS + sizeof(FILELESS_PATH) * 8;
		if (in_force)
			enforced = better(enforced, look_up(view.paths, scratch, GATE_EXEC));
		if (on_trial)
			trial = better(trial, look_up(view.paths, scratch, GATE_EXEC | TRIAL));
	}
	set_ruling(ruling, enforced, on_trial ? trial : enforced); /* where nothing is on trial, it would say what is in force */
}

/* The ruling where there was no memory to look with: denied, if anything at all is denied to this workload's execs. */
static __always_inline struct ruling blind_ruling(const struct control *now, __u32 slot)
{
	struct ruling ruling = { .gate = GATE_EXEC, .ruler = slot };
	const struct subject *subject;
	struct policy_view view;

	if (slot == SLOT_NONE || !current_policy(now, &view))
		return ruling;
	ruling.generation = view.generation;
	subject = subject_of(&view, slot);
	if (subject && (subject->enforced_gates & GATE_BIT(GATE_EXEC))) {
		ruling.effect = EFFECT_DENY;
		ruling.outcome = OUTCOME_REPORT;
	}
	return ruling;
}

static __always_inline void describe_image(struct exec_event *event, struct task_struct *task, struct linux_binprm *bprm, struct file *file,
					   const struct path_scratch *scratch)
{
	event->path[0] = event->cwd[0] = 0;
	if (scratch) {
		bpf_probe_read_kernel_str(event->path, PATH_BYTES, scratch->image);
		bpf_probe_read_kernel_str(event->cwd, PATH_BYTES, scratch->cwd);
	}
	describe_task(&event->task, task);
	event->inode = BPF_CORE_READ(file, f_inode, i_ino);
	event->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	event->links = BPF_CORE_READ(file, f_inode, i_nlink);
	bpf_probe_read_kernel_str(event->name, sizeof(event->name), BPF_CORE_READ(bprm, filename));
	bpf_probe_read_kernel_str(event->interp, sizeof(event->interp), BPF_CORE_READ(bprm, interp));
}

static __always_inline void copy_path(char *target, struct path_scratch *scratch, __u32 length)
{
	scratch->key.path[length & 255] = 0;
	bpf_probe_read_kernel_str(target, PATH_BYTES, scratch->key.path);
}

/* Path and forms of the image, and the judgement. What cannot be looked at is judged as what has no path. No record is reserved
 * meanwhile: kernels before 6.2 lose track of one that is held over a bpf_loop, and a full ring must not lose a verdict. */
static __always_inline __u32 judge(const struct control *now, struct task_struct *task, struct linux_binprm *bprm, struct file *file,
				   struct path_scratch *scratch, __u32 slot, struct ruling *ruling)
{
	__u32 length = write_path(scratch, BPF_CORE_READ(task, fs, pwd.mnt), BPF_CORE_READ(task, fs, pwd.dentry));
	__u32 forms = forms_of(file) | script_forms(task, bprm);

	copy_path(scratch->cwd, scratch, length);
	length = write_path(scratch, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry));
	copy_path(scratch->image, scratch, length);
	if (length == 0 || foreign_mounts(task))
		forms |= FORM_NO_PATH;
	if (is_shm(scratch->key.path, file))
		forms |= FORM_SHM;
	if (BPF_CORE_READ(bprm, fdpath))
		forms |= FORM_BY_FD;
	decide_exec(now, slot, scratch, length, forms, ruling);
	return forms;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct control *now = in_force();
	struct path_scratch *scratch;
	struct exec_event *event;
	struct file *file = bprm->file;
	struct ruling ruling;
	unsigned long start, bytes;
	__u32 slot, forms;

	if (!now)
		return 0;
	slot = current_slot();
	scratch = bpf_task_storage_get(&path_scratch, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (scratch)
		forms = judge(now, task, bprm, file, scratch, slot, &ruling);
	else { /* no memory to look with: what cannot be judged does not run where anything is judged */
		ruling = blind_ruling(now, slot);
		forms = FORM_NO_PATH;
	}
	if (ruling.effect == EFFECT_DENY && bpf_send_signal(SIGKILL) == 0) {
		ruling.outcome |= OUTCOME_DENIED;
		forms |= FORM_KILLED;
	}
	event = begin_event(&alerts, sizeof(*event), EVENT_EXEC, PROGRAM_EXEC, slot);
	if (!event)
		return 0;
	describe_image(event, task, bprm, file, scratch);
	event->ruling = ruling;
	event->forms = forms;
	start = BPF_CORE_READ(task, mm, arg_start);
	bytes = BPF_CORE_READ(task, mm, arg_end) - start;
	if (bytes > sizeof(event->argv) - 1)
		bytes = sizeof(event->argv) - 1;
	event->argv_bytes = bpf_probe_read_user(event->argv, bytes, (void *)start) == 0 ? bytes : 0;
	end_event(event);
	return 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(on_check, struct linux_binprm *bprm, int earlier)
{
	struct control *now = in_force();
	struct task_struct *task = bpf_get_current_task_btf();
	struct path_scratch *scratch;
	struct exec_event *event;
	struct file *file = bprm->file;
	struct ruling ruling;
	__u32 slot, forms;

	if (earlier || !now)
		return earlier;
	slot = current_slot();
	if (slot == SLOT_NONE)
		return 0;
	scratch = bpf_task_storage_get(&path_scratch, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!scratch)
		return blind_ruling(now, slot).effect == EFFECT_DENY ? -EPERM : 0;
	forms = judge(now, task, bprm, file, scratch, slot, &ruling);
	if (ruling.effect != EFFECT_DENY)
		return 0; /* on_exec reports what runs */
	ruling.outcome |= OUTCOME_DENIED;
	event = begin_event(&alerts, sizeof(*event), EVENT_EXEC, PROGRAM_EXEC_LSM, slot);
	if (!event)
		return -EPERM;
	describe_image(event, task, bprm, file, scratch);
	event->ruling = ruling;
	event->forms = forms | FORM_REFUSED;
	event->argv_bytes = 0; /* they are still in the image that is being built */
	end_event(event);
	return -EPERM;
}

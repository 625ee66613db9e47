/* SPDX-License-Identifier: GPL-2.0-only */
/* The path of a file, from the root of its mount namespace and not of the task: chroot does not change what a rule means. */
#pragma once
#include <bpf/bpf_core_read.h>
#include "maps.h"

#define MAX_COMPONENTS 40 /* names and mount crossings; deeper is FORM_NO_PATH */
#define NAME_BYTES 256

/* Room to work in, per task: a program can be preempted by another on the same CPU, but a task runs one exec at a time. The state of
 * the walk is here and not on the stack: what the verifier cannot follow from step to step, it need not follow. */
struct path_scratch {
	const unsigned char *names[MAX_COMPONENTS];
	struct mount *mount;
	struct dentry *dentry;
	__u32 depth;
	__u32 length;
	__u8 rooted;   /* the root of the namespace was reached */
	__u8 nameless; /* it hangs in no directory */
	__u8 too_long;
	char image[PATH_BYTES]; /* what was found: the room to work in is used again */
	char cwd[PATH_BYTES];
	struct path_key key;
	char slack[NAME_BYTES]; /* a name is read whole before its end is known: key.path may be overrun by one */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct path_scratch);
} path_scratch SEC(".maps");

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* One step up; bpf_loop, because two of these loops unrolled make the verifier walk a million paths. */
static long step_up(__u32 step, struct path_scratch **context)
{
	struct path_scratch *walk = *context;
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct mount *mount = walk->mount;
	__u32 depth = walk->depth;

	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount) {
			walk->rooted = 1;
			return 1;
		}
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		return 0;
	}
	if (depth >= MAX_COMPONENTS)
		return 1;
	walk->names[depth] = BPF_CORE_READ(dentry, d_name.name);
	walk->depth = depth + 1;
	walk->dentry = parent;
	if (dentry != parent)
		return 0;
	walk->nameless = 1;
	return 1;
}

static long write_down(__u32 step, struct path_scratch **context)
{
	struct path_scratch *walk = *context;
	__u32 length = walk->length, depth = walk->depth - 1;
	long read;

	walk->too_long = 1;
	if (depth >= MAX_COMPONENTS || length >= PATH_BYTES - 1)
		return 1;
	if (walk->rooted)
		walk->key.path[length++] = '/';
	read = bpf_probe_read_kernel_str(&walk->key.path[length], NAME_BYTES, walk->names[depth]);
	if (read <= 0 || length + read > PATH_BYTES)
		return 1;
	walk->too_long = 0;
	walk->length = length + read - 1;
	walk->depth = depth;
	return depth == 0;
}

/* Writes the path into scratch->key.path and returns its length without the NUL; 0 if it is deeper or longer than we hold.
 * What hangs in no directory (a memfd) yields its name alone. */
static __always_inline __u32 write_path(struct path_scratch *scratch, struct vfsmount *mnt, struct dentry *dentry)
{
	scratch->mount = mount_of(mnt);
	scratch->dentry = dentry;
	scratch->depth = scratch->length = 0;
	scratch->rooted = scratch->nameless = scratch->too_long = 0;
	bpf_loop(2 * MAX_COMPONENTS, step_up, &scratch, 0);
	if (!scratch->rooted && !scratch->nameless)
		return 0;
	if (scratch->depth == 0) { /* the root itself */
		scratch->key.path[0] = '/';
		return 1;
	}
	bpf_loop(MAX_COMPONENTS, write_down, &scratch, 0);
	return scratch->too_long ? 0 : scratch->length;
}

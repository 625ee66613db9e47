/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict, once: every hook asks here, and so does the program that the tests run. */
#pragma once
#include "emit.h"

#define GATE_BIT(gate) (1 << (gate))

struct policy_view {
	__u64 generation;
	void *places, *traffic, *paths;
};

/* The tables of the generation in force; false before the first one. */
static __always_inline bool current_policy(const struct control *now, struct policy_view *view)
{
	__u64 generation = now->generation; /* read once: a decision is made by one generation whole */
	__u32 index = generation & 1;

	view->generation = generation;
	view->places = bpf_map_lookup_elem(&places, &index);
	view->traffic = bpf_map_lookup_elem(&traffic, &index);
	view->paths = bpf_map_lookup_elem(&paths, &index);
	return generation && view->places && view->traffic && view->paths;
}

/* What is said of a workload in this generation; NULL for none. */
static __always_inline const struct subject *subject_of(const struct policy_view *view, __u32 slot)
{
	__u32 index = (view->generation & 1) * MAX_SLOTS + slot;

	return slot == SLOT_NONE || slot >= MAX_SLOTS ? NULL : bpf_map_lookup_elem(&subjects, &index);
}

static __always_inline const struct rule_value *better(const struct rule_value *one, const struct rule_value *other)
{
	if (!one || !other)
		return one ? one : other;
	if (one->rank != other->rank)
		return one->rank > other->rank ? one : other;
	return one->effect == EFFECT_DENY ? one : other;
}

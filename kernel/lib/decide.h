/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict, once: every hook asks here, and so does the program that the tests run. */
#pragma once
#include "address.h"
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

/* What is said of a workload in a generation; NULL for none. */
static __always_inline const struct subject *subject_in(__u64 generation, __u32 slot)
{
	__u32 index = (generation & 1) * MAX_SLOTS + slot;

	return slot == SLOT_NONE || slot >= MAX_SLOTS ? NULL : bpf_map_lookup_elem(&subjects, &index);
}

static __always_inline const struct subject *subject_of(const struct policy_view *view, __u32 slot)
{
	return subject_in(view->generation, slot);
}

static __always_inline const struct rule_value *better(const struct rule_value *one, const struct rule_value *other)
{
	if (!one || !other)
		return one ? one : other;
	if (one->rank != other->rank)
		return one->rank > other->rank ? one : other;
	if (one->effect != other->effect)
		return one->effect == EFFECT_DENY ? one : other;
	return one->report || !other->report ? one : other; /* who wants to hear of it is not silenced by who only counts */
}

static __always_inline bool is_loud_deny(const struct rule_value *rule)
{
	return rule && rule->effect == EFFECT_DENY && rule->report;
}

/* Writes down what two rules say, NULL for none, and whether it is to be told of. */
static __always_inline void set_ruling(struct ruling *ruling, const struct rule_value *enforced, const struct rule_value *trial)
{
	if (enforced) {
		ruling->cookie = enforced->cookie;
		ruling->effect = enforced->effect;
	}
	if (trial) {
		ruling->trial_cookie = trial->cookie;
		ruling->trial_effect = trial->effect;
	}
	if (is_loud_deny(enforced) || is_loud_deny(trial))
		ruling->outcome |= OUTCOME_REPORT;
}

static __always_inline bool is_failsafe(const struct control *now, const struct traffic_request *ask)
{
	__u8 inbound = ask->gate == GATE_ACCEPT;

	for (int i = 0; i < MAX_FAILSAFE && now->failsafe[i].protocol; i++)
		if (now->failsafe[i].protocol == ask->protocol && now->failsafe[i].port == bpf_htons(ask->port) &&
		    now->failsafe[i].inbound == inbound)
			return true;
	return false;
}

/* The winner among what is said of the peer's label set, its address block, and anyone. */
static __always_inline const struct rule_value *traffic_rule(void *rules, struct traffic_key *key, __u32 identity, __u32 block)
{
	const struct rule_value *best;

	key->peer = IDENTITY_ANY;
	best = bpf_map_lookup_elem(rules, key);
	if (block) {
		key->peer = block;
		best = better(bpf_map_lookup_elem(rules, key), best);
	}
	if (identity) {
		key->peer = identity;
		best = better(bpf_map_lookup_elem(rules, key), best);
	}
	return best;
}

/* The verdict on traffic: rule.h says by which look-ups. Traffic to oneself is free; so is what a process of no workload sends to one
 * over loopback; and failsafe ports are never cut. `trial` asks for the trial half too, which only reports need. Global, so that the
 * verifier looks at it once and not at every call; such a function returns a number, and this one's is the outcome. */
__noinline __u32 decide_traffic(const struct control *now, __u64 generation, struct traffic_request *ask, bool trial, struct ruling *ruling)
{
	const struct subject *subject, *peer;
	const struct rule_value *enforced = NULL, *tried;
	struct traffic_key key;
	__u32 identity = 0, block = 0, half = generation & 1;
	void *blocks = bpf_map_lookup_elem(&places, &half), *rules = bpf_map_lookup_elem(&traffic, &half);

	if (!now || !ask || !ruling)
		return 0;
	*ruling = (struct ruling){ .generation = generation, .ruler = ask->slot, .gate = ask->gate };
	if (!generation || !blocks || !rules)
		return 0;
	if (ask->gate != GATE_BIND) {
		struct place_key at = { .prefixlen = 128 };
		const struct place *place;

		__builtin_memcpy(at.address, ask->peer, sizeof(at.address));
		place = bpf_map_lookup_elem(blocks, &at);
		block = place ? place->block : 0;
		if (!ask->peer_known)
			ask->peer_slot = place ? place->slot : SLOT_NONE;
	}
	subject = subject_in(generation, ask->slot);
	if (!subject || !((subject->enforced_gates | subject->trial_gates) & GATE_BIT(ask->gate)))
		return 0;
	if (ask->gate != GATE_BIND) {
		if (ask->peer_slot == ask->slot)
			return 0;
		if (ask->gate == GATE_ACCEPT && ask->peer_slot == SLOT_NONE && is_loopback((const __be32 *)ask->peer))
			return 0;
		peer = subject_in(generation, ask->peer_slot);
		identity = peer && peer->identity ? peer->identity : IDENTITY_HOST;
	}
	key = (struct traffic_key){
		.prefixlen = TRAFFIC_FIXED_BITS + 24,
		.subject = subject->identity,
		.gate = ask->gate,
		.protocol = ask->protocol,
		.port = bpf_htons(ask->port),
	};
	if (subject->enforced_gates & GATE_BIT(ask->gate))
		enforced = traffic_rule(rules, &key, identity, block);
	tried = enforced;
	if (trial && subject->trial_gates & GATE_BIT(ask->gate)) {
		key.gate |= TRIAL;
		tried = traffic_rule(rules, &key, identity, block);
	}
	set_ruling(ruling, enforced, tried);
	if (ruling->effect != EFFECT_DENY && ruling->trial_effect != EFFECT_DENY)
		return 0;
	if (is_failsafe(now, ask)) {
		ruling->cookie = ruling->trial_cookie = 0;
		ruling->effect = ruling->trial_effect = EFFECT_NONE;
		ruling->outcome = 0;
		return 0;
	}
	if (ruling->effect == EFFECT_DENY)
		ruling->outcome |= OUTCOME_DENIED;
	return ruling->outcome;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What a packet says of itself. A cgroup_skb program sees it from the network header on. */
#pragma once
#include "address.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define MAX_EXTENSIONS 6 /* headers between IPv6 and its payload; more is judged without ports */
#define TCP_RESET 0x04

struct packet {
	struct ends ends;
	__u32 payload; /* bytes of a datagram */
	__u8  kind;    /* ICMP type, or the flags of TCP */
};

struct ipv4_header {
	__u8   version_length, service;
	__be16 total, id, fragment;
	__u8   ttl, protocol;
	__be16 sum;
	__be32 source, target;
};

struct ipv6_header {
	__be32 flow;
	__be16 length;
	__u8   next, hops;
	__be32 source[4], target[4];
};

static __always_inline bool is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS || next == IPPROTO_FRAGMENT ||
	       next == IPPROTO_MH;
}

static __always_inline void set_ends(struct ends *ends, bool inbound, const __be32 *source, const __be32 *target)
{
	__builtin_memcpy(inbound ? ends->remote : ends->local, source, 16);
	__builtin_memcpy(inbound ? ends->local : ends->remote, target, 16);
}

/* Reads addresses, protocol and ports. A fragment after the first has no ports: only what is said of all ports speaks of it. */
static __noinline void read_packet(struct __sk_buff *skb, bool inbound, struct packet *packet)
{
	struct ends *ends = &packet->ends;
	__u32 at = 0;
	bool first = true;

	*packet = (struct packet){};
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct ipv4_header ip = {};
		__be32 source[4], target[4];

		bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip));
		map_v4(source, ip.source);
		map_v4(target, ip.target);
		set_ends(ends, inbound, source, target);
		ends->protocol = ip.protocol;
		first = !(ip.fragment & bpf_htons(0x1fff));
		at = (ip.version_length & 15) * 4;
	} else {
		struct ipv6_header ip = {};
		struct {
			__u8 next, length;
			__be16 fragment;
		} more;

		bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip));
		set_ends(ends, inbound, ip.source, ip.target);
		ends->protocol = ip.next;
		at = sizeof(ip);
		for (int i = 0; i < MAX_EXTENSIONS && first && is_extension(ends->protocol); i++) {
			if (bpf_skb_load_bytes(skb, at, &more, sizeof(more)))
				break;
			first = ends->protocol != IPPROTO_FRAGMENT || !(more.fragment & bpf_htons(0xfff8));
			at += ends->protocol == IPPROTO_FRAGMENT ? 8 : (more.length + 1) * 8;
			ends->protocol = more.next;
		}
	}
	if (!first)
		return;
	if (has_ports(ends->protocol)) {
		struct {
			__be16 source, target;
		} ports = {};

		bpf_skb_load_bytes(skb, at, &ports, sizeof(ports));
		ends->local_port = bpf_ntohs(inbound ? ports.target : ports.source);
		ends->remote_port = bpf_ntohs(inbound ? ports.source : ports.target);
		if (ends->protocol == IPPROTO_TCP)
			bpf_skb_load_bytes(skb, at + 13, &packet->kind, 1);
		at += 8; /* UDP; of others no bytes are counted */
	} else if (ends->protocol == IPPROTO_ICMP || ends->protocol == IPPROTO_ICMPV6)
		bpf_skb_load_bytes(skb, at, &packet->kind, 1);
	packet->payload = skb->len > at ? skb->len - at : 0;
}

/* Errors, replies to a ping, and what IPv6 finds its neighbours with: they answer what was let through, or keep the link alive. */
static __always_inline bool is_answer(const struct packet *packet)
{
	__u8 kind = packet->kind;

	if (packet->ends.protocol == IPPROTO_ICMP)
		return kind == 0 || kind == 3 || kind == 11 || kind == 12; /* RFC 792 */
	if (packet->ends.protocol == IPPROTO_ICMPV6)
		return kind == 129 || (kind >= 1 && kind <= 4) || (kind >= 133 && kind <= 137); /* RFC 4443, RFC 4861 */
	return false;
}

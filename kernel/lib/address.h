/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses: always sixteen bytes, IPv4 as ::ffff:a.b.c.d. Ports are in host order. */
#pragma once
#include <bpf/bpf_endian.h>
#include "maps.h"

/* Both ends of a packet or a call, as the one that is judged sees them. */
struct ends {
	__be32 local[4];
	__be32 remote[4];
	__u16  local_port;
	__u16  remote_port;
	__u8   protocol;
};

static __always_inline void map_v4(__be32 *address, __be32 v4)
{
	address[0] = address[1] = 0;
	address[2] = bpf_htonl(0xffff);
	address[3] = v4;
}

static __always_inline bool is_v4(const __be32 *address)
{
	return !address[0] && !address[1] && address[2] == bpf_htonl(0xffff);
}

static __always_inline bool is_loopback(const __be32 *address)
{
	if (is_v4(address))
		return (address[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
	return !address[0] && !address[1] && !address[2] && address[3] == bpf_htonl(1);
}

static __always_inline bool is_any(const __be32 *address)
{
	return !address[0] && !address[1] && (!address[2] || address[2] == bpf_htonl(0xffff)) && !address[3];
}

/* To send to "any" is to send to oneself by loopback (tcp_v4_connect, tcp_v6_connect). */
static __always_inline void resolve_any(__be32 *address)
{
	if (is_any(address))
		address[3] = address[2] ? bpf_htonl(0x7f000001) : bpf_htonl(1);
}

static __always_inline bool same_address(const __be32 *one, const __be32 *other)
{
	return one[0] == other[0] && one[1] == other[1] && one[2] == other[2] && one[3] == other[3];
}

static __always_inline bool has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_DCCP;
}

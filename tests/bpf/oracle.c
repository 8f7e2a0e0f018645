// SPDX-License-Identifier: BSD-2-Clause
/* A small parser of its own, so that neither the program nor the builder vouches for itself. */
#include "oracle.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "checksum.h"
#include "leat/nlb_verdicts.h"

static uint32_t be16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* A checksum field and what it covers; field NULL: there is none. */
struct covered {
	uint8_t *field;
	uint8_t *from;
	size_t len;
	uint32_t pseudo;    /* sum of the pseudo header */
	bool may_be_absent; /* UDP: a field of 0 says that there is none */
};

struct checksums {
	struct covered ip;
	struct covered l4;
};

static struct covered find_icmp(uint32_t pseudo, uint8_t *icmp, size_t len)
{
	return len >= 8 ? (struct covered){icmp + 2, icmp, len, pseudo, false}
			: (struct covered){0};
}

static struct covered find_l4(uint32_t pseudo, uint8_t protocol, uint8_t *l4, size_t len)
{
	if (protocol == IPPROTO_TCP && len >= 20)
		return (struct covered){l4 + 16, l4, len, pseudo, false};
	if (protocol == IPPROTO_UDP && len >= 8 && be16(l4 + 4) == len)
		return (struct covered){l4 + 6, l4, len, pseudo, true};
	return (struct covered){0};
}

static struct checksums find_ip4(uint8_t *ip, size_t len)
{
	struct checksums found = {0};
	size_t header = 4 * (ip[0] & 15u), total = len >= 20 ? be16(ip + 2) : 0;
	uint32_t pseudo;

	if (len < 20 || header < 20 || total < header || total > len)
		return found;
	found.ip = (struct covered){ip + 10, ip, header, 0, false};
	pseudo = checksum_pseudo(ip + 12, ip + 16, 4, ip[9], (uint32_t)(total - header));
	if (!(be16(ip + 6) & 0x3fff))
		found.l4 = ip[9] == IPPROTO_ICMP
				   ? find_icmp(0, ip + header, total - header)
				   : find_l4(pseudo, ip[9], ip + header, total - header);
	return found;
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_AH || next == IPPROTO_FRAGMENT;
}

static size_t extension_bytes(uint8_t next, const uint8_t *header)
{
	if (next == IPPROTO_FRAGMENT)
		return 8;
	return next == IPPROTO_AH ? 4 * (header[1] + 2u) : 8 * (header[1] + 1u);
}

static struct checksums find_ip6(uint8_t *ip, size_t len)
{
	struct checksums found = {0};
	size_t at = 40, end = len >= 40 ? 40 + be16(ip + 4) : 0;
	uint8_t next = len >= 40 ? ip[6] : 0;
	uint32_t pseudo;

	if (len < 40 || end > len)
		return found;
	while (is_extension(next) && at + 8 <= end) {
		size_t size = extension_bytes(next, ip + at);

		if (next == IPPROTO_FRAGMENT && be16(ip + at + 2) & 0xfff9)
			return found;
		next = ip[at];
		at += size;
	}
	if (at >= end)
		return found;
	pseudo = checksum_pseudo(ip + 8, ip + 24, 16, next, (uint32_t)(end - at));
	found.l4 = next == IPPROTO_ICMPV6 ? find_icmp(pseudo, ip + at, end - at)
					  : find_l4(pseudo, next, ip + at, end - at);
	return found;
}

static struct checksums find(uint8_t *frame, size_t len)
{
	size_t at = 12;
	uint32_t type = len >= 14 ? be16(frame + 12) : 0;

	while ((type == ETHERTYPE_VLAN || type == 0x88a8) && at + 6 <= len) {
		at += 4;
		type = be16(frame + at);
	}
	at += 2;
	if (type == ETHERTYPE_IP && at < len)
		return find_ip4(frame + at, len - at);
	if (type == ETHERTYPE_IPV6 && at < len)
		return find_ip6(frame + at, len - at);
	return (struct checksums){0};
}

static size_t outer_ip_bytes(const uint8_t *ip, size_t len, uint8_t *protocol)
{
	size_t bytes = len >= 40 && ip[0] >> 4 == 6 ? 40 : 20;

	*protocol = len < bytes ? 0 : bytes == 40 ? ip[6] : ip[9];
	return bytes;
}

/* MAC addresses, tags, EtherType. */
static size_t front_bytes(const uint8_t *frame, size_t len)
{
	size_t at = 12;

	while (at + 6 <= len && (be16(frame + at) == ETHERTYPE_VLAN || be16(frame + at) == 0x88a8))
		at += 4;
	return at + 2;
}

size_t oracle_outer_bytes(const uint8_t *frame, size_t len)
{
	size_t front = front_bytes(frame, len), bytes;
	const uint8_t *ip = frame + front;
	uint8_t protocol;

	if (len < front)
		return 0;
	bytes = outer_ip_bytes(ip, len - front, &protocol);
	if (protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6)
		return bytes;
	if (protocol != IPPROTO_UDP || len < front + bytes + 12 || be16(ip + bytes + 2) != 6080)
		return 0;
	return bytes + 12 + 4 * (ip[bytes + 8] & 0x1fu);
}

static enum rightness judge(const struct covered *c)
{
	if (!c->field || (c->may_be_absent && !be16(c->field)))
		return CHECKSUM_NONE;
	return checksum_finish(checksum_add(c->pseudo, c->from, c->len)) ? CHECKSUM_WRONG
									 : CHECKSUM_RIGHT;
}

struct rightness_of oracle_checksums(const uint8_t *frame, size_t len)
{
	struct checksums found = find((uint8_t *)frame, len); /* judging only reads */

	return (struct rightness_of){judge(&found.ip), judge(&found.l4)};
}

struct rightness_of oracle_checksums_inside(const uint8_t *frame, size_t len, size_t outer)
{
	size_t at = front_bytes(frame, len) + outer;
	uint8_t *ip = (uint8_t *)frame + at;
	struct checksums found = {0};

	if (len > at)
		found = ip[0] >> 4 == 6 ? find_ip6(ip, len - at) : find_ip4(ip, len - at);
	return (struct rightness_of){judge(&found.ip), judge(&found.l4)};
}

/* What Leat makes itself: all of its checksums are right. */
static bool is_answer(int verdict)
{
	return verdict == NLB_RESET_UNHEALTHY || verdict == NLB_RESET_NO_FLOW ||
	       verdict == NLB_PACKET_TOO_BIG;
}

/* From one address family to the other: one of the headers has no checksum, the other one's is
 * right, and what had none in IPv4 gets one. */
static const char *check_crossing(const struct rightness_of *before,
				  const struct rightness_of *after)
{
	if (before->ip == CHECKSUM_WRONG || after->ip == CHECKSUM_WRONG)
		return "an IP header with a wrong checksum, and another family";
	if (before->l4 == CHECKSUM_NONE)
		return after->l4 == CHECKSUM_WRONG ? "a new checksum is wrong" : NULL;
	return before->l4 == after->l4 ? NULL : "a checksum became right or wrong";
}

const char *oracle_leaving(int verdict, const uint8_t *in, size_t in_len, const uint8_t *out,
			   size_t out_len)
{
	struct rightness_of before = oracle_checksums(in, in_len);
	struct rightness_of after = oracle_checksums(out, out_len);
	size_t outer = oracle_outer_bytes(out, out_len);

	if (is_answer(verdict))
		return after.ip != CHECKSUM_WRONG && after.l4 == CHECKSUM_RIGHT
			       ? NULL
			       : "an answer with a wrong checksum";
	if (outer && after.ip == CHECKSUM_WRONG)
		return "an outer header with a wrong checksum";
	if (outer)
		after = oracle_checksums_inside(out, out_len, outer);
	if ((before.ip == CHECKSUM_NONE) != (after.ip == CHECKSUM_NONE))
		return check_crossing(&before, &after);
	if (before.ip != after.ip)
		return "the IP header's checksum became right or wrong";
	return before.l4 == after.l4 ? NULL : "a checksum became right or wrong";
}

static void repair(const struct covered *c)
{
	uint16_t sum;

	if (judge(c) != CHECKSUM_WRONG)
		return;
	c->field[0] = c->field[1] = 0;
	sum = checksum_finish(checksum_add(c->pseudo, c->from, c->len));
	if (c->may_be_absent && !sum)
		sum = 0xffff;
	c->field[0] = (uint8_t)(sum >> 8);
	c->field[1] = (uint8_t)sum;
}

void oracle_repair(uint8_t *frame, size_t len)
{
	struct checksums found = find(frame, len);

	repair(&found.ip);
	repair(&found.l4);
}

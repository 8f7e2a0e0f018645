// SPDX-License-Identifier: BSD-2-Clause
/* What a layer can say only when those inside it are known: lengths, checksums, and the frame's
 * tuple. */
#include <netinet/in.h>
#include <string.h>

#include "checksum.h"
#include "builder.h"

static bool is_l4(const struct layer *l)
{
	return l->kind->id == LAYER_TCP || l->kind->id == LAYER_UDP || l->kind->id == LAYER_ICMP;
}

/* csum=bad: one more, in one's complement, than right; incremental updates keep such an error.
 * csum=N: N. */
static bool checksum_value(struct builder *b, const struct layer *l, uint32_t sum, uint64_t *csum)
{
	const char *word = layer_value(l, "csum");

	*csum = checksum_finish(sum);
	if (!word)
		return true;
	if (!word_is(word, "bad"))
		return names_number(b->names, word, 0xffff, csum, b->report);
	*csum = *csum + 1 > 0xffff ? *csum + 2 - 0x10000 : *csum + 1;
	return true;
}

static bool finish_ip4(struct builder *b, const struct layer *l, int at)
{
	uint8_t *header = b->frame->bytes + b->start[at];
	uint64_t len, csum;

	if (!builder_value(b, l, "len", 16, b->data_end - b->start[at], &len))
		return false;
	bytes_store(header + 2, len, 2);
	if (!checksum_value(b, l, checksum_add(0, header, b->start[at + 1] - b->start[at]), &csum))
		return false;
	bytes_store(header + 10, csum, 2);
	return true;
}

static bool finish_ip6(struct builder *b, const struct layer *l, int at)
{
	uint64_t len;

	if (!builder_value(b, l, "len", 16, b->data_end - b->start[at + 1], &len))
		return false;
	bytes_store(b->frame->bytes + b->start[at] + 4, len, 2);
	return true;
}

/* The checksum at offset `where` of a TCP, UDP or ICMP header. */
static bool finish_l4(struct builder *b, const struct layer *l, int at, uint8_t protocol,
		      size_t where)
{
	uint8_t *header = b->frame->bytes + b->start[at];
	size_t ip_start, len = b->data_end - b->start[at];
	const struct layer *ip = builder_ip_of(b, at, &ip_start);
	const uint8_t *ip_header = b->frame->bytes + ip_start;
	uint32_t sum = 0;
	uint64_t csum;

	if (!ip)
		return report_fail(b->report, "%s without an IP header", l->kind->name);
	if (ip->kind->id == LAYER_IP6)
		sum = checksum_pseudo(ip_header + 8, ip_header + 24, 16, protocol, (uint32_t)len);
	else if (protocol != IPPROTO_ICMP)
		sum = checksum_pseudo(ip_header + 12, ip_header + 16, 4, protocol, (uint32_t)len);
	if (!checksum_value(b, l, checksum_add(sum, header, len), &csum))
		return false;
	if (protocol == IPPROTO_UDP && !csum && !layer_value(l, "csum"))
		csum = 0xffff; /* RFC 768: 0 would say that there is none */
	bytes_store(header + where, csum, 2);
	return true;
}

static bool finish_udp(struct builder *b, const struct layer *l, int at)
{
	uint64_t len;

	if (!builder_value(b, l, "len", 16, b->data_end - b->start[at], &len))
		return false;
	bytes_store(b->frame->bytes + b->start[at] + 4, len, 2);
	return finish_l4(b, l, at, IPPROTO_UDP, 6);
}

/* Takes bytes [from, to) out of the frame, and out of its fields. What was cut off (`cut` comes
 * first) can't be taken out as well. */
static void take_out(struct frame *frame, size_t from, size_t to)
{
	struct span *span = frame->spans, *end = span + frame->span_count;

	to = to < frame->len ? to : frame->len;
	if (from >= to)
		return;
	memmove(frame->bytes + from, frame->bytes + to, frame->len - to);
	frame->len -= to - from;
	for (; span < end; span++) {
		size_t last = span->offset + span->size;

		if (span->offset >= to)
			span->offset = (uint16_t)(span->offset - (to - from));
		else if (span->offset >= from)
			span->size = 0;
		else if (last > from)
			span->size = (uint16_t)(from - span->offset);
	}
}

/* quote=N: of the packet inside, which is finished by now, N bytes are there. */
static bool finish_quote(struct builder *b, const struct layer *l, int at)
{
	size_t inside = b->data_end - b->start[at + 1];
	uint64_t n;

	if (!builder_value(b, l, "quote", 16, inside, &n))
		return false;
	if (n > inside)
		return report_fail(b->report, "quote=%llu of a packet of %zu bytes",
				   (unsigned long long)n, inside);
	take_out(b->frame, b->start[at + 1] + n, b->data_end);
	b->data_end = b->start[at + 1] + n;
	return true;
}

static bool finish_icmp(struct builder *b, const struct layer *l, int at)
{
	size_t start;
	const struct layer *ip = builder_ip_of(b, at, &start);

	if (!finish_quote(b, l, at))
		return false;
	return finish_l4(b, l, at, ip && ip->kind->id == LAYER_IP6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
			 2);
}

static bool finish_cut(struct builder *b, const struct layer *l)
{
	uint64_t n;

	if (!names_number(b->names, l->arg, b->frame->len, &n, b->report))
		return false;
	b->frame->len = n;
	return true;
}

bool layer_finish(struct builder *b, int at)
{
	const struct layer *l = &b->packet->layers[at];
	bool ok = true;

	switch (l->kind->id) {
	case LAYER_IP4:
		ok = finish_ip4(b, l, at);
		break;
	case LAYER_IP6:
		ok = finish_ip6(b, l, at);
		break;
	case LAYER_TCP:
		ok = finish_l4(b, l, at, IPPROTO_TCP, 16);
		break;
	case LAYER_UDP:
		ok = finish_udp(b, l, at);
		break;
	case LAYER_ICMP:
		ok = finish_icmp(b, l, at);
		break;
	case LAYER_CUT:
		ok = finish_cut(b, l);
		break;
	default:
		break;
	}
	return ok;
}

static void take_ip(struct builder *b, const struct layer *l, int at)
{
	struct nlb_tuple *t = &b->frame->tuple;
	const uint8_t *header = b->frame->bytes + b->start[at];
	bool is_6 = l->kind->id == LAYER_IP6;

	t->family = is_6 ? NLB_IPV6 : NLB_IPV4;
	memset(t->src, 0, sizeof(t->src));
	memset(t->dst, 0, sizeof(t->dst));
	memcpy(t->src, header + (is_6 ? 8 : 12), is_6 ? 16 : 4);
	memcpy(t->dst, header + (is_6 ? 24 : 16), is_6 ? 16 : 4);
	b->frame->ip_end =
		b->start[at] + (is_6 ? 40 + bytes_load(header + 4, 2) : bytes_load(header + 2, 2));
}

/* What an ICMP error quotes is of the flow's other direction. */
static void turn_round(struct nlb_tuple *t)
{
	const struct nlb_tuple quoted = *t;

	memcpy(t->src, quoted.dst, sizeof(t->src));
	memcpy(t->dst, quoted.src, sizeof(t->dst));
	t->sport = quoted.dport;
	t->dport = quoted.sport;
}

void layers_tuple(struct builder *b)
{
	struct nlb_tuple *t = &b->frame->tuple;
	bool is_quote = false;
	size_t end = 0;
	int at;

	for (at = 0; at < b->packet->count && !t->protocol; at++) {
		const struct layer *l = &b->packet->layers[at];
		const uint8_t *header = b->frame->bytes + b->start[at];

		if (l->kind->id == LAYER_ICMP) {
			is_quote = true;
		} else if (layer_is_ip(l) && (!t->family || is_quote)) {
			take_ip(b, l, at);
			end = end ? end : b->frame->ip_end;
		} else if (is_l4(l) && l->kind->id != LAYER_ICMP) {
			t->protocol = l->kind->id == LAYER_TCP ? IPPROTO_TCP : IPPROTO_UDP;
			memcpy(&t->sport, header, 2);
			memcpy(&t->dport, header + 2, 2);
		}
	}
	b->frame->ip_end = end;
	if (is_quote)
		turn_round(t);
}

// SPDX-License-Identifier: BSD-2-Clause
/* One layer's bytes: headers as in RFC 791, 8200, 9293, 768, 792, 4443, IEEE 802.1Q. Lengths and
 * checksums: finish.c. */
#include "builder.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "leat/gue.h"
#include "proxy.h"

#define EXT_FRAG 44
#define EXT_AH	 51
#define NO_NEXT	 59  /* IPv6: nothing follows */
#define TESTING	 253 /* RFC 3692 */

/* ---- appending ---- */

static bool put(struct builder *b, const struct layer *l, const char *field, const void *bytes,
		size_t n)
{
	struct frame *f = b->frame;

	if (f->len + n > FRAME_MAX || f->span_count == FRAME_SPANS)
		return report_fail(b->report, "the packet is too large");
	if (n)
		f->spans[f->span_count++] =
			(struct span){l->kind->name, field, (uint16_t)f->len, (uint16_t)n};
	memcpy(f->bytes + f->len, bytes, n);
	f->len += n;
	return true;
}

static bool put_number(struct builder *b, const struct layer *l, const char *field, uint64_t number,
		       size_t n)
{
	uint8_t bytes[8];

	bytes_store(bytes, number, n);
	return put(b, l, field, bytes, n);
}

/* ---- values ---- */

/* An unbound variable takes what the program wrote at this place. */
static bool is_to_bind(const struct builder *b, const char *word, size_t end)
{
	return word && word[0] == '$' && !names_variable(b->names, word) && b->seen &&
	       end <= b->seen_len;
}

static bool bind_port(struct builder *b, const char *word)
{
	if (!is_to_bind(b, word, b->frame->len + 2))
		return true;
	return names_bind_number(b->names, word, bytes_load(b->seen + b->frame->len, 2), b->report);
}

/* What an outer header may have as it likes: a number of `bits` low bits in the n bytes at
 * `offset`, no less than `min`. */
static bool bind_free(struct builder *b, const char *word, size_t offset, size_t n, uint64_t bits,
		      uint64_t min)
{
	uint64_t number;

	if (!is_to_bind(b, word, offset + n))
		return true;
	number = bytes_load(b->seen + offset, n) & bits;
	if (number < min)
		return report_fail(b->report, "%s is %llu, below %llu", word,
				   (unsigned long long)number, (unsigned long long)min);
	return names_bind_free(b->names, word, number, b->report);
}

static bool bind_address(struct builder *b, const char *word, size_t n)
{
	uint8_t address[16] = {0};

	if (!is_to_bind(b, word, b->frame->len + n))
		return true;
	memcpy(address, b->seen + b->frame->len, n);
	return names_bind_address(b->names, word, address, b->report);
}

static bool put_value(struct builder *b, const struct layer *l, const char *key, size_t n,
		      uint64_t otherwise)
{
	uint64_t number;

	return builder_value(b, l, key, 8 * n, otherwise, &number) &&
	       put_number(b, l, key, number, n);
}

static bool put_mac(struct builder *b, const struct layer *l, const char *field, const char *word)
{
	uint8_t mac[6];

	return names_mac(b->names, word, mac, b->report) && put(b, l, field, mac, 6);
}

static bool put_address(struct builder *b, const struct layer *l, const char *field,
			const char *word, int family)
{
	size_t n = family == NLB_IPV4 ? 4 : 16;
	uint8_t address[16];

	return bind_address(b, word, n) &&
	       names_address(b->names, word, family, address, b->report) &&
	       put(b, l, field, address, n);
}

static bool put_port(struct builder *b, const struct layer *l, const char *field, const char *word)
{
	uint64_t port;

	return bind_port(b, word) && names_number(b->names, word, 0xffff, &port, b->report) &&
	       put_number(b, l, field, port, 2);
}

/* Hex digits of `word` (NULL: none), to at most `room` bytes. */
static bool parse_hex(struct builder *b, const char *word, uint8_t *bytes, size_t room, size_t *n)
{
	const char *c;

	*n = 0;
	if (word && !*word)
		return report_fail(b->report, "no hex digits");
	for (c = word; c && *c; c += 2) {
		if (*n == room || sscanf(c, "%2hhx", &bytes[*n]) != 1 || !c[1] ||
		    strspn(c, "0123456789abcdefABCDEF") < 2)
			return report_fail(b->report,
					   "'%s' is not an even number of hex digits, or too many",
					   word);
		(*n)++;
	}
	return true;
}

/* ---- what follows what ---- */

static const struct layer *next_of(const struct builder *b, int at)
{
	return at + 1 < b->packet->count ? &b->packet->layers[at + 1] : NULL;
}

static bool ethertype_of(struct builder *b, int at, uint64_t *type)
{
	const struct layer *next = next_of(b, at);

	switch (next ? next->kind->id : LAYER_CUT) {
	case LAYER_IP4:
		*type = ETHERTYPE_IP;
		return true;
	case LAYER_IP6:
		*type = ETHERTYPE_IPV6;
		return true;
	case LAYER_ARP:
		*type = ETHERTYPE_ARP;
		return true;
	case LAYER_VLAN:
		return builder_value(b, next, "tpid", 16, ETHERTYPE_VLAN, type);
	default:
		*type = 0x88b5; /* IEEE local experimental */
		return true;
	}
}

static const struct {
	const char *name;
	uint8_t protocol;
} extensions[] = {
	{"hop", 0},  {"routing", 43},	{"frag", EXT_FRAG}, {"esp", 50},   {"ah", EXT_AH},
	{"dst", 60}, {"mobility", 135}, {"hip", 139},	    {"shim", 140},
};

static bool extension_of(struct builder *b, const struct layer *l, uint64_t *protocol)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(extensions); i++) {
		if (word_is(l->arg, extensions[i].name)) {
			*protocol = extensions[i].protocol;
			return true;
		}
	}
	return report_fail(b->report, "unknown extension header '%s'", l->arg);
}

static bool protocol_of(struct builder *b, int at, uint64_t *protocol)
{
	const struct layer *next = next_of(b, at);
	size_t start;
	const struct layer *ip = builder_ip_of(b, at + 1, &start);
	bool is_6 = ip && ip->kind->id == LAYER_IP6;

	*protocol = is_6 ? NO_NEXT : TESTING;
	switch (next ? next->kind->id : LAYER_CUT) {
	case LAYER_TCP:
		*protocol = IPPROTO_TCP;
		return true;
	case LAYER_UDP:
		*protocol = IPPROTO_UDP;
		return true;
	case LAYER_ICMP:
		*protocol = is_6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		return true;
	case LAYER_IP4:
		*protocol = IPPROTO_IPIP;
		return true;
	case LAYER_IP6:
		*protocol = IPPROTO_IPV6;
		return true;
	case LAYER_EXT:
		return extension_of(b, next, protocol);
	default:
		return true;
	}
}

/* ---- headers ---- */

static bool emit_eth(struct builder *b, const struct layer *l, int at)
{
	uint64_t type;

	return put_mac(b, l, "dst", l->dst) && put_mac(b, l, "src", l->src) &&
	       ethertype_of(b, at, &type) && put_value(b, l, "type", 2, type);
}

static bool emit_vlan(struct builder *b, const struct layer *l, int at)
{
	uint64_t type, pcp, vid;

	if (!names_number(b->names, l->arg, 0xfff, &vid, b->report) ||
	    !builder_value(b, l, "pcp", 3, 0, &pcp) || !ethertype_of(b, at, &type))
		return false;
	vid |= pcp << 13 | (layer_has_flag(l, "dei") ? 1u << 12 : 0);
	return put_number(b, l, "tci", vid, 2) && put_value(b, l, "type", 2, type);
}

/* Who has 192.0.2.1, from 192.0.2.2: no test looks inside. */
static bool emit_arp(struct builder *b, const struct layer *l, int at)
{
	static const uint8_t request[28] = {0,	 1, 8, 0, 6, 4, 0, 1, 2, 0, 0,	 0, 0, 2,
					    192, 0, 2, 2, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1};

	return put(b, l, "request", request, sizeof(request));
}

static bool emit_ip4(struct builder *b, const struct layer *l, int at)
{
	uint64_t version, ihl, frag, protocol;
	uint8_t options[40];
	size_t n;

	if (!parse_hex(b, layer_value(l, "options"), options, sizeof(options), &n) ||
	    !protocol_of(b, at, &protocol) ||
	    !bind_free(b, layer_value(l, "id"), b->frame->len + 4, 2, 0xffff, 0))
		return false;
	if (n % 4)
		return report_fail(b->report, "IPv4 options are words of four bytes");
	if (!builder_value(b, l, "version", 4, 4, &version) ||
	    !builder_value(b, l, "ihl", 4, 5 + n / 4, &ihl) ||
	    !builder_value(b, l, "frag", 16, 0, &frag))
		return false;
	if (frag % 8)
		return report_fail(b->report, "frag= is in bytes, a multiple of 8");
	frag = frag / 8 | (layer_has_flag(l, "df") ? 0x4000 : 0) |
	       (layer_has_flag(l, "mf") ? 0x2000 : 0);
	return put_number(b, l, "version_ihl", version << 4 | ihl, 1) &&
	       put_value(b, l, "tos", 1, 0) && put_number(b, l, "len", 0, 2) &&
	       put_value(b, l, "id", 2, 0x1234) && put_number(b, l, "frag", frag, 2) &&
	       put_value(b, l, "ttl", 1, 64) && put_value(b, l, "proto", 1, protocol) &&
	       put_number(b, l, "csum", 0, 2) && put_address(b, l, "src", l->src, NLB_IPV4) &&
	       put_address(b, l, "dst", l->dst, NLB_IPV4) && put(b, l, "options", options, n);
}

static bool emit_ip6(struct builder *b, const struct layer *l, int at)
{
	uint64_t version, class, label, protocol;

	if (!bind_free(b, layer_value(l, "label"), b->frame->len, 4, 0xfffff, 0) ||
	    !builder_value(b, l, "version", 4, 6, &version) ||
	    !builder_value(b, l, "tc", 8, 0, &class) ||
	    !builder_value(b, l, "label", 20, 0x54321, &label) || !protocol_of(b, at, &protocol))
		return false;
	return put_number(b, l, "version_tc_label", version << 28 | class << 20 | label, 4) &&
	       put_number(b, l, "len", 0, 2) && put_value(b, l, "next", 1, protocol) &&
	       put_value(b, l, "hop", 1, 64) && put_address(b, l, "src", l->src, NLB_IPV6) &&
	       put_address(b, l, "dst", l->dst, NLB_IPV6);
}

static bool emit_fragment_header(struct builder *b, const struct layer *l, uint64_t next)
{
	uint64_t offset;

	if (!builder_value(b, l, "off", 16, 0, &offset))
		return false;
	if (offset % 8)
		return report_fail(b->report, "off= is in bytes, a multiple of 8");
	return put_value(b, l, "next", 1, next) && put_number(b, l, "reserved", 0, 1) &&
	       put_number(b, l, "off", offset | layer_has_flag(l, "mf"), 2) &&
	       put_value(b, l, "id", 4, 0xabcdef01);
}

static bool emit_ext(struct builder *b, const struct layer *l, int at)
{
	uint8_t body[2048] = {0};
	uint64_t self, next, size, len;

	if (!extension_of(b, l, &self) || !protocol_of(b, at, &next))
		return false;
	if (self == EXT_FRAG)
		return emit_fragment_header(b, l, next);
	if (!builder_value(b, l, "size", 12, self == EXT_AH ? 16 : 8, &size))
		return false;
	if (size < 8 || size % 8 || size > sizeof(body))
		return report_fail(b->report, "size= is a multiple of 8 up to %zu", sizeof(body));
	len = self == EXT_AH ? size / 4 - 2 : size / 8 - 1;
	body[0] = 1; /* PadN over the rest */
	body[1] = (uint8_t)(size - 4);
	return put_value(b, l, "next", 1, next) && put_value(b, l, "len", 1, len) &&
	       put(b, l, "body", body, size - 2);
}

static uint64_t tcp_flags(const struct layer *l)
{
	static const char *const names[] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};
	uint64_t flags =
		layer_value(l, "ack")
			? 1u << 4
			: 0; /* ack=N: the flag and the number; ackno=N: the number alone */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		flags |= (uint64_t)layer_has_flag(l, names[i]) << i;
	return flags;
}

static bool emit_tcp(struct builder *b, const struct layer *l, int at)
{
	uint8_t options[40];
	uint64_t doff, ack;
	size_t n;

	if (!parse_hex(b, layer_value(l, "options"), options, sizeof(options), &n))
		return false;
	if (n % 4)
		return report_fail(b->report, "TCP options are words of four bytes");
	if (!builder_value(b, l, "doff", 4, 5 + n / 4, &doff) ||
	    !builder_value(b, l, layer_value(l, "ack") ? "ack" : "ackno", 32, 0, &ack))
		return false;
	return put_port(b, l, "sport", l->src) && put_port(b, l, "dport", l->dst) &&
	       put_value(b, l, "seq", 4, 0) && put_number(b, l, "ack", ack, 4) &&
	       put_number(b, l, "doff", doff << 4, 1) &&
	       put_number(b, l, "flags", tcp_flags(l), 1) && put_value(b, l, "win", 2, 0x2000) &&
	       put_number(b, l, "csum", 0, 2) && put_value(b, l, "urgent", 2, 0) &&
	       put(b, l, "options", options, n);
}

static bool emit_udp(struct builder *b, const struct layer *l, int at)
{
	const struct layer *next = next_of(b, at);

	if (next && next->kind->id == LAYER_GUE &&
	    !bind_free(b, l->src, b->frame->len, 2, 0xffff, GUE_SOURCE_PORT(0)))
		return false;
	return put_port(b, l, "sport", l->src) && put_port(b, l, "dport", l->dst) &&
	       put_number(b, l, "len", 0, 2) && put_number(b, l, "csum", 0, 2);
}

/* alternate=HOST: in the private data, of the outer header's family. */
static bool emit_gue(struct builder *b, const struct layer *l, int at)
{
	const char *alternate = layer_value(l, "alternate");
	size_t start;
	const struct layer *ip = builder_ip_of(b, at, &start);
	int family = ip && ip->kind->id == LAYER_IP6 ? NLB_IPV6 : NLB_IPV4;
	uint64_t hlen = 0, inside;

	if (alternate)
		hlen = family == NLB_IPV6 ? GUE_HLEN_ALTERNATE6 : GUE_HLEN_ALTERNATE4;
	if (!protocol_of(b, at, &inside) || !put_number(b, l, "hlen", GUE_FIRST_BYTE(hlen), 1) ||
	    !put_value(b, l, "proto", 1, inside) || !put_number(b, l, "flags", 0, 2))
		return false;
	return !alternate || (put_number(b, l, "type", GUE_TYPE_ALTERNATE, 1) &&
			      put_number(b, l, "family", (uint64_t)family, 1) &&
			      put_number(b, l, "reserved", 0, 2) &&
			      put_address(b, l, "alternate", alternate, family));
}

static bool emit_icmp(struct builder *b, const struct layer *l, int at)
{
	size_t start;
	const struct layer *ip = builder_ip_of(b, at, &start);

	return put_value(b, l, "type", 1, ip && ip->kind->id == LAYER_IP6 ? 128 : 8) &&
	       put_value(b, l, "code", 1, 0) && put_number(b, l, "csum", 0, 2) &&
	       put_value(b, l, "rest", 4, 0x00010002);
}

/* Of a connection in the family of its IP header. */
static bool emit_proxy(struct builder *b, const struct layer *l, int at)
{
	size_t start;
	const struct layer *ip = builder_ip_of(b, at, &start);
	int family = ip && ip->kind->id == LAYER_IP6 ? NLB_IPV6 : NLB_IPV4;
	uint8_t header[PROXY_HEADER_MAX];
	struct proxy_end src, dst;

	return names_endpoint(b->names, l->src, family, src.address, &src.port, b->report) &&
	       names_endpoint(b->names, l->dst, family, dst.address, &dst.port, b->report) &&
	       put(b, l, "header", header, proxy_header(header, family, &src, &dst));
}

static bool emit_data(struct builder *b, const struct layer *l, int at)
{
	static uint8_t pattern[FRAME_MAX];
	size_t i, len = strlen(l->arg);
	uint64_t n;

	if (l->arg[0] == '"') {
		if (len < 3 || l->arg[len - 1] != '"')
			return report_fail(b->report, "a text without an end");
		return put(b, l, "text", l->arg + 1, len - 2);
	}
	if (!names_number(b->names, l->arg, FRAME_MAX, &n, b->report))
		return false;
	for (i = 0; i < n; i++)
		pattern[i] = (uint8_t)(i * 7 + 1);
	return put(b, l, "bytes", pattern, n);
}

static bool emit_word(struct builder *b, const struct layer *l, int at)
{
	uint64_t n;

	return names_number(b->names, l->arg, 0xffff, &n, b->report) &&
	       put_number(b, l, "value", n, 2);
}

static bool emit_hex(struct builder *b, const struct layer *l, int at)
{
	uint8_t bytes[1024];
	size_t n;

	return parse_hex(b, l->arg, bytes, sizeof(bytes), &n) && put(b, l, "bytes", bytes, n);
}

/* Not zero, so that a checksum over them would show. */
static bool emit_pad(struct builder *b, const struct layer *l, int at)
{
	uint8_t bytes[256];
	uint64_t n;

	memset(bytes, 0xee, sizeof(bytes));
	return names_number(b->names, l->arg, sizeof(bytes), &n, b->report) &&
	       put(b, l, "bytes", bytes, n);
}

static bool emit_cut(struct builder *b, const struct layer *l, int at)
{
	uint64_t n;

	if (next_of(b, at))
		return report_fail(b->report, "cut is the last word of a packet");
	return names_number(b->names, l->arg, FRAME_MAX, &n, b->report);
}

bool layer_emit(struct builder *b, int at)
{
	static bool (*const emit[])(struct builder *, const struct layer *, int) = {
		[LAYER_ETH] = emit_eth,	    [LAYER_VLAN] = emit_vlan, [LAYER_ARP] = emit_arp,
		[LAYER_IP4] = emit_ip4,	    [LAYER_IP6] = emit_ip6,   [LAYER_EXT] = emit_ext,
		[LAYER_TCP] = emit_tcp,	    [LAYER_UDP] = emit_udp,   [LAYER_ICMP] = emit_icmp,
		[LAYER_DATA] = emit_data,   [LAYER_WORD] = emit_word, [LAYER_HEX] = emit_hex,
		[LAYER_GUE] = emit_gue,	    [LAYER_PAD] = emit_pad,   [LAYER_CUT] = emit_cut,
		[LAYER_PROXY] = emit_proxy,
	};
	const struct layer *l = &b->packet->layers[at];

	b->start[at] = b->frame->len;
	return emit[l->kind->id](b, l, at);
}

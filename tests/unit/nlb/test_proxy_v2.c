/* SPDX-License-Identifier: BSD-2-Clause */
/* The PROXY header that the data path writes (leat/proxy_v2.h), against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "leat/proxy_v2.h"

static uint32_t crc32c(const void *bytes, int words)
{
	return ~proxy_v2_crc(PROXY_V2_CRC_START, bytes, words);
}

/* RFC 3720 B.4; its bytes are in the order of iSCSI, the last one first. */
static void test_crc32c_of_rfc_3720(void **state)
{
	static const uint8_t read_pdu[48] __attribute__((aligned(4))) = {
		0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0,	0, 0, 0, 0,
		0x14, 0,    0, 0, 0, 0, 4, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
		0x28, 0,    0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0,	0, 0, 0, 0,
	};
	uint8_t bytes[32] __attribute__((aligned(4))) = {0};
	int i;

	assert_int_equal(crc32c(bytes, 8), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c(bytes, 8), 0x62a8ab43);
	for (i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(crc32c(bytes, 8), 0x46dd794e);
	for (i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(bytes, 8), 0x113fdb5c);
	assert_int_equal(crc32c(read_pdu, 12), 0xd9963a56);
}

/* What AWS's network load balancer sends, with the checksum's bytes as zeros. In the header they
 * are e8 d6 89 2d. */
static void test_crc32c_of_an_aws_header(void **state)
{
	static const uint8_t front[] = {
		0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21,
		0x11, 0x00, 0x54, 0xac, 0x1f, 0x07, 0x71, 0xac, 0x1f, 0x0a, 0x1f, 0xc8, 0xf2,
		0x00, 0x50, 0x03, 0x00, 0x04, 0,    0,	  0,	0,    0xea, 0x00, 0x17, 0x01,
		'v',  'p',  'c',  'e',	'-',  '0',  '8',  'd',	'2',  'b',  'f',  '1',	'5',
		'f',  'a',  'c',  '5',	'0',  '0',  '1',  'c',	'9',  0x04, 0x00, 0x24};
	uint8_t header[100] __attribute__((aligned(4))) = {0};

	memcpy(header, front, sizeof(front));
	assert_int_equal(crc32c(header, 25), 0xe8d6892d);
}

/* The checksum of a header, as a receiver recomputes it. */
static void check_crc(const uint8_t *header, int bytes, int at)
{
	uint8_t copy[PROXY_V2_MAX_BYTES] __attribute__((aligned(4)));
	uint32_t sent;

	memcpy(copy, header, (size_t)bytes);
	memcpy(&sent, copy + at, 4);
	memset(copy + at, 0, 4);
	assert_int_equal(ntohl(sent), crc32c(copy, bytes / 4));
}

static void test_header_over_ipv4(void **state)
{
	static const uint8_t start[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51,
					0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0x00, 0x18,
					198,  51,   100,  7,	203,  0,    113,  10,
					0x9c, 0x40, 0x00, 0x50, 0x03, 0,    4};
	static const uint8_t src[] = {198, 51, 100, 7}, dst[] = {203, 0, 113, 10};
	const struct proxy_v2_ends ends = {src, dst, htons(40000), htons(80)};
	uint8_t header[PROXY_V2_IPV4_BYTES] __attribute__((aligned(4)));

	proxy_v2_write_ipv4(header, PROXY_V2_PROXY, &ends);
	assert_memory_equal(header, start, sizeof(start));
	assert_memory_equal(header + 35, "\x04\0\x02\0\0", 5);
	check_crc(header, sizeof(header), 31);
}

static void test_header_over_ipv6(void **state)
{
	static const uint8_t start[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51,
					0x55, 0x49, 0x54, 0x0a, 0x21, 0x21, 0x00, 0x30};
	struct in6_addr src, dst;
	const struct proxy_v2_ends ends = {&src, &dst, htons(40000), htons(443)};
	uint8_t header[PROXY_V2_IPV6_BYTES] __attribute__((aligned(4)));

	assert_int_equal(inet_pton(AF_INET6, "2001:db8:c::7", &src), 1);
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::10", &dst), 1);
	proxy_v2_write_ipv6(header, PROXY_V2_PROXY, &ends);
	assert_memory_equal(header, start, sizeof(start));
	assert_memory_equal(header + 16, &src, 16);
	assert_memory_equal(header + 32, &dst, 16);
	assert_memory_equal(header + 48, "\x9c\x40\x01\xbb\x03\0\x04", 7);
	assert_memory_equal(header + 59, "\x04\0\x02\0\0", 5);
	check_crc(header, sizeof(header), 55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c_of_rfc_3720),
		cmocka_unit_test(test_crc32c_of_an_aws_header),
		cmocka_unit_test(test_header_over_ipv4),
		cmocka_unit_test(test_header_over_ipv6),
	};

	return cmocka_run_group_tests_name("nlb/proxy_v2", tests, NULL, NULL);
}

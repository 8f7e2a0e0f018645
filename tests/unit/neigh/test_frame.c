/* SPDX-License-Identifier: BSD-2-Clause */
/* The announcements, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "neigh/frame.h"

static const uint8_t mac[6] = {0x02, 0x00, 0x00, 0xaa, 0xbb, 0xcc};

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

static void test_arp_request(void **state)
{
	static const uint8_t expected[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0xaa,
		0xbb, 0xcc, 0x08, 0x06,					 /* Ethernet */
		0x00, 0x01, 0x08, 0x00, 6,    4,    0x00, 0x01,		 /* request */
		0x02, 0x00, 0x00, 0xaa, 0xbb, 0xcc, 192,  0,	2,    7, /* sender */
		0,    0,    0,	  0,	0,    0,    192,  0,	2,    7, /* target */
	};
	struct addr vip = address("192.0.2.7");
	uint8_t frame[FRAME_MAX];

	assert_int_equal(frame_gratuitous_arp(frame, mac, &vip, false), sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
}

static void test_arp_reply(void **state)
{
	struct addr vip = address("192.0.2.7");
	uint8_t frame[FRAME_MAX];

	assert_int_equal(frame_gratuitous_arp(frame, mac, &vip, true), 42);
	assert_int_equal(frame[21], 2);
	assert_memory_equal(frame + 32, mac, 6);
}

static uint16_t ones_sum(const uint8_t *bytes, size_t len, uint32_t start)
{
	for (size_t i = 0; i < len; i += 2)
		start += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return (uint16_t)start;
}

static void test_na(void **state)
{
	static const uint8_t head[] = {
		0x33, 0x33, 0,	  0,	0,    1,    0x02, 0x00,
		0x00, 0xaa, 0xbb, 0xcc, 0x86, 0xdd,	       /* Ethernet */
		0x60, 0,    0,	  0,	0,    32,   58,	  255, /* IPv6 */
	};
	struct addr vip = address("2001:db8::7");
	uint8_t frame[FRAME_MAX];

	assert_int_equal(frame_unsolicited_na(frame, mac, &vip), 14 + 40 + 32);
	assert_memory_equal(frame, head, sizeof(head));
	assert_memory_equal(frame + 22, vip.bytes, 16);
	assert_int_equal(frame[54], 136);
	assert_int_equal(frame[58], 0x20); /* override, neither router nor solicited */
	assert_memory_equal(frame + 62, vip.bytes, 16);
	assert_int_equal(frame[78], 2);
	assert_int_equal(frame[79], 1);
	assert_memory_equal(frame + 80, mac, 6);
	/* A message with its checksum in place adds up to all ones, the pseudo-header included. */
	assert_int_equal(ones_sum(frame + 22, 32 + 32, 32 + 58), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp_request),
		cmocka_unit_test(test_arp_reply),
		cmocka_unit_test(test_na),
	};

	return cmocka_run_group_tests_name("neigh/frame", tests, NULL, NULL);
}

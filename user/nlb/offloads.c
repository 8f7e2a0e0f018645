// SPDX-License-Identifier: BSD-2-Clause
/*
 * By ethtool's ioctl: features are bits whose places have names (ETH_SS_FEATURES); they are asked
 * for each time, for the kernel numbers them as it likes.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/fd.h"
#include "nlb/nlb.h"

#define BLOCK_BITS 32

static const struct {
	const char *name, *help;
} words[NLB_OFFLOAD_COUNT] = {
#define X(id, feature, help) [NLB_OFFLOAD_##id] = {feature, help},
	NLB_OFFLOADS(X)
#undef X
};

/* The kernel's bits of an interface. */
struct features {
	int fd;
	char ifname[IF_NAMESIZE];
	uint32_t count;
	int place[NLB_OFFLOAD_COUNT]; /* -1: this kernel has no such feature */
};

static int ask(const struct features *f, void *request)
{
	struct ifreq ifr = {.ifr_data = request};

	memcpy(ifr.ifr_name, f->ifname, sizeof(ifr.ifr_name));
	return ioctl(f->fd, SIOCETHTOOL, &ifr) ? -errno : 0;
}

static int count_features(struct features *f)
{
	struct ethtool_sset_info *info = calloc(1, sizeof(*info) + sizeof(info->data[0]));
	int rc;

	if (!info)
		abort();
	info->cmd = ETHTOOL_GSSET_INFO;
	info->sset_mask = 1ULL << ETH_SS_FEATURES;
	rc = ask(f, info);
	f->count = rc ? 0 : info->data[0];
	free(info);
	return rc;
}

static int place_of(const struct ethtool_gstrings *names, const char *name)
{
	for (uint32_t i = 0; i < names->len; i++)
		if (!strncmp((const char *)names->data + i * ETH_GSTRING_LEN, name,
			     ETH_GSTRING_LEN))
			return (int)i;
	return -1;
}

static int find_places(struct features *f)
{
	struct ethtool_gstrings *names = calloc(1, sizeof(*names) + f->count * ETH_GSTRING_LEN);
	int rc;

	if (!names)
		abort();
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = f->count;
	rc = ask(f, names);
	for (size_t i = 0; i < NLB_OFFLOAD_COUNT && !rc; i++)
		f->place[i] = place_of(names, words[i].name);
	free(names);
	return rc;
}

static void close_features(struct features *f)
{
	fd_close(&f->fd);
}

static int open_features(struct features *f, const char *ifname)
{
	int rc = 0;

	*f = (struct features){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
	if (f->fd < 0)
		return -errno;
	memcpy(f->ifname, ifname, strnlen(ifname, sizeof(f->ifname) - 1));
	rc = count_features(f);
	if (!rc)
		rc = find_places(f);
	if (rc)
		close_features(f);
	return rc;
}

static size_t blocks(const struct features *f)
{
	return (f->count + BLOCK_BITS - 1) / BLOCK_BITS;
}

/* Bits of ours that are on. */
static int read_on(const struct features *f, uint32_t *on)
{
	struct ethtool_gfeatures *now =
		calloc(1, sizeof(*now) + blocks(f) * sizeof(now->features[0]));
	int rc, place;

	if (!now)
		abort();
	now->cmd = ETHTOOL_GFEATURES;
	now->size = (uint32_t)blocks(f);
	rc = ask(f, now);
	*on = 0;
	for (size_t i = 0; i < NLB_OFFLOAD_COUNT && !rc; i++) {
		place = f->place[i];
		if (place >= 0 &&
		    now->features[place / BLOCK_BITS].active & 1U << place % BLOCK_BITS)
			*on |= NLB_OFFLOAD_BIT(i);
	}
	free(now);
	return rc;
}

/* What the driver refuses is no error here: read_on() tells. */
static void write_bits(const struct features *f, uint32_t bits, bool is_on)
{
	struct ethtool_sfeatures *wanted =
		calloc(1, sizeof(*wanted) + blocks(f) * sizeof(wanted->features[0]));
	struct ethtool_set_features_block *block;
	int place;

	if (!wanted)
		abort();
	wanted->cmd = ETHTOOL_SFEATURES;
	wanted->size = (uint32_t)blocks(f);
	for (size_t i = 0; i < NLB_OFFLOAD_COUNT; i++) {
		place = f->place[i];
		if (place < 0 || !(bits & NLB_OFFLOAD_BIT(i)))
			continue;
		block = &wanted->features[place / BLOCK_BITS];
		block->valid |= 1U << place % BLOCK_BITS;
		if (is_on)
			block->requested |= 1U << place % BLOCK_BITS;
	}
	ask(f, wanted);
	free(wanted);
}

/* ---- the door ---- */

const char *nlb_offload_name(enum nlb_offload offload)
{
	return (size_t)offload < ARRAY_SIZE(words) ? words[offload].name : "?";
}

const char *nlb_offload_help(enum nlb_offload offload)
{
	return (size_t)offload < ARRAY_SIZE(words) ? words[offload].help : "";
}

int nlb_offloads_off(const char *ifname, uint32_t *changed, uint32_t *stuck)
{
	struct features f;
	uint32_t before = 0;
	int rc = open_features(&f, ifname);

	*changed = *stuck = 0;
	if (rc)
		return rc;
	rc = read_on(&f, &before);
	if (!rc && before) {
		write_bits(&f, before, false);
		rc = read_on(&f, stuck);
		*changed = before & ~*stuck;
	}
	close_features(&f);
	return rc;
}

int nlb_offloads_restore(const char *ifname, uint32_t bits)
{
	struct features f;
	int rc = open_features(&f, ifname);

	if (rc)
		return rc == -ENODEV ? 0 : rc;
	write_bits(&f, bits, true);
	close_features(&f);
	return 0;
}

void nlb_offloads_list(uint32_t bits, struct buf *out)
{
	const char *before = "";

	for (size_t i = 0; i < NLB_OFFLOAD_COUNT; i++) {
		if (!(bits & NLB_OFFLOAD_BIT(i)))
			continue;
		buf_printf(out, "%s%s", before, words[i].name);
		before = ", ";
	}
}

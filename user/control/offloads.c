/* SPDX-License-Identifier: BSD-2-Clause */
/* The record is one setting of the store: a row an interface. */
#include "offloads.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "store/store.h"

#define KEY	 "offloads"
#define ROWS_MAX PORTS_MAX

struct row {
	char ifname[16];
	uint32_t bits; /* enum nlb_offload: on before Leat came */
};

struct record {
	struct row rows[ROWS_MAX];
	size_t count;
};

static void read_record(struct store *store, struct record *record)
{
	size_t len = 0;

	record->count = 0;
	if (store_get_blob(store, KEY, record->rows, sizeof(record->rows), &len, NULL) == 0)
		record->count = len / sizeof(record->rows[0]);
	for (size_t i = 0; i < record->count; i++)
		record->rows[i].ifname[sizeof(record->rows[i].ifname) - 1] = '\0';
}

static void write_record(struct store *store, const struct record *record)
{
	struct err err = {0};

	if (store_set_blob(store, KEY, record->rows, record->count * sizeof(record->rows[0]), &err))
		log_error("store: %s", err.text);
}

static struct row *find(struct record *record, const char *ifname)
{
	for (size_t i = 0; i < record->count; i++)
		if (strcmp(record->rows[i].ifname, ifname) == 0)
			return &record->rows[i];
	return NULL;
}

/* ---- off ---- */

static void log_change(const char *ifname, uint32_t bits, const char *what)
{
	struct buf list = {0};

	nlb_offloads_list(bits, &list);
	log_info("interface: '%s': %s turned %s", ifname, list.data, what);
	buf_fini(&list);
}

static void remember(struct store *store, const char *ifname, uint32_t changed, uint32_t *all)
{
	struct record record;
	struct row *row;

	read_record(store, &record);
	row = find(&record, ifname);
	if (!row && changed && record.count < ROWS_MAX) {
		row = &record.rows[record.count++];
		*row = (struct row){0};
		snprintf(row->ifname, sizeof(row->ifname), "%s", ifname);
	}
	if (row && changed & ~row->bits) {
		row->bits |= changed;
		write_record(store, &record);
	}
	*all = row ? row->bits : changed;
}

void offloads_take(struct store *store, struct interface *interface)
{
	const char *ifname = interface->port.name;
	uint32_t changed = 0;
	int ret = nlb_offloads_off(ifname, &changed, &interface->offloads_stuck);

	if (ret)
		log_debug("interface: '%s': its offloads can't be asked for: %s", ifname,
			  strerror(-ret));
	if (changed)
		log_change(ifname, changed, "off: XDP has to see frames as they were on the wire");
	remember(store, ifname, changed, &interface->offloads_off);
}

/* ---- on ---- */

static void restore(const struct row *row)
{
	if (nlb_offloads_restore(row->ifname, row->bits) == 0)
		log_change(row->ifname, row->bits, "on again");
}

void offloads_give_back_others(struct store *store,
			       bool (*is_kept)(const char *ifname, const void *arg),
			       const void *arg)
{
	struct record record, next = {.count = 0};

	read_record(store, &record);
	for (size_t i = 0; i < record.count; i++) {
		if (is_kept && is_kept(record.rows[i].ifname, arg))
			next.rows[next.count++] = record.rows[i];
		else
			restore(&record.rows[i]);
	}
	if (next.count != record.count)
		write_record(store, &next);
}

static bool is_other(const char *ifname, const void *arg)
{
	return strcmp(ifname, arg) != 0;
}

void offloads_give_back(struct store *store, const char *ifname)
{
	offloads_give_back_others(store, is_other, ifname);
}

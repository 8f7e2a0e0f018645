/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts the parts together: makes them in order, lets events reach them, undoes them in reverse. The
 * order of a start matters: everything is known and in the maps before the program sees its first
 * packet, and VIPs are announced after that.
 */
#include "controller.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/log.h"
#include "detach.h"
#include "notify.h"
#include "privileges.h"
#include "want.h"

#define TICK_MS		1000
#define FLOWS_FULL_PCT	90
#define CENSUS_SLICE_MS 2 /* pause between slices of a pass */
#define CENSUS_EVERY_MS 1000
#define CENSUS_DUTY	5 /* a pass may take a fifth of the time */
#define SETTLE_MS	1000
#define HASH_KEY_NAME	"hash_key"

/* ---- the model in force ---- */

struct want_input control_want_input(struct control *control, const struct model *model)
{
	struct want_input in = {
		.model = model,
		.observed = &control->targets.observed,
		.snats = control->settings->node.snat_addresses,
		.snat_count = control->settings->node.snat_address_count,
		.encap_sources = control->settings->node.encap_sources,
		.encap_source_count = control->settings->node.encap_source_count,
		.now_ms = clock_wall_ms(),
	};

	memcpy(in.hash_key, control->hash_key, sizeof(in.hash_key));
	return in;
}

void control_publish(struct control *control, struct model *next, uint64_t change_number)
{
	struct model *previous = control->model;

	control->model = next;
	control->change_number = change_number;
	targets_follow(&control->targets, next, clock_wall_ms());
	model_free(previous);
}

void control_let_go(struct control *control)
{
	control->is_detached = true;
	control->vips.is_ready = false;
	control->interfaces.is_ready = false;
	control->reconcile.is_held = true;
	loop_timer_clear(&control->tick);
	loop_timer_clear(&control->census);
	loop_timer_clear(&control->reconcile.timer);
	nlb_close(control->nlb);
	control->nlb = NULL;
}

static int load_model(struct control *control, struct err *err)
{
	struct store_change change = {0};
	struct arena *arena = arena_new();
	int ret;

	ret = store_latest(control->store, arena, &change, NULL);
	if (ret == -ENOENT) {
		control->model = model_new(NULL);
		ret = model_validate(control->model, err);
	} else if (ret) {
		ret = store_latest(control->store, arena, &change, err); /* for the sentence */
	} else {
		control->change_number = change.number;
		ret = conf_parse_state(change.text, strlen(change.text), NULL, &control->model,
				       err);
		if (ret)
			err_prefix(err, "the stored state (change %llu in '%s') is not valid: ",
				   (unsigned long long)change.number, store_path(control->store));
	}
	arena_free(arena);
	return ret;
}

static int load_hash_key(struct control *control, struct err *err)
{
	size_t len = 0;
	int ret = store_get_blob(control->store, HASH_KEY_NAME, control->hash_key,
				 sizeof(control->hash_key), &len, NULL);

	if (!ret && len == sizeof(control->hash_key))
		return 0;
	hash_random(control->hash_key, sizeof(control->hash_key));
	return store_set_blob(control->store, HASH_KEY_NAME, control->hash_key,
			      sizeof(control->hash_key), err);
}

/* ---- events ---- */

static void on_targets_change(void *arg)
{
	reconcile_want(arg);
}

static void on_path(const struct addr *address, const struct neigh_path *path, void *arg)
{
	char text[ADDR_TEXT_MAX], hop[ADDR_TEXT_MAX];

	if (path->state == NEIGH_RESOLVED)
		log_info("neigh: %s is reached by '%s' via %s", addr_format(address, text),
			 path->port_name,
			 path->is_direct ? "its own MAC" : addr_format(&path->next_hop, hop));
	else
		log_info("neigh: %s is %s (%s)", addr_format(address, text),
			 neigh_path_state_name(path->state), neigh_path_state_help(path->state));
	reconcile_want(arg);
}

static void on_link(const char *ifname, const struct neigh_link *link, void *arg)
{
	struct control *control = arg;

	interfaces_on_link(control, ifname);
	vips_on_link(control, ifname, link);
	reconcile_want(control);
}

static void on_end(int signo, void *arg)
{
	struct control *control = arg;

	log_info("leatd: ends on %s; program, maps and VIPs stay, traffic goes on",
		 strsignal(signo));
	loop_stop(control->loop, 0);
}

static void on_hangup(int signo, void *arg)
{
	log_info("leatd: SIGHUP does nothing: the state is changed by leatctl, node settings by a "
		 "restart (traffic goes on meanwhile)");
}

static void watch_ports(struct control *control)
{
	uint64_t now = control->rates.verdicts[NLB_NAT_PORTS_EXHAUSTED].packets;

	if (now > control->ports_exhausted && control->started_ms)
		control->ports_exhausted_ms = clock_wall_ms();
	control->ports_exhausted = now;
}

/* A full table pushes flows out within a moment and looks harmless a second later: remembered. */
static void watch_flows(struct control *control)
{
	uint64_t used = nlb_flow_census(control->nlb)->flows, max = nlb_flows_max(control->nlb);

	if (max && used * 100 > max * FLOWS_FULL_PCT)
		control->flows_full_ms = clock_wall_ms();
}

static bool is_local(const struct addr *address, void *arg)
{
	const struct control *control = arg;
	const struct conf_node_settings *node = &control->settings->node;

	for (size_t i = 0; i < node->snat_address_count; i++)
		if (addr_equal(&node->snat_addresses[i], address))
			return true; /* the operator's word: it is routed here */
	return neigh_is_local(control->neigh, address);
}

static void on_lost_source(const struct addr *address, void *arg)
{
	char text[ADDR_TEXT_MAX];

	log_warn("source: %s is not an address of this host any more: its flows end",
		 addr_format(address, text));
}

/* Asked every second while there is one to ask for: hardly ever. */
static void watch_sources(struct control *control)
{
	struct sources *sources = &control->targets.sources;
	struct addr lost[SOURCES_MAX];

	if (sources_check(sources, clock_mono_ms(), is_local, on_lost_source, control))
		nlb_flow_census_end_sources(control->nlb, lost, sources_lost(sources, lost));
}

static void on_tick(struct loop_timer *timer)
{
	struct control *control = timer->owner;

	loop_timer_set(control->loop, timer, TICK_MS);
	nlb_heartbeat(control->nlb, clock_mono_ns());
	rates_tick(control);
	watch_ports(control);
	watch_flows(control);
	watch_sources(control);
	targets_tick(&control->targets, clock_wall_ms());
	interfaces_tick(control);
	vips_tick(control);
	notify_send("WATCHDOG=1");
}

static uint64_t census_pause_ms(const struct control *control)
{
	uint64_t took_ms = clock_mono_ms() - control->census_began_ms;
	uint64_t due_ms = took_ms * (CENSUS_DUTY - 1);

	return due_ms + took_ms < CENSUS_EVERY_MS ? CENSUS_EVERY_MS - took_ms : due_ms;
}

static void on_census(struct loop_timer *timer)
{
	struct control *control = timer->owner;

	if (!control->census_began_ms)
		control->census_began_ms = clock_mono_ms();
	if (!nlb_flow_census_step(control->nlb, clock_mono_ns())) {
		loop_timer_set(control->loop, timer, CENSUS_SLICE_MS);
		return;
	}
	loop_timer_set(control->loop, timer, census_pause_ms(control));
	control->census_began_ms = 0;
}

/* ---- making ---- */

static int open_state(struct control *control, struct err *err)
{
	const struct conf_node_settings *node = &control->settings->node;
	int ret;

	ret = lock_state_dir(&control->lock_fd, node->state_dir, err);
	if (!ret)
		ret = store_open(node->state_dir, &control->store, err);
	if (!ret)
		ret = load_hash_key(control, err);
	if (!ret)
		ret = load_model(control, err);
	return ret;
}

int control_new(const char *config, struct control **control, struct err *err)
{
	struct control *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		abort();
	c->lock_fd = -1;
	ret = settings_read(config, &c->settings, err);
	if (!ret) {
		settings_use_log_level(c->settings);
		ret = privileges_check(err);
	}
	if (!ret)
		ret = open_state(c, err);
	if (ret)
		control_free(c);
	else
		*control = c;
	return ret;
}

static int watch_signals(struct control *control, struct err *err)
{
	int ret = loop_signal(control->loop, SIGTERM, on_end, control, err);

	if (!ret)
		ret = loop_signal(control->loop, SIGINT, on_end, control, err);
	if (!ret)
		ret = loop_signal(control->loop, SIGHUP, on_hangup, control, err);
	signal(SIGPIPE, SIG_IGN);
	return ret;
}

static int open_sensors(struct control *control, struct err *err)
{
	struct neigh_events events = {.on_path = on_path, .on_link = on_link, .arg = control};
	int ret;

	ret = loop_new(&control->loop, err);
	if (!ret)
		ret = watch_signals(control, err);
	if (!ret)
		ret = neigh_new(control->loop, &events, &control->neigh, err);
	if (!ret)
		ret = health_new(control->loop, &control->health, err);
	return ret;
}

static int open_plane(struct control *control, struct err *err)
{
	const struct conf_node_settings *node = &control->settings->node;
	struct nlb_options options = {
		.bpffs = node->bpffs,
		.flows = node->flows,
		.nat_port_first = node->nat_port_first,
		.nat_port_last = node->nat_port_last,
		.hash_key = {control->hash_key[0], control->hash_key[1]},
	};

	control->found_plane = access(node->bpffs, F_OK) == 0;
	return nlb_open(&options, &control->nlb, err);
}

/* An empty state would take down what runs: more likely the state was lost than meant. */
static int check_state_fits(const struct control *control, struct err *err)
{
	if (control->change_number || !nlb_image_has_listeners(nlb_image(control->nlb)))
		return 0;
	return err_set(err, -ENODATA,
		       "the state in '%s' is empty, but '%s' carries a running data path: restore "
		       "the state, or take the data path down with 'leatd --detach'",
		       control->settings->node.state_dir, control->settings->node.bpffs);
}

static int take_in_model(struct control *control, struct err *err)
{
	struct targets *targets = &control->targets;
	int ret;

	targets->health = control->health;
	targets->neigh = control->neigh;
	targets->store = control->store;
	targets->on_change = on_targets_change;
	targets->arg = control;
	ret = targets_restore(targets, control->model, err);
	if (ret)
		return ret;
	targets->found = nlb_image(control->nlb);
	targets_follow(targets, control->model, clock_wall_ms());
	targets->found = NULL;
	return vips_restore(control, err);
}

/* The maps still say how to reach every target; better to leave them alone until the kernel says so
 * too than to take a next hop out of them because ARP has not answered yet. */
static void settle(struct control *control)
{
	uint64_t until_ms = clock_mono_ms() + SETTLE_MS, now;

	control->reconcile.is_held = true;
	while (!targets_are_settled(&control->targets)) {
		now = clock_mono_ms();
		if (now >= until_ms)
			break;
		loop_turn(control->loop, (int)(until_ms - now < 20 ? until_ms - now : 20));
	}
	control->reconcile.is_held = false;
}

static void warn_of_ports(struct control *control)
{
	unsigned first, last;

	control->local_ports_overlap = settings_ports_overlap(control->settings, &first, &last);
	if (control->local_ports_overlap)
		log_warn("settings: nat_ports %u-%u overlap net.ipv4.ip_local_port_range %u-%u: "
			 "connections of this host to a target may fail; set one of them apart",
			 control->settings->node.nat_port_first,
			 control->settings->node.nat_port_last, first, last);
}

static void begin_ticking(struct control *control)
{
	control->tick = (struct loop_timer){.on_expire = on_tick, .owner = control};
	control->census = (struct loop_timer){.on_expire = on_census, .owner = control};
	rates_tick(control);
	watch_ports(control);
	control->started_ms = clock_wall_ms();
	control->started_mono_ms = clock_mono_ms();
	nlb_heartbeat(control->nlb, clock_mono_ns());
	loop_timer_set(control->loop, &control->tick, TICK_MS);
	loop_timer_set(control->loop, &control->census, 0);
}

static void log_start(const struct control *control)
{
	size_t targets = 0;

	for (size_t i = 0; i < control->model->target_group_count; i++)
		targets += control->model->target_groups[i].target_count;
	log_info("leatd: version " LEAT_VERSION " runs with change %llu: %zu load balancers, %zu "
		 "target groups, %zu targets (%zu took flows already)",
		 (unsigned long long)control->change_number, control->model->load_balancer_count,
		 control->model->target_group_count, targets, control->targets.found_count);
}

/* The first run of reconcile, then packets, then addresses, then questions. */
static int go_live(struct control *control, struct err *err)
{
	int ret;

	warn_of_ports(control);
	settle(control);
	ret = reconcile_now(control, err);
	if (!ret)
		ret = interfaces_attach(control, err);
	if (ret)
		return ret;
	vips_follow(control);
	vips_start(control);
	return api_start(control->api, err);
}

static int start(struct control *control, struct err *err)
{
	int ret;

	ret = open_sensors(control, err);
	if (!ret)
		ret = interfaces_init(control, err);
	if (!ret)
		ret = api_open(control, &control->api, err);
	if (!ret)
		ret = privileges_reduce(err);
	if (!ret)
		ret = open_plane(control, err);
	if (!ret)
		ret = check_state_fits(control, err);
	if (!ret)
		ret = take_in_model(control, err);
	if (!ret)
		ret = go_live(control, err);
	return ret;
}

/* A start that is refused leaves nothing behind that was not there before. */
static void undo_plane(struct control *control)
{
	struct err err = {0};

	if (control->found_plane || !control->nlb)
		return;
	control_let_go(control);
	if (detach_data_path(control->store, control->neigh, control->settings->node.bpffs, &err))
		log_error("leatd: %s", err.text);
}

int control_start(struct control *control, struct err *err)
{
	int ret;

	targets_init(&control->targets);
	vips_init(control);
	rates_init(control);
	reconcile_init(control);
	ret = start(control, err);
	if (ret) {
		undo_plane(control);
		return ret;
	}
	begin_ticking(control);
	log_start(control);
	return 0;
}

int control_run(struct control *control)
{
	int status;

	notify_send("READY=1");
	status = loop_run(control->loop);
	notify_send("STOPPING=1");
	return status;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	api_close(control->api);
	loop_timer_clear(&control->tick);
	loop_timer_clear(&control->census);
	reconcile_fini(control);
	rates_fini(control);
	vips_fini(control);
	targets_fini(&control->targets);
	nlb_close(control->nlb);
	interfaces_fini(control);
	health_free(control->health);
	neigh_free(control->neigh);
	loop_free(control->loop);
	model_free(control->model);
	store_close(control->store);
	fd_close(&control->lock_fd);
	settings_free(control->settings);
	free(control);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Words and options: one table, each option with the commands that take it. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define FOR_UP	   (1u << TARGET_UP)
#define FOR_DOWN   (1u << TARGET_DOWN)
#define FOR_STATUS (1u << TARGET_STATUS)
#define FOR_ALL	   (FOR_UP | FOR_DOWN | FOR_STATUS)

struct option_row {
	const char *name;
	unsigned commands;
	bool is_flag;
	int (*take)(struct options *options, const char *value, struct err *err);
};

static const char *const mode_names[] = {
	[TARGET_AUTO] = "auto",
	[TARGET_XDP] = "xdp",
	[TARGET_TC] = "tc",
};

const char *target_mode_name(enum target_mode mode)
{
	return (size_t)mode < ARRAY_SIZE(mode_names) ? mode_names[mode] : "unknown";
}

int target_mode_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mode_names); i++)
		if (!strcmp(name, mode_names[i]))
			return (int)i;
	return -1;
}

/* ---- values ---- */

static int take_vip(struct options *options, const char *value, struct err *err)
{
	struct vip vip;
	int rc = vip_parse(value, &vip, err);

	return rc ? rc : vips_add(&options->vips, &vip, err);
}

static int take_interface(struct options *options, const char *value, struct err *err)
{
	size_t i;

	if (!*value || strlen(value) >= IF_NAMESIZE || strchr(value, '/'))
		return err_set(err, -EINVAL, "--interface: '%.60s' is no interface's name", value);
	for (i = 0; i < options->interface_count; i++)
		if (!strcmp(options->interfaces[i], value))
			return 0;
	if (options->interface_count == INTERFACES_MAX)
		return err_set(err, -EINVAL, "--interface: more than %d of them", INTERFACES_MAX);
	snprintf(options->interfaces[options->interface_count++], IF_NAMESIZE, "%s", value);
	return 0;
}

static int take_mode(struct options *options, const char *value, struct err *err)
{
	int mode = target_mode_find(value);

	if (mode < 0)
		return err_set(err, -EINVAL, "--mode is one of xdp, tc, auto, not '%.60s'", value);
	options->mode = (enum target_mode)mode;
	return 0;
}

static int take_number(const char *value, unsigned long least, unsigned long most, const char *what,
		       unsigned long *number, struct err *err)
{
	char *end;

	*number = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || *number < least || *number > most)
		return err_set(err, -EINVAL, "%s %lu to %lu, not '%.60s'", what, least, most,
			       value);
	return 0;
}

static int take_gue_port(struct options *options, const char *value, struct err *err)
{
	unsigned long port;
	int rc = take_number(value, 1, 65535, "--gue-port is a number from", &port, err);

	if (!rc)
		options->gue_port = (uint16_t)port;
	return rc;
}

static int take_mss(struct options *options, const char *value, struct err *err)
{
	unsigned long mss = MSS_OFF;
	int rc = 0;

	if (!strcmp(value, "auto")) {
		options->mss = MSS_AUTO;
		return 0;
	}
	if (strcmp(value, "off"))
		rc = take_number(value, MSS_MIN, MSS_MAX, "--mss is auto, off or a number from",
				 &mss, err);
	if (!rc)
		options->mss = (int)mss;
	return rc;
}

static int take_second_hop(struct options *options, const char *value, struct err *err)
{
	options->second_hop = true;
	return 0;
}

static int take_l2(struct options *options, const char *value, struct err *err)
{
	options->l2 = true;
	return 0;
}

static int take_bpffs(struct options *options, const char *value, struct err *err)
{
	options->bpffs = value;
	return *value == '/' ? 0
			     : err_set(err, -EINVAL, "--bpffs: '%.60s' is no absolute path", value);
}

static int take_state_dir(struct options *options, const char *value, struct err *err)
{
	options->state_dir = value;
	return *value == '/'
		       ? 0
		       : err_set(err, -EINVAL, "--state-dir: '%.60s' is no absolute path", value);
}

static int take_output(struct options *options, const char *value, struct err *err)
{
	options->json = !strcmp(value, "json");
	if (options->json || !strcmp(value, "table"))
		return 0;
	return err_set(err, -EINVAL, "-o is one of table, json, not '%.60s'", value);
}

static const struct option_row rows[] = {
	{"--vip", FOR_UP, false, take_vip},
	{"--interface", FOR_UP, false, take_interface},
	{"--mode", FOR_UP, false, take_mode},
	{"--gue-port", FOR_UP, false, take_gue_port},
	{"--mss", FOR_UP, false, take_mss},
	{"--second-hop", FOR_UP, true, take_second_hop},
	{"--l2", FOR_UP, true, take_l2},
	{"--bpffs", FOR_ALL, false, take_bpffs},
	{"--state-dir", FOR_ALL, false, take_state_dir},
	{"-o", FOR_STATUS, false, take_output},
};

/* ---- words ---- */

static const char *const command_names[] = {
	[TARGET_UP] = "up",
	[TARGET_DOWN] = "down",
	[TARGET_STATUS] = "status",
	[TARGET_HELP] = "--help",
	[TARGET_VERSION] = "--version",
	[TARGET_COMPLETION] = "completion", /* bash: for the installation */
};

static int find_command(const char *word, struct options *options, struct err *err)
{
	size_t i;

	for (i = TARGET_UP; i < ARRAY_SIZE(command_names); i++)
		if (!strcmp(word, command_names[i]))
			options->command = (enum target_command)i;
	if (!strcmp(word, "-h"))
		options->command = TARGET_HELP;
	if (!strcmp(word, "-V"))
		options->command = TARGET_VERSION;
	if (options->command)
		return 0;
	return err_set(err, -EINVAL, "there is no command '%.60s' (there are: up, down, status)",
		       word);
}

static const struct option_row *find_row(const char *arg, size_t len, unsigned command)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].name) == len && !strncmp(rows[i].name, arg, len) &&
		    rows[i].commands & (1u << command))
			return &rows[i];
	return NULL;
}

/* "--name value", "--name=value"; -o takes "-o value". Returns how many arguments were taken. */
static int take_option(struct options *options, char *const argv[], int left, struct err *err)
{
	size_t len = strcspn(argv[0], "=");
	const struct option_row *row = find_row(argv[0], len, options->command);
	const char *value = argv[0][len] ? argv[0] + len + 1 : NULL;
	int rc, taken = 1;

	if (!row)
		return err_set(err, -EINVAL, "there is no option '%.60s'", argv[0]);
	if (row->is_flag && value)
		return err_set(err, -EINVAL, "%s takes no value", row->name);
	if (!row->is_flag && !value) {
		if (left < 2 || argv[1][0] == '-')
			return err_set(err, -EINVAL, "%s needs a value", row->name);
		value = argv[1];
		taken = 2;
	}
	rc = row->take(options, value, err);
	return rc ? rc : taken;
}

/* Further words of `up` are VIPs: --vip A B C. */
static int take_word(struct options *options, const char *word, struct err *err)
{
	if (options->command == TARGET_UP && options->vips.count)
		return take_vip(options, word, err);
	return err_set(err, -EINVAL, "unexpected argument '%.60s'", word);
}

static int take_all(struct options *options, int argc, char *const argv[], struct err *err)
{
	int i = 2, rc;

	while (i < argc) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			options->command = TARGET_HELP;
			return 0;
		}
		if (argv[i][0] == '-') {
			rc = take_option(options, argv + i, argc - i, err);
			if (rc < 0)
				return rc;
			i += rc;
		} else {
			rc = take_word(options, argv[i++], err);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int check_up(const struct options *options, struct err *err)
{
	if (!options->vips.count)
		return err_set(err, -EINVAL,
			       "--vip is missing: which addresses does this target serve?");
	if (!options->interface_count)
		return err_set(
			err, -EINVAL,
			"--interface is missing: where do packets from the load balancer arrive?");
	if (!options->l2)
		return 0;
	if (options->second_hop)
		return err_set(err, -EINVAL,
			       "--second-hop needs encapsulated packets, --l2 has none");
	if (options->mode != TARGET_AUTO)
		return err_set(err, -EINVAL, "--mode is about decapsulation, --l2 has none");
	if (options->mss != MSS_AUTO && options->mss != MSS_OFF)
		return err_set(err, -EINVAL, "--mss makes room for encapsulation, --l2 has none");
	return 0;
}

int options_parse(int argc, char *const argv[], struct options *options, struct err *err)
{
	int rc;

	memset(options, 0, sizeof(*options));
	options->gue_port = 6080;
	options->mss = MSS_AUTO;
	options->bpffs = TARGET_BPFFS;
	options->state_dir = TARGET_STATE_DIR;
	if (argc < 2)
		return err_set(err, -EINVAL, "the command is missing (one of: up, down, status)");
	rc = find_command(argv[1], options, err);
	if (rc || options->command == TARGET_COMPLETION || options->command == TARGET_HELP ||
	    options->command == TARGET_VERSION)
		return rc;
	rc = take_all(options, argc, argv, err);
	if (!rc && options->command == TARGET_UP)
		rc = check_up(options, err);
	if (rc)
		err_prefix(err, "%s: ", argv[1]);
	return rc;
}

/* ---- texts ---- */

const char options_help[] =
	"usage: leat-target COMMAND [OPTION...]\n"
	"prepares this host as a target of Leat's modes l2, ipip and gue\n"
	"\n"
	"commands:\n"
	"  up --vip ADDR[/LEN]... --interface IF [OPTION...]   set it up, or change what is set "
	"up\n"
	"  down                                                take back what up did\n"
	"  status [-o table|json]                              how it stands, counters, what is "
	"wrong\n"
	"\n"
	"options of up:\n"
	"  --vip ADDR[/LEN]...   addresses of load balancers that this target serves\n"
	"  --interface IF        where their packets arrive; may be repeated\n"
	"  --mode auto|xdp|tc    hook of decapsulation: native XDP or tc (default auto: XDP if the "
	"driver has it)\n"
	"  --gue-port N          UDP port of GUE (default 6080)\n"
	"  --mss auto|off|N      MSS that VIPs announce at most (default auto: room for "
	"encapsulation)\n"
	"  --second-hop          TCP of unknown connections goes on to the alternate target its "
	"packets name\n"
	"  --l2                  only addresses and sysctls: mode l2 encapsulates nothing\n"
	"\n"
	"options of every command:\n"
	"  --bpffs DIR           where program and counters are pinned (default " TARGET_BPFFS ")\n"
	"  --state-dir DIR       what was changed is remembered here (default " TARGET_STATE_DIR
	")\n"
	"\n"
	"exit status: 0 done, 1 refused, 2 wrong usage; see also leat-target(8)\n";

const char options_completion[] =
	"# bash completion for leat-target\n"
	"_leat_target()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
	"\tcase $prev in\n"
	"\t--interface) words=$(ls /sys/class/net) ;;\n"
	"\t--mode) words='auto xdp tc' ;;\n"
	"\t--mss) words='auto off' ;;\n"
	"\t-o) words='table json' ;;\n"
	"\t--bpffs|--state-dir) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n"
	"\t*)\n"
	"\t\tcase ${COMP_WORDS[1]} in\n"
	"\t\tup) words='--vip --interface --mode --gue-port --mss --second-hop --l2 --bpffs "
	"--state-dir --help' ;;\n"
	"\t\tdown) words='--bpffs --state-dir --help' ;;\n"
	"\t\tstatus) words='-o --bpffs --state-dir --help' ;;\n"
	"\t\tesac\n"
	"\t\t[ \"$COMP_CWORD\" != 1 ] || words='up down status --help --version' ;;\n"
	"\tesac\n"
	"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"}\n"
	"complete -F _leat_target leat-target\n";

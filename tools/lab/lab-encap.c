/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tunnel's entry by hand: what is routed into its TUN interface goes to a target, encapsulated. The kernel writes the outer headers
 * (raw and UDP sockets), so that what a decapsulator gets was not made by the code that it belongs to.
 *     lab-encap --tun NAME --to ADDR [--gue] [--port N] [--alternate ADDR] [--tos N]
 * Without --gue: IPIP, IP6IP6, 4-in-6 or 6-in-4, as the families come. Never fragments: a packet that does not fit is lost. Prints `ready`
 * when the interface is up; on SIGTERM `sent`, `too_long` and `failed`.
 */
#include "lab.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "leat/gue.h"

#define PACKET_MAX 65536

struct entry {
	struct lab_address to, alternate;
	int is_gue, tos;
	int v4, v6; /* sockets by what is inside: protocol 4 and 41, or the same UDP socket */
	unsigned char gue[4 + 4 + 16];
	size_t gue_len;
};

static volatile sig_atomic_t is_over;
static unsigned long sent, too_long, failed;

static void on_signal(int signo)
{
	is_over = 1;
}

static int tun_open(const char *name)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), control = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		lab_die(name);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(control, SIOCSIFFLAGS, &ifr))
		lab_die("setting the interface up");
	close(control);
	return fd;
}

static int socket_open(const struct entry *entry, int type, int protocol)
{
	int family = entry->to.sockaddr.ss_family, fd = socket(family, type | SOCK_CLOEXEC, protocol), on = 1, probe;

	if (fd < 0)
		lab_die("socket");
	if (family == AF_INET) {
		probe = IP_PMTUDISC_DO;
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
		setsockopt(fd, IPPROTO_IP, IP_TOS, &entry->tos, sizeof(entry->tos));
		setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on));
	} else {
		probe = IPV6_PMTUDISC_DO;
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof(probe));
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &entry->tos, sizeof(entry->tos));
		setsockopt(fd, IPPROTO_UDP, 101 /* UDP_NO_CHECK6_TX */, &on, sizeof(on));
	}
	if (connect(fd, (const struct sockaddr *)&entry->to.sockaddr, entry->to.len))
		lab_die("connect");
	return fd;
}

static void make_gue(struct entry *entry)
{
	struct gue_alternate *alternate = (struct gue_alternate *)(entry->gue + 4);

	entry->gue_len = 4;
	if (!entry->alternate.len)
		return;
	alternate->type = GUE_TYPE_ALTERNATE;
	if (entry->alternate.sockaddr.ss_family == AF_INET) {
		alternate->family = GUE_FAMILY_IPV4;
		memcpy(entry->gue + 8, &((struct sockaddr_in *)&entry->alternate.sockaddr)->sin_addr, 4);
		entry->gue_len = 4 + 4 * GUE_HLEN_ALTERNATE4;
	} else {
		alternate->family = GUE_FAMILY_IPV6;
		memcpy(entry->gue + 8, &((struct sockaddr_in6 *)&entry->alternate.sockaddr)->sin6_addr, 16);
		entry->gue_len = 4 + 4 * GUE_HLEN_ALTERNATE6;
	}
	entry->gue[0] = GUE_FIRST_BYTE((entry->gue_len - 4) / 4);
}

static void entry_open(struct entry *entry)
{
	make_gue(entry);
	if (entry->is_gue) {
		entry->v4 = entry->v6 = socket_open(entry, SOCK_DGRAM, 0);
		return;
	}
	entry->v4 = socket_open(entry, SOCK_RAW, IPPROTO_IPIP);
	entry->v6 = socket_open(entry, SOCK_RAW, IPPROTO_IPV6);
}

static void send_on(struct entry *entry, unsigned char *packet, size_t len)
{
	int family = packet[0] >> 4;
	struct iovec parts[] = { { entry->gue, entry->is_gue ? entry->gue_len : 0 }, { packet, len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	ssize_t done;
	int tries;

	if (family == 6 && packet[24] == 0xff)
		return; /* what the interface says of itself: MLD, router solicitations */
	entry->gue[1] = family == 4 ? GUE_PROTO_IPV4 : GUE_PROTO_IPV6;
	/* a connected socket tells of an earlier packet's ICMP error first */
	for (tries = 0, done = -1; done < 0 && tries < 3; tries++)
		done = sendmsg(family == 4 ? entry->v4 : entry->v6, &message, 0);
	if (done >= 0)
		sent++;
	else if (errno == EMSGSIZE)
		too_long++;
	else
		failed++;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "tun", 1, 0, 'n' },	     { "to", 1, 0, 't' },  { "gue", 0, 0, 'g' },
						 { "alternate", 1, 0, 'a' }, { "port", 1, 0, 'p' }, { "tos", 1, 0, 'c' }, { 0 } };
	static unsigned char packet[PACKET_MAX];
	const char *name = NULL, *to = NULL, *alternate = NULL, *port = "6080";
	struct sigaction action = { .sa_handler = on_signal };
	struct entry entry = { .tos = 0 };
	int option, tun;
	ssize_t len;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n': name = optarg; break;
		case 't': to = optarg; break;
		case 'g': entry.is_gue = 1; break;
		case 'a': alternate = optarg; break;
		case 'p': port = optarg; break;
		case 'c': entry.tos = atoi(optarg); break;
		default: return 2;
		}
	}
	if (!name || !to)
		return 2;
	entry.to = lab_resolve(to, entry.is_gue ? port : "0", SOCK_DGRAM);
	if (alternate)
		entry.alternate = lab_resolve(alternate, "0", SOCK_DGRAM);
	sigaction(SIGTERM, &action, NULL);
	tun = tun_open(name);
	entry_open(&entry);
	printf("ready\n");
	fflush(stdout);
	while (!is_over && ((len = read(tun, packet, sizeof(packet))) > 0 || errno == EINTR))
		if (len > 0)
			send_on(&entry, packet, (size_t)len);
	printf("sent %lu\ntoo_long %lu\nfailed %lu\n", sent, too_long, failed);
	return 0;
}

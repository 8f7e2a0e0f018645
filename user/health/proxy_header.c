/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PROXY header (version 2) before a health check, for targets that take no connection without.
 * Its command is LOCAL, its family UNSPEC and nothing follows: the connection is Leat's own, and
 * its ends are those of the connection.
 */
#include <errno.h>
#include <sys/socket.h>

#include "probe.h"

static const unsigned char local_header[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51,
					     0x55, 0x49, 0x54, 0x0a, 0x20, 0x00, 0x00, 0x00};

int probe_send_proxy_header(const struct health_spec *spec, int fd)
{
	ssize_t sent;

	if (!spec->proxy_header)
		return 0;
	sent = send(fd, local_header, sizeof(local_header), MSG_NOSIGNAL);
	if (sent < 0)
		return errno;
	return sent == (ssize_t)sizeof(local_header) ? 0
						     : EAGAIN; /* it fits into any empty buffer */
}

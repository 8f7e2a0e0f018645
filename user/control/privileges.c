/* SPDX-License-Identifier: BSD-2-Clause */
/* Privileges, through libcap-ng. */
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

int privileges_check(struct err *err)
{
	if (geteuid() == 0)
		return 0;
	return err_set(err, -EPERM,
		       "leatd must be started as root (it keeps only CAP_BPF, CAP_PERFMON, "
		       "CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE): use sudo or its "
		       "systemd unit");
}

int privileges_reduce(struct err *err)
{
	int ret;

	capng_clear(CAPNG_SELECT_ALL);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_BPF, CAP_PERFMON,
			  CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, -1))
		return err_set(err, -EINVAL,
			       "libcap-ng does not know the capabilities leatd needs");
	ret = capng_apply(CAPNG_SELECT_ALL);
	if (ret)
		return err_set(err, -EPERM, "can't reduce privileges (libcap-ng says %d)", ret);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set_errno(err, -errno, "can't set no_new_privs");
	log_info("privileges: reduced to CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_NET_RAW, "
		 "CAP_NET_BIND_SERVICE; no new ones");
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller: reconciles the desired state (store) and what is observed (health, neighbours,
 * links) with the maps, and answers the API. The only writer of all of them.
 *
 *     control_new()     settings, lock, store, the stored state; nothing outside the state
 * directory is touched control_start()   program, maps, targets, API; interfaces and VIPs last
 *     control_run()     until SIGTERM, SIGINT or `leatctl detach`
 *     control_free()    descriptors only: program, maps, links and VIPs stay, traffic goes on
 */
#ifndef LEAT_CONTROL_H
#define LEAT_CONTROL_H

#include "base/err.h"

struct control;

/* Each refusal is one sentence that says what to do. config: path of the node settings. */
__must_check int control_new(const char *config, struct control **control, struct err *err);
__must_check int control_start(struct control *control, struct err *err);
int control_run(struct control *control);   /* the process's exit status */
void control_free(struct control *control); /* NULL is fine */

/* Only reads the settings. */
__must_check int control_check(const char *config, struct err *err);
/* Takes the data path of a leatd that does not run down: links, program, maps, VIPs. The state is
 * kept. */
__must_check int control_detach(const char *config, struct err *err);

#endif

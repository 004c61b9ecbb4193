/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between the files of node/.
 */
#ifndef NODE_INTERNAL_H
#define NODE_INTERNAL_H

#include "engine/control/control.h"
#include "engine/node/worker.h"

struct node {
    struct meeting meeting;
    struct control *control;
    struct worker *worker[TORC_WORKERS_MAX];
};

#endif

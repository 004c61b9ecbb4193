/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lists of requests by index, through links that lie in the requests: a request is in at most one
 * of them at a time. Constant time, also from the middle.
 */
#ifndef CLIENT_LIST_H
#define CLIENT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_NONE UINT32_MAX

struct client_link {
    uint32_t next, prev;
};

struct client_list {
    uint32_t first, last;
};

static inline void client_list_init(struct client_list *list)
{
    *list = (struct client_list){CLIENT_NONE, CLIENT_NONE};
}

static inline bool client_list_empty(const struct client_list *list)
{
    return list->first == CLIENT_NONE;
}

#endif

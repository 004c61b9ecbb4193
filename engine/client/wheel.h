/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A timer wheel: one coarse timer a request. Arming and disarming touch the slot's first request
 * and the neighbours, nothing else; time that passes without a timer costs a look at a bitmap.
 *
 * Timers fire up to one tick late, and, when further away than the wheel reaches, early: who is
 * called looks at the time that it wanted and arms again.
 */
#ifndef CLIENT_WHEEL_H
#define CLIENT_WHEEL_H

#include <stddef.h>

#include "engine/base/assert.h"
#include "engine/client/list.h"

#define CLIENT_WHEEL_SLOTS   1024u
#define CLIENT_WHEEL_SHIFT   16u /* a tick is 65.5 us, a turn 67 ms */
#define CLIENT_WHEEL_UNARMED UINT16_MAX

struct client_timer {
    struct client_link link;
    uint16_t slot; /* CLIENT_WHEEL_UNARMED: not in the wheel */
};

struct client_wheel {
    uint64_t tick; /* all slots up to this one have been emptied */
    uint64_t occupied[CLIENT_WHEEL_SLOTS / 64];
    uint32_t first[CLIENT_WHEEL_SLOTS];
    uint8_t *timers; /* the timer of request i is at timers + i * stride */
    uint32_t stride;
};

void client_wheel_init(struct client_wheel *wheel, void *timers, uint32_t stride);

/* Arms an unarmed timer for when_ns. */
void client_wheel_arm(struct client_wheel *wheel, uint32_t index, uint64_t when_ns);
void client_wheel_take(struct client_wheel *wheel, uint32_t index, struct client_timer *timer);

/* Nothing if it is not armed, which is most often so. */
static inline void client_wheel_disarm(struct client_wheel *wheel, uint32_t index)
{
    struct client_timer *timer =
        (struct client_timer *)(wheel->timers + (size_t)index * wheel->stride);
    if (TORC_UNLIKELY(timer->slot != CLIENT_WHEEL_UNARMED))
        client_wheel_take(wheel, index, timer);
}

/* Takes one timer that is due out of the wheel, or CLIENT_NONE. */
uint32_t client_wheel_expired(struct client_wheel *wheel, uint64_t now_ns);

/* When the next timer fires; UINT64_MAX: none is armed. */
uint64_t client_wheel_next(const struct client_wheel *wheel);

#endif

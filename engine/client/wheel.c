/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/client/wheel.h"

#include <string.h>

#include "engine/base/assert.h"

#define SLOT_MASK (CLIENT_WHEEL_SLOTS - 1)

static inline struct client_timer *timer_at(const struct client_wheel *wheel, uint32_t index)
{
    return (struct client_timer *)(wheel->timers + (size_t)index * wheel->stride);
}

void client_wheel_init(struct client_wheel *wheel, void *timers, uint32_t stride)
{
    memset(wheel, 0, sizeof *wheel);
    memset(wheel->first, 0xff, sizeof wheel->first);
    wheel->timers = timers;
    wheel->stride = stride;
}

void client_wheel_arm(struct client_wheel *wheel, uint32_t index, uint64_t when_ns)
{
    struct client_timer *timer = timer_at(wheel, index);
    TORC_ASSERT(timer->slot == CLIENT_WHEEL_UNARMED);
    uint64_t tick = (when_ns >> CLIENT_WHEEL_SHIFT) + 1;
    if (tick <= wheel->tick)
        tick = wheel->tick + 1;
    if (tick > wheel->tick + SLOT_MASK)
        tick = wheel->tick + SLOT_MASK;
    const uint32_t slot = tick & SLOT_MASK;
    const uint32_t next = wheel->first[slot];
    timer->slot = (uint16_t)slot;
    timer->link = (struct client_link){.next = next, .prev = CLIENT_NONE};
    if (next != CLIENT_NONE)
        timer_at(wheel, next)->link.prev = index;
    wheel->first[slot] = index;
    wheel->occupied[slot / 64] |= 1ull << (slot % 64);
}

void client_wheel_take(struct client_wheel *wheel, uint32_t index, struct client_timer *timer)
{
    TORC_ASSERT(timer == timer_at(wheel, index));
    if (timer->link.next != CLIENT_NONE)
        timer_at(wheel, timer->link.next)->link.prev = timer->link.prev;
    if (timer->link.prev != CLIENT_NONE) {
        timer_at(wheel, timer->link.prev)->link.next = timer->link.next;
    } else {
        wheel->first[timer->slot] = timer->link.next;
        if (timer->link.next == CLIENT_NONE)
            wheel->occupied[timer->slot / 64] &= ~(1ull << (timer->slot % 64));
    }
    timer->slot = CLIENT_WHEEL_UNARMED;
}

/* Ticks from wheel->tick to the next occupied slot, 1 .. SLOTS; 0: all are empty. */
static uint32_t ticks_to_next(const struct client_wheel *wheel)
{
    const uint32_t start = (uint32_t)(wheel->tick + 1) & SLOT_MASK;
    const uint32_t words = CLIENT_WHEEL_SLOTS / 64;
    for (uint32_t i = 0; i <= words; i++) {
        const uint32_t at = (start / 64 + i) % words;
        uint64_t bits = wheel->occupied[at];
        if (i == 0)
            bits &= ~0ull << (start % 64);
        if (bits != 0) {
            const uint32_t slot = at * 64 + (uint32_t)__builtin_ctzll(bits);
            return ((slot - start) & SLOT_MASK) + 1;
        }
    }
    return 0;
}

uint32_t client_wheel_expired(struct client_wheel *wheel, uint64_t now_ns)
{
    const uint64_t now = now_ns >> CLIENT_WHEEL_SHIFT;
    if (now <= wheel->tick)
        return CLIENT_NONE;
    const uint32_t ahead = ticks_to_next(wheel);
    if (ahead == 0 || wheel->tick + ahead > now) {
        wheel->tick = now; /* nothing lies between */
        return CLIENT_NONE;
    }
    /* Stays one behind the slot until it is empty: what is armed meanwhile goes to later ones. */
    wheel->tick += ahead - 1;
    const uint32_t index = wheel->first[(wheel->tick + 1) & SLOT_MASK];
    client_wheel_disarm(wheel, index);
    return index;
}

uint64_t client_wheel_next(const struct client_wheel *wheel)
{
    const uint32_t ahead = ticks_to_next(wheel);
    return ahead == 0 ? UINT64_MAX : (wheel->tick + ahead) << CLIENT_WHEEL_SHIFT;
}

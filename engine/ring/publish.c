/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ring/publish.h"

#include <assert.h>
#include <urcu/urcu-qsbr.h>

#include "engine/ring/ring.h"

/*
 * liburcu 0.13 orders with barriers that ThreadSanitizer does not see, and the library itself is
 * not instrumented. So we say what it guarantees, and no more: what a reader did before it
 * reported a quiescent state happens before a release that comes after that grace period; what
 * control did before ring_retire happens before the release. What a reader does after its last
 * quiescent state is not covered: a ring freed too early shows as a race.
 */
#if defined(__SANITIZE_THREAD__)
#define RING_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RING_TSAN 1
#endif
#endif

#ifdef RING_TSAN
#include <sanitizer/tsan_interface.h>
static char grace; /* its address stands for the grace periods */
#define ORDER_BEFORE_GRACE() __tsan_release(&grace)
#define ORDER_AFTER_GRACE()  __tsan_acquire(&grace)
#else
#define ORDER_BEFORE_GRACE() ((void)0)
#define ORDER_AFTER_GRACE()  ((void)0)
#endif

/* What lies in ring.retirement. */
struct retirement {
    struct rcu_head head; /* first: liburcu hands back its address */
    void (*release)(struct ring *ring, void *context);
    void *context;
};
static_assert(sizeof(struct retirement) <= sizeof(((struct ring *)0)->retirement), "fits");
static_assert(offsetof(struct ring, retirement) % _Alignof(struct retirement) == 0, "aligned");

/* Rings retired and not yet released, of all slots of the process. */
static uint64_t pending;

/*
 * rcu_xchg_pointer and rcu_dereference, spelled as the compiler's atomics so that
 * ThreadSanitizer understands them. Control is alone in publishing.
 */
struct ring *ring_publish(struct ring_slot *slot, struct ring *ring)
{
    return __atomic_exchange_n(&slot->current, ring, __ATOMIC_ACQ_REL);
}

const struct ring *ring_read(const struct ring_slot *slot)
{
    return __atomic_load_n(&slot->current, __ATOMIC_ACQUIRE);
}

void ring_quiescent(void)
{
    ORDER_BEFORE_GRACE();
    urcu_qsbr_quiescent_state();
}

void ring_offline(void)
{
    ORDER_BEFORE_GRACE();
    urcu_qsbr_thread_offline();
}

void ring_online(void)
{
    urcu_qsbr_thread_online();
}

void ring_reader_register(void)
{
    urcu_qsbr_register_thread();
}

void ring_reader_unregister(void)
{
    ORDER_BEFORE_GRACE();
    urcu_qsbr_unregister_thread();
}

/* liburcu's thread, after the grace period. */
static void retirement_over(struct rcu_head *head)
{
    const struct retirement *retirement = (const struct retirement *)(const void *)head;
    struct ring *ring =
        (struct ring *)(void *)((uint8_t *)head - offsetof(struct ring, retirement));
    ORDER_AFTER_GRACE();
    retirement->release(ring, retirement->context);
    __atomic_fetch_sub(&pending, 1, __ATOMIC_RELEASE);
}

void ring_retire(
    struct ring *ring, void (*release)(struct ring *ring, void *context), void *context)
{
    if (ring == NULL)
        return;
    struct retirement *retirement = (struct retirement *)(void *)ring->retirement;
    retirement->release = release;
    retirement->context = context;
    __atomic_fetch_add(&pending, 1, __ATOMIC_RELAXED);
    ORDER_BEFORE_GRACE();
    urcu_qsbr_call_rcu(&retirement->head, retirement_over);
}

/*
 * Not liburcu's own barrier: it passes memory to the library's thread unseen by ThreadSanitizer.
 * Each turn of the loop blocks for a grace period.
 */
void ring_retire_barrier(void)
{
    while (__atomic_load_n(&pending, __ATOMIC_ACQUIRE) != 0)
        urcu_qsbr_synchronize_rcu();
}

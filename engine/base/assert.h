/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Assertions over our own state, on in every build. Nothing that a packet, a disk or a client
 * says may trip one: that is checked and counted, not asserted.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

/* Reports through the handler below and does not return. */
_Noreturn void base_assert_failed(const char *what, const char *file, int line);

/*
 * What to do with a broken invariant before the process ends: the host prints it. The engine
 * itself writes nowhere. The handler may longjmp (tests do) but must not return normally.
 */
void base_assert_handler_set(void (*handler)(const char *what, const char *file, int line));

#define TORC_ASSERT(condition)                                                                     \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            base_assert_failed(#condition, __FILE__, __LINE__);                                    \
    } while (0)

#define TORC_LIKELY(x)   __builtin_expect(!!(x), 1)
#define TORC_UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif

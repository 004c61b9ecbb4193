/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A read from behind the end of a value searched for a block that the value does not have, counting
 * below 0 on its way. It is the builds with sanitizers that see it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/tale.h"

#define MS TALE_MS

static void an_offset_beyond_the_value_is_answered_with_nothing(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 100, 102, 103, 104, 222, 223, 1000};
    static const uint64_t beyond[] = {0, 1, 100, 119, 120, 121, 1000, 1u << 20, UINT32_MAX - 2};
    struct world *world = tale_chain(1);
    char key[16], value[1001];
    struct hand hand = tale_hand(world, 0, key);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(value, 'v', sizes[i]);
        value[sizes[i]] = 0;
        assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, value, 0).status, TORC_STATUS_OK);
        for (size_t j = 0; j < sizeof beyond / sizeof beyond[0]; j++) {
            uint64_t offset =
                sizes[i] + beyond[j] <= UINT32_MAX ? sizes[i] + beyond[j] : UINT32_MAX;
            hand_send(&hand, 0, 0, WIRE_OP_GET, 1000 + j, key, NULL, offset);
            struct hand_reply reply = hand_wait(&hand, 1000 + j, MS);
            assert_int_equal(reply.status, TORC_STATUS_OK);
            assert_int_equal(reply.bytes, 0);
            assert_int_equal(reply.total, sizes[i]);
        }
    }
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offset_beyond_the_value_is_answered_with_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

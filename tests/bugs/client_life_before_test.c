/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A client's reads were numbered from the same number in each of its lives, so that an answer to a
 * read of the life before, which came late to the same address, answered a read of another key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/client_fake.h"

static void run_until_read(struct fake *fake)
{
    for (unsigned i = 0; i < 10 && fake_count(fake, WIRE_OP_GET) == 0; i++)
        fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_GET), 1);
}

static void an_answer_to_the_life_before_is_not_believed(void **state)
{
    (void)state;
    struct fake *before = fake_new(), *now = fake_new();
    struct fake_result lost, result;
    now->config.random = before->config.random + 1;
    fake_start(before);
    fake_start(now);
    assert_int_equal(fake_get(before, fake_key(before, 3, 0), &lost), 0);
    run_until_read(before);
    assert_int_equal(fake_get(now, fake_key(now, 3, 1), &result), 0);
    run_until_read(now);
    const struct fake_frame *read = fake_last(before, WIRE_OP_GET);
    struct wire_reply late = fake_answer(read, TORC_STATUS_OK);
    late.bytes = 1;
    late.total = 1;
    late.version = 7;
    fake_reply(now, read->member, &late, "x");
    fake_step(now);
    assert_false(result.ended);
    struct wire_reply own = late;
    own.number = fake_last(now, WIRE_OP_GET)->request.number;
    fake_reply(now, read->member, &own, "y");
    fake_step(now);
    assert_true(result.ended && result.value_bytes == 1 && result.value[0] == 'y');
    fake_free(before);
    fake_free(now);
    fake_result_free(&lost);
    fake_result_free(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_to_the_life_before_is_not_believed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

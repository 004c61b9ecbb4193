/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A question for something that control does not keep was answered OK, with the ring's bytes.
 */
#include "tests/unit/control_fixture.h"

static void what_does_not_exist_is_invalid_and_has_no_bytes(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {0, 3, 77, UINT32_MAX};
    struct control_fixture *fixture = fixture_control(2, 1);
    fixture_serve(fixture);
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (uint32_t offset = 0; offset <= 8; offset += 8) {
            struct wire_chunk chunk = {0};
            uint8_t payload[WIRE_CHUNK_BYTES_MAX];
            uint32_t bytes = 0;
            fixture_info(fixture, 0, kinds[i], offset, 0, WIRE_LENGTH_MAX);
            (void)fixture_step(fixture);
            assert_true(fixture_chunk(fixture, &chunk, payload, &bytes));
            assert_true(chunk.kind == kinds[i]);
            assert_int_equal(chunk.offset, offset);
            assert_int_equal(chunk.status, TORC_STATUS_INVALID);
            assert_true(chunk.bytes == 0 && chunk.total == 0 && chunk.generation == 0);
        }
    fixture_control_end(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_exist_is_invalid_and_has_no_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Requests and entries outside a packet: as parts put together give them, up to the limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/wire/wire.h"

/* A signed request in a block of exactly its size; the caller frees it. */
static struct wire_request *make_request(uint16_t operation, uint32_t key, uint32_t value)
{
    const uint32_t length = (uint32_t)sizeof(struct wire_request) + key + value;
    struct wire_request *request = calloc(1, length);
    assert_non_null(request);
    request->length = length;
    request->session.epoch = WIRE_OP_IS_READ(operation) ? 0 : 1;
    request->number = 1;
    request->operation = operation;
    request->key_bytes = (uint16_t)key;
    wire_request_sign(request);
    return request;
}

static enum wire_drop check_of(uint16_t operation, uint32_t key, uint32_t value)
{
    struct wire_request *request = make_request(operation, key, value);
    const enum wire_drop drop = wire_request_check(request, request->length);
    free(request);
    return drop;
}

static void key_and_value_reach_their_limits_and_no_further(void **state)
{
    (void)state;
    assert_int_equal(check_of(WIRE_OP_PUT, 1, 0), WIRE_TAKEN);
    assert_int_equal(check_of(WIRE_OP_PUT, 0, 1), WIRE_DROP_bad_request);
    assert_int_equal(check_of(WIRE_OP_PUT, TORC_KEY_BYTES_MAX, 0), WIRE_TAKEN);
    assert_int_equal(check_of(WIRE_OP_PUT, TORC_KEY_BYTES_MAX + 1, 0), WIRE_DROP_bad_request);
    assert_int_equal(check_of(WIRE_OP_PUT, 1, TORC_VALUE_BYTES_MAX), WIRE_TAKEN);
    assert_int_equal(check_of(WIRE_OP_PUT, 1, TORC_VALUE_BYTES_MAX + 1), WIRE_DROP_bad_request);
    assert_int_equal(check_of(WIRE_OP_PUT, 1024, TORC_VALUE_BYTES_MAX), WIRE_TAKEN);
    assert_int_equal(check_of(WIRE_OP_PUT, 1024, TORC_VALUE_BYTES_MAX + 1), WIRE_DROP_bad_request);
    assert_int_equal(check_of(WIRE_OP_GET, 1024, 0), WIRE_TAKEN);
}

static void operations_of_services_are_not_the_wires_business(void **state)
{
    (void)state;
    for (uint32_t operation = 0; operation <= UINT16_MAX; operation++) {
        const enum wire_drop drop = check_of((uint16_t)operation, 4, 4);
        assert_int_equal(drop, operation < 16 ? WIRE_DROP_bad_request : WIRE_TAKEN);
    }
}

static void operations_of_the_engine_have_one_shape(void **state)
{
    (void)state;
    struct wire_request *request = make_request(WIRE_OP_NOOP, 0, 0);
    for (uint16_t operation = 0; operation < 16; operation++) {
        const bool open_or_noop = operation == WIRE_OP_SESSION_OPEN || operation == WIRE_OP_NOOP;
        request->operation = operation;
        request->session = (struct wire_session){0, 0};
        request->number = 0;
        wire_request_sign(request);
        assert_int_equal(wire_request_check(request, sizeof *request),
            open_or_noop ? WIRE_TAKEN : WIRE_DROP_bad_request);
        request->session = (struct wire_session){1, 5};
        wire_request_sign(request);
        assert_int_equal(wire_request_check(request, sizeof *request),
            operation == WIRE_OP_SESSION_CLOSE ? WIRE_TAKEN : WIRE_DROP_bad_request);
    }
    free(request);
}

static void operations_of_the_engine_have_no_key_and_no_value(void **state)
{
    (void)state;
    struct wire_request *request = make_request(WIRE_OP_SESSION_CLOSE, 0, 0);
    assert_int_equal(wire_request_check(request, request->length), WIRE_TAKEN);
    request->key_bytes = 1; /* of none */
    wire_request_sign(request);
    assert_int_equal(wire_request_check(request, request->length), WIRE_DROP_bad_request);
    free(request);
    assert_int_equal(check_of(WIRE_OP_SESSION_CLOSE, 0, 1), WIRE_DROP_bad_request);
    assert_int_equal(check_of(WIRE_OP_SESSION_CLOSE, 1, 0), WIRE_DROP_bad_request);
}

static void awaited_numbers_start_at_1(void **state)
{
    (void)state;
    struct wire_request *request = make_request(WIRE_OP_PUT, 1, 0);
    for (request->number = 0; request->number < 4; request->number++)
        for (uint32_t behind = 0; behind < 6; behind++) {
            request->awaited_behind = behind;
            wire_request_sign(request);
            assert_int_equal(wire_request_check(request, request->length),
                behind < request->number ? WIRE_TAKEN : WIRE_DROP_bad_request);
        }
    free(request);
}

static void every_length_but_the_right_one_is_refused(void **state)
{
    (void)state;
    struct wire_request *request = make_request(WIRE_OP_PUT, 5, 7);
    for (size_t bytes = 0; bytes < request->length; bytes++)
        assert_int_equal(wire_request_check(request, bytes), WIRE_DROP_bad_request);
    assert_int_equal(wire_request_check(request, request->length), WIRE_TAKEN);
    assert_int_equal(wire_request_check(request, request->length + 1), WIRE_DROP_bad_request);
    request->length = 47;
    assert_int_equal(wire_request_check(request, 47), WIRE_DROP_bad_request);
    free(request);
}

static struct wire_entry *make_entry(uint32_t value)
{
    const uint32_t length = (uint32_t)sizeof(struct wire_request) + 1024 + value;
    struct wire_entry *entry = calloc(1, sizeof *entry - sizeof entry->request + length);
    assert_non_null(entry);
    entry->kind = WIRE_ENTRY_REQUEST;
    entry->epoch = 1;
    entry->sequence = 1;
    entry->request.length = length;
    entry->request.session.epoch = 1;
    entry->request.number = 1;
    entry->request.operation = WIRE_OP_PUT;
    entry->request.key_bytes = 1024;
    wire_request_sign(&entry->request);
    wire_entry_sign(entry);
    return entry;
}

static void an_entry_reaches_its_limit_and_no_further(void **state)
{
    (void)state;
    struct wire_entry *entry = make_entry(TORC_VALUE_BYTES_MAX);
    assert_int_equal(wire_entry_bytes(entry), WIRE_ENTRY_BYTES_MAX);
    assert_int_equal(wire_entry_check(entry, WIRE_ENTRY_BYTES_MAX), WIRE_TAKEN);
    assert_int_equal(wire_entry_check(entry, WIRE_ENTRY_BYTES_MAX - 1), WIRE_DROP_bad_request);
    ((uint8_t *)entry)[WIRE_ENTRY_BYTES_MAX - 1] ^= 1;
    assert_int_equal(wire_entry_check(entry, WIRE_ENTRY_BYTES_MAX), WIRE_DROP_bad_request_crc);
    free(entry);
    entry = make_entry(TORC_VALUE_BYTES_MAX + 1);
    assert_int_equal(wire_entry_check(entry, WIRE_ENTRY_BYTES_MAX + 1), WIRE_DROP_bad_request);
    free(entry);
}

static void an_entry_shorter_than_its_header_is_refused_unread(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < sizeof(struct wire_entry); bytes++) {
        void *entry = calloc(1, bytes + 1);
        assert_non_null(entry);
        assert_int_equal(wire_entry_check(entry, bytes), WIRE_DROP_bad_request);
        free(entry);
    }
}

static void an_entry_carries_no_read(void **state)
{
    (void)state;
    struct wire_entry *entry = make_entry(0);
    entry->request.session.epoch = 0;
    for (uint16_t operation = 120; operation < 136; operation++) {
        entry->request.operation = operation;
        wire_request_sign(&entry->request);
        wire_entry_sign(entry);
        assert_int_equal(wire_entry_check(entry, wire_entry_bytes(entry)),
            operation < 128 ? WIRE_TAKEN : WIRE_DROP_bad_request);
    }
    free(entry);
}

/* The client's CRC stays as the client made it: the head signs it with the rest of the header. */
static void the_head_signs_the_clients_crc(void **state)
{
    (void)state;
    struct wire_entry *entry = make_entry(9);
    const uint32_t by_client = entry->request.crc;
    entry->sequence = 99;
    wire_entry_sign(entry);
    assert_int_equal(entry->request.crc, by_client);
    assert_int_equal(wire_entry_check(entry, wire_entry_bytes(entry)), WIRE_TAKEN);
    ((uint8_t *)(entry + 1))[3] ^= 1;
    wire_request_sign(&entry->request); /* a member that changed the request and signed it anew */
    assert_int_equal(wire_entry_check(entry, wire_entry_bytes(entry)), WIRE_DROP_bad_entry_crc);
    free(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_and_value_reach_their_limits_and_no_further),
        cmocka_unit_test(operations_of_services_are_not_the_wires_business),
        cmocka_unit_test(operations_of_the_engine_have_one_shape),
        cmocka_unit_test(operations_of_the_engine_have_no_key_and_no_value),
        cmocka_unit_test(awaited_numbers_start_at_1),
        cmocka_unit_test(every_length_but_the_right_one_is_refused),
        cmocka_unit_test(an_entry_reaches_its_limit_and_no_further),
        cmocka_unit_test(an_entry_shorter_than_its_header_is_refused_unread),
        cmocka_unit_test(an_entry_carries_no_read),
        cmocka_unit_test(the_head_signs_the_clients_crc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

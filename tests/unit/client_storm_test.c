/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A thousand calls to a small model of a cluster, over a network that loses, repeats, reorders and
 * damages, with nodes that are busy and forget sessions. Every put carries a number of its own, so
 * that the model can count: done was applied once, refused never, unknown at most once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/client_fake.h"

#define PARTITIONS 12u
#define KEYS       24u
#define CALLS      1000u
#define NUMBERS    1024u /* of one session */
#define SESSIONS   64u   /* of a partition */
#define OLD        16u   /* packets that the network delivers once more, much later */
#define VALUE_MAX  20000u

/* What the model's chain of a partition holds. */
struct session {
    uint64_t id, nonce;
    struct {
        bool answered;
        uint16_t status;
        uint64_t version;
    } number[NUMBERS];
};

struct partial {
    uint64_t session, number;
    uint32_t total;
    uint8_t *bytes;
    bool got[64];
};

struct key {
    char name[16];
    uint8_t *value;
    uint32_t bytes;
    uint64_t version;
};

struct call {
    struct fake_result result;
    uint8_t *value;
    uint32_t value_bytes;
    uint16_t operation;
    uint32_t key;
    uint32_t applied;
};

struct model {
    uint32_t loss;   /* percent, each way */
    uint32_t busy;   /* percent */
    uint32_t forget; /* one request in so many finds its session gone; 0: never */
    uint64_t next_id;
    uint64_t version;
    struct session *session[PARTITIONS][SESSIONS];
    struct fake_frame old[OLD];
    uint32_t olds;
    struct partial partial[8];
    struct key key[KEYS];
    struct call call[CALLS];
};

static struct model *model_of(struct fake *fake)
{
    return fake->context;
}

static void answer(
    struct fake *fake, const struct fake_frame *to, uint16_t status, uint64_t version)
{
    struct wire_reply reply = fake_answer(to, status);
    reply.version = version;
    reply.delay_us = status == TORC_STATUS_BUSY ? 500 : 0;
    fake_reply(fake, to->member, &reply, NULL);
}

static struct session **find_session(struct model *model, uint32_t partition, uint64_t id)
{
    for (uint32_t i = 0; i < SESSIONS; i++)
        if (model->session[partition][i] != NULL && model->session[partition][i]->id == id)
            return &model->session[partition][i];
    return NULL;
}

static struct session *session_of_nonce(struct model *model, uint32_t partition, uint64_t nonce)
{
    struct session **at = model->session[partition];
    for (uint32_t i = 0; i < SESSIONS; i++)
        if (at[i] != NULL && at[i]->nonce == nonce)
            return at[i];
    for (uint32_t i = 0; i < SESSIONS; i++) {
        if (at[i] != NULL)
            continue;
        at[i] = calloc(1, sizeof *at[i]);
        assert_non_null(at[i]);
        at[i]->id = ++model->next_id;
        at[i]->nonce = nonce;
        return at[i];
    }
    abort();
}

static void open_session(struct fake *fake, const struct fake_frame *frame)
{
    const struct session *session =
        session_of_nonce(model_of(fake), frame->frame.partition, frame->request.argument);
    struct wire_reply reply = fake_answer(frame, TORC_STATUS_OK);
    reply.session = (struct wire_session){.epoch = 1, .number = session->id};
    fake_reply(fake, frame->member, &reply, NULL);
}

static struct key *find_key(struct model *model, const char *name)
{
    for (uint32_t i = 0; i < KEYS; i++)
        if (strcmp(model->key[i].name, name) == 0)
            return &model->key[i];
    abort(); /* a key that nobody wrote */
}

static uint16_t apply(struct fake *fake, uint16_t operation, const char *name, const uint8_t *value,
    uint32_t bytes, uint64_t *version)
{
    struct model *model = model_of(fake);
    struct key *key = find_key(model, name);
    *version = ++model->version;
    const bool had = key->value != NULL;
    free(key->value);
    key->value = NULL;
    if (operation == WIRE_OP_DELETE)
        return had ? TORC_STATUS_OK : TORC_STATUS_NOT_FOUND;
    uint32_t number;
    memcpy(&number, value, sizeof number);
    assert_true(number < CALLS);
    model->call[number].applied++;
    assert_int_equal(model->call[number].value_bytes, bytes);
    assert_memory_equal(model->call[number].value, value, bytes);
    key->value = malloc(bytes);
    memcpy(key->value, value, bytes);
    key->bytes = bytes;
    key->version = *version;
    return TORC_STATUS_OK;
}

/* A whole write: the first answer to whoever asks again. */
static void write_whole(struct fake *fake, struct session *session, const struct fake_frame *frame,
    uint64_t number, uint16_t operation, const char *key, const uint8_t *value, uint32_t bytes)
{
    assert_true(number >= 1 && number < NUMBERS);
    if (!session->number[number].answered) {
        session->number[number].status =
            apply(fake, operation, key, value, bytes, &session->number[number].version);
        session->number[number].answered = true;
    }
    answer(fake, frame, session->number[number].status, session->number[number].version);
}

static void write_part(struct fake *fake, struct session *session, const struct fake_frame *frame)
{
    struct model *model = model_of(fake);
    const struct wire_write_part *part = &frame->part;
    if (session->number[part->number].answered) {
        answer(fake, frame, session->number[part->number].status,
            session->number[part->number].version);
        return;
    }
    struct partial *partial = &model->partial[part->number % 8];
    if (partial->session != part->session.number || partial->number != part->number) {
        free(partial->bytes);
        *partial = (struct partial){.session = part->session.number,
            .number = part->number,
            .total = part->total,
            .bytes = malloc(part->total)};
    }
    assert_int_equal(partial->total, part->total);
    memcpy(partial->bytes + part->offset, frame->value, frame->value_bytes);
    partial->got[part->offset / WIRE_PART_BYTES] = true;
    const uint32_t parts = (part->total + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES;
    uint32_t have = 0;
    while (have < parts && partial->got[have])
        have++;
    if (have == parts) {
        const struct wire_request *request = (const struct wire_request *)partial->bytes;
        char key[16] = {0};
        assert_int_equal(wire_request_check(request, part->total), WIRE_TAKEN);
        memcpy(key, wire_request_key(request), request->key_bytes);
        write_whole(fake, session, frame, part->number, request->operation, key,
            wire_request_value(request), wire_request_value_bytes(request));
        return;
    }
    struct wire_part_ack ack = {
        .frame = {.type = WIRE_FRAME_PART_ACK, .partition = frame->frame.partition, .epoch = 1},
        .session = part->session,
        .number = part->number,
        .parts = have};
    for (uint32_t i = 0; i < 64 && have + 1 + i < parts; i++)
        ack.bitmap |= (uint64_t)partial->got[have + 1 + i] << i;
    fake_part_ack(fake, frame->member, &ack);
}

static void read_key(struct fake *fake, const struct fake_frame *frame)
{
    const struct key *key = find_key(model_of(fake), (const char *)frame->key);
    if (key->value == NULL) {
        answer(fake, frame, TORC_STATUS_NOT_FOUND, 0);
        return;
    }
    struct wire_reply reply = fake_answer(frame, TORC_STATUS_OK);
    reply.total = key->bytes;
    if (reply.offset > key->bytes)
        reply.offset = key->bytes;
    const uint32_t rest = key->bytes - reply.offset;
    reply.bytes = (uint16_t)(rest < WIRE_REPLY_VALUE_MAX ? rest : (uint32_t)WIRE_REPLY_VALUE_MAX);
    reply.version = key->version;
    fake_reply(fake, frame->member, &reply, key->value + reply.offset);
}

static void serve_one(struct fake *fake, const struct fake_frame *frame)
{
    struct model *model = model_of(fake);
    const bool part = frame->frame.type == WIRE_FRAME_WRITE_PART;
    if (prng_below(&fake->prng, 100) < model->busy) {
        if (!part)
            answer(fake, frame, TORC_STATUS_BUSY, frame->request.argument);
        return;
    }
    if (!part && frame->request.operation == WIRE_OP_SESSION_OPEN) {
        open_session(fake, frame);
        return;
    }
    if (!part && WIRE_OP_IS_READ(frame->request.operation)) {
        read_key(fake, frame);
        return;
    }
    const uint64_t id = part ? frame->part.session.number : frame->request.session.number;
    struct session **session = find_session(model, frame->frame.partition, id);
    if (session != NULL && model->forget != 0 && prng_below(&fake->prng, model->forget) == 0) {
        free(*session);
        *session = NULL;
        session = NULL;
    }
    if (session == NULL)
        answer(fake, frame, TORC_STATUS_UNKNOWN_SESSION, 0);
    else if (part)
        write_part(fake, *session, frame);
    else
        write_whole(fake, *session, frame, frame->request.number, frame->request.operation,
            (const char *)frame->key, frame->value, frame->value_bytes);
}

/* Some packets are kept by the network, and delivered once more when all have forgotten them. */
static void serve(struct fake *fake, const struct fake_frame *frame)
{
    struct model *model = model_of(fake);
    serve_one(fake, frame);
    if (model->loss == 0 || prng_below(&fake->prng, 8) != 0)
        return;
    const struct fake_frame late = model->old[model->olds % OLD];
    model->old[model->olds++ % OLD] = *frame;
    if (model->olds > OLD)
        serve_one(fake, &late);
}

static bool harm(struct fake *fake, struct fake_packet *packet)
{
    const uint32_t loss = model_of(fake)->loss;
    if (loss != 0 && prng_below(&fake->prng, 50) == 0)
        packet->data[prng_below(&fake->prng, packet->bytes)] ^=
            (uint8_t)(1u << prng_below(&fake->prng, 8));
    return prng_below(&fake->prng, 100) < loss;
}

/* What waits to be delivered: in another order, and some of it twice. */
static void shuffle(struct fake *fake)
{
    for (uint32_t i = 0; i + 1 < fake->in_count; i++) {
        if (prng_below(&fake->prng, 4) != 0)
            continue;
        const uint32_t j = i + prng_below(&fake->prng, fake->in_count - i);
        const struct fake_packet swap = fake->in[i];
        fake->in[i] = fake->in[j];
        fake->in[j] = swap;
        if (fake->in_count < FAKE_PACKETS)
            fake->in[fake->in_count++] = fake->in[i];
    }
}

/* ---- calls ---- */

static void begin(struct fake *fake, uint32_t number)
{
    struct model *model = model_of(fake);
    struct call *call = &model->call[number];
    const uint32_t what = prng_below(&fake->prng, 10);
    call->key = prng_below(&fake->prng, KEYS);
    call->operation = what < 6 ? WIRE_OP_PUT : what < 9 ? WIRE_OP_GET : WIRE_OP_DELETE;
    if (call->operation == WIRE_OP_PUT) {
        call->value_bytes = prng_below(&fake->prng, 8) == 0
                                ? 1400 + prng_below(&fake->prng, VALUE_MAX - 1400)
                                : 4 + prng_below(&fake->prng, 300);
        call->value = malloc(call->value_bytes);
        memset(call->value, (int)number, call->value_bytes);
        memcpy(call->value, &number, sizeof number);
    }
    assert_int_equal(fake_submit(fake, call->operation, model->key[call->key].name, call->value,
                         call->value_bytes, 0, 5000 * MS, &call->result),
        0);
}

static void check(struct fake *fake, uint32_t number)
{
    struct model *model = model_of(fake);
    const struct call *call = &model->call[number];
    assert_int_equal(call->result.count, 1);
    if (call->operation == WIRE_OP_PUT) {
        assert_true(call->applied <= 1);
        if (call->result.outcome == TORC_DONE)
            assert_int_equal(call->applied, 1);
        if (call->result.outcome == TORC_REFUSED)
            assert_int_equal(call->applied, 0);
        return;
    }
    if (call->operation == WIRE_OP_GET && call->result.value != NULL) {
        uint32_t writer;
        memcpy(&writer, call->result.value, sizeof writer);
        assert_true(writer < CALLS);
        assert_int_equal(call->result.value_bytes, model->call[writer].value_bytes);
        assert_memory_equal(
            call->result.value, model->call[writer].value, call->result.value_bytes);
    }
}

static uint32_t storm(uint64_t seed, uint32_t loss, uint32_t busy, uint32_t forget)
{
    struct model *model = calloc(1, sizeof *model);
    struct fake *fake = fake_new();
    uint32_t done = 0;
    *model = (struct model){.loss = loss, .busy = busy, .forget = forget};
    fake->config.random = seed;
    fake->config.requests = 64;
    fake->prng.state = seed;
    fake->context = model;
    fake->serve = serve;
    fake->harm = harm;
    fake_start(fake);
    for (uint32_t i = 0; i < KEYS; i++)
        memcpy(model->key[i].name, fake_key(fake, i % PARTITIONS, i / PARTITIONS),
            sizeof model->key[i].name);
    uint32_t next = 0;
    for (uint32_t steps = 0; next < CALLS || client_core_pending(fake->core) > 0; steps++) {
        assert_true(steps < 2000000);
        while (next < CALLS && client_core_pending(fake->core) < 40)
            begin(fake, next++);
        shuffle(fake);
        fake_step(fake);
        fake->now_ns += 50000 + prng_below(&fake->prng, 100000);
    }
    for (uint32_t i = 0; i < CALLS; i++) {
        check(fake, i);
        done += model->call[i].result.outcome == TORC_DONE;
    }
    for (uint32_t i = 0; i < CALLS; i++) {
        fake_result_free(&model->call[i].result);
        free(model->call[i].value);
    }
    for (uint32_t i = 0; i < PARTITIONS * SESSIONS; i++)
        free(model->session[i / SESSIONS][i % SESSIONS]);
    for (uint32_t i = 0; i < 8; i++)
        free(model->partial[i].bytes);
    for (uint32_t i = 0; i < KEYS; i++)
        free(model->key[i].value);
    fake_free(fake);
    free(model);
    return done;
}

static void all_is_done_where_nothing_is_lost(void **state)
{
    (void)state;
    assert_int_equal(storm(1, 0, 0, 0), CALLS);
}

static void all_is_done_though_a_fifth_is_lost_each_way(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        assert_int_equal(storm(seed, 20, 10, 0), CALLS);
}

static void nothing_is_told_that_is_not_so(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        assert_true(storm(seed, 30, 5, 40) > CALLS / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_done_where_nothing_is_lost),
        cmocka_unit_test(all_is_done_though_a_fifth_is_lost_each_way),
        cmocka_unit_test(nothing_is_told_that_is_not_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The store against a map that is obviously right: random commands over few keys of every length,
 * little memory, hashes that are good, few, or all the same.
 */
#include "engine/base/prng.h"
#include "tests/unit/kv_fixture.h"

enum { VNODES = 2, KEYS = 200, QUOTA = 700 };

struct model_item {
    uint64_t version; /* and number of the entry that wrote it; 0: none */
    uint32_t bytes;
};

struct model {
    struct kv_fixture store;
    struct model_item item[VNODES][KEYS];
    uint8_t key[KEYS][TORC_KEY_BYTES_MAX];
    uint32_t key_bytes[KEYS];
    uint64_t hash[KEYS];
    struct prng prng;
    uint32_t status[32]; /* how often each was answered */
};

/* 104 bytes of key and value in the first block, 120 in each other. */
static uint64_t model_blocks(uint32_t key_bytes, uint32_t value_bytes)
{
    uint64_t blocks = 1;
    for (uint64_t room = 104; room < (uint64_t)key_bytes + value_bytes; room += 120)
        blocks++;
    return blocks;
}

static uint64_t model_used(const struct model *model, uint32_t vnode, uint32_t but)
{
    uint64_t used = 0;
    for (uint32_t k = 0; k < KEYS; k++)
        if (model->item[vnode][k].version != 0 && k != but)
            used += model_blocks(model->key_bytes[k], model->item[vnode][k].bytes);
    return used;
}

static uint64_t model_keys(const struct model *model, uint32_t vnode)
{
    uint64_t keys = 0;
    for (uint32_t k = 0; k < KEYS; k++)
        keys += model->item[vnode][k].version != 0;
    return keys;
}

static uint32_t model_key_bytes(struct prng *prng)
{
    static const uint32_t edges[] = {1, 8, 103, 104, 105, 223, 224, 225, 1023, 1024};
    uint32_t dice = prng_below(prng, 20);
    if (dice < 10)
        return edges[dice];
    return 2 + prng_below(prng, dice < 18 ? 30 : TORC_KEY_BYTES_MAX - 1);
}

/* `hashes`: how many different ones; 0: as many as keys. */
static struct model *model_new(uint64_t seed, uint64_t hashes)
{
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    model->prng.state = seed;
    model->store = fixture_kv(VNODES, QUOTA);
    for (uint32_t k = 0; k < KEYS; k++) {
        model->key_bytes[k] = model_key_bytes(&model->prng);
        for (uint32_t i = 0; i < model->key_bytes[k]; i++)
            model->key[k][i] = (uint8_t)(i % 7); /* alike but for the end */
        uint32_t end = model->key_bytes[k] < 2 ? 1 : 2;
        memcpy(&model->key[k][model->key_bytes[k] - end], &k, end);
        model->hash[k] = fixture_hash(model->key[k], model->key_bytes[k]);
        if (hashes != 0)
            model->hash[k] = k % hashes;
    }
    return model;
}

static void model_free(struct model *model)
{
    fixture_kv_free(&model->store);
    free(model);
}

/* No two keys alike: those of one byte would be. */
static bool model_key_is_first(const struct model *model, uint32_t key)
{
    for (uint32_t k = 0; k < key; k++)
        if (model->key_bytes[k] == model->key_bytes[key] &&
            memcmp(model->key[k], model->key[key], model->key_bytes[key]) == 0)
            return false;
    return true;
}

/* What the store must answer, and the model's new state. */
static struct torc_answer model_write(struct model *model, uint32_t vnode, uint16_t operation,
    uint32_t key, uint32_t bytes, uint64_t argument, uint64_t sequence)
{
    struct model_item *item = &model->item[vnode][key];
    struct torc_answer answer = {.status = TORC_STATUS_OK, .version = item->version};
    if (operation == KV_DELETE) {
        answer.status = item->version == 0 ? TORC_STATUS_NOT_FOUND : TORC_STATUS_OK;
        answer.version = item->version == 0 ? 0 : sequence;
        item->version = 0;
    } else if (operation == KV_CAS && argument != item->version) {
        answer.status = TORC_STATUS_MISMATCH;
    } else if (model_used(model, vnode, key) + model_blocks(model->key_bytes[key], bytes) > QUOTA) {
        answer.status = TORC_STATUS_FULL;
    } else {
        *item = (struct model_item){.version = sequence, .bytes = bytes};
        answer.version = sequence;
    }
    return answer;
}

static uint32_t model_value_bytes(struct prng *prng)
{
    uint32_t dice = prng_below(prng, 100);
    if (dice < 10)
        return 0;
    if (dice < 80)
        return prng_below(prng, 300);
    if (dice < 97)
        return prng_below(prng, 4000);
    return prng_below(prng, QUOTA * 130);
}

static void step_write(struct model *model, uint32_t vnode, uint32_t key)
{
    static const uint16_t operations[] = {KV_PUT, KV_PUT, KV_PUT, KV_CAS, KV_CAS, KV_DELETE};
    uint16_t operation = operations[prng_below(&model->prng, 6)];
    uint32_t bytes = operation == KV_DELETE ? 0 : model_value_bytes(&model->prng);
    uint64_t version = model->item[vnode][key].version;
    uint64_t argument = prng_below(&model->prng, 3) == 0 ? version + 1 : version;
    struct torc_answer answer = fixture_write(&model->store, vnode, operation, model->key[key],
        model->key_bytes[key], model->hash[key], bytes, argument);
    struct torc_answer wanted =
        model_write(model, vnode, operation, key, bytes, argument, model->store.sequence);
    assert_int_equal(answer.status, wanted.status);
    assert_true(answer.version == wanted.version);
    model->status[answer.status]++;
}

static void step_read(struct model *model, uint32_t vnode, uint32_t key, bool whole)
{
    const struct model_item *item = &model->item[vnode][key];
    uint32_t from = whole ? 0 : prng_below(&model->prng, item->bytes + 2);
    uint32_t room = whole ? TORC_VALUE_BYTES_MAX : prng_below(&model->prng, 1337);
    struct torc_answer answer = fixture_get(
        &model->store, vnode, model->key[key], model->key_bytes[key], model->hash[key], from, room);
    if (item->version == 0) {
        assert_int_equal(answer.status, TORC_STATUS_NOT_FOUND);
        assert_int_equal(answer.bytes + answer.total + answer.version, 0);
        return;
    }
    uint32_t rest = from < item->bytes ? item->bytes - from : 0;
    assert_int_equal(answer.status, TORC_STATUS_OK);
    assert_true(answer.version == item->version);
    assert_int_equal(answer.total, item->bytes);
    assert_int_equal(answer.bytes, rest < room ? rest : room);
    fixture_check_out(&model->store, item->version, from, answer.bytes);
}

static void check_all(struct model *model)
{
    for (uint32_t v = 0; v < VNODES; v++) {
        assert_true(kv_keys(model->store.kv, v) == model_keys(model, v));
        assert_true(kv_blocks_used(model->store.kv, v) == model_used(model, v, KEYS));
        for (uint32_t k = 0; k < KEYS; k++)
            if (model_key_is_first(model, k))
                step_read(model, v, k, true);
    }
}

static void run(uint64_t seed, uint64_t hashes)
{
    struct model *model = model_new(seed, hashes);
    for (int i = 0; i < 20000; i++) {
        uint32_t vnode = prng_below(&model->prng, VNODES);
        uint32_t key = prng_below(&model->prng, KEYS);
        if (!model_key_is_first(model, key))
            continue;
        if (prng_below(&model->prng, 3) == 0)
            step_read(model, vnode, key, false);
        else
            step_write(model, vnode, key);
        if (i % 2000 == 0)
            check_all(model);
    }
    check_all(model);
    assert_true(model->status[TORC_STATUS_OK] > 1000);
    assert_true(model->status[TORC_STATUS_FULL] > 100);
    assert_true(model->status[TORC_STATUS_MISMATCH] > 100);
    assert_true(model->status[TORC_STATUS_NOT_FOUND] > 100);
    model_free(model);
}

static void answers_as_a_map_with_a_quota_would(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        run(seed, 0);
}

static void answers_so_when_many_keys_share_a_hash(void **state)
{
    (void)state;
    run(11, 13);
}

static void answers_so_when_all_keys_have_one_hash(void **state)
{
    (void)state;
    run(21, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_a_map_with_a_quota_would),
        cmocka_unit_test(answers_so_when_many_keys_share_a_hash),
        cmocka_unit_test(answers_so_when_all_keys_have_one_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

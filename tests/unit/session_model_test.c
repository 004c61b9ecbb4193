/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sessions against a model that forgets nothing: a head and another member, clients that send what
 * they like, entries that are committed late or lost with their head.
 */
#include "engine/base/prng.h"
#include "tests/unit/session_fixture.h"

enum { SESSIONS = 5, OPENED = 60, WINDOW = 8, NUMBERS = 4096, PENDING = 64 };

struct model_session {
    struct wire_session id;
    bool open;
    uint64_t nonce;
    uint64_t lowest;
    uint64_t head_lowest;
    uint64_t next; /* about where the client is */
    bool in_flight[NUMBERS];
    uint64_t version[NUMBERS]; /* of the first answer; 0: none */
};

struct model {
    struct session_table *head;
    struct session_table *other;
    struct model_session *session; /* all ever opened */
    uint32_t opened;
    struct wire_request pending[PENDING]; /* appended, not committed yet */
    uint32_t pendings;
    uint64_t sequence;
    struct prng prng;
    uint32_t seen[6][2]; /* verdicts of requests, of entries */
};

static uint32_t model_open_count(const struct model *model)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < model->opened; i++)
        count += model->session[i].open;
    return count;
}

static struct model_session *model_find(struct model *model, const struct wire_session *id)
{
    for (uint32_t i = 0; i < model->opened; i++)
        if (memcmp(&model->session[i].id, id, sizeof *id) == 0)
            return model->session[i].open ? &model->session[i] : NULL;
    return NULL;
}

/* The rules, as they are written down. `head`: also what only the head knows. */
static enum session_verdict model_verdict(
    struct model *model, const struct wire_request *request, bool head)
{
    const struct model_session *session = model_find(model, &request->session);
    if (session == NULL)
        return SESSION_UNKNOWN;
    if (request->number == 0 || request->awaited_behind > request->number - 1)
        return SESSION_STALE;
    if (request->awaited_behind >= WINDOW)
        return SESSION_AHEAD;
    if (request->number < session->lowest || (head && request->number < session->head_lowest))
        return SESSION_STALE;
    if (session->version[request->number] != 0)
        return SESSION_ANSWERED;
    if (head && session->in_flight[request->number])
        return SESSION_IN_FLIGHT;
    return SESSION_NEW;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- what happens ---- */

static void step_open(struct model *model)
{
    uint64_t sequence = ++model->sequence;
    bool again = model->opened != 0 && prng_below(&model->prng, 2) == 0;
    uint64_t nonce = again ? model->session[prng_below(&model->prng, model->opened)].nonce
                           : prng_next(&model->prng);
    struct wire_session wanted = {.epoch = sequence % 3, .number = sequence};
    uint16_t status = TORC_STATUS_OK;
    bool known = false;
    for (uint32_t i = 0; i < model->opened; i++)
        if (model->session[i].open && model->session[i].nonce == nonce) {
            wanted = model->session[i].id;
            known = true;
        }
    if (!known && model_open_count(model) == SESSIONS)
        status = TORC_STATUS_SESSIONS_FULL;
    struct wire_session id[2] = {wanted, wanted};
    assert_int_equal(session_open(model->head, 1, sequence % 3, sequence, nonce, &id[0]), status);
    assert_int_equal(session_open(model->other, 1, sequence % 3, sequence, nonce, &id[1]), status);
    assert_memory_equal(&id[0], &wanted, sizeof wanted);
    assert_memory_equal(&id[1], &wanted, sizeof wanted);
    if (status == TORC_STATUS_OK && !known)
        model->session[model->opened++] =
            (struct model_session){.id = wanted, .open = true, .nonce = nonce, .next = 1};
}

static void step_close(struct model *model)
{
    struct model_session *session = &model->session[prng_below(&model->prng, model->opened)];
    session_close(model->head, 1, &session->id);
    session_close(model->other, 1, &session->id);
    session->open = false;
}

static struct wire_request random_request(struct model *model)
{
    struct model_session *session = &model->session[prng_below(&model->prng, model->opened)];
    for (int i = 0; i < 40 && !session->open; i++)
        session = &model->session[prng_below(&model->prng, model->opened)];
    uint64_t around = session->next + prng_below(&model->prng, 2 * WINDOW + 4);
    uint64_t number = around < 2 * WINDOW ? around : around - 2 * WINDOW;
    if (number >= session->next && number < NUMBERS - 4 * WINDOW)
        session->next = number + 1;
    return fixture_request(session->id, number, prng_below(&model->prng, WINDOW + 2));
}

static void step_request(struct model *model)
{
    struct wire_request request = random_request(model);
    struct session_answer answer = {0};
    enum session_verdict wanted = model_verdict(model, &request, true);
    assert_int_equal(session_request(model->head, 1, &request, 1, &answer), wanted);
    model->seen[wanted][0]++;
    struct model_session *session = model_find(model, &request.session);
    if (wanted == SESSION_ANSWERED)
        assert_true(answer.version == session->version[request.number]);
    if (wanted != SESSION_NEW || model->pendings == PENDING)
        return;
    session_in_flight(model->head, 1, &request);
    model->pending[model->pendings++] = request;
    session->in_flight[request.number] = true;
    session->head_lowest = greater(session->head_lowest, request.number - request.awaited_behind);
}

static void step_commit(struct model *model)
{
    if (model->pendings == 0)
        return;
    struct wire_request request = model->pending[0];
    memmove(model->pending, model->pending + 1, --model->pendings * sizeof request);
    enum session_verdict wanted = model_verdict(model, &request, false);
    struct session_answer answer[2] = {{0}};
    assert_int_equal(session_apply(model->head, 1, &request, &answer[0]), wanted);
    assert_int_equal(session_apply(model->other, 1, &request, &answer[1]), wanted);
    model->seen[wanted][1]++;
    struct model_session *session = model_find(model, &request.session);
    if (wanted == SESSION_ANSWERED) {
        assert_true(answer[0].version == session->version[request.number]);
        assert_true(answer[1].version == session->version[request.number]);
    }
    if (wanted != SESSION_NEW)
        return;
    answer[0] = (struct session_answer){
        .status = (uint16_t)(model->sequence % 5), .version = ++model->sequence};
    session_applied(model->head, 1, &request, &answer[0]);
    session_applied(model->other, 1, &request, &answer[0]);
    session->version[request.number] = answer[0].version;
    session->lowest = greater(session->lowest, request.number - request.awaited_behind);
}

/* Another head: it has the suffix and marks it, or it does not have it, or marks nothing. */
static void step_head_change(struct model *model)
{
    session_forget_in_flight(model->head, 1);
    for (uint32_t i = 0; i < model->opened; i++) {
        memset(model->session[i].in_flight, 0, sizeof model->session[i].in_flight);
        model->session[i].head_lowest = 0;
    }
    uint32_t dice = prng_below(&model->prng, 3);
    if (dice == 0)
        model->pendings = 0;
    if (dice != 1)
        return;
    for (uint32_t i = 0; i < model->pendings; i++) {
        const struct wire_request *request = &model->pending[i];
        struct model_session *session = model_find(model, &request->session);
        session_in_flight(model->head, 1, request);
        if (session == NULL)
            continue;
        session->in_flight[request->number] = true;
        session->head_lowest =
            greater(session->head_lowest, request->number - request->awaited_behind);
    }
}

static void check_nonces(struct model *model)
{
    for (uint32_t i = 0; i < model->opened; i++) {
        struct wire_session id;
        bool open = session_by_nonce(model->head, 1, model->session[i].nonce, &id);
        bool wanted = false;
        for (uint32_t j = 0; j < model->opened; j++)
            wanted |= model->session[j].open && model->session[j].nonce == model->session[i].nonce;
        assert_int_equal(open, wanted);
    }
    assert_int_equal(session_count(model->head, 1), model_open_count(model));
    assert_int_equal(session_count(model->other, 1), model_open_count(model));
    assert_int_equal(session_count(model->head, 0), 0);
}

static void step(struct model *model)
{
    uint32_t dice = prng_below(&model->prng, 1000);
    if (model->opened == 0 || (dice < 10 && model->opened < OPENED))
        step_open(model);
    else if (dice < 12)
        step_close(model);
    else if (dice < 24)
        step_head_change(model);
    else if (dice < 880)
        step_request(model);
    else
        step_commit(model);
}

static void every_verdict_is_what_the_rules_say(void **state)
{
    (void)state;
    uint32_t seen[6][2] = {{0}};
    for (uint64_t seed = 1; seed <= 8; seed++) {
        void *memory[2];
        struct model model = {.prng = {seed}};
        model.head = fixture_sessions(3, SESSIONS, WINDOW, &memory[0]);
        model.other = fixture_sessions(3, SESSIONS, WINDOW, &memory[1]);
        model.session = calloc(OPENED, sizeof *model.session);
        for (int i = 0; i < 20000; i++) {
            step(&model);
            if (i % 100 == 0)
                check_nonces(&model);
        }
        for (int v = 0; v < 6; v++)
            for (int of = 0; of < 2; of++)
                seen[v][of] += model.seen[v][of];
        free(model.session);
        free(memory[0]);
        free(memory[1]);
    }
    for (int v = SESSION_NEW; v <= SESSION_UNKNOWN; v++)
        assert_true(seen[v][0] > 50);
    assert_true(seen[SESSION_ANSWERED][1] > 50 && seen[SESSION_UNKNOWN][1] > 50);
    assert_true(seen[SESSION_NEW][1] > 50 && seen[SESSION_STALE][1] > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_is_what_the_rules_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

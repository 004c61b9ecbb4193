/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Counters as text: all of them, whatever they say, in the room that was taken for them.
 */
#include "tests/unit/control_fixture.h"

/* Line `name value` in the text. */
static void assert_line(const char *text, const char *prefix, const char *name, uint64_t value)
{
    char line[160];
    (void)snprintf(line, sizeof line, "\n%s%s %llu\n", prefix, name, (unsigned long long)value);
    if (strstr(text, line) == NULL && strncmp(text, line + 1, strlen(line) - 1) != 0)
        fail_msg("no line \"%s\"", line + 1);
}

static void fill_with(void *block, size_t bytes, uint64_t value)
{
    uint64_t *words = block;
    for (size_t i = 0; i < bytes / 8; i++)
        words[i] = value;
}

static void every_counter_of_64_workers_fits_at_its_largest(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, TORC_WORKERS_MAX);
    struct control *control = fixture->control;
    for (uint32_t w = 0; w < TORC_WORKERS_MAX; w++) {
        fill_with(&fixture->side[w].counters, sizeof fixture->side[w].counters, UINT64_MAX);
        fill_with(fixture->side[w].drops, sizeof fixture->side[w].drops, UINT64_MAX);
    }
    fill_with(&control->net, sizeof control->net, UINT64_MAX);
    fill_with(&control->counters, sizeof control->counters, UINT64_MAX);
    memset(control->member[0].name, 'n', sizeof control->member[0].name - 1);
    (void)fixture_step(fixture); /* the sentence about what stands in the way */
    control_stats_write(control);

    const char *text = control->stats;
    assert_int_equal(strlen(text), control->stats_bytes);
    assert_true(control->stats_bytes + 1 < control->stats_room); /* nothing was cut */
    for (uint32_t w = 0; w < TORC_WORKERS_MAX; w++) {
        char prefix[32];
        (void)snprintf(prefix, sizeof prefix, "worker.%u.", w);
#define CHECK_COUNTER(name, what) assert_line(text, prefix, #name, UINT64_MAX);
        COUNTERS(CHECK_COUNTER)
#undef CHECK_COUNTER
        (void)snprintf(prefix, sizeof prefix, "worker.%u.drop_", w);
#define CHECK_DROP(name, what) assert_line(text, prefix, #name, UINT64_MAX);
        WIRE_DROPS(CHECK_DROP)
#undef CHECK_DROP
    }
    fixture_control_end(fixture);
}

/* Every line is `name value`, and no name comes twice. */
static void the_text_reads_as_names_and_values(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(3, 2);
    fixture_serve(fixture);
    fixture->side[1].counters.reads = 42;
    fixture->side[1].drops[WIRE_DROP_bad_magic] = 43;
    fixture->control->net.rx_missed = 44;
    control_stats_write(fixture->control);
    char *text = fixture->control->stats;
    assert_line(text, "node.", "id", 1);
    assert_line(text, "node.", "epoch", 1);
    assert_line(text, "node.", "workers", 2);
    assert_line(text, "worker.1.", "reads", 42);
    assert_line(text, "worker.0.", "reads", 0);
    assert_line(text, "worker.1.", "drop_bad_magic", 43);
    assert_line(text, "net.", "rx_missed", 44);
    assert_line(text, "control.", "rings_published", 1);
    assert_non_null(strstr(text, "\nnode.name node1\nnode.state serving\n"));
    assert_non_null(strstr(text, "\nnet.link up\n"));
    assert_null(strstr(text, "node.trouble"));
    assert_int_equal(text[fixture->control->stats_bytes - 1], '\n');
    for (char *line = text; *line != 0; line = strchr(line, '\n') + 1) {
        size_t name = strcspn(line, " \n");
        assert_true(name > 0 && line[name] == ' ' && line[name + 1] != '\n');
        char again[80];
        (void)snprintf(again, sizeof again, "\n%.*s ", (int)name, line);
        assert_null(strstr(line + name, again));
    }
    fixture_control_end(fixture);
}

static void trouble_is_told(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    (void)fixture_step(fixture);
    control_stats_write(fixture->control);
    assert_non_null(strstr(fixture->control->stats,
        "\nnode.state starting\nnode.trouble member 2 (node2) was not heard yet\n"));
    assert_line(fixture->control->stats, "node.", "epoch", 0);
    fixture_control_end(fixture);
}

static void the_links_state_is_named(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    fixture->control->link = TORC_LINK_DOWN;
    control_stats_write(fixture->control);
    assert_non_null(strstr(fixture->control->stats, "\nnet.link down\n"));
    fixture->control->link = TORC_LINK_MTU_SMALL;
    control_stats_write(fixture->control);
    assert_non_null(strstr(fixture->control->stats, "\nnet.link mtu_small\n"));
    fixture_control_end(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_of_64_workers_fits_at_its_largest),
        cmocka_unit_test(the_text_reads_as_names_and_values),
        cmocka_unit_test(trouble_is_told),
        cmocka_unit_test(the_links_state_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every wrong configuration ends in one line that names file, line, field and what would be right.
 */
#include "drivers/host/config.h"
#include "drivers/host/config_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <torc/error.h>

/* A configuration in lines that a case may replace: line i of the file is good[i - 1]. */
static const char *const good[] = {
    "node: 2",
    "cluster:",
    "  name: lab",
    "  partitions: 64",
    "  replicas: 3",
    "  hash: sha1",
    "  window: 128",
    "  session_idle: 90s",
    "  members:",
    "    - {id: 1, name: n1, address: 127.0.0.1, port: 7400, workers: 2}",
    "    - {id: 2, name: n2, address: 127.0.0.1, port: 7402, workers: 2}",
    "    - {id: 3, name: n3, address: 127.0.0.2, port: 7400}",
    "memory:",
    "  kv: 64MiB",
    "  log: 16MiB",
    "net:",
    "  driver: socket",
    "  queues: 1",
    "idle: poll",
};
#define LINES (sizeof good / sizeof good[0])

static char *text_with(unsigned line, const char *instead)
{
    static char text[4096];
    size_t used = 0;
    for (unsigned i = 1; i <= LINES; i++) {
        const char *what = i == line ? instead : good[i - 1];
        if (what != NULL)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", what);
    }
    text[used] = 0;
    return text;
}

static int parse(const char *text, struct host_config *config, char *error)
{
    error[0] = 0;
    return host_config_parse("t.yaml", text, strlen(text), config, error);
}

static void test_a_good_file_becomes_a_plain_struct(void **state)
{
    (void)state;
    struct host_config config;
    char error[HOST_ERROR_BYTES];
    int result = parse(text_with(0, NULL), &config, error);
    assert_string_equal(error, "");
    assert_int_equal(result, 0);
    assert_int_equal(config.node, 2);
    assert_int_equal(config.self, 1);
    assert_string_equal(config.cluster.name, "lab");
    assert_int_equal(config.cluster.partitions, 64);
    assert_int_equal(config.cluster.replicas, 3);
    assert_int_equal(config.cluster.hash, TORC_HASH_SHA1);
    assert_int_equal(config.cluster.claim, TORC_CLAIM_SPREAD);
    assert_int_equal(config.cluster.window, 128);
    assert_int_equal(config.cluster.sessions, 64);
    assert_int_equal(config.cluster.session_window, 64);
    assert_int_equal(config.cluster.session_idle_ns, 90000000000ull);
    assert_int_equal(config.members, 3);
    assert_int_equal(config.member[1].id, 2);
    assert_string_equal(config.member[1].name, "n2");
    assert_int_equal(config.member[1].address.ip, 0x7f000001);
    assert_int_equal(config.member[1].address.port, 7402);
    assert_int_equal(config.member[1].workers, 2);
    assert_int_equal(config.member[2].workers, 1);
    assert_int_equal(config.kv_bytes, 64u << 20);
    assert_int_equal(config.log_bytes, 16u << 20);
    assert_string_equal(config.driver, "socket");
    assert_int_equal(config.queues, 1);
    assert_int_equal(config.idle, HOST_IDLE_POLL);
    host_config_free(&config);
}

static void test_the_quota_of_a_vnode_follows_from_the_memory_of_a_node(void **state)
{
    (void)state;
    struct host_config config;
    char error[HOST_ERROR_BYTES];
    assert_int_equal(parse(text_with(0, NULL), &config, error), 0);
    /* 64 partitions x 3 replicas / 3 members + 1 = 65 vnodes at most */
    assert_int_equal(config.kv_blocks, (64u << 20) / 128 / 65);
    host_config_free(&config);
}

static uint64_t hash_with(unsigned line, const char *instead)
{
    struct host_config config;
    char error[HOST_ERROR_BYTES];
    int result = parse(text_with(line, instead), &config, error);
    assert_string_equal(error, "");
    assert_int_equal(result, 0);
    uint64_t hash = config.config_hash;
    host_config_free(&config);
    return hash;
}

static void test_the_hash_covers_what_must_be_alike_and_nothing_else(void **state)
{
    (void)state;
    uint64_t hash = hash_with(0, NULL);
    static const struct {
        unsigned line;
        const char *instead;
        bool alike;
    } cases[] = {
        {1, "node: 1", true}, /* every node has its own */
        {15, "  log: 32MiB", true},
        {18, "", true},
        {19, "idle: adaptive", true},
        {8, "  session_idle: 90000ms", true},
        {3, "  name: lob", false},
        {4, "  partitions: 63", false},
        {5, "  replicas: 2", false},
        {6, "  hash: xxh3", false},
        {7, "  window: 256", false},
        {8, "  session_idle: 91s", false},
        {9, "  claim: blocks\n  members:", false},
        {9, "  sessions: 65\n  members:", false},
        {9, "  session_window: 32\n  members:", false},
        {12, "    - {id: 4, name: n3, address: 127.0.0.2, port: 7400}", false},
        {12, "    - {id: 3, name: n4, address: 127.0.0.2, port: 7400}", false},
        {12, "    - {id: 3, name: n3, address: 127.0.0.3, port: 7400}", false},
        {12, "    - {id: 3, name: n3, address: 127.0.0.2, port: 7401}", false},
        {12, "    - {id: 3, name: n3, address: 127.0.0.2, port: 7400, workers: 2}", false},
        {14, "  kv: 65MiB", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *instead = cases[i].instead;
        uint64_t other = hash_with(cases[i].line, instead);
        if ((other == hash) != cases[i].alike)
            fail_msg("%s: %s", instead, cases[i].alike ? "changes the hash" : "does not");
    }
}

static void test_the_cluster_id_is_the_same_wherever_the_name_is(void **state)
{
    (void)state;
    struct host_config a;
    struct host_config b;
    char error[HOST_ERROR_BYTES];
    assert_int_equal(parse(text_with(4, "  partitions: 128"), &a, error), 0);
    assert_int_equal(parse(text_with(0, NULL), &b, error), 0);
    assert_true(a.cluster_id == b.cluster_id && a.cluster_id != 0);
    host_config_free(&b);
    assert_int_equal(parse(text_with(3, "  name: other"), &b, error), 0);
    assert_true(a.cluster_id != b.cluster_id && b.cluster_id != 0);
    host_config_free(&a);
    host_config_free(&b);
}

static void test_what_may_be_left_out_has_a_default(void **state)
{
    (void)state;
    struct host_config config;
    char error[HOST_ERROR_BYTES];
    int result = parse("node: 7\n"
                       "cluster:\n"
                       "  name: one\n"
                       "  partitions: 1\n"
                       "  replicas: 1\n"
                       "  members: [{id: 7, name: a, address: 10.0.0.1, port: 1}]\n",
        &config, error);
    assert_string_equal(error, "");
    assert_int_equal(result, 0);
    assert_int_equal(config.cluster.hash, TORC_HASH_XXH3);
    assert_int_equal(config.cluster.window, 256);
    assert_int_equal(config.kv_bytes, 64u << 20);
    assert_int_equal(config.log_bytes, 16u << 20);
    assert_int_equal(config.queues, 1);
    assert_int_equal(config.idle, HOST_IDLE_ADAPTIVE);
    assert_string_equal(config.driver, "socket");
    host_config_free(&config);
}

#define MEMBER3(rest) "    - {id: 3, name: n3, address: 127.0.0.2, port: 7400" rest "}"
#define ROOT_KEYS     "the keys node, idle, cluster, memory, net"
#define CLUSTER_KEYS                                                                               \
    "the keys name, partitions, replicas, hash, claim, window, sessions, session_window, "         \
    "session_idle, members"
#define MEMBER_KEYS "the keys id, name, address, port, workers"

static const struct {
    unsigned line;       /* this line of the good file */
    const char *instead; /* reads so; NULL: is missing */
    const char *error;   /* the whole line */
} wrong[] = {
    /* keys */
    {1, "nod: 2", "t.yaml:1: nod: no such key; expected " ROOT_KEYS},
    {4, "  partitons: 64", "t.yaml:4: cluster.partitons: no such key; expected " CLUSTER_KEYS},
    {12, MEMBER3(", core: 1"),
        "t.yaml:12: cluster.members[2].core: no such key; expected " MEMBER_KEYS},
    {15, "  disk: 1GiB", "t.yaml:15: memory.disk: no such key; expected the keys kv, log"},
    {1, NULL, "t.yaml:1: node: missing; expected a whole number from 1 to 4294967295"},
    {3, NULL,
        "t.yaml:2: cluster.name: missing; expected 1 to 63 letters, digits, dots, hyphens or "
        "underscores"},
    {12, "    - {id: 3, name: n3, port: 7400}",
        "t.yaml:12: cluster.members[2].address: missing; expected the IPv4 address of a host, such "
        "as 10.77.0.1"},
    {5, "  replicas: 3\n  replicas: 2", "t.yaml:6: cluster.replicas: given twice; leave one"},
    {13, "cluster: {}\nmemory:", "t.yaml:13: cluster: given twice; leave one"},
    /* kinds */
    {4, "  partitions: [64]",
        "t.yaml:4: cluster.partitions: of another kind; expected a whole number from 1 to 65536"},
    {16, "net: 3\nx:", "t.yaml:16: net: of another kind; expected the keys driver, queues, dpdk"},
    {17, "  driver: {socket: 1}",
        "t.yaml:17: net.driver: of another kind; expected 1 to 31 letters, digits, dots, hyphens "
        "or underscores"},
    {1, "[", "t.yaml:3: not valid YAML: did not find expected ',' or ']'; expected " ROOT_KEYS},
    {3, "\tname: lab",
        "t.yaml:3: not valid YAML: found character that cannot start any token; "
        "expected " ROOT_KEYS},
    {13, "---\nmemory:",
        "t.yaml:14: a second YAML document; there must be one; expected " ROOT_KEYS},
    /* numbers */
    {1, "node: two",
        "t.yaml:1: node: \"two\" is not valid; expected a whole number from 1 to 4294967295"},
    {1, "node: 0",
        "t.yaml:1: node: \"0\" is not valid; expected a whole number from 1 to 4294967295"},
    {1, "node: -1",
        "t.yaml:1: node: \"-1\" is not valid; expected a whole number from 1 to 4294967295"},
    {1, "node:", "t.yaml:1: node: \"\" is not valid; expected a whole number from 1 to 4294967295"},
    {1, "node: 99999999999999999999999",
        "t.yaml:1: node: \"99999999999999999999999\" is not valid; expected a whole number from 1 "
        "to 4294967295"},
    {4, "  partitions: 65537",
        "t.yaml:4: cluster.partitions: \"65537\" is not valid; expected a whole number from 1 to "
        "65536"},
    {4, "  partitions: 0x40",
        "t.yaml:4: cluster.partitions: \"0x40\" is not valid; expected a whole number from 1 to "
        "65536"},
    {7, "  window: 100",
        "t.yaml:7: cluster.window: \"100\" is not valid; expected a power of two from 4 to 32768"},
    {10, "    - {id: 1, name: n1, address: 127.0.0.1, port: 70000, workers: 2}",
        "t.yaml:10: cluster.members[0].port: \"70000\" is not valid; expected a whole number from "
        "1 to 65535"},
    {12, MEMBER3(", workers: 65"),
        "t.yaml:12: cluster.members[2].workers: \"65\" is not valid; expected a whole number from "
        "1 to 64"},
    /* sizes, durations, choices, addresses, names */
    {14, "  kv: 64MB",
        "t.yaml:14: memory.kv: \"64MB\" is not valid; expected a size from 1MiB to 16TiB, in KiB, "
        "MiB, GiB or TiB"},
    {14, "  kv: 64 MiB",
        "t.yaml:14: memory.kv: \"64 MiB\" is not valid; expected a size from 1MiB to 16TiB, in "
        "KiB, MiB, GiB or TiB"},
    {15, "  log: 1",
        "t.yaml:15: memory.log: \"1\" is not valid; expected a size from 1MiB to 1TiB, in KiB, "
        "MiB, GiB or TiB"},
    {8, "  session_idle: 90",
        "t.yaml:8: cluster.session_idle: \"90\" is not valid; expected a duration from 1s to 24h, "
        "in ms, s, m or h"},
    {8, "  session_idle: 10ms",
        "t.yaml:8: cluster.session_idle: \"10ms\" is not valid; expected a duration from 1s to "
        "24h, in ms, s, m or h"},
    {6, "  hash: md5", "t.yaml:6: cluster.hash: \"md5\" is not valid; expected xxh3 or sha1"},
    {19, "idle: sleep", "t.yaml:19: idle: \"sleep\" is not valid; expected adaptive or poll"},
    {12, "    - {id: 3, name: n3, address: localhost, port: 7400}",
        "t.yaml:12: cluster.members[2].address: \"localhost\" is not valid; expected the IPv4 "
        "address of a host, such as 10.77.0.1"},
    {12, "    - {id: 3, name: n3, address: 224.0.0.1, port: 7400}",
        "t.yaml:12: cluster.members[2].address: \"224.0.0.1\" is not valid; expected the IPv4 "
        "address of a host, such as 10.77.0.1"},
    {3, "  name: my lab",
        "t.yaml:3: cluster.name: \"my lab\" is not valid; expected 1 to 63 letters, digits, dots, "
        "hyphens or underscores"},
    {12, "    - {id: 3, name: a123456789b123456789c123456789d1, address: 127.0.0.2, port: 7400}",
        "t.yaml:12: cluster.members[2].name: \"a123456789b123456789c123456789d1\" is not valid; "
        "expected 1 to 31 letters, digits, dots, hyphens or underscores"},
    /* how the parts fit */
    {1, "node: 9",
        "t.yaml:1: node: no member has the id 9; write the id of one of cluster.members"},
    {5, "  replicas: 4",
        "t.yaml:5: cluster.replicas: 4 is more than the 3 members; write a number from 1 to 3"},
    {12, "    - {id: 1, name: n3, address: 127.0.0.2, port: 7400}",
        "t.yaml:12: cluster.members[2].id: 1 is taken on line 10; give each member an id of its "
        "own"},
    {12, "    - {id: 3, name: n2, address: 127.0.0.2, port: 7400}",
        "t.yaml:12: cluster.members[2].name: \"n2\" is taken on line 11; give each member a name "
        "of its own"},
    {12, "    - {id: 3, name: n3, address: 127.0.0.1, port: 7401}",
        "t.yaml:12: cluster.members[2].port: ports 7401 to 7401 meet those of n1 on line 10, 7400 "
        "to 7401; each worker needs a port of its own"},
    {12, "    - {id: 3, name: n3, address: 127.0.0.2, port: 65535, workers: 2}",
        "t.yaml:12: cluster.members[2].port: 2 workers from port 65535 on go past 65535; choose a "
        "port up to 65534"},
    {14, "  kv: 1MiB",
        "t.yaml:14: memory.kv: too little for the 65 partitions of one node; give at least "
        "1040KiB"},
    {14, "  kv: 1TiB",
        "t.yaml:14: memory.kv: too much: one worker's blocks are numbered by 32 bits; give at most "
        "496GiB, or each member more workers"},
    {18, "  queues: 3",
        "t.yaml:18: net.queues: 3 is more than the 2 workers of this node; write a number from 1 "
        "to 2"},
};

static void test_each_mistake_is_named_in_one_line(void **state)
{
    (void)state;
    unsigned differ = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct host_config config;
        char error[HOST_ERROR_BYTES];
        int result = parse(text_with(wrong[i].line, wrong[i].instead), &config, error);
        if (result == -TORC_ECONFIG && strcmp(error, wrong[i].error) == 0)
            continue;
        print_error("%d: %s\nexpected: %s\n", result, error, wrong[i].error);
        differ++;
        if (result == 0)
            host_config_free(&config);
    }
    assert_int_equal(differ, 0);
}

static void test_texts_that_are_no_mapping_are_named(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", "t.yaml:1: empty; expected " ROOT_KEYS},
        {"# nothing\n", "t.yaml:1: empty; expected " ROOT_KEYS},
        {"\n- node: 1\n", "t.yaml:2: no mapping of keys to values; expected " ROOT_KEYS},
        {"{}\n", "t.yaml:1: node: missing; expected a whole number from 1 to 4294967295"},
        {"node: 1\ncluster: {name: a, partitions: 1, replicas: 1, members: []}\n",
            "t.yaml:2: cluster.members: too few entries; expected a list of 1 to 1024 members"},
        {"node: 1\ncluster: {name: a, partitions: 1, replicas: 1, members: 3}\n",
            "t.yaml:2: cluster.members: of another kind; expected a list of 1 to 1024 members"},
        {"node: *a\n", "t.yaml:1: not valid YAML: found undefined alias; expected " ROOT_KEYS},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct host_config config;
        char error[HOST_ERROR_BYTES];
        assert_int_equal(parse(texts[i][0], &config, error), -TORC_ECONFIG);
        assert_string_equal(error, texts[i][1]);
    }
}

static void test_a_missing_driver_is_named_with_those_there_are(void **state)
{
    (void)state;
    struct host_config config;
    char error[HOST_ERROR_BYTES];
    assert_int_equal(parse(text_with(17, "  driver: token-ring"), &config, error), -TORC_ECONFIG);
    static const char start[] =
        "t.yaml:17: net.driver: \"token-ring\" is no driver of this build; expected socket";
    assert_memory_equal(error, start, sizeof start - 1);
}

static void test_a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct host_config config;
    char error[HOST_ERROR_BYTES];
    assert_int_equal(host_config_load("/nonexistent/torc.yaml", &config, error), -TORC_EIO);
    assert_string_equal(error, "/nonexistent/torc.yaml: cannot be read: No such file or directory");
    assert_int_equal(host_config_load("/", &config, error), -TORC_EIO);
    assert_string_equal(error, "/: cannot be read: Is a directory");
}

static void test_the_engine_gets_the_static_ring(void **state)
{
    (void)state;
    struct host_config config;
    struct node_config node;
    char error[HOST_ERROR_BYTES];
    assert_int_equal(parse(text_with(0, NULL), &config, error), 0);
    host_config_node(&config, &node);
    assert_int_equal(node.self, 2);
    assert_true(node.config_hash == config.config_hash);
    assert_int_equal(node.log_bytes, 16u << 20);
    assert_int_equal(node.ring.epoch, 1);
    assert_true(node.ring.cluster == config.cluster_id);
    assert_int_equal(node.ring.partitions, 64);
    assert_int_equal(node.ring.members, 3);
    assert_int_equal(node.ring.class.window, 128);
    assert_int_equal(node.ring.class.session_idle_ms, 90000);
    assert_int_equal(node.ring.class.kv_blocks, config.kv_blocks);
    assert_ptr_equal(node.ring.member, config.member);
    host_config_free(&config);
}

/* Every key of the tables stands in the example, with its default where it has one. */
static void shows_keys(const char *text, const struct config_field *field)
{
    for (; field->key != NULL; field++) {
        char key[64];
        snprintf(key, sizeof key, "%s: ", field->key);
        if (strstr(text, key) == NULL)
            fail_msg("the example does not show %s", field->key);
        snprintf(key, sizeof key, "%s: %s ", field->key, field->fallback);
        if (field->fallback != NULL && field->fallback[0] != 0 &&
            strcmp(field->key, "workers") != 0 && strstr(text, key) == NULL)
            fail_msg("the example does not show the default of %s", field->key);
    }
}

static const char *example; /* its path: the test's argument */

static void test_the_documented_example_is_good_and_shows_every_key(void **state)
{
    (void)state;
    struct host_config config;
    char error[HOST_ERROR_BYTES] = "";
    char text[8192];
    int result = host_config_load(example, &config, error);
    assert_string_equal(error, "");
    assert_int_equal(result, 0);
    host_config_free(&config);
    FILE *file = fopen(example, "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    shows_keys(text, config_root_fields);
    shows_keys(text, config_cluster_fields);
    shows_keys(text, config_member_fields);
    shows_keys(text, config_memory_fields);
    shows_keys(text, config_net_fields);
    shows_keys(text, config_dpdk_fields);
}

int main(int argc, char **argv)
{
    example = argc > 1 ? argv[1] : "docs/torc.yaml";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_file_becomes_a_plain_struct),
        cmocka_unit_test(test_the_quota_of_a_vnode_follows_from_the_memory_of_a_node),
        cmocka_unit_test(test_the_hash_covers_what_must_be_alike_and_nothing_else),
        cmocka_unit_test(test_the_cluster_id_is_the_same_wherever_the_name_is),
        cmocka_unit_test(test_what_may_be_left_out_has_a_default),
        cmocka_unit_test(test_each_mistake_is_named_in_one_line),
        cmocka_unit_test(test_texts_that_are_no_mapping_are_named),
        cmocka_unit_test(test_a_missing_driver_is_named_with_those_there_are),
        cmocka_unit_test(test_a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(test_the_engine_gets_the_static_ring),
        cmocka_unit_test(test_the_documented_example_is_good_and_shows_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/net/dpdk_device.h"

static struct dpdk_device device;
static struct dpdk_eal_args args;

static bool has(const char *argument)
{
    for (int i = 0; i < args.count; i++)
        if (strcmp(args.value[i], argument) == 0)
            return true;
    return false;
}

/* Is `option` followed by `value`? */
static bool has2(const char *option, const char *value)
{
    for (int i = 0; i + 1 < args.count; i++)
        if (strcmp(args.value[i], option) == 0 && strcmp(args.value[i + 1], value) == 0)
            return true;
    return false;
}

static void make(const struct torc_dpdk_eal_config *config)
{
    assert_null(dpdk_eal_args_make(&args, config, "0-1,4", 77));
    assert_string_equal(args.value[0], "torc");
    assert_null(args.value[args.count]);
}

static void a_virtual_device_is_taken_apart(void **state)
{
    (void)state;
    assert_null(dpdk_device_parse(&device, "net_tap12,mac=fixed,iface=t0"));
    assert_string_equal(device.name, "net_tap12");
    assert_string_equal(device.driver, "net_tap");
    assert_string_equal(device.iface, ""); /* which it makes */
    assert_string_equal(device.text, "net_tap12,mac=fixed,iface=t0");
    assert_int_equal(device.receive_packets, 0);
}

static void an_address_on_a_bus_has_no_driver_in_its_name(void **state)
{
    (void)state;
    assert_null(dpdk_device_parse(&device, "0000:03:00.0,arg=1"));
    assert_string_equal(device.name, "0000:03:00.0");
    assert_string_equal(device.driver, "");
}

static void af_packet_gets_a_ring_of_known_length(void **state)
{
    (void)state;
    assert_null(dpdk_device_parse(&device, "net_af_packet0,iface=e0"));
    assert_string_equal(device.text, "net_af_packet0,iface=e0,framecnt=1024");
    assert_string_equal(device.iface, "e0");
    assert_int_equal(device.receive_packets, 1024);
    assert_null(dpdk_device_parse(&device, "net_af_packet0,framecnt=64,iface=e0"));
    assert_string_equal(device.text, "net_af_packet0,framecnt=64,iface=e0");
    assert_int_equal(device.receive_packets, 64);
}

static void memif_says_its_length_as_a_power_of_two(void **state)
{
    (void)state;
    assert_null(dpdk_device_parse(&device, "net_memif,role=client"));
    assert_int_equal(device.receive_packets, 1024);
    assert_null(dpdk_device_parse(&device, "net_memif1,rsize=12"));
    assert_int_equal(device.receive_packets, 4096);
    assert_string_equal(device.driver, "net_memif");
}

static void a_device_without_a_name_is_refused(void **state)
{
    (void)state;
    char text[400];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    assert_non_null(dpdk_device_parse(&device, NULL));
    assert_non_null(dpdk_device_parse(&device, ""));
    assert_non_null(dpdk_device_parse(&device, ",iface=e0"));
    assert_non_null(dpdk_device_parse(&device, text));
    text[100] = ',';
    assert_non_null(dpdk_device_parse(&device, text)); /* the name alone is too long */
}

static void no_thread_is_pinned_and_names_are_this_process_s(void **state)
{
    (void)state;
    make(&(struct torc_dpdk_eal_config){0});
    assert_true(has2("--lcores", "0@(0-1,4)"));
    assert_true(has("--file-prefix=torc-77"));
    assert_true(has("--log-level=error"));
    assert_false(has("--no-telemetry"));
    make(&(struct torc_dpdk_eal_config){
        .file_prefix = "me", .log_level = "debug", .no_telemetry = true});
    assert_true(has("--file-prefix=me"));
    assert_true(has("--log-level=debug"));
    assert_true(has("--no-telemetry"));
}

static void memory_is_ordinary_or_huge_never_both(void **state)
{
    (void)state;
    make(&(struct torc_dpdk_eal_config){0});
    assert_true(has("--no-huge") && has("--no-shconf") && has2("-m", "512"));
    assert_false(has("--in-memory"));
    make(&(struct torc_dpdk_eal_config){.hugepages = true});
    assert_true(has("--in-memory"));
    assert_false(has("--no-huge") || has("-m"));
    make(&(struct torc_dpdk_eal_config){.hugepages = true, .memory_mib = 64});
    assert_true(has2("-m", "64"));
}

static void only_named_devices_of_a_bus_are_touched(void **state)
{
    (void)state;
    const char *devices[] = {"net_memif0,role=client", "0000:03:00.0", "0000:04:00.0,a=1"};
    make(&(struct torc_dpdk_eal_config){.device = devices, .devices = 1});
    assert_true(has("--no-pci"));
    assert_false(has("-a"));
    make(&(struct torc_dpdk_eal_config){.device = devices, .devices = 3});
    assert_true(has2("-a", "0000:03:00.0") && has2("-a", "0000:04:00.0,a=1"));
    assert_false(has("--no-pci"));
    assert_false(has("net_memif0,role=client"));
}

static void the_operators_own_arguments_come_last(void **state)
{
    (void)state;
    const char *extra[] = {"-m", "128", NULL};
    make(&(struct torc_dpdk_eal_config){.extra = extra});
    assert_string_equal(args.value[args.count - 2], "-m");
    assert_string_equal(args.value[args.count - 1], "128");
}

static void too_many_arguments_are_refused_not_cut(void **state)
{
    (void)state;
    const char *extra[100];
    for (unsigned i = 0; i < 99; i++)
        extra[i] = "-x";
    extra[99] = NULL;
    struct torc_dpdk_eal_config config = {.extra = extra};
    assert_non_null(dpdk_eal_args_make(&args, &config, "0", 1));
    static char wide[5000];
    memset(wide, 'x', sizeof wide - 1);
    const char *one[] = {wide, NULL};
    config.extra = one;
    assert_non_null(dpdk_eal_args_make(&args, &config, "0", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_virtual_device_is_taken_apart),
        cmocka_unit_test(an_address_on_a_bus_has_no_driver_in_its_name),
        cmocka_unit_test(af_packet_gets_a_ring_of_known_length),
        cmocka_unit_test(memif_says_its_length_as_a_power_of_two),
        cmocka_unit_test(a_device_without_a_name_is_refused),
        cmocka_unit_test(no_thread_is_pinned_and_names_are_this_process_s),
        cmocka_unit_test(memory_is_ordinary_or_huge_never_both),
        cmocka_unit_test(only_named_devices_of_a_bus_are_touched),
        cmocka_unit_test(the_operators_own_arguments_come_last),
        cmocka_unit_test(too_many_arguments_are_refused_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A service: what a vnode does with committed entries and with reads. The key-value store is one.
 *
 * Rules for who writes one: apply() is called with committed entries only, in log order, on every
 * member, and must do the same everywhere: no clock, no randomness, no address, nothing but its own
 * state and the command. It never fails for want of memory: what it may use is a quota
 * computed from the commands alone, and a command beyond it is answered FULL, alike everywhere.
 *
 * Context: the worker that owns the vnode; never two threads at once; no blocking, no allocation.
 */
#ifndef TORC_SERVICE_H
#define TORC_SERVICE_H

#include <torc/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A committed entry's operation, or a read. Pointers are valid during the call. */
struct torc_command {
    uint16_t operation; /* the service's own numbers: 16..127 writes, 128.. reads */
    uint16_t key_bytes;
    uint32_t value_bytes;
    const uint8_t *key;
    const uint8_t *value;
    uint64_t hash;     /* upper 64 bits of the key's hash */
    uint64_t argument; /* of the operation */
    uint64_t sequence; /* number of the entry; reads: 0. Never repeats on a vnode */
};

struct torc_answer {
    uint16_t status; /* enum torc_status */
    uint64_t
        version; /* of the key: after a write that took effect, its sequence; else the one it has */
    uint32_t total; /* reads: bytes of the whole value */
    uint32_t bytes; /* reads: written to `out` */
};

/* One worker's instance of a service, with the state of all its vnodes, numbered 0... */
struct torc_service;

struct torc_service_ops {
    const char *name;
    /*
     * Starts loading what a command will touch first, where the hash alone says where that is; and,
     * some commands or a loop later, looks at that and starts loading what it points to. Either may
     * be NULL; both change nothing.
     */
    void (*prefetch)(struct torc_service *service, uint32_t vnode, uint64_t hash);
    void (*prefetch_item)(struct torc_service *service, uint32_t vnode, uint64_t hash);
    void (*apply)(struct torc_service *service, uint32_t vnode, const struct torc_command *command,
        struct torc_answer *answer);
    /*
     * Reads: copies up to out_bytes of the value, from byte `argument & 0xffffffff` on, to out.
     */
    void (*read)(struct torc_service *service, uint32_t vnode, const struct torc_command *command,
        uint8_t *out, uint32_t out_bytes, struct torc_answer *answer);
};

/* Every service's object begins with this. */
struct torc_service {
    const struct torc_service_ops *ops;
};

#ifdef __cplusplus
}
#endif
#endif

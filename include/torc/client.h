/* SPDX-License-Identifier: BSD-3-Clause
 *
 * libtorc: a client of a torc cluster over kernel UDP. It keeps the ring and sends each request
 * straight to the core that serves its key; many requests in flight share packets.
 *
 *   struct torc_client *client;
 *   char error[256];
 *   if (torc_client_create("10.0.0.1,10.0.0.2:7400", NULL, &client, error, sizeof error) != 0)
 *       ...
 *   torc_put(client, "k", 1, "v", 1, 1000000000, NULL);            one, and wait for it
 *
 *   torc_client_put(client, "k", 1, "v", 1, 1000000000, done, NULL);   many: submit them all,
 *   while (torc_client_pending(client) > 0)                            then poll
 *       torc_client_poll(client, 1000000000);
 *
 * Context: a client is used by one thread at a time; different clients by different threads.
 * Callbacks run inside torc_client_poll, the synchronous calls and torc_client_close, and may
 * submit; they must not call poll or a synchronous call (-TORC_EINVAL), nor close (aborts).
 *
 * Outcomes (enum torc_outcome): every call that was taken ends exactly once, at its deadline at
 * the latest, and says what is known. UNKNOWN means that it may have taken effect, or may yet.
 * Two calls in flight at once may take effect in either order, also on the same key.
 *
 * Errors that any call may return: -TORC_EINVAL for a NULL or out-of-range argument.
 */
#ifndef TORC_CLIENT_H
#define TORC_CLIENT_H

#include <torc/error.h>
#include <torc/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct torc_client;

#define TORC_PORT_DEFAULT 7400u

/* All fields 0: the defaults. */
struct torc_client_options {
    uint32_t requests;       /* calls under way at once; 1 to 1,048,576; default 4096 */
    uint32_t large_values;   /* values that fit no packet, under way at once; default 8 */
    uint32_t packet_window;  /* packets in flight to one core of a node; 1 to 64; default 64 */
    uint32_t partitions_max; /* largest ring taken; default 65,536 */
    struct torc_addr local;  /* where answers are received; default any address, a free port */
};

/*
 * Opens a client. `seeds`: "ADDRESS[:PORT],...", up to 16 nodes of the cluster, one of which must
 * answer; IPv4 addresses or names. Returns at once: the ring is fetched by the first calls. Memory
 * is taken here and nowhere later. 0, or with one line in `error` (may be NULL): -TORC_EINVAL (a
 * seed is not an address, an option out of range), -TORC_ENOMEM, or what opening the socket says
 * (-TORC_EINUSE, -TORC_ENODEV, -TORC_EIO).
 */
int torc_client_create(const char *seeds, const struct torc_client_options *options,
    struct torc_client **client, char *error, size_t error_bytes);

/*
 * Ends all calls (status STOPPED: REFUSED where never sent, else UNKNOWN), calling their callbacks,
 * and frees the client. NULL is allowed.
 */
void torc_client_close(struct torc_client *client);

/* How a call ended. */
struct torc_result {
    enum torc_outcome outcome;
    /*
     * DONE: OK, or NOT_FOUND from a get or delete. REFUSED: why. UNKNOWN: the last thing that a
     * node said about it (BUSY, NOT_READY, MEMBER_LOST, ...), TIMED_OUT if none said anything.
     */
    enum torc_status status;
    uint64_t version;     /* of the key: after a put or cas, at a get; 0 where there is none */
    const void *value;    /* of a get with status OK, else NULL; see each call for how long */
    uint32_t value_bytes; /* of the whole value */
    uint32_t retries;     /* how often something was sent again for it, at most 255 */
};

typedef void (*torc_callback)(void *context, const struct torc_result *result);

/* ---- asynchronous ---- */

/*
 * Each takes a call and returns; the callback tells how it ended. The result and its value are
 * valid during the callback only. Key (1 to TORC_KEY_BYTES_MAX) and value (up to
 * TORC_VALUE_BYTES_MAX) stay the caller's and must stay as they are until the callback.
 * timeout_ns counts from now. Nothing is sent before the next poll: calls submitted between two
 * polls to the same core share packets.
 *
 * 0: taken, the callback will come. -TORC_EAGAIN: as many as configured are under way; poll, then
 * submit again. -TORC_ETOOBIG: key or value too long. No callback comes after an error.
 */
int torc_client_put(struct torc_client *client, const void *key, size_t key_bytes,
    const void *value, size_t value_bytes, uint64_t timeout_ns, torc_callback callback,
    void *context);
int torc_client_get(struct torc_client *client, const void *key, size_t key_bytes,
    uint64_t timeout_ns, torc_callback callback, void *context);
int torc_client_delete(struct torc_client *client, const void *key, size_t key_bytes,
    uint64_t timeout_ns, torc_callback callback, void *context);
/*
 * Compare-and-set: a put that is refused with MISMATCH unless the key has `version`; 0: unless it
 * does not exist. The result's version is then the one found.
 */
int torc_client_cas(struct torc_client *client, const void *key, size_t key_bytes,
    const void *value, size_t value_bytes, uint64_t version, uint64_t timeout_ns,
    torc_callback callback, void *context);

/*
 * Sends, receives, and calls back, until at least one call has ended or timeout_ns passed; 0: looks
 * once and does not wait. Returns how many calls ended.
 */
int torc_client_poll(struct torc_client *client, uint64_t timeout_ns);

/* Calls under way. */
uint32_t torc_client_pending(const struct torc_client *client);

/*
 * For a caller's own event loop: poll (with timeout 0) when the descriptor is readable, after
 * submitting, and at the latest after so many ns. The descriptor stays the client's.
 */
int torc_client_fd(const struct torc_client *client);
uint64_t torc_client_wake_ns(const struct torc_client *client);

/* ---- synchronous ---- */

/*
 * Each submits one call and polls until it ended; callbacks of other calls come meanwhile. `result`
 * may be NULL; its value is NULL but after torc_get.
 *
 * 0: done. -TORC_ENOTFOUND: done; there is no such key. -TORC_EREFUSED: refused; result->status
 * says why. -TORC_ETIMEDOUT: refused; never sent, mostly for want of an answer from any seed.
 * -TORC_EUNKNOWN: it may have taken effect. -TORC_EAGAIN, -TORC_ETOOBIG as above.
 */
int torc_put(struct torc_client *client, const void *key, size_t key_bytes, const void *value,
    size_t value_bytes, uint64_t timeout_ns, struct torc_result *result);
int torc_delete(struct torc_client *client, const void *key, size_t key_bytes, uint64_t timeout_ns,
    struct torc_result *result);
int torc_cas(struct torc_client *client, const void *key, size_t key_bytes, const void *value,
    size_t value_bytes, uint64_t version, uint64_t timeout_ns, struct torc_result *result);
/*
 * Copies the value into `buffer`; result->value is the buffer, result->value_bytes the length of
 * the whole value. -TORC_ETOOBIG too if that is more than `capacity`: the first part is there.
 */
int torc_get(struct torc_client *client, const void *key, size_t key_bytes, void *buffer,
    size_t capacity, uint64_t timeout_ns, struct torc_result *result);

/* ---- the ring ---- */

#define TORC_DECIMAL_BYTES     50u /* a point or hash of 160 bits in decimal, with the final 0 */
#define TORC_MEMBER_NAME_BYTES 32u

struct torc_ring_info {
    uint64_t cluster, epoch;
    uint32_t partitions;
    uint16_t replicas, members;
    enum torc_hash hash;
    enum torc_claim claim;
};

/*
 * The ring in use; waits up to timeout_ns for the first one. -TORC_ETIMEDOUT: no node answered, or
 * none has a ring yet; -TORC_EVERSION: they speak another protocol version.
 */
int torc_client_ring(struct torc_client *client, uint64_t timeout_ns, struct torc_ring_info *info);

struct torc_partition_info {
    char
        point[TORC_DECIMAL_BYTES]; /* (index + 1) * step; keys fall on the point after their hash */
    uint32_t owner;                /* node id */
    uint32_t length;               /* of the chain */
    uint32_t chain[TORC_REPLICAS_MAX];  /* node ids, head first */
    uint32_t worker[TORC_REPLICAS_MAX]; /* the core of that node */
    uint64_t epoch;                     /* at which the chain last changed */
};

/* -TORC_EAGAIN: no ring yet; -TORC_ENOTFOUND: no such partition. */
int torc_client_partition(
    const struct torc_client *client, uint32_t index, struct torc_partition_info *info);

struct torc_member_info {
    uint32_t id;
    uint32_t workers;
    struct torc_addr address; /* of worker 0; worker i has port + i */
    uint64_t incarnation;     /* 0: not heard of yet */
    bool lost;                /* restarted: it is not the member it was */
    char name[TORC_MEMBER_NAME_BYTES];
};

/* Member number `index`, from 0. -TORC_EAGAIN: no ring yet; -TORC_ENOTFOUND: no such member. */
int torc_client_member(
    const struct torc_client *client, uint32_t index, struct torc_member_info *info);

/* Hash (may be NULL) and partition of a key. -TORC_EAGAIN: no ring yet. */
int torc_client_locate(const struct torc_client *client, const void *key, size_t key_bytes,
    char hash[TORC_DECIMAL_BYTES], uint32_t *partition);

/* ---- statistics ---- */

/*
 * What a node counts, as lines "name value", with a final 0. Returns the length. -TORC_ENOTFOUND:
 * no such node; -TORC_ETIMEDOUT; -TORC_ETOOBIG: longer than `bytes`; -TORC_EREFUSED.
 */
int torc_client_stats(
    struct torc_client *client, uint32_t node, uint64_t timeout_ns, char *text, size_t bytes);

/* What this client counts, likewise. -TORC_ETOOBIG. */
int torc_client_counters(const struct torc_client *client, char *text, size_t bytes);

/* What stands in the way, as a sentence for a person; "" if nothing is known to. Static text. */
const char *torc_client_trouble(const struct torc_client *client);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Errors: a call returns 0 (or a count) or one of these, negated: -TORC_EINVAL. A packet that
 * is dropped is not an error but a counted reason (engine/base/counters.h).
 */
#ifndef TORC_ERROR_H
#define TORC_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, number, what a person reads) */
#define TORC_ERRORS(X)                                                                             \
    X(EINVAL, 1, "an argument is out of its documented range")                                     \
    X(ENOMEM, 2, "the memory given at start does not hold this")                                   \
    X(EAGAIN, 3, "no room right now; call again after the next poll")                              \
    X(ENOTFOUND, 4, "no such key, node, or partition")                                             \
    X(ETIMEDOUT, 5, "the deadline passed")                                                         \
    X(ECONFIG, 6, "the configuration is wrong")                                                    \
    X(EINUSE, 7, "an address or a name is already in use")                                         \
    X(ENODEV, 8, "no such device or driver")                                                       \
    X(EIO, 9, "the operating system or the device refused")                                        \
    X(EVERSION, 10, "the other side speaks another protocol version")                              \
    X(EREFUSED, 11, "refused")                                                                     \
    X(EUNKNOWN, 12, "the outcome is not known")                                                    \
    X(ETOOBIG, 13, "key or value longer than the limits")                                          \
    X(EPERM, 14, "not permitted; needs rights that this process does not have")                    \
    X(ESTOPPED, 15, "the node or client is stopping")

enum torc_error {
#define TORC_ERROR_ENUM(name, number, text) TORC_##name = (number),
    TORC_ERRORS(TORC_ERROR_ENUM)
#undef TORC_ERROR_ENUM
};

/* The text of an error, given as returned (negative) or plain. Never NULL. Any thread. */
const char *torc_strerror(int error);

#ifdef __cplusplus
}
#endif
#endif

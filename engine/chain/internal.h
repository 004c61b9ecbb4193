/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between the files of chain/.
 */
#ifndef CHAIN_INTERNAL_H
#define CHAIN_INTERNAL_H

#include "engine/chain/chain.h"

/* An entry was appended: it is to be sent on, or, at the tail, is committed. */
void chain_appended(struct chain_set *set, uint32_t vnode);

#endif

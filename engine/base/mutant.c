/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/base/mutant.h"

enum mutant mutant_on;

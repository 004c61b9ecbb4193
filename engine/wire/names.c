/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/wire/wire.h"

static const char *const names[WIRE_DROP_COUNT] = {[WIRE_TAKEN] = "taken",
#define WIRE_DROP_NAME(name, text) [WIRE_DROP_##name] = #name,
    WIRE_DROPS(WIRE_DROP_NAME)
#undef WIRE_DROP_NAME
};

static const char *const texts[WIRE_DROP_COUNT] = {[WIRE_TAKEN] = "taken",
#define WIRE_DROP_TEXT(name, text) [WIRE_DROP_##name] = (text),
    WIRE_DROPS(WIRE_DROP_TEXT)
#undef WIRE_DROP_TEXT
};

const char *wire_drop_name(enum wire_drop drop)
{
    return (unsigned)drop < WIRE_DROP_COUNT ? names[drop] : "unknown";
}

const char *wire_drop_text(enum wire_drop drop)
{
    return (unsigned)drop < WIRE_DROP_COUNT ? texts[drop] : "unknown";
}

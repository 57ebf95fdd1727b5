/* Lists the occupied slots of rows of counts: sixteen at a time are skipped where all are empty. */
#include "_count_occupied.h"

#include <stdlib.h>

#define BLOCK 16

static int reserve(entries *into, int64_t more) {
    if (into->found + more <= into->room) return 1;
    const int64_t room = 2 * (into->found + more);
    int64_t *bins = realloc(into->bins, (size_t)room * sizeof *bins);
    if (bins != NULL) into->bins = bins;
    int64_t *counts = realloc(into->counts, (size_t)room * sizeof *counts);
    if (counts != NULL) into->counts = counts;
    if (bins == NULL || counts == NULL) return 0;
    into->room = room;
    return 1;
}

/* Without a branch, which would be mispredicted: an empty slot's place is written again. */
INLINE void append(entries *into, int64_t bin, int64_t count) {
    into->bins[into->found] = bin;
    into->counts[into->found] = count;
    into->found += count != 0;
}

INLINE int any_in_block(const int32_t *block) {
    int32_t any = 0;
    for (int k = 0; k < BLOCK; k++) any |= block[k];
    return any != 0;
}

/* Slots from `from` to `to` as bins that start with `bin`. */
static void append_ascending(entries *into, const int32_t *row, int64_t from, int64_t to,
                             int64_t bin) {
    int64_t at = from;
    for (; at + BLOCK <= to; at += BLOCK) {
        if (!any_in_block(row + at)) continue;
        for (int64_t k = at; k < at + BLOCK; k++) append(into, bin + k - from, row[k]);
    }
    for (; at < to; at++) append(into, bin + at - from, row[at]);
}

/* The negative slots, the largest magnitude first, without that of -0. */
static void append_negative(entries *into, const int32_t *row) {
    const int32_t *negative = row + SIGN_SLOT;
    for (int64_t at = FINITE_SLOTS - BLOCK; at >= 0; at -= BLOCK) {
        if (!any_in_block(negative + at)) continue;
        for (int64_t k = at + BLOCK - 1; k >= at && k > 0; k--) append(into, -k, negative[k]);
    }
}

int append_row(entries *into, const int32_t *row, int64_t width, int float_bits) {
    if (!reserve(into, width + 1)) return 0; /* one more may be written, and be empty */
    if (!float_bits) {
        append_ascending(into, row, 0, width, 0);
        return 1;
    }
    append_negative(into, row);
    append(into, 0, (int64_t)row[0] + row[SIGN_SLOT]);
    append_ascending(into, row, 1, FINITE_SLOTS, 1);
    return 1;
}

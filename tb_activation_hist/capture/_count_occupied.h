/* The occupied slots of rows of counts, as bins in ascending order. */
#ifndef TB_ACTIVATION_HIST_COUNT_OCCUPIED_H
#define TB_ACTIVATION_HIST_COUNT_OCCUPIED_H

#include "_count.h"

/* Bins of rows, row after row, and their counts; the memory serves again for the next record. */
typedef struct {
    int64_t found, room;
    int64_t *bins, *counts;
} entries;

/* Append the occupied slots of a row of `width`: 0 when there is no memory. With the float-bits
 * scheme they become signed bins, the two zeros one bin, and those of non-finite values are left
 * out; else a slot is its own number. */
HIDDEN int append_row(entries *into, const int32_t *row, int64_t width, int float_bits);

#endif

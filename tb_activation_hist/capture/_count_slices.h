/* Totals and moments of each slice of a strided tensor along one of its dimensions. */
#ifndef TB_ACTIVATION_HIST_COUNT_SLICES_H
#define TB_ACTIVATION_HIST_COUNT_SLICES_H

#include "_count.h"

#define MAX_DIMS 64 /* torch's own limit */

/* What is known of one slice; all its values are counted, so n needs no place here. */
typedef struct {
    int64_t zeros, non_finite;
    double min, max, sum, sum_sq;
} slice_sums;

/* `slices` slices, `slice_stride` elements apart. Each has the values of `dims` further dimensions,
 * the one with the smallest stride last. */
typedef struct slice_job {
    const unsigned char *data;
    int dtype;
    int64_t slices, slice_stride;
    int dims;
    int64_t sizes[MAX_DIMS], strides[MAX_DIMS];
    int64_t repeat; /* how often each value counts: the product of the expanded dimensions */
    slice_sums *found;
} slice_job;

/* Bring the dimensions beside `dim` of a tensor into the order that a job wants. */
HIDDEN void arrange_slices(slice_job *job, int rank, const int64_t *shape, const int64_t *strides,
                           int dim);

/* Number of values of each slice, expanded ones counted once. */
HIDDEN int64_t slice_values(const slice_job *job);

/* Empty what is known of each slice. */
HIDDEN void clear_slices(slice_job *job);

/* Add up each slice, with the instruction set that is in use. */
HIDDEN void count_slices(slice_job *job);

#endif

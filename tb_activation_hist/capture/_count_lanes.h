/* Lanes: minima, maxima, sums ... that are updated side by side, one value each. */
#ifndef TB_ACTIVATION_HIST_COUNT_LANES_H
#define TB_ACTIVATION_HIST_COUNT_LANES_H

#include "_count_chunks.h"
#include "_count_slices.h"

#if !defined(LANES)
#error "define LANES, the number of lanes, before this file is included"
#endif

typedef struct {
    float min[LANES], max[LANES];
    uint32_t zeros[LANES], non_finite[LANES];
    double sum[LANES], sum_sq[LANES];
    double wide_min[LANES], wide_max[LANES]; /* of the careful way */
} lane_sums;

INLINE void clear_lanes(lane_sums *l, int m) {
    for (int i = 0; i < m; i++) {
        l->min[i] = INFINITY, l->max[i] = -INFINITY;
        l->wide_min[i] = (double)INFINITY, l->wide_max[i] = -(double)INFINITY;
    }
    memset(l->zeros, 0, (size_t)m * sizeof *l->zeros);
    memset(l->non_finite, 0, (size_t)m * sizeof *l->non_finite);
    memset(l->sum, 0, (size_t)m * sizeof *l->sum);
    memset(l->sum_sq, 0, (size_t)m * sizeof *l->sum_sq);
}

INLINE double read_value(int dtype, const unsigned char *at) {
    double wide;
    uint32_t bits;
    if (dtype == FLOAT64) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    read_chunk(dtype, at, 1, &bits);
    return (double)bits_to_float(bits);
}

/* One value after the other: non-finite ones are left out and counted. Also for float64. */
INLINE void add_one_carefully(lane_sums *l, int dtype, const unsigned char *data, int m) {
    for (int i = 0; i < m; i++) {
        const double value = read_value(dtype, data + i * ITEM_SIZES[dtype]);
        if (!isfinite(value)) {
            l->non_finite[i]++;
            continue;
        }
        if (value < l->wide_min[i]) l->wide_min[i] = value;
        if (value > l->wide_max[i]) l->wide_max[i] = value;
        l->zeros[i] += value == 0.0;
        l->sum[i] += value;
        l->sum_sq[i] += value * value;
    }
}

/* Whether no lane has met a value that is not finite: it would have spoilt the sum of squares. */
INLINE int all_finite(const lane_sums *l, int m) {
    int finite = 1;
    for (int i = 0; i < m; i++) finite &= isfinite(l->sum_sq[i]) != 0;
    return finite;
}

INLINE void fold_lane(const lane_sums *l, int i, slice_sums *into) {
    const double min = l->wide_min[i] < (double)l->min[i] ? l->wide_min[i] : (double)l->min[i];
    const double max = l->wide_max[i] > (double)l->max[i] ? l->wide_max[i] : (double)l->max[i];
    if (min < into->min) into->min = min;
    if (max > into->max) into->max = max;
    into->zeros += l->zeros[i];
    into->non_finite += l->non_finite[i];
    into->sum += l->sum[i];
    into->sum_sq += l->sum_sq[i];
}

#endif

/* What every way to count a job does with its values. */
#ifndef TB_ACTIVATION_HIST_COUNT_JOB_H
#define TB_ACTIVATION_HIST_COUNT_JOB_H

#include "_count_chunks.h"

/* Neumaier's compensated addition: what `total` cannot hold is kept in `lost`. */
INLINE void add_compensated(double *total, double *lost, double value) {
    double sum = *total + value;
    if (isfinite(sum))
        *lost += fabs(*total) >= fabs(value) ? (*total - sum) + value : (value - sum) + *total;
    *total = sum;
}

/* Keep the finite values. Without branches: in a diverging network they would be mispredicted. */
#define DROP(NAME, TYPE)                                                                         \
    INLINE int NAME(job *j, const unsigned char *data, int m, TYPE infinity, TYPE *kept) {       \
        const TYPE sign = (TYPE)~((TYPE)-1 >> 1), magnitude = (TYPE)~sign;                       \
        TYPE bits[CHUNK];                                                                        \
        int finite = 0, nans = 0, neg_infs = 0;                                                  \
        memcpy(bits, data, (size_t)m * sizeof *bits);                                            \
        for (int i = 0; i < m; i++) {                                                            \
            finite += (TYPE)(bits[i] & magnitude) < infinity;                                    \
            nans += (TYPE)(bits[i] & magnitude) > infinity;                                      \
            neg_infs += bits[i] == (TYPE)(sign | infinity);                                      \
        }                                                                                        \
        j->nans += nans;                                                                         \
        j->neg_infs += neg_infs;                                                                 \
        j->pos_infs += m - finite - nans - neg_infs;                                             \
        for (int i = 0, n = 0; n < finite; i++) {                                                \
            kept[n] = bits[i];                                                                   \
            n += (TYPE)(bits[i] & magnitude) < infinity;                                         \
        }                                                                                        \
        return finite;                                                                           \
    }
DROP(drop_non_finite_words, uint32_t)
DROP(drop_non_finite_halves, uint16_t)

INLINE int drop_non_finite(job *j, const unsigned char *data, int m, uint32_t *kept) {
    if (j->dtype == FLOAT32) return drop_non_finite_words(j, data, m, 0x7f800000u, kept);
    const uint16_t infinity = j->dtype == FLOAT16 ? 0x7c00 : 0x7f80;
    return drop_non_finite_halves(j, data, m, infinity, (uint16_t *)kept);
}

#endif

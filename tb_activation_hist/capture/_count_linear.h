/* Slots of the linear scheme. */
#ifndef TB_ACTIVATION_HIST_COUNT_LINEAR_H
#define TB_ACTIVATION_HIST_COUNT_LINEAR_H

#include "_count.h"

/* torch.histc's arithmetic: (x - lo) * bins / (hi - lo) in the value's own precision. */
#define LINEAR_KEYS(NAME, TYPE)                                                                  \
    INLINE void NAME(const scheme *s, const TYPE *RESTRICT values, int m,                        \
                     uint16_t *RESTRICT keys) {                                                  \
        const TYPE lo = (TYPE)s->lo, hi = (TYPE)s->hi, bins = (TYPE)s->bins, width = hi - lo;    \
        const uint32_t last = (uint32_t)s->bins;                                                 \
        for (int i = 0; i < m; i++) {                                                            \
            TYPE value = values[i], inside = value < lo ? lo : value;                            \
            inside = inside > hi ? hi : inside;                                                  \
            uint32_t key = (uint32_t)(int32_t)((inside - lo) * bins / width) + 1;                \
            key = key > last ? last : key;                                                       \
            key = value < lo ? 0 : key;                                                          \
            keys[i] = (uint16_t)(value > hi ? last + 1 : key);                                   \
        }                                                                                        \
    }
LINEAR_KEYS(floats_to_keys, float)
LINEAR_KEYS(doubles_to_keys, double)

#endif

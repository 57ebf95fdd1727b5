/* Counts the values of a dense block of memory: histogram, tallies and moments in one pass.
 *
 * The module knows nothing of torch: Python hands over addresses, lengths and codes, and stays
 * responsible for keeping the memory alive. The GIL is released while values are read; results are
 * added to the caller's row after it is taken again, so the GIL is also the lock that makes two
 * threads counting into one row exact (a free-threaded Python turns its GIL on for this module).
 * Only what the limited API of Python 3.10 has is used; setup.py asks for it.
 *
 * How it is fast:
 * - A chunk of values that fits the first-level cache is read three times: for its range (integer
 *   minima and maxima of the bits), for its sums, and to be counted. The first two are vectorised.
 * - Counting goes round TABLES private tables, so equal neighbours do not wait for each other's
 *   store. A chunk within one slot (a collapsed layer) is added at once.
 * - The range of slots seen bounds what is added up and cleared, so small tensors stay cheap.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define RESTRICT __restrict__
#define UNROLL_16 _Pragma("GCC unroll 16")
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define INLINE static __forceinline
#define RESTRICT __restrict
#define UNROLL_16
#define PREFETCH(address) (void)(address)
#endif

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#define X86 1
#endif
#if defined(X86) && defined(__GNUC__)
#define VARIANTS 1
#endif

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define THREADS 1
#endif

#define CHUNK 1024             /* values handled together: 4 kB of float32 */
#define TABLES 8               /* private count tables */
#define FLOAT_SLOTS 8192
#define STRIDE (FLOAT_SLOTS + 144)  /* keeps equal slots of the tables out of one cache set */
#define SLOT_SHIFT 19
#define SIGN_SLOT 4096
#define FINITE_SLOTS 4080      /* slots of one sign below the exponent of inf and NaN */
#define MAX_THREADS 16
#define MAX_POOLED 8

enum dtype { FLOAT32 = 0, FLOAT16 = 1, BFLOAT16 = 2, FLOAT64 = 3 };
static const int ITEM_SIZES[] = {4, 2, 2, 8};

/* Private tables; all zero between calls. */
typedef struct { uint32_t tables[TABLES][STRIDE]; } workspace;

/* Occupied slots beside the zero slots; empty when lo > hi. */
typedef struct { uint32_t lo, hi; } span;

typedef struct {
    int linear;
    int64_t bins;
    double lo, hi;
} scheme;

/* One thread's part of a count. */
typedef struct {
    const unsigned char *data;
    int64_t n;
    int dtype;
    const scheme *scheme;
    workspace *ws;
    span pos, neg;      /* non-zero slots seen, per sign */
    span all[4];        /* everything that may hold a count */
    int spans;
    int64_t zeros, nans, pos_infs, neg_infs;
    double min, max, sum, sum_lost, sum_sq, sum_sq_lost;
} job;

typedef struct {
    int32_t smax;           /* over the bits as signed integers */
    uint32_t umax;          /* over the bits as unsigned integers */
    int32_t smin_nonzero;   /* over bits - 1: the zeros wrap round to the far end */
    uint32_t umin_nonzero;
    uint32_t zeros;
} bit_range;

typedef struct { bit_range range; double sum, sum_sq; } chunk_scan;

/* What differs between the instruction sets. */
typedef struct {
    chunk_scan (*scan)(const uint32_t *RESTRICT bits, int m);
    void (*read_halves)(const unsigned char *data, int m, uint32_t *RESTRICT bits);
    void (*read_bfloats)(const unsigned char *data, int m, uint32_t *RESTRICT bits);
} instructions;

/* ---- reading ---------------------------------------------------------------------------- */

INLINE float bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE uint32_t float_to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Integer arithmetic moves the exponent; a subtraction of floats normalises fp16 subnormals. */
INLINE uint32_t half_to_bits(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13, sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t normal = magnitude + 0x38000000u, special = magnitude | 0x7f800000u;
    uint32_t subnormal = float_to_bits(bits_to_float(magnitude + 0x38800000u) - 0x1p-14f);
    uint32_t bits = magnitude < 0x00800000u ? subnormal : normal;
    return sign | (magnitude >= 0x0f800000u ? special : bits);
}

static void read_halves(const unsigned char *data, int m, uint32_t *RESTRICT bits) {
    uint16_t raw[CHUNK];
    memcpy(raw, data, (size_t)m * 2);
    for (int i = 0; i < m; i++) bits[i] = half_to_bits(raw[i]);
}

static void read_bfloats(const unsigned char *data, int m, uint32_t *RESTRICT bits) {
    uint16_t raw[CHUNK];
    memcpy(raw, data, (size_t)m * 2);
    for (int i = 0; i < m; i++) bits[i] = (uint32_t)raw[i] << 16;
}

#if defined(VARIANTS)
__attribute__((target("avx2,f16c")))
static void read_halves_avx2(const unsigned char *data, int m, uint32_t *RESTRICT bits) {
    int i = 0;
    for (; i + 8 <= m; i += 8) {
        __m128i raw = _mm_loadu_si128((const __m128i *)(const void *)(data + 2 * i));
        __m256i wide = _mm256_castps_si256(_mm256_cvtph_ps(raw));
        _mm256_storeu_si256((__m256i *)(void *)(bits + i), wide);
    }
    read_halves(data + 2 * i, m - i, bits + i);
}

__attribute__((target("avx2")))
static void read_bfloats_avx2(const unsigned char *data, int m, uint32_t *RESTRICT bits) {
    int i = 0;
    for (; i + 8 <= m; i += 8) {
        __m128i raw = _mm_loadu_si128((const __m128i *)(const void *)(data + 2 * i));
        __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(raw), 16);
        _mm256_storeu_si256((__m256i *)(void *)(bits + i), wide);
    }
    read_bfloats(data + 2 * i, m - i, bits + i);
}
#endif

/* Rounds towards zero, so a double keeps the slot of its own magnitude and never becomes inf. */
INLINE void doubles_to_bits(const double *RESTRICT values, int m, uint32_t *RESTRICT bits) {
    for (int i = 0; i < m; i++) {
        float nearest = (float)values[i];
        bits[i] = float_to_bits(nearest) - (fabs((double)nearest) > fabs(values[i]) ? 1u : 0u);
    }
}

/* ---- statistics of a chunk ----------------------------------------------------------------- */

INLINE bit_range scan_bits(const uint32_t *RESTRICT bits, int m) {
    int32_t smax = INT32_MIN, smin = INT32_MAX;
    uint32_t umax = 0, umin = UINT32_MAX, zeros = 0;
    for (int i = 0; i < m; i++) {
        uint32_t u = bits[i], before = u - 1;
        int32_t s = (int32_t)u, s_before = (int32_t)before;
        smax = s > smax ? s : smax;
        umax = u > umax ? u : umax;
        smin = s_before < smin ? s_before : smin;
        umin = before < umin ? before : umin;
        zeros += (u << 1) == 0;
    }
    bit_range range = {smax, umax, smin, umin, zeros};
    return range;
}

/* At most CHUNK / 8 double additions follow each other in a lane, so the error of a chunk's sum is
 * below 128 * 2^-53 of the sum of magnitudes; chunks are then added with compensation. */
#if defined(__GNUC__)
typedef float float4v __attribute__((vector_size(16)));
typedef double double4v __attribute__((vector_size(32)));

INLINE void scan_sums(const uint32_t *RESTRICT bits, int m, double *sum, double *sum_sq) {
    double4v s[4] = {{0}, {0}, {0}, {0}}, q[4] = {{0}, {0}, {0}, {0}};
    int i = 0;
    for (; i + 16 <= m; i += 16) {
        for (int k = 0; k < 4; k++) {
            float4v narrow;
            memcpy(&narrow, bits + i + 4 * k, sizeof narrow);
            double4v wide = __builtin_convertvector(narrow, double4v);
            s[k] += wide;
            q[k] += wide * wide;
        }
    }
    double4v st = (s[0] + s[1]) + (s[2] + s[3]), qt = (q[0] + q[1]) + (q[2] + q[3]);
    double total = (st[0] + st[1]) + (st[2] + st[3]), total_sq = (qt[0] + qt[1]) + (qt[2] + qt[3]);
    for (; i < m; i++) {
        double value = bits_to_float(bits[i]);
        total += value;
        total_sq += value * value;
    }
    *sum = total;
    *sum_sq = total_sq;
}
#else
INLINE void scan_sums(const uint32_t *RESTRICT bits, int m, double *sum, double *sum_sq) {
    double s[4] = {0}, q[4] = {0};
    for (int i = 0; i < m; i++) {
        double value = bits_to_float(bits[i]);
        s[i & 3] += value;
        q[i & 3] += value * value;
    }
    *sum = (s[0] + s[1]) + (s[2] + s[3]);
    *sum_sq = (q[0] + q[1]) + (q[2] + q[3]);
}
#endif

static chunk_scan scan_portable(const uint32_t *RESTRICT bits, int m) {
    chunk_scan found = {.range = scan_bits(bits, m)};
    scan_sums(bits, m, &found.sum, &found.sum_sq);
    return found;
}

#if defined(VARIANTS)
#define AVX2 __attribute__((target("avx2,fma")))
#define REDUCE(NAME, TYPE, STEP)                                                                  \
    AVX2 static inline TYPE NAME(__m256i lanes, TYPE rest) {                                      \
        TYPE lane[8];                                                                             \
        _mm256_storeu_si256((__m256i *)(void *)lane, lanes);                                      \
        for (int k = 0; k < 8; k++) rest = STEP;                                                  \
        return rest;                                                                              \
    }
REDUCE(most_signed, int32_t, lane[k] > rest ? lane[k] : rest)
REDUCE(least_signed, int32_t, lane[k] < rest ? lane[k] : rest)
REDUCE(most_unsigned, uint32_t, lane[k] > rest ? lane[k] : rest)
REDUCE(least_unsigned, uint32_t, lane[k] < rest ? lane[k] : rest)
REDUCE(total, uint32_t, rest + lane[k])

AVX2 static inline double total_double(const __m256d *lanes) {
    double lane[4];
    _mm256_storeu_pd(lane, _mm256_add_pd(_mm256_add_pd(lanes[0], lanes[1]),
                                         _mm256_add_pd(lanes[2], lanes[3])));
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

AVX2 static inline bit_range scan_bits_avx2(const uint32_t *RESTRICT bits, int m, bit_range rest) {
    const __m256i minus_one = _mm256_set1_epi32(-1), none = _mm256_setzero_si256();
    __m256i smax = _mm256_set1_epi32(INT32_MIN), smin = _mm256_set1_epi32(INT32_MAX);
    __m256i umax = none, umin = minus_one, zeros = none;
    for (int i = 0; i < m; i += 8) {
        __m256i u = _mm256_loadu_si256((const __m256i *)(const void *)(bits + i));
        __m256i before = _mm256_add_epi32(u, minus_one);
        smax = _mm256_max_epi32(smax, u);
        umax = _mm256_max_epu32(umax, u);
        smin = _mm256_min_epi32(smin, before);
        umin = _mm256_min_epu32(umin, before);
        zeros = _mm256_sub_epi32(zeros, _mm256_cmpeq_epi32(_mm256_add_epi32(u, u), none));
    }
    rest.smax = most_signed(smax, rest.smax);
    rest.umax = most_unsigned(umax, rest.umax);
    rest.smin_nonzero = least_signed(smin, rest.smin_nonzero);
    rest.umin_nonzero = least_unsigned(umin, rest.umin_nonzero);
    rest.zeros = total(zeros, rest.zeros);
    return rest;
}

/* By hand, since compilers widen floats to double through several moves; apart from the bits,
 * since there are not registers enough for both. */
AVX2 static chunk_scan scan_avx2(const uint32_t *RESTRICT bits, int m) {
    const int whole = m & -16;
    chunk_scan found = {.range = {INT32_MIN, 0, INT32_MAX, UINT32_MAX, 0}};
    if (whole < m) found = scan_portable(bits + whole, m - whole);
    found.range = scan_bits_avx2(bits, whole, found.range);
    __m256d s[4], q[4];
    for (int k = 0; k < 4; k++) s[k] = q[k] = _mm256_setzero_pd();
    for (int i = 0; i < whole; i += 16) {
        for (int k = 0; k < 4; k++) {
            const float *at = (const float *)(const void *)(bits + i + 4 * k);
            __m256d wide = _mm256_cvtps_pd(_mm_loadu_ps(at));
            s[k] = _mm256_add_pd(s[k], wide);
            q[k] = _mm256_fmadd_pd(wide, wide, q[k]);
        }
    }
    found.sum += total_double(s);
    found.sum_sq += total_double(q);
    return found;
}
#endif

/* Neumaier's compensated addition: what `total` cannot hold is kept in `lost`. */
INLINE void add_compensated(double *total, double *lost, double value) {
    double sum = *total + value;
    if (isfinite(sum))
        *lost += fabs(*total) >= fabs(value) ? (*total - sum) + value : (value - sum) + *total;
    *total = sum;
}

INLINE void widen(span *range, uint32_t lo, uint32_t hi) {
    if (lo < range->lo) range->lo = lo;
    if (hi > range->hi) range->hi = hi;
}

INLINE void note_extremes(job *j, double min, double max) {
    if (min < j->min) j->min = min;
    if (max > j->max) j->max = max;
}

/* Non-zero slots of a chunk, from its bit range. */
INLINE void note_slots(job *j, const bit_range *range) {
    uint32_t least_pos = range->umin_nonzero + 1, least_neg = (uint32_t)range->smin_nonzero + 1;
    if (range->smax > 0 && least_pos != 0 && least_pos < 0x80000000u)
        widen(&j->pos, least_pos >> SLOT_SHIFT, (uint32_t)range->smax >> SLOT_SHIFT);
    if (range->umax > 0x80000000u && least_neg > 0x80000000u)
        widen(&j->neg, least_neg >> SLOT_SHIFT, range->umax >> SLOT_SHIFT);
}

INLINE void note_float_extremes(job *j, const bit_range *range) {
    int any_neg = range->umax > 0x80000000u, any_pos = range->smax > 0;
    double zero_or_least_pos =
        range->zeros ? 0.0 : bits_to_float(range->umin_nonzero + 1);
    double zero_or_least_neg =
        range->zeros ? 0.0 : bits_to_float((uint32_t)range->smin_nonzero + 1);
    note_extremes(j, any_neg ? bits_to_float(range->umax) : zero_or_least_pos,
                  any_pos ? bits_to_float((uint32_t)range->smax) : zero_or_least_neg);
}

/* ---- counting -------------------------------------------------------------------------------- */

INLINE void fill_tables(workspace *ws, const uint32_t *RESTRICT keys, int m, int shift) {
    int i = 0;
    for (; i + 16 <= m; i += 16) {
        PREFETCH(keys + i + CHUNK);
        UNROLL_16
        for (int k = 0; k < 16; k += 2) {
            uint64_t pair;
            memcpy(&pair, keys + i + k, sizeof pair);
            ws->tables[k % TABLES][(uint32_t)pair >> shift]++;
            ws->tables[(k + 1) % TABLES][pair >> (32 + shift)]++;
        }
    }
    for (; i < m; i++) ws->tables[i % TABLES][keys[i] >> shift]++;
}

INLINE void note_spans(job *j) {
    const span zero = {0, 0}, minus_zero = {SIGN_SLOT, SIGN_SLOT};
    if (j->scheme->linear) {
        j->all[0] = (span){0, (uint32_t)j->scheme->bins + 1};
        j->spans = 1;
        return;
    }
    j->all[0] = zero;
    j->all[1] = minus_zero;
    j->spans = 2;
    if (j->pos.lo <= j->pos.hi) j->all[j->spans++] = j->pos;
    if (j->neg.lo <= j->neg.hi) j->all[j->spans++] = j->neg;
}

/* Add the other tables to the first one, and clear them. */
INLINE void join_range(workspace *ws, uint32_t lo, uint32_t hi) {
    uint32_t *RESTRICT first = ws->tables[0];
    for (int k = 1; k < TABLES; k++) {
        uint32_t *RESTRICT table = ws->tables[k];
        for (uint32_t slot = lo; slot <= hi; slot++) first[slot] += table[slot];
        memset(table + lo, 0, (size_t)(hi - lo + 1) * sizeof *table);
    }
}

INLINE void join_tables(job *j) {
    for (int k = 0; k < j->spans; k++) join_range(j->ws, j->all[k].lo, j->all[k].hi);
}

/* torch.histc's arithmetic: (x - lo) * bins / (hi - lo) in the value's own precision. */
#define LINEAR_KEYS(NAME, TYPE)                                                                  \
    INLINE void NAME(const scheme *s, const TYPE *RESTRICT values, int m,                        \
                     uint32_t *RESTRICT keys) {                                                  \
        const TYPE lo = (TYPE)s->lo, hi = (TYPE)s->hi, bins = (TYPE)s->bins, width = hi - lo;    \
        const uint32_t last = (uint32_t)s->bins;                                                 \
        for (int i = 0; i < m; i++) {                                                            \
            TYPE value = values[i], inside = value < lo ? lo : value;                            \
            inside = inside > hi ? hi : inside;                                                  \
            uint32_t key = (uint32_t)(int32_t)((inside - lo) * bins / width) + 1;                \
            key = key > last ? last : key;                                                       \
            key = value < lo ? 0 : key;                                                          \
            keys[i] = value > hi ? last + 1 : key;                                               \
        }                                                                                        \
    }
LINEAR_KEYS(floats_to_keys, float)
LINEAR_KEYS(doubles_to_keys, double)

/* Whether all m values of a chunk lie in the slot of any one of them. */
INLINE int in_one_slot(const bit_range *r, int m) {
    if (r->zeros) return r->zeros == (uint32_t)m && (r->umax == 0 || r->smax == INT32_MIN);
    if (r->smax < 0) return ((uint32_t)r->smin_nonzero + 1) >> SLOT_SHIFT == r->umax >> SLOT_SHIFT;
    return (r->umin_nonzero + 1) >> SLOT_SHIFT == r->umax >> SLOT_SHIFT;
}

INLINE void count_bits(job *j, const bit_range *range, const uint32_t *bits, int m) {
    note_slots(j, range);
    if (in_one_slot(range, m)) j->ws->tables[0][bits[0] >> SLOT_SHIFT] += (uint32_t)m;
    else fill_tables(j->ws, bits, m, SLOT_SHIFT);
}

/* Without branches: in a diverging network they would be mispredicted all the time. */
INLINE int drop_non_finite(job *j, const uint32_t *bits, int m, uint32_t *kept) {
    int finite = 0, nans = 0, neg_infs = 0;
    for (int i = 0; i < m; i++) {
        uint32_t magnitude = bits[i] & 0x7fffffffu;
        finite += magnitude < 0x7f800000u;
        nans += magnitude > 0x7f800000u;
        neg_infs += bits[i] == 0xff800000u;
    }
    j->nans += nans;
    j->neg_infs += neg_infs;
    j->pos_infs += m - finite - nans - neg_infs;
    for (int i = 0, n = 0; n < finite; i++) {
        kept[n] = bits[i];
        n += (bits[i] & 0x7fffffffu) < 0x7f800000u;
    }
    return finite;
}

INLINE void count_float_chunk(job *j, const uint32_t *bits, int m, const instructions *with) {
    uint32_t kept[CHUNK], keys[CHUNK];
    chunk_scan found = with->scan(bits, m);
    if (found.range.smax >= 0x7f800000 || found.range.umax >= 0xff800000u) {
        m = drop_non_finite(j, bits, m, kept);
        if (m == 0) return;
        bits = kept;
        found = with->scan(bits, m);
    }
    add_compensated(&j->sum, &j->sum_lost, found.sum);
    add_compensated(&j->sum_sq, &j->sum_sq_lost, found.sum_sq);
    j->zeros += found.range.zeros;
    note_float_extremes(j, &found.range);
    if (j->scheme->linear) {
        float values[CHUNK];
        memcpy(values, bits, (size_t)m * sizeof *values);
        floats_to_keys(j->scheme, values, m, keys);
        fill_tables(j->ws, keys, m, 0);
    } else {
        count_bits(j, &found.range, bits, m);
    }
}

INLINE int drop_non_finite_doubles(job *j, double *values, int m) {
    int n = 0;
    for (int i = 0; i < m; i++) {
        double value = values[i];
        values[n] = value;
        if (isfinite(value)) n++;
        else if (isnan(value)) j->nans++;
        else if (value < 0) j->neg_infs++;
        else j->pos_infs++;
    }
    return n;
}

INLINE void scan_doubles(job *j, const double *RESTRICT values, int m) {
    double min = values[0], max = values[0], s[16] = {0}, q[16] = {0};
    uint64_t zeros = 0;
    for (int i = 0; i < m; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
        zeros += values[i] == 0.0;
    }
    for (int i = 0; i < m; i++) {
        s[i & 15] += values[i];
        q[i & 15] += values[i] * values[i];
    }
    for (int width = 8; width; width /= 2)
        for (int k = 0; k < width; k++) s[k] += s[k + width], q[k] += q[k + width];
    note_extremes(j, min, max);
    j->zeros += (int64_t)zeros;
    add_compensated(&j->sum, &j->sum_lost, s[0]);
    add_compensated(&j->sum_sq, &j->sum_sq_lost, q[0]);
}

INLINE void count_double_chunk(job *j, const unsigned char *data, int m) {
    double values[CHUNK];
    uint32_t keys[CHUNK];
    memcpy(values, data, (size_t)m * sizeof *values);
    uint64_t finite = 1;
    for (int i = 0; i < m; i++) finite &= fabs(values[i]) < (double)INFINITY;
    if (!finite) m = drop_non_finite_doubles(j, values, m);
    if (m < 1) return;
    scan_doubles(j, values, m);
    if (j->scheme->linear) {
        doubles_to_keys(j->scheme, values, m, keys);
        fill_tables(j->ws, keys, m, 0);
        return;
    }
    doubles_to_bits(values, m, keys);
    bit_range range = scan_bits(keys, m);
    count_bits(j, &range, keys, m);
}

/* ---- floating-point environment ---------------------------------------------------------------- */

/* Denormals must keep their value whatever torch.set_flush_denormal says. */
INLINE uint64_t enter_ieee(void) {
#if defined(X86)
    uint32_t before = _mm_getcsr();
    _mm_setcsr(0x1f80);
    return before;
#elif defined(__aarch64__) && defined(__GNUC__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
    return before;
#else
    return 0;
#endif
}

INLINE void leave_ieee(uint64_t before) {
#if defined(X86)
    _mm_setcsr((uint32_t)before);
#elif defined(__aarch64__) && defined(__GNUC__)
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

/* ---- one job, in every instruction set ------------------------------------------------------- */

INLINE void run_generic(job *j, const instructions *with) {
    uint32_t bits[CHUNK];
    const int item = ITEM_SIZES[j->dtype];
    const int aligned = ((uintptr_t)j->data & 3) == 0;
    for (int64_t at = 0; at < j->n; at += CHUNK) {
        const unsigned char *data = j->data + at * item;
        int m = j->n - at < CHUNK ? (int)(j->n - at) : CHUNK;
        switch (j->dtype) {
        case FLOAT64:
            count_double_chunk(j, data, m);
            continue;
        case FLOAT16:
            with->read_halves(data, m, bits);
            break;
        case BFLOAT16:
            with->read_bfloats(data, m, bits);
            break;
        default:
            if (aligned) {
                count_float_chunk(j, (const uint32_t *)(const void *)data, m, with);
                continue;
            }
            memcpy(bits, data, (size_t)m * sizeof *bits);
        }
        count_float_chunk(j, bits, m, with);
    }
    note_spans(j);
    join_tables(j);
}

static const instructions PORTABLE = {scan_portable, read_halves, read_bfloats};
static void run_portable(job *j) { run_generic(j, &PORTABLE); }
#if defined(VARIANTS)
static const instructions WITH_AVX2 = {scan_avx2, read_halves_avx2, read_bfloats_avx2};
__attribute__((target("avx2,fma,bmi,bmi2")))
static void run_avx2(job *j) { run_generic(j, &WITH_AVX2); }
__attribute__((target("avx2,fma,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl")))
static void run_avx512(job *j) { run_generic(j, &WITH_AVX2); }
#endif

static void (*run_selected)(job *) = run_portable;
static const char *selected_name = "portable";

static int select_variant(const char *wanted) {
#if defined(VARIANTS)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    int best = wanted[0] == '\0';
    if (avx512 && (best || strcmp(wanted, "avx512") == 0)) {
        run_selected = run_avx512;
        selected_name = "avx512";
        return 1;
    }
    if (avx2 && (best || strcmp(wanted, "avx2") == 0)) {
        run_selected = run_avx2;
        selected_name = "avx2";
        return 1;
    }
#endif
    if (wanted[0] != '\0' && strcmp(wanted, "portable") != 0) return 0;
    run_selected = run_portable;
    selected_name = "portable";
    return 1;
}

static void *run_job(void *argument) {
    uint64_t before = enter_ieee();
    run_selected((job *)argument);
    leave_ieee(before);
    return NULL;
}

static void run_jobs(job *jobs, int count) {
#if defined(THREADS)
    pthread_t threads[MAX_THREADS];
    int started[MAX_THREADS] = {0};
    for (int k = 1; k < count; k++)
        started[k] = pthread_create(&threads[k], NULL, run_job, &jobs[k]) == 0;
    run_job(&jobs[0]);
    for (int k = 1; k < count; k++) {
        if (started[k]) pthread_join(threads[k], NULL);
        else run_job(&jobs[k]);
    }
#else
    for (int k = 0; k < count; k++) run_job(&jobs[k]);
#endif
}

/* ---- workspaces: a small pool, guarded by the GIL -------------------------------------------------- */

static workspace *pool[MAX_POOLED];
static int pooled = 0;

static workspace *take_workspace(void) {
    return pooled ? pool[--pooled] : calloc(1, sizeof(workspace));
}

static void give_workspace(workspace *ws) {
    if (pooled < MAX_POOLED) pool[pooled++] = ws;
    else free(ws);
}

/* ---- results ----------------------------------------------------------------------------------------- */

static void merge_counts(job *j, int32_t *row, int64_t repeat) {
    uint32_t *found = j->ws->tables[0];
    for (int k = 0; k < j->spans; k++) {
        for (uint32_t slot = j->all[k].lo; slot <= j->all[k].hi; slot++) {
            row[slot] = (int32_t)((uint32_t)row[slot] + found[slot] * (uint32_t)repeat);
            found[slot] = 0;
        }
    }
}

static void merge(job *j, int32_t *row, int64_t *tallies, double *moments, int64_t repeat) {
    merge_counts(j, row, repeat);
    tallies[0] += j->n * repeat;
    tallies[1] += j->zeros * repeat;
    tallies[2] += j->nans * repeat;
    tallies[3] += j->pos_infs * repeat;
    tallies[4] += j->neg_infs * repeat;
    if (j->min < moments[0]) moments[0] = j->min;
    if (j->max > moments[1]) moments[1] = j->max;
    moments[2] += (j->sum + j->sum_lost) * (double)repeat;
    moments[3] += (j->sum_sq + j->sum_sq_lost) * (double)repeat;
}

static int prepare_jobs(job *jobs, int count, const job *whole) {
    const int64_t chunks = (whole->n + CHUNK - 1) / CHUNK, share = (chunks + count - 1) / count * CHUNK;
    for (int k = 0; k < count; k++) {
        int64_t from = k * share, left = whole->n - from;
        jobs[k] = *whole;
        jobs[k].n = left < 0 ? 0 : left < share ? left : share;
        jobs[k].data = whole->data + (jobs[k].n ? from * ITEM_SIZES[whole->dtype] : 0);
        jobs[k].ws = take_workspace();
        if (jobs[k].ws == NULL) {
            while (k-- > 0) give_workspace(jobs[k].ws);
            return 0;
        }
    }
    return 1;
}

/* ---- Python --------------------------------------------------------------------------------------------- */

static int read_integers(PyObject *const *args, int64_t *out, int count) {
    for (int k = 0; k < count; k++) {
        out[k] = PyLong_AsLongLong(args[k]);
        if (out[k] == -1 && PyErr_Occurred()) return 0;
    }
    return 1;
}

static int check_arguments(int64_t dtype, int64_t n, int64_t repeat, int64_t slots, int64_t bins) {
    if (dtype < FLOAT32 || dtype > FLOAT64)
        PyErr_Format(PyExc_ValueError, "dtype code %lld is not one of 0..3", (long long)dtype);
    else if (n < 0 || repeat < 0)
        PyErr_SetString(PyExc_ValueError, "n and repeat must not be negative");
    else if (bins < 0 || bins > FLOAT_SLOTS - 2 || slots != (bins ? bins + 2 : FLOAT_SLOTS))
        PyErr_Format(PyExc_ValueError, "%lld slots do not fit %lld linear bins (0: float bits)",
                     (long long)slots, (long long)bins);
    else return 1;
    return 0;
}

PyDoc_STRVAR(count_doc,
"count(row, tallies, moments, data, n, dtype, repeat, threads, slots, bins, lo, hi)\n\n"
"Add n values at address data to a row: int32 counts, int64 tallies [n, zeros, nans, pos_infs,\n"
"neg_infs], double moments [min, max, sum, sum_sq]. dtype: 0 float32, 1 float16, 2 bfloat16,\n"
"3 float64. Every value counts repeat times. bins = 0 counts by float bits, else torch.histc's\n"
"bins between lo and hi. The GIL is released while values are read.");

static PyObject *py_count(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    int64_t a[10];
    if (nargs != 12) {
        PyErr_Format(PyExc_TypeError, "count takes 12 arguments, %zd given", nargs);
        return NULL;
    }
    if (!read_integers(args, a, 10)) return NULL;
    const double lo = PyFloat_AsDouble(args[10]), hi = PyFloat_AsDouble(args[11]);
    if (PyErr_Occurred() || !check_arguments(a[5], a[4], a[6], a[8], a[9])) return NULL;
    const scheme bins = {a[9] != 0, a[9], lo, hi};
    const job whole = {.data = (const unsigned char *)(uintptr_t)a[3], .n = a[4], .dtype = (int)a[5],
                       .scheme = &bins, .pos = {UINT32_MAX, 0}, .neg = {UINT32_MAX, 0},
                       .min = (double)INFINITY, .max = -(double)INFINITY};
    const int threads = a[7] < 1 ? 1 : a[7] > MAX_THREADS ? MAX_THREADS : (int)a[7];
    job jobs[MAX_THREADS];
    if (!prepare_jobs(jobs, threads, &whole)) return PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS
    run_jobs(jobs, threads);
    Py_END_ALLOW_THREADS
    for (int k = 0; k < threads; k++) {
        merge(&jobs[k], (int32_t *)(uintptr_t)a[0], (int64_t *)(uintptr_t)a[1],
              (double *)(uintptr_t)a[2], a[6]);
        give_workspace(jobs[k].ws);
    }
    Py_RETURN_NONE;
}

/* Slots of a row that hold a count, written to slots and counts unless those are NULL. */
static int64_t occupied_in_row(const int32_t *row, int64_t width, int float_bits, int32_t *slots,
                               int64_t *counts) {
    int64_t found = 0;
    for (int64_t at = 0; at < width; at += 16) {
        int64_t end = at + 16 < width ? at + 16 : width;
        int32_t any = 0;
        for (int64_t k = at; k < end; k++) any |= row[k];
        if (!any || (float_bits && (at & (SIGN_SLOT - 1)) >= FINITE_SLOTS)) continue;
        for (int64_t k = at; k < end; k++) {
            if (row[k] == 0) continue;
            if (slots != NULL) {
                slots[found] = (int32_t)k;
                counts[found] = row[k];
            }
            found++;
        }
    }
    return found;
}

PyDoc_STRVAR(occupied_doc,
"occupied(counts, rows, slots, float_bits, offsets, out_slots, out_counts) -> int\n\n"
"Find the slots with a count, row by row, leaving out the non-finite slots of the float-bits\n"
"scheme. With out_slots = 0 only offsets (rows + 1 int64) is written; else out_slots (int32) and\n"
"out_counts (int64) are filled too. Returns the number of occupied slots. The GIL is released.");

static PyObject *py_occupied(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    int64_t a[7];
    if (nargs != 7) {
        PyErr_Format(PyExc_TypeError, "occupied takes 7 arguments, %zd given", nargs);
        return NULL;
    }
    if (!read_integers(args, a, 7)) return NULL;
    const int32_t *counts = (const int32_t *)(uintptr_t)a[0];
    int64_t *offsets = (int64_t *)(uintptr_t)a[4];
    int32_t *slots = (int32_t *)(uintptr_t)a[5];
    int64_t *values = (int64_t *)(uintptr_t)a[6], total = 0;
    Py_BEGIN_ALLOW_THREADS
    for (int64_t row = 0; row < a[1]; row++) {
        offsets[row] = total;
        total += occupied_in_row(counts + row * a[2], a[2], a[3] != 0,
                                 slots == NULL ? NULL : slots + total,
                                 slots == NULL ? NULL : values + total);
    }
    offsets[a[1]] = total;
    Py_END_ALLOW_THREADS
    return PyLong_FromLongLong(total);
}

PyDoc_STRVAR(variant_name_doc, "variant_name() -> str\n\nThe instruction set in use.");

static PyObject *py_variant_name(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    return PyUnicode_FromString(selected_name);
}

PyDoc_STRVAR(variant_doc,
"variant(name='') -> str\n\n"
"Choose the instruction set ('avx512', 'avx2', 'portable'; '' for the best here) and return its\n"
"name. An instruction set that this processor or build lacks is a ValueError.");

static PyObject *py_variant(PyObject *self, PyObject *args) {
    (void)self;
    const char *wanted = "";
    if (!PyArg_ParseTuple(args, "|s", &wanted)) return NULL;
    if (!select_variant(wanted)) {
        PyErr_Format(PyExc_ValueError, "no variant '%s' here; use '' for the best one", wanted);
        return NULL;
    }
    return PyUnicode_FromString(selected_name);
}

static PyMethodDef METHODS[] = {
    {"count", (PyCFunction)(void (*)(void))py_count, METH_FASTCALL, count_doc},
    {"occupied", (PyCFunction)(void (*)(void))py_occupied, METH_FASTCALL, occupied_doc},
    {"variant", py_variant, METH_VARARGS, variant_doc},
    {"variant_name", py_variant_name, METH_NOARGS, variant_name_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_count", "Histogram, tallies and moments of raw memory.", -1, METHODS,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__count(void) {
    select_variant("");
    return PyModule_Create(&MODULE);
}

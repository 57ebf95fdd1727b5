/* What is done with one chunk of values: read it, scan it for its range and sums, count its slots.
 *
 * - Scanning is vectorised: integer minima and maxima of the bits, and sums in double. 16-bit
 *   values are scanned as they lie; only the extremes found are widened.
 * - Counting goes round TABLES private tables, so equal neighbours do not wait for each other's
 *   store. It is bound by one store a cycle, which leaves the vector units idle: so while a chunk's
 *   slots are counted, the next chunk is read and scanned in the same loop. On an EPYC (Zen 3) that
 *   takes 0.43 ns a value for float32, float16 and bfloat16 alike; one after the other took 0.58 to
 *   0.70.
 */
#ifndef TB_ACTIVATION_HIST_COUNT_CHUNKS_H
#define TB_ACTIVATION_HIST_COUNT_CHUNKS_H

#include <math.h>
#include <string.h>

#include "_count.h"

#if defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 16")
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define UNROLL
#define PREFETCH(address) (void)(address)
#endif

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#define X86 1
#endif
#if defined(X86) && defined(__GNUC__)
#include <cpuid.h>
#define VARIANTS 1
#endif

typedef struct {
    int32_t smax;           /* over the bits as signed integers */
    uint32_t umax;          /* over the bits as unsigned integers */
    int32_t smin_nonzero;   /* over bits - 1: the zeros wrap round to the far end */
    uint32_t umin_nonzero;
    uint32_t zeros;
} bit_range;

typedef struct { bit_range range; double sum, sum_sq; } chunk_scan;

/* ---- reading ---- */

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

/* The bits of a float32, float16 or bfloat16, as float32. */
INLINE uint32_t widen_bits(int dtype, uint32_t bits) {
    if (dtype == FLOAT16) return half_to_bits((uint16_t)bits);
    return dtype == BFLOAT16 ? bits << 16 : bits;
}

/* The values of a chunk as float32; `data` need not be aligned. */
INLINE void read_chunk(int dtype, const unsigned char *data, int m, uint32_t *RESTRICT bits) {
    uint16_t raw[CHUNK];
    if (dtype == FLOAT32) {
        memcpy(bits, data, (size_t)m * sizeof *bits);
        return;
    }
    memcpy(raw, data, (size_t)m * sizeof *raw);
    if (dtype == FLOAT16)
        for (int i = 0; i < m; i++) bits[i] = half_to_bits(raw[i]);
    else
        for (int i = 0; i < m; i++) bits[i] = (uint32_t)raw[i] << 16;
}

/* Rounds towards zero, so a double keeps the slot of its own magnitude and never becomes inf. */
INLINE void doubles_to_bits(const double *RESTRICT values, int m, uint32_t *RESTRICT bits) {
    for (int i = 0; i < m; i++) {
        float nearest = (float)values[i];
        bits[i] = float_to_bits(nearest) - (fabs((double)nearest) > fabs(values[i]) ? 1u : 0u);
    }
}

/* ---- range and sums ---- */

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

/* ---- counting ---- */

/* 16 values: four at a time are one load. */
INLINE void fill_16(workspace *ws, const uint16_t *slots) {
    UNROLL
    for (int k = 0; k < 16; k += 4) {
        uint64_t four;
        memcpy(&four, slots + k, sizeof four);
        ws->tables[k % TABLES][(uint16_t)four]++;
        ws->tables[(k + 1) % TABLES][(uint16_t)(four >> 16)]++;
        ws->tables[(k + 2) % TABLES][(uint16_t)(four >> 32)]++;
        ws->tables[(k + 3) % TABLES][four >> 48]++;
    }
}

INLINE void fill_tables(workspace *ws, const uint16_t *slots, int m) {
    const int whole = m & -16;
    for (int i = 0; i < whole; i += 16) fill_16(ws, slots + i);
    for (int i = whole; i < m; i++) ws->tables[i % TABLES][slots[i]]++;
}

/* ---- a chunk, and the one before it ---- */

/* Read and scan a chunk, write its slots, and count the slots `before`, which are those of a whole
 * chunk or NULL. */
INLINE chunk_scan step_portable(int dtype, const unsigned char *data, int m,
                                uint16_t *RESTRICT slots, const uint16_t *before, workspace *ws) {
    uint32_t bits[CHUNK];
    read_chunk(dtype, data, m, bits);
    for (int i = 0; i < m; i++) slots[i] = (uint16_t)(bits[i] >> SLOT_SHIFT);
    chunk_scan found = {.range = scan_bits(bits, m)};
    scan_sums(bits, m, &found.sum, &found.sum_sq);
    if (before != NULL) fill_tables(ws, before, CHUNK);
    return found;
}

#if defined(VARIANTS)
#define AVX2 "avx2,fma,f16c,bmi,bmi2"
#define AVX512 AVX2 ",avx512f,avx512bw,avx512dq,avx512vl"
#define WITH_AVX2 INLINE __attribute__((target(AVX2)))

/* 8 lanes of float32 bits or 16 lanes of 16-bit values; and sums. */
typedef struct {
    __m256i smax, umax, smin, umin, zeros;
    __m256d sum[2], sum_sq[2];
} lanes;

#define SCAN(NAME, WIDTH)                                                                         \
    WITH_AVX2 void NAME(lanes *l, __m256i bits) {                                                 \
        __m256i before = _mm256_add_epi##WIDTH(bits, _mm256_set1_epi##WIDTH(-1));                 \
        __m256i twice = _mm256_add_epi##WIDTH(bits, bits);                                        \
        __m256i is_zero = _mm256_cmpeq_epi##WIDTH(twice, _mm256_setzero_si256());                 \
        l->smax = _mm256_max_epi##WIDTH(l->smax, bits);                                           \
        l->umax = _mm256_max_epu##WIDTH(l->umax, bits);                                           \
        l->smin = _mm256_min_epi##WIDTH(l->smin, before);                                         \
        l->umin = _mm256_min_epu##WIDTH(l->umin, before);                                         \
        l->zeros = _mm256_sub_epi##WIDTH(l->zeros, is_zero);                                      \
    }
SCAN(scan_8, 32)
SCAN(scan_16, 16)

WITH_AVX2 void sum_4(lanes *l, int k, __m128 values) {
    __m256d wide = _mm256_cvtps_pd(values);
    l->sum[k] = _mm256_add_pd(l->sum[k], wide);
    l->sum_sq[k] = _mm256_fmadd_pd(wide, wide, l->sum_sq[k]);
}

WITH_AVX2 void sum_8(lanes *l, __m256i bits) {
    __m256 values = _mm256_castsi256_ps(bits);
    sum_4(l, 0, _mm256_castps256_ps128(values));
    sum_4(l, 1, _mm256_extractf128_ps(values, 1));
}

/* 8 float16 values as float32. */
WITH_AVX2 __m256i load_halves(const unsigned char *at) {
    __m128i raw = _mm_loadu_si128((const __m128i *)(const void *)at);
    return _mm256_castps_si256(_mm256_cvtph_ps(raw));
}

WITH_AVX2 __m256i load_32_bytes(const unsigned char *at) {
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* The order of slots within 16 is of no meaning: they are only counted. */
WITH_AVX2 void step_16(int dtype, lanes *l, const unsigned char *at, uint16_t *slots) {
    __m256i low, high, raw = load_32_bytes(at);
    if (dtype == FLOAT32) {
        low = raw;
        high = load_32_bytes(at + 32);
        scan_8(l, low);
        scan_8(l, high);
    } else {
        scan_16(l, raw);
        if (dtype == BFLOAT16) {
            low = _mm256_unpacklo_epi16(_mm256_setzero_si256(), raw);
            high = _mm256_unpackhi_epi16(_mm256_setzero_si256(), raw);
        } else {
            low = load_halves(at);
            high = load_halves(at + 16);
        }
    }
    sum_8(l, low);
    sum_8(l, high);
    __m256i found = dtype == BFLOAT16 ? _mm256_srli_epi16(raw, SLOT_SHIFT - 16)
                                      : _mm256_packus_epi32(_mm256_srli_epi32(low, SLOT_SHIFT),
                                                            _mm256_srli_epi32(high, SLOT_SHIFT));
    _mm256_storeu_si256((__m256i *)(void *)slots, found);
}

#define REDUCE(NAME, TYPE)                                                                        \
    WITH_AVX2 bit_range NAME(const lanes *l, int dtype) {                                         \
        TYPE smax[32 / sizeof(TYPE)], smin[32 / sizeof(TYPE)];                                    \
        u##TYPE umax[32 / sizeof(TYPE)], umin[32 / sizeof(TYPE)], zeros[32 / sizeof(TYPE)];       \
        uint32_t all_zeros = 0;                                                                   \
        memcpy(smax, &l->smax, 32), memcpy(smin, &l->smin, 32), memcpy(umax, &l->umax, 32);       \
        memcpy(umin, &l->umin, 32), memcpy(zeros, &l->zeros, 32);                                 \
        for (size_t k = 0; k < 32 / sizeof(TYPE); k++) {                                          \
            smax[0] = smax[k] > smax[0] ? smax[k] : smax[0];                                      \
            smin[0] = smin[k] < smin[0] ? smin[k] : smin[0];                                      \
            umax[0] = umax[k] > umax[0] ? umax[k] : umax[0];                                      \
            umin[0] = umin[k] < umin[0] ? umin[k] : umin[0];                                      \
            all_zeros += zeros[k];                                                                \
        }                                                                                         \
        bit_range range = {(int32_t)widen_bits(dtype, (u##TYPE)smax[0]),                          \
                           widen_bits(dtype, umax[0]),                                            \
                           (int32_t)(widen_bits(dtype, (u##TYPE)(smin[0] + 1)) - 1u),             \
                           widen_bits(dtype, (u##TYPE)(umin[0] + 1)) - 1u, all_zeros};            \
        return range;                                                                             \
    }
REDUCE(reduce_8, int32_t)
REDUCE(reduce_16, int16_t)

WITH_AVX2 double total(const __m256d *lanes) {
    double lane[4];
    _mm256_storeu_pd(lane, _mm256_add_pd(lanes[0], lanes[1]));
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

INLINE void join_scans(chunk_scan *found, const chunk_scan *more) {
    bit_range *range = &found->range;
    const bit_range *other = &more->range;
    if (other->smax > range->smax) range->smax = other->smax;
    if (other->umax > range->umax) range->umax = other->umax;
    if (other->smin_nonzero < range->smin_nonzero) range->smin_nonzero = other->smin_nonzero;
    if (other->umin_nonzero < range->umin_nonzero) range->umin_nonzero = other->umin_nonzero;
    range->zeros += other->zeros;
    found->sum += more->sum;
    found->sum_sq += more->sum_sq;
}

/* `dtype` and whether there is a chunk before are constants where this is inlined. */
WITH_AVX2 chunk_scan step_as(int dtype, int counts, const unsigned char *data, int m,
                             uint16_t *slots, const uint16_t *before, workspace *ws) {
    const int item = ITEM_SIZES[dtype], whole = m & -16;
    const __m256i least = dtype == FLOAT32 ? _mm256_set1_epi32(INT32_MIN)
                                           : _mm256_set1_epi16(INT16_MIN);
    const __m256i none = _mm256_setzero_si256(), ones = _mm256_set1_epi32(-1);
    const __m256d zero = _mm256_setzero_pd();
    lanes l = {least, none, _mm256_xor_si256(least, ones), ones, none, {zero, zero}, {zero, zero}};
    for (int i = 0; i < whole; i += 16) {
        const unsigned char *at = data + i * item;
        PREFETCH(at + CHUNK * item);
        step_16(dtype, &l, at, slots + i);
        if (counts) fill_16(ws, before + i);
    }
    if (counts) fill_tables(ws, before + whole, CHUNK - whole);
    chunk_scan found = {dtype == FLOAT32 ? reduce_8(&l, dtype) : reduce_16(&l, dtype),
                        total(l.sum), total(l.sum_sq)};
    if (whole < m) {
        chunk_scan rest = step_portable(dtype, data + whole * item, m - whole, slots + whole,
                                        NULL, NULL);
        if (whole == 0) return rest;
        join_scans(&found, &rest);
    }
    return found;
}

#define STEP(NAME, TARGET)                                                                        \
    __attribute__((target(TARGET), unused)) static chunk_scan NAME(                                       \
        int dtype, const unsigned char *data, int m, uint16_t *slots, const uint16_t *before,     \
        workspace *ws) {                                                                          \
        if (dtype == FLOAT32)                                                                     \
            return before ? step_as(FLOAT32, 1, data, m, slots, before, ws)                       \
                          : step_as(FLOAT32, 0, data, m, slots, NULL, ws);                        \
        if (dtype == FLOAT16)                                                                     \
            return before ? step_as(FLOAT16, 1, data, m, slots, before, ws)                       \
                          : step_as(FLOAT16, 0, data, m, slots, NULL, ws);                        \
        return before ? step_as(BFLOAT16, 1, data, m, slots, before, ws)                          \
                      : step_as(BFLOAT16, 0, data, m, slots, NULL, ws);                           \
    }
STEP(step_avx2, AVX2)
STEP(step_avx512, AVX512)
#endif

#endif

/* Counts a tensor's bins and its slices in one pass.
 *
 * The rows of a tensor, each with a few values of every slice, are read in tiles of LANES
 * lanes and ROWS rows. While a tile is scanned into lanes, the slots of the tile before are counted:
 * that is limited by the stores, as in `_count_kernel.c`, and scanning fits in between. The moments
 * of the whole are those of its lanes, so that nothing is scanned twice.
 */
#define LANES 128 /* of a tile: what is worked on stays in the innermost cache */
#define ROWS 8
#define LEAST_ROWS 16 /* rows from which on lanes pay */

#include "_count_split.h"

#include "_count_ieee.h"
#include "_count_job.h"
#include "_count_lanes.h"

#if defined(VARIANTS)

#define TILE (LANES * ROWS)

/* The smallest slots but those of the zeros, less 1 and less SIGN_SLOT + 1. */
typedef struct { __m256i positive, negative; } least_slots;

/* Slots that wait to be counted. */
typedef struct {
    const uint16_t *slots;
    int count, done;
} waiting;

/* 8 values in their order. */
WITH_AVX2 __m256 load_8(int dtype, const unsigned char *at) {
    if (dtype == FLOAT32) return _mm256_loadu_ps((const float *)(const void *)at);
    const __m128i raw = _mm_loadu_si128((const __m128i *)(const void *)at);
    if (dtype == FLOAT16) return _mm256_cvtph_ps(raw);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(raw), 16));
}

WITH_AVX2 void note_least(least_slots *least, __m256i slots) {
    least->positive = _mm256_min_epu16(least->positive, _mm256_sub_epi16(slots, _mm256_set1_epi16(1)));
    least->negative = _mm256_min_epu16(
        least->negative, _mm256_sub_epi16(slots, _mm256_set1_epi16(SIGN_SLOT + 1)));
}

WITH_AVX2 void count_waiting_16(workspace *ws, waiting *before) {
    if (before->done + 16 > before->count) return;
    fill_16(ws, before->slots + before->done);
    before->done += 16;
}

/* Scan `m` lanes of `rows` rows, write their slots, and count those of the tile before. The tile
 * after lies `ahead` bytes further: no prefetcher of a processor finds it by itself. */
WITH_AVX2 void scan_tile(int dtype, int rows, const unsigned char *const *data, int64_t ahead,
                         int m, lane_sums *l, uint16_t *slots, least_slots *seen,
                         const waiting *begun, workspace *ws) {
    const int item = ITEM_SIZES[dtype];
    const __m256 none = _mm256_setzero_ps();
    /* In registers: what is stored below could be any memory, and each value would wait for it. */
    least_slots least = *seen;
    waiting before = *begun;
    for (int i = 0; i < m; i += 8) {
        if ((i * item & 63) == 0)
            for (int k = 0; k < rows; k++) PREFETCH(data[k] + i * item + ahead);
        __m256 min = _mm256_loadu_ps(l->min + i), max = _mm256_loadu_ps(l->max + i);
        __m256i zeros = load_32_bytes((const unsigned char *)(l->zeros + i)), last = zeros;
        __m256d low = _mm256_loadu_pd(l->sum + i), high = _mm256_loadu_pd(l->sum + i + 4);
        __m256d low_sq = _mm256_loadu_pd(l->sum_sq + i), high_sq = _mm256_loadu_pd(l->sum_sq + i + 4);
        UNROLL
        for (int k = 0; k < rows; k++) {
            const __m256 values = load_8(dtype, data[k] + i * item);
            const __m256i found = _mm256_srli_epi32(_mm256_castps_si256(values), SLOT_SHIFT);
            const __m256d a = _mm256_cvtps_pd(_mm256_castps256_ps128(values));
            const __m256d b = _mm256_cvtps_pd(_mm256_extractf128_ps(values, 1));
            min = _mm256_min_ps(values, min);
            max = _mm256_max_ps(values, max);
            zeros = _mm256_sub_epi32(zeros, _mm256_castps_si256(_mm256_cmp_ps(values, none, _CMP_EQ_OQ)));
            low = _mm256_add_pd(low, a);
            high = _mm256_add_pd(high, b);
            low_sq = _mm256_fmadd_pd(a, a, low_sq);
            high_sq = _mm256_fmadd_pd(b, b, high_sq);
            if (k & 1) {
                const __m256i pair = _mm256_packus_epi32(last, found);
                note_least(&least, pair);
                _mm256_storeu_si256((__m256i *)(void *)slots, pair);
                slots += 16;
                count_waiting_16(ws, &before);
            } else if (k == rows - 1) {
                const __m256i alone = _mm256_packus_epi32(found, found);
                note_least(&least, alone);
                _mm_storeu_si128((__m128i *)(void *)slots,
                                 _mm_packus_epi32(_mm256_castsi256_si128(found),
                                                  _mm256_extracti128_si256(found, 1)));
                slots += 8;
                count_waiting_16(ws, &before);
            }
            last = found;
        }
        _mm256_storeu_ps(l->min + i, min);
        _mm256_storeu_ps(l->max + i, max);
        _mm256_storeu_si256((__m256i *)(void *)(l->zeros + i), zeros);
        _mm256_storeu_pd(l->sum + i, low);
        _mm256_storeu_pd(l->sum + i + 4, high);
        _mm256_storeu_pd(l->sum_sq + i, low_sq);
        _mm256_storeu_pd(l->sum_sq + i + 4, high_sq);
    }
    fill_tables(ws, before.slots + before.done, before.count - before.done);
    *seen = least;
}

/* ---- lanes of a tensor ---- */

/* What counting a tensor keeps from tile to tile. */
typedef struct {
    const unsigned char *data;
    int dtype;
    int64_t width, rows;
    uint16_t room[2][TILE + 32];
    int turn;
    waiting before;
    least_slots least;
    lane_sums lanes;
    workspace *ws;
} pass;

WITH_AVX2 void scan_rows(pass *p, int64_t from, int m, int dtype) {
    const int64_t item = ITEM_SIZES[dtype], step = p->width * item;
    const unsigned char *at = p->data + from * item;
    for (int64_t row = 0; row < p->rows; row += ROWS) {
        const int rows = p->rows - row < ROWS ? (int)(p->rows - row) : ROWS;
        const unsigned char *data[ROWS];
        uint16_t *slots = p->room[p->turn];
        for (int k = 0; k < rows; k++, at += step) data[k] = at;
        const int64_t ahead = row + ROWS < p->rows ? ROWS * step : LANES * item - row * step;
        if (rows == ROWS)
            scan_tile(dtype, ROWS, data, ahead, m, &p->lanes, slots, &p->least, &p->before, p->ws);
        else scan_tile(dtype, rows, data, ahead, m, &p->lanes, slots, &p->least, &p->before, p->ws);
        p->before = (waiting){slots, m * rows, 0};
        p->turn ^= 1;
    }
}
#define SCAN_ROWS(NAME, TARGET)                                                                  \
    __attribute__((target(TARGET))) static void NAME(pass *p, int64_t from, int m) {              \
        if (p->dtype == FLOAT32) scan_rows(p, from, m, FLOAT32);                                 \
        else if (p->dtype == FLOAT16) scan_rows(p, from, m, FLOAT16);                            \
        else scan_rows(p, from, m, BFLOAT16);                                                    \
    }
SCAN_ROWS(scan_rows_avx2, AVX2)
SCAN_ROWS(scan_rows_avx512, AVX512)

/* Lanes with values that are not finite: once more, one value after the other. */
static void scan_carefully(pass *p, int64_t from, int m, job *j) {
    const int item = ITEM_SIZES[p->dtype];
    uint32_t kept[CHUNK];
    clear_lanes(&p->lanes, m);
    for (int64_t row = 0; row < p->rows; row++) {
        const unsigned char *at = p->data + (row * p->width + from) * item;
        add_one_carefully(&p->lanes, p->dtype, at, m);
        drop_non_finite(j, at, m, kept);
    }
}

/* Values of each slice that lie side by side. */
static int64_t inner_values(const slice_job *slices) {
    const int last = slices->dims - 1;
    return last >= 0 && slices->strides[last] == 1 ? slices->sizes[last] : 1;
}

/* Fold a tile's lanes into their slices, run by run, and add up its sums. */
static void note_lanes(job *j, int64_t from, int m, const lane_sums *l) {
    const int64_t inner = inner_values(j->slices);
    int64_t left = inner - from % inner;
    slice_sums *into = &j->slices->found[from / inner];
    double sum = 0.0, sum_sq = 0.0;
    for (int i = 0; i < m; into++, left = inner) {
        const int end = m - i < left ? m : i + (int)left;
        slice_sums run = *into;
        for (; i < end; i++) {
            sum += l->sum[i];
            sum_sq += l->sum_sq[i];
            fold_lane(l, i, &run);
        }
        *into = run;
    }
    add_compensated(&j->sum, &j->sum_lost, sum);
    add_compensated(&j->sum_sq, &j->sum_sq_lost, sum_sq);
}

/* The whole's totals but for the kinds of non-finite values, which are counted as they are met. */
static void note_whole(job *j, const slice_job *slices, const least_slots *least) {
    uint16_t positive[16], negative[16];
    int spoilt = 0;
    memcpy(positive, &least->positive, sizeof positive);
    memcpy(negative, &least->negative, sizeof negative);
    for (int k = 1; k < 16; k++) {
        if (positive[k] < positive[0]) positive[0] = positive[k];
        if (negative[k] < negative[0]) negative[0] = negative[k];
    }
    for (int64_t k = 0; k < slices->slices; k++) {
        const slice_sums *found = &slices->found[k];
        j->zeros += found->zeros;
        spoilt |= found->non_finite != 0;
        /* A zero has no sign. */
        if (found->min < j->min) j->min = found->min + 0.0;
        if (found->max > j->max) j->max = found->max + 0.0;
    }
    /* Slots of values that are not finite hold something too, until they are joined. */
    const uint32_t end = SIGN_SLOT - 1;
    if (positive[0] < end)
        j->pos = (span){positive[0] + 1u,
                        spoilt ? end : float_to_bits((float)j->max) >> SLOT_SHIFT};
    if (negative[0] < end)
        j->neg = (span){negative[0] + SIGN_SLOT + 1u,
                        spoilt ? SIGN_SLOT + end : float_to_bits((float)j->min) >> SLOT_SHIFT};
}

int can_count_together(const job *j, const slice_job *slices) {
    const int64_t inner = inner_values(slices), width = slices->slices * inner;
    const int outer = slices->dims - (inner > 1);
    if (j->dtype == FLOAT64 || j->scheme->linear || strcmp(variant_name(), "portable") == 0) return 0;
    if (slices->repeat != 1 || slices->slice_stride != inner || width % 8) return 0;
    return outer == 1 && slices->strides[0] == width && slices->sizes[0] * width == j->n &&
           slices->sizes[0] >= LEAST_ROWS;
}

void take_rows(job *j, int part, int parts) {
    slice_job *slices = j->slices;
    const int64_t rows = slices->sizes[0], width = j->n / rows, share = (rows + parts - 1) / parts;
    const int64_t from = part * share < rows ? part * share : rows;
    slices->sizes[0] = rows - from < share ? rows - from : share;
    j->data += from * width * ITEM_SIZES[j->dtype];
    j->n = slices->sizes[0] * width;
}

void count_together(job *j) {
    const int avx512 = strcmp(variant_name(), "avx512") == 0;
    const uint64_t before = enter_ieee();
    slice_job *slices = j->slices;
    const int64_t width = slices->slices * inner_values(slices);
    pass p;
    p.data = j->data;
    p.dtype = j->dtype;
    p.width = width;
    p.rows = slices->sizes[0];
    p.turn = 0;
    p.before = (waiting){p.room[1], 0, 0};
    memset(&p.least, 0xff, sizeof p.least);
    p.ws = j->ws;
    clear_slices(slices);
    for (int64_t at = 0; at < width; at += LANES) {
        const int m = width - at < LANES ? (int)(width - at) : LANES;
        clear_lanes(&p.lanes, m);
        if (avx512) scan_rows_avx512(&p, at, m);
        else scan_rows_avx2(&p, at, m);
        if (!all_finite(&p.lanes, m)) scan_carefully(&p, at, m, j);
        note_lanes(j, at, m, &p.lanes);
    }
    fill_tables(j->ws, p.before.slots, p.before.count);
    note_whole(j, slices, &p.least);
    finish_job(j);
    leave_ieee(before);
}
#else
int can_count_together(const job *j, const slice_job *slices) {
    (void)j;
    (void)slices;
    return 0;
}

void take_rows(job *j, int part, int parts) { (void)j, (void)part, (void)parts; }

void count_together(job *j) { (void)j; }
#endif

/* Counts one job: a dense block of memory into a workspace, chunk by chunk, in every instruction set.
 *
 * A chunk of one and the same value (a collapsed layer) is found by memcmp and added at once. The
 * range of slots seen bounds what is added up and cleared, so small tensors stay cheap.
 */
#include "_count_chunks.h"
#include "_count_ieee.h"
#include "_count_job.h"
#include "_count_linear.h"

typedef chunk_scan (*stepper)(int dtype, const unsigned char *data, int m, uint16_t *slots,
                              const uint16_t *before, workspace *ws);

/* ---- what is known of a job ---- */

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

/* ---- tables ---- */

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

void finish_job(job *j) {
    note_spans(j);
    for (int k = 0; k < j->spans; k++) join_range(j->ws, j->all[k].lo, j->all[k].hi);
}

/* ---- values ---- */

/* Totals, moments and slots of a chunk of finite values. */
INLINE void note_scan(job *j, const chunk_scan *found) {
    add_compensated(&j->sum, &j->sum_lost, found->sum);
    add_compensated(&j->sum_sq, &j->sum_sq_lost, found->sum_sq);
    j->zeros += found->range.zeros;
    note_float_extremes(j, &found->range);
    note_slots(j, &found->range);
}

/* Whether all m values of a chunk lie in the slot of any one of them. */
INLINE int in_one_slot(const bit_range *r, int m) {
    if (r->zeros) return r->zeros == (uint32_t)m && (r->umax == 0 || r->smax == INT32_MIN);
    if (r->smax < 0) return ((uint32_t)r->smin_nonzero + 1) >> SLOT_SHIFT == r->umax >> SLOT_SHIFT;
    return (r->umin_nonzero + 1) >> SLOT_SHIFT == r->umax >> SLOT_SHIFT;
}

static void fill_linear(job *j, const unsigned char *data, int m) {
    uint32_t bits[CHUNK];
    uint16_t keys[CHUNK];
    float values[CHUNK];
    read_chunk(j->dtype, data, m, bits);
    memcpy(values, bits, (size_t)m * sizeof *values);
    floats_to_keys(j->scheme, values, m, keys);
    fill_tables(j->ws, keys, m);
}

/* m times one value: its sums are m times its own. */
static void count_repeated(job *j, const unsigned char *data, int m) {
    uint16_t slot;
    chunk_scan found = step_portable(j->dtype, data, 1, &slot, NULL, NULL);
    if ((slot & (SIGN_SLOT - 1)) >= FINITE_SLOTS) {
        uint32_t bits;
        read_chunk(j->dtype, data, 1, &bits);
        if ((bits & 0x7fffffffu) > 0x7f800000u) j->nans += m;
        else if (bits >> 31) j->neg_infs += m;
        else j->pos_infs += m;
        return;
    }
    found.sum *= m;
    found.sum_sq *= m;
    found.range.zeros *= (uint32_t)m;
    note_scan(j, &found);
    if (j->scheme->linear) {
        const float value = (float)found.sum / (float)m;
        floats_to_keys(j->scheme, &value, 1, &slot);
    }
    j->ws->tables[0][slot] += (uint32_t)m;
}

INLINE int is_repeated(const unsigned char *data, int m, int item) {
    return memcmp(data, data + item, (size_t)(m - 1) * (size_t)item) == 0;
}

/* The slots of a whole chunk wait to be counted until the next chunk is scanned. */
INLINE void count_floats(job *j, stepper step) {
    uint16_t room[2][CHUNK + 32]; /* apart by no multiple of a page */
    uint32_t kept[CHUNK];
    const uint16_t *before = NULL;
    const int item = ITEM_SIZES[j->dtype];
    for (int64_t at = 0; at < j->n; at += CHUNK) {
        const unsigned char *data = j->data + at * item;
        int m = j->n - at < CHUNK ? (int)(j->n - at) : CHUNK;
        if (is_repeated(data, m, item)) {
            count_repeated(j, data, m);
            continue;
        }
        uint16_t *slots = before == room[0] ? room[1] : room[0];
        chunk_scan found = step(j->dtype, data, m, slots, before, j->ws);
        before = NULL;
        if (found.range.smax >= 0x7f800000 || found.range.umax >= 0xff800000u) {
            m = drop_non_finite(j, data, m, kept);
            if (m == 0) continue;
            data = (const unsigned char *)kept;
            found = step(j->dtype, data, m, slots, NULL, j->ws);
        }
        note_scan(j, &found);
        if (j->scheme->linear) fill_linear(j, data, m);
        else if (in_one_slot(&found.range, m)) j->ws->tables[0][slots[0]] += (uint32_t)m;
        else if (m == CHUNK) before = slots;
        else fill_tables(j->ws, slots, m);
    }
    if (before != NULL) fill_tables(j->ws, before, CHUNK);
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

/* float64 is rare: one step after the other. */
INLINE void count_double_chunk(job *j, const unsigned char *data, int m) {
    double values[CHUNK];
    uint32_t bits[CHUNK];
    uint16_t slots[CHUNK];
    memcpy(values, data, (size_t)m * sizeof *values);
    uint64_t finite = 1;
    for (int i = 0; i < m; i++) finite &= fabs(values[i]) < (double)INFINITY;
    if (!finite) m = drop_non_finite_doubles(j, values, m);
    if (m < 1) return;
    scan_doubles(j, values, m);
    if (j->scheme->linear) {
        doubles_to_keys(j->scheme, values, m, slots);
        fill_tables(j->ws, slots, m);
        return;
    }
    doubles_to_bits(values, m, bits);
    bit_range range = scan_bits(bits, m);
    for (int i = 0; i < m; i++) slots[i] = (uint16_t)(bits[i] >> SLOT_SHIFT);
    note_slots(j, &range);
    fill_tables(j->ws, slots, m);
}

INLINE void count_doubles(job *j) {
    for (int64_t at = 0; at < j->n; at += CHUNK)
        count_double_chunk(j, j->data + at * ITEM_SIZES[FLOAT64],
                           j->n - at < CHUNK ? (int)(j->n - at) : CHUNK);
}

/* ---- one job, in every instruction set ---- */

INLINE void run(job *j, stepper step) {
    if (j->dtype == FLOAT64) count_doubles(j);
    else count_floats(j, step);
    finish_job(j);
}

static chunk_scan step_anywhere(int dtype, const unsigned char *data, int m, uint16_t *slots,
                                const uint16_t *before, workspace *ws) {
    return step_portable(dtype, data, m, slots, before, ws);
}

static void run_portable(job *j) { run(j, step_anywhere); }
#if defined(VARIANTS)
__attribute__((target(AVX2))) static void run_avx2(job *j) { run(j, step_avx2); }
__attribute__((target(AVX512))) static void run_avx512(job *j) { run(j, step_avx512); }
#endif

static void (*run_selected)(job *) = run_portable;
static const char *selected_name = "portable";

static int use(void (*variant)(job *), const char *name) {
    run_selected = variant;
    selected_name = name;
    return 1;
}

#if defined(VARIANTS)
/* Half-precision conversion. __builtin_cpu_supports knows its name in gcc, but not in Apple's clang. */
static int has_f16c(void) {
    unsigned a, b, c = 0, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}
#endif

int choose_variant(const char *wanted) {
    const int best = wanted[0] == '\0';
#if defined(VARIANTS)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               has_f16c() && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (avx512 && (best || strcmp(wanted, "avx512") == 0)) return use(run_avx512, "avx512");
    if (avx2 && (best || strcmp(wanted, "avx2") == 0)) return use(run_avx2, "avx2");
#endif
    return (best || strcmp(wanted, "portable") == 0) && use(run_portable, "portable");
}

const char *variant_name(void) { return selected_name; }

void count_job(job *j) {
    uint64_t before = enter_ieee();
    run_selected(j);
    leave_ieee(before);
}

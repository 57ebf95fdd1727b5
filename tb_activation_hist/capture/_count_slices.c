/* Adds up the slices of a strided tensor without copying it.
 *
 * Values go into lanes: arrays of minima, maxima, sums ... that are updated side by side, one value
 * each, which vectorises whatever a slice's layout is.
 * - Where the slices and their innermost values lie side by side in memory (features, channels of
 *   either memory format, heads), a lane is a place in that row, and the rows are added one by one.
 * - Elsewhere a slice's values are taken a chunk at a time, in place or gathered, and the lanes are
 *   folded into one after each chunk.
 * Non-finite values are noticed afterwards, since they spoil a sum of squares: those lanes are then
 * added up again by the careful way.
 */
#define LANES 512

#include "_count_slices.h"

#include "_count_ieee.h"
#include "_count_lanes.h"

#define ROWS 4               /* rows that are added together */
#define CHUNK_LANES 64       /* lanes of a chunk of one slice */
#define LEAST_ROWS 16        /* rows from which on lanes of a long row pay */
#define SHORT_ROW 256        /* innermost values up to which they always do */
#define LEAST_RUN 64         /* neighbours from which on they are read in place */

/* Adds some rows of `m` values to lanes. */
typedef void (*adder)(lane_sums *lanes, int dtype, const unsigned char *const *rows, int count,
                      int m);

/* ---- lanes ---- */

INLINE void add_floats(lane_sums *RESTRICT l, const float *RESTRICT values, int m) {
    for (int i = 0; i < m; i++) {
        l->min[i] = values[i] < l->min[i] ? values[i] : l->min[i];
        l->max[i] = values[i] > l->max[i] ? values[i] : l->max[i];
        l->zeros[i] += values[i] == 0.0f;
    }
    for (int i = 0; i < m; i++) {
        const double value = (double)values[i];
        l->sum[i] += value;
        l->sum_sq[i] += value * value;
    }
}

/* The lanes are read and written once for all rows: that is what takes the time. */
INLINE void add_four(lane_sums *RESTRICT l, const float *RESTRICT a, const float *RESTRICT b,
                     const float *RESTRICT c, const float *RESTRICT d, int m) {
    for (int i = 0; i < m; i++) {
        const float low_ab = a[i] < b[i] ? a[i] : b[i], low_cd = c[i] < d[i] ? c[i] : d[i];
        const float high_ab = a[i] > b[i] ? a[i] : b[i], high_cd = c[i] > d[i] ? c[i] : d[i];
        const float low = low_ab < low_cd ? low_ab : low_cd;
        const float high = high_ab > high_cd ? high_ab : high_cd;
        l->min[i] = low < l->min[i] ? low : l->min[i];
        l->max[i] = high > l->max[i] ? high : l->max[i];
        l->zeros[i] += (uint32_t)(a[i] == 0.0f) + (uint32_t)(b[i] == 0.0f) +
                       (uint32_t)(c[i] == 0.0f) + (uint32_t)(d[i] == 0.0f);
    }
    for (int i = 0; i < m; i++) {
        const double w = (double)a[i], x = (double)b[i], y = (double)c[i], z = (double)d[i];
        l->sum[i] += (w + x) + (y + z);
        l->sum_sq[i] += (w * w + x * x) + (y * y + z * z);
    }
}

/* A row as float32: where it lies, or widened into `room`. */
INLINE const float *to_floats(int dtype, const unsigned char *row, int m, float *room) {
    uint32_t bits[LANES];
    if (dtype == FLOAT32) return (const float *)(const void *)row;
    read_chunk(dtype, row, m, bits);
    memcpy(room, bits, (size_t)m * sizeof *room);
    return room;
}

INLINE void add_any(lane_sums *l, int dtype, const unsigned char *const *rows, int count, int m) {
    float room[ROWS][LANES];
    const float *values[ROWS];
    for (int k = 0; k < count; k++) values[k] = to_floats(dtype, rows[k], m, room[k]);
    if (count == ROWS) add_four(l, values[0], values[1], values[2], values[3], m);
    else for (int k = 0; k < count; k++) add_floats(l, values[k], m);
}

static void add_portable(lane_sums *l, int dtype, const unsigned char *const *rows, int count,
                         int m) {
    add_any(l, dtype, rows, count, m);
}
#if defined(VARIANTS)
__attribute__((target(AVX2))) static void add_avx2(lane_sums *l, int dtype,
                                                   const unsigned char *const *rows, int count,
                                                   int m) {
    add_any(l, dtype, rows, count, m);
}
__attribute__((target(AVX512))) static void add_avx512(lane_sums *l, int dtype,
                                                       const unsigned char *const *rows, int count,
                                                       int m) {
    add_any(l, dtype, rows, count, m);
}
#endif

static adder choose_adder(void) {
#if defined(VARIANTS)
    if (strcmp(variant_name(), "avx512") == 0) return add_avx512;
    if (strcmp(variant_name(), "avx2") == 0) return add_avx2;
#endif
    return add_portable;
}

static void add_carefully(lane_sums *l, int dtype, const unsigned char *const *rows, int count,
                          int m) {
    for (int k = 0; k < count; k++) add_one_carefully(l, dtype, rows[k], m);
}

/* ---- places in memory ---- */

/* Go to the next place of the first `dims` dimensions: 0 after the last one. */
INLINE int advance(const slice_job *job, int dims, int64_t *index, int64_t *offset) {
    for (int d = dims - 1; d >= 0; d--) {
        *offset += job->strides[d];
        if (++index[d] < job->sizes[d]) return 1;
        *offset -= job->strides[d] * job->sizes[d];
        index[d] = 0;
    }
    return 0;
}

static void insert_dimension(slice_job *job, int64_t size, int64_t stride) {
    int at = job->dims++;
    for (; at > 0 && job->strides[at - 1] < stride; at--) {
        job->sizes[at] = job->sizes[at - 1];
        job->strides[at] = job->strides[at - 1];
    }
    job->sizes[at] = size;
    job->strides[at] = stride;
}

/* Neighbouring dimensions that are one in memory become one. */
static void join_dimensions(slice_job *job) {
    int last = 0;
    for (int d = 1; d < job->dims; d++) {
        if (job->strides[last] == job->strides[d] * job->sizes[d]) {
            job->sizes[last] *= job->sizes[d];
            job->strides[last] = job->strides[d];
        } else {
            last++;
            job->sizes[last] = job->sizes[d];
            job->strides[last] = job->strides[d];
        }
    }
    if (job->dims) job->dims = last + 1;
}

void arrange_slices(slice_job *job, int rank, const int64_t *shape, const int64_t *strides,
                    int dim) {
    job->slices = shape[dim];
    job->slice_stride = strides[dim];
    job->dims = 0;
    job->repeat = 1;
    for (int d = 0; d < rank; d++) {
        if (d == dim || shape[d] == 1) continue;
        if (strides[d] == 0) job->repeat *= shape[d];
        else insert_dimension(job, shape[d], strides[d]);
    }
    join_dimensions(job);
}

int64_t slice_values(const slice_job *job) {
    int64_t values = 1;
    for (int d = 0; d < job->dims; d++) values *= job->sizes[d];
    return values;
}

/* ---- rows of slices side by side ---- */

/* Add lanes [from, from + m) of every row; a row holds `inner` values of each slice in turn. */
static void add_rows(const slice_job *job, int dims, int64_t from, int m, lane_sums *l, adder add) {
    const int item = ITEM_SIZES[job->dtype];
    const unsigned char *rows[ROWS];
    int64_t index[MAX_DIMS] = {0}, offset = 0;
    int count = 0;
    clear_lanes(l, m);
    do {
        rows[count++] = job->data + (offset + from) * item;
        if (count < ROWS) continue;
        add(l, job->dtype, rows, count, m);
        count = 0;
    } while (advance(job, dims, index, &offset));
    if (count) add(l, job->dtype, rows, count, m);
}

static void count_rows(const slice_job *job, int dims, int64_t inner, lane_sums *l, adder add) {
    const int64_t width = job->slices * inner;
    for (int64_t from = 0; from < width; from += LANES) {
        const int m = width - from < LANES ? (int)(width - from) : LANES;
        add_rows(job, dims, from, m, l, add);
        if (add != add_carefully && !all_finite(l, m))
            add_rows(job, dims, from, m, l, add_carefully);
        for (int i = 0; i < m; i++) fold_lane(l, i, &job->found[(from + i) / inner]);
    }
}

/* ---- one slice after the other ---- */

static void add_lines(lane_sums *l, int dtype, const unsigned char *data, int m, adder add) {
    const int line = CHUNK_LANES * ITEM_SIZES[dtype], lines = m / CHUNK_LANES;
    const unsigned char *rows[ROWS];
    clear_lanes(l, CHUNK_LANES);
    for (int from = 0; from < lines; from += ROWS) {
        const int count = lines - from < ROWS ? lines - from : ROWS;
        for (int k = 0; k < count; k++) rows[k] = data + (from + k) * line;
        add(l, dtype, rows, count, CHUNK_LANES);
    }
    rows[0] = data + lines * line;
    if (m % CHUNK_LANES) add(l, dtype, rows, 1, m % CHUNK_LANES);
}

static void add_chunk(lane_sums *l, int dtype, const unsigned char *data, int m, adder add,
                      slice_sums *into) {
    add_lines(l, dtype, data, m, add);
    if (add != add_carefully && !all_finite(l, CHUNK_LANES))
        add_lines(l, dtype, data, m, add_carefully);
    for (int i = 0; i < CHUNK_LANES && i < m; i++) fold_lane(l, i, into);
}

static void add_run(lane_sums *l, int dtype, const unsigned char *data, int64_t n, adder add,
                    slice_sums *into) {
    for (int64_t at = 0; at < n; at += CHUNK)
        add_chunk(l, dtype, data + at * ITEM_SIZES[dtype], n - at < CHUNK ? (int)(n - at) : CHUNK,
                  add, into);
}

/* The innermost values of a slice are neighbours: read them where they lie. */
static void count_runs(const slice_job *job, lane_sums *l, adder add) {
    const int item = ITEM_SIZES[job->dtype], dims = job->dims - 1;
    for (int64_t slice = 0; slice < job->slices; slice++) {
        int64_t index[MAX_DIMS] = {0}, offset = slice * job->slice_stride;
        do add_run(l, job->dtype, job->data + offset * item, job->sizes[dims], add,
                   &job->found[slice]);
        while (advance(job, dims, index, &offset));
    }
}

/* Any other layout: gather a chunk of a slice's values. */
static void count_gathered(const slice_job *job, lane_sums *l, adder add) {
    const int item = ITEM_SIZES[job->dtype];
    unsigned char chunk[CHUNK * sizeof(double)];
    for (int64_t slice = 0; slice < job->slices; slice++) {
        int64_t index[MAX_DIMS] = {0}, offset = slice * job->slice_stride;
        int m = 0;
        do {
            memcpy(chunk + m * item, job->data + offset * item, (size_t)item);
            if (++m < CHUNK) continue;
            add_chunk(l, job->dtype, chunk, m, add, &job->found[slice]);
            m = 0;
        } while (advance(job, job->dims, index, &offset));
        if (m) add_chunk(l, job->dtype, chunk, m, add, &job->found[slice]);
    }
}

/* ---- one job ---- */

static void count_arranged(const slice_job *job, lane_sums *lanes) {
    const adder add = job->dtype == FLOAT64 ? add_carefully : choose_adder();
    const int last = job->dims - 1, dense = job->dims > 0 && job->strides[last] == 1;
    const int64_t inner = dense && job->slice_stride == job->sizes[last] ? job->sizes[last] : 1;
    const int side_by_side = job->slice_stride == inner;
    const int64_t rows = slice_values(job) / inner;
    if (side_by_side && (inner <= SHORT_ROW || rows >= LEAST_ROWS))
        count_rows(job, inner > 1 ? last : job->dims, inner, lanes, add);
    else if (dense && job->sizes[last] >= LEAST_RUN)
        count_runs(job, lanes, add);
    else
        count_gathered(job, lanes, add);
}

void clear_slices(slice_job *job) {
    for (int64_t slice = 0; slice < job->slices; slice++)
        job->found[slice] = (slice_sums){0, 0, (double)INFINITY, -(double)INFINITY, 0.0, 0.0};
}

void count_slices(slice_job *job) {
    lane_sums lanes;
    const uint64_t before = enter_ieee();
    clear_slices(job);
    if (slice_values(job)) count_arranged(job, &lanes);
    leave_ieee(before);
}

/* What the parts of the counting extension share: `_count.c` is the Python module, and
 * `_count_kernel.c` counts, with what `_count_chunks.h` does to a chunk of values. */
#ifndef TB_ACTIVATION_HIST_COUNT_H
#define TB_ACTIVATION_HIST_COUNT_H

#include <stdint.h>

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define RESTRICT __restrict__
#define HIDDEN __attribute__((visibility("hidden")))
#else
#define INLINE static __forceinline
#define RESTRICT __restrict
#define HIDDEN
#endif

#define CHUNK 1024             /* values handled together: 4 kB of float32 */
#define TABLES 8               /* private count tables */
#define FLOAT_SLOTS 8192
#define STRIDE (FLOAT_SLOTS + 144)  /* keeps equal slots of the tables out of one cache set */
#define SLOT_SHIFT 19
#define SIGN_SLOT 4096
#define FINITE_SLOTS 4080      /* slots of one sign below the exponent of inf and NaN */

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

struct slice_job;

/* One thread's part of a count; `count_job` leaves the counts in the first of the tables. */
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
    struct slice_job *slices; /* counted in the same pass; NULL where they are not */
} job;

/* Count one job's values, with the instruction set that is in use. */
HIDDEN void count_job(job *j);

/* Add up the tables of a job whose slots are known: `count_job` ends with it. */
HIDDEN void finish_job(job *j);

/* Choose an instruction set by name ("" for the best here): 0 when it is not to be had. */
HIDDEN int choose_variant(const char *wanted);

/* The name of the instruction set in use. */
HIDDEN const char *variant_name(void);

#endif

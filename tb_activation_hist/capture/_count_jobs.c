/* Shares a count among the threads of a team, each with a workspace, and adds up what they found. */
#include "_count_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "_count_job.h"
#include "_count_split.h"

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#define TEAMS 1
#endif

#define MAX_POOLED MAX_THREADS

/* ---- threads ---- */

static void run_job(job *j) {
    if (j->slices != NULL) count_together(j);
    else count_job(j);
}

#if defined(TEAMS)
/* What compilers call where a parallel region begins, in every OpenMP library. */
typedef void (*region)(void (*work)(void *), void *argument, unsigned threads, unsigned flags);

static region run_region;

/* Torch's operations run in teams of this library. Between two of them the threads stay awake for
 * some milliseconds, so that they are at work at once: a thread of our own would first be woken, and
 * then share a core with one of theirs. */
static void find_region(void) {
    if (run_region != NULL) return;
    void *found = dlsym(RTLD_DEFAULT, "GOMP_parallel");
    memcpy(&run_region, &found, sizeof run_region);
}

typedef struct {
    job *jobs;
    int count, next;
} shared_jobs;

/* What each thread of a team does, however many there are. */
static void run_shared(void *argument) {
    shared_jobs *shared = argument;
    for (int k; (k = __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED)) < shared->count;)
        run_job(&shared->jobs[k]);
}

void run_jobs(job *jobs, int count) {
    shared_jobs shared = {jobs, count, 0};
    /* Of the size that torch has chosen: libgomp ends threads that a smaller team has no use for. */
    if (count > 1 && run_region != NULL) run_region(run_shared, &shared, 0, 0);
    else run_shared(&shared);
}
#else
static void find_region(void) {}

void run_jobs(job *jobs, int count) {
    for (int k = 0; k < count; k++) run_job(&jobs[k]);
}
#endif

/* ---- workspaces: a small pool, guarded by the GIL ---- */

static workspace *pool[MAX_POOLED];
static int pooled = 0;

static workspace *take_workspace(void) {
    return pooled ? pool[--pooled] : calloc(1, sizeof(workspace));
}

static void give_workspace(workspace *ws) {
    if (pooled < MAX_POOLED) pool[pooled++] = ws;
    else free(ws);
}

/* ---- results ---- */

static void merge_counts(job *j, int32_t *row, int64_t repeat) {
    uint32_t *found = j->ws->tables[0];
    for (int k = 0; k < j->spans; k++) {
        for (uint32_t slot = j->all[k].lo; slot <= j->all[k].hi; slot++) {
            row[slot] = (int32_t)((uint32_t)row[slot] + found[slot] * (uint32_t)repeat);
            found[slot] = 0;
        }
    }
}

static void merge_job(job *j, int32_t *row, int64_t *totals, double *moments, int64_t repeat) {
    merge_counts(j, row, repeat);
    totals[0] += j->n * repeat;
    totals[1] += j->zeros * repeat;
    totals[2] += j->nans * repeat;
    totals[3] += j->pos_infs * repeat;
    totals[4] += j->neg_infs * repeat;
    if (j->min < moments[0]) moments[0] = j->min;
    if (j->max > moments[1]) moments[1] = j->max;
}

void merge_jobs(job *jobs, int count, int32_t *row, int64_t *totals, double *moments,
                int64_t repeat) {
    double sum = 0.0, sum_lost = 0.0, sum_sq = 0.0, sum_sq_lost = 0.0;
    for (int k = 0; k < count; k++) {
        job *j = &jobs[k];
        merge_job(j, row, totals, moments, repeat);
        add_compensated(&sum, &sum_lost, j->sum);
        add_compensated(&sum_sq, &sum_sq_lost, j->sum_sq);
        sum_lost += j->sum_lost;
        sum_sq_lost += j->sum_sq_lost;
        give_workspace(j->ws);
    }
    moments[2] += (sum + sum_lost) * (double)repeat;
    moments[3] += (sum_sq + sum_sq_lost) * (double)repeat;
}

int prepare_jobs(job *jobs, int count, const job *whole) {
    if (count > 1) find_region();
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

/* Shares a count among threads, each with a workspace, and adds up what they found. */
#include "_count_jobs.h"

#include <stdlib.h>

#include "_count_split.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define THREADS 1
#endif

#define MAX_POOLED 8

/* ---- threads ---- */

static void *run_job(void *argument) {
    job *j = argument;
    if (j->slices != NULL) count_together(j);
    else count_job(j);
    return NULL;
}

void run_jobs(job *jobs, int count) {
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

/* ---- workspaces: a small pool, guarded by the GIL ---- */

static workspace *pool[MAX_POOLED];
static int pooled = 0;

static workspace *take_workspace(void) {
    return pooled ? pool[--pooled] : calloc(1, sizeof(workspace));
}

void give_workspace(workspace *ws) {
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

void merge_job(job *j, int32_t *row, int64_t *totals, double *moments, int64_t repeat) {
    merge_counts(j, row, repeat);
    totals[0] += j->n * repeat;
    totals[1] += j->zeros * repeat;
    totals[2] += j->nans * repeat;
    totals[3] += j->pos_infs * repeat;
    totals[4] += j->neg_infs * repeat;
    if (j->min < moments[0]) moments[0] = j->min;
    if (j->max > moments[1]) moments[1] = j->max;
    moments[2] += (j->sum + j->sum_lost) * (double)repeat;
    moments[3] += (j->sum_sq + j->sum_sq_lost) * (double)repeat;
}

int prepare_jobs(job *jobs, int count, const job *whole) {
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

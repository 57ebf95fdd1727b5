/* The jobs of one count: one for each thread. */
#ifndef TB_ACTIVATION_HIST_COUNT_JOBS_H
#define TB_ACTIVATION_HIST_COUNT_JOBS_H

#include "_count.h"

#define MAX_THREADS 16

/* Share a job among `count` jobs, with a workspace each: 0 when there is no memory. With the GIL. */
HIDDEN int prepare_jobs(job *jobs, int count, const job *whole);

/* Count all jobs, each but the first in a thread of its own. Without the GIL. */
HIDDEN void run_jobs(job *jobs, int count);

/* Add what a job has found to a row, `repeat` times, and leave its workspace empty. */
HIDDEN void merge_job(job *j, int32_t *row, int64_t *totals, double *moments, int64_t repeat);

/* Keep a workspace for the next count. With the GIL, which guards the pool. */
HIDDEN void give_workspace(workspace *ws);

#endif

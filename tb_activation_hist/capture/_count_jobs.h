/* The jobs of one count: one for each thread. */
#ifndef TB_ACTIVATION_HIST_COUNT_JOBS_H
#define TB_ACTIVATION_HIST_COUNT_JOBS_H

#include "_count.h"

#define MAX_THREADS 16

/* Share a job among `count` jobs, with a workspace each: 0 when there is no memory. With the GIL. */
HIDDEN int prepare_jobs(job *jobs, int count, const job *whole);

HIDDEN int find_team(void);

/* Count all jobs, in torch's threads where there are any. Without the GIL. */
HIDDEN void run_jobs(job *jobs, int count);

/* Add what all jobs have found to a row, `repeat` times, and keep their workspaces, emptied, for the
 * next count. The sums do not depend on the number of jobs, but for what rounding leaves of those
 * of chunks. With the GIL, which guards the workspaces. */
HIDDEN void merge_jobs(job *jobs, int count, int32_t *row, int64_t *totals, double *moments,
                       int64_t repeat);

#endif

/* Counts a tensor's bins and its slices in one pass, where its slices lie side by side in memory. */
#ifndef TB_ACTIVATION_HIST_COUNT_SPLIT_H
#define TB_ACTIVATION_HIST_COUNT_SPLIT_H

#include "_count_slices.h"

/* Whether one pass can count both, with the instruction set that is in use. */
HIDDEN int can_count_together(const job *j, const slice_job *slices);

/* Take part `part` of `parts` of a tensor that one pass can count, some of its rows; the job and
 * its slices are both of the whole tensor before. */
HIDDEN void take_rows(job *j, int part, int parts);

/* Count a job and its slices, which are emptied first. */
HIDDEN void count_together(job *j);

#endif

/* Counts the values on its standard input with the kernel alone, without Python: for processors and
 * sanitizers that have no Python to load the extension. Arguments: dtype code, instruction set.
 * Prints "zeros nans pos_infs neg_infs", then "slot count" for each occupied slot. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../../tb_activation_hist/capture/_count.h"

int main(int argc, char **argv) {
    static unsigned char data[1 << 20];
    if (argc != 3 || !choose_variant(argv[2])) return 2;
    const scheme float_bits = {0, 0, 0.0, 0.0};
    const int dtype = atoi(argv[1]);
    const size_t bytes = fread(data, 1, sizeof data, stdin);
    job j = {.data = data, .n = (int64_t)bytes / ITEM_SIZES[dtype], .dtype = dtype,
             .scheme = &float_bits, .pos = {UINT32_MAX, 0}, .neg = {UINT32_MAX, 0},
             .min = INFINITY, .max = -INFINITY};
    j.ws = calloc(1, sizeof *j.ws);
    if (j.ws == NULL) return 3;
    count_job(&j);
    printf("%lld %lld %lld %lld\n", (long long)j.zeros, (long long)j.nans, (long long)j.pos_infs,
           (long long)j.neg_infs);
    for (int slot = 0; slot < FLOAT_SLOTS; slot++)
        if (j.ws->tables[0][slot]) printf("%d %u\n", slot, j.ws->tables[0][slot]);
    free(j.ws);
    return 0;
}

/* Lays out the payload of a block of records, as `codec.py` describes it, without the GIL.
 *
 * numpy does the same in some forty calls a block, and holds the interpreter meanwhile, for which a
 * training then waits. The module knows nothing of numpy: Python hands over addresses, and stays
 * responsible for keeping the memory alive. Only what the limited API of Python 3.10 has is used.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TOTALS 5
#define MOMENTS 4
#define MAX_RECORDS 255
#define MAX_SPAN 65536 /* of the bins of a block: a block stores them as int16 */

/* One record, as Python packs it. */
typedef struct {
    int64_t step, wall_time; /* the bits of a double */
    int64_t bins, counts, entries, totals, moments; /* addresses of int64, or double, and a number */
} record;

typedef struct {
    const record *records;
    int64_t count; /* of records */
    int64_t low;   /* the smallest bin */
    int32_t *columns; /* of each bin from the smallest one on: its place among the occupied; -1 */
    int64_t span, occupied;
    uint64_t *changes; /* of the counts, bin by bin */
    int wide;          /* whether any count needs 64 bits */
    int width;         /* bytes of a change */
} block;

static const int64_t *bins_of(const record *r) { return (const int64_t *)(uintptr_t)r->bins; }
static const int64_t *counts_of(const record *r) { return (const int64_t *)(uintptr_t)r->counts; }

/* ---- numbers ---- */

/* Write the first bytes of all numbers, then all second bytes ...; the end of what was written. */
static unsigned char *shuffle(unsigned char *out, const uint64_t *numbers, int64_t n, int width) {
    for (int plane = 0; plane < width; plane++, out += n)
        for (int64_t k = 0; k < n; k++) out[k] = (unsigned char)(numbers[k] >> (8 * plane));
    return out;
}

static void to_differences(uint64_t *numbers, int64_t n) {
    for (int64_t k = n - 1; k > 0; k--) numbers[k] -= numbers[k - 1];
}

/* ---- bins and counts ---- */

/* Find the range of bins: 0 where it is none that a block holds. */
static int find_span(block *b) {
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int64_t k = 0; k < b->count; k++) {
        const record *r = &b->records[k];
        if (r->entries < 1) continue;
        const int64_t first = bins_of(r)[0], last = bins_of(r)[r->entries - 1];
        if (first < low) low = first;
        if (last > high) high = last;
    }
    if (high < low) return 1;
    if ((uint64_t)high - (uint64_t)low >= MAX_SPAN) return 0;
    b->low = low;
    b->span = high - low + 1;
    return 1;
}

/* Give each occupied bin its place: 0 where bins lie outside of the range. */
static int find_columns(block *b) {
    uint64_t largest = 0;
    for (int64_t k = 0; k < b->count; k++) {
        const record *r = &b->records[k];
        for (int64_t i = 0; i < r->entries; i++) {
            const uint64_t place = (uint64_t)(bins_of(r)[i] - b->low);
            if (place >= (uint64_t)b->span) return 0;
            b->columns[place] = 1;
            if ((uint64_t)counts_of(r)[i] > largest) largest = (uint64_t)counts_of(r)[i];
        }
    }
    b->wide = largest > UINT32_MAX;
    for (int64_t place = 0; place < b->span; place++)
        b->columns[place] = b->columns[place] ? (int32_t)b->occupied++ : -1;
    return 1;
}

/* Zigzag-coded differences to the record before, modulo 2**32 or 2**64. */
static void find_changes(block *b) {
    uint64_t seen = 0;
    for (int64_t k = 0; k < b->count; k++) {
        const record *r = &b->records[k];
        for (int64_t i = 0; i < r->entries; i++)
            b->changes[b->columns[bins_of(r)[i] - b->low] * b->count + k] = (uint64_t)counts_of(r)[i];
    }
    for (int64_t column = 0; column < b->occupied; column++) {
        uint64_t *row = b->changes + column * b->count, before = 0;
        for (int64_t k = 0; k < b->count; k++) {
            const uint64_t now = row[k], change = now - before;
            if (b->wide) row[k] = (change << 1) ^ (0 - (change >> 63));
            else {
                const uint32_t narrow = (uint32_t)change;
                row[k] = (uint32_t)((narrow << 1) ^ (0 - (narrow >> 31)));
            }
            seen |= row[k];
            before = now;
        }
    }
    b->width = seen >> 32 ? 8 : seen >> 16 ? 4 : seen >> 8 ? 2 : 1;
}

/* ---- the payload ---- */

static int64_t payload_bytes(const block *b) {
    return 2 * b->occupied + b->count * (8 * (2 + TOTALS + MOMENTS) + b->occupied * b->width);
}

/* A number of each record: the one at place `at` behind an address. */
static void gather(const block *b, const int64_t *address, int at, uint64_t *into) {
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t own = address[k * (int64_t)(sizeof(record) / sizeof(int64_t))];
        memcpy(into + k, (const unsigned char *)(uintptr_t)own + 8 * at, 8);
    }
}

static unsigned char *write_tallies(const block *b, unsigned char *out) {
    uint64_t numbers[MAX_RECORDS];
    for (int64_t k = 0; k < b->count; k++) numbers[k] = (uint64_t)b->records[k].step;
    to_differences(numbers, b->count);
    out = shuffle(out, numbers, b->count, 8);
    for (int64_t k = 0; k < b->count; k++) numbers[k] = (uint64_t)b->records[k].wall_time;
    out = shuffle(out, numbers, b->count, 8);
    for (int at = 0; at < TOTALS; at++) {
        gather(b, &b->records->totals, at, numbers);
        to_differences(numbers, b->count);
        out = shuffle(out, numbers, b->count, 8);
    }
    for (int at = 0; at < MOMENTS; at++) {
        gather(b, &b->records->moments, at, numbers);
        out = shuffle(out, numbers, b->count, 8);
    }
    return out;
}

static unsigned char *write_bins(const block *b, unsigned char *out) {
    uint16_t before = 0;
    int64_t at = 0;
    for (int64_t place = 0; place < b->span; place++) {
        if (b->columns[place] < 0) continue;
        const uint16_t bin = (uint16_t)(b->low + place), change = (uint16_t)(bin - before);
        out[at] = (unsigned char)change;
        out[b->occupied + at] = (unsigned char)(change >> 8);
        before = bin;
        at++;
    }
    return out + 2 * b->occupied;
}

static void write_payload(const block *b, unsigned char *out) {
    out = write_tallies(b, write_bins(b, out));
    shuffle(out, b->changes, b->occupied * b->count, b->width);
}

typedef enum { WRITTEN, NO_MEMORY, UNFIT } outcome;

/* The payload, which the caller frees. */
static outcome lay_out(block *b, unsigned char **payload) {
    if (!find_span(b)) return UNFIT;
    b->columns = calloc((size_t)b->span + 1, sizeof *b->columns);
    if (b->columns == NULL) return NO_MEMORY;
    if (!find_columns(b)) return UNFIT;
    b->changes = calloc((size_t)(b->occupied * b->count) + 1, sizeof *b->changes);
    if (b->changes == NULL) return NO_MEMORY;
    find_changes(b);
    *payload = malloc((size_t)payload_bytes(b));
    if (*payload == NULL) return NO_MEMORY;
    write_payload(b, *payload);
    return WRITTEN;
}

/* ---- Python ---- */

PyDoc_STRVAR(payload_doc,
"payload(records) -> tuple[bytes, int, int, int]\n\n"
"The payload of a block, its number K of occupied bins, and its widths W and V. records: 1 to 255,\n"
"each 7 words of 8 bytes: step, wall time (a double), addresses of ascending int64 bins and of their\n"
"int64 counts, how many there are, addresses of 5 int64 totals and of 4 double moments. The GIL is\n"
"released.");

static PyObject *py_payload(PyObject *self, PyObject *given) {
    (void)self;
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(given, &data, &size) < 0) return NULL;
    block b = {.records = (const record *)(const void *)data,
               .count = (int64_t)(size / (Py_ssize_t)sizeof(record))};
    if (b.count < 1 || b.count > MAX_RECORDS || size % (Py_ssize_t)sizeof(record)) {
        PyErr_Format(PyExc_ValueError, "%zd bytes are not 1 to %d records", size, MAX_RECORDS);
        return NULL;
    }
    unsigned char *payload = NULL;
    outcome found;
    Py_BEGIN_ALLOW_THREADS
    found = lay_out(&b, &payload);
    free(b.columns);
    free(b.changes);
    Py_END_ALLOW_THREADS
    if (found == NO_MEMORY) return PyErr_NoMemory();
    if (found == UNFIT) {
        PyErr_SetString(PyExc_ValueError, "the bins of a record do not ascend, or span too much");
        return NULL;
    }
    PyObject *result = Py_BuildValue("y#iii", (const char *)payload, (Py_ssize_t)payload_bytes(&b),
                                     (int)b.occupied, b.width, b.wide ? 8 : 4);
    free(payload);
    return result;
}

static PyMethodDef METHODS[] = {
    {"payload", py_payload, METH_O, payload_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_block", "Payloads of blocks of records.", -1, METHODS,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__block(void) { return PyModule_Create(&MODULE); }

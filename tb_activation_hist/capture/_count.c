/* Counts the values of a dense block of memory: histogram, totals and moments in one pass.
 *
 * The module knows nothing of torch: Python hands over addresses, lengths and codes, and stays
 * responsible for keeping the memory alive. The GIL is released while values are read; results are
 * added to the caller's row after it is taken again, so the GIL is also the lock that makes two
 * threads counting into one row exact (a free-threaded Python turns its GIL on for this module).
 * Only what the limited API of Python 3.10 has is used; setup.py asks for it.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdlib.h>

#include "_count_jobs.h"
#include "_count_occupied.h"
#include "_count_split.h"

/* ---- Python ---- */

static int read_integers(PyObject *const *args, int64_t *out, int count) {
    for (int k = 0; k < count; k++) {
        out[k] = PyLong_AsLongLong(args[k]);
        if (out[k] == -1 && PyErr_Occurred()) return 0;
    }
    return 1;
}

static int check_arguments(int64_t dtype, int64_t n, int64_t repeat, int64_t slots, int64_t bins) {
    if (dtype < FLOAT32 || dtype > FLOAT64)
        PyErr_Format(PyExc_ValueError, "dtype code %lld is not one of 0..3", (long long)dtype);
    else if (n < 0 || repeat < 0)
        PyErr_SetString(PyExc_ValueError, "n and repeat must not be negative");
    else if (bins < 0 || bins > FLOAT_SLOTS - 2 || slots != (bins ? bins + 2 : FLOAT_SLOTS))
        PyErr_Format(PyExc_ValueError, "%lld slots do not fit %lld linear bins (0: float bits)",
                     (long long)slots, (long long)bins);
    else return 1;
    return 0;
}

/* The arguments of `count`: a whole job, and where it is added. */
typedef struct {
    int32_t *row;
    int64_t *totals;
    double *moments;
    int64_t repeat;
    int threads;
    scheme scheme;
    job whole;
} counting;

#define COUNT_ARGUMENTS 12

static int read_counting(PyObject *const *args, counting *c) {
    int64_t a[10];
    if (!read_integers(args, a, 10)) return 0;
    const double lo = PyFloat_AsDouble(args[10]), hi = PyFloat_AsDouble(args[11]);
    if (PyErr_Occurred() || !check_arguments(a[5], a[4], a[6], a[8], a[9])) return 0;
    c->row = (int32_t *)(uintptr_t)a[0];
    c->totals = (int64_t *)(uintptr_t)a[1];
    c->moments = (double *)(uintptr_t)a[2];
    c->repeat = a[6];
    c->threads = a[7] < 1 ? 1 : a[7] > MAX_THREADS ? MAX_THREADS : (int)a[7];
    c->scheme = (scheme){a[9] != 0, a[9], lo, hi};
    c->whole = (job){.data = (const unsigned char *)(uintptr_t)a[3], .n = a[4], .dtype = (int)a[5],
                     .scheme = &c->scheme, .pos = {UINT32_MAX, 0}, .neg = {UINT32_MAX, 0},
                     .min = (double)INFINITY, .max = -(double)INFINITY};
    return 1;
}

PyDoc_STRVAR(count_doc,
"count(row, totals, moments, data, n, dtype, repeat, threads, slots, bins, lo, hi)\n\n"
"Add n values at address data to a row: int32 counts, int64 totals [n, zeros, nans, pos_infs,\n"
"neg_infs], double moments [min, max, sum, sum_sq]. dtype: 0 float32, 1 float16, 2 bfloat16,\n"
"3 float64. Every value counts repeat times. bins = 0 counts by float bits, else torch.histc's\n"
"bins between lo and hi. The GIL is released while values are read.");

static PyObject *py_count(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    counting c;
    job jobs[MAX_THREADS];
    if (nargs != COUNT_ARGUMENTS) {
        PyErr_Format(PyExc_TypeError, "count takes 12 arguments, %zd given", nargs);
        return NULL;
    }
    if (!read_counting(args, &c)) return NULL;
    if (!prepare_jobs(jobs, c.threads, &c.whole)) return PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS
    run_jobs(jobs, c.threads);
    Py_END_ALLOW_THREADS
    merge_jobs(jobs, c.threads, c.row, c.totals, c.moments, c.repeat);
    Py_RETURN_NONE;
}

/* ---- occupied slots: one list that serves again, taken and given with the GIL ---- */

static entries spare_entries;

static entries take_entries(void) {
    entries taken = spare_entries;
    spare_entries = (entries){0, 0, NULL, NULL};
    taken.found = 0;
    return taken;
}

static void give_entries(entries given) {
    if (spare_entries.bins == NULL) {
        spare_entries = given;
        return;
    }
    free(given.bins);
    free(given.counts);
}

static PyObject *to_bytes(const void *data, int64_t items) {
    return PyBytes_FromStringAndSize(data, (Py_ssize_t)items * 8);
}

PyDoc_STRVAR(occupied_doc,
"occupied(counts, rows, slots, float_bits) -> tuple[bytes, bytes, bytes]\n\n"
"Offsets (rows + 1), bins and counts, all int64, of the slots with a count, row by row. With\n"
"float_bits bins are signed and ascend, both zeros are one, and the slots of non-finite values are\n"
"left out; else a bin is the slot's number. The GIL is released.");

static PyObject *py_occupied(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    int64_t a[4];
    if (nargs != 4) {
        PyErr_Format(PyExc_TypeError, "occupied takes 4 arguments, %zd given", nargs);
        return NULL;
    }
    if (!read_integers(args, a, 4)) return NULL;
    const int32_t *counts = (const int32_t *)(uintptr_t)a[0];
    int64_t *offsets = calloc((size_t)a[1] + 1, sizeof *offsets);
    if (offsets == NULL) return PyErr_NoMemory();
    entries list = take_entries();
    int fits = 1;
    Py_BEGIN_ALLOW_THREADS
    for (int64_t row = 0; row < a[1] && fits; row++) {
        fits = append_row(&list, counts + row * a[2], a[2], a[3] != 0);
        offsets[row + 1] = list.found;
    }
    Py_END_ALLOW_THREADS
    PyObject *found = fits ? PyTuple_New(3) : PyErr_NoMemory();
    if (found != NULL) {
        PyTuple_SetItem(found, 0, to_bytes(offsets, a[1] + 1));
        PyTuple_SetItem(found, 1, to_bytes(list.bins, list.found));
        PyTuple_SetItem(found, 2, to_bytes(list.counts, list.found));
    }
    free(offsets);
    give_entries(list);
    if (found != NULL && PyErr_Occurred()) Py_CLEAR(found);
    return found;
}

/* Read a tuple of integers: its length, or -1 with an error set. */
static int read_tuple(PyObject *tuple, int64_t *out) {
    const Py_ssize_t length = PyTuple_Check(tuple) ? PyTuple_Size(tuple) : -1;
    if (length < 1 || length > MAX_DIMS) {
        PyErr_Format(PyExc_ValueError, "a tuple of 1 to %d integers is wanted", MAX_DIMS);
        return -1;
    }
    for (Py_ssize_t k = 0; k < length; k++) {
        out[k] = PyLong_AsLongLong(PyTuple_GetItem(tuple, k));
        if (out[k] == -1 && PyErr_Occurred()) return -1;
    }
    return (int)length;
}

static void merge_slices(const slice_job *job, int64_t *totals, double *moments) {
    const int64_t n = slice_values(job) * job->repeat;
    for (int64_t k = 0; k < job->slices; k++, totals += 3, moments += 4) {
        const slice_sums *found = &job->found[k];
        totals[0] += n;
        totals[1] += found->zeros * job->repeat;
        totals[2] += found->non_finite * job->repeat;
        if (n && found->min < moments[0]) moments[0] = found->min;
        if (n && found->max > moments[1]) moments[1] = found->max;
        moments[2] += found->sum * (double)job->repeat;
        moments[3] += found->sum_sq * (double)job->repeat;
    }
}

/* Read dim, shape and strides of a job's values, and make room for `parts` times what is found;
 * free(job->found) ends it. */
static int read_slices(PyObject *const *args, const job *whole, int parts, slice_job *job) {
    int64_t dim, shape[MAX_DIMS], strides[MAX_DIMS];
    if (!read_integers(args, &dim, 1)) return 0;
    const int rank = read_tuple(args[1], shape);
    if (rank < 0 || read_tuple(args[2], strides) < 0) return 0;
    if (whole->dtype < FLOAT32 || whole->dtype > FLOAT64 || dim < 0 || dim >= rank) {
        PyErr_SetString(PyExc_ValueError, "dtype or dim is out of range");
        return 0;
    }
    *job = (slice_job){.data = whole->data, .dtype = whole->dtype};
    arrange_slices(job, rank, shape, strides, (int)dim);
    job->found = malloc((size_t)(job->slices * parts + 1) * sizeof *job->found);
    if (job->found == NULL) PyErr_NoMemory();
    return job->found != NULL;
}

PyDoc_STRVAR(count_slices_doc,
"count_slices(totals, moments, data, dtype, dim, shape, strides)\n\n"
"Add each slice of a tensor along its dimension dim to a row of int64 totals [n, zeros, non_finite]\n"
"and double moments [min, max, sum, sum_sq]; there is a row for each of the shape[dim] slices.\n"
"strides: in elements, not negative. dtype: as in count. The GIL is released while values are read.");

static PyObject *py_count_slices(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    int64_t a[4];
    slice_job slices;
    if (nargs != 7) {
        PyErr_Format(PyExc_TypeError, "count_slices takes 7 arguments, %zd given", nargs);
        return NULL;
    }
    if (!read_integers(args, a, 4)) return NULL;
    const job whole = {.data = (const unsigned char *)(uintptr_t)a[2], .dtype = (int)a[3]};
    if (!read_slices(args + 4, &whole, 1, &slices)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    count_slices(&slices);
    Py_END_ALLOW_THREADS
    merge_slices(&slices, (int64_t *)(uintptr_t)a[0], (double *)(uintptr_t)a[1]);
    free(slices.found);
    Py_RETURN_NONE;
}

/* Give each job its rows and slices of its own. */
static void share_slices(job *jobs, slice_job *parts, int count, const job *whole,
                         const slice_job *slices) {
    for (int k = 0; k < count; k++) {
        parts[k] = *slices;
        parts[k].found = slices->found + k * slices->slices;
        jobs[k].data = whole->data;
        jobs[k].n = whole->n;
        jobs[k].slices = &parts[k];
        take_rows(&jobs[k], k, count);
    }
}

PyDoc_STRVAR(count_split_doc,
"count_split(..., slice_totals, slice_moments, dim, shape, strides)\n\n"
"count and count_slices of the same values, in one pass where their slices lie side by side in\n"
"memory. First come the arguments of count. The values must lie close together from address data\n"
"on. The GIL is released.");

static PyObject *py_count_split(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    int64_t into[2];
    counting c;
    slice_job slices, parts[MAX_THREADS];
    job jobs[MAX_THREADS];
    if (nargs != COUNT_ARGUMENTS + 5) {
        PyErr_Format(PyExc_TypeError, "count_split takes 17 arguments, %zd given", nargs);
        return NULL;
    }
    if (!read_counting(args, &c) || !read_integers(args + COUNT_ARGUMENTS, into, 2)) return NULL;
    if (!read_slices(args + COUNT_ARGUMENTS + 2, &c.whole, c.threads, &slices)) return NULL;
    if (!prepare_jobs(jobs, c.threads, &c.whole)) {
        free(slices.found);
        return PyErr_NoMemory();
    }
    const int together = can_count_together(&c.whole, &slices);
    if (together) share_slices(jobs, parts, c.threads, &c.whole, &slices);
    Py_BEGIN_ALLOW_THREADS
    run_jobs(jobs, c.threads);
    if (!together) count_slices(&slices);
    Py_END_ALLOW_THREADS
    merge_jobs(jobs, c.threads, c.row, c.totals, c.moments, c.repeat);
    for (int k = 0; k < (together ? c.threads : 1); k++)
        merge_slices(together ? &parts[k] : &slices, (int64_t *)(uintptr_t)into[0],
                     (double *)(uintptr_t)into[1]);
    free(slices.found);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(variant_name_doc, "variant_name() -> str\n\nThe instruction set in use.");

static PyObject *py_variant_name(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    return PyUnicode_FromString(variant_name());
}

PyDoc_STRVAR(variant_doc,
"variant(name='') -> str\n\n"
"Choose the instruction set ('avx512', 'avx2', 'portable'; '' for the best here) and return its\n"
"name. An instruction set that this processor or build lacks is a ValueError.");

static PyObject *py_variant(PyObject *self, PyObject *args) {
    (void)self;
    const char *wanted = "";
    if (!PyArg_ParseTuple(args, "|s", &wanted)) return NULL;
    if (!choose_variant(wanted)) {
        PyErr_Format(PyExc_ValueError, "no variant '%s' here; use '' for the best one", wanted);
        return NULL;
    }
    return PyUnicode_FromString(variant_name());
}

static PyMethodDef METHODS[] = {
    {"count", (PyCFunction)(void (*)(void))py_count, METH_FASTCALL, count_doc},
    {"count_split", (PyCFunction)(void (*)(void))py_count_split, METH_FASTCALL, count_split_doc},
    {"count_slices", (PyCFunction)(void (*)(void))py_count_slices, METH_FASTCALL, count_slices_doc},
    {"occupied", (PyCFunction)(void (*)(void))py_occupied, METH_FASTCALL, occupied_doc},
    {"variant", py_variant, METH_VARARGS, variant_doc},
    {"variant_name", py_variant_name, METH_NOARGS, variant_name_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_count", "Histogram, totals and moments of raw memory.", -1, METHODS,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__count(void) {
    choose_variant("");
    return PyModule_Create(&MODULE);
}

/* CRC-32C of bytes: eight at a time, by eight tables of 1 kB. `crc32c.py` has the same in numpy.
 *
 * Only what the limited API of Python 3.10 has is used; setup.py asks for it.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define POLYNOMIAL 0x82F63B78u

static uint32_t tables[8][256];

/* tables[k][b]: the register after byte b and k zero bytes, from 0. */
static void make_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
        tables[0][byte] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int byte = 0; byte < 256; byte++) {
            const uint32_t before = tables[k - 1][byte];
            tables[k][byte] = (before >> 8) ^ tables[0][before & 255];
        }
}

static uint32_t crc32c(const unsigned char *data, Py_ssize_t n) {
    uint32_t crc = 0xFFFFFFFFu;
    for (; n >= 8; n -= 8, data += 8)
        crc = tables[7][data[0] ^ (crc & 255)] ^ tables[6][data[1] ^ (crc >> 8 & 255)] ^
              tables[5][data[2] ^ (crc >> 16 & 255)] ^ tables[4][data[3] ^ (crc >> 24)] ^
              tables[3][data[4]] ^ tables[2][data[5]] ^ tables[1][data[6]] ^ tables[0][data[7]];
    for (; n > 0; n--, data++) crc = (crc >> 8) ^ tables[0][(crc ^ *data) & 255];
    return crc ^ 0xFFFFFFFFu;
}

PyDoc_STRVAR(crc32c_doc, "crc32c(data) -> int\n\nCRC-32C (Castagnoli) of bytes.");

static PyObject *py_crc32c(PyObject *self, PyObject *argument) {
    (void)self;
    char *data;
    Py_ssize_t n;
    if (PyBytes_AsStringAndSize(argument, &data, &n) < 0) return NULL;
    return PyLong_FromUnsignedLong(crc32c((const unsigned char *)data, n));
}

static PyMethodDef METHODS[] = {
    {"crc32c", py_crc32c, METH_O, crc32c_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_crc32c", "CRC-32C of bytes.", -1, METHODS, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__crc32c(void) {
    make_tables();
    return PyModule_Create(&MODULE);
}

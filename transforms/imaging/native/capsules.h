/* What the Python module keeps in capsules, and their names. */
#ifndef CAPSULES_H
#define CAPSULES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "resample.h"

/* Take ownership of the weights; free them on failure too. */
PyObject *weights_capsule(Weights weights);
Weights *weights_in(PyObject *capsule);

/* Allocate rows of pixels; their bytes have no values yet. */
PyObject *new_pixels(size_t pixel, size_t width, size_t height);
Pixels *pixels_in(PyObject *capsule);

/* Find the bytes of an exported array of single bytes, or of lists of four. */
const uint8_t *bytes_in(PyObject *array_capsule, size_t *length);

/* Move the bytes of `pixels` into an array of single bytes: (schema, array), as __arrow_c_array__ returns. */
PyObject *export_pixels(Pixels *pixels);

#endif

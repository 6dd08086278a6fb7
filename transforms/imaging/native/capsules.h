/* The capsules in which the Python module stores weights, pixels and Arrow structures. */
#ifndef CAPSULES_H
#define CAPSULES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "resample.h"

/* Take ownership of the weights. They are freed on failure, too. */
PyObject *weights_capsule(Weights weights);
Weights *weights_in(PyObject *capsule);

/* Allocate rows of pixels without initializing them. */
PyObject *new_pixels(size_t pixel, size_t width, size_t height);
Pixels *pixels_in(PyObject *capsule);

/* Return the bytes, and their number, of an exported array of single bytes or of lists of four bytes. */
const uint8_t *bytes_in(PyObject *array_capsule, size_t *length);

/* Move the bytes of `pixels` into an array of single bytes. Return (schema, array), as __arrow_c_array__ does. */
PyObject *export_pixels(Pixels *pixels);

#endif

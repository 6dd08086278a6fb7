/* transforms.imaging._resample: the steps that transforms/imaging/resample.py combines into a resize. */
#include "capsules.h"

#include <string.h>

static PyObject *instruction_sets(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    PyObject *names = PyList_New(0);
    for (size_t i = 0; names && i < KERNEL_COUNT; i++) {
        if (KERNELS[i]->works_here()) {
            PyObject *name = PyUnicode_FromString(KERNELS[i]->name);
            if (!name || PyList_Append(names, name)) {
                Py_CLEAR(names);
            }
            Py_XDECREF(name);
        }
    }
    return names;
}

static const Kernel *kernel_named(const char *name) {
    for (size_t i = 0; i < KERNEL_COUNT; i++) {
        if (strcmp(KERNELS[i]->name, name) == 0 && KERNELS[i]->works_here()) {
            return KERNELS[i];
        }
    }
    PyErr_Format(PyExc_ValueError, "the instruction set '%s' does not work here", name);
    return NULL;
}

static PyObject *weights(PyObject *module, PyObject *args) {
    (void)module;
    const char *name;
    int size, outputs, filter;
    float from, to;
    if (!PyArg_ParseTuple(args, "siffii:weights", &name, &size, &from, &to, &outputs, &filter)) {
        return NULL;
    }
    const Kernel *kernel = kernel_named(name);
    if (!kernel) {
        return NULL;
    }
    if (size < 1 || outputs < 1 || !(0 <= from && from <= to && to <= size) || filter < 0 || filter >= FILTER_COUNT) {
        PyErr_SetString(PyExc_ValueError, "the part lies outside of the line, or the filter is unknown");
        return NULL;
    }
    Weights made;
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = make_weights(kernel, size, from, to, outputs, (Filter)filter, &made);
    Py_END_ALLOW_THREADS
    if (outcome == NO_MEMORY) {
        return PyErr_NoMemory();
    }
    if (outcome == WEIGHTS_TOO_LARGE) {
        Py_RETURN_NONE;
    }
    int first = made.first, last = made.last;
    return Py_BuildValue("Nii", weights_capsule(made), first, last);
}

static PyObject *pixels(PyObject *module, PyObject *args) {
    (void)module;
    Py_ssize_t pixel, width, height;
    if (!PyArg_ParseTuple(args, "nnn:pixels", &pixel, &width, &height)) {
        return NULL;
    }
    return new_pixels((size_t)pixel, (size_t)width, (size_t)height);
}

static PyObject *across(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *weights_or_none, *array, *target;
    Py_ssize_t skip, height, top;
    unsigned int mask;
    if (!PyArg_ParseTuple(
            args, "OOnnOnI:across", &weights_or_none, &array, &skip, &height, &target, &top, &mask)) {
        return NULL;
    }
    size_t length = 0;
    const uint8_t *source = bytes_in(array, &length);
    Pixels *made = source ? pixels_in(target) : NULL;
    const Weights *line = weights_or_none == Py_None || !made ? NULL : weights_in(weights_or_none);
    if (!made || (!line && weights_or_none != Py_None)) {
        return NULL;
    }
    size_t row_bytes = (line ? (size_t)line->size : made->width) * made->pixel;
    if (skip < 0 || height < 0 || top < 0 || (size_t)skip > length / row_bytes ||
        (size_t)height > length / row_bytes - (size_t)skip || (size_t)top > made->height ||
        (size_t)height > made->height - (size_t)top || (line && (size_t)line->outputs != made->width)) {
        PyErr_SetString(PyExc_ValueError, "the rows do not fit the array, the weights or the pixels");
        return NULL;
    }
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = pass_across(line, source + (size_t)skip * row_bytes, (size_t)height, made, (size_t)top, mask);
    Py_END_ALLOW_THREADS
    if (outcome == NO_MEMORY) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

static PyObject *down(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *weights_capsule, *source_capsule;
    unsigned int mask;
    if (!PyArg_ParseTuple(args, "OOI:down", &weights_capsule, &source_capsule, &mask)) {
        return NULL;
    }
    const Weights *line = weights_in(weights_capsule);
    const Pixels *source = line ? pixels_in(source_capsule) : NULL;
    if (!source) {
        return NULL;
    }
    if (source->height != (size_t)(line->last - line->first)) {
        PyErr_SetString(PyExc_ValueError, "the pixels do not fit the weights");
        return NULL;
    }
    PyObject *capsule = new_pixels(source->pixel, source->width, (size_t)line->outputs);
    if (!capsule) {
        return NULL;
    }
    Pixels *made = pixels_in(capsule);
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = pass_down(line, source, made, mask);
    Py_END_ALLOW_THREADS
    if (outcome == NO_MEMORY) {
        Py_DECREF(capsule);
        return PyErr_NoMemory();
    }
    return capsule;
}

static PyObject *arrow(PyObject *module, PyObject *capsule) {
    (void)module;
    Pixels *moved = pixels_in(capsule);
    return moved ? export_pixels(moved) : NULL;
}

static PyMethodDef METHODS[] = {
    {"instruction_sets", instruction_sets, METH_NOARGS, "Name those that work on this processor, the fastest first."},
    {"weights", weights, METH_VARARGS,
     "weights(instruction_set, size, from, to, outputs, filter) -> (weights, first pixel, last pixel + 1) or None\n\n"
     "None: the weights are too large for the exact form."},
    {"pixels", pixels, METH_VARARGS, "pixels(bytes a pixel, width, height) -> pixels without values"},
    {"across", across, METH_VARARGS,
     "across(weights or None, arrow array, rows to skip, rows, pixels, top, mask)\n\n"
     "Resize rows into `pixels` from row `top` on; without weights, copy them."},
    {"down", down, METH_VARARGS, "down(weights, pixels, mask) -> pixels\n\nResize columns."},
    {"arrow", arrow, METH_O, "arrow(pixels) -> (schema, array)\n\nMove the pixels; they are gone afterwards."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_resample", "Pillow's 8-bit resampling by vector instructions.", 0, METHODS, SLOTS, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__resample(void);
PyMODINIT_FUNC PyInit__resample(void) { return PyModuleDef_Init(&MODULE); }

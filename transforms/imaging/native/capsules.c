#include "capsules.h"

#include <stdlib.h>
#include <string.h>

#include "arrow.h"

#define WEIGHTS "transforms.imaging._resample.weights"
#define PIXELS "transforms.imaging._resample.pixels"
#define SCHEMA "arrow_schema"
#define ARRAY "arrow_array"

static void delete_weights(PyObject *capsule) {
    Weights *weights = PyCapsule_GetPointer(capsule, WEIGHTS);
    free_weights(weights);
    free(weights);
}

PyObject *weights_capsule(Weights weights) {
    Weights *kept = malloc(sizeof(*kept));
    if (!kept) {
        free_weights(&weights);
        return PyErr_NoMemory();
    }
    *kept = weights;
    PyObject *capsule = PyCapsule_New(kept, WEIGHTS, delete_weights);
    if (!capsule) {
        free_weights(kept);
        free(kept);
    }
    return capsule;
}

Weights *weights_in(PyObject *capsule) { return PyCapsule_GetPointer(capsule, WEIGHTS); }

static void delete_pixels(PyObject *capsule) {
    Pixels *pixels = PyCapsule_GetPointer(capsule, PIXELS);
    free(pixels->data);
    free(pixels);
}

PyObject *new_pixels(size_t pixel, size_t width, size_t height) {
    if ((pixel != 1 && pixel != 4) || !width || !height || width > INT32_MAX || height > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "pixels have 1 or 4 bytes, and at least one row and one column");
        return NULL;
    }
    if (height > PY_SSIZE_T_MAX / (width * pixel)) {
        return PyErr_NoMemory();
    }
    Pixels *pixels = malloc(sizeof(*pixels));
    uint8_t *data = malloc(pixel * width * height);
    PyObject *capsule = NULL;
    if (pixels && data) {
        *pixels = (Pixels){pixel, width, height, data};
        capsule = PyCapsule_New(pixels, PIXELS, delete_pixels);
    } else {
        PyErr_NoMemory();
    }
    if (!capsule) {
        free(pixels);
        free(data);
    }
    return capsule;
}

Pixels *pixels_in(PyObject *capsule) {
    Pixels *pixels = PyCapsule_GetPointer(capsule, PIXELS);
    if (pixels && !pixels->data) {
        PyErr_SetString(PyExc_ValueError, "these pixels were exported");
        return NULL;
    }
    return pixels;
}

const uint8_t *bytes_in(PyObject *array_capsule, size_t *length) {
    const struct ArrowArray *array = PyCapsule_GetPointer(array_capsule, ARRAY);
    if (!array) {
        return NULL;
    }
    if (array->n_children == 1) {
        array = array->children[0];
    }
    if (!array->release || array->n_buffers != 2 || !array->buffers[1] || array->offset < 0 || array->length < 0) {
        PyErr_SetString(PyExc_ValueError, "the array is released, or not one of bytes");
        return NULL;
    }
    *length = (size_t)array->length;
    return (const uint8_t *)array->buffers[1] + array->offset;
}

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static void delete_schema(PyObject *capsule) {
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, SCHEMA);
    if (schema->release) {
        schema->release(schema);
    }
    free(schema);
}

/* The private data is the array of buffers. The second buffer contains the pixels. */
static void release_array(struct ArrowArray *array) {
    free((void *)array->buffers[1]);
    free(array->private_data);
    array->release = NULL;
}

static void delete_array(PyObject *capsule) {
    struct ArrowArray *array = PyCapsule_GetPointer(capsule, ARRAY);
    if (array->release) {
        array->release(array);
    }
    free(array);
}

static PyObject *bytes_schema(void) {
    struct ArrowSchema *schema = calloc(1, sizeof(*schema));
    if (!schema) {
        return PyErr_NoMemory();
    }
    schema->format = "C"; /* uint8 */
    schema->name = "";
    schema->release = release_schema;
    PyObject *capsule = PyCapsule_New(schema, SCHEMA, delete_schema);
    if (!capsule) {
        free(schema);
    }
    return capsule;
}

static PyObject *bytes_array(Pixels *pixels) {
    struct ArrowArray *array = calloc(1, sizeof(*array));
    const void **buffers = calloc(2, sizeof(*buffers));
    PyObject *capsule = NULL;
    if (array && buffers) {
        capsule = PyCapsule_New(array, ARRAY, delete_array);
    } else {
        PyErr_NoMemory();
    }
    if (!capsule) {
        free(array);
        free(buffers);
        return NULL;
    }
    buffers[1] = pixels->data;
    array->length = (int64_t)(pixels->pixel * pixels->width * pixels->height);
    array->n_buffers = 2;
    array->buffers = buffers;
    array->private_data = buffers;
    array->release = release_array;
    pixels->data = NULL;
    return capsule;
}

PyObject *export_pixels(Pixels *pixels) {
    PyObject *schema = bytes_schema();
    PyObject *array = schema ? bytes_array(pixels) : NULL;
    if (!array) {
        Py_XDECREF(schema);
        return NULL;
    }
    return Py_BuildValue("(NN)", schema, array);
}

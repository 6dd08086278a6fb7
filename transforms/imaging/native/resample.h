/* Pillow's 8-bit resampling by vector instructions, with byte-identical results. See docs/resampling.md. */
#ifndef RESAMPLE_H
#define RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Weights are integers with this many fractional bits, as in Pillow. */
#define PRECISION 22
#define HALF (1 << (PRECISION - 1))

/* A kernel computes at most this many rows at once, ... */
#define ROWS_MAX 8

/* ... and requires rows of at least this many bytes. */
#define ROW_BYTES_MIN 32

typedef struct Weights Weights;

/* One implementation of the two passes. Sums are computed modulo 2^32, so their order does not matter.
   Weights are stored in quads: four neighboring taps, packed in the kernel's own layout. */
typedef struct {
    const char *name;
    int (*works_here)(void);
    int rows;          /* the number of rows that `across` computes at once */
    size_t quad_bytes; /* the size of one packed quad */
    void (*pack)(const int32_t taps[4], uint8_t *quad);
    /* In both passes, byte i of a pixel becomes 0 if byte i of `mask`, counted from the lowest, is 0. */
    /* Resize `rows` rows of 4-byte pixels. The rows in `in` have at least weights->reach pixels. */
    void (*across)(const Weights *weights, const uint8_t *const *in, uint8_t *const *out, uint32_t mask);
    /* Sum 4 * quads weighted rows to one row of `bytes` bytes, at least ROW_BYTES_MIN. */
    void (*down)(const uint8_t *const *in, int quads, const uint8_t *packed, uint8_t *out, size_t bytes, uint32_t mask);
} Kernel;

/* All compiled kernels, the fastest first. The last one is portable. */
extern const Kernel *const KERNELS[];
extern const size_t KERNEL_COUNT;

/* The weights for resizing a line of `size` pixels to `outputs` pixels. */
struct Weights {
    const Kernel *kernel;
    int size, outputs;
    int first, last;  /* the pixels [first, last) have weights */
    int reach;        /* a kernel reads pixels [first, reach); reach may be greater than size */
    int quads;        /* the number of quads allocated for each output */
    int32_t *starts;  /* for each output, its first pixel ... */
    int32_t *counts;  /* ... and its number of quads */
    uint8_t *packed;  /* outputs * quads * kernel->quad_bytes */
};

typedef enum { BOX, BILINEAR, HAMMING, BICUBIC, LANCZOS, FILTER_COUNT } Filter;

typedef enum { DONE, NO_MEMORY, WEIGHTS_TOO_LARGE } Outcome;

/* Compute the weights for the part [from, to) of a line. Return WEIGHTS_TOO_LARGE if they are too large for the kernels. */
Outcome make_weights(const Kernel *kernel, int size, float from, float to, int outputs, Filter filter, Weights *made);
void free_weights(Weights *weights);

/* Contiguous rows of pixels. `pixel` is the size of a pixel, 1 or 4 bytes. */
typedef struct {
    size_t pixel, width, height;
    uint8_t *data;
} Pixels;

/* Resize `height` rows of `weights->size` pixels at `source`, or copy them if `weights` is NULL, to the rows of
   `made` from `top` on. */
Outcome pass_across(const Weights *weights, const uint8_t *source, size_t height, Pixels *made, size_t top, uint32_t mask);

/* Resize columns. `source` contains the rows [weights->first, weights->last). */
Outcome pass_down(const Weights *weights, const Pixels *source, Pixels *made, uint32_t mask);

#endif

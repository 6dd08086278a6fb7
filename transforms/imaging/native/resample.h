/* Pillow's 8-bit resampling, with the same bytes, by vector instructions. See docs/resampling.md. */
#ifndef EXACT_H
#define EXACT_H

#include <stddef.h>
#include <stdint.h>

/* Weights are integers with this many fractional bits, as in Pillow. */
#define PRECISION 22
#define HALF (1 << (PRECISION - 1))

/* A kernel makes at most this many rows at once, ... */
#define ROWS_MAX 8

/* ... and takes no rows that are shorter than this, in bytes. */
#define ROW_BYTES_MIN 32

typedef struct Weights Weights;

/* One implementation of the two passes. Sums are taken modulo 2^32, so that their order does not matter.
   Weights come in quads: four neighbouring taps, packed as the kernel likes them. */
typedef struct {
    const char *name;
    int (*works_here)(void);
    int rows;          /* how many `across` makes at once */
    size_t quad_bytes; /* of one packed quad */
    void (*pack)(const int32_t taps[4], uint8_t *quad);
    /* Byte i of a pixel becomes 0 where byte i of `mask`, counted from the lowest, is 0. */
    /* Resize `rows` rows of 4-byte pixels. `in` rows have at least weights->reach pixels. */
    void (*across)(const Weights *weights, const uint8_t *const *in, uint8_t *const *out, uint32_t mask);
    /* Add up 4 * quads rows into one row of `bytes` bytes, no fewer than ROW_BYTES_MIN. */
    void (*down)(const uint8_t *const *in, int quads, const uint8_t *packed, uint8_t *out, size_t bytes, uint32_t mask);
} Kernel;

/* All kernels that this file was compiled with, the fastest first; the last one is portable. */
extern const Kernel *const KERNELS[];
extern const size_t KERNEL_COUNT;

/* The weights of a line of `size` pixels that becomes `outputs` pixels. */
struct Weights {
    const Kernel *kernel;
    int size, outputs;
    int first, last;  /* the pixels [first, last) have a weight */
    int reach;        /* a kernel reads pixels [first, reach); reach may lie beyond size */
    int quads;        /* room for this many quads an output */
    int32_t *starts;  /* for each output, its first pixel ... */
    int32_t *counts;  /* ... and its number of quads */
    uint8_t *packed;  /* outputs * quads * kernel->quad_bytes */
};

typedef enum { BOX, BILINEAR, HAMMING, BICUBIC, LANCZOS, FILTER_COUNT } Filter;

typedef enum { DONE, NO_MEMORY, NOT_EXACT } Outcome;

/* Compute the weights of the part [from, to) of a line. NOT_EXACT: no kernel can hold them. */
Outcome make_weights(const Kernel *kernel, int size, float from, float to, int outputs, Filter filter, Weights *made);
void free_weights(Weights *weights);

/* Rows of pixels without gaps: `pixel` is 1 or 4 bytes. */
typedef struct {
    size_t pixel, width, height;
    uint8_t *data;
} Pixels;

/* Resize `height` rows of `weights->size` pixels at `source`, or copy them where weights are NULL, into the
   rows of `made` from `top` on. */
Outcome pass_across(const Weights *weights, const uint8_t *source, size_t height, Pixels *made, size_t top, uint32_t mask);

/* Resize columns. The rows of `source` are those from weights->first to weights->last. */
Outcome pass_down(const Weights *weights, const Pixels *source, Pixels *made, uint32_t mask);

#endif

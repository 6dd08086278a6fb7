/* The two passes over rows of pixels, which a kernel computes. */
#include "resample.h"

#include <stdlib.h>
#include <string.h>

/* Memory for copies of rows that a kernel cannot read or write in place. */
typedef struct {
    uint8_t *in, *out;
    size_t in_bytes, out_bytes; /* of one row */
} Scratch;

static int make_scratch(Scratch *scratch, const Weights *weights) {
    size_t reach = (size_t)(weights->reach > weights->size ? weights->reach : weights->size);
    scratch->in_bytes = reach * 4;
    scratch->out_bytes = (size_t)weights->outputs * 4;
    scratch->in = calloc(ROWS_MAX, scratch->in_bytes);
    scratch->out = malloc(ROWS_MAX * scratch->out_bytes);
    return scratch->in && scratch->out;
}

static void free_scratch(Scratch *scratch) {
    free(scratch->in);
    free(scratch->out);
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Resize rows of 4-byte pixels. Copy rows first if the kernel would read beyond their end. */
static void across_colors(
    const Weights *weights, const uint8_t *source, size_t height, uint8_t *target, const Scratch *scratch, uint32_t mask
) {
    const size_t in_bytes = (size_t)weights->size * 4, out_bytes = (size_t)weights->outputs * 4;
    const size_t step = (size_t)weights->kernel->rows;
    for (size_t y = 0; y < height; y += step) {
        const uint8_t *in[ROWS_MAX];
        uint8_t *out[ROWS_MAX];
        for (size_t i = 0; i < step; i++) {
            /* Beyond the last row, repeat the last row. */
            size_t row = smaller(y + i, height - 1);
            in[i] = source + row * in_bytes;
            out[i] = target + row * out_bytes;
            if (weights->reach > weights->size) {
                uint8_t *copy = scratch->in + i * scratch->in_bytes;
                in[i] = memcpy(copy, in[i], in_bytes);
            }
        }
        weights->kernel->across(weights, in, out, mask);
    }
}

/* Interleave four rows of 1-byte pixels, as if they were the channels of one row. */
static void interleave(const uint8_t *const in[4], size_t width, uint8_t *restrict out) {
    const uint8_t *a = in[0], *b = in[1], *c = in[2], *d = in[3];
    for (size_t x = 0; x < width; x++) {
        out[4 * x] = a[x];
        out[4 * x + 1] = b[x];
        out[4 * x + 2] = c[x];
        out[4 * x + 3] = d[x];
    }
}

static void deinterleave(const uint8_t *restrict in, size_t width, uint8_t *const out[4]) {
    for (size_t i = 0; i < 4; i++) {
        uint8_t *row = out[i];
        for (size_t x = 0; x < width; x++) {
            row[x] = in[4 * x + i];
        }
    }
}

/* Resize rows of 1-byte pixels. Pass four of them to the kernel as one row. */
static void across_grays(
    const Weights *weights, const uint8_t *source, size_t height, uint8_t *target, const Scratch *scratch
) {
    const size_t width = (size_t)weights->size, outputs = (size_t)weights->outputs;
    const size_t step = (size_t)weights->kernel->rows;
    for (size_t y = 0; y < height; y += 4 * step) {
        const uint8_t *in[ROWS_MAX];
        uint8_t *out[ROWS_MAX], *rows[ROWS_MAX][4];
        for (size_t i = 0; i < step; i++) {
            const uint8_t *grays[4];
            for (size_t j = 0; j < 4; j++) {
                size_t row = smaller(y + 4 * i + j, height - 1);
                grays[j] = source + row * width;
                rows[i][j] = target + row * outputs;
            }
            interleave(grays, width, scratch->in + i * scratch->in_bytes);
            in[i] = scratch->in + i * scratch->in_bytes;
            out[i] = scratch->out + i * scratch->out_bytes;
        }
        weights->kernel->across(weights, in, out, UINT32_MAX);
        for (size_t i = 0; i < step; i++) {
            deinterleave(out[i], outputs, rows[i]);
        }
    }
}

Outcome pass_across(
    const Weights *weights, const uint8_t *source, size_t height, Pixels *made, size_t top, uint32_t mask
) {
    uint8_t *target = made->data + top * made->width * made->pixel;
    if (!weights) {
        memcpy(target, source, height * made->width * made->pixel);
        return DONE;
    }
    Scratch scratch;
    Outcome outcome = NO_MEMORY;
    if (make_scratch(&scratch, weights)) {
        outcome = DONE;
        if (made->pixel == 4) {
            across_colors(weights, source, height, target, &scratch, mask);
        } else {
            across_grays(weights, source, height, target, &scratch);
        }
    }
    free_scratch(&scratch);
    return outcome;
}

/* Resize columns if rows are long enough for the kernel. */
static Outcome down_long(const Weights *weights, const Pixels *source, Pixels *made, uint32_t mask) {
    const size_t bytes = source->width * source->pixel, quad_bytes = weights->kernel->quad_bytes;
    const uint8_t **rows = malloc(sizeof(*rows) * ((size_t)weights->quads * 4 + 1));
    if (!rows) {
        return NO_MEMORY;
    }
    for (int y = 0; y < weights->outputs; y++) {
        size_t start = (size_t)(weights->starts[y] - weights->first);
        for (size_t i = 0; i < (size_t)weights->counts[y] * 4; i++) {
            /* Rows beyond the last have the weight 0, so any row will do. */
            rows[i] = source->data + smaller(start + i, source->height - 1) * bytes;
        }
        const uint8_t *packed = weights->packed + (size_t)y * (size_t)weights->quads * quad_bytes;
        weights->kernel->down(rows, weights->counts[y], packed, made->data + (size_t)y * bytes, bytes, mask);
    }
    free(rows);
    return DONE;
}

/* Copy rows between images of different widths. */
static void copy_rows(const Pixels *source, Pixels *made, size_t bytes) {
    for (size_t y = 0; y < source->height; y++) {
        memcpy(made->data + y * made->width * made->pixel, source->data + y * source->width * source->pixel, bytes);
    }
}

/* Resize columns of rows that are too short for the kernel, in longer copies. */
static Outcome down_short(const Weights *weights, const Pixels *source, Pixels *made, uint32_t mask) {
    const size_t bytes = source->width * source->pixel;
    Pixels in = {1, ROW_BYTES_MIN, source->height, calloc(source->height + 1, ROW_BYTES_MIN)};
    Pixels out = {1, ROW_BYTES_MIN, made->height, malloc(made->height * ROW_BYTES_MIN)};
    Outcome outcome = NO_MEMORY;
    if (in.data && out.data) {
        copy_rows(source, &in, bytes);
        outcome = down_long(weights, &in, &out, mask);
        if (outcome == DONE) {
            copy_rows(&out, made, bytes);
        }
    }
    free(in.data);
    free(out.data);
    return outcome;
}

Outcome pass_down(const Weights *weights, const Pixels *source, Pixels *made, uint32_t mask) {
    int is_short = source->width * source->pixel < ROW_BYTES_MIN;
    return (is_short ? down_short : down_long)(weights, source, made, mask);
}

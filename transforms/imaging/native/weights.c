/* The weights of Pillow's filters. Every expression has the order and precision of that in Pillow's Resample.c:
   compile without contraction and without -ffast-math. */
#include "resample.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

/* Kernels split a weight into three signed bytes or two int16. The largest weight of any filter is about 1.3. */
#define WEIGHT_MAX (127 << 16)

/* The maximum memory for the weights of one line. Pillow resizes lines that need more. */
#define BYTES_MAX (1 << 28)

/* On processors that always have fused multiply-adds, compilers use them, and so do Pillow's packages. resample.py
   detects a Pillow that was compiled differently. */
#if defined(__aarch64__) || defined(_M_ARM64)
#define MULTIPLY_ADD(a, b, c) fma(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

static double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

static double bilinear(double x) {
    x = x < 0.0 ? -x : x;
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double hamming(double x) {
    x = x < 0.0 ? -x : x;
    if (x == 0.0) {
        return 1.0;
    }
    if (x >= 1.0) {
        return 0.0;
    }
    x = x * M_PI;
    return sin(x) / x * MULTIPLY_ADD(0.46f, cos(x), 0.54f);
}

static double bicubic(double x) {
    const double a = -0.5;
    x = x < 0.0 ? -x : x;
    if (x < 1.0) {
        return MULTIPLY_ADD(MULTIPLY_ADD(a + 2.0, x, -(a + 3.0)) * x, x, 1.0);
    }
    return x < 2.0 ? MULTIPLY_ADD(MULTIPLY_ADD(x - 5, x, 8.0), x, -4.0) * a : 0.0;
}

static double sinc(double x) {
    if (x == 0.0) {
        return 1.0;
    }
    x = x * M_PI;
    return sin(x) / x;
}

static double lanczos(double x) { return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

static const struct {
    double (*weight)(double x);
    double support;
} FILTERS[FILTER_COUNT] = {{box, 0.5}, {bilinear, 1.0}, {hamming, 1.0}, {bicubic, 2.0}, {lanczos, 3.0}};

/* The mapping of outputs to the line. */
typedef struct {
    double from, scale, stretch, support;
} Grid;

static double center_of(const Grid *grid, int output) { return MULTIPLY_ADD(output + 0.5, grid->scale, grid->from); }

/* Compute the pixels [start, start + count) that contribute to an output. */
static void find_taps(const Grid *grid, int size, int output, int *start, int *count) {
    double center = center_of(grid, output);
    int low = (int)(center - grid->support + 0.5);
    int high = (int)(center + grid->support + 0.5);
    *start = low < 0 ? 0 : low;
    *count = (high > size ? size : high) - *start;
}

/* Compute and round the weights of one output. Return 0 if one of them is too large. */
static int round_taps(const Grid *grid, Filter filter, int output, int start, int count, double *exact, int32_t *taps) {
    double center = center_of(grid, output), sum = 0.0, shrink = 1.0 / grid->stretch;
    for (int i = 0; i < count; i++) {
        double weight = FILTERS[filter].weight((i + start - center + 0.5) * shrink);
        exact[i] = weight;
        sum += weight;
    }
    for (int i = 0; i < count; i++) {
        double weight = sum != 0.0 ? exact[i] / sum : exact[i];
        double scaled = (weight < 0 ? -0.5 : 0.5) + weight * (1 << PRECISION);
        if (!(fabs(scaled) < WEIGHT_MAX)) {
            return 0;
        }
        taps[i] = (int)scaled;
    }
    return 1;
}

/* Compute each output's pixels, and the bounds of the whole line. */
static Outcome find_bounds(const Grid *grid, Weights *made) {
    made->first = INT_MAX;
    for (int output = 0; output < made->outputs; output++) {
        int start, count;
        find_taps(grid, made->size, output, &start, &count);
        if (count < 0) {
            return WEIGHTS_TOO_LARGE;
        }
        made->starts[output] = start;
        made->counts[output] = count;
        made->first = start < made->first ? start : made->first;
        made->last = start + count > made->last ? start + count : made->last;
        made->quads = (count + 3) / 4 > made->quads ? (count + 3) / 4 : made->quads;
    }
    made->reach = made->last;
    return DONE;
}

/* Pack the weights of all outputs. Near the end, prepend taps of weight 0, so that quads end at `last`. */
static int pack_all(const Grid *grid, Filter filter, Weights *made, double *exact, int32_t *taps) {
    for (int output = 0; output < made->outputs; output++) {
        int start = made->starts[output], count = made->counts[output], quads = (count + 3) / 4;
        int aligned = start + 4 * quads > made->last ? made->last - 4 * quads : start;
        aligned = aligned < made->first ? made->first : aligned;
        memset(taps, 0, sizeof(*taps) * (size_t)made->quads * 4 + sizeof(*taps) * 4);
        if (!round_taps(grid, filter, output, start, count, exact, taps + (start - aligned))) {
            return 0;
        }
        uint8_t *quad = made->packed + (size_t)output * made->quads * made->kernel->quad_bytes;
        for (int i = 0; i < quads; i++, quad += made->kernel->quad_bytes) {
            made->kernel->pack(taps + 4 * i, quad);
        }
        made->starts[output] = aligned;
        made->counts[output] = quads;
        made->reach = aligned + 4 * quads > made->reach ? aligned + 4 * quads : made->reach;
    }
    return 1;
}

static Outcome fill(const Grid *grid, Filter filter, Weights *made) {
    made->starts = malloc(sizeof(int32_t) * (size_t)made->outputs);
    made->counts = malloc(sizeof(int32_t) * (size_t)made->outputs);
    if (!made->starts || !made->counts) {
        return NO_MEMORY;
    }
    Outcome outcome = find_bounds(grid, made);
    if (outcome != DONE) {
        return outcome;
    }
    size_t room = (size_t)made->quads * 4 + 4;
    made->packed = malloc((size_t)made->outputs * made->quads * made->kernel->quad_bytes + 1);
    double *exact = malloc(sizeof(double) * room);
    int32_t *taps = malloc(sizeof(int32_t) * room);
    outcome = NO_MEMORY;
    if (made->packed && exact && taps) {
        outcome = pack_all(grid, filter, made, exact, taps) ? DONE : WEIGHTS_TOO_LARGE;
    }
    free(exact);
    free(taps);
    return outcome;
}

Outcome make_weights(const Kernel *kernel, int size, float from, float to, int outputs, Filter filter, Weights *made) {
    *made = (Weights){.kernel = kernel, .size = size, .outputs = outputs};
    Grid grid = {.from = from, .scale = (double)(to - from) / outputs};
    grid.stretch = grid.scale < 1.0 ? 1.0 : grid.scale;
    grid.support = FILTERS[filter].support * grid.stretch;
    /* An output has at most 2 * support + 2 taps, and no more than there are pixels. */
    if (!(grid.support < INT_MAX / 8) || (2 * grid.support + 8) * outputs * (double)kernel->quad_bytes / 4 > BYTES_MAX) {
        return WEIGHTS_TOO_LARGE;
    }
    Outcome outcome = fill(&grid, filter, made);
    if (outcome != DONE) {
        free_weights(made);
    }
    return outcome;
}

void free_weights(Weights *weights) {
    free(weights->starts);
    free(weights->counts);
    free(weights->packed);
    *weights = (Weights){0};
}

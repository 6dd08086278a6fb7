/* The kernel without vector instructions. Tests compare the others with it. */
#include "resample.h"

#include <string.h>

static int works_here(void) { return 1; }

static void pack(const int32_t taps[4], uint8_t *quad) { memcpy(quad, taps, 16); }

static uint32_t tap_of(const uint8_t *packed, size_t i) {
    uint32_t tap;
    memcpy(&tap, packed + 4 * i, 4);
    return tap;
}

/* Shift, clip and mask a sum. Return it as byte `band` of a pixel. */
static uint8_t kept(uint32_t sum, size_t band, uint32_t mask) {
    int32_t level = (int32_t)sum >> PRECISION;
    return (uint8_t)((uint32_t)(level < 0 ? 0 : level > 255 ? 255 : level) & (mask >> (8 * band)));
}

static void across(const Weights *weights, const uint8_t *const *in, uint8_t *const *out, uint32_t mask) {
    for (int x = 0; x < weights->outputs; x++) {
        const uint8_t *packed = weights->packed + (size_t)x * (size_t)weights->quads * 16;
        const uint8_t *pixels = in[0] + (size_t)weights->starts[x] * 4;
        uint32_t sums[4] = {HALF, HALF, HALF, HALF};
        for (size_t i = 0; i < (size_t)weights->counts[x] * 4; i++) {
            for (size_t band = 0; band < 4; band++) {
                sums[band] += pixels[4 * i + band] * tap_of(packed, i);
            }
        }
        for (size_t band = 0; band < 4; band++) {
            out[0][4 * (size_t)x + band] = kept(sums[band], band, mask);
        }
    }
}

static void down(
    const uint8_t *const *in, int quads, const uint8_t *packed, uint8_t *out, size_t bytes, uint32_t mask
) {
    for (size_t x = 0; x < bytes; x++) {
        uint32_t sum = HALF;
        for (size_t i = 0; i < (size_t)quads * 4; i++) {
            sum += in[i][x] * tap_of(packed, i);
        }
        out[x] = kept(sum, x % 4, mask);
    }
}

extern const Kernel PORTABLE;
const Kernel PORTABLE = {"portable", works_here, 1, 16, pack, across, down};

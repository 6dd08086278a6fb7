/* NEON, available on every aarch64 processor: 32-bit multiply-adds of four channels, or of four bytes of a row. */
#include "resample.h"

#if defined(__aarch64__) && defined(__GNUC__) && defined(__ARM_NEON) && !defined(__ARM_BIG_ENDIAN)

#include <arm_neon.h>
#include <string.h>

enum { ROWS = 4, QUAD_BYTES = 16, STEP = 16 };

static int works_here(void) { return 1; }

static void pack(const int32_t taps[4], uint8_t *quad) { memcpy(quad, taps, QUAD_BYTES); }

static inline int32x4_t quad_at(const uint8_t *packed) { return vreinterpretq_s32_u8(vld1q_u8(packed)); }

/* Widen 16 bytes to 32-bit integers, four per vector. */
static inline void widen(uint8x16_t bytes, int32x4_t wide[4]) {
    uint16x8_t low = vmovl_u8(vget_low_u8(bytes)), high = vmovl_u8(vget_high_u8(bytes));
    wide[0] = vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(low)));
    wide[1] = vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(low)));
    wide[2] = vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(high)));
    wide[3] = vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(high)));
}

/* Shift the sums, and clip them to 0 to 65535. */
static inline uint16x4_t levels(int32x4_t sum) { return vqmovun_s32(vshrq_n_s32(sum, PRECISION)); }

static void across(const Weights *weights, const uint8_t *const *in, uint8_t *const *out, uint32_t mask) {
    const uint8x8_t kept = vreinterpret_u8_u32(vdup_n_u32(mask));
    const size_t stride = (size_t)weights->quads * QUAD_BYTES;
    for (size_t x = 0; x < (size_t)weights->outputs; x++) {
        int32x4_t sums[ROWS];
        for (int j = 0; j < ROWS; j++) {
            sums[j] = vdupq_n_s32(HALF);
        }
        const uint8_t *quad = weights->packed + x * stride;
        size_t at = (size_t)weights->starts[x] * 4;
        for (int i = weights->counts[x]; i > 0; i--, quad += QUAD_BYTES, at += 16) {
            const int32x4_t taps = quad_at(quad);
            for (int j = 0; j < ROWS; j++) {
                int32x4_t pixels[4];
                widen(vld1q_u8(in[j] + at), pixels);
                sums[j] = vmlaq_laneq_s32(sums[j], pixels[0], taps, 0);
                sums[j] = vmlaq_laneq_s32(sums[j], pixels[1], taps, 1);
                sums[j] = vmlaq_laneq_s32(sums[j], pixels[2], taps, 2);
                sums[j] = vmlaq_laneq_s32(sums[j], pixels[3], taps, 3);
            }
        }
        for (int j = 0; j < ROWS; j += 2) {
            uint8x8_t two = vand_u8(vqmovn_u16(vcombine_u16(levels(sums[j]), levels(sums[j + 1]))), kept);
            uint32_t pixels[2];
            vst1_u8((uint8_t *)pixels, two);
            memcpy(out[j] + 4 * x, &pixels[0], 4);
            memcpy(out[j + 1] + 4 * x, &pixels[1], 4);
        }
    }
}

/* Compute 16 bytes of an output row. */
static inline uint8x16_t down_16(const uint8_t *const *in, int quads, const uint8_t *packed, size_t x) {
    int32x4_t sums[4];
    for (int j = 0; j < 4; j++) {
        sums[j] = vdupq_n_s32(HALF);
    }
    for (int i = 0; i < quads; i++, in += 4, packed += QUAD_BYTES) {
        const int32x4_t taps = quad_at(packed);
        int32x4_t rows[4][4];
        for (int j = 0; j < 4; j++) {
            widen(vld1q_u8(in[j] + x), rows[j]);
        }
        for (int j = 0; j < 4; j++) {
            sums[j] = vmlaq_laneq_s32(sums[j], rows[0][j], taps, 0);
            sums[j] = vmlaq_laneq_s32(sums[j], rows[1][j], taps, 1);
            sums[j] = vmlaq_laneq_s32(sums[j], rows[2][j], taps, 2);
            sums[j] = vmlaq_laneq_s32(sums[j], rows[3][j], taps, 3);
        }
    }
    uint8x8_t low = vqmovn_u16(vcombine_u16(levels(sums[0]), levels(sums[1])));
    return vcombine_u8(low, vqmovn_u16(vcombine_u16(levels(sums[2]), levels(sums[3]))));
}

static void down(
    const uint8_t *const *in, int quads, const uint8_t *packed, uint8_t *out, size_t bytes, uint32_t mask
) {
    const uint8x16_t kept = vreinterpretq_u8_u32(vdupq_n_u32(mask));
    for (size_t x = 0; x < bytes; x += STEP) {
        /* The last 16 bytes may overlap the previous ones by whole pixels. */
        size_t at = x + STEP > bytes ? bytes - STEP : x;
        vst1q_u8(out + at, vandq_u8(down_16(in, quads, packed, at), kept));
    }
}

extern const Kernel NEON_KERNEL;
const Kernel NEON_KERNEL = {"neon", works_here, ROWS, QUAD_BYTES, pack, across, down};

#endif

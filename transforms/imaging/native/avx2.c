/* AVX2: each weight is split into 15 low bits and an int16 of high bits. Two multiply-adds of int16 pairs replace one
   32-bit multiplication. */
#include "resample.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

enum { ROWS = 4, QUAD_BYTES = 16, LOW_BITS = 15 };

static int works_here(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}

/* Order: low 0, low 1, low 2, low 3, high 0, high 1, high 2, high 3. */
static void pack(const int32_t taps[4], uint8_t *quad) {
    int16_t split[8];
    for (int i = 0; i < 4; i++) {
        split[i] = (int16_t)(taps[i] & ((1 << LOW_BITS) - 1));
        split[4 + i] = (int16_t)(taps[i] >> LOW_BITS);
    }
    memcpy(quad, split, sizeof(split));
}

AVX2 static inline __m256i multiply_add(__m256i sum, __m256i pairs, __m256i weights) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, weights));
}

AVX2 static inline __m256i join(__m256i low, __m256i high) {
    return _mm256_add_epi32(low, _mm256_slli_epi32(high, LOW_BITS));
}

/* Add the two halves of a, and the two halves of b. Return the rounded sums: a's in the low half, b's in the high. */
AVX2 static inline __m256i rounded_halves(__m256i a, __m256i b) {
    __m256i sum = _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(HALF)), PRECISION);
}

AVX2 static inline void store_pixel(uint8_t *out, size_t x, int pixel) { memcpy(out + 4 * x, &pixel, 4); }

/* Each 128-bit half contains two pixels of one row, channel by channel, as int16. */
AVX2 static void across(const Weights *weights, const uint8_t *const *in, uint8_t *const *out, uint32_t mask) {
    const __m256i channels = _mm256_setr_epi8(
        0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1,
        8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1);
    const __m256i low_pairs = _mm256_setr_epi32(
        0x03020100, 0x03020100, 0x03020100, 0x03020100, 0x07060504, 0x07060504, 0x07060504, 0x07060504);
    const __m256i high_pairs = _mm256_setr_epi32(
        0x0b0a0908, 0x0b0a0908, 0x0b0a0908, 0x0b0a0908, 0x0f0e0d0c, 0x0f0e0d0c, 0x0f0e0d0c, 0x0f0e0d0c);
    const __m256i kept = _mm256_set1_epi32((int)mask);
    const size_t stride = (size_t)weights->quads * QUAD_BYTES;
    for (size_t x = 0; x < (size_t)weights->outputs; x++) {
        __m256i low[ROWS], high[ROWS];
        for (int j = 0; j < ROWS; j++) {
            low[j] = high[j] = _mm256_setzero_si256();
        }
        const uint8_t *quad = weights->packed + x * stride;
        size_t at = (size_t)weights->starts[x] * 4;
        for (int i = weights->counts[x]; i > 0; i--, quad += QUAD_BYTES, at += 16) {
            __m256i both = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)quad));
            __m256i low_weights = _mm256_shuffle_epi8(both, low_pairs);
            __m256i high_weights = _mm256_shuffle_epi8(both, high_pairs);
            for (int j = 0; j < ROWS; j++) {
                __m128i pixels = _mm_loadu_si128((const __m128i *)(in[j] + at));
                __m256i pairs = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(pixels), channels);
                low[j] = multiply_add(low[j], pairs, low_weights);
                high[j] = multiply_add(high[j], pairs, high_weights);
            }
        }
        __m256i even = rounded_halves(join(low[0], high[0]), join(low[1], high[1]));
        __m256i odd = rounded_halves(join(low[2], high[2]), join(low[3], high[3]));
        __m256i words = _mm256_packs_epi32(even, odd);
        __m256i made = _mm256_and_si256(_mm256_packus_epi16(words, words), kept);
        __m128i rows02 = _mm256_castsi256_si128(made), rows13 = _mm256_extracti128_si256(made, 1);
        store_pixel(out[0], x, _mm_cvtsi128_si32(rows02));
        store_pixel(out[1], x, _mm_cvtsi128_si32(rows13));
        store_pixel(out[2], x, _mm_extract_epi32(rows02, 1));
        store_pixel(out[3], x, _mm_extract_epi32(rows13, 1));
    }
}

AVX2 static inline __m256i broadcast(const uint8_t *four_bytes) {
    int value;
    memcpy(&value, four_bytes, 4);
    return _mm256_set1_epi32(value);
}

/* Add 32 bytes of the weighted rows a and b to the sums. */
AVX2 static inline void add_pair(
    const uint8_t *a, const uint8_t *b, __m256i low_weights, __m256i high_weights, __m256i low[4], __m256i high[4]
) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i row_a = _mm256_loadu_si256((const __m256i *)a), row_b = _mm256_loadu_si256((const __m256i *)b);
    __m256i first = _mm256_unpacklo_epi8(row_a, row_b), second = _mm256_unpackhi_epi8(row_a, row_b);
    __m256i pairs[4] = {
        _mm256_unpacklo_epi8(first, zero), _mm256_unpackhi_epi8(first, zero),
        _mm256_unpacklo_epi8(second, zero), _mm256_unpackhi_epi8(second, zero)};
    for (int j = 0; j < 4; j++) {
        low[j] = multiply_add(low[j], pairs[j], low_weights);
        high[j] = multiply_add(high[j], pairs[j], high_weights);
    }
}

/* Compute 32 bytes of an output row. */
AVX2 static inline __m256i down_32(const uint8_t *const *in, int quads, const uint8_t *packed, size_t x) {
    __m256i low[4], high[4];
    for (int j = 0; j < 4; j++) {
        low[j] = _mm256_set1_epi32(HALF);
        high[j] = _mm256_setzero_si256();
    }
    for (int i = 0; i < quads; i++, in += 4, packed += QUAD_BYTES) {
        add_pair(in[0] + x, in[1] + x, broadcast(packed), broadcast(packed + 8), low, high);
        add_pair(in[2] + x, in[3] + x, broadcast(packed + 4), broadcast(packed + 12), low, high);
    }
    for (int j = 0; j < 4; j++) {
        low[j] = _mm256_srai_epi32(join(low[j], high[j]), PRECISION);
    }
    return _mm256_packus_epi16(_mm256_packs_epi32(low[0], low[1]), _mm256_packs_epi32(low[2], low[3]));
}

AVX2 static void down(
    const uint8_t *const *in, int quads, const uint8_t *packed, uint8_t *out, size_t bytes, uint32_t mask
) {
    const __m256i kept = _mm256_set1_epi32((int)mask);
    for (size_t x = 0; x < bytes; x += 32) {
        /* The last 32 bytes may overlap the previous ones by whole pixels. */
        size_t at = x + 32 > bytes ? bytes - 32 : x;
        __m256i made = _mm256_and_si256(down_32(in, quads, packed, at), kept);
        _mm256_storeu_si256((__m256i *)(out + at), made);
    }
}

extern const Kernel AVX2_KERNEL;
const Kernel AVX2_KERNEL = {"avx2", works_here, ROWS, QUAD_BYTES, pack, across, down};

#endif

/* AVX-512 VNNI on 256-bit vectors: each weight is split into three signed bytes. A multiply-add of four bytes by four
   processes four taps at once. */
#include "resample.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define VNNI __attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512vnni")))

enum { ROWS = 8, QUAD_BYTES = 12 };

static int works_here(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

/* Order: the digits of 256^0 of four taps, those of 256^1, those of 256^2. Each digit is -128 to 127. */
static void pack(const int32_t taps[4], uint8_t *quad) {
    for (int i = 0; i < 4; i++) {
        int32_t rest = taps[i];
        for (int digit = 0; digit < 3; digit++) {
            int32_t low = ((rest + 128) & 255) - 128;
            quad[4 * digit + i] = (uint8_t)low;
            rest = (rest - low) >> 8;
        }
    }
}

VNNI static inline __m256i broadcast(const uint8_t *four_bytes) {
    int value;
    memcpy(&value, four_bytes, 4);
    return _mm256_set1_epi32(value);
}

typedef struct {
    __m256i digit[3];
} Sums;

VNNI static inline Sums no_sums(void) {
    return (Sums){{_mm256_set1_epi32(HALF), _mm256_setzero_si256(), _mm256_setzero_si256()}};
}

VNNI static inline void add(Sums *sums, __m256i pixels, const __m256i weights[3]) {
    for (int i = 0; i < 3; i++) {
        sums->digit[i] = _mm256_dpbusd_epi32(sums->digit[i], pixels, weights[i]);
    }
}

VNNI static inline __m256i levels(const Sums *sums) {
    __m256i sum = _mm256_add_epi32(sums->digit[0], _mm256_slli_epi32(sums->digit[1], 8));
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_slli_epi32(sums->digit[2], 16)), PRECISION);
}

VNNI static inline __m256i two_rows(const uint8_t *a, const uint8_t *b) {
    __m128i low = _mm_loadu_si128((const __m128i *)a), high = _mm_loadu_si128((const __m128i *)b);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

VNNI static inline void store_pixel(uint8_t *out, size_t x, int pixel) { memcpy(out + 4 * x, &pixel, 4); }

/* Each 128-bit half contains four pixels of one row, channel by channel. */
VNNI static void across(const Weights *weights, const uint8_t *const *in, uint8_t *const *out, uint32_t mask) {
    const __m256i channels =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m256i kept = _mm256_set1_epi32((int)mask);
    const size_t stride = (size_t)weights->quads * QUAD_BYTES;
    for (size_t x = 0; x < (size_t)weights->outputs; x++) {
        Sums sums[ROWS / 2] = {no_sums(), no_sums(), no_sums(), no_sums()};
        const uint8_t *quad = weights->packed + x * stride;
        size_t at = (size_t)weights->starts[x] * 4;
        for (int i = weights->counts[x]; i > 0; i--, quad += QUAD_BYTES, at += 16) {
            const __m256i digits[3] = {broadcast(quad), broadcast(quad + 4), broadcast(quad + 8)};
            for (int j = 0; j < ROWS / 2; j++) {
                __m256i pixels = two_rows(in[2 * j] + at, in[2 * j + 1] + at);
                add(&sums[j], _mm256_shuffle_epi8(pixels, channels), digits);
            }
        }
        __m256i rows0to3 = _mm256_packs_epi32(levels(&sums[0]), levels(&sums[1]));
        __m256i rows4to7 = _mm256_packs_epi32(levels(&sums[2]), levels(&sums[3]));
        __m256i made = _mm256_and_si256(_mm256_packus_epi16(rows0to3, rows4to7), kept);
        __m128i even = _mm256_castsi256_si128(made), odd = _mm256_extracti128_si256(made, 1);
        store_pixel(out[0], x, _mm_cvtsi128_si32(even));
        store_pixel(out[1], x, _mm_cvtsi128_si32(odd));
        store_pixel(out[2], x, _mm_extract_epi32(even, 1));
        store_pixel(out[3], x, _mm_extract_epi32(odd, 1));
        store_pixel(out[4], x, _mm_extract_epi32(even, 2));
        store_pixel(out[5], x, _mm_extract_epi32(odd, 2));
        store_pixel(out[6], x, _mm_extract_epi32(even, 3));
        store_pixel(out[7], x, _mm_extract_epi32(odd, 3));
    }
}

/* Compute 32 bytes of an output row. */
VNNI static inline __m256i down_32(const uint8_t *const *in, int quads, const uint8_t *packed, size_t x) {
    Sums sums[4] = {no_sums(), no_sums(), no_sums(), no_sums()};
    for (int i = 0; i < quads; i++, in += 4, packed += QUAD_BYTES) {
        const __m256i digits[3] = {broadcast(packed), broadcast(packed + 4), broadcast(packed + 8)};
        __m256i rows[4];
        for (int j = 0; j < 4; j++) {
            rows[j] = _mm256_loadu_si256((const __m256i *)(in[j] + x));
        }
        __m256i low01 = _mm256_unpacklo_epi8(rows[0], rows[1]), high01 = _mm256_unpackhi_epi8(rows[0], rows[1]);
        __m256i low23 = _mm256_unpacklo_epi8(rows[2], rows[3]), high23 = _mm256_unpackhi_epi8(rows[2], rows[3]);
        add(&sums[0], _mm256_unpacklo_epi16(low01, low23), digits);
        add(&sums[1], _mm256_unpackhi_epi16(low01, low23), digits);
        add(&sums[2], _mm256_unpacklo_epi16(high01, high23), digits);
        add(&sums[3], _mm256_unpackhi_epi16(high01, high23), digits);
    }
    return _mm256_packus_epi16(
        _mm256_packs_epi32(levels(&sums[0]), levels(&sums[1])), _mm256_packs_epi32(levels(&sums[2]), levels(&sums[3])));
}

VNNI static void down(
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

extern const Kernel VNNI_KERNEL;
const Kernel VNNI_KERNEL = {"avx512-vnni", works_here, ROWS, QUAD_BYTES, pack, across, down};

#endif

/* The kernels that this compiler can build. */
#include "resample.h"

extern const Kernel PORTABLE;

#if defined(__x86_64__) && defined(__GNUC__)
extern const Kernel AVX2_KERNEL, VNNI_KERNEL;
const Kernel *const KERNELS[] = {&VNNI_KERNEL, &AVX2_KERNEL, &PORTABLE};
#elif defined(__aarch64__) && defined(__GNUC__) && defined(__ARM_NEON) && !defined(__ARM_BIG_ENDIAN)
extern const Kernel NEON_KERNEL;
const Kernel *const KERNELS[] = {&NEON_KERNEL, &PORTABLE};
#else
const Kernel *const KERNELS[] = {&PORTABLE};
#endif

const size_t KERNEL_COUNT = sizeof(KERNELS) / sizeof(KERNELS[0]);

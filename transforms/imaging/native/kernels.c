/* The kernels that this compiler can make. */
#include "exact.h"

extern const Kernel PORTABLE;

#if defined(__x86_64__) && defined(__GNUC__)
extern const Kernel AVX2_KERNEL, VNNI_KERNEL;
const Kernel *const KERNELS[] = {&VNNI_KERNEL, &AVX2_KERNEL, &PORTABLE};
#else
const Kernel *const KERNELS[] = {&PORTABLE};
#endif

const size_t KERNEL_COUNT = sizeof(KERNELS) / sizeof(KERNELS[0]);

/* The floating-point environment in which values are read. */
#ifndef TB_ACTIVATION_HIST_COUNT_IEEE_H
#define TB_ACTIVATION_HIST_COUNT_IEEE_H

#include "_count_chunks.h"

/* Denormals must keep their value whatever torch.set_flush_denormal says. */
INLINE uint64_t enter_ieee(void) {
#if defined(X86)
    uint32_t before = _mm_getcsr();
    _mm_setcsr(0x1f80);
    return before;
#elif defined(__aarch64__) && defined(__GNUC__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
    return before;
#else
    return 0;
#endif
}

INLINE void leave_ieee(uint64_t before) {
#if defined(X86)
    _mm_setcsr((uint32_t)before);
#elif defined(__aarch64__) && defined(__GNUC__)
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

#endif

/* The common names of simd.h for vectors of one block, NAME_1, on ARMv8 with its cryptographic instructions.

   AESE adds the round key first, where the instruction of x86 adds it last: here AESE is given zeros, and the key is
   added behind it.  Clang joins that to the AESE of the next round, GCC leaves it. */

#include <arm_neon.h>

#define AS_BYTES(v) vreinterpretq_u8_u64(v)
#define AS_WORDS(v) vreinterpretq_u64_u8(v)
#define NOTHING vdupq_n_u8(0)
#define SUBSTITUTED(v) vaeseq_u8(AS_BYTES(v), NOTHING)   /* and its rows shifted */
#define HALF(v, high) ((poly64_t)vgetq_lane_u64(v, high))

/* Blocks from numbers, as gates.c and its headers write them for x86. */
#define __m128i uint64x2_t
#define _mm_setzero_si128() vdupq_n_u64(0)
#define _mm_set1_epi64x(a) vdupq_n_u64((uint64_t)(a))
#define _mm_set1_epi32(a) vreinterpretq_u64_u32(vdupq_n_u32((uint32_t)(a)))
#define _mm_set_epi64x(high, low) vcombine_u64(vcreate_u64((uint64_t)(low)), vcreate_u64((uint64_t)(high)))
#define _mm_cvtsi64_si128(low) _mm_set_epi64x(0, low)
#define _mm_set_epi8(p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a) \
    AS_WORDS(((uint8x16_t){a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p}))

#define VEC_1 uint64x2_t
#define LOAD_1(p) AS_WORDS(vld1q_u8((const uint8_t *)(p)))
#define STORE_1(p, v) vst1q_u8((uint8_t *)(p), AS_BYTES(v))
#define EVERY_1(v) (v)
#define XOR_1 veorq_u64
#define BOTH_1 vandq_u64
#define ADD_1 vaddq_u64
#define ROUND_1(v, key) XOR_1(AS_WORDS(vaesmcq_u8(SUBSTITUTED(v))), key)
#define LAST_1(v, key) XOR_1(AS_WORDS(SUBSTITUTED(v)), key)
#define BYTES_1(v, from) AS_WORDS(vqtbl1q_u8(AS_BYTES(v), AS_BYTES(from)))
#define UP_1(v, bytes) AS_WORDS(vextq_u8(NOTHING, AS_BYTES(v), BLOCK - (bytes)))
#define DOWN_1(v, bytes) AS_WORDS(vextq_u8(AS_BYTES(v), NOTHING, bytes))
#define FARUP_1(v, bits) UP_1(v, (bits) / 8)
#define FARDOWN_1(v, bits) DOWN_1(v, (bits) / 8)
#define LEFT_1(v, bits) vshlq_n_u64(v, bits)
#define RIGHT_1(v, bits) vshrq_n_u64(v, bits)
/* The halves are those that bits 0 and 4 of `which` name, as on x86. */
#define CARRYLESS_1(a, b, which) \
    vreinterpretq_u64_p128(vmull_p64(HALF(a, (which) & 1), HALF(b, (which) >> 4 & 1)))
/* Ones in every bit of a block whose lowest bit is 1, else zeros. */
#define MASK_1(v) vsubq_u64(vdupq_n_u64(0), vandq_u64(vdupq_laneq_u64(v, 0), vdupq_n_u64(1)))
#define COUNT_1(step) vdupq_n_u64(0)

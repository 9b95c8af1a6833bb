/* Vectors of 1, 2 or 4 blocks of 16 bytes under common names: NAME_1, NAME_2, NAME_4. */

#include <immintrin.h>

#define VEC_1 __m128i
#define LOAD_1(p) _mm_loadu_si128((const __m128i *)(p))
#define STORE_1(p, v) _mm_storeu_si128((__m128i *)(p), v)
#define EVERY_1(block) (block)
#define XOR_1 _mm_xor_si128
#define BOTH_1 _mm_and_si128
#define ADD_1 _mm_add_epi64
#define ROUND_1 _mm_aesenc_si128
#define LAST_1 _mm_aesenclast_si128
#define BYTES_1 _mm_shuffle_epi8
#define UP_1 _mm_slli_si128
#define DOWN_1 _mm_srli_si128
#define FARUP_1(v, bits) UP_1(v, (bits) / 8)
#define FARDOWN_1(v, bits) DOWN_1(v, (bits) / 8)
#define LEFT_1 _mm_slli_epi64
#define RIGHT_1 _mm_srli_epi64
#define CARRYLESS_1 _mm_clmulepi64_si128
/* Ones in every bit of a block whose lowest bit is 1, else zeros; without shifts, which wait for the unit of AES. */
#define MASK_1(v) _mm_sub_epi32(_mm_setzero_si128(), _mm_and_si128(_mm_shuffle_epi32(v, 0), _mm_set1_epi32(1)))
/* The number of each block among its fellows, times `step`. */
#define COUNT_1(step) _mm_setzero_si128()

#define VEC_2 __m256i
#define LOAD_2(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE_2(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define EVERY_2 _mm256_broadcastsi128_si256
#define XOR_2 _mm256_xor_si256
#define BOTH_2 _mm256_and_si256
#define ADD_2 _mm256_add_epi64
#define ROUND_2 _mm256_aesenc_epi128
#define LAST_2 _mm256_aesenclast_epi128
#define BYTES_2 _mm256_shuffle_epi8
#define UP_2 _mm256_slli_si256
#define DOWN_2 _mm256_srli_si256
#define FARUP_2(v, bits) UP_2(v, (bits) / 8)
#define FARDOWN_2(v, bits) DOWN_2(v, (bits) / 8)
#define LEFT_2 _mm256_slli_epi64
#define RIGHT_2 _mm256_srli_epi64
#define CARRYLESS_2 _mm256_clmulepi64_epi128
#define MASK_2(v) \
    _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_and_si256(_mm256_shuffle_epi32(v, 0), _mm256_set1_epi32(1)))
#define COUNT_2(step) _mm256_set_epi64x(0, step, 0, 0)

#define VEC_4 __m512i
#define LOAD_4(p) _mm512_loadu_si512(p)
#define STORE_4(p, v) _mm512_storeu_si512(p, v)
#define EVERY_4 _mm512_broadcast_i32x4
#define XOR_4 _mm512_xor_si512
#define BOTH_4 _mm512_and_si512
#define ADD_4 _mm512_add_epi64
#define ROUND_4 _mm512_aesenc_epi128
#define LAST_4 _mm512_aesenclast_epi128
#define BYTES_4 _mm512_shuffle_epi8
#define UP_4 _mm512_bslli_epi128
#define DOWN_4 _mm512_bsrli_epi128
#define FARUP_4(v, bits) UP_4(v, (bits) / 8)
#define FARDOWN_4(v, bits) DOWN_4(v, (bits) / 8)
#define LEFT_4 _mm512_slli_epi64
#define RIGHT_4 _mm512_srli_epi64
#define CARRYLESS_4 _mm512_clmulepi64_epi128
#define MASK_4(v) \
    _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_and_si512(_mm512_shuffle_epi32(v, 0), _mm512_set1_epi32(1)))
#define COUNT_4(step) _mm512_set_epi64(0, 3 * (step), 0, 2 * (step), 0, step, 0, 0)

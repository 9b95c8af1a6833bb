/* A path's columns of bits, WIDE blocks at a time, what is left one by one.  Included for each PATH. */

#define WIDTH 1
#include "columns.h"
#undef WIDTH
#define WIDTH WIDE
#if WIDE > 1
#include "columns.h"
#endif

/* The key expansion of FIPS 197, as in lanes.h, of one key after the other. */
TARGET static void ON(schedules)(const uint8_t *seeds, size_t count, uint8_t *keys)
{
    const __m128i rotated = _mm_set1_epi32(0x0c0f0e0d);
    for (size_t i = 0; i < count; i++, keys += KEY_BYTES) {
        __m128i key = LOAD_1(seeds + i * BLOCK);
        STORE_1(keys, key);
        for (int round = 1; round <= ROUNDS; round++) {
            const __m128i word = LAST_1(BYTES_1(key, rotated), _mm_set1_epi32(ROUND_CONSTANTS[round - 1]));
            key = XOR_1(key, UP_1(key, 4));
            key = XOR_1(key, UP_1(key, 8));
            key = XOR_1(key, word);
            STORE_1(keys + round * BLOCK, key);
        }
    }
}

TARGET static void ON(grow)(const growth *todo)
{
    size_t at = 0;
    for (; at + GROWN * WIDE <= todo->blocks; at += GROWN * WIDE)
        FN(grow)(todo, at, GROWN);
    for (; at + WIDE <= todo->blocks; at += WIDE)
        FN(grow)(todo, at, 1);
    for (; at < todo->blocks; at++)
        ONE(grow)(todo, at, 1);
}

TARGET static void ON(turn)(const uint8_t *columns, size_t blocks, uint8_t *rows)
{
    size_t at = 0;
    for (; at + WIDE <= blocks; at += WIDE)
        FN(turn)(columns, blocks, at, rows);
    for (; at < blocks; at++)
        ONE(turn)(columns, blocks, at, rows);
}

/* Modulo X^128 + X^7 + X^2 + X + 1, from the three parts of a sum of products. */
INLINE void ON(reduce)(__m128i low, __m128i middle, __m128i high, uint8_t *to)
{
    const __m128i polynomial = _mm_cvtsi64_si128(0x87);
    middle = XOR_1(middle, XOR_1(low, high));
    low = XOR_1(low, UP_1(middle, 8));
    high = XOR_1(high, DOWN_1(middle, 8));
    const __m128i carried = CARRYLESS_1(high, polynomial, 0x01);
    low = XOR_1(low, UP_1(carried, 8));
    high = XOR_1(high, DOWN_1(carried, 8));
    STORE_1(to, XOR_1(low, CARRYLESS_1(high, polynomial, 0x00)));
}

TARGET static void ON(fold)(const uint8_t *columns, size_t count, size_t blocks, const uint8_t *factors, uint8_t *to)
{
    const size_t wide = blocks - blocks % WIDE;
    uint8_t parts[3][WIDE * BLOCK];
    for (size_t i = 0; i < count; i++, columns += blocks * BLOCK) {
        OP(VEC) low = OP(EVERY)(_mm_setzero_si128()), middle = low, high = low;
        __m128i sum[3];
        size_t at = 0;
        for (; at < wide; at += WIDE)
            FN(multiply)(columns + at * BLOCK, factors + at * BLOCK, &low, &middle, &high);
        OP(STORE)(parts[0], low);
        OP(STORE)(parts[1], middle);
        OP(STORE)(parts[2], high);
        for (int part = 0; part < 3; part++) {
            sum[part] = LOAD_1(parts[part]);
            for (size_t k = 1; k < WIDE; k++)
                sum[part] = XOR_1(sum[part], LOAD_1(parts[part] + k * BLOCK));
        }
        for (; at < blocks; at++)
            ONE(multiply)(columns + at * BLOCK, factors + at * BLOCK, &sum[0], &sum[1], &sum[2]);
        ON(reduce)(sum[0], sum[1], sum[2], to + i * BLOCK);
    }
}

#undef WIDTH

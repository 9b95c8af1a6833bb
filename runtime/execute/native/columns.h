/* Columns of bits, some blocks at a time.  Included for each PATH and each WIDTH of its vectors, see transfers.h. */

#define V OP(VEC)

/* The sum of a tree's streams, and the four sums of those whose leaves have a bit. */
INLINE void FN(add_up)(const V *counter, int count, const uint8_t *key, V *sum, V column[DEPTH][GROWN])
{
    const V zero = OP(EVERY)(_mm_setzero_si128());
    V x[GROWN];
    UNROLL for (int i = 0; i < count; i++)
        sum[i] = column[0][i] = column[1][i] = column[2][i] = column[3][i] = zero;
    for (int leaf = 0; leaf < LEAVES; leaf++, key += KEY_BYTES) {
        UNROLL for (int i = 0; i < count; i++)
            x[i] = counter[i];
        FN(permute)(x, count, key, BLOCK);
        UNROLL for (int i = 0; i < count; i++)
            sum[i] = OP(XOR)(sum[i], x[i]);
        UNROLL for (int bit = 0; bit < DEPTH; bit++)
            if (leaf >> bit & 1)
                UNROLL for (int i = 0; i < count; i++)
                    column[bit][i] = OP(XOR)(column[bit][i], x[i]);
    }
}

/* `count` vectors of every column, and of the sums, from block `at` on. */
INLINE void FN(grow)(const growth *todo, size_t at, int count)
{
    const V reversed = OP(EVERY)(_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    const size_t size = todo->blocks * BLOCK, place = at * BLOCK, step = WIDTH * BLOCK;
    V counter[GROWN], sum[GROWN], column[DEPTH][GROWN];
    UNROLL for (int i = 0; i < count; i++) {
        const uint64_t number = todo->first + at + (uint64_t)(i * WIDTH);
        counter[i] = OP(BYTES)(OP(ADD)(OP(COUNT)(1), OP(EVERY)(_mm_cvtsi64_si128((long long)number))), reversed);
    }
    for (size_t tree = 0; tree < TREES; tree++) {
        FN(add_up)(counter, count, todo->keys + tree * LEAVES * KEY_BYTES, sum, column);
        const size_t by_tree = tree * size + place;
        for (size_t bit = 0; bit < DEPTH; bit++) {
            const size_t number = tree * DEPTH + bit;
            uint8_t *to = todo->columns + number * size + place;
            if (todo->corrections) {
                uint64_t ones;
                memcpy(&ones, todo->mask + number * sizeof ones, sizeof ones);
                const V mask = OP(EVERY)(_mm_set1_epi64x((long long)ones));
                UNROLL for (size_t i = 0; i < (size_t)count; i++) {
                    const V correction = OP(LOAD)(todo->corrections + by_tree + i * step);
                    column[bit][i] = OP(XOR)(column[bit][i], OP(BOTH)(mask, correction));
                }
            }
            UNROLL for (size_t i = 0; i < (size_t)count; i++)
                OP(STORE)(to + i * step, column[bit][i]);
        }
        if (todo->sums)
            UNROLL for (size_t i = 0; i < (size_t)count; i++)
                OP(STORE)(todo->sums + by_tree + i * step, sum[i]);
    }
}

/* Rows `row` and row + distance: the bits of the first whose number has `distance` against those of the second whose
   number has not. */
#define SWAP(up, down, distance, low)                                          \
    for (int i = 0; i < COLUMNS; i++)                                          \
        if (!(i & distance)) {                                                 \
            V upper = tile[i], lower = tile[i + distance];                     \
            V swap = OP(BOTH)(OP(XOR)(OP(down)(upper, distance), lower), low); \
            tile[i] = OP(XOR)(upper, OP(up)(swap, distance));                  \
            tile[i + distance] = OP(XOR)(lower, swap);                         \
        }

/* WIDTH blocks of all columns from block `at` on, each a square of bits, turned; no CPU foresees reads of so many
   columns by itself. */
INLINE void FN(turn)(const uint8_t *columns, size_t blocks, size_t at, uint8_t *rows)
{
    V tile[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        const uint8_t *from = columns + ((size_t)i * blocks + at) * BLOCK;
        tile[i] = OP(LOAD)(from);
        __builtin_prefetch(from + AHEAD);
    }
    SWAP(FARUP, FARDOWN, 64, OP(EVERY)(_mm_set_epi64x(0, -1)))
    SWAP(LEFT, RIGHT, 32, OP(EVERY)(_mm_set1_epi64x(0x00000000ffffffff)))
    SWAP(LEFT, RIGHT, 16, OP(EVERY)(_mm_set1_epi64x(0x0000ffff0000ffff)))
    SWAP(LEFT, RIGHT, 8, OP(EVERY)(_mm_set1_epi64x(0x00ff00ff00ff00ff)))
    SWAP(LEFT, RIGHT, 4, OP(EVERY)(_mm_set1_epi64x(0x0f0f0f0f0f0f0f0f)))
    SWAP(LEFT, RIGHT, 2, OP(EVERY)(_mm_set1_epi64x(0x3333333333333333)))
    SWAP(LEFT, RIGHT, 1, OP(EVERY)(_mm_set1_epi64x(0x5555555555555555)))
    for (size_t i = 0; i < COLUMNS; i++)
        for (size_t k = 0; k < WIDTH; k++)
            memcpy(rows + ((at + k) * COLUMNS + i) * BLOCK, (const uint8_t *)&tile[i] + k * BLOCK, BLOCK);
}

#undef SWAP

/* Products of blocks with their factors, not yet reduced, added to low, middle and high parts: Karatsuba's three. */
INLINE void FN(multiply)(const uint8_t *column, const uint8_t *factors, V *low, V *middle, V *high)
{
    const V block = OP(LOAD)(column), factor = OP(LOAD)(factors);
    const V both = OP(XOR)(block, OP(DOWN)(block, 8)), other = OP(XOR)(factor, OP(DOWN)(factor, 8));
    *low = OP(XOR)(*low, OP(CARRYLESS)(block, factor, 0x00));
    *high = OP(XOR)(*high, OP(CARRYLESS)(block, factor, 0x11));
    *middle = OP(XOR)(*middle, OP(CARRYLESS)(both, other, 0x00));
}

#undef V

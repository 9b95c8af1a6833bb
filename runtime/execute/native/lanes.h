/* Some lanes of one row.  Included for each PATH and each WIDTH of its vectors: everything here ends in both.

   The hash is H(x, j) = pi(pi(x) ^ j) ^ pi(x) of runtime/crypto/hash.py, pi AES-128 under the key seed ^ row,
   j = 2 * lane + half. */

#define V OP(VEC)

/* The keys of KEYS rows from `row` on, round by round: the key expansion of FIPS 197, whose S-boxes are a last round of
   AES, which moves nothing where all columns are alike. */
INLINE void FN(expand)(schedule *to, const uint8_t *seed, uint64_t row)
{
    const V rotated = OP(EVERY)(_mm_set1_epi32(0x0c0f0e0d));
    V key[KEYS / WIDTH];
    UNROLL for (int i = 0; i < KEYS / WIDTH; i++) {
        V number = OP(ADD)(OP(COUNT)(1), OP(EVERY)(_mm_cvtsi64_si128((long long)(row + (uint64_t)(i * WIDTH)))));
        key[i] = OP(XOR)(OP(EVERY)(LOAD_1(seed)), number);
        OP(STORE)(&to->rounds[0][i * WIDTH], key[i]);
    }
    for (int round = 1; round <= ROUNDS; round++) {
        const V constant = OP(EVERY)(_mm_set1_epi32(ROUND_CONSTANTS[round - 1]));
        UNROLL for (int i = 0; i < KEYS / WIDTH; i++) {
            V word = OP(LAST)(OP(BYTES)(key[i], rotated), constant);
            key[i] = OP(XOR)(key[i], OP(UP)(key[i], 4));
            key[i] = OP(XOR)(key[i], OP(UP)(key[i], 8));
            key[i] = OP(XOR)(key[i], word);
            OP(STORE)(&to->rounds[round][i * WIDTH], key[i]);
        }
    }
}

/* AES of `count` vectors under one key, whose rounds are `step` bytes apart. */
INLINE void FN(permute)(V *x, int count, const uint8_t *key, size_t step)
{
    V now = OP(EVERY)(LOAD_1(key));
    UNROLL for (int i = 0; i < count; i++)
        x[i] = OP(XOR)(x[i], now);
    UNROLL for (int round = 1; round < ROUNDS; round++) {
        now = OP(EVERY)(LOAD_1(key + (size_t)round * step));
        UNROLL for (int i = 0; i < count; i++)
            x[i] = OP(ROUND)(x[i], now);
    }
    now = OP(EVERY)(LOAD_1(key + ROUNDS * step));
    UNROLL for (int i = 0; i < count; i++)
        x[i] = OP(LAST)(x[i], now);
}

/* H of `count` vectors in place, of which `each` belong to the same lanes, the first `zeros` of these with half 0, the
   others with half 1; `tweak` is that of the first lanes. */
INLINE void FN(hash)(V *x, int count, int each, int zeros, V tweak, const schedule *of, int n)
{
    const V one = OP(EVERY)(_mm_set_epi64x(0, 1)), step = OP(EVERY)(_mm_set_epi64x(0, 2 * WIDTH));
    const uint8_t *key = (const uint8_t *)&of->rounds[0][n];
    V inner[MOST];
    FN(permute)(x, count, key, KEYS * BLOCK);
    UNROLL for (int i = 0; i < count; i++) {
        inner[i] = x[i];
        x[i] = OP(XOR)(x[i], i % each < zeros ? tweak : OP(XOR)(tweak, one));
        if (i % each == each - 1)
            tweak = OP(ADD)(tweak, step);
    }
    FN(permute)(x, count, key, KEYS * BLOCK);
    UNROLL for (int i = 0; i < count; i++)
        x[i] = OP(XOR)(x[i], inner[i]);
}

/* `count` vectors of pi(x), for the function below. */
INLINE void FN(inner)(const uint8_t *labels, int count, const uint8_t *key, uint8_t *to)
{
    V x[MOST];
    UNROLL for (int i = 0; i < count; i++)
        x[i] = OP(LOAD)(labels + i * WIDTH * BLOCK);
    FN(permute)(x, count, key, BLOCK);
    UNROLL for (int i = 0; i < count; i++)
        OP(STORE)(to + i * WIDTH * BLOCK, x[i]);
}

/* The next vector of those pi(x), one for each block of a label; of the first label `done` blocks are passed. */
INLINE V FN(repeated)(const uint8_t **label, size_t *done, size_t blocks)
{
    V all = OP(EVERY)(LOAD_1(*label));
    if (*done + WIDTH > blocks) {
        uint8_t mixed[WIDTH * BLOCK];
        for (size_t k = 0; k < WIDTH; k++) {
            memcpy(mixed + k * BLOCK, *label, BLOCK);
            if (++*done == blocks)
                *done = 0, *label += BLOCK;
        }
        return OP(LOAD)(mixed);
    }
    *done += WIDTH;
    if (*done == blocks)
        *done = 0, *label += BLOCK;
    return all;
}

/* `count` vectors of hashes from them, the first with the tweak `number`. */
INLINE void FN(outer)(const uint8_t **label, size_t *done, size_t blocks, size_t number, int count,
                      const uint8_t *key, uint8_t *to)
{
    V x[MOST], inner[MOST], tweak = OP(ADD)(OP(COUNT)(1), OP(EVERY)(_mm_cvtsi64_si128((long long)number)));
    UNROLL for (int i = 0; i < count; i++) {
        inner[i] = FN(repeated)(label, done, blocks);
        x[i] = OP(XOR)(inner[i], tweak);
        tweak = OP(ADD)(tweak, OP(EVERY)(_mm_set_epi64x(0, WIDTH)));
    }
    FN(permute)(x, count, key, BLOCK);
    UNROLL for (int i = 0; i < count; i++)
        OP(STORE)(to + i * WIDTH * BLOCK, OP(XOR)(x[i], inner[i]));
}

INLINE V FN(tweak)(size_t lane)
{
    return OP(ADD)(OP(COUNT)(2), OP(EVERY)(_mm_cvtsi64_si128((long long)(2 * lane))));
}

/* Zero labels in, zero labels and tables out, of `count` vectors of lanes from `lane` on. */
INLINE void FN(garble)(const operands *at, size_t lane, int count, const uint8_t *secret)
{
    const V delta = OP(EVERY)(LOAD_1(secret));
    const V left = OP(BOTH)(delta, OP(EVERY)(_mm_set1_epi32(-(at->op / INVERT_LEFT & 1))));
    const V right = OP(BOTH)(delta, OP(EVERY)(_mm_set1_epi32(-(at->op / INVERT_RIGHT & 1))));
    V x[MOST];
    UNROLL for (int i = 0; i < count; i++) {
        size_t place = (lane + (size_t)(i * WIDTH)) * BLOCK;
        V a = OP(LOAD)(at->left + place), b = OP(LOAD)(at->right + place);
        x[4 * i] = OP(XOR)(a, OP(BOTH)(OP(MASK)(a), delta));   /* the label with permute bit 0 */
        x[4 * i + 1] = OP(XOR)(x[4 * i], delta);
        x[4 * i + 2] = OP(XOR)(b, OP(BOTH)(OP(MASK)(b), delta));
        x[4 * i + 3] = OP(XOR)(x[4 * i + 2], delta);
    }
    FN(hash)(x, 4 * count, 4, 2, FN(tweak)(at->lane + lane), at->keys, at->key);
    UNROLL for (int i = 0; i < count; i++) {
        size_t place = (lane + (size_t)(i * WIDTH)) * BLOCK;
        V a = OP(LOAD)(at->left + place), b = OP(LOAD)(at->right + place);
        V pa = OP(XOR)(OP(BOTH)(OP(MASK)(a), delta), left), pb = OP(XOR)(OP(BOTH)(OP(MASK)(b), delta), right);
        V generator = OP(XOR)(OP(XOR)(x[4 * i], x[4 * i + 1]), pb);
        V evaluator = OP(XOR)(OP(XOR)(x[4 * i + 2], x[4 * i + 3]), OP(XOR)(a, left));
        OP(STORE)(at->generator + place, generator);
        OP(STORE)(at->evaluator + place, evaluator);
        OP(STORE)(at->out + place, OP(XOR)(OP(XOR)(x[4 * i], x[4 * i + 2]), OP(BOTH)(pa, pb)));
    }
}

/* Active labels and tables in, active labels out. */
INLINE void FN(evaluate)(const operands *at, size_t lane, int count)
{
    V x[MOST];
    UNROLL for (int i = 0; i < count; i++) {
        size_t place = (lane + (size_t)(i * WIDTH)) * BLOCK;
        x[2 * i] = OP(LOAD)(at->left + place);
        x[2 * i + 1] = OP(LOAD)(at->right + place);
    }
    FN(hash)(x, 2 * count, 2, 1, FN(tweak)(at->lane + lane), at->keys, at->key);
    UNROLL for (int i = 0; i < count; i++) {
        size_t place = (lane + (size_t)(i * WIDTH)) * BLOCK;
        V a = OP(LOAD)(at->left + place), b = OP(LOAD)(at->right + place);
        V left = OP(BOTH)(OP(MASK)(a), OP(LOAD)(at->generator + place));
        V right = OP(BOTH)(OP(MASK)(b), OP(XOR)(a, OP(LOAD)(at->evaluator + place)));
        OP(STORE)(at->out + place, OP(XOR)(OP(XOR)(x[2 * i], x[2 * i + 1]), OP(XOR)(left, right)));
    }
}

/* The same where the garbler knows the right operand, whose zero label shows its value by the colour: half 0 alone. */
INLINE void FN(garble_garblers)(const operands *at, size_t lane, int count, const uint8_t *secret)
{
    const V delta = OP(EVERY)(LOAD_1(secret));
    const V left = OP(BOTH)(delta, OP(EVERY)(_mm_set1_epi32(-(at->op / INVERT_LEFT & 1))));
    const V right = OP(BOTH)(delta, OP(EVERY)(_mm_set1_epi32(-(at->op / INVERT_RIGHT & 1))));
    V x[MOST];
    UNROLL for (int i = 0; i < count; i++) {
        V a = OP(LOAD)(at->left + (lane + (size_t)(i * WIDTH)) * BLOCK);
        x[2 * i] = OP(XOR)(a, OP(BOTH)(OP(MASK)(a), delta));
        x[2 * i + 1] = OP(XOR)(x[2 * i], delta);
    }
    FN(hash)(x, 2 * count, 2, 2, FN(tweak)(at->lane + lane), at->keys, at->key);
    UNROLL for (int i = 0; i < count; i++) {
        size_t place = (lane + (size_t)(i * WIDTH)) * BLOCK;
        V a = OP(LOAD)(at->left + place), b = OP(LOAD)(at->right + place);
        V pa = OP(XOR)(OP(BOTH)(OP(MASK)(a), delta), left), known = OP(XOR)(OP(BOTH)(OP(MASK)(b), delta), right);
        OP(STORE)(at->generator + place, OP(XOR)(OP(XOR)(x[2 * i], x[2 * i + 1]), known));
        OP(STORE)(at->out + place, OP(XOR)(x[2 * i], OP(BOTH)(pa, known)));
    }
}

INLINE void FN(evaluate_garblers)(const operands *at, size_t lane, int count)
{
    V x[MOST];
    UNROLL for (int i = 0; i < count; i++)
        x[i] = OP(LOAD)(at->left + (lane + (size_t)(i * WIDTH)) * BLOCK);
    FN(hash)(x, count, 1, 1, FN(tweak)(at->lane + lane), at->keys, at->key);
    UNROLL for (int i = 0; i < count; i++) {
        size_t place = (lane + (size_t)(i * WIDTH)) * BLOCK;
        V table = OP(BOTH)(OP(MASK)(OP(LOAD)(at->left + place)), OP(LOAD)(at->generator + place));
        OP(STORE)(at->out + place, OP(XOR)(x[i], table));
    }
}

/* What inversions add where the evaluator knows the right operand, and the bits of hashes and tables that count. */
INLINE V FN(linear)(const operands *at, V a, V b)
{
    const V left = OP(EVERY)(_mm_set1_epi32(-(at->op / INVERT_LEFT & 1)));
    const V right = OP(EVERY)(_mm_set1_epi32(-(at->op / INVERT_RIGHT & 1)));
    return OP(XOR)(OP(BOTH)(a, right), OP(BOTH)(b, left));
}

INLINE V FN(kept)(const operands *at)
{
    return OP(EVERY)(_mm_set_epi64x(-1, -1 - (at->op / OWN & 1)));
}

/* Where the evaluator knows it, and its active label shows the value by the colour: half 1 alone. */
INLINE void FN(garble_evaluators)(const operands *at, size_t lane, int count, const uint8_t *secret)
{
    const V delta = OP(EVERY)(LOAD_1(secret)), kept = FN(kept)(at);
    V x[MOST];
    UNROLL for (int i = 0; i < count; i++) {
        x[2 * i] = OP(LOAD)(at->right + (lane + (size_t)(i * WIDTH)) * BLOCK);
        x[2 * i + 1] = OP(XOR)(x[2 * i], delta);
    }
    FN(hash)(x, 2 * count, 2, 0, FN(tweak)(at->lane + lane), at->keys, at->key);
    UNROLL for (int i = 0; i < count; i++) {
        size_t place = (lane + (size_t)(i * WIDTH)) * BLOCK;
        V a = OP(LOAD)(at->left + place), b = OP(LOAD)(at->right + place);
        OP(STORE)(at->generator + place, OP(BOTH)(OP(XOR)(OP(XOR)(x[2 * i], x[2 * i + 1]), a), kept));
        OP(STORE)(at->out + place, OP(XOR)(OP(BOTH)(x[2 * i], kept), FN(linear)(at, a, b)));
    }
}

INLINE void FN(evaluate_evaluators)(const operands *at, size_t lane, int count)
{
    const V kept = FN(kept)(at);
    V x[MOST];
    UNROLL for (int i = 0; i < count; i++)
        x[i] = OP(LOAD)(at->right + (lane + (size_t)(i * WIDTH)) * BLOCK);
    FN(hash)(x, count, 1, 0, FN(tweak)(at->lane + lane), at->keys, at->key);
    UNROLL for (int i = 0; i < count; i++) {
        size_t place = (lane + (size_t)(i * WIDTH)) * BLOCK;
        V a = OP(LOAD)(at->left + place), b = OP(LOAD)(at->right + place);
        V table = OP(BOTH)(OP(MASK)(b), OP(XOR)(a, OP(LOAD)(at->generator + place)));
        OP(STORE)(at->out + place, OP(XOR)(OP(XOR)(OP(BOTH)(x[i], kept), table), FN(linear)(at, a, b)));
    }
}

INLINE void FN(add)(const uint8_t *left, const uint8_t *right, uint8_t *out, int count)
{
    V x[MOST];
    UNROLL for (int i = 0; i < count; i++)
        x[i] = OP(XOR)(OP(LOAD)(left + i * WIDTH * BLOCK), OP(LOAD)(right + i * WIDTH * BLOCK));
    UNROLL for (int i = 0; i < count; i++)
        OP(STORE)(out + i * WIDTH * BLOCK, x[i]);
}

#undef V

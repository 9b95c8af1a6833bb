/* Loops over numbers, which compilers turn into vectors.  Included for each KIND of CPU and each NUMBER. */

/* With the hashes under both labels of some numbers of one word, whose permute bit is `permute`. */
TARGET static void FN(correct)(const void *hashed, const void *others, const void *numbers, unsigned permute,
                               uint64_t weight, void *shares, void *corrections, size_t count)
{
    const NUMBER *restrict known = hashed, *restrict other = others, *restrict own = numbers;
    NUMBER *restrict share = shares, *restrict correction = corrections;
    const NUMBER mask = (NUMBER)(0 - (NUMBER)permute), scale = (NUMBER)weight;
    for (size_t i = 0; i < count; i++) {
        const NUMBER masked = own[i] & mask;
        correction[i] = (NUMBER)(known[i] - other[i] + own[i] - masked - masked);
        share[i] = (NUMBER)(share[i] + scale * (masked - known[i]));
    }
}

TARGET static void FN(apply)(const void *hashed, const void *corrections, unsigned colour, uint64_t weight,
                             void *shares, size_t count)
{
    const NUMBER *restrict known = hashed, *restrict correction = corrections;
    NUMBER *restrict share = shares;
    const NUMBER mask = (NUMBER)(0 - (NUMBER)colour), scale = (NUMBER)weight;
    for (size_t i = 0; i < count; i++)
        share[i] = (NUMBER)(share[i] + scale * (known[i] + (correction[i] & mask)));
}

/* 64 numbers of `bits` bits are so many words of 64 bits; the i-th numbers of all are the i-th 64th, `each` of them, in
   order.  Here `count` numbers from number `first` on; words that were zeros gather them. */
TARGET static void FN(pack)(const void *numbers, size_t first, size_t count, size_t each, unsigned bits,
                            uint64_t *packed)
{
    const NUMBER *restrict from = numbers;
    const uint64_t low = ~(uint64_t)0 >> (64 - bits);
    for (size_t here; count; from += here, first += here, count -= here) {
        const size_t i = first / each, at = first % each;
        const unsigned above = (unsigned)(i * bits % 64);
        uint64_t *restrict to = packed + i * bits / 64 * each + at;
        here = count < each - at ? count : each - at;
        for (size_t k = 0; k < here; k++)
            to[k] |= ((uint64_t)from[k] & low) << above;
        if (above + bits > 64)
            for (size_t k = 0; k < here; k++)
                to[each + k] |= ((uint64_t)from[k] & low) >> (64 - above);
    }
}

TARGET static void FN(unpack)(const uint64_t *packed, size_t first, size_t count, size_t each, unsigned bits,
                              void *numbers)
{
    NUMBER *restrict to = numbers;
    const uint64_t low = ~(uint64_t)0 >> (64 - bits);
    for (size_t here; count; to += here, first += here, count -= here) {
        const size_t i = first / each, at = first % each;
        const unsigned above = (unsigned)(i * bits % 64);
        const uint64_t *restrict from = packed + i * bits / 64 * each + at;
        here = count < each - at ? count : each - at;
        if (above + bits > 64)
            for (size_t k = 0; k < here; k++)
                to[k] = (NUMBER)((from[k] >> above | from[each + k] << (64 - above)) & low);
        else
            for (size_t k = 0; k < here; k++)
                to[k] = (NUMBER)(from[k] >> above & low);
    }
}

static const loops FN(LOOPS) = {FN(correct), FN(apply), FN(pack), FN(unpack)};

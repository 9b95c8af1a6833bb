/* Loops over numbers, which compilers turn into vectors.  Included for each KIND of CPU and each NUMBER. */

/* Of one part of a word, whose permute bit is `permute`, with the hashes under both its labels. */
TARGET static inline void FN(correct_part)(const NUMBER *restrict known, const NUMBER *restrict other,
                                           const NUMBER *restrict own, unsigned permute, scale by,
                                           NUMBER *restrict share, NUMBER *restrict correction, size_t count)
{
    const NUMBER mask = (NUMBER)(0 - (NUMBER)permute), sign = (NUMBER)(0 - (NUMBER)by.negative);
    for (size_t i = 0; i < count; i++) {
        const NUMBER masked = own[i] & mask;
        correction[i] = (NUMBER)(known[i] - other[i] + own[i] - masked - masked);
        share[i] = (NUMBER)(share[i] + (((NUMBER)((masked - known[i]) << by.bit) ^ sign) - sign));
    }
}

TARGET static inline void FN(apply_part)(const NUMBER *restrict known, const NUMBER *restrict correction,
                                         unsigned colour, scale by, NUMBER *restrict share, size_t count)
{
    const NUMBER mask = (NUMBER)(0 - (NUMBER)colour), sign = (NUMBER)(0 - (NUMBER)by.negative);
    for (size_t i = 0; i < count; i++)
        share[i] = (NUMBER)(share[i] + (((NUMBER)((known[i] + (correction[i] & mask)) << by.bit) ^ sign) - sign));
}

/* What a part makes beyond the numbers that are kept of it, the next one overwrites. */
TARGET static void FN(correct)(const strip_of_row *at, const room *in, const uint8_t *labels, scale by,
                               const void *own, void *share)
{
    const NUMBER *known = (const NUMBER *)in->hashed[0], *other = (const NUMBER *)in->hashed[1];
    const size_t each = at->each, first = at->first * each;
    for (size_t i = 0; i < at->parts; i++)
        FN(correct_part)(known + i * each, other + i * each, (const NUMBER *)own + first + i * each,
                         labels[i * BLOCK] & 1, by, (NUMBER *)share + first + i * each,
                         (NUMBER *)in->corrections + i * at->kept, each);
}

TARGET static void FN(apply)(const strip_of_row *at, const room *in, const uint8_t *labels, scale by, void *share)
{
    const size_t each = at->each, first = at->first * each;
    for (size_t i = 0; i < at->parts; i++)
        FN(apply_part)((const NUMBER *)in->hashed[0] + i * each, (const NUMBER *)in->corrections + i * at->kept,
                       labels[i * BLOCK] & 1, by, (NUMBER *)share + first + i * each, each);
}

/* Of a packed number: what is in a word of 64 bits, and in the one behind it if it goes on there. */
TARGET static inline void FN(pack_some)(const NUMBER *restrict from, size_t count, uint64_t low, unsigned above,
                                        uint64_t *restrict to, uint64_t *restrict behind)
{
    for (size_t k = 0; k < count; k++)
        to[k] |= ((uint64_t)from[k] & low) << above;
    if (behind)
        for (size_t k = 0; k < count; k++)
            behind[k] |= ((uint64_t)from[k] & low) >> (64 - above);
}

TARGET static inline void FN(unpack_some)(const uint64_t *restrict from, const uint64_t *restrict behind, size_t count, uint64_t low,
                                          unsigned above, NUMBER *restrict to)
{
    if (behind)
        for (size_t k = 0; k < count; k++)
            to[k] = (NUMBER)((from[k] >> above | behind[k] << (64 - above)) & low);
    else
        for (size_t k = 0; k < count; k++)
            to[k] = (NUMBER)(from[k] >> above & low);
}

/* 64 numbers of `bits` bits are so many words of 64 bits; the i-th numbers of all are the i-th 64th, `each` of them, in
   order.  Here `count` numbers from number `first` on; words that were zeros gather them.  Of a run the last VECTOR come
   first: those of them that are done again change nothing, and are not waited for as they were at the end. */
TARGET static void FN(pack)(const void *numbers, size_t first, size_t count, size_t each, unsigned bits,
                            uint64_t *packed)
{
    const NUMBER *from = numbers;
    const uint64_t low = ~(uint64_t)0 >> (64 - bits);
    for (size_t here; count; from += here, first += here, count -= here) {
        const size_t i = first / each, at = first % each;
        const unsigned above = (unsigned)(i * bits % 64);
        uint64_t *to = packed + i * bits / 64 * each + at, *behind = above + bits > 64 ? to + each : NULL;
        here = count < each - at ? count : each - at;
        if (here < VECTOR) {
            FN(pack_some)(from, here, low, above, to, behind);
            continue;
        }
        const size_t last = here - VECTOR;
        FN(pack_some)(from + last, VECTOR, low, above, to + last, behind ? behind + last : NULL);
        for (size_t k = 0; k < last; k += VECTOR)
            FN(pack_some)(from + k, VECTOR, low, above, to + k, behind ? behind + k : NULL);
    }
}

TARGET static void FN(unpack)(const uint64_t *packed, size_t first, size_t count, size_t each, unsigned bits,
                              void *numbers)
{
    NUMBER *to = numbers;
    const uint64_t low = ~(uint64_t)0 >> (64 - bits);
    for (size_t here; count; to += here, first += here, count -= here) {
        const size_t i = first / each, at = first % each;
        const unsigned above = (unsigned)(i * bits % 64);
        const uint64_t *from = packed + i * bits / 64 * each + at, *behind = above + bits > 64 ? from + each : NULL;
        here = count < each - at ? count : each - at;
        if (here < VECTOR) {
            FN(unpack_some)(from, behind, here, low, above, to);
            continue;
        }
        const size_t last = here - VECTOR;
        FN(unpack_some)(from + last, behind ? behind + last : NULL, VECTOR, low, above, to + last);
        for (size_t k = 0; k < last; k += VECTOR)
            FN(unpack_some)(from + k, behind ? behind + k : NULL, VECTOR, low, above, to + k);
    }
}

static const loops FN(LOOPS) = {FN(correct), FN(apply), FN(pack), FN(unpack)};

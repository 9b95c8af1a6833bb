/* Products as shares: rows of hashes by a path, numbers by loops that compilers turn into vectors. */

#include "products.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64, AT_ONCE = 256 };
/* Bytes of a line of the cache, which a vector should not leave; blocks of a strip, unless one label has more: what lies
   of them in a room stays in the first cache. */

/* Room for one strip: one memory, of which each part begins with a line of the cache. */
typedef struct {
    uint8_t *memory;
    size_t size;
    uint8_t *labels[2], *inner, *hashed[2], *corrections;
} room;

/* Some words in a row, or a part of one that takes several.  Parts of words are numbered through and go by row, of each
   `each` numbers are hashed and `kept` are its word's, number `at` of all and the following. */
typedef struct {
    size_t first, parts, each, kept, word, at, row, tweak;
} strip_of_row;

/* What a bit counts: 2^bit, or minus that. */
typedef struct {
    unsigned bit, negative;
} scale;

typedef struct {
    void (*correct)(const strip_of_row *, const room *, const uint8_t *labels, scale, const void *own, void *share);
    void (*apply)(const strip_of_row *, const room *, const uint8_t *labels, scale, void *share);
    void (*pack)(const void *numbers, size_t first, size_t count, size_t each, unsigned bits, uint64_t *packed);
    void (*unpack)(const uint64_t *packed, size_t first, size_t count, size_t each, unsigned bits, void *numbers);
} loops;

#define JOIN_(a, b, c) a##_##b##_##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define FN(name) JOIN(name, KIND, NUMBER)

#define KIND any
#define TARGET
#define VECTOR SIZE_MAX /* numbers that are packed at once where a run has as many: never, compilers do better there */
#define NUMBER uint32_t
#include "numbers.h"
#undef NUMBER
#define NUMBER uint64_t
#include "numbers.h"
#undef NUMBER
#undef VECTOR
#undef TARGET
#undef KIND

#if defined(__x86_64__) && defined(__GNUC__)
#define KIND avx2
#define TARGET __attribute__((target("avx2")))
#define VECTOR (size_t)8
#define NUMBER uint32_t
#include "numbers.h"
#undef NUMBER
#define NUMBER uint64_t
#include "numbers.h"
#undef NUMBER
#undef VECTOR
#undef TARGET
#undef KIND
#else
#define LOOPS_avx2_uint32_t LOOPS_any_uint32_t
#define LOOPS_avx2_uint64_t LOOPS_any_uint64_t
#endif

static const loops *loops_of(const path *by, const shape *of)
{
    if (of->number_bytes == 4)
        return by->avx2 ? &LOOPS_avx2_uint32_t : &LOOPS_any_uint32_t;
    return by->avx2 ? &LOOPS_avx2_uint64_t : &LOOPS_any_uint64_t;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t a_64th(const shape *of)
{
    return (of->words * of->shared + 63) / 64;
}

size_t packed_words(const shape *of, size_t from, size_t to)
{
    size_t bits = 0;
    for (size_t bit = from; bit < to; bit++)
        bits += of->ring - bit;
    return a_64th(of) * bits;
}

static size_t hashed_numbers(const shape *of)
{
    return of->blocks * BLOCK / of->number_bytes;
}

size_t padded(const shape *of)
{
    return of->rows_of_a_word * hashed_numbers(of);
}

static size_t parts_at_once(const shape *of)
{
    const size_t most = of->blocks < AT_ONCE ? AT_ONCE / of->blocks : 1;
    return least(least(most, of->words_of_a_row), of->words * of->rows_of_a_word);
}

static size_t whole_lines(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

static int take_room(room *in, const shape *of)
{
    const size_t parts = parts_at_once(of), labels = whole_lines(parts * BLOCK);
    const size_t hashed = whole_lines(parts * of->blocks * BLOCK);
    in->size = LINE + 3 * labels + 3 * hashed;
    in->memory = calloc(1, in->size);
    if (!in->memory)
        return 0;
    uint8_t *next = in->memory + (LINE - (uintptr_t)in->memory % LINE);
    for (int i = 0; i < 2; i++, next += labels + hashed) {
        in->labels[i] = next;
        in->hashed[i] = next + labels;
    }
    in->inner = next;
    in->corrections = next + labels;
    return 1;
}

static void leave_room(room *in)
{
    wipe_memory(in->memory, in->size);
    free(in->memory);
}

/* The strip that begins with part `first`; it has no parts where there are none left. */
static strip_of_row strip_at(const shape *of, size_t first)
{
    const size_t each = hashed_numbers(of), behind = first % of->words_of_a_row;
    const size_t word = first / of->rows_of_a_word, start = first % of->rows_of_a_word * each;
    const size_t left = least(of->words * of->rows_of_a_word - first, of->words_of_a_row - behind);
    return (strip_of_row){
        .first = first,
        .parts = least(left, parts_at_once(of)),
        .each = each,
        .kept = start < of->shared ? least(of->shared - start, each) : 0,
        .word = word,
        .at = word * of->shared + start,
        .row = first / of->words_of_a_row,
        .tweak = behind * of->blocks,
    };
}

static size_t behind(const strip_of_row *at)
{
    return at->first + at->parts;
}

/* Of one bit, from which its rows and labels follow. */
typedef struct {
    const bits_work *all;
    const room *in;
    const loops *by;
    const uint8_t *labels;
    uint64_t row;
    unsigned bits; /* of each correction */
    scale scale;
} bit_work;

static bit_work bit_of(const bits_work *all, const room *in, size_t bit)
{
    const shape *of = all->of;
    const size_t rows = (of->words * of->rows_of_a_word + of->words_of_a_row - 1) / of->words_of_a_row;
    return (bit_work){
        .all = all,
        .in = in,
        .by = loops_of(all->by, of),
        .labels = all->labels + bit * of->words * BLOCK,
        .row = all->row + bit * rows,
        .bits = (unsigned)(of->ring - bit),
        .scale = {(unsigned)bit, of->is_signed && bit == of->width - 1},
    };
}

/* The round keys of a strip's row, which are those of the strip before unless it begins one. */
static void find_key(const bit_work *todo, const strip_of_row *at, uint8_t *key)
{
    uint64_t seed[BLOCK / sizeof(uint64_t)];
    if (at->tweak)
        return;
    memcpy(seed, todo->all->seed, BLOCK);
    seed[0] ^= todo->row + at->row;
    todo->all->by->schedules((const uint8_t *)seed, 1, key);
}

static void spread(const bit_work *todo, const strip_of_row *at, const uint8_t *key, const uint8_t *labels, int which)
{
    todo->all->by->spread(key, labels, at->parts, todo->all->of->blocks, at->tweak, todo->in->inner,
                          todo->in->hashed[which]);
}

/* The label of a word with colour 0, and that with colour 1. */
static void both_labels(uint8_t *zero, uint8_t *one, const uint8_t *label, const uint8_t *delta)
{
    const uint64_t mask = 0 - (uint64_t)(label[0] & 1);
    uint64_t first[2], added[2];
    memcpy(first, label, BLOCK);
    memcpy(added, delta, BLOCK);
    for (int i = 0; i < 2; i++)
        first[i] ^= added[i] & mask;
    memcpy(zero, first, BLOCK);
    for (int i = 0; i < 2; i++)
        first[i] ^= added[i];
    memcpy(one, first, BLOCK);
}

static void correct_bit(const bit_work *todo, const uint8_t *delta, const void *own, uint64_t *packed)
{
    const room *in = todo->in;
    const shape *of = todo->all->of;
    uint8_t key[KEY_BYTES];
    for (strip_of_row at = strip_at(of, 0); at.parts; at = strip_at(of, behind(&at))) {
        const uint8_t *labels = todo->labels + at.word * BLOCK;
        find_key(todo, &at, key);
        for (size_t i = 0; i < at.parts; i++)
            both_labels(in->labels[0] + i * BLOCK, in->labels[1] + i * BLOCK, labels + i * BLOCK, delta);
        for (int which = 0; which < 2; which++)
            spread(todo, &at, key, in->labels[which], which);
        todo->by->correct(&at, in, labels, todo->scale, own, todo->all->share);
        todo->by->pack(in->corrections, at.at, at.parts * at.kept, a_64th(of), todo->bits, packed);
    }
}

static void apply_bit(const bit_work *todo, const uint64_t *packed)
{
    const shape *of = todo->all->of;
    uint8_t key[KEY_BYTES];
    for (strip_of_row at = strip_at(of, 0); at.parts; at = strip_at(of, behind(&at))) {
        const uint8_t *labels = todo->labels + at.word * BLOCK;
        find_key(todo, &at, key);
        spread(todo, &at, key, labels, 0);
        todo->by->unpack(packed, at.at, at.parts * at.kept, a_64th(of), todo->bits, todo->in->corrections);
        todo->by->apply(&at, todo->in, labels, todo->scale, todo->all->share);
    }
}

int correct(const bits_work *todo, const uint8_t *delta, const void *own, uint64_t *packed)
{
    room in;
    if (!take_room(&in, todo->of))
        return 0;
    for (size_t bit = todo->from + todo->part; bit < todo->to; bit += todo->parts) {
        const bit_work one = bit_of(todo, &in, bit);
        uint64_t *to = packed + packed_words(todo->of, todo->from, bit);
        memset(to, 0, packed_words(todo->of, bit, bit + 1) * sizeof *to);
        correct_bit(&one, delta, own, to);
    }
    leave_room(&in);
    wipe_stack();
    return 1;
}

int apply(const bits_work *todo, const uint64_t *packed)
{
    room in;
    if (!take_room(&in, todo->of))
        return 0;
    for (size_t bit = todo->from + todo->part; bit < todo->to; bit += todo->parts) {
        const bit_work one = bit_of(todo, &in, bit);
        apply_bit(&one, packed + packed_words(todo->of, todo->from, bit));
    }
    leave_room(&in);
    return 1;
}

/* Products as shares: rows of hashes by a path, numbers by loops that compilers turn into vectors. */

#include "products.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    void (*correct)(const void *hashed, const void *others, const void *numbers, unsigned permute, uint64_t weight,
                    void *shares, void *corrections, size_t count);
    void (*apply)(const void *hashed, const void *corrections, unsigned colour, uint64_t weight, void *shares,
                  size_t count);
    void (*pack)(const void *numbers, size_t first, size_t count, size_t each, unsigned bits, uint64_t *packed);
    void (*unpack)(const uint64_t *packed, size_t first, size_t count, size_t each, unsigned bits, void *numbers);
} loops;

#define JOIN_(a, b, c) a##_##b##_##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define FN(name) JOIN(name, KIND, NUMBER)

#define KIND any
#define TARGET
#define NUMBER uint32_t
#include "numbers.h"
#undef NUMBER
#define NUMBER uint64_t
#include "numbers.h"
#undef NUMBER
#undef TARGET
#undef KIND

#if defined(__x86_64__) && defined(__GNUC__)
#define KIND avx2
#define TARGET __attribute__((target("avx2")))
#define NUMBER uint32_t
#include "numbers.h"
#undef NUMBER
#define NUMBER uint64_t
#include "numbers.h"
#undef NUMBER
#undef TARGET
#undef KIND
#else
#define LOOPS_avx2_uint32_t LOOPS_any_uint32_t
#define LOOPS_avx2_uint64_t LOOPS_any_uint64_t
#endif

enum { LINE = 64 }; /* bytes of a line of the cache, which a vector should not leave */

static size_t a_64th(const shape *of)
{
    return (of->words * of->shared + 63) / 64;
}

static const loops *loops_of(const path *by, const shape *of)
{
    if (of->number_bytes == 4)
        return by->avx2 ? &LOOPS_avx2_uint32_t : &LOOPS_any_uint32_t;
    return by->avx2 ? &LOOPS_avx2_uint64_t : &LOOPS_any_uint64_t;
}

size_t packed_words(const shape *of, unsigned bits)
{
    return a_64th(of) * bits;
}

/* Of labels, and of their hashes, in one row. */
static size_t row_bytes(const shape *of, int hashed)
{
    const size_t all = of->words * of->rows_of_a_word;
    return (all < of->words_of_a_row ? all : of->words_of_a_row) * (hashed ? of->blocks : 1) * BLOCK;
}

static size_t whole_lines(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

int take_room(room *in, const shape *of)
{
    const size_t labels = whole_lines(row_bytes(of, 0)), hashed = whole_lines(row_bytes(of, 1));
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

void leave_room(room *in)
{
    if (in->memory)
        wipe_memory(in->memory, in->size);
    free(in->memory);
}

/* The part of a word in a row: `count` numbers, number `at` of all and the following, hashed from byte `from` on. */
typedef struct {
    size_t word, at, count, from;
} part;

static part part_at(const shape *of, size_t first, size_t number)
{
    const size_t whole = of->blocks * BLOCK / of->number_bytes;
    const size_t word = number / of->rows_of_a_word, start = number % of->rows_of_a_word * whole;
    const size_t left = start < of->shared ? of->shared - start : 0;
    return (part){word, word * of->shared + start, left < whole ? left : whole, (number - first) * of->blocks * BLOCK};
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

/* Parts of words are numbered through, and go by row: where the row ends that begins with part `first`. */
static size_t end_of_row(const shape *of, size_t first)
{
    const size_t all = of->words * of->rows_of_a_word;
    return all - first < of->words_of_a_row ? all : first + of->words_of_a_row;
}

/* The number behind the last of those in a row. */
static size_t stop_of(const shape *of, size_t first, size_t end)
{
    const part last = part_at(of, first, end - 1);
    return last.at + last.count;
}

void correct(const bit_work *todo, const uint8_t *delta, const void *own, uint64_t *packed)
{
    const shape *of = todo->of;
    const room *in = todo->in;
    const loops *by = loops_of(todo->by, of);
    const size_t size = of->number_bytes;
    uint64_t row = todo->row;
    memset(packed, 0, packed_words(of, todo->bits) * sizeof *packed);
    for (size_t first = 0, end; first < of->words * of->rows_of_a_word; first = end, row++) {
        end = end_of_row(of, first);
        for (size_t i = first; i < end; i++)
            both_labels(in->labels[0] + (i - first) * BLOCK, in->labels[1] + (i - first) * BLOCK,
                        todo->labels + i / of->rows_of_a_word * BLOCK, delta);
        for (int i = 0; i < 2; i++)
            todo->by->spread(todo->seed, row, in->labels[i], end - first, of->blocks, in->inner, in->hashed[i]);
        const size_t start = part_at(of, first, first).at, stop = stop_of(of, first, end);
        for (size_t i = first; i < end; i++) {
            const part p = part_at(of, first, i);
            by->correct(in->hashed[0] + p.from, in->hashed[1] + p.from, (const uint8_t *)own + p.at * size,
                        todo->labels[p.word * BLOCK] & 1, todo->weight, (uint8_t *)todo->share + p.at * size,
                        in->corrections + (p.at - start) * size, p.count);
        }
        by->pack(in->corrections, start, stop - start, a_64th(of), todo->bits, packed);
    }
    wipe_stack();
}

void apply(const bit_work *todo, const uint64_t *packed)
{
    const shape *of = todo->of;
    const room *in = todo->in;
    const loops *by = loops_of(todo->by, of);
    const size_t size = of->number_bytes;
    uint64_t row = todo->row;
    for (size_t first = 0, end; first < of->words * of->rows_of_a_word; first = end, row++) {
        end = end_of_row(of, first);
        for (size_t i = first; i < end; i++)
            memcpy(in->labels[0] + (i - first) * BLOCK, todo->labels + i / of->rows_of_a_word * BLOCK, BLOCK);
        todo->by->spread(todo->seed, row, in->labels[0], end - first, of->blocks, in->inner, in->hashed[0]);
        const size_t start = part_at(of, first, first).at, stop = stop_of(of, first, end);
        by->unpack(packed, start, stop - start, a_64th(of), todo->bits, in->corrections);
        for (size_t i = first; i < end; i++) {
            const part p = part_at(of, first, i);
            by->apply(in->hashed[0] + p.from, in->corrections + (p.at - start) * size,
                      todo->labels[p.word * BLOCK] & 1, todo->weight, (uint8_t *)todo->share + p.at * size, p.count);
        }
    }
}

/* Garbles, evaluates, multiplies and makes columns of transfers in C alone, for tools that watch memory: `driver PATH LANES`.

   Every buffer has exactly its length, and labels, numbers, seeds and the correlation are never written, which is what
   memcheck takes for unknown: a branch or an address that depends on them is an error there. */

#include <stdlib.h>
#include <string.h>

#include "products.h"

enum { REGISTERS = 20, INPUTS = 9, LENGTH = 120 };

static uint32_t state = 1;

static int32_t below(int32_t bound)
{
    state = state * 1664525u + 1013904223u;
    return (int32_t)((state >> 8) % (uint32_t)bound);
}

enum { SHARED = 11 };

/* One bit of `lanes` words and SHARED numbers for each. */
static int multiply(const path *by, const shape of)
{
    const size_t lanes = of.words, size = lanes * SHARED * of.number_bytes;
    const unsigned bits = 21;
    room in;
    uint8_t *labels = malloc(lanes * BLOCK), *delta = malloc(BLOCK), *seed = calloc(1, BLOCK);
    uint8_t *own = malloc(size), *share = malloc(size);
    uint64_t *packed = malloc(packed_words(&of, bits) * 8);
    const int enough = take_room(&in, &of);
    const bit_work todo = {by, &of, &in, seed, labels, 99, 4, bits, share};
    if (enough) {
        correct(&todo, delta, own, packed);
        apply(&todo, packed);
    }
    leave_room(&in, &of);
    free(labels), free(delta), free(seed), free(own), free(share), free(packed);
    return enough;
}

static size_t garble_and_evaluate(const path *by, size_t lanes)
{
    const size_t tile = lanes * BLOCK;
    instruction *code = malloc(LENGTH * sizeof *code);
    size_t rows = 0;
    for (int i = 0; i < LENGTH; i++) {
        int32_t op = below(2) ? 0 : AND | below(4) * INVERT_LEFT;
        code[i] = (instruction){op, below(REGISTERS), below(REGISTERS), below(REGISTERS)};
        rows += op & AND;
    }
    uint8_t *memory = malloc(REGISTERS * tile), *inputs = malloc(INPUTS * tile), *delta = malloc(BLOCK);
    uint8_t *constant = calloc(1, BLOCK), *seed = calloc(1, BLOCK), *out = malloc(tile);
    uint8_t *tables = malloc(rows * HALVES * tile);
    work todo = {code, code + LENGTH, memory, REGISTERS, lanes, seed, 12345};
    load(&todo, constant, inputs, INPUTS);
    garble(by, &todo, delta, tables);
    load(&todo, constant, inputs, INPUTS);
    evaluate(by, &todo, tables);
    save(&todo, 3, delta, out);
    free(code), free(memory), free(inputs), free(delta), free(constant), free(seed), free(out), free(tables);
    return rows;
}

/* So many blocks of columns: of seeds and of choices that nobody knows. */
static void transfer(const path *by, size_t blocks)
{
    const size_t tree = blocks * BLOCK;
    uint8_t *seeds = malloc(TREES * LEAVES * BLOCK), *keys = malloc(TREES * LEAVES * KEY_BYTES);
    uint8_t *sums = malloc(TREES * tree), *columns = malloc(COLUMNS * tree), *rows = malloc(COLUMNS * tree);
    uint8_t *factors = calloc(blocks, BLOCK), *folds = malloc(COLUMNS * BLOCK);
    uint8_t *mask = malloc(COLUMNS * sizeof(uint64_t));
    growth todo = {.keys = keys, .first = 7, .blocks = blocks, .sums = sums, .columns = columns};
    by->schedules(seeds, TREES * LEAVES, keys);
    grow(by, &todo);
    by->fold(columns, COLUMNS, blocks, factors, folds);
    todo.corrections = sums, todo.mask = mask, todo.sums = NULL;
    grow(by, &todo);
    by->turn(columns, blocks, rows);
    free(seeds), free(keys), free(sums), free(columns), free(rows), free(factors), free(folds), free(mask);
}

int main(int argc, char **argv)
{
    const path *by = PATHS;
    while (argc == 3 && by->name && strcmp(by->name, argv[1]))
        by++;
    if (argc != 3 || !by->name || !by->supported())
        return 2;
    const size_t lanes = (size_t)atoi(argv[2]);
    int done = garble_and_evaluate(by, lanes) > 0;
    transfer(by, lanes);
    for (size_t size = 4; size <= 8; size += 4) {
        /* Rows of several words, the last not full; and of half a word. */
        done = done && multiply(by, (shape){lanes, SHARED, size, 6, 1, 7});
        done = done && multiply(by, (shape){lanes, SHARED, size, 3, 2, 1});
    }
    return !done;
}

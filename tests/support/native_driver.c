/* Garbles, evaluates, multiplies and makes columns of transfers in C alone, for tools that watch: `driver PATH LANES [SEED]`.

   Every buffer has exactly its length.  Without a seed, labels, numbers, keys and the correlation are never written,
   which is what memcheck takes for unknown: a branch or an address that depends on them is an error there.  With a seed
   they are written from it, and 8 bytes on standard output depend on every byte that was made: another path or another
   CPU must say the same, and another seed must take as many instructions. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "products.h"
#include "stretch.h"

enum { REGISTERS = 20, INPUTS = 9, LENGTH = 120 };

static uint32_t state = 1;

static int32_t below(int32_t bound)
{
    state = state * 1664525u + 1013904223u;
    return (int32_t)((state >> 8) % (uint32_t)bound);
}

static uint64_t secrets, digest = 0xcbf29ce484222325u;   /* no secrets: nothing is written, nothing is digested */

/* So many bytes that nobody knows. */
static uint8_t *unknown(size_t size)
{
    uint8_t *made = malloc(size);
    for (size_t i = 0; secrets && i < size; i++) {
        secrets = secrets * 6364136223846793005u + 1442695040888963407u;
        made[i] = (uint8_t)(secrets >> 56);
    }
    return made;
}

static void tell(const void *made, size_t size)
{
    for (size_t i = 0; secrets && i < size; i++)
        digest = (digest ^ ((const uint8_t *)made)[i]) * 0x100000001b3u;
}

enum { SHARED = 11, WIDTH = 3 };

/* `lanes` words of WIDTH bits and SHARED numbers for each, in two windows, of which one is shared by two. */
static int multiply(const path *by, const shape of)
{
    const size_t lanes = of.words, numbers = padded(&of), size = lanes * numbers * of.number_bytes;
    const size_t windows[][4] = {{0, 2, 0, 2}, {0, 2, 1, 2}, {2, WIDTH, 0, 1}};   /* from, to, part, parts */
    uint8_t *labels = unknown(WIDTH * lanes * BLOCK), *delta = unknown(BLOCK), *seed = calloc(1, BLOCK);
    uint8_t *own = unknown(size), *share = unknown(size);
    uint64_t *packed = malloc(packed_words(&of, 0, WIDTH) * 8);
    int enough = 1;
    for (int evaluators = 0; evaluators < 2; evaluators++) {
        for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
            const size_t *at = windows[i];
            const bits_work todo = {by, &of, seed, labels, 99, at[0], at[1], at[2], at[3], share};
            uint64_t *window = packed + packed_words(&of, 0, at[0]);
            enough = enough && (evaluators ? apply(&todo, window) : correct(&todo, delta, own, window));
        }
    }
    tell(packed, packed_words(&of, 0, WIDTH) * 8);
    for (size_t word = 0; word < lanes; word++)
        tell(share + word * numbers * of.number_bytes, SHARED * of.number_bytes);
    free(labels), free(delta), free(seed), free(own), free(share), free(packed);
    return enough;
}

static size_t random_program(program *made, const path *by)
{
    const int32_t kinds[] = {0, GARBLERS, EVALUATORS, EVALUATORS | OWN};
    size_t rows = 0;
    made->by = by, made->registers = REGISTERS, made->length = LENGTH, made->opened = 1;
    made->code = malloc(LENGTH * sizeof *made->code);
    made->ends = malloc(LENGTH * sizeof *made->ends);
    made->sent = calloc(LENGTH + 1, sizeof *made->sent);
    made->outputs = malloc(sizeof *made->outputs);
    made->outputs[0] = (output){3, 1 | SHOWN};
    for (int i = 0; i < LENGTH; i++) {
        const int32_t gate = below(2) ? 0 : AND | below(4) * INVERT_LEFT;   /* one by one: C orders no initializers */
        const int32_t op = gate ? gate | kinds[below(4)] : 0;
        const int32_t left = below(REGISTERS), right = below(REGISTERS), out = below(REGISTERS);
        made->code[i] = (instruction){op, left, right, out};
        if (op & AND) {
            made->sent[rows + 1] = made->sent[rows] + (op & ONE_SIDED ? 1 : HALVES);
            made->ends[rows++] = (size_t)i + 1;
        }
    }
    return made->rows = rows;
}

/* Twice a launch from one memory to the other, and a copy of what it made; to the end, whatever the windows: the bytes
   of its tables. */
static size_t run_through(const stretch *of, labour *with, size_t room, uint8_t *tables)
{
    const uint8_t *first = tables;
    position now = {.base = {12345}};
    while (!is_over(of, &now)) {
        position ahead = now;
        const size_t size = proceed(of, &ahead, room, NULL, NULL);
        proceed(of, &now, size, with, tables);
        tables += size;
    }
    return (size_t)(tables - first);
}

static size_t garble_and_evaluate(const path *by, size_t lanes)
{
    program kernel;
    const int64_t n = (int64_t)lanes, wires = INPUTS * n, tile = n < 37 ? n : 37;
    const int64_t code[] = {
        3, 2, 7, 1000,                                          /* a loop */
        1, 0, tile, 11, 1, 1, 1, n,                             /* a launch */
        0, 0, wires, 0, 1, INPUTS, n, 1, 0,                     /* reads inputs, one port behind the other */
        1, 0, 2 * n, 0, 1, 1, 1, 1, n,                          /* writes a half */
        2, 1, n, 1, 0, 2 * n, 0, 1, 1, 1, 1, n,                 /* a copy of it */
        0, 0, wires, 2 * n - 1, 1, 1, 1, -1, 0,                 /* to the inputs, backwards */
        2, 0, 0, 0, wires, 0, 1, INPUTS - 1, 1, 0,              /* a copy of inputs in a row, */
        0, 0, wires, 1, 1, INPUTS - 1, 1, 0,                    /* one wire on: in no plan that was verified */
        4,
    };
    const size_t rows = random_program(&kernel, by), size = 2 * rows * HALVES * lanes * BLOCK;
    stretch of = {.kernels = malloc(sizeof *of.kernels), .kernel_count = 1};
    of.kernels[0] = &kernel;
    const char *wrong = read_stretch(&of, code, sizeof code / sizeof *code);
    const size_t sizes[] = {INPUTS * lanes * BLOCK, 2 * lanes * BLOCK};
    uint8_t *inputs = unknown(sizes[0]), *halves = unknown(sizes[1]), *memory[] = {inputs, halves};
    uint8_t *registers = unknown(of.registers * BLOCK), *delta = unknown(BLOCK), *tables = malloc(size);
    uint8_t *constant = calloc(1, BLOCK), *seed = calloc(1, BLOCK);
    labour with = {.memory = memory, .registers = registers, .constant = constant, .seed = seed, .delta = delta,
                   .parts = 1};
    if (!wrong) {
        tell(tables, run_through(&of, &with, of.largest, tables));
        with.delta = NULL;
        run_through(&of, &with, 5 * of.largest, tables);
        tell(memory[0], sizes[0]), tell(memory[1], sizes[1]);
    }
    leave_stretch(&of);
    free(kernel.code), free(kernel.ends), free(kernel.sent), free(kernel.outputs), free(inputs), free(halves);
    free(registers), free(delta), free(tables), free(constant), free(seed);
    return wrong ? 0 : rows;
}

/* So many blocks of columns: of seeds and of choices that nobody knows. */
static void transfer(const path *by, size_t blocks)
{
    const size_t tree = blocks * BLOCK;
    uint8_t *seeds = unknown(TREES * LEAVES * BLOCK), *keys = malloc(TREES * LEAVES * KEY_BYTES);
    uint8_t *sums = malloc(TREES * tree), *columns = malloc(COLUMNS * tree), *rows = malloc(COLUMNS * tree);
    uint8_t *factors = calloc(blocks, BLOCK), *folds = malloc(COLUMNS * BLOCK);
    uint8_t *mask = unknown(COLUMNS * sizeof(uint64_t));
    growth todo = {.keys = keys, .first = 7, .blocks = blocks, .sums = sums, .columns = columns};
    by->schedules(seeds, TREES * LEAVES, keys);
    grow(by, &todo);
    by->fold(columns, COLUMNS, blocks, factors, folds);
    tell(sums, TREES * tree), tell(columns, COLUMNS * tree), tell(folds, COLUMNS * BLOCK);
    todo.corrections = sums, todo.mask = mask, todo.sums = NULL;
    grow(by, &todo);
    by->turn(columns, blocks, rows);
    tell(columns, COLUMNS * tree), tell(rows, COLUMNS * tree);
    free(seeds), free(keys), free(sums), free(columns), free(rows), free(factors), free(folds), free(mask);
}

int main(int argc, char **argv)
{
    const path *by = PATHS;
    while (argc >= 3 && by->name && strcmp(by->name, argv[1]))
        by++;
    if (argc < 3 || argc > 4 || !by->name || !by->supported())
        return 2;
    secrets = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
    const size_t lanes = (size_t)atoi(argv[2]);
    int done = garble_and_evaluate(by, lanes) > 0;
    transfer(by, lanes);
    for (size_t size = 4; size <= 8; size += 4) {
        /* Rows of several words, the last not full; those of so many that they go by strips; and of half a word. */
        done = done && multiply(by, (shape){lanes, WIDTH, SHARED, 21, size, 6, 1, 7, 1});
        done = done && multiply(by, (shape){lanes, WIDTH, SHARED, 21, size, 20, 1, 64, 1});
        done = done && multiply(by, (shape){lanes, WIDTH, SHARED, 21, size, 3, 2, 1, 0});
    }
    if (secrets)
        fwrite(&digest, sizeof digest, 1, stdout);
    return !done;
}

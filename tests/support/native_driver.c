/* Garbles and evaluates in C alone, for tools that watch memory: `driver PATH LANES`.

   Every buffer has exactly its length, and labels and the correlation are never written, which is what memcheck takes
   for unknown: a branch or an address that depends on them is an error there. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gates.h"

enum { REGISTERS = 20, INPUTS = 9, LENGTH = 120 };

static uint32_t state = 1;

static int32_t below(int32_t bound)
{
    state = state * 1664525u + 1013904223u;
    return (int32_t)((state >> 8) % (uint32_t)bound);
}

int main(int argc, char **argv)
{
    const path *by = PATHS;
    while (argc == 3 && by->name && strcmp(by->name, argv[1]))
        by++;
    if (argc != 3 || !by->name || !by->supported())
        return 2;
    const size_t lanes = (size_t)atoi(argv[2]), tile = lanes * BLOCK;
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
    return printf("%zu rows\n", rows) < 0;
}

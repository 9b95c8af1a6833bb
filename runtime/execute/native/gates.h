/* Half-gates over a tile of lanes, as runtime/execute/portable.py makes them, byte for byte.

   Nothing here branches on a label or on the correlation, or takes an address from one: permute bits become masks. */

#ifndef CCR_GATES_H
#define CCR_GATES_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCK = 16, HALVES = 2 };                       /* bytes of a label; ciphertexts of an AND */
enum { AND = 1, INVERT_LEFT = 2, INVERT_RIGHT = 4 };   /* bits of `op`; a XOR has none */

/* register[out] = register[left] op register[right]; `out` may be an operand. */
typedef struct {
    int32_t op, left, right, out;
} instruction;

/* Some of a kernel's instructions, over all lanes of a tile.  Register r of lane l is 16 bytes at (r * lanes + l) * 16;
   the first AND is table row `row` of the run. */
typedef struct {
    const instruction *first, *end;
    uint8_t *registers;
    size_t lanes;
    const uint8_t *seed;
    uint64_t row;
} work;

/* One way of doing it; the bytes are the same.  Tables are (ANDs, 2 halves, lanes, 16 bytes), in C order. */
typedef struct {
    const char *name;
    int (*supported)(void);   /* by this CPU and its operating system */
    void (*garble)(const work *, const uint8_t *delta, uint8_t *tables);
    void (*evaluate)(const work *, const uint8_t *tables);
} path;

extern const path PATHS[];    /* the fastest first; ends with one that has no name */

/* By a path, and then wipe the stack that it used, in which the correlation and pairs of labels lay. */
void garble(const path *, const work *, const uint8_t *delta, uint8_t *tables);

#endif

/* Half-gates over a tile of lanes, as runtime/execute/portable.py makes them, byte for byte.

   Nothing here branches on a label or on the correlation, or takes an address from one: permute bits become masks. */

#ifndef CCR_GATES_H
#define CCR_GATES_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCK = 16, HALVES = 2 };                       /* bytes of a label; ciphertexts of an AND */
enum { AND = 1, INVERT_LEFT = 2, INVERT_RIGHT = 4, GARBLERS = 8, EVALUATORS = 16, OWN = 32 };
/* Bits of `op`; a XOR has none.  The last three say who knows the right operand: the garbler or the evaluator, that with
   OWN knows the left one, too. */

enum { ONE_SIDED = GARBLERS | EVALUATORS | OWN };

/* A tile runs strip by strip, whose registers stay in near caches, one strip behind the other in memory: register r
   of lane l of a strip of n lanes is 16 bytes at (r * n + l) * 16 of the strip. */
enum { STRIP = 32 };

/* register[out] = register[left] op register[right]; `out` may be an operand. */
typedef struct {
    int32_t op, left, right, out;
} instruction;

/* Some of a kernel's instructions, over the lanes `from` to `to` of a tile, whose strips alone are in the memory; the
   first AND is table row `row` of the run. */
typedef struct {
    const instruction *first, *end;
    uint8_t *memory;
    size_t registers, lanes, from, to;
    const uint8_t *seed;
    uint64_t row;
} work;

/* Part of a tile: `count` lanes from `lane` on, in registers of their own. */
typedef struct {
    uint8_t *registers;
    size_t lane, count;
} strip;

/* Columns of oblivious transfer, see runtime/crypto/columns.py: 32 trees of 16 leaves, of whose streams each tree makes
   4 columns; the round keys of a leaf lie together. */
enum { DEPTH = 4, LEAVES = 1 << DEPTH, COLUMNS = 128, TREES = COLUMNS / DEPTH, KEY_BYTES = 11 * BLOCK };

/* So many blocks of every stream from block `first` on, as (columns, blocks, 16 bytes); of sums and corrections, which
   are (trees, blocks, 16 bytes), one is NULL.  A correction is added to those columns whose mask, of 8 bytes, is all
   ones. */
typedef struct {
    const uint8_t *keys, *corrections, *mask;
    uint64_t first;
    size_t blocks;
    uint8_t *sums, *columns;
} growth;

/* One way of doing it; the bytes are the same.  Tables are rows of (2 halves, lanes, 16 bytes), or of one half. */
typedef struct {
    const char *name;
    int avx2;                 /* has whoever has it */
    int (*supported)(void);   /* by this CPU and its operating system */
    /* As below, of one strip. */
    void (*garble)(const work *, const strip *, const uint8_t *delta, uint8_t *tables);
    void (*evaluate)(const work *, const strip *, const uint8_t *tables);
    /* Hashes of a row of a product under its round keys: of `count` labels, `blocks` each, whose tweaks are counted
       through from `tweak` on.  `inner` is room for as many blocks as labels, and left as it is. */
    void (*spread)(const uint8_t *key, const uint8_t *labels, size_t count, size_t blocks, size_t tweak,
                   uint8_t *inner, uint8_t *stream);
    /* Round keys; and of columns: streams, squares of 128 bits turned, and sums of blocks times factors in GF(2^128). */
    void (*schedules)(const uint8_t *seeds, size_t count, uint8_t *keys);
    void (*grow)(const growth *);
    void (*turn)(const uint8_t *columns, size_t blocks, uint8_t *rows);
    void (*fold)(const uint8_t *columns, size_t count, size_t blocks, const uint8_t *factors, uint8_t *to);
} path;

extern const path PATHS[];    /* the fastest first; ends with one that has no name */

/* All strips of its lanes.  Garbling wipes the stack that it used, in which the correlation and pairs of labels lay. */
void garble(const path *, const work *, const uint8_t *delta, uint8_t *tables);
void evaluate(const path *, const work *, const uint8_t *tables);

/* As its path does it; then the stack is wiped, on which columns lay that differ by a mask. */
void grow(const path *, const growth *);

/* Zeros, whatever the compiler thinks of it; and over the stack below, which a path has used. */
void wipe_memory(void *, size_t);
void wipe_stack(void);

#endif

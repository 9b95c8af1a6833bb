/* Products of the garbler's numbers and joint words as shares, one bit of every word at a time, as
   runtime/execute/products.py makes them, byte for byte.  No branch and no address depends on a label or a number. */

#ifndef CCR_PRODUCTS_H
#define CCR_PRODUCTS_H

#include "gates.h"

/* As Transfer of compiler/schedule/plan.py. */
typedef struct {
    size_t words, shared, number_bytes, blocks, rows_of_a_word, words_of_a_row;
} shape;

/* Room for one row: one memory, of which each part begins with a line of the cache. */
typedef struct {
    uint8_t *memory;
    size_t size;
    uint8_t *labels[2], *inner, *hashed[2], *corrections;
} room;

/* One bit of every word: labels (words, 16 bytes); corrections of `bits` bits, packed; shares times `weight` are added
   to `share`, (words, shared) numbers. */
typedef struct {
    const path *by;
    const shape *of;
    const room *in;
    const uint8_t *seed, *labels;
    uint64_t row, weight;
    unsigned bits;
    void *share;
} bit_work;

int take_room(room *, const shape *);   /* 0 if there is no memory */
void leave_room(room *);                /* wiped */

size_t packed_words(const shape *, unsigned bits);

/* The garbler's side, with its numbers `own`, and the evaluator's. */
void correct(const bit_work *, const uint8_t *delta, const void *own, uint64_t *packed);
void apply(const bit_work *, const uint64_t *packed);

#endif

/* Products of the garbler's numbers and joint words as shares, a window of bits of every word at a time, as
   runtime/execute/products.py makes them, byte for byte.  No branch and no address depends on a label or a number. */

#ifndef CCR_PRODUCTS_H
#define CCR_PRODUCTS_H

#include "gates.h"

/* As Transfer of compiler/schedule/plan.py. */
typedef struct {
    size_t words, width, shared, ring, number_bytes, blocks, rows_of_a_word, words_of_a_row;
    int is_signed;
} shape;

/* The bits from `from` to `to` of every word, of which one thread does each `parts`-th, from the `part`-th on.  Labels
   are (bits, words, 16 bytes), all of them; the first bit of all has row `row`.  Numbers are (words, padded), as many as
   a word's hashes give, of which the first ones count: what is added to `share` beyond them nobody reads. */
typedef struct {
    const path *by;
    const shape *of;
    const uint8_t *seed, *labels;
    uint64_t row;
    size_t from, to, part, parts;
    void *share;
} bits_work;

/* Words of 64 bits that the corrections of these bits take, and numbers of a word with its padding. */
size_t packed_words(const shape *, size_t from, size_t to);
size_t padded(const shape *);

/* The garbler's side, with its numbers `own`, and the evaluator's; `packed` holds the corrections of all these bits, one
   bit behind the other.  0 if there is no memory. */
int correct(const bits_work *, const uint8_t *delta, const void *own, uint64_t *packed);
int apply(const bits_work *, const uint64_t *packed);

#endif

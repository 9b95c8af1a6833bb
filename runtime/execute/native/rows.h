/* A path's rows over one strip, WIDE lanes at a time, what is left one by one.  Included for each PATH. */

#define WIDTH 1
#include "lanes.h"
#undef WIDTH
#define WIDTH WIDE
#if WIDE > 1
#include "lanes.h"
#endif

/* The XORs up to the next AND, or the end. */
INLINE const instruction *ON(add)(const instruction *next, const instruction *end, uint8_t *registers, size_t lanes)
{
    const size_t size = lanes * BLOCK, wide = size - lanes % WIDE * BLOCK, many = size - lanes % (4 * WIDE) * BLOCK;
    for (; next < end && !(next->op & AND); next++) {
        const uint8_t *left = registers + (size_t)next->left * size, *right = registers + (size_t)next->right * size;
        uint8_t *out = registers + (size_t)next->out * size;
        size_t place = 0;
        for (; place < many; place += 4 * WIDE * BLOCK)
            FN(add)(left + place, right + place, out + place, 4);
        for (; place < wide; place += WIDE * BLOCK)
            FN(add)(left + place, right + place, out + place, 1);
        for (; place < size; place += BLOCK)
            ONE(add)(left + place, right + place, out + place, 1);
    }
    return next;
}

/* A row of which a party knows the right operand. */
TARGET static void ON(garble_known)(const operands *at, size_t lanes, const uint8_t *delta)
{
    const size_t many = lanes - lanes % (EVALUATED * WIDE), wide = lanes - lanes % WIDE;
    size_t lane = 0;
    if (at->op & GARBLERS) {
        for (; lane < many; lane += EVALUATED * WIDE)
            FN(garble_garblers)(at, lane, EVALUATED, delta);
        for (; lane < wide; lane += WIDE)
            FN(garble_garblers)(at, lane, 1, delta);
        for (; lane < lanes; lane++)
            ONE(garble_garblers)(at, lane, 1, delta);
    } else {
        for (; lane < many; lane += EVALUATED * WIDE)
            FN(garble_evaluators)(at, lane, EVALUATED, delta);
        for (; lane < wide; lane += WIDE)
            FN(garble_evaluators)(at, lane, 1, delta);
        for (; lane < lanes; lane++)
            ONE(garble_evaluators)(at, lane, 1, delta);
    }
}

TARGET static void ON(evaluate_known)(const operands *at, size_t lanes)
{
    const size_t many = lanes - lanes % (2 * EVALUATED * WIDE), wide = lanes - lanes % WIDE;
    size_t lane = 0;
    if (at->op & GARBLERS) {
        for (; lane < many; lane += 2 * EVALUATED * WIDE)
            FN(evaluate_garblers)(at, lane, 2 * EVALUATED);
        for (; lane < wide; lane += WIDE)
            FN(evaluate_garblers)(at, lane, 1);
        for (; lane < lanes; lane++)
            ONE(evaluate_garblers)(at, lane, 1);
    } else {
        for (; lane < many; lane += 2 * EVALUATED * WIDE)
            FN(evaluate_evaluators)(at, lane, 2 * EVALUATED);
        for (; lane < wide; lane += WIDE)
            FN(evaluate_evaluators)(at, lane, 1);
        for (; lane < lanes; lane++)
            ONE(evaluate_evaluators)(at, lane, 1);
    }
}

TARGET static void ON(garble)(const work *todo, const strip *on, const uint8_t *delta, uint8_t *tables)
{
    const size_t lanes = on->count, many = lanes - lanes % (GARBLED * WIDE), wide = lanes - lanes % WIDE;
    schedule keys;
    const instruction *next = todo->first;
    for (uint64_t done = 0;; done++) {
        next = lanes == 1 ? ON(add)(next, todo->end, on->registers, 1) : ON(add)(next, todo->end, on->registers, lanes);
        if (next == todo->end)
            return;
        if (done % KEYS == 0)
            FN(expand)(&keys, todo->seed, todo->row + done);
        const operands at = located(todo, on, next, &keys, done, tables);
        tables = behind(todo, next++, tables);
        if (at.op & ONE_SIDED) {
            ON(garble_known)(&at, lanes, delta);
            continue;
        }
        size_t lane = 0;
        for (; lane < many; lane += GARBLED * WIDE)
            FN(garble)(&at, lane, GARBLED, delta);
        for (; lane < wide; lane += WIDE)
            FN(garble)(&at, lane, 1, delta);
        for (; lane < lanes; lane++)
            ONE(garble)(&at, lane, 1, delta);
    }
}

TARGET static void ON(evaluate)(const work *todo, const strip *on, const uint8_t *tables)
{
    const size_t lanes = on->count, many = lanes - lanes % (EVALUATED * WIDE), wide = lanes - lanes % WIDE;
    schedule keys;
    const instruction *next = todo->first;
    for (uint64_t done = 0;; done++) {
        next = lanes == 1 ? ON(add)(next, todo->end, on->registers, 1) : ON(add)(next, todo->end, on->registers, lanes);
        if (next == todo->end)
            return;
        if (done % KEYS == 0)
            FN(expand)(&keys, todo->seed, todo->row + done);
        const operands at = located(todo, on, next, &keys, done, (uint8_t *)tables);
        tables = behind(todo, next++, (uint8_t *)tables);
        if (at.op & ONE_SIDED) {
            ON(evaluate_known)(&at, lanes);
            continue;
        }
        size_t lane = 0;
        for (; lane < many; lane += EVALUATED * WIDE)
            FN(evaluate)(&at, lane, EVALUATED);
        for (; lane < wide; lane += WIDE)
            FN(evaluate)(&at, lane, 1);
        for (; lane < lanes; lane++)
            ONE(evaluate)(&at, lane, 1);
    }
}

/* The hashes of some labels of one row, see gates.h. */
TARGET static void ON(spread)(const uint8_t *key, const uint8_t *labels, size_t count, size_t blocks, size_t tweak,
                              uint8_t *inner, uint8_t *stream)
{
    const size_t group = SPREAD * WIDE, all = count * blocks;
    size_t at = 0;
    for (; at + group <= count; at += group)
        FN(inner)(labels + at * BLOCK, SPREAD, key, inner + at * BLOCK);
    for (; at + WIDE <= count; at += WIDE)
        FN(inner)(labels + at * BLOCK, 1, key, inner + at * BLOCK);
    for (; at < count; at++)
        ONE(inner)(labels + at * BLOCK, 1, key, inner + at * BLOCK);
    const uint8_t *label = inner;
    size_t number = 0, done = 0;
    for (; number + group <= all; number += group)
        FN(outer)(&label, &done, blocks, tweak + number, SPREAD, key, stream + number * BLOCK);
    for (; number + WIDE <= all; number += WIDE)
        FN(outer)(&label, &done, blocks, tweak + number, 1, key, stream + number * BLOCK);
    for (; number < all; number++)
        ONE(outer)(&label, &done, blocks, tweak + number, 1, key, stream + number * BLOCK);
}

#undef WIDTH

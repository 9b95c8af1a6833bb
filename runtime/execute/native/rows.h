/* A path's rows one after the other, WIDE lanes at a time, what is left one by one.  Included for each PATH. */

#define WIDTH 1
#include "lanes.h"
#undef WIDTH
#define WIDTH WIDE
#if WIDE > 1
#include "lanes.h"
#endif

TARGET static void ON(garble)(const work *todo, const uint8_t *delta, uint8_t *tables)
{
    const size_t lanes = todo->lanes, many = lanes - lanes % (VECTORS * WIDE), wide = lanes - lanes % WIDE;
    schedule keys;
    uint64_t done = 0;
    for (const instruction *next = todo->first; next < todo->end; next++) {
        const operands at = located(todo, next, &keys, done, tables);
        size_t lane = 0;
        if (next->op & AND) {
            if (at.key == 0)
                FN(expand)(&keys, todo->seed, todo->row + done);
            for (; lane < many; lane += VECTORS * WIDE)
                FN(garble)(&at, lane, VECTORS, delta);
            for (; lane < wide; lane += WIDE)
                FN(garble)(&at, lane, 1, delta);
            for (; lane < lanes; lane++)
                ONE(garble)(&at, lane, 1, delta);
            done++;
        } else {
            for (; lane < wide; lane += WIDE)
                FN(xor)(&at, lane);
            for (; lane < lanes; lane++)
                ONE(xor)(&at, lane);
        }
    }
}

TARGET static void ON(evaluate)(const work *todo, const uint8_t *tables)
{
    const size_t lanes = todo->lanes, many = lanes - lanes % (2 * VECTORS * WIDE), wide = lanes - lanes % WIDE;
    schedule keys;
    uint64_t done = 0;
    for (const instruction *next = todo->first; next < todo->end; next++) {
        const operands at = located(todo, next, &keys, done, (uint8_t *)tables);
        size_t lane = 0;
        if (next->op & AND) {
            if (at.key == 0)
                FN(expand)(&keys, todo->seed, todo->row + done);
            for (; lane < many; lane += 2 * VECTORS * WIDE)
                FN(evaluate)(&at, lane, 2 * VECTORS);
            for (; lane < wide; lane += WIDE)
                FN(evaluate)(&at, lane, 1);
            for (; lane < lanes; lane++)
                ONE(evaluate)(&at, lane, 1);
            done++;
        } else {
            for (; lane < wide; lane += WIDE)
                FN(xor)(&at, lane);
            for (; lane < lanes; lane++)
                ONE(xor)(&at, lane);
        }
    }
}

#undef WIDTH

/* Going through a stretch, see stretch.h. */

#include "stretch.h"

#include <string.h>

enum { TOGETHER = 4 }; /* lanes of the widest vector */

/* Where the loops put a view, in wires of its memory. */
static int64_t placed(const stretch *of, position *now, const view *at)
{
    uint64_t sum = (uint64_t)at->offset; /* where this leaves 64 bits it is some other number, which is held to the buffer */
    for (size_t i = 0; i < now->depth; i++)
        sum += (uint64_t)of->numbers[at->loop + i] * (uint64_t)now->iteration[i];
    const int64_t shift = (int64_t)sum;
    if (shift < -at->low || shift >= at->wires - at->high) {
        now->astray = at;
        return at->first;
    }
    return at->first + shift;
}

static int all_inside(const stretch *of, position *now, const step *of_views)
{
    for (size_t i = 0; i < of_views->reads + of_views->writes; i++)
        placed(of, now, of->views + of_views->views + i);
    return !now->astray;
}

/* The addresses of `count` lanes from `first` on, row-major, along the outermost `axes`. */
static void address(const stretch *of, const step *on, const view *at, size_t axes, size_t first, size_t count,
                    int64_t *to)
{
    const int64_t *extents = of->numbers + on->lanes, *strides = of->numbers + at->lane;
    int64_t index[MOST_AXES], here = 0;
    size_t rest = first;
    for (size_t axis = axes; axis-- > 0; rest /= (size_t)extents[axis]) {
        index[axis] = (int64_t)(rest % (size_t)extents[axis]);
        here += index[axis] * strides[axis];
    }
    for (size_t i = 0; i < count; i++) {
        to[i] = here;
        for (size_t axis = axes; axis-- > 0;) {
            here += strides[axis];
            if (++index[axis] < extents[axis])
                break;
            here -= strides[axis] * extents[axis];
            index[axis] = 0;
        }
    }
}

/* The first lane of a part of a tile; whole groups of lanes, which any path takes at once. */
static size_t part_of(size_t lanes, size_t part, size_t parts)
{
    return part == parts ? lanes : lanes / TOGETHER * part / parts * TOGETHER;
}

/* Of a tile: the lanes that are this part, and where their registers lie. */
static work tile_of(const program *kernel, const labour *with, size_t lanes)
{
    return (work){
        .memory = with->registers,
        .registers = kernel->registers,
        .lanes = lanes,
        .from = part_of(lanes, with->part, with->parts),
        .to = part_of(lanes, with->part + 1, with->parts),
        .seed = with->seed,
    };
}

/* Lanes of the strip that begins with this one. */
static size_t strip_of(const work *tile, size_t lane)
{
    const size_t left = tile->to - lane;
    return left < STRIP ? left : STRIP;
}

static uint8_t *registers_of(const work *tile, size_t number, size_t lane, size_t count)
{
    return tile->memory + ((lane - tile->from) * tile->registers + number * count) * BLOCK;
}

static void load(const stretch *of, position *now, const step *on, const work *tile, labour *with)
{
    size_t number = 1, count;
    for (size_t lane = tile->from; lane < tile->to; lane += count) {
        count = strip_of(tile, lane);
        uint8_t *to = registers_of(tile, 0, lane, count);
        for (size_t i = 0; i < count; i++)
            memcpy(to + i * BLOCK, with->constant, BLOCK);
    }
    for (size_t i = 0; i < on->reads; i++) {
        const view *at = of->views + on->views + i;
        const uint8_t *from = with->memory[at->memory] + placed(of, now, at) * BLOCK;
        address(of, on, at, on->axes, now->lane + tile->from, tile->to - tile->from, with->from);
        for (size_t lane = tile->from; lane < tile->to; lane += count) {
            count = strip_of(tile, lane);
            for (size_t port = 0; port < at->ports; port++) {
                uint8_t *to = registers_of(tile, number + port, lane, count);
                const uint8_t *wire = from + of->numbers[at->port + port] * BLOCK;
                const int64_t *lanes = with->from + (lane - tile->from);
                for (size_t k = 0; k < count; k++)
                    memcpy(to + k * BLOCK, wire + lanes[k] * BLOCK, BLOCK);
            }
        }
        number += at->ports;
    }
}

/* The XORs behind the last row, and then the outputs. */
static void finish(const stretch *of, position *now, const step *on, work *tile, labour *with)
{
    const program *kernel = of->kernels[on->kernel];
    const output *next = kernel->outputs;
    tile->first = kernel->code + (kernel->rows ? kernel->ends[kernel->rows - 1] : 0);
    tile->end = kernel->code + kernel->length;
    evaluate(kernel->by, tile, NULL);
    for (size_t i = 0; i < on->writes; i++) {
        const view *at = of->views + on->views + on->reads + i;
        uint8_t *to = with->memory[at->memory] + placed(of, now, at) * BLOCK;
        address(of, on, at, on->axes, now->lane + tile->from, tile->to - tile->from, with->to);
        for (size_t port = 0; port < at->ports; port++, next++) {
            uint8_t *wire = to + of->numbers[at->port + port] * BLOCK;
            uint64_t added[2] = {0, 0}, label[2];
            if (next->inverted && with->delta)
                memcpy(added, with->delta, BLOCK);
            added[0] ^= next->inverted & SHOWN ? 1 : 0;
            for (size_t lane = tile->from, count = 0; lane < tile->to; lane += count) {
                count = strip_of(tile, lane);
                const uint8_t *from = registers_of(tile, (size_t)next->at, lane, count);
                const int64_t *lanes = with->to + (lane - tile->from);
                for (size_t k = 0; k < count; k++) {
                    memcpy(label, from + k * BLOCK, BLOCK);
                    label[0] ^= added[0];
                    label[1] ^= added[1];
                    memcpy(wire + lanes[k] * BLOCK, label, BLOCK);
                }
            }
        }
    }
}

/* Rows from this one on that take so many ciphertexts of a lane at the most. */
static size_t rows_that_fit(const program *kernel, size_t row, size_t ciphertexts)
{
    const size_t *sent = kernel->sent + row;
    size_t low = 0, high = kernel->rows - row;
    if (sent[high] - sent[0] <= ciphertexts)
        return high;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (sent[middle] - sent[0] <= ciphertexts)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Some of a launch; the bytes of its tables.  It is over where no lane is left. */
static size_t launch(const stretch *of, position *now, const step *on, size_t room, labour *with, uint8_t *tables)
{
    const program *kernel = of->kernels[on->kernel];
    const size_t left = on->count - now->lane, lanes = left < on->tile ? left : on->tile;
    const size_t rest = kernel->rows - now->row, rows = rows_that_fit(kernel, now->row, room / (lanes * BLOCK));
    const size_t size = (kernel->sent[now->row + rows] - kernel->sent[now->row]) * lanes * BLOCK;
    if (rest && !rows)
        return 0;
    if (with) {
        work tile = tile_of(kernel, with, lanes);
        if (!now->row)
            load(of, now, on, &tile, with);
        if (rows) {
            const size_t before = on->tile ? now->lane / on->tile * kernel->rows : 0;
            tile.first = kernel->code + (now->row ? kernel->ends[now->row - 1] : 0);
            tile.end = kernel->code + kernel->ends[now->row + rows - 1];
            tile.row = now->base[now->depth] + (uint64_t)on->row + before + now->row;
            if (with->delta)
                garble(kernel->by, &tile, with->delta, tables);
            else
                evaluate(kernel->by, &tile, tables);
        }
        if (rows == rest)
            finish(of, now, on, &tile, with);
    }
    now->row += rows;
    now->gates += rows * lanes;
    if (rows == rest) {
        now->row = 0;
        now->lane += lanes;
    }
    return size;
}

/* The axes of lanes that are left where wires that lie in a row on both sides are moved at once; `run` of them, or 0. */
static size_t in_runs(const stretch *of, const step *on, const view *source, const view *target, size_t *run)
{
    size_t axes = on->axes;
    *run = source->in_a_row && target->in_a_row ? source->ports : 0;
    for (; *run && axes; axes--) {
        const int64_t *from = of->numbers + source->lane, *to = of->numbers + target->lane;
        if (from[axes - 1] != (int64_t)*run || to[axes - 1] != (int64_t)*run)
            break;
        *run *= (size_t)of->numbers[on->lanes + axes - 1];
    }
    return axes;
}

static void copy(const stretch *of, position *now, const step *on, labour *with)
{
    const view *source = of->views + on->views, *target = source + 1;
    const uint8_t *from = with->memory[source->memory] + placed(of, now, source) * BLOCK;
    uint8_t *to = with->memory[target->memory] + placed(of, now, target) * BLOCK;
    const int64_t *reads = of->numbers + source->port, *writes = of->numbers + target->port;
    size_t run, all = 1;
    const size_t axes = in_runs(of, on, source, target, &run);
    for (size_t axis = 0; axis < axes; axis++)
        all *= (size_t)of->numbers[on->lanes + axis];
    for (size_t lane = 0, count; lane < all; lane += count) {
        count = all - lane < LARGEST_TILE ? all - lane : LARGEST_TILE;
        address(of, on, source, axes, lane, count, with->from);
        address(of, on, target, axes, lane, count, with->to);
        for (size_t k = 0; k < count; k++) {
            uint8_t *target_lane = to + with->to[k] * BLOCK;
            const uint8_t *source_lane = from + with->from[k] * BLOCK;
            if (run > 1)
                memmove(target_lane, source_lane, run * BLOCK); /* they are apart in a plan that was verified alone */
            else
                for (size_t port = 0; port < source->ports; port++)
                    memcpy(target_lane + writes[port] * BLOCK, source_lane + reads[port] * BLOCK, BLOCK);
        }
    }
}

/* Into a loop, or round it once more, or out of it. */
static void turn(const stretch *of, position *now, const step *on)
{
    if (on->is == REPEAT) {
        now->base[now->depth + 1] = now->base[now->depth] + (uint64_t)on->row;
        now->iteration[now->depth++] = 0;
        now->at++;
        return;
    }
    const step *loop = of->steps + on->other;
    if (++now->iteration[now->depth - 1] < loop->times) {
        now->base[now->depth] += (uint64_t)loop->rows;
        now->at = on->other + 1;
        return;
    }
    now->depth--;
    now->at++;
}

static size_t wires_of(const stretch *of, const step *on)
{
    size_t wires = 1;
    for (size_t i = 0; i < on->reads + on->writes; i++)
        wires += of->views[on->views + i].ports;
    return wires * on->count;
}

int is_wide(const stretch *of, const position *now)
{
    const step *on = of->steps + now->at;
    if (!of->wide || is_over(of, now) || on->is != LAUNCH)
        return 0;
    const program *kernel = of->kernels[on->kernel];
    return kernel->sent[kernel->rows] * on->count >= of->wide / BLOCK;
}

size_t proceed(const stretch *of, position *now, size_t room, labour *with, uint8_t *tables)
{
    size_t used = 0;
    for (size_t effort = 0; now->at < of->length && effort < EFFORT && !now->astray; effort++) {
        const step *on = of->steps + now->at;
        const int wide = is_wide(of, now);
        if (wide && effort)
            break;
        if (on->is == REPEAT || on->is == END) {
            turn(of, now, on);
            continue;
        }
        if (!now->lane && !now->row) {
            if (!all_inside(of, now, on))
                break;
            effort += wires_of(of, on);
        }
        if (on->is == LAUNCH) {
            while (now->lane < on->count) {
                const size_t lane = now->lane, took = launch(of, now, on, room - used, with, tables + used);
                used += took;
                if (now->lane == lane) /* the next row has no room */
                    return used;
            }
            now->lane = 0;
        } else if (with) {
            copy(of, now, on, with);
        }
        now->at++;
        if (wide)
            break;
    }
    return used;
}

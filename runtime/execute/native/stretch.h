/* Launches, copies and loops of them, in one go as far as there is room for tables: what runtime/execute/walk.py does
   one by one.  No branch and no address depends on a label. */

#ifndef CCR_STRETCH_H
#define CCR_STRETCH_H

#include "gates.h"

enum { DEEPEST = 16, MOST_AXES = 32 };            /* loops around a step; axes of lanes */
enum { LARGEST_TILE = 1024, EFFORT = 1 << 22 };   /* lanes; wires that are moved before Python is heard again */

/* Its register, and whether that holds the complement: with SHOWN both parties move its labels' colours besides. */
enum { SHOWN = 2 };

typedef struct {
    int32_t at, inverted;
} output;

/* A kernel's program, checked: its instructions, where those up to each AND end, and the ciphertexts of a lane that
   are sent before each of them, and in all. */
typedef struct {
    const path *by;
    size_t registers, length, rows, opened;
    instruction *code;
    size_t *ends, *sent;
    output *outputs;
} program;

/* Wires of a buffer, which is `wires` wires of a memory from wire `first` on; `low` and `high` are the lowest and the
   highest of all its ports and lanes, counted from where the loops put it.  `port`, `lane` and `loop` are where their
   numbers begin among those of the stretch: an address for each wire of a lane, strides of lanes and loops. */
typedef struct {
    size_t memory, port, ports, lane, loop;
    int in_a_row; /* the ports of a lane, one wire behind the other */
    int64_t first, wires, offset, low, high;
} view;

typedef enum { LAUNCH = 1, COPY, REPEAT, END } kind;

typedef struct {
    kind is;
    size_t kernel, tile, views, reads, writes; /* of a launch, or a copy, whose views are one read and one write */
    size_t lanes, axes, count;                 /* the extents of lanes; all of them together */
    int64_t row, rows, times;                  /* of a launch or loop; of a loop */
    size_t other;                              /* of a loop: its end; of an end: its loop */
} step;

typedef struct {
    const program **kernels; /* which outlive it */
    step *steps;
    view *views;
    int64_t *numbers;
    int64_t *needs;          /* wires of each memory */
    size_t kernel_count, length, view_count, number_count, memories;
    size_t depth;     /* loops around all of it */
    size_t registers; /* labels of the largest tile */
    size_t largest;   /* bytes of the longest row */
    size_t wide;      /* bytes of tables from which the lanes of a launch are shared among threads; 0: none are */
} stretch;

/* From its code, as runtime/execute/native/stretch.py writes it; what is wrong with that, or NULL.  Whatever comes of it
   is to be given back. */
const char *read_stretch(stretch *, const int64_t *code, size_t length);
void leave_stretch(stretch *);

/* Where it is: before a step, or in a launch with so many lanes done, and rows of the next. */
typedef struct {
    size_t at, depth, lane, row;
    int64_t iteration[DEEPEST];
    uint64_t gates;             /* ANDs done so far, those of each lane */
    uint64_t base[DEEPEST + 1]; /* the number of the first row of each loop's present iteration */
    const view *astray;         /* that leaves its buffer, and so nothing more is done */
} position;

/* What is worked with; without a correlation it is evaluated.  Part `part` of so many `parts` is of each tile the lanes
   from that fraction of them on to the next one. */
typedef struct {
    uint8_t *const *memory;
    uint8_t *registers;
    unsigned part, parts;
    const uint8_t *constant, *seed, *delta;
    int64_t from[LARGEST_TILE], to[LARGEST_TILE]; /* addresses of lanes */
} labour;

/* Is here a launch that is to be shared?  What `proceed` does then is of that launch alone. */
int is_wide(const stretch *, const position *);

/* Goes on until the next row's table has no room any more, or to a launch that is to be shared, or for some time; how
   many bytes of tables that takes.  Without `with` it only goes there: the same call with it takes as many. */
size_t proceed(const stretch *, position *, size_t room, labour *with, uint8_t *tables);

static inline int is_over(const stretch *of, const position *now)
{
    return now->at == of->length;
}

#endif

/* Reading the code of a stretch.  What is read is held to its bounds here, so that `proceed` needs to look at buffers
   alone: the code may be of an artifact that nobody has verified. */

#include "stretch.h"

#include <stdlib.h>
#include <string.h>

static const double FARTHEST = 1LL << 50; /* of any number, and of what a view reaches */
static const char NO_MEMORY[] = "there is no memory for it", CUT[] = "its code is cut short";

enum { MOST_MEMORIES = 1 << 20, MOST_PORTS = 1 << 20 };

typedef struct {
    const int64_t *next, *end;
    stretch *to;
    size_t loops[DEEPEST], depth;
    const char *wrong;
} reader;

static int64_t number(reader *in, int64_t low)
{
    if (in->next == in->end) {
        in->wrong = CUT;
        return low;
    }
    const int64_t read = *in->next++;
    if (!in->wrong && (read < low || (double)read > FARTHEST))
        in->wrong = "a number of its code is out of range";
    return read;
}

/* Room for `more` behind the `count` things of a list, which grows by doubling. */
static void *grown(reader *in, void *list, size_t count, size_t more, size_t size)
{
    size_t had = 16, wanted = 16;
    while (had < count)
        had *= 2;
    while (wanted < count + more)
        wanted *= 2;
    if (list && had == wanted)
        return list;
    void *made = realloc(list, wanted * size);
    if (!made)
        in->wrong = NO_MEMORY;
    return made ? made : list;
}

/* Where numbers begin of which `count` are taken over; at least `low` each. */
static size_t numbers(reader *in, size_t count, int64_t low)
{
    const size_t at = in->to->number_count;
    if ((size_t)(in->end - in->next) < count)
        in->wrong = CUT;
    if (in->wrong)
        return at;
    in->to->numbers = grown(in, in->to->numbers, at, count, sizeof(int64_t));
    for (size_t i = 0; !in->wrong && i < count; i++)
        in->to->numbers[at + i] = number(in, low);
    in->to->number_count += in->wrong ? 0 : count;
    return at;
}

/* How far a view goes: along an axis to both sides. */
static void reach(reader *in, view *at, double *all, int64_t extent, int64_t stride)
{
    const double far = (double)(extent - 1) * (double)stride;
    *all += far < 0 ? -far : far;
    if (*all > FARTHEST)
        in->wrong = "a view reaches too far";
    else if (far < 0)
        at->low += (extent - 1) * stride;
    else
        at->high += (extent - 1) * stride;
}

/* The addresses of one lane's wires. */
static void ports(reader *in, view *at, double *all)
{
    const int64_t axes = number(in, 0), *axis = in->next;
    double count = 1;
    for (int64_t i = 0; i < axes && !in->wrong; i++) {
        const int64_t extent = number(in, 1), stride = number(in, -(1LL << 50));
        count *= (double)extent;
        if (count > MOST_PORTS)
            in->wrong = "a view has too many ports";
        else if (!in->wrong)
            reach(in, at, all, extent, stride);
    }
    if (in->wrong)
        return;
    stretch *to = in->to;
    at->ports = (size_t)count;
    at->port = to->number_count;
    to->numbers = grown(in, to->numbers, to->number_count, at->ports, sizeof(int64_t));
    if (in->wrong)
        return;
    int64_t *address = to->numbers + at->port;
    size_t have = 1;
    address[0] = 0;
    for (int64_t i = 0; i < axes; i++, axis += 2) { /* from the back, so that nothing is overwritten unread */
        for (size_t k = have; k-- > 0;)
            for (size_t n = (size_t)axis[0]; n-- > 0;)
                address[k * (size_t)axis[0] + n] = address[k] + (int64_t)n * axis[1];
        have *= (size_t)axis[0];
    }
    to->number_count += at->ports;
    at->in_a_row = 1;
    for (size_t i = 0; i < at->ports; i++)
        at->in_a_row &= address[i] == (int64_t)i;
}

/* Its memory has what it may reach. */
static void need(reader *in, const view *at)
{
    stretch *to = in->to;
    if (!in->wrong && at->memory >= MOST_MEMORIES)
        in->wrong = "a view is of no memory";
    for (; !in->wrong && to->memories <= at->memory; to->memories++) {
        to->needs = grown(in, to->needs, to->memories, 1, sizeof(int64_t));
        if (in->wrong)
            return;
        to->needs[to->memories] = 0;
    }
    if (!in->wrong && to->needs[at->memory] < at->first + at->wires)
        to->needs[at->memory] = at->first + at->wires;
}

static void read_view(reader *in, const step *on)
{
    stretch *to = in->to;
    view at = {.memory = (size_t)number(in, 0)};
    double all = 0;
    at.first = number(in, 0);
    at.wires = number(in, 1);
    at.offset = number(in, -(1LL << 50));
    ports(in, &at, &all);
    at.lane = numbers(in, on->axes, -(1LL << 50));
    at.loop = numbers(in, to->depth + in->depth, -(1LL << 50));
    for (size_t i = 0; !in->wrong && i < on->axes; i++)
        reach(in, &at, &all, to->numbers[on->lanes + i], to->numbers[at.lane + i]);
    for (size_t i = 0; !in->wrong && i < in->depth; i++) { /* an overflow would be one of these */
        view unused = {0};
        reach(in, &unused, &all, to->steps[in->loops[i]].times, to->numbers[at.loop + to->depth + i]);
    }
    need(in, &at);
    to->views = in->wrong ? to->views : grown(in, to->views, to->view_count, 1, sizeof(view));
    if (!in->wrong)
        to->views[to->view_count++] = at;
}

static size_t ports_of(const stretch *of, size_t from, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += of->views[from + i].ports;
    return found;
}

static void read_kernel(reader *in, step *on)
{
    on->kernel = (size_t)number(in, 0);
    on->tile = (size_t)number(in, 1);
    on->row = number(in, 0);
    on->reads = (size_t)number(in, 0);
    on->writes = (size_t)number(in, 0);
    if (!in->wrong && (on->kernel >= in->to->kernel_count || on->tile > LARGEST_TILE))
        in->wrong = "a launch is of no kernel, or of too many lanes at once";
}

static void check_kernel(reader *in, const step *on)
{
    stretch *to = in->to;
    const program *kernel = to->kernels[on->kernel];
    const size_t lanes = on->count < on->tile ? on->count : on->tile, registers = kernel->registers * lanes;
    if (ports_of(to, on->views, on->reads) >= kernel->registers ||
        ports_of(to, on->views + on->reads, on->writes) != kernel->opened)
        in->wrong = "a launch reads or writes what its kernel has not";
    to->registers = registers > to->registers ? registers : to->registers;
    to->largest = HALVES * BLOCK * lanes > to->largest ? HALVES * BLOCK * lanes : to->largest;
}

/* A launch, or a copy. */
static void read_work(reader *in, step *on)
{
    if (on->is == LAUNCH)
        read_kernel(in, on);
    else
        on->reads = on->writes = 1;
    on->axes = (size_t)number(in, 0);
    if (in->wrong || on->axes > MOST_AXES) {
        in->wrong = in->wrong ? in->wrong : "a step has too many axes";
        return;
    }
    double count = 1;
    on->lanes = numbers(in, on->axes, 1);
    for (size_t i = 0; !in->wrong && i < on->axes; i++)
        count *= (double)in->to->numbers[on->lanes + i];
    if (count > FARTHEST)
        in->wrong = "a step has too many lanes";
    on->count = (size_t)count;
    on->views = in->to->view_count;
    for (size_t i = 0; !in->wrong && i < on->reads + on->writes; i++)
        read_view(in, on);
    if (!in->wrong && on->is == LAUNCH)
        check_kernel(in, on);
    else if (!in->wrong && ports_of(in->to, on->views, 1) != ports_of(in->to, on->views + 1, 1))
        in->wrong = "a copy writes more or less than it reads";
}

static void read_step(reader *in)
{
    stretch *to = in->to;
    step on = {.is = (kind)number(in, LAUNCH)};
    if (in->wrong)
        return;
    if (on.is == LAUNCH || on.is == COPY) {
        read_work(in, &on);
    } else if (on.is == REPEAT && to->depth + in->depth < DEEPEST) {
        on.times = number(in, 1);
        on.row = number(in, 0);
        on.rows = number(in, 0);
        in->loops[in->depth++] = to->length;
    } else if (on.is == END && in->depth) {
        on.other = in->loops[--in->depth];
        to->steps[on.other].other = to->length;
    } else {
        in->wrong = "there is no such step, or it stands too deep";
    }
    to->steps = in->wrong ? to->steps : grown(in, to->steps, to->length, 1, sizeof(step));
    if (!in->wrong)
        to->steps[to->length++] = on;
}

const char *read_stretch(stretch *to, const int64_t *code, size_t length)
{
    reader in = {.next = code, .end = code + length, .to = to};
    if (to->depth > DEEPEST)
        return "it stands too deep";
    while (!in.wrong && in.next < in.end)
        read_step(&in);
    return in.wrong ? in.wrong : in.depth ? CUT : NULL;
}

void leave_stretch(stretch *of)
{
    free(of->steps);
    free(of->views);
    free(of->numbers);
    free(of->needs);
    free((void *)of->kernels);
}

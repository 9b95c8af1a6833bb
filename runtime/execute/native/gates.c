/* The paths, and which of them this CPU has. */

#include "gates.h"

#include <string.h>

enum { WIPED = 8192 };   /* bytes of stack, more than twice what a path takes */

#if defined(__x86_64__) && defined(__GNUC__)
#include "simd.h"
#elif defined(__AARCH64EL__) && defined(__GNUC__)
#include "simd_arm.h"
#ifdef __linux__
#include <sys/auxv.h>
#endif
#endif

#ifdef VEC_1

enum { KEYS = 8, ROUNDS = 10, MOST = 16, GROWN = 8, AHEAD = 128 };
/* rows whose keys are made at once; rounds of AES-128; vectors at once, at most and of streams; bytes foreseen */

static const int ROUND_CONSTANTS[ROUNDS] = {1, 2, 4, 8, 16, 32, 64, 128, 27, 54};

typedef struct {
    __m128i rounds[ROUNDS + 1][KEYS];
} schedule;

/* Where an instruction's lanes are, and for an AND its tables and its key. */
typedef struct {
    const uint8_t *left, *right;
    uint8_t *out, *generator, *evaluator;
    const schedule *keys;
    int key, op;
    size_t lane;
} operands;

static inline operands located(const work *todo, const strip *at, const instruction *next, const schedule *keys,
                               uint64_t done, uint8_t *row)
{
    const size_t size = at->count * BLOCK, half = todo->lanes * BLOCK;
    uint8_t *tables = row + at->lane * BLOCK;
    return (operands){
        .left = at->registers + (size_t)next->left * size,
        .right = at->registers + (size_t)next->right * size,
        .out = at->registers + (size_t)next->out * size,
        .generator = tables,
        .evaluator = tables + half,
        .keys = keys,
        .key = (int)(done % KEYS),
        .op = next->op,
        .lane = at->lane,
    };
}

/* Where the table of the row behind this one is. */
static inline uint8_t *behind(const work *todo, const instruction *row, uint8_t *table)
{
    return table + (row->op & ONE_SIDED ? 1 : HALVES) * todo->lanes * BLOCK;
}

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define OP(name) JOIN(name, WIDTH)                        /* of vectors of WIDTH blocks */
#define ON(name) JOIN(name, PATH)                         /* of this path */
#define FN(name) JOIN(ON(name), WIDTH)                    /* of this path for WIDTH lanes */
#define ONE(name) JOIN(ON(name), 1)
#define INLINE TARGET static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#define DONE_BY(path, avx2)                                                                                        \
    {#path, avx2, has_##path, garble_##path, evaluate_##path, spread_##path, schedules_##path, grow_##path,        \
     turn_##path, fold_##path}

#ifdef __x86_64__

#define PATH aesni
#define TARGET __attribute__((target("aes,pclmul,sse4.1")))
#define WIDE 1
#define GARBLED 3
#define EVALUATED 6
#define SPREAD 8
#include "rows.h"
#include "transfers.h"
#undef PATH
#undef TARGET
#undef WIDE
#undef GARBLED
#undef EVALUATED
#undef SPREAD

#define PATH vaes256
#define TARGET __attribute__((target("aes,pclmul,avx2,vaes,vpclmulqdq")))
#define WIDE 2
#define GARBLED 3
#define EVALUATED 6
#define SPREAD 8
#include "rows.h"
#include "transfers.h"
#undef PATH
#undef TARGET
#undef WIDE
#undef GARBLED
#undef EVALUATED
#undef SPREAD

#define PATH vaes512
#define TARGET __attribute__((target("aes,pclmul,avx2,avx512f,avx512bw,vaes,vpclmulqdq")))
#define WIDE 4
#define GARBLED 2
#define EVALUATED 4
#define SPREAD 8
#include "rows.h"
#include "transfers.h"
#undef PATH
#undef TARGET
#undef WIDE
#undef GARBLED
#undef EVALUATED
#undef SPREAD

static int has_aesni(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

static int has_vaes256(void)
{
    return has_aesni() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("vaes") &&
           __builtin_cpu_supports("vpclmulqdq");
}

static int has_vaes512(void)
{
    return has_vaes256() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

const path PATHS[] = {
    DONE_BY(vaes512, 1),
    DONE_BY(vaes256, 1),
    DONE_BY(aesni, 0),
    {NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

#else

#define PATH armv8
#define TARGET __attribute__((target("+crypto")))   /* what GCC asks for AES and PMULL */
#define WIDE 1
#define GARBLED 3
#define EVALUATED 6
#define SPREAD 8
#include "rows.h"
#include "transfers.h"

static int has_armv8(void)
{
#if defined(__linux__)
    return (getauxval(AT_HWCAP) & (HWCAP_AES | HWCAP_PMULL)) == (HWCAP_AES | HWCAP_PMULL);
#elif defined(__APPLE__)
    return 1;   /* every 64-bit ARM of Apple's */
#else
    return 0;
#endif
}

const path PATHS[] = {
    DONE_BY(armv8, 0),
    {NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

#endif

#else

const path PATHS[] = {{NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL}};

#endif

static void *(*const volatile set)(void *, int, size_t) = memset;

void wipe_memory(void *memory, size_t size)
{
    set(memory, 0, size);
}

/* A call of its own, so that it lies where the frames of the path lay. */
#if defined(__GNUC__)
__attribute__((noinline))
#endif
void wipe_stack(void)
{
    uint8_t used[WIPED];
    wipe_memory(used, sizeof used);
}

/* The strip that begins with this lane; it has none where the work's lanes end. */
static strip strip_at(const work *todo, size_t lane)
{
    const size_t left = todo->to - lane, before = lane - todo->from;
    return (strip){todo->memory + before * todo->registers * BLOCK, lane, left < STRIP ? left : STRIP};
}

void garble(const path *by, const work *todo, const uint8_t *delta, uint8_t *tables)
{
    for (strip at = strip_at(todo, todo->from); at.count; at = strip_at(todo, at.lane + at.count))
        by->garble(todo, &at, delta, tables);
    wipe_stack();
}

void evaluate(const path *by, const work *todo, const uint8_t *tables)
{
    for (strip at = strip_at(todo, todo->from); at.count; at = strip_at(todo, at.lane + at.count))
        by->evaluate(todo, &at, tables);
}

void grow(const path *by, const growth *todo)
{
    by->grow(todo);
    wipe_stack();
}

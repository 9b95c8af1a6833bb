/* The paths, and which of them this CPU has. */

#include "gates.h"

enum { WIPED = 4096 };   /* bytes of stack; a path takes less than half of them */

#if defined(__x86_64__) && defined(__GNUC__)

#include "simd.h"

enum { KEYS = 8, ROUNDS = 10, MOST = 16 };   /* rows whose keys are made at once; rounds of AES-128; vectors at once */

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
} operands;

static inline operands located(
    const work *todo, const instruction *at, const schedule *keys, uint64_t done, uint8_t *tables)
{
    const size_t size = todo->lanes * BLOCK;
    return (operands){
        .left = todo->registers + (size_t)at->left * size,
        .right = todo->registers + (size_t)at->right * size,
        .out = todo->registers + (size_t)at->out * size,
        .generator = tables + done * HALVES * size,
        .evaluator = tables + (done * HALVES + 1) * size,
        .keys = keys,
        .key = (int)(done % KEYS),
        .op = at->op,
    };
}

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define OP(name) JOIN(name, WIDTH)                        /* of vectors of WIDTH blocks */
#define ON(name) JOIN(name, PATH)                         /* of this path */
#define FN(name) JOIN(ON(name), WIDTH)                    /* of this path for WIDTH lanes */
#define ONE(name) JOIN(ON(name), 1)
#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

#define PATH aesni
#define TARGET __attribute__((target("aes,sse4.1")))
#define WIDE 1
#define VECTORS 2
#include "rows.h"
#undef PATH
#undef TARGET
#undef WIDE
#undef VECTORS

#define PATH vaes256
#define TARGET __attribute__((target("aes,avx2,vaes")))
#define WIDE 2
#define VECTORS 2
#include "rows.h"
#undef PATH
#undef TARGET
#undef WIDE
#undef VECTORS

#define PATH vaes512
#define TARGET __attribute__((target("aes,avx2,avx512f,avx512bw,vaes")))
#define WIDE 4
#define VECTORS 2
#include "rows.h"
#undef PATH
#undef TARGET
#undef WIDE
#undef VECTORS

static int has_aesni(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1");
}

static int has_vaes256(void)
{
    return has_aesni() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("vaes");
}

static int has_vaes512(void)
{
    return has_vaes256() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

const path PATHS[] = {
    {"vaes512", has_vaes512, garble_vaes512, evaluate_vaes512},
    {"vaes256", has_vaes256, garble_vaes256, evaluate_vaes256},
    {"aesni", has_aesni, garble_aesni, evaluate_aesni},
    {NULL, NULL, NULL, NULL},
};

#else

const path PATHS[] = {{NULL, NULL, NULL, NULL}};

#endif

/* A call of its own, so that it lies where the frames of the path lay. */
#if defined(__GNUC__)
__attribute__((noinline))
#endif
static void wipe_stack(void)
{
    volatile uint64_t used[WIPED / 8];
    for (size_t i = 0; i < WIPED / 8; i++)
        used[i] = 0;
}

void garble(const path *by, const work *todo, const uint8_t *delta, uint8_t *tables)
{
    by->garble(todo, delta, tables);
    wipe_stack();
}

// What benchmarks/against.py runs of EMP's semi-honest two-party protocol: `emp WORK COUNT PARTY PORT [CIRCUIT]`.
//
// Party 1 (ALICE) garbles and listens, party 2 (BOB) evaluates, connects on loopback, and learns the result.  Works:
// products (COUNT of 32 bits, a factor of each party), sort (COUNT words of 32 bits, each the XOR of one of each
// party), millionaires, and aes (COUNT blocks of BOB's under a key of ALICE's, by the Bristol Fashion file CIRCUIT).
// Written for emp-tool, emp-ot and emp-sh2pc 0.3, whose headers it includes.

#include <emp-sh2pc/emp-sh2pc.h>

#include <cstdlib>
#include <cstring>
#include <vector>

using namespace emp;

static uint32_t word() { return (uint32_t)random(); }

// Inputs first, as one who has them all at hand would feed them.
static std::vector<Integer> words(int count, int party)
{
    std::vector<Integer> made;
    made.reserve(count);
    for (int i = 0; i < count; i++)
        made.emplace_back(32, (int64_t)word(), party);
    return made;
}

static uint64_t learned(const std::vector<Integer> &values)
{
    uint64_t sum = 0;
    for (const Integer &each : values)
        sum += (uint64_t)each.reveal<uint32_t>(BOB);
    return sum;
}

static uint64_t products(int count)
{
    std::vector<Integer> left = words(count, ALICE), right = words(count, BOB);
    for (int i = 0; i < count; i++)
        left[i] = left[i] * right[i];
    return learned(left);
}

static uint64_t sorted(int count)
{
    std::vector<Integer> left = words(count, ALICE), right = words(count, BOB);
    for (int i = 0; i < count; i++)
        left[i] = left[i] ^ right[i];
    sort(left.data(), count);
    return learned(left);
}

static uint64_t millionaires()
{
    Integer left(32, (int64_t)word(), ALICE), right(32, (int64_t)word(), BOB);
    return (left > right).reveal<bool>(PUBLIC);
}

static uint64_t aes(int count, const char *file)
{
    BristolFashion circuit(file);
    Integer key(128, (int64_t)word(), ALICE);
    std::vector<Integer> texts;
    for (int i = 0; i < count; i++)
        texts.emplace_back(128, (int64_t)word(), BOB);
    std::vector<Bit> in(256), out(128);
    for (Integer &text : texts) {
        std::copy(key.bits.begin(), key.bits.end(), in.begin());
        std::copy(text.bits.begin(), text.bits.end(), in.begin() + 128);
        circuit.compute(out.data(), in.data());
        text.bits = out;
    }
    uint64_t sum = 0;
    for (Integer &text : texts) {
        bool bits[128];
        text.revealBools(bits, BOB);
        sum += bits[0];
    }
    return sum;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    const int count = atoi(argv[2]), party = atoi(argv[3]), port = atoi(argv[4]);
    if (party == 0)  // nothing is to be made ready
        return 0;
    NetIO io(party == ALICE ? nullptr : "127.0.0.1", port, true);
    setup_semi_honest(&io, party);
    uint64_t found;
    if (!strcmp(argv[1], "products"))
        found = products(count);
    else if (!strcmp(argv[1], "sort"))
        found = sorted(count);
    else if (!strcmp(argv[1], "millionaires"))
        found = millionaires();
    else if (!strcmp(argv[1], "aes") && argc == 6)
        found = aes(count, argv[5]);
    else
        return 2;
    io.flush();
    printf("{\"ands\": %lld, \"sent\": %lld, \"sum\": %llu}\n", (long long)CircuitExecution::circ_exec->num_and(),
           (long long)io.counter, (unsigned long long)found);
    finalize_semi_honest();
    return 0;
}

"""The order in which what waits for each other is done."""

from __future__ import annotations

from collections.abc import Container, Iterable
from heapq import heapify, heappop, heappush


def topological(needs: dict[int, set[int]], last: Container[int] = ()) -> Iterable[int]:
    """Every key after the keys it needs, the smallest first; those of `last` when nothing else can go on, together."""
    waiting = {key: len(before) for key, before in needs.items()}
    followers: dict[int, list[int]] = {key: [] for key in needs}
    for key, before in needs.items():
        for other in before:
            followers[other].append(key)
    done = 0
    turn = [key for key, count in waiting.items() if not count]
    while turn:
        ready, held = [key for key in turn if key not in last], [key for key in turn if key in last]
        if not ready:
            ready, held = held, []
        heapify(ready)
        turn = held
        while ready:
            key = heappop(ready)
            done += 1
            yield key
            for follower in followers[key]:
                waiting[follower] -= 1
                if not waiting[follower] and key not in last and follower not in last:
                    heappush(ready, follower)
                elif not waiting[follower]:
                    turn.append(follower)
    assert done == len(needs), "the groups of a block wait for each other"

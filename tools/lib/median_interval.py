"""The interval of a median by its order statistics."""

import math

CERTAINTY = 0.95


def median_interval(values):
    """Two of the values, between which the median lies with CERTAINTY; None with too few."""
    ordered, outside = sorted(values), 0.0
    for rank in range(len(ordered) // 2):
        outside += 2 * math.comb(len(ordered), rank) / 2 ** len(ordered)
        if outside > 1 - CERTAINTY:
            return (ordered[rank - 1], ordered[-rank]) if rank > 0 else None
    return None

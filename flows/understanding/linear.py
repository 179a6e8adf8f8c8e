"""A linear classifier over hashed features: softmax of the sum of the features' weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from flows.understanding.features import Features

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Linear:
    """One row of weights for each feature, one column for each label."""

    labels: tuple[str, ...]
    weights: Floats
    sharpness: float = 1.0

    def probabilities(self, features: Features) -> Floats:
        """How likely each label is; all alike for a text without features."""
        places, values = features
        scores = np.asarray(values, np.float32) @ self.weights[places].astype(np.float32)
        return softmax(scores * self.sharpness)


@dataclass(frozen=True, slots=True)
class Example:
    """Features, the number of the right label, and how much it counts."""

    features: Features
    label: int
    weight: float = 1.0


def softmax(scores: Floats) -> Floats:
    """Probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return result


def learn(
    examples: Sequence[Example],
    labels: Sequence[str],
    bits: int,
    *,
    passes: int = 6,
    rate: float = 0.5,
    decay: float = 1e-5,
    dropped: float = 0.5,
    sharpness: float = 0.8,
) -> Linear:
    """Weights by AdaGrad over small batches, in an order fixed by a seed: always the same.

    In each pass a share of the features is ``dropped``, so that no word decides alone.
    """
    chance = np.random.default_rng(8)
    weights = np.zeros((1 << bits, len(labels)), np.float32)
    squares = np.full(1 << bits, 1e-2, np.float32)
    flat = _Flat(examples)
    for number in range(passes):
        order = chance.permutation(len(examples))
        step = rate * (1.0 - 0.8 * number / passes)
        for start in range(0, len(order), _BATCH):
            batch = flat.batch(order[start : start + _BATCH], dropped, chance)
            _improve(weights, squares, batch, step, decay)
    return Linear(tuple(labels), weights.astype(np.float16), sharpness)


_BATCH = 768


class _Batch(NamedTuple):
    places: Ints
    values: Floats
    starts: Ints
    labels: Ints
    weights: Floats


class _Flat:
    """All features in one array, so that a batch is cut out of it quickly."""

    def __init__(self, examples: Sequence[Example]) -> None:
        lengths = [len(one.features[0]) for one in examples]
        self._starts = np.cumsum([0, *lengths])
        self._places = np.fromiter((p for one in examples for p in one.features[0]), np.int32)
        self._values = np.fromiter((v for one in examples for v in one.features[1]), np.float32)
        self._labels = np.array([one.label for one in examples], np.int32)
        self._weights = np.array([one.weight for one in examples], np.float32)

    def batch(self, chosen: Ints, dropped: float, chance: np.random.Generator) -> _Batch:
        """These examples, with a share of their features dropped."""
        lengths = self._starts[chosen + 1] - self._starts[chosen]
        starts = np.cumsum(lengths) - lengths
        at = np.arange(int(lengths.sum())) + np.repeat(self._starts[chosen] - starts, lengths)
        kept = (chance.random(len(at), np.float32) >= dropped) / np.float32(1 - dropped)
        values = self._values[at] * kept
        return _Batch(self._places[at], values, starts, self._labels[chosen], self._weights[chosen])


def _improve(weights: Floats, squares: Floats, batch: _Batch, rate: float, decay: float) -> None:
    """One step downhill for one batch."""
    size = len(batch.labels)
    rows = np.repeat(np.arange(size), np.diff([*batch.starts, len(batch.places)]))
    gathered = weights[batch.places]
    gathered *= batch.values[:, None]
    wrong = softmax(np.add.reduceat(gathered, batch.starts))
    wrong[np.arange(size), batch.labels] -= 1.0
    wrong *= batch.weights[:, None]
    order = np.argsort(batch.places, kind="stable")
    used, first = np.unique(batch.places[order], return_index=True)
    slopes = np.add.reduceat(wrong[rows[order]] * batch.values[order, None], first)
    slopes += decay * weights[used]
    squares[used] += (slopes**2).mean(axis=1)
    weights[used] -= rate * slopes / np.sqrt(squares[used])[:, None]

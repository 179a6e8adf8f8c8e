"""A linear classifier over hashed features: softmax of the sum of the features' weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flows.understanding.features import Features

Floats = npt.NDArray[np.floating[Any]]


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
    dropped: float = 0.4,
    sharpness: float = 0.8,
) -> Linear:
    """Weights by AdaGrad over small batches, in an order fixed by a seed: always the same.

    In each pass a share of the features is ``dropped``, so that no word decides alone.
    """
    chance = np.random.default_rng(8)
    weights = np.zeros((1 << bits, len(labels)), np.float32)
    squares = np.full(1 << bits, 1e-2, np.float32)
    for number in range(passes):
        order = chance.permutation(len(examples))
        step = rate * (1.0 - 0.8 * number / passes)
        for start in range(0, len(order), 256):
            batch = [examples[i] for i in order[start : start + 256]]
            _improve(weights, squares, batch, step, decay, dropped, chance)
    return Linear(tuple(labels), weights.astype(np.float16), sharpness)


def _improve(
    weights: Floats,
    squares: Floats,
    batch: Sequence[Example],
    rate: float,
    decay: float,
    dropped: float,
    chance: np.random.Generator,
) -> None:
    """One step downhill for one batch."""
    places = np.concatenate([np.asarray(one.features[0], np.int32) for one in batch])
    values = np.concatenate([np.asarray(one.features[1], np.float32) for one in batch])
    starts = np.cumsum([0, *(len(one.features[0]) for one in batch)])
    rows = np.repeat(np.arange(len(batch)), np.diff(starts))
    values = values * (chance.random(len(values)) >= dropped) / (1 - dropped)
    scores = np.add.reduceat(weights[places] * values[:, None], starts[:-1])
    wrong = softmax(scores)
    wrong[np.arange(len(batch)), [one.label for one in batch]] -= 1.0
    wrong *= np.asarray([one.weight for one in batch], np.float32)[:, None]
    order = np.argsort(places, kind="stable")
    used, first = np.unique(places[order], return_index=True)
    slopes = np.add.reduceat((wrong[rows] * values[:, None])[order], first)
    slopes += decay * weights[used]
    squares[used] += (slopes**2).mean(axis=1)
    weights[used] -= rate * slopes / np.sqrt(squares[used])[:, None]

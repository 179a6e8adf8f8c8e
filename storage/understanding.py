"""The model of the understanding on disk, and the questions files it is learned from."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from flows.understanding.lexicon import Entry
from flows.understanding.linear import Linear
from flows.understanding.model import INTENT_BITS, LANGUAGE_BITS, Model
from flows.understanding.training import train
from flows.understanding.understand import Understanding
from storage.gazetteer import load_gazetteer

_ROOT = Path(__file__).resolve().parent.parent
LOCALES = _ROOT / "locales"
MODEL = LOCALES / "questions.npz"
BEFORE = MODEL.with_suffix(".before.npz")
"""The model before the last one that operators taught: what `restore_model` brings back."""

Taught = Sequence[tuple[str, str, str]]
"""Language, intent and text of questions that operators have labelled."""


class NoModelError(Exception):
    """The model was not made yet; one line says what to run."""


def read_questions(folder: Path = LOCALES) -> dict[str, Any]:
    """Every questions.yaml by language; all scalars are text (``no`` is a word here)."""
    return {
        path.parent.name: yaml.load(path.read_text("utf-8"), yaml.CBaseLoader)  # noqa: S506
        for path in sorted(folder.glob("*/questions.yaml"))
    }


def make_model(folder: Path = LOCALES, to: Path = MODEL, taught: Taught = ()) -> Model:
    """Learn from the questions files, and from what operators have labelled, and write the model
    down, whole or not at all.
    """
    files = read_questions(folder)
    for language, intent, text in taught:
        if language in files:
            files[language].setdefault("examples", {}).setdefault(intent, []).append(text)
    model = train(files, load_gazetteer())
    save(model, to)
    return model


def accept_model(new: Path) -> None:
    """``new`` is used from the next start on; the one before is kept."""
    if MODEL.exists():
        MODEL.replace(BEFORE)
    new.replace(MODEL)


def restore_model() -> bool:
    """Go back to the model before; False when there is none."""
    if not BEFORE.exists():
        return False
    BEFORE.replace(MODEL)
    return True


def save(model: Model, to: Path) -> None:
    """Write the model to one file, whole or not at all."""
    words = {
        "intents": model.intents.labels,
        "languages": model.languages.labels,
        "sharpness": [model.intents.sharpness, model.languages.sharpness],
        "entries": model.entries,
        "scripts": model.scripts,
        "known": sorted(model.known),
    }
    text = np.frombuffer(json.dumps(words, ensure_ascii=False).encode(), np.uint8)
    part = to.with_suffix(".part.npz")
    np.savez_compressed(
        part,
        words=text,
        **_packed("intents", model.intents),
        **_packed("languages", model.languages),
    )
    part.replace(to)


def load(path: Path = MODEL) -> Model:
    """The model that `save` wrote. Raises NoModelError."""
    if not path.exists():
        raise NoModelError("the model of the understanding is missing: run `make build`")
    with np.load(path) as stored:
        words = json.loads(stored["words"].tobytes())
        intents, languages = (
            Linear(tuple(words[name]), _unpacked(stored, name), sharpness)
            for name, sharpness in zip(("intents", "languages"), words["sharpness"], strict=True)
        )
    entries = {code: _entries(rows) for code, rows in words["entries"].items()}
    return Model(intents, languages, entries, words["scripts"], frozenset(words["known"]))


@cache
def load_understanding() -> Understanding:
    """The understanding, loaded once in a process."""
    return Understanding(load(), load_gazetteer())


def _packed(name: str, linear: Linear) -> dict[str, Any]:
    """Only the rows that say something."""
    rows = np.flatnonzero(np.abs(linear.weights).max(axis=1) > _NOTHING).astype(np.uint32)
    return {f"{name}_rows": rows, f"{name}_weights": linear.weights[rows]}


_NOTHING = 1e-3


def _unpacked(stored: Mapping[str, Any], name: str) -> Any:
    rows, weights = stored[f"{name}_rows"], stored[f"{name}_weights"]
    whole = np.zeros((1 << _bits(name), weights.shape[1]), np.float16)
    whole[rows] = weights
    return whole


def _bits(name: str) -> int:
    return INTENT_BITS if name == "intents" else LANGUAGE_BITS


def _entries(rows: Sequence[Sequence[Any]]) -> list[Entry]:
    return [(tuple(phrase), slot, value) for phrase, slot, value in rows]

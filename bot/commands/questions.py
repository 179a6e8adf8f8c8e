"""Commands on questions in people's own words: ask one, learn anew, measure."""

import json
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop

app = typer.Typer(help="Questions in people's own words.", no_args_is_help=True)

Words = Annotated[str, typer.Argument(help="What a person would write.")]
_SHARES = (
    "rows",
    "macro_f1",
    "accuracy",
    "wrong_rate",
    "abstain_rate",
    "slot_recall",
    "emergency_recall",
    "language_accuracy",
    "median_ms",
)


def ask(
    text: Words,
    lang: Annotated[str, typer.Option(help="The language of the conversation so far.")] = "",
    as_json: AsJson = False,
) -> None:
    """What is understood of a question, which offers fit, and what the person would read."""
    from bot.asking import answer

    found = answer(opening.parts(), text, lang)
    if as_json:
        print_json(found)
        return
    shown = {name: value for name, value in found.items() if name != "reply"}
    shown["slots"] = ", ".join(f"{name}={value}" for name, value in found["slots"].items())
    print_table(("what", "value"), list(shown.items()))
    say(f"\n{found['reply']}")


@app.command(epilog="Example: python admin_cli.py questions train")
def train() -> None:
    """Learn from every locales/*/questions.yaml; `make setup` does it when one has changed."""
    from storage.understanding import MODEL, make_model

    began = perf_counter()
    model = make_model()
    size = MODEL.stat().st_size / 1e6
    say(
        f"Learned {len(model.languages.labels)} languages in {perf_counter() - began:.0f} s: "
        f"{size:.1f} MB."
    )


@app.command(epilog="Example: python admin_cli.py questions evaluate tests/questions/it.jsonl")
def evaluate(
    file: Annotated[Path, typer.Argument(help="Questions with their answers, JSON lines.")],
    as_json: AsJson = False,
) -> None:
    """How well a file of questions is understood: one JSON object a line, as in tests/questions."""
    from flows.understanding.score import evaluate as measure
    from storage.understanding import load_understanding

    understanding = load_understanding()
    rows = _rows(file)
    understanding.understand("ciao")
    _print_scores(measure(rows, understanding.understand, perf_counter), as_json=as_json)


def _rows(file: Path) -> list[dict[str, Any]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        stop(f"{file}: {type(error).__name__}: a file of JSON lines is needed.")
    if not rows or not all({"text", "lang", "intent"} <= set(row) for row in rows):
        stop(f"{file}: every line needs text, lang and intent.")
    return rows


def _print_scores(scores: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(scores)
        return
    by_language = {"all": scores, **scores["by_language"]}
    print_table(
        ("language", *_SHARES),
        [(code, *(str(one[name]) for name in _SHARES)) for code, one in by_language.items()],
    )
    mistaken = [
        (was, heard, count)
        for was, row in scores["confusion"].items()
        for heard, count in row.items()
        if was != heard
    ]
    print_table(("was", "understood as", "times"), sorted(mistaken, key=lambda row: -row[2]))

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


@app.command(epilog="Example: python admin_cli.py questions train --taught")
def train(
    taught: Annotated[bool, typer.Option("--taught", help="Also from what was labelled.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Use it without asking.")] = False,
) -> None:
    """Learn from every locales/*/questions.yaml; with --taught from labelled questions too.

    With --taught it shows how well the questions in tests/questions are understood before and
    after, and asks whether to use what was learned.
    """
    from storage.understanding import MODEL, make_model

    if taught:
        _train_taught(yes=yes)
        return
    began = perf_counter()
    model = make_model()
    size = MODEL.stat().st_size / 1e6
    say(
        f"Learned {len(model.languages.labels)} languages in {perf_counter() - began:.0f} s: "
        f"{size:.1f} MB."
    )


@app.command(epilog="Example: python admin_cli.py questions back")
def back() -> None:
    """Go back to how questions were understood before the last `train --taught`."""
    from storage.understanding import restore_model

    if not restore_model():
        stop("There is nothing to go back to.")
    say("Questions are understood as before; start the assistant again.")


@app.command(epilog="Example: python admin_cli.py questions unanswered --language ur")
def unanswered(
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
    as_json: AsJson = False,
) -> None:
    """What was not understood in the last 30 days, of those who agreed; alike ones together."""
    from storage.unanswered import unanswered as listed

    with opening.to_read().begin() as connection:
        rows = listed(connection, language)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "cluster", "language", "intent", "label", "text")
    print_table(columns, [[row[name] for name in columns] for row in rows])


@app.command(epilog="Example: python admin_cli.py questions label 3 4 9 --intent housing")
def label(
    ids: Annotated[list[int], typer.Argument(help="The ids that `questions unanswered` shows.")],
    intent: Annotated[str, typer.Option(help="What they mean: job, training, housing …")],
) -> None:
    """Say what questions mean: `train --taught` learns it. Label none that tells who asked."""
    from storage.unanswered import label as note
    from storage.understanding import load

    known = load().intents.labels
    if intent not in known:
        stop(f"{intent!r} is no meaning: one of {', '.join(known)}.")
    with opening.database().begin() as connection:
        count = note(connection, ids, intent, opening.by())
    say(f"{count} questions mean {intent}: `questions train --taught` learns it.")


def _train_taught(*, yes: bool) -> None:
    from storage.audit import record
    from storage.unanswered import labelled
    from storage.understanding import MODEL, accept_model, make_model

    with opening.to_read().begin() as connection:
        taught = labelled(connection)
    if not taught:
        stop("Nothing is labelled yet: see `questions unanswered` and `questions label`.")
    new = MODEL.with_suffix(".new.npz")
    make_model(to=new, taught=taught)
    before, after = _measured(MODEL), _measured(new)
    print_table(
        ("what", "now", "with what was taught"),
        [(name, str(before[name]), str(after[name])) for name in _KEPT],
    )
    if not yes and not typer.confirm("Use what was learned?"):
        new.unlink()
        stop("Nothing was changed.")
    accept_model(new)
    with opening.database().begin() as connection:
        record(connection, opening.by(), "train", [("questions", None, {"taught": len(taught)})])
    say(f"Learned {len(taught)} questions; start the assistant again. `questions back` undoes it.")


_REGRESSION = Path(__file__).resolve().parent.parent.parent / "tests" / "questions"
_KEPT = ("macro_f1", "accuracy", "wrong_rate", "abstain_rate", "emergency_recall")


def _measured(model: Path) -> dict[str, Any]:
    """How well the kept set is understood with this model."""
    from flows.understanding.score import evaluate as measure
    from flows.understanding.understand import Understanding
    from storage.gazetteer import load_gazetteer
    from storage.understanding import load

    rows = [row for file in sorted(_REGRESSION.glob("*.jsonl")) for row in _rows(file)]
    understanding = Understanding(load(model), load_gazetteer())
    return measure(rows, understanding.understand, perf_counter)


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

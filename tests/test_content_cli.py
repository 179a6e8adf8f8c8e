"""The operators' commands for offers and translations, as an operator types them."""

import json
from pathlib import Path
from typing import get_args

import pytest
from rich.cells import cell_len

from bot.commands.completing import offer_ids
from bot.commands.spreadsheets import StatusName, TopicName
from flows.desk import TOPICS
from storage.content.fields import STATUSES, fields_of
from tests.conftest import Run

JOB = "job_welder_villanova"


@pytest.fixture(autouse=True)
def demo(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo content, and an operator with a name."""
    monkeypatch.setenv("DEMO", "1")
    monkeypatch.setenv("SPORTELLO_OPERATOR", "anna")
    run("init", "--quiet")


def offer(run: Run, id: str = JOB) -> dict[str, object]:
    found: dict[str, object] = run.json("content", "show", id, "--json")
    return found


def test_the_list_is_narrowed(run: Run) -> None:
    assert JOB in run("content", "list")
    rows = run.json("content", "list", "--topic", "job", "--status", "published", "--json")
    assert {row["topic"] for row in rows} == {"job"} and len(rows) > 10
    assert "more: use --limit" in run("content", "list", "--limit", "3")


def test_an_offer_is_shown_to_each_reader_before_it_is_saved(run: Run) -> None:
    readers = [part for code in ("fr", "ar") for part in ("--language", code)]
    readers += [part for channel in ("telegram", "whatsapp") for part in ("--as", channel)]
    shown = run("content", "edit", JOB, "--set", "places=7", *readers, typed="n\n", code=1)
    heads = [line for line in shown.splitlines() if line.startswith("---")]
    assert heads == ["--- fr telegram", "--- fr whatsapp", "--- ar telegram", "--- ar whatsapp"]
    assert shown.count("7 places") == 2 and offer(run)["places"] == 1


@pytest.mark.parametrize("channel", ["", "telegram", "whatsapp"])
def test_an_offer_is_shown_as_a_person_sees_it(run: Run, channel: str) -> None:
    on = ["--as", channel] if channel else []
    shown = run("content", "show", JOB, "--language", "fr", *on)
    assert "Villanova d'Asti" in shown and "vérifiée" in shown
    assert ("[👍" in shown) is (channel != "whatsapp")  # the card is longer than buttons allow
    assert "content list" in run("content", "show", "nothing", code=2)
    assert "one of it," in run("content", "show", JOB, "--language", "xx", code=2)


def test_adding_with_flags(run: Run) -> None:
    fields = {
        "title": "Raccolta uva",
        "sector": "agriculture",
        "organisation": "Cascina",
        "comune": "Asti",
        "phone": "0141 000 099",
        "valid_until": "+20d",
    }
    sets = [part for name, value in fields.items() for part in ("--set", f"{name}={value}")]
    assert "saved as draft" in run("content", "add", "job", *sets, "--yes")
    found = offer(run, "job_raccolta_uva")
    assert (found["status"], found["checked_by"], found["comune"]) == ("draft", "anna", "005005")
    assert "is there already" in run("content", "add", "job", *sets, "--yes", code=2)
    assert "'jobs' is not one of" in run("content", "add", "jobs", *sets, code=2)
    assert "sector: this must not be empty" in run(
        "content", "add", "job", "--set", "title=Potatura", code=2
    )
    wrong = run("content", "add", "job", *sets, "--set", "places=many", code=2)
    assert "places: 'many': a whole number" in wrong


def test_adding_field_by_field_asks_again(run: Run) -> None:
    typed = {
        "title": "Stanza luminosa",
        "organisation": "Casa privata",
        "comune": "Montafiaa\nMontafia",
        "phone": "0141 000 098",
        "valid_until": "domani\n+9d",
        "kind": "room",
        "rent": "duecento\n200",
    }
    names = [n for n in fields_of("housing") if n not in ("id", "topic")]
    answers = [typed.get(name, "") for name in names] + ["", "y"]
    shown = run("content", "add", "housing", typed="\n".join(answers) + "\n")
    assert "Montafia?" in shown and "'duecento': an amount" in shown and "Stanza luminosa" in shown
    assert offer(run, "hou_stanza_luminosa")["rent"] == 200


def test_nothing_is_saved_when_the_operator_says_no(run: Run) -> None:
    before = offer(run)
    run("content", "edit", JOB, "--set", "places=7", typed="n\n", code=1)
    assert offer(run) == before
    run("content", "edit", JOB, "--set", "places=7", "--set", "address=", "--yes")
    assert offer(run)["places"] == 7 and "address" not in offer(run)


def test_publishing_pausing_closing_checking(run: Run) -> None:
    for command, status in [("pause", "paused"), ("close", "closed"), ("publish", "published")]:
        run("content", command, JOB)
        assert offer(run)["status"] == status
    run("content", "checked", JOB)
    assert offer(run)["checked_by"] == "anna"
    run("content", "edit", "hou_flat_villafranca", "--set", "status=draft", "--yes")
    assert "a day to come" in run("content", "publish", "hou_flat_villafranca", code=2)


def test_history_and_undo(run: Run) -> None:
    run("content", "edit", JOB, "--set", "places=7", "--yes")
    rows = run.json("content", "history", JOB, "--json")
    assert (rows[0]["action"], rows[0]["operator"]) == ("edit", "anna")
    assert "places: 1 → 7" in run("content", "history", JOB)
    imported = next(row["id"] for row in rows if row["action"] == "import")
    run("content", "restore", JOB, str(imported))
    assert offer(run)["places"] == 1
    assert "no state" in run("content", "restore", JOB, "99999", code=2)
    assert "restore" in run("audit", "--subject", f"offer:{JOB}")


def test_a_translation_comes_back(run: Run, tmp_path: Path) -> None:
    [made] = [
        r for r in run.json("content", "history", JOB, "--json") if r["action"] == "translate fr"
    ]
    file = tmp_path / "fr.csv"
    file.write_text(
        f"id,field,text\n{JOB},title,Soldador\n", encoding="utf-8"
    )  # Spanish, by mistake
    run("translations", "import", str(file), "--to", "fr")
    assert "Soldador" in run("content", "show", JOB, "--language", "fr")
    run("content", "restore", JOB, str(made["id"]))
    shown = run("content", "show", JOB, "--language", "fr")
    assert made["after"]["title"] in shown and "a changé depuis" not in shown
    run("content", "edit", JOB, "--set", "title=Saldatore esperto", "--yes")
    run("translations", "import", str(file), "--to", "fr")
    run("content", "restore", JOB, str(made["id"]))
    status = {row["language"]: row for row in run.json("translations", "status", "--json")}
    assert status["fr"]["stale"] == 1  # it was made from the Italian of then


@pytest.mark.parametrize(
    "command",
    [
        ("content", "list"),
        ("content", "history", JOB),
        ("content", "check"),
        ("translations", "status"),
        ("audit",),
        ("inbox", "list"),
        ("content", "import", "x.csv", "--dry-run"),
    ],
)
def test_a_table_fits_eighty_columns_without_colours(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "x.csv").write_text(f"id,places,address\n{JOB},5,{'Via lunga ' * 9}\n")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = run(*command, code=1 if command == ("content", "check") else 0)
    assert max(map(cell_len, shown.splitlines())) <= 80 and "\x1b[" not in shown


def test_a_dry_run_changes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"id,places\n{JOB},5\n")
    shown = run("content", "import", str(tmp_path / "x.csv"), "--dry-run")
    assert "1 changed" in shown and "nothing was saved" in shown and offer(run)["places"] == 1
    assert "places: 1 → 5" in shown
    assert run.json("content", "import", str(tmp_path / "x.csv"), "--json") == {JOB: "changed"}
    assert offer(run)["places"] == 5


def test_a_spreadsheet_there_and_back(run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "offers.xlsx")
    assert "offers are in" in run("content", "export", "--to", file)
    assert "0 added, 0 changed" in run("content", "import", file)
    assert "is ready" in run("content", "template", "--to", str(tmp_path / "t.xlsx"))


@pytest.mark.parametrize(
    "command",
    [
        ("list", "--topic", "jobs"),
        ("list", "--status", "open"),
        ("export", "--to", "x.xlsx", "--topic", "jobs"),
        ("template", "--to", "x.xlsx", "--topic", "jobs"),
    ],
)
def test_a_choice_that_is_none_is_exit_2(run: Run, command: tuple[str, ...]) -> None:
    assert "is not one of" in run("content", *command, code=2)
    assert not Path(command[2]).exists()


def test_topics_and_states_are_those_of_the_offers() -> None:
    assert get_args(TopicName) == TOPICS and get_args(StatusName) == STATUSES


def test_the_tab_key_knows_the_offers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert JOB in offer_ids("job_w") and JOB not in offer_ids("hou")
    assert offer_ids("job%") == []
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere/x.db")
    assert offer_ids("job") == []


def nobody() -> str:
    """As on a machine without a name for who runs this."""
    raise KeyError("uid not found")


def test_who_has_no_name_is_asked_for_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPORTELLO_OPERATOR")
    monkeypatch.setattr("getpass.getuser", nobody)
    assert "SPORTELLO_OPERATOR" in run("content", "pause", JOB, code=2)
    assert offer(run)["status"] == "published"


def test_check_says_what_needs_care_in_its_exit_code(run: Run) -> None:
    found = run.json("content", "check", "--json", code=1)
    assert ["hou_flat_villafranca", "ended"] in [row[:2] for row in found]
    for row in run.json("content", "list", "--json"):
        if row["id"] != JOB:
            run("content", "close", row["id"])
    assert "All is in order." in run("content", "check")


def test_translations_there_and_back(run: Run, tmp_path: Path) -> None:
    run("content", "edit", JOB, "--set", "title=Saldatore esperto", "--yes")
    status = {row["language"]: row for row in run.json("translations", "status", "--json")}
    assert status["fr"]["stale"] == 1 and "not yet reviewed" in status["fr"]["catalog"]
    file = tmp_path / "fr.csv"
    assert "1 texts are in" in run("translations", "export", "--to", "fr", "--file", str(file))
    file.write_text(f"id,field,text\n{JOB},title,Soudage\n", encoding="utf-8")
    assert "1 texts would change" in run(
        "translations", "import", str(file), "--to", "fr", "--dry-run"
    )
    assert "1 texts changed" in run("translations", "import", str(file), "--to", "fr")
    assert "Soudage" in run("content", "show", JOB, "--language", "fr")
    assert "1 offers" in run("translations", "review", JOB, "--to", "fr")
    assert "say --all" in run("translations", "review", "--to", "fr", code=2)
    assert "pas encore été vérifiée" not in run("content", "show", JOB, "--language", "fr")


def test_a_provider_is_a_person_we_know(run: Run) -> None:
    assert "no person 7" in run("content", "provider", JOB, "--contact", "7", code=2)
    assert "Nobody answers" in run("content", "provider", JOB, "--contact", "0")


def test_the_inbox_is_read_and_closed(run: Run) -> None:
    assert json.loads(run("inbox", "list", "--json")) == []
    assert "no open notice or ticket 3" in run("inbox", "close", "3", code=2)

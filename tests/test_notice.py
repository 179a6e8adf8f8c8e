"""The privacy notice: the same in each language, with the schedule's periods, safe as a page."""

import asyncio
import re
from html.parser import HTMLParser

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import notice
from bot.settings import Settings
from flows.speech import Languages
from storage.retention import people
from storage.retention.schedule import RULES

NUMBER = re.compile(r"\d+|\{\w+\}")
FACTS = dict.fromkeys(("controller", "contact", "dpo", "server"), "x") | {"months": "24"}


def shape(code: str) -> list[tuple[str, list[str]]]:
    """What kind of block each is, and the numbers and gaps in it."""
    return [(mark, sorted(NUMBER.findall(words))) for mark, words in notice.blocks(code)]


def test_there_is_one_for_each_language_and_no_other(languages: Languages) -> None:
    assert {path.stem for path in notice.FOLDER.glob("*.md")} == set(languages)


def test_each_says_the_same(languages: Languages) -> None:
    """The same headings, paragraphs and points, with the same periods, articles and gaps."""
    for code in languages:
        assert shape(code) == shape("en"), code
        assert all(words.strip() for _, words in notice.blocks(code))


def test_nothing_is_left_untranslated(languages: Languages) -> None:
    """Headings may be alike in languages that are near each other; sentences are not."""
    said = [words for code in languages for mark, words in notice.blocks(code) if "#" not in mark]
    assert len(said) == len(set(said))


def test_the_periods_are_those_of_the_schedule() -> None:
    keep = {rule.key: rule.keep.days for rule in RULES if rule.keep}
    found = iter(words for mark, words in notice.blocks("en") if mark == "-" and ": " in words)
    kept = [words for words in found if "days" in words or "year" in words or "weeks" in words]
    assert [NUMBER.findall(words) for words in kept] == [
        [str(keep["messages_sent"])],
        [str(keep["ticket_words"]), str(keep["tickets"])],
        [str(keep["rides"]), str(keep["past_appointments"] // 365)],
        [str(keep["interests"] // 365), str(keep["unanswered_questions"])],
        [str(keep["audit"] // 365), str(keep["erasures"] // 365)],
        ["{months}", str(people.NOTICE.days // 7)],
    ]


class Tags(HTMLParser):
    """Fails on a tag that is not closed by its own."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("code", ["it", "ar", "ur", "pcm"])
def test_a_page(languages: Languages, code: str) -> None:
    page, tags = notice.make_page(code, languages, FACTS), Tags()
    tags.feed(page)
    assert tags.open == [] and "{" not in page.split("</style>")[1]
    html = next(attributes for tag, attributes in tags.seen if tag == "html")
    assert html == {"lang": code, "dir": languages[code].direction}
    assert sum(tag == "a" for tag, _ in tags.seen) == len(languages) - 1


def test_articles_read_in_their_own_direction(languages: Languages) -> None:
    assert '<bdi dir="ltr">6(1)(e)</bdi>' in notice.make_page("ar", languages, FACTS)


def test_what_the_desk_says_of_itself_is_words_not_markup(languages: Languages) -> None:
    page = notice.make_page("en", languages, FACTS | {"dpo": "<script>alert(1)</script> {months}"})
    assert "<script" not in page and "&lt;script&gt;" in page


def test_it_is_served(languages: Languages) -> None:
    settings = Settings(_env_file=None, privacy_controller="Comune di Prova")  # type: ignore[call-arg]

    async def ask() -> list[tuple[int, str]]:
        app = web.Application()
        app.add_routes(notice.routes(settings, languages))
        async with TestClient(TestServer(app)) as client:
            found = []
            for query in ("", "?lang=ar", "?lang=../../etc/passwd", "?lang=%00", "?lang=fr&lang=x"):
                answer = await client.get(f"/privacy{query}")
                assert "script-src" not in answer.headers["Content-Security-Policy"]
                found.append((answer.status, await answer.text()))
            return found

    found = asyncio.run(ask())
    assert [status for status, _ in found] == [200] * 5
    wanted = ["it", "ar", "it", "it", "fr"]
    assert [page.split('lang="')[1][:2] for _, page in found] == wanted
    assert all("Comune di Prova" in page for _, page in found)


def test_people_get_the_link_once_the_desk_has_said_who_it_is() -> None:
    known = {"public_url": "https://desk.example.org/", "privacy_controller": "Comune"}
    off = {"simulator": False}
    for missing in known:
        some = {name: value for name, value in known.items() if name != missing}
        assert notice.link_of(Settings(_env_file=None, **off, **some)) == ""  # type: ignore[call-arg,arg-type]
    settings = Settings(_env_file=None, **off, **known)  # type: ignore[call-arg,arg-type]
    assert notice.link_of(settings) == "https://desk.example.org/privacy"

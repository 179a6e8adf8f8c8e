"""The privacy notice (GDPR art. 13) as a page in each language; for anybody who has the link."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from aiohttp import web

from bot.settings import Settings
from flows.speech import Languages

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "privacy" / "notice"
PATH = "/privacy"
_UNKNOWN = "…"
_GAP, _ARTICLE = re.compile(r"\{(\w+)\}"), re.compile(r"[0-9]+\([0-9]\)\([a-z]\)")
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem;"
    "color:#222;background:#fff}nav a{display:inline-block;margin-inline-end:.8rem;"
    "padding:.3rem 0}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}"
)


def link_of(settings: Settings) -> str:
    """The page's address, for people; empty while the desk has not said who it is."""
    if not (settings.public_url and settings.privacy_controller):
        return ""
    return settings.public_url + PATH


def routes(settings: Settings, languages: Languages) -> list[web.RouteDef]:
    """``GET /privacy?lang=…``; a language we do not have is answered in the desk's."""

    async def show(request: web.Request) -> web.StreamResponse:
        code = languages.best(request.query.get("lang", ""), languages.default)
        page = make_page(code, languages, _facts(settings))
        return web.Response(text=page, content_type="text/html", headers=_HEADERS)

    return [web.get(PATH, show)]


def make_page(code: str, languages: Languages, facts: Mapping[str, str]) -> str:
    """The whole page, with links to the other languages."""
    speech = languages[code]
    body = "\n".join(_html(blocks(code), facts))
    others = " ".join(
        f'<a href="?lang={other}" lang="{other}">{escape(languages[other].name)}</a>'
        for other in languages
        if other != code
    )
    return (
        f'<!doctype html><html lang="{code}" dir="{speech.direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Sportello</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main><nav>{others}</nav></body></html>"
    )


def blocks(code: str) -> list[tuple[str, str]]:
    """What a notice consists of: ``#``, ``##``, ``-`` or nothing, and the words."""
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    found = []
    for line in filter(None, text.splitlines()):
        mark, _, rest = line.partition(" ")
        found.append((mark, rest) if mark in ("#", "##", "-") else ("", line))
    return found


def _html(found: list[tuple[str, str]], facts: Mapping[str, str]) -> Iterator[str]:
    tags, listing = {"#": "h1", "##": "h2", "-": "li", "": "p"}, False
    for mark, words in found:
        if (mark == "-") != listing:
            listing = not listing
            yield "<ul>" if listing else "</ul>"
        yield f"<{tags[mark]}>{_filled(words, facts)}</{tags[mark]}>"
    if listing:
        yield "</ul>"


def _filled(words: str, facts: Mapping[str, str]) -> str:
    """What runs the other way than the sentence stands on its own: facts, and 6(1)(e)."""
    text = _ARTICLE.sub(r'<bdi dir="ltr">\g<0></bdi>', escape(words))
    return _GAP.sub(lambda found: f"<bdi>{escape(facts[found[1]])}</bdi>", text)


def _facts(settings: Settings) -> dict[str, str]:
    return {
        "controller": settings.privacy_controller or _UNKNOWN,
        "contact": settings.privacy_contact or _UNKNOWN,
        "dpo": settings.privacy_dpo or _UNKNOWN,
        "server": settings.privacy_server or _UNKNOWN,
        "months": str(settings.inactive_months),
    }

"""A small stand-in for the simulator over HTTP, so the page can be tried without the rest."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

PAGE = Path(__file__).parents[2] / "bot" / "simulator" / "page"
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
KEYS = (
    "title",
    "placeholder",
    "send",
    "location",
    "location_denied",
    "new_chat",
    "connection_lost",
    "you",
    "bot",
    "choose",
    "demo_note",
    "restart_hint",
    "typing",
)
ENGLISH = (
    "Opportunities desk",
    "Write here",
    "Send",
    "Share my position",
    "Your position is not available. Write the name of your town.",
    "New chat",
    "No connection. Trying again …",
    "You",
    "Assistant",
    "Choose an answer",
    "A trial page: the offers here are invented.",
    "Write “menu” to begin again.",
    "The assistant is writing …",
)
ITALIAN = (
    "Sportello delle opportunità",
    "Scrivi qui",
    "Invia",
    "Condividi la mia posizione",
    "La tua posizione non è disponibile. Scrivi il nome del tuo comune.",
    "Nuova chat",
    "Nessuna connessione. Riprovo …",
    "Tu",
    "Assistente",
    "Scegli una risposta",
    "Pagina di prova: le offerte qui sono inventate.",
    "Scrivi “menu” per ricominciare.",
    "L’assistente sta scrivendo …",
)
ARABIC = (
    "مكتب الفرص",
    "اكتب هنا",
    "إرسال",
    "مشاركة موقعي",
    "موقعك غير متاح. اكتب اسم بلدتك.",
    "محادثة جديدة",
    "لا يوجد اتصال. نحاول مرة أخرى …",
    "أنت",
    "المساعد",
    "اختر إجابة",
    "صفحة تجريبية: العروض هنا غير حقيقية.",
    "اكتب «قائمة» للبدء من جديد.",
    "المساعد يكتب …",
)
WORDS = {"en": ENGLISH, "it": ITALIAN, "ar": ARABIC, "qps": tuple(f"⟦{key}⟧" for key in KEYS)}
GREETING = {
    "en": "Hello! I am the assistant of the opportunities desk: a program, not a person.\n\n"
    "I can look for work, training, a home or childcare near you. What do you need?",
    "it": "Ciao! Sono l’assistente dello sportello: un programma, non una persona.\n\n"
    "Posso cercare lavoro, corsi, casa o un posto per i bambini. Di che cosa hai bisogno?",
    "ar": "مرحبًا! أنا مساعد مكتب الفرص: برنامج ولست شخصًا.\n\n"
    "يمكنني البحث عن عمل أو تدريب أو سكن قرب Monale. ماذا تحتاج؟",
}
TOPICS = {
    "en": ("💼 Work", "🎓 Training", "🏠 A home", "🧸 Childcare"),
    "it": ("💼 Lavoro", "🎓 Corsi", "🏠 Casa", "🧸 Bambini"),
    "ar": ("💼 عمل", "🎓 تدريب", "🏠 سكن", "🧸 رعاية الأطفال"),
}
TAPS = ("work", "training", "home", "childcare")
ECHO = {"en": "You wrote: {}", "it": "Hai scritto: {}", "ar": "لقد كتبت: {}"}
Options = tuple[tuple[str, str], ...]


def direction(language: str) -> str:
    """As the real server says it."""
    return "rtl" if language == "ar" else "ltr"


class Stub:
    """Runs in a thread of its own; its chats survive `stop` and `start`, as a database would."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, dict[str, Any]]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.silent = False
        self.swallow = 0
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._await(self._start)

    def stop(self) -> None:
        """Cut every connection and listen no more."""
        self._await(self._stop)

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._await(_end_tasks)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def say(
        self,
        chat: str,
        text: str,
        *,
        options: Options = (),
        language: str = "en",
        edits: int | None = None,
        **more: object,
    ) -> int:
        """The bot says something by itself."""
        return self._add(chat, "bot", text, **_body(options, language, edits), **more)

    def messages(self, chat: str) -> list[dict[str, Any]]:
        """All that was said in a chat."""
        return [message for of, message in list(self._rows) if of == chat]

    def _add(self, chat: str, sender: str, text: str, **body: object) -> int:
        id = len(self._rows) + 1
        at = datetime.now(UTC).isoformat()
        self._rows.append((chat, {"id": id, "from": sender, "text": text, **body, "at": at}))
        return id

    def _await(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(make(), self._loop).result(10)

    async def _start(self) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/page/{name}", self._asset),
                web.get("/simulator/words", self._words),
                web.post("/simulator/{chat}/messages", self._post),
                web.get("/simulator/{chat}/messages", self._list),
                web.get("/simulator/{chat}/events", self._stream),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
        self._runner = None

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": POLICY})

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["name"] not in ("chat.css", "chat.js"):
            raise web.HTTPNotFound
        return web.FileResponse(PAGE / request.match_info["name"])

    async def _words(self, request: web.Request) -> web.StreamResponse:
        language = _known(request.query.get("language", ""))
        words = dict(zip(KEYS, WORDS[language], strict=True))
        own = {"language": language, "direction": direction(language)}
        return web.json_response({**words, **own})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        chat, body = _chat(request), await request.json()
        text = body.get("text") or self._label(chat, body.get("tap", ""))
        if "location" in body:
            text = "📍 {:.4f}, {:.4f}".format(*body["location"])
        id = self._add(chat, "person", text)
        if not self.silent:
            self._answer(chat, body, text, request.headers.get("Accept-Language", ""))
        if self.swallow:  # taken, but the answer is lost on its way
            self.swallow -= 1
            raise web.HTTPServiceUnavailable
        return web.json_response({"id": id}, status=202)

    def _label(self, chat: str, tap: str) -> str:
        for message in reversed(self.messages(chat)):
            for option in message.get("options", ()):
                if option["tap"] == tap:
                    return str(option["label"])
        return tap

    def _answer(self, chat: str, body: dict[str, Any], text: str, accepted: str) -> None:
        spoken = [m["language"] for m in self.messages(chat) if m["from"] == "bot"]
        language = spoken[-1] if spoken else _known(accepted)
        tap = body.get("tap", "")
        match tap.partition(":"):
            case ("language", _, wanted):
                self._greet(chat, wanted)
            case ("tick", _, _):
                self._tick(chat, tap, language)
            case _ if text == "/start":
                self._greet(chat, language)
            case _:
                self.say(chat, ECHO[language].format(text), language=language)

    def _greet(self, chat: str, language: str) -> None:
        topics = tuple(zip(TOPICS[language], TAPS, strict=True))
        tongues = (("العربية", "language:ar"), ("Italiano", "language:it"))
        self.say(chat, GREETING[language], options=topics + tongues, language=language)

    def _tick(self, chat: str, tap: str, language: str) -> None:
        """The message of this tap again, with a tick on its option."""
        for message in reversed(self.messages(chat)):
            pairs = [(o["label"], o["tap"]) for o in message.get("options", ())]
            if tap in (value for _, value in pairs):
                ticked = tuple((f"✅ {x}" if value == tap else x, value) for x, value in pairs)
                self.say(
                    chat, message["text"], options=ticked, language=language, edits=message["id"]
                )
                return

    async def _list(self, request: web.Request) -> web.StreamResponse:
        after = int(request.query.get("after", "0"))
        return web.json_response({"messages": self._new(_chat(request), after)})

    def _new(self, chat: str, after: int) -> list[dict[str, Any]]:
        return [message for message in self.messages(chat) if message["id"] > after]

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        seen = request.headers.get("Last-Event-ID") or request.query.get("after", "0")
        chat, after = _chat(request), int(seen)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            for message in self._new(chat, after):
                after = message["id"]
                data = json.dumps(message, ensure_ascii=False)
                await response.write(f"id: {after}\ndata: {data}\n\n".encode())
            await asyncio.sleep(0.02)


async def _end_tasks() -> None:
    """A stream that was cut still has a task; let none outlive the loop."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _body(options: Options, language: str, edits: int | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "options": [{"label": label, "tap": tap} for label, tap in options],
        "language": language,
        "direction": direction(language),
    }
    return body | ({"edits": edits} if edits else {})


def _chat(request: web.Request) -> str:
    acting_as = request.query.get("as", "")
    return request.match_info["chat"] + (f"@{acting_as}" if acting_as else "")


def _known(language: str) -> str:
    code = language.partition(",")[0].partition("-")[0].strip()
    return code if code in WORDS else "en"


if __name__ == "__main__":
    stub = Stub()
    stub.start()
    print(stub.url, flush=True)
    threading.Event().wait()

"""The contender: python-telegram-bot's ConversationHandler, made durable by flushing each turn.

The server is aiohttp, as ours is; everything else is python-telegram-bot's own way.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    PicklePersistence,
    filters,
)

from bench.script import ANSWERS

QUESTIONS = [
    f"{n} of {len(ANSWERS)}\nQuestion number {n}, please answer" for n in range(len(ANSWERS))
]
KEYBOARD = InlineKeyboardMarkup(
    [[InlineKeyboardButton(f"Choice {n}", callback_data=f"c{n}")] for n in range(5)]
)


async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """Keep the answer, ask the next question."""
    assert update.message is not None and context.user_data is not None
    answers = context.user_data.setdefault("answers", [])
    answers.append(update.message.text)
    place = len(answers)
    if place >= len(QUESTIONS):
        context.user_data.clear()
        await update.message.reply_text("Thank you", reply_markup=KEYBOARD)
        return ConversationHandler.END
    await update.message.reply_text(QUESTIONS[place], reply_markup=KEYBOARD)
    return place


async def know(file: Path, count: int) -> None:
    """A pickle with ``count`` people in the middle of the intake."""
    memory = PicklePersistence(file)
    await memory.get_user_data()
    await memory.get_conversations("intake")
    for person in range(1, count + 1):
        await memory.update_user_data(person, {"answers": list(ANSWERS)})
        await memory.update_conversation("intake", (person, person), 3)
    await memory.flush()


async def serve(api: str, port: int, folder: Path, known: int) -> None:
    """Run until killed; ``known`` people are in its memory already."""
    await know(folder / "ptb.pickle", known)
    persistence = PicklePersistence(folder / "ptb.pickle", update_interval=3600)
    application = (
        Application.builder().token("1:x").base_url(f"{api}/bot").persistence(persistence).build()
    )
    text: Any = MessageHandler(filters.TEXT, answer)
    states: Any = {place: [text] for place in range(len(QUESTIONS))}
    application.add_handler(ConversationHandler([text], states, [], name="intake", persistent=True))
    await application.initialize()
    await application.start()
    turn = asyncio.Lock()

    async def webhook(request: web.Request) -> web.Response:
        update = Update.de_json(await request.json(), application.bot)
        await application.process_update(update)
        async with turn:
            await application.update_persistence()
            await persistence.flush()
        return web.Response()

    app = web.Application()
    app.router.add_post("/telegram/webhook", webhook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))

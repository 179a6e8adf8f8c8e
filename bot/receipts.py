"""What providers tell of the messages we sent: delivered, read, failed."""

from sqlalchemy import Engine

from bot.address_changes import apply_problem
from bot.channel import Receipt
from bot.clock import Now
from bot.database_thread import DatabaseThread
from storage import outbox


class Receipts:
    """Writes them down; what a failure tells of an address is applied in the same transaction."""

    def __init__(self, engine: Engine, database: DatabaseThread, now: Now) -> None:
        self._engine, self._database, self._now = engine, database, now

    async def report(self, receipt: Receipt) -> None:
        """Write a delivery status down; durable when it returns."""
        await self._database.run(self._record, receipt)

    def _record(self, receipt: Receipt) -> None:
        problem, now = receipt.problem.value if receipt.problem else None, self._now()
        with self._engine.begin() as connection:
            address = outbox.record_receipt(
                connection,
                receipt.channel,
                receipt.external_id,
                (receipt.letter, receipt.attempt),
                receipt.status,
                problem,
                now,
                again=bool(receipt.problem and receipt.problem.retryable),
            )
            if address and receipt.problem:
                apply_problem(connection, receipt.channel, address, receipt.problem, now)

"""What the Tab key proposes beside commands and choices: the ids of offers."""


def offer_ids(incomplete: str) -> list[str]:
    """The offers whose id begins so; none where there is no database yet."""
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError
    from sqlmodel import col

    from bot.commands import opening
    from bot.settings import WrongSettingError
    from storage.key_file import SealingError
    from storage.models import Listing

    query = select(col(Listing.id)).where(col(Listing.id).startswith(incomplete, autoescape=True))
    try:
        with opening.to_read().begin() as connection:
            return list(connection.execute(query.order_by(col(Listing.id))).scalars())
    except (SQLAlchemyError, WrongSettingError, SealingError):
        return []

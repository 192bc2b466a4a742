"""Which facts changed: written by the tables themselves (migration 0018), so that what is kept in memory can follow."""

from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Base, Code, Serial


class FactChange(Base):
    """Rows of `sheet` that belong to `owner` were added, changed or removed; `id` rises in the order of commits."""

    __tablename__ = "fact_change"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    sheet: Mapped[Code]
    owner: Mapped[Code]

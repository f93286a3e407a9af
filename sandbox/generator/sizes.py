"""How large an invented world is: a preset by name, or numbers of one's own."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Size:
    """Opportunities and accounts are counted per CRM, partners once for the whole programme."""

    name: str
    opportunities: int
    accounts: int
    partners: int

    def __post_init__(self) -> None:
        if self.partners < 4 or self.opportunities < 1 or self.accounts < self.partners + 2:
            raise ValueError(
                f"size {self.name}: needs at least 1 opportunity, 4 partners and 2 accounts more than partners; "
                f"got {self.opportunities}, {self.partners} and {self.accounts}"
            )

    @property
    def users(self) -> int:
        """Seats per CRM: about one rep for forty deals."""
        return max(3, min(250, 3 + self.opportunities // 40))

    @property
    def small_or_more(self) -> bool:
        """Whether the world is large enough to hold every kind of mess."""
        return self.opportunities >= 120 and self.accounts >= 60 and self.partners >= 9

    @classmethod
    def parse(cls, text: str) -> "Size":
        """The size that `tiny`, `small`, `medium`, `large` or `OPPORTUNITIES[/ACCOUNTS[/PARTNERS]]` names.

        Raises: ValueError saying what was expected.
        """
        if text in PRESETS:
            return PRESETS[text]
        numbers = text.split("/")
        if not 1 <= len(numbers) <= 3 or not all(n.isdecimal() for n in numbers):
            raise ValueError(
                f"size {text!r}: expected {', '.join(PRESETS)}, or OPPORTUNITIES[/ACCOUNTS[/PARTNERS]] per CRM, "
                "e.g. 20000/8000/150"
            )
        opportunities = int(numbers[0])
        partners = int(numbers[2]) if len(numbers) > 2 else max(4, min(300, opportunities // 40))
        accounts = int(numbers[1]) if len(numbers) > 1 else max(partners + 2, opportunities * 2 // 5)
        return cls(text, opportunities, accounts, partners)


PRESETS: Final = {
    "tiny": Size("tiny", opportunities=12, accounts=8, partners=4),
    "small": Size("small", opportunities=150, accounts=80, partners=12),
    "medium": Size("medium", opportunities=1_500, accounts=600, partners=40),
    "large": Size("large", opportunities=20_000, accounts=8_000, partners=150),
}

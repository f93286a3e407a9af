"""Identities in the form each vendor gives out, ascending with the order of creation.

A Salesforce id has 15 case-sensitive characters and a suffix of three that encodes which of them are capitals
(reference: five-character chunks as bit masks), so that `0063h000001aBcDAAU` survives a spreadsheet.
"""

from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD: Final = "QG0"
_FIRST: Final = {"001": 31_000, "005": 1_700, "006": 52_000, "008": 96_000, "00T": 74_000}
_HUBSPOT_FIRST: Final = {
    "companies": 18_400_000_000,
    "deals": 31_700_000_000,
    "tasks": 52_100_000_000,
    "owners": 64_000_000,
}


def salesforce_id(prefix: str, n: int) -> str:
    """The 18-character id of the n-th record under a key prefix."""
    left, digits = _FIRST[prefix] + n * 3, ""
    for _ in range(9):
        left, digit = divmod(left, 62)
        digits = _DIGITS[digit] + digits
    return with_suffix(prefix + _POD + digits)


def with_suffix(fifteen: str) -> str:
    """The 18-character spelling of a 15-character id."""
    chunks = (fifteen[i : i + 5] for i in (0, 5, 10))
    return fifteen + "".join(_SUFFIX[sum(1 << i for i, c in enumerate(chunk) if c.isupper())] for chunk in chunks)


def hubspot_id(kind: str, n: int) -> str:
    """The id of the n-th company, deal, task or owner."""
    return str(_HUBSPOT_FIRST[kind] + n * 7)

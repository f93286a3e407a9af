"""Which addresses a credential may be sent to: the vendor's own hosts over https, or this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of one connection: a pattern of the vendor's names, and one more that the operator vouches for."""

    pattern: str
    example: str
    vouched: str | None = None

    def check(self, url: str) -> str:
        """``scheme://host[:port]`` of a URL that may be used.

        Plain http is for this machine alone. User names, other ports than 443 on a vendor's host, and hosts that only
        look right (``acme.my.salesforce.com.evil.com``) are refused.

        Raises:
            ValueError: what was expected, what was found, the fix.
        """
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            raise ValueError(f"expected an address such as {self.example}, found {url!r}") from None
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("https", "http") or not host:
            raise ValueError(f"expected an address such as {self.example}, found {_shown(parts)!r}")
        if parts.username is not None or parts.password is not None:
            raise ValueError("an address must not hold a user name or password")
        if parts.query or parts.fragment or "\\" in url or any(c.isspace() for c in url.strip()):
            raise ValueError(f"expected an address such as {self.example}, found {_shown(parts)!r}")
        if host in LOOPBACK:
            return _origin(parts.scheme, host, port)
        if parts.scheme != "https":
            raise ValueError(f"expected https://{host}: plain http would send the credential in the open")
        if self.vouched is not None and host == self.vouched.lower():
            return _origin("https", host, port)
        if not re.fullmatch(self.pattern, host) or port not in (None, 443):
            raise ValueError(
                f"{host!r} is not a host of this CRM (expected one such as {self.example}); "
                f"for a proxy of your own write allow_host: {host}"
            )
        return _origin("https", host, None)

    def allows(self, url: str) -> bool:
        """Whether the host of this request's URL may be talked to; its path and query do not matter."""
        parts = urlsplit(url)
        try:
            self.check(f"{parts.scheme}://{parts.netloc}")
        except ValueError:
            return False
        return True


def _origin(scheme: str, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port}" if port else f"{scheme}://{shown}"


def _shown(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

"""The seven errors that code may raise, and how each leaves the process.

Bad data are never exceptions: they are rows (see `holdfast.model.finding`). An error says what stopped the whole
call, where, and what to do about it.
"""

from __future__ import annotations


class HoldfastError(Exception):
    """Base of the seven errors.

    message   what happened, in one sentence
    fix       what the caller can do about it
    where     context such as file, row, field, kind or id; shown after the message
    """

    exit_code = 1
    http_status = 500
    title = "Error"

    def __init__(self, message: str, *, fix: str = "", **where: object) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.where = {key: value for key, value in where.items() if value is not None}

    def __str__(self) -> str:
        place = ", ".join(f"{key} {value}" for key, value in self.where.items())
        text = f"{self.message} ({place})" if place else self.message
        return f"{text}. {self.fix}" if self.fix else text

    def problem(self) -> dict[str, object]:
        """RFC 9457 problem details as a plain dictionary."""
        body: dict[str, object] = {
            "type": f"urn:holdfast:error:{type(self).__name__.lower()}",
            "title": self.title,
            "status": self.http_status,
            "detail": self.message,
        }
        if self.fix:
            body["fix"] = self.fix
        body.update({key: str(value) for key, value in self.where.items()})
        return body


class NotFound(HoldfastError):
    """A city, kind, asset, file or capability that was named does not exist."""

    exit_code, http_status, title = 3, 404, "Not found"


class Invalid(HoldfastError):
    """The request itself is wrong: a bad argument, an unreadable file, an unknown field."""

    exit_code, http_status, title = 4, 422, "Invalid"


class Conflict(HoldfastError):
    """Somebody else holds what is needed, or the fact exists already."""

    exit_code, http_status, title = 5, 409, "Conflict"


class Forbidden(HoldfastError):
    """The caller may not do or see this."""

    exit_code, http_status, title = 6, 403, "Forbidden"


class NotSupported(HoldfastError):
    """Holdfast knows what was asked and cannot do it, such as a datum shift of unknown accuracy."""

    exit_code, http_status, title = 7, 501, "Not supported"


class Unavailable(HoldfastError):
    """A service, disk or optional package that is needed is not there now."""

    exit_code, http_status, title = 8, 503, "Unavailable"


class Diverged(HoldfastError):
    """A computation did not settle."""

    exit_code, http_status, title = 9, 500, "Diverged"


SEVEN_ERRORS = (NotFound, Invalid, Conflict, Forbidden, NotSupported, Unavailable, Diverged)

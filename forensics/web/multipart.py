"""A form with files, read while it arrives: fields are kept, the bytes of files go where they are wanted."""

from collections.abc import Callable
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from .errors import PageError

MOST_FIELD_BYTES, MOST_FIELDS = 100_000, 200


class Sink(Protocol):
    """Takes the bytes of one file."""

    def write(self, data: bytes) -> None:
        """Take some more."""

    def end(self) -> None:
        """Take note that this was all."""


class Nowhere:
    """Drops the bytes of a file that is not wanted."""

    def write(self, data: bytes) -> None:
        """Drop some."""

    def end(self) -> None:
        """Do nothing."""


class Parts:
    """Reads a body of the type multipart/form-data, given to it in pieces of any size.

    `open_file` is called with the field's and the file's name when a file begins, with the fields before it in `fields`.
    Raises PageError for what is no such body.
    """

    def __init__(self, content_type: str, open_file: Callable[[str, str], Sink]) -> None:
        self.fields: dict[str, list[str]] = {}
        self.is_complete = False
        self._open_file = open_file
        self._name, self._value = "", bytearray()
        self._sink: Sink | None = None
        self._header, self._header_value, self._disposition = b"", b"", b""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise PageError(415, "This address takes a form with files (multipart/form-data).")
        self._parser = MultipartParser(options[b"boundary"], callbacks={
            "on_part_begin": self._begin,
            "on_header_field": self._take_header,
            "on_header_value": self._take_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open,
            "on_part_data": self._take,
            "on_part_end": self._end,
            "on_end": self._complete,
        })  # fmt: skip

    def feed(self, data: bytes) -> None:
        """Read the next piece."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise PageError(400, "The form arrived in a shape that can't be read.") from error

    def value(self, name: str) -> str:
        """Return a field's first value, or nothing."""
        return next(iter(self.fields.get(name, ())), "")

    def _begin(self) -> None:
        self._name, self._sink, self._disposition = "", None, b""
        self._value.clear()

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header, self._header_value = b"", b""

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            file_name = options[b"filename"].decode("utf-8", "replace")
            self._sink = self._open_file(self._name, file_name)

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._sink is not None:
            self._sink.write(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > MOST_FIELD_BYTES:
            raise PageError(413, "A field of the form is too long.")

    def _end(self) -> None:
        if self._sink is not None:
            self._sink.end()
            return
        values = self.fields.setdefault(self._name, [])
        values.append(self._value.decode("utf-8", "replace"))
        if sum(map(len, self.fields.values())) > MOST_FIELDS:
            raise PageError(413, "The form has too many fields.")

    def _complete(self) -> None:
        self.is_complete = True

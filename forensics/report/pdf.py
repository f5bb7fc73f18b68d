"""A report as PDF, from its HTML, by WeasyPrint; nothing but what stands in the HTML is read."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ForensicsError

PACKAGE = "PDF needs WeasyPrint: run \"pip install 'media-forensics[pdf]'\", or leave out --pdf and print the HTML"
LIBRARY = (
    "PDF needs the system library Pango: run 'apt-get install libpango-1.0-0 libpangoft2-1.0-0' or what is its like "
    "on your system, or leave out --pdf and print the HTML ({error})"
)


def pdf_report(html: str) -> bytes:
    """Return a report's HTML as PDF/UA, which screen readers can read. Raises ForensicsError that names what is missing."""
    try:
        with pillow_as_it_was():
            return written(html)
    except ImportError as error:
        raise ForensicsError(PACKAGE) from error
    except OSError as error:
        first = str(error).splitlines()[0]
        raise ForensicsError(LIBRARY.format(error=first)) from error


def written(html: str) -> bytes:
    """Let WeasyPrint, and with it Pango, be loaded and write the PDF."""
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it warns of what is for screens only
    fetcher = URLFetcher(allowed_protocols=("data",))
    made: bytes = HTML(string=html, url_fetcher=fetcher).write_pdf(pdf_variant="pdf/ua-1")
    return made


@contextmanager
def pillow_as_it_was() -> Iterator[None]:
    """Undo what WeasyPrint does to the whole process: Pillow would take cut pictures for whole ones."""
    from PIL import ImageFile

    strict = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = strict

"""The self-contained report of a verdict."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..report.page import html_report
from ..report.report_data import Made, record
from .errors import PageError
from .media_files import apart, shots_of
from .state import site_of

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
)
"""A report has its style and pictures inside, and neither script nor link."""


@apart
def report(request: Request) -> Response:
    """Give the report; its pictures are made first if they are not there."""
    number = request.path_params["verdict"]
    site = site_of(request)
    contents = record(site.engine, str(number), Made.now("forensics web"))
    if contents is None or contents.verdict_id != number:
        raise PageError(404, f"There is no verdict {number}.")
    text = html_report(contents, shots_of(request, number), request.app.state.gallery.artifact)
    name = f"forensics-report-{number}.html"
    headers = {
        "Content-Security-Policy": POLICY,
        "Content-Disposition": f'inline; filename="{name}"',
    }
    return HTMLResponse(text, headers=headers)

"""People's words on verdicts on a terminal, apart from the tool's."""

from collections.abc import Sequence

from rich.text import Text

from .common import console, printed
from .describe import Plain


def print_words(words: Sequence[Plain]) -> None:
    """Print notes and reviews, oldest first; nothing where there are none."""
    out = console()
    if words:
        out.print(Text("\nPeople's words, not the tool's", style="bold"))
    for one in words:
        said = f"{one['kind']} on verdict {one['verdict_id']} by {one['examiner']}"
        out.print(printed(f"  {one['created_at']} {said}"), soft_wrap=True)
        out.print(printed(f"    {one['conclusion'] or one['note']}"), soft_wrap=True)

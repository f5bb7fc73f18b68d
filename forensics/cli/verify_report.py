"""What `forensics verify` tells while it works, and at its end."""

import json
from types import TracebackType

import click
from sqlalchemy import Engine

from ..store.database import reading
from ..store.ledger import chain
from ..store.ledger.problems import Problem
from .common import console, printed
from .scan_run import progress


class Report:
    """Prints problems as they are found, under a progress bar on a terminal, and counts."""

    def __init__(self, as_json: bool) -> None:
        self.problems = 0
        self.looked: dict[str, int] = {}
        self._as_json = as_json
        self._bar = progress()
        self._line = self._bar.add_task("chain", total=None)
        self._at = ""

    def __enter__(self) -> "Report":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, what: str, total: int) -> None:
        """Begin with the entries of the chain, or with the files; there are `total`."""
        self._at, self.looked[what] = what, 0
        self._bar.reset(self._line, total=total, description=what)

    def advance(self, count: int) -> None:
        """Note that so many more were looked at."""
        self.looked[self._at] += count
        self._bar.update(self._line, advance=count)

    def tell(self, problem: Problem) -> None:
        """Print one problem."""
        self.problems += 1
        self._bar.stop()
        if self._as_json:
            click.echo(json.dumps({"what": "problem", **problem.plain()}))
        else:
            console().print(printed(str(problem)), soft_wrap=True)
        self._bar.start()

    def close_with(self, engine: Engine | None) -> None:
        """Print what was looked at; with a database also its newest hash."""
        values = {"what": "summary", "problems": self.problems, **self.looked}
        if engine is not None:
            with reading(engine) as session:
                values["head"] = chain.newest_hash(session)
        if self._as_json:
            click.echo(json.dumps(values))
            return
        names = {"chain": "entries of the chain", "files": "files"}
        looked = ", ".join(f"{count} {names[what]}" for what, count in self.looked.items())
        state = f"{self.problems} problems" if self.problems else "all is sound"
        click.echo(f"{looked or 'records'}: {state}")
        if "head" in values:
            click.echo(f"head {values['head']}")

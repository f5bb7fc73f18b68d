"""CONTRIBUTING.md and the documents' index lead to what is there."""

import re
from pathlib import Path

import pytest

from forensics.records import Reason
from forensics.report import wording

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
INDEX = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:\w+/)+[\w.-]*)`", GUIDE)))


def test_guide_names_many_places() -> None:
    assert len(NAMED) > 20


@pytest.mark.parametrize("place", NAMED)
def test_place_is_there(place: str) -> None:
    assert (ROOT / place).exists()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("SIGNATURES", "forensics/media/signatures.py"),
        ("FOREIGN", "forensics/media/signatures.py"),
        ("ENDINGS", "forensics/media/truncation.py"),
        ("VIDEOS", "forensics/web/inbox.py"),
        ("PICTURES", "forensics/web/inbox.py"),
        ("PLAYABLE", "forensics/evidence/previews.py"),
        ("REASONS", "forensics/report/wording.py"),
        ("COLUMNS", "forensics/cli/results.py"),
        ("SHOWN", "forensics/cli/results.py"),
        ("RESULT_COLUMNS", "forensics/store/queries/current_results.py"),
        ("COMMANDS", "forensics/cli/__init__.py"),
    ],
)
def test_table_is_where_the_guide_says(name: str, file: str) -> None:
    assert f"`{name}`" in GUIDE
    assert re.search(rf"^{name}\b", (ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("reason", Reason)
def test_reason_has_its_sentence(reason: Reason) -> None:
    assert wording.REASONS[reason.value]


@pytest.mark.parametrize("file", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_document_is_listed(file: Path) -> None:
    assert file.name == "README.md" or f"| [{file.name}]({file.name}) |" in INDEX


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", INDEX + GUIDE))))
def test_link_leads_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists() or (ROOT / link).exists()


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/README.md", "docs/architecture.md"])
def test_readme_leads_to_the_page(page: str) -> None:
    assert f"({page})" in README

"""Names say what they hold. `python -m tests.test_names` prints what is left to rename, line by line."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import forensics

ROOT = Path(forensics.__file__).parents[1]
VAGUE = frozenset({"found", "told", "said", "one", "own"})
ASKING = frozenset(
    {"is", "has", "may", "can", "holds", "wants", "needs", "ends", "concerns", "differs", "reads"}
    | {"read", "will"}
)
PROMISED = frozenset(
    {"readable", "seekable", "across_cut"}
)  # by Python's file objects, and by `forensics.media`
FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "forensics").rglob("*.py"))
# Files that are still to be gone through; one that is clean may stay here until all are.
NOT_YET: frozenset[str] = frozenset(
    [
        "forensics/analysis/analyse.py",
        "forensics/analysis/fusion.py",
        "forensics/cli/__init__.py",
        "forensics/cli/chain.py",
        "forensics/cli/db.py",
        "forensics/cli/doctor.py",
        "forensics/cli/evidence.py",
        "forensics/cli/export.py",
        "forensics/cli/live_layout.py",
        "forensics/cli/purge.py",
        "forensics/cli/report.py",
        "forensics/cli/report_files.py",
        "forensics/cli/results.py",
        "forensics/cli/reviews.py",
        "forensics/cli/scan.py",
        "forensics/cli/show.py",
        "forensics/cli/status.py",
        "forensics/cli/terminal_capture.py",
        "forensics/cli/text_timeline.py",
        "forensics/cli/validate.py",
        "forensics/cli/verdict_text.py",
        "forensics/cli/verify.py",
        "forensics/cli/verify_report.py",
        "forensics/cli/verify_rerun.py",
        "forensics/cli/web.py",
        "forensics/cli/weights.py",
        "forensics/daemon/active_job.py",
        "forensics/daemon/dispatcher.py",
        "forensics/daemon/folders.py",
        "forensics/daemon/intake.py",
        "forensics/daemon/listing.py",
        "forensics/daemon/notifier.py",
        "forensics/daemon/service.py",
        "forensics/diagnostics/doctor.py",
        "forensics/diagnostics/system_limits.py",
        "forensics/escaping.py",
        "forensics/evidence/previews.py",
        "forensics/evidence/retention.py",
        "forensics/evidence/thumbnail_process.py",
        "forensics/evidence/thumbnail_request.py",
        "forensics/evidence/thumbnails.py",
        "forensics/faces/__init__.py",
        "forensics/faces/mtcnn.py",
        "forensics/faces/tracking.py",
        "forensics/media/__init__.py",
        "forensics/media/decoder.py",
        "forensics/media/descriptor.py",
        "forensics/media/sampling.py",
        "forensics/media/shot_change.py",
        "forensics/media/transcode.py",
        "forensics/media/truncation.py",
        "forensics/plugins/__init__.py",
        "forensics/plugins/contract.py",
        "forensics/plugins/probe.py",
        "forensics/process/sandbox.py",
        "forensics/report/axes.py",
        "forensics/report/builder.py",
        "forensics/report/bundle.py",
        "forensics/report/collection.py",
        "forensics/report/face_strips.py",
        "forensics/report/page.py",
        "forensics/report/processing_rows.py",
        "forensics/report/report_data.py",
        "forensics/report/summary.py",
        "forensics/report/text.py",
        "forensics/report/timeline.py",
        "forensics/report/wording.py",
        "forensics/settings.py",
        "forensics/store/queries/files.py",
        "forensics/store/queries/history.py",
        "forensics/store/queries/jobs.py",
        "forensics/store/queries/outcomes.py",
        "forensics/store/queries/queue_status.py",
        "forensics/store/queries/validations.py",
        "forensics/testing/conformance.py",
        "forensics/testing/findings.py",
        "forensics/verification/rehash.py",
        "forensics/verification/rerun.py",
        "forensics/web/formats.py",
        "forensics/web/guard.py",
        "forensics/web/inbox.py",
        "forensics/web/job_pages.py",
        "forensics/web/media_files.py",
        "forensics/web/player.py",
        "forensics/web/report_page.py",
        "forensics/web/result_list.py",
        "forensics/web/state.py",
        "forensics/web/templating.py",
        "forensics/web/upload_pages.py",
        "forensics/web/verdict_context.py",
        "forensics/web/verdicts.py",
        "forensics/weights/__init__.py",
        "forensics/weights/calibration.py",
        "forensics/weights/manifest.py",
        "forensics/workers/main.py",
        "forensics/workers/pool.py",
    ]
)


def bound(node: ast.AST) -> str | None:
    """The name that a node binds: a variable, a parameter, an attribute of self or of a class."""
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.id if isinstance(node, ast.Name) else node.attr
    if isinstance(node, ast.MatchAs | ast.MatchStar):
        return node.name
    return node.arg if isinstance(node, ast.arg) else None


def is_question(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function says that it gives a bool."""
    return isinstance(node.returns, ast.Name) and node.returns.id == "bool"


def wrong_names(file: str) -> Iterator[str]:
    """What a file has to rename, each with its line."""
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if bound(node) in VAGUE:
            yield f"{file}:{getattr(node, 'lineno', 0)}: {bound(node)}"
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name in PROMISED:
            continue
        if is_question(node) and node.name.lstrip("_").split("_")[0] not in ASKING:
            yield f"{file}:{node.lineno}: {node.name}() -> bool"


@pytest.mark.parametrize("file", [file for file in FILES if file not in NOT_YET])
def test_names_are_nouns_of_what_they_hold_and_questions_ask(file: str) -> None:
    assert [*wrong_names(file)] == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        pytest.param("found = 1", 1, id="variable"),
        pytest.param("for one in (): pass", 1, id="loop"),
        pytest.param("def f(told): pass", 1, id="parameter"),
        pytest.param("self.said = 1", 1, id="attribute"),
        pytest.param("def empty() -> bool: ...", 1, id="question"),
        pytest.param("def is_empty() -> bool: ...", 0, id="question that asks"),
        pytest.param("print(found)", 0, id="use"),
    ],
)
def test_check_sees_what_it_is_to_see(tmp_path: Path, source: str, count: int) -> None:
    (tmp_path / "a.py").write_text(source)
    assert len([*wrong_names(str(tmp_path / "a.py"))]) == count


if __name__ == "__main__":
    print("\n".join(wrong for file in FILES for wrong in wrong_names(file)))  # noqa: T201

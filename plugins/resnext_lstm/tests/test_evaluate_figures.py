"""Figures of an evaluation: equal to scikit-learn's, with intervals over clusters of connected people."""

import numpy as np
import pytest
from forensics_resnext_lstm import metrics
from forensics_resnext_lstm.evaluation.bootstrap import FEW_CLUSTERS, connected
from forensics_resnext_lstm.evaluation.cases import FAILED, Known, Measurement, Trial, clusters_of
from forensics_resnext_lstm.evaluation.report import Subject, as_json, by_method, reported
from forensics_resnext_lstm.evaluation.report_text import tables
from forensics_resnext_lstm.evaluation.summary import Figures, compared, cuts_of, measure
from forensics_resnext_lstm.metrics import Labels, Scores
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
    roc_curve,
)

from forensics.analysis.fusion import wilson_interval
from forensics.records import Calibration, MediaKind

CALIBRATION = Calibration(2.0, 0.0, 1.5, 0.5, -0.5, 64, 3, (MediaKind.VIDEO, MediaKind.STILL))


def arrays(rows: list[tuple[bool, int]]) -> tuple[Labels, Scores]:
    labels = np.array([True, False, *(fake for fake, _ in rows)])
    return labels, np.array([0, 0, *(score for _, score in rows)]) / 2


some_rows = st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), min_size=2, max_size=60)


@given(some_rows)
def test_figures_of_order_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    labels, scores = arrays(rows)
    assert metrics.auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    precision = metrics.average_precision(labels, scores)
    assert precision == pytest.approx(average_precision_score(labels, scores))
    flagged, found = metrics.roc(labels, scores)
    expected = roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(flagged, expected[0])
    np.testing.assert_allclose(found, expected[1])


@given(some_rows)
def test_figures_of_probabilities_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    labels, ratios = arrays(rows)
    said = metrics.probabilities(ratios)
    assert metrics.log_loss(labels, ratios) == pytest.approx(log_loss(labels, said))
    assert metrics.brier(labels, ratios) == pytest.approx(brier_score_loss(labels, said))
    weight = np.where(labels, 1 / labels.sum(), 1 / (~labels).sum())
    in_bits = log_loss(labels, said, sample_weight=weight) / np.log(2)
    assert metrics.cllr(labels, ratios) == pytest.approx(in_bits)


@given(some_rows)
def test_accuracies_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    labels, scores = arrays(rows)
    called = scores >= 0.5
    assert metrics.accuracy(labels, called) == pytest.approx(accuracy_score(labels, called))
    balanced = metrics.balanced_accuracy(labels, called)
    assert balanced == pytest.approx(balanced_accuracy_score(labels, called))


def test_knowing_nothing_costs_one_bit_and_the_cost_is_finite_for_any_ratio() -> None:
    labels = np.array([True, False, False])
    assert metrics.cllr(labels, np.zeros(3)) == pytest.approx(1.0)
    assert metrics.cllr(labels, np.array([400.0, -400.0, -400.0])) == pytest.approx(0.0)
    assert metrics.cllr(labels, np.array([-400.0, -400.0, -400.0])) < 1000


def test_calibration_error_is_the_gap_of_the_bins() -> None:
    ratio = float(np.log10(0.75 / 0.25))
    labels = np.arange(400) % 4 != 0
    fair = np.array([True] * 75 + [False] * 25 + [True] * 25 + [False] * 75)
    said = np.array([ratio] * 100 + [-ratio] * 100)
    assert metrics.calibration_error(fair, said) == pytest.approx(0.0, abs=1e-9)
    assert metrics.calibration_error(~fair, said) == pytest.approx(0.5)
    assert metrics.calibration_error(labels, np.zeros(400)) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("real", "fake", "error"),
    [
        pytest.param([0, 1], [2, 3], 0.0, id="separable"),
        pytest.param([0, 2], [1, 3], 0.5, id="crossed"),
        pytest.param([2, 3], [0, 1], 1.0, id="upside-down"),
    ],
)
def test_equal_error_rate(real: list[float], fake: list[float], error: float) -> None:
    found = metrics.equal_error(np.array(real, float), np.array(fake, float))
    assert found == pytest.approx(error)


def test_fakes_found_hold_the_false_alarms_below_the_share() -> None:
    real, fake = np.arange(100.0), np.array([93.5, 94.5, 98.5, 99.5])
    assert metrics.found_at(real, fake, 0.05) == 0.75
    assert metrics.found_at(real, fake, 0.01) == 0.5
    assert metrics.found_at(real, fake, 0.0) == 0.25


def test_swap_is_of_one_cluster_with_its_original_and_unknown_originals_are_apart() -> None:
    names = ("183", "183_253", "253", "", "")
    trials = [Trial(Known("a", "", False, original=name), "real") for name in names]
    assert clusters_of(trials, "original") == [0, 0, 1, 2, 3]
    assert clusters_of(trials, "people") == [0, 0, 0, 1, 2]


def test_rows_are_one_cluster_when_others_tie_them() -> None:
    ties = [{"a"}, {"b"}, {"c"}, {"a", "b"}, set[str](), set[str]()]
    assert connected(ties) == [0, 0, 1, 0, 2, 3]


def test_identity_outweighs_the_name_of_the_video() -> None:
    one = Known("a", "", False, original="talking_1", identity="ann")
    fake = Known("b", "", True, original="183_253", identity="pair 7")
    assert one.people == {"ann"}
    assert fake.people == {"pair 7", "183", "253"}


def trial(fake: bool, score: float, who: str, outcome: str = "", method: str = "") -> Trial:
    ratio = max(-1.5, min(1.5, 2 * score / np.log(10)))
    said = "fake" if ratio >= 0.5 else "real" if ratio <= -0.5 else "inconclusive"
    known = Known(f"{who}.mp4", "", fake, who, dataset="made", method=method)
    return Trial(known, outcome or said, score, score, score, float(ratio), 100.0)


def drawn(n: int = 400, people: int = 400) -> list[Trial]:
    rng = np.random.default_rng(1)
    where = rng.normal(size=people)
    return [
        trial(
            i % 2 == 1,
            rng.normal() + where[i // 2 % people] + (-1, 1)[i % 2],
            f"p{i // 2 % people}",
        )
        for i in range(n)
    ]


def measured(trials: list[Trial]) -> Figures:
    return measure(trials, "people", cuts_of(CALIBRATION, trials))


def test_interval_holds_the_figure_and_is_wider_for_fewer_people() -> None:
    many, few = measured(drawn()), measured(drawn(people=25))
    for figures in (many, few):
        assert figures.auc.low is not None
        assert figures.auc.high is not None
        assert figures.auc.value is not None
        assert figures.auc.low < figures.auc.value < figures.auc.high
    assert width(few) > width(many)
    assert (many.n, many.real, many.clusters, few.clusters) == (400, 200, 200, 25)


def width(of: Figures) -> float:
    assert of.auc.low is not None
    assert of.auc.high is not None
    return of.auc.high - of.auc.low


def test_few_people_give_counts_and_no_interval() -> None:
    figures = measured(drawn(people=FEW_CLUSTERS - 1))
    assert figures.auc.value == pytest.approx(figures.pairs.in_order / figures.pairs.of)
    assert (figures.auc.low, figures.auc.high, figures.pairs.of) == (None, None, 200 * 200)
    assert figures.cllr.value is not None
    assert figures.cllr.low is None


def test_few_people_among_the_fakes_are_too_few_whatever_the_real_ones() -> None:
    fakes = [trial(True, 1.0, f"p{i % 3}") for i in range(30)]
    real = [trial(False, -1.0, f"q{i}") for i in range(30)]
    figures = measured(fakes + real)
    assert (figures.clusters, figures.auc.low) == (33, None)


def test_verdicts_are_counted_by_truth_and_those_without_a_score_left_out() -> None:
    lost = [
        Trial(Known("x.mp4", "", True), "not_assessed"),
        Trial(Known("y.mp4", "", False), FAILED, error="undecodable: broken"),
    ]
    trials = [trial(True, 2, "a"), trial(True, 0, "b"), trial(False, -2, "c"), trial(False, 2, "d")]
    figures = measured([*trials, *lost])
    assert figures.n == 4
    assert list(figures.verdicts["fake"].values()) == [1, 1, 0, 1, 0]
    assert list(figures.verdicts["real"].values()) == [1, 0, 1, 0, 1]
    assert figures.inconclusive.value == 0.25
    assert figures.accuracy_decided.value == pytest.approx(2 / 3)


def test_prevalence_table_follows_bayes() -> None:
    fakes = [trial(True, 2 if i < 80 else -2, f"f{i}") for i in range(100)]
    real = [trial(False, 2 if i < 10 else -2, f"r{i}") for i in range(100)]
    rows = {row.prevalence: row.right_of_100 for row in measured(fakes + real).prevalence}
    assert rows[0.5].value == pytest.approx(100 * 0.8 / 0.9)
    assert rows[0.001].value == pytest.approx(100 * 0.0008 / (0.0008 + 0.0999))
    assert rows[0.01].low is not None


def test_without_a_false_alarm_prevalence_is_told_as_a_bound_by_clusters() -> None:
    fakes = [trial(True, 2 if i < 8 else -2, f"f{i}") for i in range(10)]
    real = [trial(False, -2, f"r{i // 2}") for i in range(100)]
    rows = {row.prevalence: row.right_of_100 for row in measured(fakes + real).prevalence}
    alarms = wilson_interval(0, 50)[1]
    assert (rows[0.5].value, rows[0.5].high) == (None, None)
    assert rows[0.5].low == pytest.approx(100 * 0.8 / (0.8 + alarms))
    assert rows[0.01].low == pytest.approx(100 * 0.008 / (0.008 + 0.99 * alarms))


def test_bound_of_prevalence_is_printed_and_explained() -> None:
    trials = [trial(True, 2, "a"), trial(False, -2, "b")]
    subject = Subject("net", "0" * 64, "index.csv", "people", "videos", False, CALIBRATION)
    report = reported(subject, Measurement(trials, untrained=False))
    (table,) = [one for one in tables(report) if one.title == "Of 100 files flagged as fake"]
    assert table.rows[-1] == ("50 %", "at least 55.8", "")
    assert any("No real file was flagged" in note for note in report.notes)


def test_prevalence_is_not_told_where_nothing_was_flagged() -> None:
    assert measured([trial(True, -2, "a"), trial(False, -2, "b")]).prevalence == ()


def test_thresholds_are_the_shipped_ones_and_count_their_errors() -> None:
    trials = drawn()
    at = {cut.name: cut for cut in measured(trials).accuracy}
    flagged = sum(t.outcome == "fake" for t in trials if not t.known.fake)
    cleared = sum(t.outcome == "real" for t in trials if t.known.fake)
    assert at["fake"].real_flagged == flagged
    assert at["real"].fakes_missed == cleared
    assert at["fake"].threshold == pytest.approx(0.5 * np.log(10) / 2)
    assert at["equal_errors"].real_flagged == pytest.approx(at["equal_errors"].fakes_missed, abs=1)


def test_recurrence_is_measured_beside_the_mean() -> None:
    rng = np.random.default_rng(2)
    trials = [
        Trial(
            Known(f"{i}", "", i % 2 == 1, f"p{i}"), "inconclusive", 3 * (i % 2) + mean, mean, mean
        )
        for i, mean in enumerate(rng.normal(size=100).tolist())
    ]
    found = compared(trials, "people")
    assert found["lstm_minus_mean"].low is not None
    assert found["lstm_minus_mean"].low > 0.2
    assert found["mean"] == found["single"]


def test_fakes_of_a_method_are_held_against_the_real_files_of_their_data_set() -> None:
    trials = [trial(True, 1, "a", method="swap"), trial(True, 1, "b", method="lips")]
    other = Trial(Known("o.mp4", "", False, dataset="other"), "real", -1.0)
    trials += [trial(False, -1, "c", method="camera"), other]
    found = by_method(trials)
    assert {name: len(group) for name, group in found.items()} == {"swap": 2, "lips": 2}


def test_without_calibration_nothing_calibrated_is_told() -> None:
    trials = [Trial(t.known, "inconclusive", t.score, t.mean, t.single) for t in drawn(100)]
    subject = Subject("net", "0" * 64, "index.csv", "people", "videos", False, None)
    found = as_json(reported(subject, Measurement(trials, untrained=False)))
    assert next(iter(found)) == "auc"
    assert found["auc"]["value"] > 0.5
    for name in ("log_loss", "brier", "calibration_error", "cllr", "accuracy_decided"):
        assert found[name] == {"value": None, "low": None, "high": None}
    assert (found["prevalence"], found["inconclusive"]["value"]) == ((), 1.0)
    assert any("no calibration" in note for note in found["notes"])

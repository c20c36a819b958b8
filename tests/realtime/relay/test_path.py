from realtime.relay.bandwidth import CALM, CEILING
from realtime.relay.path import LEAST, Audience, Path, sum_up


def losing(lost: float, sent: int) -> Path:
    path = Path()
    for at in (-1.0, 0.0, 1.0):
        path.report(lost, sent, at)
        if path.carries < CEILING:
            break
    return path


def test_a_path_that_loses_a_fifth_carries_less_than_it_was_sent_and_a_twentieth_is_only_bad_luck() -> None:
    assert losing(0.2, 1_000_000).carries == 900_000
    assert losing(0.05, 1_000_000).carries == CEILING
    assert losing(0.2, 0).carries == CEILING  # of nothing that was measured


def test_a_path_is_trusted_with_more_once_it_is_calm() -> None:
    path = losing(0.2, 1_000_000)
    path.report(0.0, 500_000, 1.0 + CALM / 2)
    assert path.carries == 900_000
    for second in range(60):
        path.report(0.0, 500_000, 1.1 + CALM + second)
    assert path.carries == CEILING


def test_one_report_of_many_losses_is_bad_luck_on_a_path_that_is_else_good() -> None:
    path = Path()
    for second in range(60):
        path.report(0.15 if second % 4 == 0 else 0.02, 1_000_000, float(second))
    assert path.carries == CEILING


def test_reports_in_a_flood_count_as_one() -> None:
    path = Path()
    for number in range(1_000):
        path.report(1.0, 1_000_000, 1.0 + number / 10_000)
    assert path.carries == 500_000


def test_a_ceiling_counts_only_where_it_falls_below_what_is_sent() -> None:
    path = Path()
    for rising in (300_000, 330_000, 1_200_000):
        path.ceiling(rising, 1_000_000, 1.0)
    path.ceiling(1_100_000, 1_000_000, 1.0)
    assert path.carries == CEILING
    path.ceiling(900_000, 1_000_000, 1.0)
    assert path.carries == 900_000
    path.ceiling(1, 1_000_000, 1.0)
    assert path.carries == LEAST


def test_many_paths_are_one_account_that_one_bad_one_does_not_set() -> None:
    paths = [losing(0.2, 1_000_000), *[Path() for _ in range(7)]]
    assert sum_up(paths) == Audience(0.2 / 8, 1, CEILING)
    assert sum_up([]) == Audience(0.0, 0, CEILING)

"""Charts: geometry, and the words beside it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template.loader import render_to_string

from accounts import charts


def test_a_line_begins_left_and_ends_right_and_its_top_is_the_most_there_could_be():
    day = date(2026, 5, 1)

    chart = charts.line("Enrolment", "2 of 4", [(day, 0), (day + timedelta(days=2), 2)], top=4)

    assert [(point.x, point.y) for point in chart.points] == [(0, 120), (600, 60)]
    assert chart.path == "M0 120H600V60"


def test_a_line_of_one_day_and_one_of_none_can_be_drawn():
    assert charts.line("Enrolment", "", [(date(2026, 5, 1), 3)]).points[0].y == 0
    assert charts.line("Enrolment", "", []).path == ""


def test_bars_share_one_scale_and_their_parts_follow_each_other():
    legend = [("Passed", "good"), ("Refused", "bad")]

    chart = charts.bars("Sign-ins", "", legend, [("SSO", [3, 1]), ("Password", [2, 0])])

    assert [(s.x, s.width) for s in chart.bars[0].segments] == [(0, 450), (450, 150)]
    assert chart.bars[1].segments[0].width == 300


def test_a_strip_takes_its_whole_width_whatever_the_number_of_checks():
    at = datetime(2026, 5, 1, tzinfo=UTC)

    chart = charts.strip("Checks", "", [(at, "good", "found")] * 120)

    assert chart.marks[-1].x + chart.step <= 600


@pytest.mark.parametrize(
    ("template", "chart"),
    [
        ("line", charts.line("Enrolment", "2 of 4 people", [(date(2026, 5, 1), 2)])),
        ("bars", charts.bars("Sign-ins", "3 in all", [("Passed", "good")], [("SSO", [3])])),
        (
            "strip",
            charts.strip("Checks", "1 check", [(datetime(2026, 5, 1, tzinfo=UTC), "bad", "x")]),
        ),
    ],
)
def test_a_chart_says_in_words_what_it_draws_and_uses_no_inline_style(template, chart):
    html = render_to_string(f"components/charts/{template}.html", {"chart": chart, "id": "chart"})

    assert chart.summary in html
    assert "style=" not in html

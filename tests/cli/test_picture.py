"""`picture`, and the gap in `show`."""

from __future__ import annotations


def test_a_trip_is_drawn_beside_its_optimum(cli) -> None:
    cli.ok("new", "t", "--task", "tsp:n=8", "--headless")
    cli.ok("run", "t")
    shown = cli.ok("picture", "t", "--width", 80, "--height", 20, "--chart", "ascii").out
    lines = shown.splitlines()
    assert len(lines) == 20
    assert all(len(line) <= 80 for line in lines)
    assert shown.isascii()
    assert "to the proven optimum" in lines[0]
    assert "optimum" in lines[1]
    data = cli.ok("picture", "t", "--json").json
    assert data["reference"]["words"] == "the proven optimum"
    gap = 100 * (
        cli.ok("show", "t", "--json").json["best"]["score"] / data["reference"]["value"] - 1
    )
    table = cli.ok("show", "t").out
    assert "gap %" in table
    assert f"{gap:.1f}" in table
    assert "gaps are to the proven optimum" in table


def test_a_chosen_solution_is_drawn(cli) -> None:
    cli.ok("new", "t", "--task", "linear-regression", "--headless")
    before = cli.ok("picture", "t").out
    assert "nothing is scored yet" in before
    cli.ok("run", "t")
    ids = [each["id"] for each in cli.ok("show", "t", "--json").json["trajectory"]]
    text = cli.ok("picture", "t", "--solution", ids[-1], "--zoom", -1).out
    assert "selected w=" in text
    assert "◆" in text


def test_what_can_t_be_drawn_is_refused(small) -> None:
    assert "has no picture" in small.refused("picture", "s")
    small.ok("new", "t", "--task", "tsp:n=6", "--headless")
    assert "no solution #99" in small.refused("picture", "t", "--solution", 99)
    assert "no session 'u'" in small.refused("picture", "u")


def test_the_html_report_has_the_picture(cli) -> None:
    cli.ok("new", "t", "--task", "tsp:n=6", "--headless")
    cli.ok("run", "t")
    page = cli.ok("export", "t", "--format", "html").out
    assert "<h2>Tour</h2>" in page
    assert 'class="line-best"' in page
    assert "proven optimum" in page

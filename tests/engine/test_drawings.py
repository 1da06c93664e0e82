"""Pictures in the HTML report."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from opro_tui.core.picture import Field, Kind, Line, Mark, Panel, Picture, View
from opro_tui.engine.exchange.drawings import drawing
from opro_tui.tasks import TaskOptions, load

NAN = math.nan


def test_the_built_in_pictures_are_whole_svg() -> None:
    for task, words in (("linear-regression", "loss over w and b"), ("tsp:n=6", "optimum")):
        drawn = load(TaskOptions(task=task)).task.picture(View())
        found = ET.fromstring(drawing(drawn))
        assert found.tag == "svg"
        assert found.findall(".//circle")
        assert words in "".join(found.itertext())


def test_hostile_words_and_places_stay_data() -> None:
    word = "</svg><script>alert(1)</script>\x00"
    panel = Panel(
        word,
        (0.0, 1.0),
        (0.0, 0.0),
        word,
        word,
        field=Field(((NAN, 1.0), ())),
        lines=(Line(((0.0, NAN), (9.0, 9.0)), Kind.GOAL),),
        marks=(Mark((NAN, 1.0), Kind.BEST, word), Mark((0.5, 0.0), Kind.BEST, word)),
    )
    text = drawing(Picture(word, (panel, panel)))
    found = ET.fromstring(text)
    assert not any(each.tag == "script" for each in found.iter())
    assert "nan" not in text
    assert len(found.findall(".//circle")) == 2

"""Own data and task files: what is read, and what is refused with file, row and remedy."""

from __future__ import annotations

import hashlib
import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Split
from opro_tui.tasks import TaskOptions, load, restore
from opro_tui.tasks.data import SUFFIXES, parse_table, peek_table, read_table

ROWS = [{"q": "one, two", "a": "3"}, {"q": 'say "hi"\nnow', "a": "-4"}]


def make(tmp_path, name, content, **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(TaskOptions(task=str(path), **options))


def refused(tmp_path, name, content, **options):
    with pytest.raises(BadInput) as caught:
        make(tmp_path, name, content, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert name in text
    return text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.jsonl", "\n".join(json.dumps(row) for row in ROWS)),
        ("d.jsonl", "\r\n\r\n".join(json.dumps(row) for row in ROWS) + "\r\n"),
        ("d.json", json.dumps(ROWS)),
        ("d.json", json.dumps({"canary": "x", "examples": ROWS})),
        ("d.json", json.dumps({"data": ROWS}, indent=2)),
        ("d.csv", 'q,a\n"one, two",3\n"say ""hi""\nnow",-4\n'),
        ("d.csv", '\ufeff q , a\r\n"one, two",3\r\n\r\n"say ""hi""\nnow",-4'),
        ("d.tsv", 'q\ta\none, two\t3\n"say ""hi""\nnow"\t-4\n'),
        ("D.CSV", 'q,a\n"one, two",3\n"say ""hi""\nnow",-4\n'),
    ],
)
def test_every_format_gives_the_same_examples(tmp_path, name, content):
    loaded = make(tmp_path, name, content, input="q", target="a", train=1)
    assert [(item.input, item.target) for item in loaded.task.examples] == [
        ("one, two", "3"),
        ('say "hi"\nnow', "-4"),
    ]
    (source,) = loaded.sources
    assert source.rows == 2
    assert source.sha256 == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert loaded.task.defaults["metric"] == "numeric"
    assert "max_length" not in loaded.task.defaults


def test_columns_go_by_number_without_a_header(tmp_path):
    loaded = make(
        tmp_path, "d.csv", "x,1+1,2\ny,2+2,4\n", header=False, input="1", target="2", train=1
    )
    assert [(item.input, item.target) for item in loaded.task.examples] == [
        ("1+1", "2"),
        ("2+2", "4"),
    ]
    assert loaded.task.examples[0].fields == {"0": "x", "1": "1+1", "2": "2"}


def test_usual_column_names_are_found(tmp_path):
    task = make(tmp_path, "d.csv", "question,answer\nIs it?,yes\nWas it?,no\n").task
    assert task.examples[0].input == "Is it?"
    assert task.defaults["metric"] == "boolean"


def test_json_values_become_text(tmp_path):
    rows = [{"q": 1, "a": value} for value in (72, 39.0, 2.5, True, False, 1e300)]
    content = json.dumps([row | {"q": f"q{i}"} for i, row in enumerate(rows)])
    task = make(tmp_path, "d.json", content, input="q", target="a", metric="exact").task
    assert [item.target for item in task.examples] == ["72", "39", "2.5", "true", "false", "1e+300"]


def test_a_json_target_may_be_an_object(tmp_path):
    content = '{"q": "x", "a": {"n": 1}}\n{"q": "y", "a": {"n": 2}}'
    task = make(tmp_path, "d.jsonl", content, input="q", target="a", metric="json").task
    assert task.grade(task.examples[0], '```json\n{"n": 1}\n```').score == 1
    assert not task.binary
    text = refused(tmp_path, "d.jsonl", content, input="q", target="a", metric="exact")
    assert "line 1" in text


BAD = [
    ("d.csv", b"", "empty"),
    ("d.csv", b" \n\n", "empty"),
    ("d.csv", b"q,a\n", "no rows"),
    ("d.csv", b"\xef\xbb\xbf", "empty"),
    ("d.csv", b"q,a\nx,1\ny\n", "line 3"),
    ("d.csv", b"q,a\nx,1,2\n", "line 2"),
    ("d.csv", b'q,a\n"x\ny",1\nz\n', "line 4"),
    ("d.csv", b"q,q\nx,1\n", "two columns are called 'q'"),
    ("d.csv", b"q,a,a \nx,1,1\n", "two columns are called 'a'"),
    ("d.csv", b"q,a\nx,\n", "line 2: the target 'a' is empty"),
    ("d.csv", b"q,a\n,\n", "line 2"),
    ("d.csv", b"q,a\n  ,1\n", "line 2: column 'q' is empty"),
    ("d.csv", b"q,a\nx,1\n\x81\xfe,2\n", "line 3: byte 9 (0x81) is not UTF-8"),
    ("d.csv", "q,a\nä,1\n".encode() + b"\xe4,2\n", "line 3: byte 10 (0xe4) is not UTF-8"),
    ("d.jsonl", b'{"q": "\xe4", "a": 1}\n', "line 1: byte 8 (0xe4) is not UTF-8"),
    ("d.csv", b"\xef\xbb\xbfq,a\n\xe9,2\n", "line 2: byte 8 (0xe9) is not UTF-8"),
    ("d.csv", "q,a\nx,1\n".encode("utf-16") + b"\0", "this is damaged UTF-16"),
    ("d.csv", "q,a\nx\0,1\n".encode("utf-16"), "this is damaged UTF-16"),
    ("d.json", '[{"q": 1}]'.encode("utf-16"), "this is UTF-16, not UTF-8"),
    ("d.csv", b"sep=;\nq;a\nx;1\ny\n", "line 4: the row has 1 columns where the header has 2"),
    ("d.csv", b"q,a\nx\x00,1\n", "line 2: byte 6 is NUL"),
    ("d.csv", b'q,a\n"x,1\n', "malformed row"),
    ("d.csv", b'q,a\n"x"y,1\n', "malformed row"),
    ("d.csv", b"q,a\n" + b"x" * 11_000_000 + b",1\n", "malformed row"),
    ("d.csv", b"question,a\nx,1\n", "there is no column 'q'"),
    ("d.tsv", b"q,a\nx,1\n", "there is no column 'q'"),
    ("d.jsonl", b'{"q": "x", "a": "1"}\n{"q": "y"}\n', "line 2: the row has no column 'a'"),
    ("d.jsonl", b'{"q": "x", "a": "1"}\n{oops}\n', "line 2: this is not JSON"),
    ("d.jsonl", b'{"q": "x", "a": "1"}\n[1]\n', "line 2: this is a list"),
    ("d.jsonl", b'"x"\n', "line 1: this is a text"),
    ("d.jsonl", b"null\n", "line 1: this is nothing"),
    ("d.jsonl", b'{"q": "x", "q": "y", "a": 1}\n', "stands twice"),
    ("d.jsonl", b'{"q": "x", "a": null}\n', "line 1: the target 'a' is empty"),
    ("d.jsonl", b'{"q": ["x"], "a": 1}\n', "line 1: column 'q' holds a list"),
    ("d.jsonl", b'{"q": "x\\u0000", "a": 1}\n', "line 1: column 'q' holds NUL"),
    ("d.jsonl", b'{"q": "\\ud800", "a": 1}\n', "half of a surrogate pair"),
    ("d.jsonl", b'{"q": "x", "a": NaN}\n', "NaN is not JSON"),
    ("d.jsonl", b'{"q": "x", "a": ' + b"9" * 5000 + b"}\n", "line 1: this is not JSON"),
    ("d.jsonl", b'{"q": ' + b"[" * 100_000 + b"}\n", "line 1: this is not JSON"),
    ("d.json", b'{"q": "x", "a": "1"}\n{"q": "y", "a": "1"}\n', "call it .jsonl"),
    ("d.json", b'{"rows": []}', "a list of objects is expected"),
    ("d.json", b"[]", "no rows"),
    ("d.json", b"[1]", "item 1: this is a number"),
    ("d.json", b'[{"q": "x", "a": "1"},]', "this is not JSON"),
    ("d.json", b"[" * 200_000, "not"),
]


@pytest.mark.parametrize(("name", "content", "said"), BAD)
def test_malformed_files_are_refused_with_their_place(tmp_path, name, content, said):
    assert said in refused(tmp_path, name, content, input="q", target="a")


SHEET = [
    ("Frage, Teil 1", "Antwort"),
    ('Wie "groß"; wie, was?', "1,5"),
    ("Über\nzwei Zeilen", "2,5"),
]


def sheet(separator: str) -> str:
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in SHEET]
    return "".join(separator.join(row) + "\r\n" for row in quoted)


@pytest.mark.parametrize(
    ("separator", "encoding", "assumed"),
    [
        (",", "utf-8", ""),
        (",", "utf-8-sig", ""),
        (";", "utf-8-sig", "columns parted by semicolons"),
        ("\t", "utf-8", "columns parted by tabs"),
        ("|", "utf-8", "columns parted by |"),
        (",", "cp1252", "read as Windows-1252, for it is not UTF-8"),
        (";", "latin-1", "columns parted by semicolons, read as Windows-1252, for it is not UTF-8"),
        ("\t", "utf-16", "columns parted by tabs, read as UTF-16"),
        (",", "utf-16-be", "read as UTF-16"),
    ],
)
def test_files_of_spreadsheets_are_read_and_say_how(tmp_path, separator, encoding, assumed):
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path = tmp_path / "d.csv"
    path.write_bytes(mark + sheet(separator).encode(encoding))
    table, peek = read_table(path), peek_table(path)
    assert table.columns == peek.columns == SHEET[0]
    assert [tuple(row.fields.values()) for row in table.rows] == SHEET[1:]
    assert peek.rows == table.rows
    assert peek.assumed == table.source.assumed == assumed


def test_unquoted_semicolons_beside_decimal_commas_are_seen(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("q;a\nx, y;1,5\nz;2,5\n")
    assert read_table(path).columns == ("q", "a")


def test_commas_stay_where_the_rows_agree_with_them(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("q;r,a\nx;y,1\nz;w,2\n")
    assert read_table(path).columns == ("q;r", "a")
    assert read_table(path).source.assumed == ""


def test_a_line_that_names_the_separator_is_no_header(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("sep=|\nq|a\nx|1\n")
    table = read_table(path)
    assert table.columns == ("q", "a")
    assert table.rows[0].place == "line 3"
    assert table.source.assumed == "columns parted by |"


def test_a_long_file_in_utf16_is_peeked_at(tmp_path, monkeypatch):
    monkeypatch.setattr("opro_tui.tasks.data.PEEK_BYTES", 1001)
    for encoding in ("utf-16-le", "utf-16-be"):
        path = tmp_path / "d.csv"
        text = "\ufeffq,a\n" + "".join(f"frage {i} ж,{i}\n" for i in range(200))
        path.write_bytes(text.encode(encoding))
        peek = peek_table(path, rows=500)
        assert peek.more
        assert len(peek.rows) > 20
        assert peek.rows[3].fields == {"q": "frage 3 ж", "a": "3"}


def test_errors_suggest_the_nearest_column(tmp_path):
    text = refused(tmp_path, "d.csv", "ticket,queue\nx,y\n", input="tickt", target="queue")
    assert "Did you mean 'ticket'?" in text
    text = refused(tmp_path, "d.csv", "x,y\nx,y\n", input="0", target="1")
    assert "--no-header" in text
    text = refused(tmp_path, "d.csv", "x,y\nx,y\n", header=False, input="2", target="1")
    assert "numbered 0 to 1" in text
    text = refused(tmp_path, "d.tsv", "ticket;queue\nx;y\n", input="ticket", target="queue")
    assert "separate columns by commas" in text
    text = refused(tmp_path, "d.csv", "foo,bar\nx,y\n")
    assert "--input" in text


def test_targets_that_the_metric_cannot_use_are_refused(tmp_path):
    text = refused(
        tmp_path, "d.csv", "q,a\nx,1\ny,two\n", input="q", target="a", metric="numeric", train=1
    )
    assert "line 3: the target 'two' is no number" in text


@pytest.mark.parametrize("name", ["absent.csv", "absent.toml", "folder.csv"])
def test_what_is_no_file_is_bad_input(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadInput, match=name):
        load(TaskOptions(task=str(tmp_path / name)))


@pytest.mark.parametrize(("train", "said"), [(0, "There are 4"), (5, "There are 4"), (0.1, "4")])
def test_an_impossible_training_size_says_how_many_there_are(tmp_path, train, said):
    content = "input,target\n" + "".join(f"q{i},{i}\n" for i in range(4))
    assert said in refused(tmp_path, "d.csv", content, train=train)


def test_an_impossible_test_size_says_how_many_are_left(tmp_path):
    content = "input,target\n" + "".join(f"q{i},{i}\n" for i in range(4))
    text = refused(tmp_path, "d.csv", content, train=2, test=3)
    assert "There are 4 examples, of which 2 are for training: give at most 2." in text


TASK_FILE = """
name = "triage"
dataset = "tickets.csv"
input = "ticket"
target = "queue"
metric = "multiple-choice"
position = "Q_end"
initial = ["Read the ticket and name the queue."]
[split]
train = 3
test = 2
seed = 7
"""
TICKETS = "ticket,queue,customer\n" + "".join(
    f"ticket {i},{'billing' if i % 2 else 'tech'},c{i}\n" for i in range(8)
)


def task_file(tmp_path, text=TASK_FILE, **options):
    (tmp_path / "tickets.csv").write_text(TICKETS)
    return make(tmp_path, "triage.toml", text, **options)


def test_a_task_file_says_everything(tmp_path):
    loaded = task_file(tmp_path)
    task = loaded.task
    sides = [item.split for item in task.examples]
    assert (task.name, loaded.seed) == ("triage", 7)
    assert (sides.count(Split.TRAIN), sides.count(Split.TEST)) == (3, 2)
    assert task.starting_solutions() == ("Read the ticket and name the queue.",)
    message = task.messages("Go.", task.examples[0])[0].content
    assert message == "Q: ticket 0\nGo.\n\nA:"
    assert task.grade(task.examples[0], "The queue is: Tech.").score == 1
    assert [source.rows for source in loaded.sources] == [0, 8]


def test_options_go_before_the_task_file(tmp_path):
    loaded = task_file(
        tmp_path, seed=9, train=4, metric="exact", position="A_begin", initial=("x",), qa=False
    )
    assert loaded.seed == 9
    assert [item.split for item in loaded.task.examples].count(Split.TRAIN) == 4
    assert loaded.task.messages("Go.", loaded.task.examples[0])[0].content == "ticket 0\nGo."
    assert loaded.task.defaults["metric"] == "exact"
    assert loaded.task.starting_solutions() == ("x",)


def test_a_template_uses_every_column(tmp_path):
    text = TASK_FILE.replace(
        'input = "ticket"', r'template = "{customer}: {ticket} {x}\n{instruction}"'
    )
    task = task_file(tmp_path, text).task
    item = task.examples[1]
    assert item.input == "c1: ticket 1 {x}"
    assert task.messages("Use {ticket}.", item)[0].content == "c1: ticket 1 {x}\nUse {ticket}."
    assert task.messages("", item)[0].content == "c1: ticket 1 {x}"
    assert task.exemplar(item, "<INS>") == ("c1: ticket 1 {x}\n<INS>", "billing")
    again = restore(json.loads(json.dumps(task.spec())), task.examples)
    assert again.messages("Go.", item) == task.messages("Go.", item)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("metric =", "metrc =", "Did you mean 'metric'?"),
        ("seed = 7", "sed = 7", "Did you mean 'seed'?"),
        ("seed = 7", "seed = 1.5", "a whole number"),
        ("seed = 7", "seed = -1", "seed is -1"),
        ("train = 3", "train = true", "Give a number"),
        ("train = 3", "train = 1.5", "a ratio"),
        ("train = 3", "train = -3", "train is -3"),
        ("train = 3", "train = nan", "train is nan"),
        ("train = 3", "train = 99", "There are 8"),
        ('name = "triage"', "name = 3", "Give a text"),
        ('initial = ["Read the ticket and name the queue."]', "initial = [3]", "list of texts"),
        ('initial = ["Read the ticket and name the queue."]', 'initial = "x"', "list of texts"),
        ('dataset = "tickets.csv"', "", "no dataset"),
        ('dataset = "tickets.csv"', 'dataset = "other.csv"', "no such file"),
        ('dataset = "tickets.csv"', 'dataset = "triage.toml"', "no known kind"),
        ('target = "queue"', "", "no target"),
        ('target = "queue"', 'target = "que"', "Did you mean 'queue'?"),
        ("Q_end", "Q_ende", "Did you mean 'Q_end'?"),
        ("multiple-choice", "multiple", "Did you mean 'multiple-choice'?"),
        ('name = "triage"', "name =", "not TOML"),
        ('input = "ticket"', 'template = "{ticket}"', "no {instruction}"),
        ('input = "ticket"', 'template = "Say: {instruction}"', "no column"),
        ('input = "ticket"', 'input = "ticket"\ntemplate = "x"', "both input and template"),
    ],
)
def test_a_wrong_task_file_is_refused(tmp_path, old, new, said):
    with pytest.raises(BadInput) as caught:
        task_file(tmp_path, TASK_FILE.replace(old, new, 1))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_may_not_take_the_slot_s_name(tmp_path):
    (tmp_path / "tickets.csv").write_text(TICKETS.replace("customer", "instruction"))
    text = TASK_FILE.replace('input = "ticket"', 'template = "{ticket} {instruction}"')
    assert "Rename the column" in refused(tmp_path, "triage.toml", text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.lists(
            st.sampled_from(
                ['"', ",", "\t", "\n", "\r", "q", "{", "}", ":", '"q"', "[", "]", "1", "\\u0000"]
            ),
            max_size=60,
        ).map(lambda parts: "".join(parts).encode()),
    ),
    kind=st.sampled_from(SUFFIXES),
    header=st.booleans(),
)
def test_no_bytes_break_the_reader(content, kind, header):
    refusal = table = None
    try:
        table = parse_table(content, "d", header=header, kind=kind)
    except BadInput as error:
        refusal = str(error)
    assert (refusal is None) != (table is None)
    if refusal is not None:
        assert refusal.startswith("d")
        assert "\n" not in refusal
        return
    assert table.rows
    assert all(set(row.fields) <= set(table.columns) for row in table.rows)
    assert all(isinstance(value, str) for row in table.rows for value in row.fields.values())


def test_tables_of_very_many_columns_are_read_in_time() -> None:
    names = [f"c{number}" for number in range(60_000)]
    began = time.process_time()
    wide = f"{','.join(names)}\n{'1,' * 59_999}1\n".encode()
    assert len(parse_table(wide, "w.csv", kind=".csv").columns) == 60_000
    pairs = ",".join(f'"{name}": 1' for name in [*names, names[-1]])
    with pytest.raises(BadInput, match="stands twice"):
        parse_table(f"{{{pairs}}}".encode(), "w.jsonl", kind=".jsonl")
    assert time.process_time() - began < 5

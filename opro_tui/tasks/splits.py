"""The split of examples into training, test and rest: seeded, stratified, repeats kept together."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.hashing import uniform
from opro_tui.core.protocols import Split

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from opro_tui.core.protocols import Example

MAX_LABELS = 10
LEAST_TO_DIVIDE = 30


@dataclass(frozen=True, slots=True)
class _Group:
    """Examples with the same input, which go to one side together."""

    key: str
    label: str
    members: tuple[int, ...]

    @property
    def size(self) -> int:
        return len(self.members)


def normalized(text: str) -> str:
    """A text with every run of white space made one blank: two inputs are the same if this is."""
    return " ".join(text.split())


def size_of(asked: float, available: int) -> int:
    """How many examples a setting asks for.

    Args:
        asked: A count (int), or a ratio (float), which is floored.
        available: How many there are.
    """
    if isinstance(asked, int):
        return asked
    # Through its decimal text, so that 0.29 of 100 is 29 and not 28.
    return math.floor(Fraction(str(asked)) * available)


def default_train(available: int) -> int:
    """The training examples of a user's own data: half of them, at most 100."""
    return max(1, min(available // 2, 100))


def default_test(available: int, train: float) -> int | None:
    """The held-out examples of a user's own data: two thirds of what isn't trained on.

    The others stay fresh, for `confirm`. Of little data everything is held out: None.
    """
    left = available - size_of(train, available)
    return left - left // 3 if left >= LEAST_TO_DIVIDE else None


def split(
    pairs: Sequence[tuple[str, str]],
    *,
    train: float,
    test: float | None,
    seed: int,
    where: str,
) -> list[Split]:
    """Divide examples among TRAIN, TEST and REST.

    Args:
        pairs: (input, target) of each example.
        train: A count (int) or a ratio (float) of all examples.
        test: The same; None takes everything that isn't training.
        seed: Fixes the choice.
        where: The data's name, for error texts.

    Returns:
        A side for each example; exactly as many as asked for wherever repeated inputs permit, else
        the nearest number below.

    Raises:
        BadInput: Nothing to train on, or more asked for than there is.
    """
    total = len(pairs)
    groups = _group(pairs, seed)
    wanted = checked_size(train, total, "train", where, least=1)
    training = choose(groups, wanted)
    if not training:
        raise BadInput(
            f"repeated inputs stay together, and no group of them fits into {wanted}",
            where=f"{where}: train",
            todo=f"There are {total} examples with {len(groups)} different inputs.",
        )
    sides = [Split.REST] * total
    _mark(sides, training, Split.TRAIN)
    left = [group for group in groups if sides[group.members[0]] is not Split.TRAIN]
    if test is None:
        _mark(sides, left, Split.TEST)
        return sides
    remaining = sum(group.size for group in left)
    asked = size_of(test, total)
    if asked > remaining:
        raise BadInput(
            f"{asked} test examples are asked for",
            where=f"{where}: test",
            todo=f"There are {total} examples, of which {total - remaining} are for training:"
            f" give at most {remaining}.",
        )
    _mark(sides, choose(left, asked), Split.TEST)
    return sides


def split_files(
    train_pairs: Sequence[tuple[str, str]],
    test_pairs: Sequence[tuple[str, str]],
    *,
    train: float,
    test: float | None,
    seed: int,
    where: str,
) -> list[Split]:
    """Divide a benchmark that comes as a training file and a test file.

    `train` is taken from the training file, `test` (None: all) from the test file; what is chosen
    from neither is REST. Arguments and errors as for `split`.

    Returns:
        A side for each example, the training file's first.
    """
    wanted = checked_size(train, len(train_pairs), "train", where, least=1)
    asked = len(test_pairs) if test is None else test
    held_out = checked_size(asked, len(test_pairs), "test", where, least=0)
    sealed = {normalized(text) for text, _ in test_pairs}
    groups = [group for group in _group(train_pairs, seed) if group.key not in sealed]
    sides = [Split.REST] * len(train_pairs)
    _mark(sides, choose(groups, wanted), Split.TRAIN)
    tests = [Split.REST] * len(test_pairs)
    _mark(tests, choose(_group(test_pairs, seed), held_out), Split.TEST)
    return sides + tests


def split_again(
    examples: Sequence[Example],
    *,
    train: float | None,
    test: float | None,
    seed: int,
    redraw: bool,
    boundary: int | None,
    where: str,
) -> list[Split]:
    """Divide examples that were divided before, for a session that takes solutions over.

    What isn't asked for stays. The test split shrinks within itself and grows from what was neither
    trained on nor held out, never by an example that the solutions were chosen by. Training shrinks
    within itself and grows from what isn't held out, so that most answers are there already.

    Args:
        examples: With the sides they are on.
        train: A count or a ratio; None keeps how many there are.
        test: The same; None keeps the test split.
        seed: Fixes the choice.
        redraw: Whether training is drawn anew from all that isn't held out.
        boundary: Where the test file's examples begin, for data of two files; None for one.
        where: The data's name, for error texts.

    Returns:
        A side for each example, as `split` gives.

    Raises:
        BadInput: There is less than what is asked for.
    """
    first, second = _pools(examples, seed, boundary)
    held_out = _held_out(first if second is None else second, examples, test, where)
    sealed = {group.key for group in (held_out if second is None else second)}
    training = _trained_on(first, examples, sealed, train, where, redraw=redraw)
    sides = [Split.REST] * len(examples)
    _mark(sides, held_out, Split.TEST)
    _mark(sides, training, Split.TRAIN)
    return sides


def _held_out(
    pool: list[_Group], examples: Sequence[Example], test: float | None, where: str
) -> list[_Group]:
    """The test split of `split_again`, out of what can be held out."""
    now = _side(pool, examples, Split.TEST)
    if test is None:
        return now
    return _resized(
        now,
        _side(pool, examples, Split.REST),
        size_of(test, sum(group.size for group in pool)),
        f"{where}: test",
        "test examples are asked for, and {} were not trained on",
    )


def _trained_on(
    pool: list[_Group],
    examples: Sequence[Example],
    sealed: Collection[str],
    train: float | None,
    where: str,
    *,
    redraw: bool,
) -> list[_Group]:
    """The training examples of `split_again`, out of what isn't sealed."""
    now = _side(pool, examples, Split.TRAIN)
    chosen = now
    if train is not None or redraw:
        free = [group for group in pool if group.key not in sealed]
        others = [g for g in free if examples[g.members[0]].split is not Split.TRAIN]
        size = sum(group.size for group in now)
        chosen = _resized(
            [] if redraw else now,
            free if redraw else others,
            size if train is None else size_of(train, sum(group.size for group in pool)),
            f"{where}: train",
            "training examples are asked for, and {} are not held out",
        )
    if not chosen:
        raise BadInput("no example would be trained on", where=f"{where}: train")
    return chosen


def _pools(
    examples: Sequence[Example], seed: int, boundary: int | None
) -> tuple[list[_Group], list[_Group] | None]:
    """The groups that can be trained on and those that can be held out; None: the same ones."""
    pairs = [(example.input, example.target) for example in examples]
    if boundary is None:
        return _group(pairs, seed), None
    later = [
        _Group(group.key, group.label, tuple(boundary + index for index in group.members))
        for group in _group(pairs[boundary:], seed)
    ]
    return _group(pairs[:boundary], seed), later


def _side(groups: Iterable[_Group], examples: Sequence[Example], side: Split) -> list[_Group]:
    return [group for group in groups if examples[group.members[0]].split is side]


def _resized(
    now: list[_Group], others: list[_Group], wanted: int, where: str, refusal: str
) -> list[_Group]:
    """Fewer of some groups, or all of them and some of the others."""
    size = sum(group.size for group in now)
    most = size + sum(group.size for group in others)
    if wanted > most:
        raise BadInput(
            f"{wanted} {refusal.format(most)}", where=where, todo=f"Give at most {most}."
        )
    if wanted <= size:
        return choose(now, wanted)
    return now + choose(others, wanted - size)


def checked_size(asked: float, available: int, name: str, where: str, *, least: int) -> int:
    """`size_of`, or BadInput that says how many there are."""
    size = size_of(asked, available)
    if not least <= size <= available:
        raise BadInput(
            f"{size} {'training' if name == 'train' else name} examples are asked for",
            where=f"{where}: {name}",
            todo=f"There are {available}: give {least} to {available}, or a ratio.",
        )
    return size


def choose(groups: Sequence[_Group], wanted: int) -> list[_Group]:
    """Choose groups that hold `wanted` examples together, or the most below that.

    Args:
        groups: What there is, in the seeded order.
        wanted: How many examples.
    """
    chosen: list[_Group] = []
    for label, quota in _quotas(groups, wanted).items():
        eligible = [group for group in groups if label is None or group.label == label]
        chosen += _take(eligible, quota)
    keys = {group.key for group in chosen}
    missing = wanted - sum(group.size for group in chosen)
    more = _take((group for group in groups if group.key not in keys), missing)
    if sum(group.size for group in more) == missing:
        return chosen + more
    return _exactly(groups, wanted)


def _group(pairs: Sequence[tuple[str, str]], seed: int) -> list[_Group]:
    members: dict[str, list[int]] = defaultdict(list)
    for index, (text, _) in enumerate(pairs):
        members[normalized(text)].append(index)
    groups = [_Group(key, pairs[indices[0]][1], tuple(indices)) for key, indices in members.items()]
    return sorted(groups, key=lambda group: (uniform("split", seed, group.key), group.key))


def _mark(sides: list[Split], groups: Iterable[_Group], side: Split) -> None:
    for group in groups:
        for index in group.members:
            sides[index] = side


def _quotas(groups: Sequence[_Group], wanted: int) -> dict[str | None, int]:
    """How many examples each label gives, in proportion; one quota for all if labels are many."""
    counts = Counter(group.label for group in groups)
    if not 2 <= len(counts) <= MAX_LABELS or min(counts.values()) < 2:
        return {None: wanted}
    sizes: Counter[str] = Counter()
    for group in groups:
        sizes[group.label] += group.size
    total = sum(sizes.values())
    shares = {label: Fraction(wanted * size, total) for label, size in sizes.items()}
    quotas: dict[str | None, int] = {label: int(share) for label, share in shares.items()}
    by_remainder = sorted(shares, key=lambda label: (int(shares[label]) - shares[label], label))
    for label in by_remainder[: wanted - sum(quotas.values())]:
        quotas[label] += 1
    return quotas


def _take(groups: Iterable[_Group], wanted: int) -> list[_Group]:
    taken: list[_Group] = []
    for group in groups:
        if wanted <= 0:
            break
        if group.size <= wanted:
            taken.append(group)
            wanted -= group.size
    return taken


def _exactly(groups: Sequence[_Group], wanted: int) -> list[_Group]:
    """The subset with the largest sum up to `wanted`, in the seeded order within each size."""
    by_size: dict[int, list[_Group]] = defaultdict(list)
    for group in groups:
        by_size[group.size].append(group)
    items: list[tuple[int, int]] = []
    for size in sorted(by_size):
        left, power = len(by_size[size]), 1
        while left:
            count = min(power, left)
            items.append((size, count))
            left, power = left - count, power * 2
    # Bit s of a mask says that the sum s can be reached with the items so far.
    limit = (1 << (wanted + 1)) - 1
    reachable = [1]
    for size, count in items:
        reachable.append((reachable[-1] | reachable[-1] << (size * count)) & limit)
    total = reachable[-1].bit_length() - 1
    counts: Counter[int] = Counter()
    for (size, count), before in zip(reversed(items), reversed(reachable[:-1]), strict=True):
        if not before >> total & 1:
            counts[size] += count
            total -= size * count
    return [group for size, count in counts.items() for group in by_size[size][:count]]

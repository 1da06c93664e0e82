# ruff: noqa: D103, ISC004 - each function words one problem and works it out: (question, answer)
"""The ways to word a problem of the bundled task `sums`; `make_sums.py` writes them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from make_sums import Draw

Problem = tuple[str, int]


def collection(d: Draw) -> Problem:
    (who,) = d.names(1)
    what = d.one("what", ("stamps", "marbles", "postcards", "seashells", "badges"))
    have, more, gone = d.pick("have", 23, 90), d.pick("more", 11, 40), d.pick("gone", 5, 20)
    return (
        f"{who} has {have} {what}. A neighbour gives {who} {more} more, and {gone} of them get "
        f"lost on the way home. How many {what} does {who} have in the end?",
        have + more - gone,
    )


def shopping_change(d: Draw) -> Problem:
    (who,) = d.names(1)
    pens, price, book = d.pick("pens", 3, 8), d.pick("price", 2, 4), d.pick("book", 6, 15)
    return (
        f"{who} buys {pens} pens at ${price} each and a notebook for ${book}, and pays with a "
        "$50 note. How many dollars of change are due?",
        50 - pens * price - book,
    )


def crates(d: Draw) -> Problem:
    fruit = d.one("fruit", ("pears", "lemons", "mangoes", "plums", "oranges"))
    crates_, each, bad = d.pick("crates", 6, 18), d.pick("each", 12, 36), d.pick("bad", 7, 40)
    return (
        f"A lorry brings {crates_} crates with {each} {fruit} in each. {bad} of the {fruit} are "
        "bruised and are thrown away. How many are left to sell?",
        crates_ * each - bad,
    )


def train_arrival(d: Draw) -> Problem:
    town = d.one("town", ("Lisbon", "Kraków", "Oslo", "Ghent", "Turin"))
    hour, minutes = d.pick("hour", 1, 4), d.pick("minutes", 5, 55, 5)
    late = d.pick("late", 4, 23)
    return (
        f"The train to {town} normally takes {hour} hour{'s' if hour > 1 else ''} and {minutes} "
        f"minutes. Today it arrives {late} minutes late. How many minutes did the journey take?",
        60 * hour + minutes + late,
    )


def average_speed(d: Draw) -> Problem:
    (who,) = d.names(1)
    first, second = d.pick("first", 2, 4), d.pick("second", 1, 3)
    fast, slow = d.pick("fast", 14, 24), d.pick("slow", 8, 13)
    return (
        f"{who} cycles for {first} hours at {fast} kilometres per hour, rests, and then cycles for "
        f"{second} more hour{'s' if second > 1 else ''} at {slow} kilometres per hour. "
        "How many kilometres is that altogether?",
        first * fast + second * slow,
    )


def bus_seats(d: Draw) -> Problem:
    seats, over = d.pick("seats", 28, 54, 2), d.pick("over", 3, 19)
    full = d.pick("full", 3, 7)
    people = seats * full + over
    return (
        f"{people} people are going to a match in buses with {seats} seats each. How many buses "
        "are needed so that everyone has a seat?",
        full + 1,
    )


def leftover(d: Draw) -> Problem:
    (who,) = d.names(1)
    size, bags, over = d.pick("size", 6, 12), d.pick("bags", 9, 25), d.pick("over", 1, 5)
    return (
        f"{who} packs {size * bags + over} rolls into bags of {size}. When no more full bag can be "
        "made, how many rolls are left over?",
        over,
    )


def discount(d: Draw) -> Problem:
    thing = d.one("thing", ("coat", "bicycle helmet", "lamp", "suitcase", "pair of boots"))
    percent, price = d.pick("percent", 10, 40, 5), d.pick("price", 60, 240, 20)
    postage = d.pick("postage", 3, 9)
    return (
        f"A {thing} costs ${price}. In the sale it is {percent}% cheaper, and sending it costs "
        f"${postage}. How many dollars does it cost with delivery?",
        price - price * percent // 100 + postage,
    )


def wages(d: Draw) -> Problem:
    (who,) = d.names(1)
    rate, hours, days = d.pick("rate", 11, 19), d.pick("hours", 4, 8), d.pick("days", 3, 6)
    rent = d.pick("rent", 60, 120, 5)
    return (
        f"{who} earns ${rate} an hour and works {hours} hours a day on {days} days of the week. "
        f"After paying ${rent} for a room, how many dollars of the week's wages remain?",
        rate * hours * days - rent,
    )


def ages(d: Draw) -> Problem:
    elder, younger = d.names(2)
    age, times, years = d.pick("age", 4, 12), d.pick("times", 2, 4), d.pick("years", 3, 9)
    return (
        f"{elder} is {times} times as old as {younger}, who is {age}. How old will {elder} be in "
        f"{years} years?",
        age * times + years,
    )


def share_equally(d: Draw) -> Problem:
    first, second = d.names(2)
    friends, each, kept = d.pick("friends", 3, 9), d.pick("each", 9, 18), d.pick("kept", 4, 15)
    total = friends * each + kept
    one = d.pick("one", 10, total - 10)
    return (
        f"{first} picked {one} apples and {second} picked {total - one}. They keep {kept} for a "
        f"cake and share the rest equally among {friends} baskets. How many apples are in each?",
        each,
    )


def recipe(d: Draw) -> Problem:
    grams, cakes, bag = d.pick("grams", 150, 350, 25), d.pick("cakes", 3, 6), 2500
    return (
        f"One cake needs {grams} grams of flour. A baker makes {cakes} cakes out of a bag with "
        f"{bag} grams. How many grams of flour are left in the bag?",
        bag - grams * cakes,
    )


def reading(d: Draw) -> Problem:
    (who,) = d.names(1)
    daily, days, left = d.pick("daily", 14, 35), d.pick("days", 4, 9), d.pick("days_left", 3, 8)
    rest = d.pick("rest", 12, 30) * left
    return (
        f"A novel has {daily * days + rest} pages. {who} reads {daily} pages a day for {days} days "
        f"and wants to finish in {left} more days, with the same number of pages on each. How many "
        "pages is that a day?",
        rest // left,
    )


def fence(d: Draw) -> Problem:
    long, wide, gate = d.pick("long", 12, 40), d.pick("wide", 6, 11), d.pick("gate", 2, 4)
    price = d.pick("price", 5, 14)
    return (
        f"A rectangular garden is {long} metres long and {wide} metres wide. It gets a fence all "
        f"round except for a gate {gate} metres wide. A metre of fence costs ${price}. How many "
        "dollars does the fence cost?",
        (2 * (long + wide) - gate) * price,
    )


def concert(d: Draw) -> Problem:
    adults, children = d.pick("adults", 40, 120), d.pick("children", 20, 70)
    adult, child = d.pick("adult", 9, 16), d.pick("child", 3, 7)
    return (
        f"At a school concert {adults} adults pay ${adult} each and {children} children pay "
        f"${child} each. How many dollars are taken in all?",
        adults * adult + children * child,
    )


def saving(d: Draw) -> Problem:
    (who,) = d.names(1)
    weekly, weeks = d.pick("weekly", 6, 18), d.pick("weeks", 5, 14)
    have = d.pick("have", 10, 60)
    thing = d.one("thing", ("guitar", "tent", "camera", "telescope"))
    return (
        f"A {thing} costs ${have + weekly * weeks}. {who} already has ${have} and saves ${weekly} "
        "a week. In how many weeks will the money be enough?",
        weeks,
    )


def half_then_some(d: Draw) -> Problem:
    (who,) = d.names(1)
    start, gone = d.pick("start", 40, 120, 4), d.pick("gone", 5, 15)
    return (
        f"There are {start} biscuits in a tin. {who} takes half of them to a party, and {gone} of "
        "those that stayed are eaten at home. How many biscuits are still in the tin?",
        start // 2 - gone,
    )


def fraction_of_class(d: Draw) -> Problem:
    parts, each = d.pick("parts", 3, 5), d.pick("each", 5, 9)
    new = d.pick("new", 2, 6)
    word = {3: "third", 4: "quarter", 5: "fifth"}[parts]
    return (
        f"One {word} of the {parts * each} pupils in a class play chess. Then {new} new pupils "
        "join the class, all of them chess players. How many pupils now do not play chess?",
        parts * each - each,
    )


def pump(d: Draw) -> Problem:
    fill, leak, hours = d.pick("fill", 30, 60), d.pick("leak", 4, 12), d.pick("hours", 3, 9)
    start = d.pick("start", 50, 200, 10)
    return (
        f"A tank holds {start} litres. A pump adds {fill} litres an hour while {leak} litres an "
        f"hour leak out. How many litres are in the tank after {hours} hours?",
        start + (fill - leak) * hours,
    )


def two_workers(d: Draw) -> Problem:
    first, second = d.names(2)
    a, b, hours = d.pick("a", 8, 20), d.pick("b", 5, 15), d.pick("hours", 3, 7)
    spoiled = d.pick("spoiled", 2, 9)
    return (
        f"{first} folds {a} boxes an hour and {second} folds {b} boxes an hour. They work together "
        f"for {hours} hours, but {spoiled} boxes are spoiled. How many good boxes are there?",
        (a + b) * hours - spoiled,
    )


def interest(d: Draw) -> Problem:
    (who,) = d.names(1)
    money, percent, years = d.pick("money", 200, 1200, 100), d.pick("percent", 2, 6), 3
    return (
        f"{who} lends ${money} at {percent}% simple interest a year. How many dollars, the loan "
        f"included, come back after {years} years?",
        money + money * percent * years // 100,
    )


def percent_increase(d: Draw) -> Problem:
    base, percent = d.pick("base", 200, 800, 100), d.pick("percent", 5, 45, 5)
    moved = d.pick("moved", 11, 60)
    return (
        f"A village had {base} inhabitants. Over ten years the number grew by {percent}%, and then "
        f"{moved} people moved away. How many inhabitants are there now?",
        base + base * percent // 100 - moved,
    )


def clock(d: Draw) -> Problem:
    (who,) = d.names(1)
    start, minutes = d.pick("start", 8, 11), d.pick("minutes", 5, 55, 5)
    later = d.pick("later", 2, 4)
    pause = d.pick("pause", 10, 40, 5)
    return (
        f"{who} starts work at {start}:{minutes:02d} and stops at {start + later}:{minutes:02d} "
        f"with one break of {pause} minutes. For how many minutes does {who} work?",
        60 * later - pause,
    )


def taxi(d: Draw) -> Problem:
    start, rate, distance = d.pick("start", 3, 6), d.pick("rate", 2, 4), d.pick("distance", 6, 30)
    people = d.pick("tip", 2, 8)
    return (
        f"A taxi ride costs ${start} plus ${rate} for each kilometre. A passenger rides "
        f"{distance} kilometres and gives a tip of ${people}. How many dollars does the passenger "
        "pay in all?",
        start + rate * distance + people,
    )


def stairs(d: Draw) -> Problem:
    (who,) = d.names(1)
    floors, steps, trips = d.pick("floors", 3, 9), d.pick("steps", 14, 22), d.pick("trips", 2, 5)
    return (
        f"{who} lives {floors} floors up, and each floor has {steps} steps. {who} goes down and up "
        f"again {trips} times a day. How many steps is that a day?",
        floors * steps * 2 * trips,
    )


def eggs(d: Draw) -> Problem:
    hens, days, dozen = d.pick("hens", 8, 20), d.pick("days", 3, 7), 12
    total = hens * days
    return (
        f"{hens} hens lay one egg each every day. The eggs of {days} days are packed by the dozen. "
        "How many full boxes of a dozen are there?",
        total // dozen,
    )


def three_siblings(d: Draw) -> Problem:
    first, second, third = d.names(3)
    base, more, times = d.pick("base", 6, 20), d.pick("more", 3, 11), d.pick("times", 2, 3)
    return (
        f"{first} found {base} chestnuts. {second} found {more} more than {first}, and {third} "
        f"found {times} times as many as {second}. How many did the three find together?",
        base + (base + more) + times * (base + more),
    )


def unit_price(d: Draw) -> Problem:
    small, price, wanted = d.pick("small", 3, 6), d.pick("price", 2, 5), d.pick("wanted", 7, 15)
    return (
        f"{small} kilograms of potatoes cost ${small * price}. At the same price, how many dollars "
        f"do {wanted} kilograms cost?",
        wanted * price,
    )


def catching_up(d: Draw) -> Problem:
    first, second = d.names(2)
    slow, gain, hours = d.pick("slow", 4, 6), d.pick("gain", 2, 4), d.pick("hours", 2, 5)
    return (
        f"{first} walks at {slow} kilometres per hour and is {gain * hours} kilometres ahead of "
        f"{second}, who follows on a bicycle at {slow + gain} kilometres per hour. After how many "
        f"hours does {second} catch up with {first}?",
        hours,
    )


def score_average(d: Draw) -> Problem:
    (who,) = d.names(1)
    mean, first, second = d.pick("mean", 70, 78), d.pick("first", 68, 75), d.pick("second", 72, 84)
    return (
        f"In two tests {who} got {first} and {second} points. How many points does {who} need in "
        f"the third test for an average of {mean} over all three?",
        3 * mean - first - second,
    )


def temperature(d: Draw) -> Problem:
    morning, rise, fall = d.pick("morning", -12, -2), d.pick("rise", 4, 13), d.pick("fall", 6, 16)
    return (
        f"In the morning it is {morning} degrees. By noon it gets {rise} degrees warmer, and by "
        f"midnight {fall} degrees colder than at noon. How many degrees is it at midnight?",
        morning + rise - fall,
    )


def library_fine(d: Draw) -> Problem:
    books, days, cents = d.pick("books", 2, 6), d.pick("days", 3, 12), d.pick("cents", 10, 30, 5)
    paid = d.pick("paid", 20, 50, 5)
    return (
        f"A library asks {cents} cents a day for each late book. Somebody brings {books} books "
        f"back {days} days late and pays {paid} cents at once. How many cents are still owed?",
        books * days * cents - paid,
    )


def paint(d: Draw) -> Problem:
    rooms, walls, area = d.pick("rooms", 2, 6), 4, d.pick("area", 9, 15)
    tin = d.pick("tin", 20, 40, 5)
    total = rooms * walls * area
    return (
        f"Each of {rooms} rooms has {walls} walls of {area} square metres. A tin of paint covers "
        f"{tin} square metres. How many tins must be bought to paint all the walls once?",
        -(-total // tin),
    )


def auction(d: Draw) -> Problem:
    start, step, bids = (
        d.pick("start", 40, 120, 10),
        d.pick("step", 5, 15, 5),
        d.pick("bids", 4, 12),
    )
    fee = 10
    return (
        f"The bidding for a clock starts at ${start}, and each of the {bids} bids after that is "
        f"${step} higher than the one before. The buyer pays the last bid and a fee of {fee}% of "
        f"the starting price. How many dollars does the buyer pay?",
        start + step * bids + start * fee // 100,
    )


def chairs(d: Draw) -> Problem:
    rows, per_row, extra = d.pick("rows", 8, 20), d.pick("per_row", 9, 18), d.pick("extra", 10, 40)
    return (
        f"A hall has {rows} rows of {per_row} chairs. {rows * per_row + extra} people have come, "
        "and the caretaker brings enough benches for the others, each for 2 people. How many "
        "benches are brought at the least?",
        -(-extra // 2),
    )


PROBLEMS = (
    *(collection, shopping_change, crates, train_arrival, average_speed, bus_seats, leftover),
    *(discount, wages, ages, share_equally, recipe, reading, fence, concert, saving),
    *(half_then_some, fraction_of_class, pump, two_workers, interest, percent_increase, clock),
    *(taxi, stairs, eggs, three_siblings, unit_price, catching_up, score_average, temperature),
    *(library_fine, paint, auction, chairs),
)

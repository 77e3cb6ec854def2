"""The topic "sales by region": charts and tables of one made-up company."""

from __future__ import annotations

from .blocks import Answer, callout, chart, header, pie, table, text
from .conversation import Conversation

REGIONS = ("North", "South", "Río Alto", "Zürich & Alps")
THIS_YEAR = (412, 358, 291, 187)
LAST_YEAR = (371, 366, 240, 171)
"""Sales per region in thousands of euros."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHLY = (82, 79, 94, 98, 103, 110, 104, 92, 112, 119, 124, 131)
"""Sales of all regions per month in thousands of euros; their sum is that of the regions."""
TOP_SELLERS = {"Trail bikes": 438, "Helmets": 291, "E-bike kits": 274, "Repairs": 245}
"""Sales per product in thousands of euros."""

FOLLOW_UPS = (
    "Compare sales with last year",
    "Show the monthly sales trend",
    "Show sales shares as a pie",
    "Which region grows fastest?",
)


def _growth() -> list[float]:
    return [round(100 * (now / before - 1), 1) for now, before in zip(THIS_YEAR, LAST_YEAR, strict=True)]


def _without(used: str) -> tuple[str, ...]:
    return tuple(words for words in (*FOLLOW_UPS, "Show me sales by region") if words != used)[:3]


def by_region(_asked: Conversation) -> Answer:
    total = sum(THIS_YEAR)
    shares = [f"{100 * value / total:.0f} %" for value in THIS_YEAR]
    return Answer(
        (
            header("Sales by region", "This year, in thousands of euros"),
            text(f"**{REGIONS[0]}** leads with {THIS_YEAR[0]} k€, a third of the {total:,} k€ in all."),
            chart("BarChart", REGIONS, {"Sales, k€": THIS_YEAR}, "grouped", "Region", "k€"),
            table({"Region": REGIONS, "Sales, k€": THIS_YEAR, "Share": shares}),
            callout(
                "info", "Worth a look", "Río Alto is third in size, but grows fastest: +21 % on last year."
            ),
        ),
        FOLLOW_UPS,
    )


def last_year(_asked: Conversation) -> Answer:
    change = [f"{value:+.1f} %" for value in _growth()]
    return Answer(
        (
            header("This year against last year", "Sales in thousands of euros"),
            text(f"All regions together: **{sum(LAST_YEAR):,} → {sum(THIS_YEAR):,} k€**, +8.7 %."),
            chart(
                "BarChart",
                REGIONS,
                {"Last year": LAST_YEAR, "This year": THIS_YEAR},
                "grouped",
                "Region",
                "k€",
            ),
            table({"Region": REGIONS, "Last year": LAST_YEAR, "This year": THIS_YEAR, "Change": change}),
            callout("warning", "One region fell", "South lost 2.2 %, while the other three gained."),
        ),
        _without(FOLLOW_UPS[0]),
    )


def trend(_asked: Conversation) -> Answer:
    return Answer(
        (
            header("Sales by month", "All regions, in thousands of euros"),
            chart("AreaChart", MONTHS, {"Sales, k€": MONTHLY}, "natural", "Month", "k€"),
            text(
                f"A dip in August, then up to **{MONTHLY[-1]} k€** in December – the best month of the year."
            ),
            table({"Month": MONTHS, "Sales, k€": MONTHLY}),
        ),
        _without(FOLLOW_UPS[1]),
    )


def shares(_asked: Conversation) -> Answer:
    return Answer(
        (
            header("Who brings in what", "Shares of this year's sales"),
            pie(REGIONS, THIS_YEAR),
            text("North and South together make 62 % of all sales; a year ago it was 64 %."),
        ),
        _without(FOLLOW_UPS[2]),
    )


def growth(_asked: Conversation) -> Answer:
    return Answer(
        (
            header("Growth by region", "Change on last year, in per cent"),
            text("**Río Alto** grows fastest, by 21 %. Two new shops opened there in spring. 🌱"),
            chart("HorizontalBarChart", REGIONS, {"Growth, %": _growth()}, "grouped"),
            table({"Region": REGIONS, "Growth, %": _growth()}),
        ),
        _without(FOLLOW_UPS[3]),
    )


def products(_asked: Conversation) -> Answer:
    return Answer(
        (
            header("Sales by product", "This year, in thousands of euros"),
            chart(
                "HorizontalBarChart", list(TOP_SELLERS), {"Sales, k€": list(TOP_SELLERS.values())}, "grouped"
            ),
            table({"Product": list(TOP_SELLERS), "Sales, k€": list(TOP_SELLERS.values())}),
            text("Trail bikes bring in the most; helmets sell in numbers, but at a tenth of the price."),
        ),
        FOLLOW_UPS[:3],
    )

"""Who and what is there from the start."""

from ..._meta.emulation.instagram import Account
from .records import Page, Person

__all__ = ["INSTAGRAMS", "PAGES", "TASKS", "people"]

TASKS = ("ANALYZE", "ADVERTISE", "MESSAGING", "MODERATE", "CREATE_CONTENT", "MANAGE")

BAKERY = Page(
    id="104000000000001",
    name="Marsh Bakery",
    username="marshbakery",
    category="Bakery",
    about="Bread, early.",
    instagram="17841400000000001",
)
GARAGE = Page(
    id="104000000000002",
    name="Stone Garage",
    username="stonegarage",
    category="Automotive Repair Shop",
    about="Old cars, mostly.",
)
CHOIR = Page(
    id="104000000000003",
    name="Hill Choir",
    username="hillchoir",
    category="Choir",
    about="Thursdays at eight.",
    instagram="17841400000000003",
)
PAGES = (BAKERY, GARAGE, CHOIR)

INSTAGRAMS = (
    Account(id="17841400000000001", username="marsh.bakery", name="Marsh Bakery"),
    Account(id="17841400000000003", username="hill.choir", name="Hill Choir"),
)


def people() -> tuple[Person, ...]:
    """Give ada with one Page, bert with two, and cleo with none."""
    return (
        Person(id="10158000000000001", login="ada", name="Ada Marsh", pages={BAKERY.id: TASKS}),
        Person(
            id="10158000000000002",
            login="bert",
            name="Bert Stone",
            pages={GARAGE.id: TASKS, CHOIR.id: ("ANALYZE", "MODERATE")},
        ),
        Person(id="10158000000000003", login="cleo", name="Cleo Hill", pages={}),
    )

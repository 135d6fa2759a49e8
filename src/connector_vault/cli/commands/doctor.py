"""`doctor`: look at everything, change nothing."""

from connector_vault.cli.exits import OK, PROBLEMS
from connector_vault.cli.paper import Answer, Table
from connector_vault.cli.place import Place

__all__ = ["doctor"]


def doctor(place: Place) -> Answer:
    """Look for what is wrong, and say how to mend it. Changes nothing.

    Ends with 3 if there is a problem; a warning is none.
    """
    from connector_vault.cli.checks import examine

    checks = examine(place)
    problems = sum(one.verdict == "problem" for one in checks)
    rows = [(one.verdict, one.name, one.finding) for one in checks]
    mend = tuple(f"{one.name}: {one.remedy}" for one in checks if one.remedy)
    words = (
        f"{problems} problem{'s' * (problems > 1)}, {len(checks)} checks."
        if problems
        else "No problems."
    )
    document = {"ok": not problems, "checks": [one.document() for one in checks]}
    advice = ("", "What to do:", *mend) if mend else ()
    code = PROBLEMS if problems else OK
    return Answer(document, (Table((), rows), *advice, "", words), code)

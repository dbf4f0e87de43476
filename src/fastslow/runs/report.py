"""The report of a run: one HTML file that holds everything, figures included, and asks no server."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fastslow.runs.progress import short


def number(value: float | str | None) -> str:
    """Three decimals; text as it is; a dash for what was not measured."""
    return "-" if value is None else value if isinstance(value, str) else f"{value:.3f}"


def verdict(measured: float | None, accepted: bool | None) -> str:
    """What is said of a claim; a preset that leaves out a condition cannot measure all of them."""
    if measured is None:
        return "not measured"
    return {None: "reported", True: "accepted", False: "not accepted"}[accepted]


def duration(seconds: float) -> str:
    """`3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def rate(steps: float) -> str:
    """`351k steps/s`."""
    return f"{short(steps)} steps/s"


def render(content: dict[str, Any]) -> str:
    """Fill the template; every text is escaped.

    **Arguments**: `content` with title, claim, sources, claims (rows), figures (name -> SVG in base64),
    departures, compared, manifest, configuration (text), seconds (part -> seconds), rates (part -> steps/s).
    """
    environment = Environment(
        loader=PackageLoader("fastslow.runs", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "duration": duration, "rate": rate}
    environment.globals["verdict"] = verdict
    return environment.get_template("report.html").render(**content)

"""What is left of a scenario: JUnit's XML for a CI, the trace, screenshots, meters over time, flash."""

from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement

from nocarrier_emulator.script import images
from nocarrier_emulator.script.play import PASSED, Outcome


def write(folder: Path, outcome: Outcome) -> None:
    """junit.xml, trace.txt, meters.csv, a file for each screenshot, and flash/, with a folder for each handheld."""
    folder.mkdir(parents=True, exist_ok=True)
    ElementTree(junit(outcome)).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)
    (folder / "trace.txt").write_text("\n".join(outcome.trace) + "\n")
    rows = ["seconds,handheld,bytes,cost,heap_free_bytes", *("%g,%s,%d,%g,%s" % _row(row) for row in outcome.meters)]
    (folder / "meters.csv").write_text("\n".join(rows) + "\n")
    for name, screen in outcome.screens.items():
        (folder / (name + ".txt")).write_text(screen + "\n")
        (folder / (name + ".png")).write_bytes(outcome.pictures[name])
    for name, image in outcome.flash.items():
        images.write(folder / "flash" / name, image)


def _row(row: tuple[float, str, int, float, int | None]) -> tuple[float, str, int, float, str]:
    return (*row[:4], "" if row[4] is None else str(row[4]))


def junit(outcome: Outcome) -> Element:
    """A suite with a case for each step; the steps after one that was not passed are skipped."""
    steps = outcome.script.steps
    failures = sum(result.outcome != PASSED for result in outcome.results)
    suite = Element(
        "testsuite",
        name=outcome.script.name,
        tests=str(len(steps)),
        failures=str(failures),
        skipped=str(len(steps) - len(outcome.results)),
        time="%.3f" % (outcome.results[-1].at_s if outcome.results else 0),
    )
    before_s = 0.0
    for step in steps:
        case = SubElement(suite, "testcase", classname=outcome.script.name, name=step.text())
        if step.number > len(outcome.results):
            SubElement(case, "skipped")
            continue
        result = outcome.results[step.number - 1]
        case.set("time", "%.3f" % (result.at_s - before_s))
        before_s = result.at_s
        if result.outcome != PASSED:
            SubElement(case, "failure", message=result.outcome).text = result.why
    return suite

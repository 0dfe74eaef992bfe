"""Rehearsals and what-if in a real browser: from choosing a disaster to the repairs, by mouse and keyboard, in both languages."""

from __future__ import annotations

import re
from contextlib import contextmanager

import numpy as np
import pytest
import rasterio

from anlan import anlan as reference_city

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(400)]

CASES = 8
DARKEST = (70, 3, 159)  # the mark of the longest time without service

FOCUSED = """(() => {
  const e = document.activeElement
  return e.closest('table') && e.tagName === 'BUTTON' ? 'row' : e.tagName + (e.className ? '.' + e.className : '')
})()"""


@pytest.fixture(scope="module")
def place(serving, tmp_path_factory):
    """Address of a city of 2,000 assets."""
    with reference_city(tmp_path_factory.mktemp("rehearse") / "city") as city, serving(city) as address:
        yield address


@pytest.fixture(scope="module")
def first_visit(place, visit):
    """What the page showed while its first disaster was rehearsed."""
    with visit(place) as seen:
        page, told = seen.page, {}
        page.get_by_role("tab", name="Rehearse").click()
        page.locator("#panel .empty").wait_for()
        told["empty"] = page.locator("#panel .empty").inner_text()
        page.get_by_label("Disaster").select_option("quake-m6.0")
        page.get_by_label("Cases").fill(str(CASES))
        page.get_by_role("button", name="Run", exact=True).click()
        page.locator("#panel progress").wait_for()
        told["progress"] = page.locator("#panel .progress").inner_text()
        told["started twice"] = page.get_by_role("button", name="Run", exact=True).is_enabled()
        page.locator(".headline").wait_for(timeout=300_000)
        told["after"] = page.locator("#panel progress").count()
        told["complaints"] = [text for text in seen.complaints if "GPU stall" not in text]
        told["foreign"] = [url for url in seen.requests if not url.startswith((place, "blob:", "data:"))]
        return told


@pytest.fixture
def opened(first_visit, place, visit):
    """opened(tab, ...) visits a city that has been shaken."""

    @contextmanager
    def go(tab, **window):
        with visit(place, **window) as seen:
            seen.page.locator(f"#tab-{tab}").click()
            if tab == "rehearse":
                seen.page.locator(".headline").wait_for()
            seen.settle()
            yield seen

    return go


def ask(page, path):
    return page.evaluate(f"fetch('api/{path}').then((r) => r.json())")


def tables(page, *names):
    run = ask(page, "runs?capability=scenario")[-1]["id"]
    return [ask(page, f"runs/{run}/tables/{name}")["rows"] for name in names]


def marked(page):
    """Number of pixels of the map in the colour of the darkest marks."""
    with rasterio.MemoryFile(page.locator(".map").screenshot()) as file, file.open() as image:
        shown = np.moveaxis(image.read([1, 2, 3]), 0, -1).astype(int)
    return int((np.abs(shown - np.array(DARKEST)).max(axis=-1) <= 24).sum())


def number(text):
    return int(text.replace(",", ""))


def test_a_disaster_is_started_watched_and_shown(first_visit):
    assert "Nothing has been rehearsed" in first_visit["empty"]
    assert re.search(r"Getting the networks ready|\d+ of 8 cases|All 8 cases", first_visit["progress"])
    assert first_visit["started twice"] is False and first_visit["after"] == 0
    assert first_visit["complaints"] == [] and first_visit["foreign"] == []


def test_the_headline_says_how_many_lack_what_at_24_hours(opened):
    with opened("rehearse") as seen:
        impact, curves = tables(seen.page, "impact", "curves")
        day = {row["service"]: row for row in curves if row["hour"] == 24 and row["p95"] > 0}
        rows = seen.page.locator(".headline tbody tr:has(.severity)")
        assert rows.count() == len(day) > 3
        shown = [number(text) for text in rows.locator("strong").all_inner_texts()]
        assert shown == sorted((int(row["p50"] + 0.5) for row in day.values()), reverse=True)
        water = seen.page.locator(".headline tbody tr", has_text="water").inner_text()
        users = next(row["people"] for row in impact if row["service"] == "water")
        assert f"of {users:,.0f}" in water and f"{day['water']['p5']:,.0f} to {day['water']['p95']:,.0f}" in water
        assert re.search(r"\d+ (hrs?|days?)", water)
        marks = rows.locator(".severity")
        assert marks.locator("svg path, svg circle").count() == rows.count(), "a shape"
        assert all(text.strip() in ("half or more", "a tenth or more", "fewer than a tenth", "in few cases") for text in marks.all_inner_texts()), "and words"


def test_what_to_mend_first_leads_to_the_asset(opened):
    with opened("rehearse") as seen:
        (order,) = tables(seen.page, "order")
        first = list({row["team"]: row["id"] for row in reversed(order)}.values())
        links = seen.page.locator(".headline li button.link").all_inner_texts()
        assert set(links) == set(first) and links[0] == order[0]["id"]
        seen.page.locator(".headline li button.link").first.click()
        seen.page.locator(".card").wait_for()
        assert seen.page.locator(".card h2").inner_text() == order[0]["id"]


def test_the_chart_shows_every_service_and_the_band_of_the_chosen_one(opened):
    with opened("rehearse") as seen:
        (curves,) = tables(seen.page, "curves")
        lost = {row["service"] for row in curves if row["p95"] > 0}
        chart = seen.page.locator(".chart")
        assert chart.locator("polyline").count() == len(lost) and chart.locator("polygon").count() == 1
        looks = {(line.get_attribute("stroke"), line.get_attribute("stroke-dasharray")) for line in chart.locator("polyline").all()}
        assert len(looks) == len(lost) and len({dash for _, dash in looks}) > 1, "told apart without colour too"
        before = chart.locator("polygon").get_attribute("points")
        chart.get_by_role("button", name="drainage").click()
        assert chart.get_by_role("button", name="drainage").get_attribute("aria-pressed") == "true"
        assert chart.locator("polygon").get_attribute("points") != before
        assert "drainage" in chart.locator("figcaption small").inner_text()
        assert chart.locator("svg[role=img]").get_attribute("aria-label")


def test_hours_without_service_are_on_the_map_and_can_be_taken_off(opened):
    with opened("rehearse") as seen:
        choice = seen.page.get_by_label("On the map")
        some = marked(seen.page)
        assert some > 200, "marks of the longest times"
        box = seen.page.locator(".map").bounding_box()
        assert some < 0.05 * box["width"] * box["height"], "the marks do not hide the city"
        assert seen.page.locator(".scale").get_attribute("aria-label")
        choice.select_option("hours_without_water")
        seen.settle()
        assert marked(seen.page) > 50
        choice.select_option("")
        seen.settle()
        assert marked(seen.page) < 20 and seen.page.locator(".scale").count() == 0
        choice.select_option("hours_without")
        seen.page.locator("#tab-summary").click()
        seen.settle()
        assert marked(seen.page) < 20, "the marks leave with the panel"


def test_tables_name_kinds_services_and_spreads_in_words(opened):
    with opened("rehearse") as seen:
        page = seen.page
        page.evaluate("document.querySelectorAll('#panel details').forEach((d) => (d.open = true))")
        heads = page.locator("#panel details summary").all_inner_texts()
        assert heads == ["What to mend first", "Impact by service", "What fails", "People without service by hour", "Orders of repair compared"]
        kinds = {kind["name"] for kind in ask(page, "catalog")["kinds"]}
        cells = page.locator("#panel details tbody td").all_inner_texts()
        assert not kinds & {cell.strip() for cell in cells} and not any("_" in cell and ":" not in cell for cell in cells)
        assert not [head for head in page.locator("#panel th").all_inner_texts() if "_" in head or "p50" in head]
        assert page.evaluate("[...document.querySelectorAll('#panel .wide')].slice(0, 3).every((e) => e.scrollWidth <= e.clientWidth)"), "nothing to scroll sideways for"
        impact = page.locator("#panel details", has_text="Impact by service").locator("tbody tr", has_text="water")
        assert re.search(r"[\d,]+ \([\d,]+ to [\d,]+\)|10,325", impact.inner_text()) and "%" in impact.inner_text()


def test_the_report_is_a_page_of_its_own_with_figures(opened):
    with opened("rehearse") as seen:
        with seen.page.context.expect_page() as opening:
            seen.page.get_by_role("link", name="Report").click()
        report = opening.value
        report.wait_for_load_state()
        assert report.locator("figure svg").count() >= 3 and report.locator("figure svg").first.bounding_box()["width"] > 300
        assert report.locator("table").count() > 3 and "6.0" in report.locator("body").inner_text()
        assert [url for url in seen.requests if not url.startswith((seen.origin, "blob:", "data:"))] == []
        assert [text for text in seen.complaints if "GPU stall" not in text] == []


def test_everything_is_reached_without_a_mouse(opened):
    with opened("summary") as seen:
        page, keys = seen.page, seen.page.keyboard
        page.locator("#tab-summary").focus()
        for _ in range(3):
            keys.press("ArrowRight")
        page.locator(".headline").wait_for()
        assert page.evaluate("document.activeElement.id") == "tab-rehearse"
        reached = []
        for _ in range(60):
            keys.press("Tab")
            reached.append(page.evaluate(FOCUSED))
            if reached[-1] == "row":
                break
        assert {"SELECT", "INPUT", "A", "BUTTON.key", "BUTTON.link", "SUMMARY", "row"} <= set(reached)
        name = page.evaluate("document.activeElement.textContent")
        keys.press("Enter")
        page.locator(".card").wait_for()
        assert page.locator(".card h2").inner_text() == name
        page.get_by_role("group", name="Try").get_by_role("button").first.focus()
        keys.press("Enter")
        page.locator("#panel .changes").wait_for()
        assert page.locator("#tab-whatif").get_attribute("aria-selected") == "true" and name in page.locator(".changes").inner_text()


def words(page):
    """Words in Latin letters in the panel, ids and what a reader typed apart."""
    text = page.evaluate("""(() => {
      const panel = document.getElementById('panel').cloneNode(true)
      panel.querySelectorAll('button.link').forEach((e) => e.remove())
      const said = [...panel.querySelectorAll('[aria-label]')].map((e) => e.getAttribute('aria-label'))
      return [...document.querySelectorAll('[role=tab]')].map((e) => e.textContent).concat(panel.textContent, said).join(' ')
    })()""")
    return set(re.findall(r"[A-Za-z_]{2,}", text)) - {"GB"}, bool(re.search(r"[\u4e00-\u9fff]", text))


@pytest.mark.parametrize("tab", ["rehearse", "whatif"])
def test_no_text_of_the_panels_is_left_untranslated(opened, tab):
    with opened(tab, locale="zh-CN") as seen:
        if tab == "whatif":
            seen.page.locator("#panel input[type=text]").fill(ask(seen.page, "assets/power.external_grid?columns=id")["rows"][0]["id"])
            assert seen.page.locator("#panel form option").count() == 1, "a source works or does not, there is nothing to isolate"
            seen.page.locator("#panel form button").click()
            seen.page.locator(".losses").wait_for()
        latin, chinese = words(seen.page)
        assert latin == set() and chinese
        seen.page.get_by_role("button", name="English").click()
        latin, chinese = words(seen.page)
        assert len(latin) > 20 and not chinese


def test_what_if_a_transformer_is_cut_off(opened):
    with opened("whatif") as seen:
        page = seen.page
        name = next(row["id"] for row in ask(page, "assets/power.transformer?columns=id")["rows"])
        page.get_by_label("Asset").fill(name)
        page.get_by_label("Action").select_option("isolate")
        page.get_by_role("button", name="Try it").click()
        page.locator(".losses").wait_for()
        ms = re.search(r"answered in ([\d,]+) ms", page.locator("#panel").inner_text())
        assert ms and number(ms[1]) < 60_000
        electricity = page.locator(".losses tr", has_text="electricity")
        lost = number(electricity.locator("td").inner_text())
        assert lost > 0 and page.locator("#tab-whatif .badge").inner_text() == "1"
        assert page.locator(".supplies .severity svg").count() == page.locator(".supplies tbody tr").count() > 0
        assert int(re.search(r"stop working: (\d+)", page.locator("#panel").inner_text())[1]) > 0
        assert page.get_by_role("button", name="Redo").is_disabled()
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("Nobody loses a service.").wait_for()
        assert page.get_by_text("No change is laid over the city.").is_visible() and page.get_by_role("button", name="Undo").is_disabled()
        page.get_by_role("button", name="Redo").click()
        page.locator(".losses").wait_for()
        assert number(electricity.locator("td").inner_text()) == lost
        page.locator(".changes button.link").click()
        page.get_by_role("group", name="Try").get_by_role("button", name="connect").click()
        page.get_by_text("Nobody loses a service.").wait_for()
        assert page.locator(".changes li").count() == 2
        page.get_by_role("button", name="Take all back").click()
        page.get_by_text("No change is laid over the city.").wait_for()
        assert [text for text in seen.complaints if "GPU stall" not in text] == []


def test_what_cannot_be_done_is_said_on_the_page(opened):
    with opened("whatif") as seen:
        page = seen.page
        page.get_by_label("Asset").fill("water.pipe:nowhere")
        page.get_by_role("button", name="Try it").click()
        page.get_by_role("alert").wait_for()
        assert page.get_by_role("alert").inner_text().startswith("Not done: no network or service has this asset")
        assert page.locator("#panel .changes").count() == 0
        page.get_by_role("alert").get_by_role("button", name="Close").click()
        assert page.get_by_role("alert").count() == 0
        page.get_by_label("Asset").fill("power.line:nowhere")
        assert page.get_by_label("Action").locator("option").all_inner_texts() == ["out of service", "isolate", "connect"], "a cable does not burst"
        page.route("**/api/what-if", lambda route: route.abort())
        page.get_by_role("button", name="Try it").click()
        page.get_by_role("alert").wait_for()
        assert page.get_by_role("alert").inner_text().startswith("The server did not answer"), "no answer is not a refusal"


@pytest.mark.parametrize("width", [1100, 820, 420])
def test_small_screens_show_everything(opened, width):
    with opened("rehearse", width=width, height=900) as seen:
        page = seen.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width > 800:
            assert len({round(tab.bounding_box()["y"]) for tab in page.get_by_role("tab").all()}) == 1, "the tabs stand in one row"
        for box in (page.locator(".headline"), page.locator(".chart"), page.get_by_role("button", name="Run", exact=True)):
            box.scroll_into_view_if_needed()
            found = box.bounding_box()
            assert found["x"] >= 0 and found["x"] + found["width"] <= width
        if width <= 820:
            assert page.locator("#side").bounding_box()["width"] == width, "the panel lies below the map"
        page.get_by_role("tab", name="What if").click()
        page.get_by_label("Asset").fill("water.pipe:nowhere")
        page.get_by_role("button", name="Try it").click()
        page.get_by_role("alert").wait_for()
        assert page.evaluate("(() => { const b = document.querySelector('[role=alert]').getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight })()")


def test_a_long_rehearsal_is_cancelled_and_keeps_what_is_finished(opened):
    with opened("rehearse") as seen:
        page = seen.page
        page.get_by_label("Disaster").select_option("quake-m6.0")
        page.get_by_label("Cases").fill("100000")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text(re.compile(r"[1-9][\d,]* of 100,000 cases")).wait_for(timeout=300_000)
        assert "without service after 24 hrs" in page.locator("#panel .progress").inner_text()
        page.get_by_role("button", name="Cancel").click()
        assert page.get_by_role("button", name="Stopping").is_disabled()
        page.get_by_text("Cancelled after").wait_for(timeout=300_000)
        done = number(re.search(r"Cancelled after ([\d,]+) of 100,000", page.locator("#panel").inner_text())[1])
        assert 0 < done < 100_000
        page.get_by_text(f"{done:,} of {done:,} cases solved").wait_for()
        assert page.get_by_label("Result").locator("option").count() == 2

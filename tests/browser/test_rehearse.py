"""Rehearsals and what-if in a real browser: from choosing a disaster to the repairs, by mouse and keyboard, in both languages."""

from __future__ import annotations

import re
from contextlib import contextmanager

import numpy as np
import pytest
import rasterio

from anlan import anlan as reference_city

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

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
        page.locator("#wish-samples").fill(str(CASES))
        page.get_by_role("button", name="Run", exact=True).click()
        page.locator("#panel progress").wait_for()
        told["progress"] = page.locator("#panel .progress").inner_text()
        told["started twice"] = page.get_by_role("button", name="Run", exact=True).is_enabled()
        told["stages"] = set()
        while page.locator("#panel progress").count():
            told["stages"] |= set(page.locator("#panel .stage").all_inner_texts())
            page.wait_for_timeout(50)
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
    return int((np.abs(picture(page) - np.array(DARKEST)).max(axis=-1) <= 24).sum())


def number(text):
    return int(text.replace(",", ""))


def test_a_disaster_is_started_watched_and_shown(first_visit):
    assert "Nothing has been rehearsed" in first_visit["empty"]
    assert re.search(r"reading the city|getting the networks ready|computing the cases", first_visit["progress"])
    assert len([text for text in first_visit["stages"] if text.startswith("Earthquake of magnitude 6.0: ")]) >= 2, "the stages are named as they come"
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
        assert "(proven; mean of the" in seen.page.locator(".headline p.bound").first.inner_text()
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


def shown_on_map(page, what):
    page.locator(".runmap select").first.select_option(what)
    page.wait_for_timeout(100)
    page.locator(".runmap [role=status]").wait_for(state="detached")


def picture(page):
    """(height, width, 3) pixels of the map."""
    with rasterio.MemoryFile(page.locator(".map").screenshot()) as file, file.open() as image:
        return np.moveaxis(image.read([1, 2, 3]), 0, -1).astype(int)


def test_hours_without_service_are_on_the_map_and_can_be_taken_off(opened):
    with opened("rehearse") as seen:
        shown_on_map(seen.page, "hours")
        seen.settle()
        some = marked(seen.page)
        assert some > 200, "marks of the longest times"
        box = seen.page.locator(".map").bounding_box()
        assert some < 0.05 * box["width"] * box["height"], "the marks do not hide the city"
        assert "hr" in seen.page.locator(".scale").get_attribute("aria-label") or "day" in seen.page.locator(".scale").get_attribute("aria-label")
        seen.page.locator(".runmap select").nth(1).select_option("water")
        seen.settle()
        assert marked(seen.page) > 50
        shown_on_map(seen.page, "")
        seen.settle()
        assert marked(seen.page) < 20 and seen.page.locator(".scale").count() == 0
        shown_on_map(seen.page, "hours")
        seen.page.locator("#tab-summary").click()
        seen.settle()
        assert marked(seen.page) < 20, "the marks leave with the panel"


def test_the_probability_of_being_without_follows_the_hour(opened):
    with opened("rehearse") as seen:
        page = seen.page
        run = ask(page, "runs?capability=scenario")[-1]["id"]
        service = page.locator(".runmap select").nth(1).input_value()
        rows = ask(page, f"runs/{run}/tables/outage?service={service}&limit=5000")["rows"]
        hours = [name for name in rows[0] if re.fullmatch(r"h[\d.]+", name)]
        slider = page.get_by_role("slider")
        assert slider.get_attribute("aria-valuetext") == "24 hrs" and page.locator(".slider output").inner_text() == "24 hrs"
        page.locator(".runmap summary").click()
        table = page.locator(".runmap tbody tr")

        def expected(column):
            given = sorted((row for row in rows if row[column] > 0), key=lambda row: -row[column])
            return len(given), given[0] if given else None

        for step in (0, hours.index("h24"), len(hours) - 1):
            slider.fill(str(step))
            number, first = expected(hours[step])
            assert table.count() == min(number, 40), hours[step]
            if first:
                share = float(table.first.locator("td").last.inner_text().rstrip("%")) / 100
                assert share == pytest.approx(first[hours[step]], abs=0.0006)
        slider.fill("0")
        slider.focus()
        page.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == "1 hr", "by keyboard"
        assert page.locator(".chart .now").count() == 1, "the chart marks the hour"
        slider.fill(str(len(hours) - 1))
        seen.settle()
        late = picture(page)
        slider.fill(str(hours.index("h24")))
        seen.settle()
        day = picture(page)
        assert (np.abs(day - late).max(axis=-1) > 20).sum() > 100, "the marks follow the hour"
        page.get_by_label("by zone").check()
        seen.settle()
        zones = ask(page, f"runs/{run}/tables/zones?service={service}")["rows"]
        assert table.count() == sum(row["h24"] > 0 for row in zones) > 3
        assert (np.abs(picture(page) - day).max(axis=-1) > 20).mean() > 0.1, "areas are tinted instead of marks"


def test_what_breaks_and_what_each_team_mends_are_on_the_map(opened):
    with opened("rehearse") as seen:
        page = seen.page
        assets, order = tables(page, "assets", "order")
        shown_on_map(page, "fails")
        seen.settle()
        page.locator(".runmap summary").click()
        worst = max(assets, key=lambda row: row["fails"])["fails"]
        assert page.locator(".runmap tbody tr").count() == min(40, sum(row["fails"] > 0 for row in assets))
        assert float(page.locator(".runmap tbody tr").first.locator("td").last.inner_text().rstrip("%")) == pytest.approx(100 * worst, abs=0.06)
        shown_on_map(page, "order")
        seen.settle()
        seen.wait("Object.keys(window.__marks()).length > 0")
        teams = list(dict.fromkeys(row["team"] for row in order))
        icons, at = set(), dict.fromkeys(teams, 0)
        for row in order[:200]:
            at[row["team"]] += 1
            icons.add(f"rank/{teams.index(row['team'])}/{at[row['team']]}")
        drawn = page.evaluate("window.__marks()")
        assert set(drawn) <= icons and len(drawn) > 0.8 * len(icons), "each asset with its number in its own team"
        assert page.locator(".keys span").count() == len(teams) and page.locator(".keys path").count() == len(teams)
        assert [text for text in seen.complaints if "GPU stall" not in text] == []


def test_wrong_wishes_are_named_at_their_fields_and_nothing_is_started(opened):
    with opened("rehearse") as seen:
        page = seen.page
        page.locator("#wish-samples").fill("0")
        page.get_by_text("More choices").click()
        page.get_by_label("Crews, Water supply").fill("-2")
        page.get_by_role("button", name="Run", exact=True).click()
        said = page.locator(".wish .wrong").all_inner_texts()
        assert said == ["Cases: give a whole number from 1 to 100,000.", "Crews, Water supply: give a whole number from 0 to 10,000."]
        cases = page.locator("#wish-samples")
        assert cases.get_attribute("aria-invalid") == "true" and page.evaluate("document.activeElement.id") == "wish-samples"
        assert page.locator(f"#{cases.get_attribute('aria-describedby')}").inner_text() == said[0]
        assert page.locator(".progress").count() == 0


def test_the_hazard_can_be_another_than_the_presets(opened):
    with opened("rehearse") as seen:
        page = seen.page
        page.get_by_label("Disaster").select_option("quake-m6.0")
        page.locator("#wish-samples").fill(str(CASES))
        page.get_by_text("More choices").click()
        magnitude = page.get_by_label("moment magnitude")
        assert magnitude.input_value() == "6" and page.get_by_label("depth of the hypocentre").input_value() == "10000"
        magnitude.fill("strong")
        page.get_by_role("button", name="Run", exact=True).click()
        assert magnitude.get_attribute("aria-invalid") == "true" and page.evaluate("document.activeElement.id") == "wish-parameters.magnitude"
        page.get_by_role("button", name="As the scenario has it").click()
        assert magnitude.input_value() == "6"
        magnitude.fill("6.8")
        page.get_by_label("mechanism").select_option("reverse")
        page.get_by_text("2 changed").wait_for()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_label("Result").locator("option:checked", has_text="Earthquake: moment magnitude 6.8, mechanism reverse").wait_for(state="attached", timeout=300_000)
        asked = ask(page, "runs?capability=scenario")[0]["parameters"]
        assert asked["name"] == "quake-own" and asked["samples"] == CASES
        assert asked["parameters"]["magnitude"] == 6.8 and asked["parameters"]["mechanism"] == "reverse"


def test_tables_name_kinds_services_and_spreads_in_words(opened):
    with opened("rehearse") as seen:
        page = seen.page
        page.evaluate("document.querySelectorAll('#panel details').forEach((d) => (d.open = true))")
        heads = page.locator("#panel details summary").all_inner_texts()
        assert [head for head in heads if not head.startswith("As a table")] == [
            "More choices", "What to mend first", "Impact by service", "What fails", "People without service by hour", "Share of the people without, by zone and hour",
            "Orders of repair compared",
        ]  # fmt: skip
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
        assert report.locator("table").count() > 3 and "地震" in report.locator("h1").inner_text()
        for width, medium in ((1440, "screen"), (390, "screen"), (700, "print")):  # 700 px are the text width of A4
            report.set_viewport_size({"width": width, "height": 900})
            report.emulate_media(media=medium)
            assert report.evaluate("document.documentElement.scrollWidth") <= width, (width, medium)
        assert report.evaluate("[...document.querySelectorAll('table')].every((e) => e.getBoundingClientRect().right <= innerWidth)"), "no table is cut off on paper"
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
        for _ in range(90):
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
    return set(re.findall(r"[A-Za-z_]{2,}", text)) - {"GB", "kPa"}, bool(re.search(r"[\u4e00-\u9fff]", text))


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


def test_what_if_is_marked_on_the_map_and_picked_from_it(opened):
    with opened("whatif") as seen:
        page = seen.page
        pipe = max(ask(page, "assets/water.pipe?columns=id,diameter")["rows"], key=lambda row: row["diameter"])["id"]
        page.get_by_label("Asset").fill(pipe)
        page.get_by_label("Action").select_option("burst")
        page.get_by_role("button", name="Try it").click()
        page.locator(".states li").first.wait_for()
        seen.settle()
        effect = ask(page, "what-if/" + page.evaluate("performance.getEntriesByType('resource').map((e) => /what-if\\/(\\d+)\\/map/.exec(e.name)?.[1]).filter(Boolean).at(-1)"))
        legend = dict(re.findall(r"(changed by you|stops working|loses a service|gets less of a service|a reading moves)\s+(\d+)", page.locator(".states").inner_text()))
        assert legend["changed by you"] == "1" and int(legend["stops working"]) == len({a["id"] for a in effect["assets"]} - {pipe})
        assert page.locator(".states svg path").count() == 2 * len(legend), "a shape and a sign each, besides words and colour"
        drawn = page.evaluate("window.__marks()")
        assert drawn["changed"] == 1 and drawn["stopped"] > 0.5 * int(legend["stops working"])
        before, after = page.locator(".readings tbody tr").first.locator("td.n").all_inner_texts()
        assert before.endswith(("kPa", "°C")) and after != before
        marks = ask(page, f"what-if/{effect['overlay']}/map")["features"]
        stopped = next(f for f in marks if f["properties"]["state"] == "stopped" and f["geometry"]["type"] == "Point")
        lon, lat = stopped["geometry"]["coordinates"]
        page.evaluate(f"window.__goto({lon}, {lat})")
        seen.settle()
        across, down = page.evaluate(f"window.__project({lon}, {lat})")
        box = page.locator(".map canvas").bounding_box()
        page.mouse.click(box["x"] + across, box["y"] + down)
        page.locator(".card").wait_for()
        assert page.get_by_label("Asset").input_value() == page.locator(".card h2").inner_text(), "what is picked is what is tried next"
        page.locator("#tab-whatif").focus()
        page.keyboard.press("Control+z")
        page.get_by_text("No change is laid over the city.").wait_for()
        seen.settle()
        assert page.evaluate("window.__marks()") == {} and page.locator(".states").count() == 0
        page.keyboard.press("Control+Shift+Z")
        page.locator(".states li").first.wait_for()
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
        before = page.get_by_label("Result").locator("option").count()
        page.get_by_label("Disaster").select_option("quake-m6.0")
        page.locator("#wish-samples").fill("100000")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text(re.compile(r"[1-9][\d,]* of 100,000 cases")).wait_for(timeout=300_000)
        told = page.locator("#panel .progress").inner_text()
        assert "People without after 24 hrs" in told and re.search(r"about .* left for the cases", told) and re.search(r"solved\s+\d+", told)
        assert page.locator(".sofar tbody tr").count() > 3
        page.get_by_role("button", name="Cancel").click()
        assert page.get_by_role("button", name="Stopping").is_disabled()
        page.get_by_text("Cancelled after").wait_for(timeout=300_000)
        done = number(re.search(r"Cancelled after ([\d,]+) of 100,000", page.locator("#panel").inner_text())[1])
        assert 0 < done < 100_000
        page.get_by_text(f"{done:,} of {done:,} cases solved").wait_for()
        assert page.get_by_label("Result").locator("option").count() == before + 1
        assert f"{100_000 - done:,} cases are missing" in page.locator(".owed").inner_text()
        page.get_by_role("button", name="Go on with the rest").click()
        page.get_by_text(f"{done:,} found from before").wait_for(timeout=300_000)
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("Cancelled after").wait_for(timeout=300_000)


def test_two_runs_stand_side_by_side(opened):
    with opened("rehearse", width=1440, height=900) as seen:
        page = seen.page
        page.get_by_label("Disaster").select_option("outage-substations")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_label("Result").locator("option:checked", has_text="Each substation in turn").wait_for(state="attached", timeout=300_000)
        choice = page.get_by_label("Compare with")
        choice.select_option(index=choice.locator("option").count() - 1)
        page.locator(".compare").wait_for()
        newest, oldest = (ask(page, "runs?capability=scenario")[at]["id"] for at in (0, -1))
        curves = [ask(page, f"runs/{run}/tables/curves?limit=5000")["rows"] for run in (newest, oldest)]
        water = page.locator(".compare tbody tr", has_text="water").first.locator("td").all_inner_texts()
        medians = [next((row["p50"] for row in rows if row["service"] == "water" and row["hour"] == 24), 0) for rows in curves]
        assert [number(text) for text in water[:2]] == [int(value + 0.5) for value in medians]
        assert page.locator(".compare .chart").count() == 2
        tops = [page.locator(".compare .chart").nth(at).locator(".grid text").nth(2).text_content() for at in (0, 1)]
        assert tops[0] == tops[1], "one scale"
        assert page.locator("#side").bounding_box()["width"] > 700 and page.evaluate("document.documentElement.scrollWidth") <= 1440
        choice.select_option("")
        assert page.locator(".compare").count() == 0 and page.locator("#side").bounding_box()["width"] < 500


def test_a_server_that_is_gone_is_said_and_asked_again(opened):
    with opened("rehearse") as seen:
        page = seen.page
        page.get_by_label("Disaster").select_option("quake-m6.0")
        page.locator("#wish-samples").fill("64")
        page.get_by_role("button", name="Run", exact=True).click()
        page.locator("#panel progress").wait_for()
        page.route("**/api/scenarios/jobs/**", lambda route: route.abort())
        page.get_by_text("The server does not answer").wait_for(timeout=20_000)
        page.unroute("**/api/scenarios/jobs/**")
        page.get_by_text("The server does not answer").wait_for(state="detached", timeout=20_000)
        page.locator("#panel progress").wait_for(state="detached", timeout=300_000)

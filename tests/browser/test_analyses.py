"""Analyses in a real browser: a water capability from the list to its answer, its report, and the kept run after a reload."""

from __future__ import annotations

import pytest

from anlan import anlan as reference_city

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def place(serving, tmp_path_factory):
    """Address of a city of 2,000 assets, and one of its pipes."""
    with reference_city(tmp_path_factory.mktemp("analyses") / "city") as city, serving(city) as address:
        yield address, city.table("water.pipe", columns=["id"], limit=1)["id"][0].as_py()


def field(page, name):
    return page.locator(f"#of-{name}")


def test_a_break_is_isolated_from_the_list_to_the_report_and_found_again_after_a_reload(place, visit):
    address, pipe = place
    with visit(address) as seen:
        page = seen.page
        page.locator("#tab-analyses").click()
        page.get_by_label("Find", exact=True).fill("broken valves")
        assert [b.inner_text().split("\n")[0] for b in page.locator(".offer button").all()] == ["Isolate a broken pipe"]
        page.locator(".offer button").focus()
        page.keyboard.press("Enter")
        assert page.locator(".chosen-title").inner_text() == "Isolate a broken pipe"
        seen.wait("document.activeElement.className === 'chosen-title'")

        page.get_by_role("button", name="Compute").click()
        assert page.locator("#wrong-of-pipe").inner_text() == "This is needed." and field(page, "pipe").get_attribute("aria-invalid") == "true"
        field(page, "pipe").fill("water.pipe:NOPE")
        page.get_by_role("button", name="Compute").click()
        seen.wait("(document.querySelector('#wrong-of-pipe')?.textContent ?? '').includes('NOPE')")
        assert "is no pipe" in page.locator("#wrong-of-pipe").inner_text()
        assert "wrong-of-pipe" in field(page, "pipe").get_attribute("aria-describedby")
        seen.wait("document.activeElement.id === 'of-pipe'")

        field(page, "pipe").fill(pipe)
        page.keyboard.press("Enter")
        page.locator(".answer").wait_for(timeout=60_000)
        run = page.evaluate("fetch('api/runs?capability=water.isolate_break').then((r) => r.json())")[0]
        facts = {row.locator("th").inner_text(): row.locator("td").inner_text() for row in page.locator(".facts tr").all()}
        assert facts["valves to close"] == str(run["summary"]["valves_to_close"]) and facts["pipe"] == pipe
        assert facts["people without water"].replace(",", "") == str(run["summary"]["people_without_water"])
        seen.settle()
        marks = seen.wait("Object.keys(window.__marks()).length && window.__marks()")
        assert sum(marks.values()) == run["summary"]["emptied_pipes"] + len([r for r in rows(page, run["id"], "pipes") if r["state"] == "cut off"])
        assert page.locator(".answer > details").first.locator("tbody tr").count() == min(40, len(rows(page, run["id"], "pipes")))

        with page.context.expect_page() as opened:
            page.locator(".answer .tools a").click()
        report = opened.value
        report.wait_for_load_state()
        assert "Isolate a broken pipe" in report.locator("h1").inner_text() and pipe in report.locator("#summary + table").inner_text()
        report.close()

        page.reload()
        seen.settle()
        page.locator("#tab-analyses").click()
        kept = page.locator(".runs tbody tr")
        kept.first.wait_for()
        assert kept.count() == 1 and "Isolate a broken pipe" in kept.inner_text() and pipe in kept.inner_text() and "done" in kept.inner_text()
        kept.locator("button.link").click()
        page.locator(".answer").wait_for()
        assert field(page, "pipe").input_value() == pipe
        assert page.locator(".facts tr", has_text="valves to close").locator("td").inner_text() == facts["valves to close"]
        assert [text for text in seen.complaints if "GPU stall" not in text and "404" not in text] == []


def rows(page, run, table):
    return page.evaluate(f"fetch('api/runs/{run}/tables/{table}').then((r) => r.json())")["rows"]


def test_the_asset_of_the_map_is_handed_to_an_analysis(place, visit):
    address, pipe = place
    with visit(address) as seen:
        page = seen.page
        page.locator("#tab-whatif").click()
        page.get_by_label("Asset").fill(pipe)
        page.get_by_role("button", name="Try it").click()
        page.locator(".changes button.link").click()
        page.locator(".card .actions").get_by_role("button", name="Isolate a broken pipe").click()
        assert page.locator("#tab-analyses").get_attribute("aria-selected") == "true" and field(page, "pipe").input_value() == pipe
        field(page, "pipe").fill("")
        page.get_by_role("button", name=f"Take {pipe} from the map").click()
        assert field(page, "pipe").input_value() == pipe


def test_figures_tables_and_words_in_chinese(place, visit):
    with visit(place[0], width=420, height=900, locale="zh-CN") as seen:
        page = seen.page
        page.locator("#tab-analyses").click()
        page.locator("[id='pick-water.simulate_day']").click()
        field(page, "hours").fill("2")
        assert page.get_by_label("示踪水源节点").count() == 1 and field(page, "quality").locator("option").all_inner_texts()[0] == "不计算"
        page.get_by_role("button", name="计算").click()
        page.locator(".answer").wait_for(timeout=60_000)
        assert "最低压力 [m]" in page.locator(".facts").inner_text()
        figure = page.locator(".drawn img").first
        figure.scroll_into_view_if_needed()
        seen.wait("document.querySelector('.drawn img').naturalWidth > 100")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out of a narrow window"
        assert page.locator(".scale").inner_text().endswith("最低压力 [m]")

"""The page in a real browser: nothing from elsewhere, no complaints, tables filled, the map drawn in the standard's colours."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from holdfast.model import geometry
from holdfast.web.places import Places

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def pixels(page) -> np.ndarray:
    """(height, width, 3) of what the browser shows."""
    with rasterio.MemoryFile(page.screenshot()) as file, file.open() as image:
        return np.moveaxis(image.read([1, 2, 3]), 0, -1).astype(int)


def near(image: np.ndarray, colour: tuple[int, int, int], tolerance: int = 8) -> int:
    """Number of pixels of a colour."""
    return int((np.abs(image - np.array(colour)).max(axis=-1) <= tolerance).sum())


def test_nothing_comes_from_elsewhere_and_nothing_complains(watched):
    assert len(watched.requests) > 10
    foreign = [url for url in watched.requests if not url.startswith((watched.origin, "blob:", "data:"))]
    assert foreign == []
    assert [text for text in watched.complaints if "GPU stall" not in text] == []


def test_the_summary_agrees_with_the_city(watched, anlan):
    rows = watched.page.locator("table.summary tbody tr:not(.group)")
    counts = anlan.counts()
    assert rows.count() == len(counts)
    shown = sum(int(text.replace(",", "")) for text in watched.page.locator("table.summary tbody tr:not(.group) td.n").all_inner_texts())
    assert shown == sum(counts.values())
    assert watched.page.locator("header .city").inner_text() == anlan.name


def test_the_map_draws_every_pipeline_category_in_its_standard_colour(watched, anlan):
    places = Places.of(anlan)
    pipelines = {k.symbol.category[:2]: k for k in anlan.catalog.kinds.values() if k.geometry == "LineString" and k.symbol and k.symbol.feature_code and anlan.counts().get(k.name)}
    assert len({k.symbol.colour for k in pipelines.values()}) >= 5
    for kind in pipelines.values():
        for group in watched.page.locator(".layers fieldset").all():  # one sector at a time, so that no other line lies on top
            own = group.locator("legend").inner_text().startswith(next(d.title for d in anlan.catalog.domains if d.name == kind.domain))
            group.locator("button", has_text="All" if own else "None").click()
        lines = anlan.table(kind.name, columns=["id", "geometry", "shape_length"])
        longest = lines.take([int(np.argmax(lines["shape_length"].to_numpy()))])
        x, y = geometry.centre(longest["geometry"])[0]
        lon, lat = places.lonlat([x], [y])
        watched.page.evaluate(f"window.__goto({lon[0]}, {lat[0]})")
        watched.settle()
        found = near(pixels(watched.page), kind.symbol.colour)
        assert found > 60, f"{kind.name}: {found} pixels of {kind.symbol.colour}"


def test_an_asset_is_picked_from_the_map_and_shows_its_history(watched, anlan):
    places = Places.of(anlan)
    row = anlan.table("buildings.building", columns=["id", "geometry"], limit=1)
    x, y = geometry.centre(row["geometry"])[0]
    lon, lat = places.lonlat([x], [y])
    watched.page.evaluate(f"window.__goto({lon[0]}, {lat[0]})")
    watched.settle()
    across, down = watched.page.evaluate(f"window.__project({lon[0]}, {lat[0]})")
    box = watched.page.locator(".map canvas").bounding_box()
    picked = watched.page.evaluate(f"window.__pick({across}, {down})")
    assert picked is not None
    watched.page.mouse.click(box["x"] + across, box["y"] + down)
    card = watched.page.locator(".card")
    card.wait_for()
    assert card.locator("h2").inner_text() == picked
    assert anlan.history(picked).num_rows == card.locator(".history > li").count() == 1
    assert near(pixels(watched.page), (255, 111, 0), 20) > 50, "the chosen asset is marked"


def test_checking_fills_the_findings_table_and_a_row_leads_to_its_asset(watched):
    watched.page.get_by_role("tab", name="Findings").click()
    button = watched.page.get_by_role("button", name="Check now")
    button.wait_for()
    button.click()
    watched.wait("!!document.querySelector('.when') && document.querySelector('.when').textContent.startsWith('Checked')")
    rows = watched.page.locator("table.findings tbody tr")
    if rows.count() == 0:
        assert watched.page.locator(".empty").inner_text() == "No findings."
        return
    assert rows.first.locator(".severity svg").count() == 1 and rows.first.locator(".severity").inner_text().strip() in ("Error", "Warning", "Note")
    link = watched.page.locator("table.findings button.link").first
    name = link.inner_text()
    link.click()
    watched.page.locator(".card").wait_for()
    assert watched.page.locator(".card h2").inner_text() == name


def test_unmet_needs_are_those_of_the_city(watched):
    watched.page.get_by_role("tab", name="Unmet needs").click()
    unmet = watched.page.evaluate("fetch('api/summary').then((r) => r.json())")["unmet_needs"]
    if unmet:
        assert watched.page.locator("#panel tbody tr").count() == len(unmet)
    else:
        assert "Every need" in watched.page.locator("#panel .empty").inner_text()


def test_the_keyboard_reaches_tabs_and_rows(watched):
    watched.page.get_by_role("tab", name="Summary").focus()
    watched.page.keyboard.press("ArrowRight")
    assert watched.page.get_by_role("tab", name="Findings").get_attribute("aria-selected") == "true"
    assert watched.page.evaluate("document.activeElement.id") == "tab-findings"
    watched.page.keyboard.press("Tab")
    watched.page.keyboard.press("Tab")
    assert watched.page.evaluate("document.activeElement.closest('#panel') !== null || document.activeElement.id === 'panel'")


def test_a_tab_begins_at_its_top(watched):
    page = watched.page
    page.get_by_role("tab", name="Analyses").click()
    watched.wait("document.getElementById('panel').scrollHeight > 2 * document.getElementById('panel').clientHeight")
    page.evaluate("document.getElementById('panel').scrollTo(0, 400)")
    assert page.evaluate("document.getElementById('panel').scrollTop") == 400
    page.get_by_role("tab", name="Summary").click()
    watched.wait("!!document.querySelector('table.summary')")
    assert page.evaluate("document.getElementById('panel').scrollTop") == 0


def test_the_language_switches_everything_and_is_remembered(watched):
    watched.page.get_by_role("button", name="中文").click()
    assert watched.page.locator("[role=tab]").all_inner_texts()[0].startswith("汇总")
    assert watched.page.evaluate("document.documentElement.lang") == "zh-CN"
    assert any(chr(0x4E00) <= c <= chr(0x9FFF) for c in watched.page.locator("table.summary").inner_text())
    watched.page.reload()
    watched.settle()
    assert watched.page.locator("[role=tab]").all_inner_texts()[0].startswith("汇总")


def test_buildings_rise_in_three_dimensions(watched):
    before = pixels(watched.page)
    watched.page.get_by_role("button", name="3D buildings").click()
    watched.settle()
    assert watched.page.get_by_role("button", name="3D buildings").get_attribute("aria-pressed") == "true"
    assert (np.abs(pixels(watched.page) - before).max(axis=-1) > 20).mean() > 0.05
    assert [text for text in watched.complaints if "GPU stall" not in text] == []

"""What a reader can do with the report in a browser: find a number, and play with the curves."""

import pytest
from browser_helpers import DESKTOP, opened, run, typed
from selenium.webdriver.common.keys import Keys

from emmoe.evidence.reach import CURRENCIES

pytestmark = pytest.mark.browser
FIGURE = "#figure-figure_1"
CURVES = f"document.querySelectorAll('{FIGURE} .panel:first-child .mean')"


@pytest.fixture
def page(driver, address):
    """The browser with the page freshly opened on a desktop."""
    return opened(driver, address, DESKTOP)


def hits(page):
    return [item.text for item in page.find_elements("css selector", "#hits li")]


def click(page, text):
    """Click a button of Figure 1."""
    script = (
        "[...document.querySelectorAll(arguments[0])].find(b => b.textContent === arguments[1])"
    )
    page.execute_script(f"{script}.click()", f"{FIGURE} button", text)


def paths(page):
    return run(page, f"[...{CURVES}].map(path => path.getAttribute('d'))")


def ticks(page):
    texts = f"document.querySelectorAll('{FIGURE} .panel:first-child text')"
    return run(page, f"[...{texts}].map(text => text.textContent)")


@pytest.mark.parametrize("query", ["78.5", "0.785", ".785", "78.5%", "Table 2 EM"])
def test_number_is_found_in_three_actions_by_keyboard(page, query):
    typed(page, "/", query)
    assert hits(page)[0].startswith("table 2: em, test accuracy")
    typed(page, Keys.ENTER)
    row = page.find_element("id", "claim-table2_em_accuracy")
    command = row.find_element("css selector", ".command code")
    assert command.is_displayed() and "claims/table2_em_accuracy.csv" in command.text
    assert page.switch_to.active_element.text == "Copy"
    typed(page, Keys.ENTER)
    assert run(page, "getSelection().toString()") == command.text


def test_numbers_agree_to_the_digits_that_were_typed(page):
    cases = {"0.78": 1, "0.7850": 1, "0.786": 0, "7.85e-1": 1, "785": 0}
    claim = {"reported": 0.785, "reproduced": None}
    for text, expected in cases.items():
        agrees = run(page, "agrees(numberOf(arguments[0]), arguments[1])", text, claim["reported"])
        assert agrees == bool(expected), text


@pytest.mark.parametrize(
    ("query", "kind"),
    [("finding number 9", "finding"), ("error floor", "figure"), ("inner steps", "setting"),
     ("e-step", "term"), ("cost to reach a target", "table")],
)  # fmt: skip
def test_everything_else_is_found_too(page, query, kind):
    typed(page, "/", query)
    assert any(hit.endswith(kind) for hit in hits(page)), hits(page)


def test_nothing_found_is_said_and_escape_closes(page):
    typed(page, "/", "no such thing")
    assert hits(page) == ["Nothing found"]
    typed(page, Keys.ESCAPE)
    assert not page.find_element("id", "hits").is_displayed()


def test_arrows_choose_among_the_hits(page):
    typed(page, "/", "figure 2a", Keys.ARROW_DOWN)
    chosen = run(page, "[...document.querySelectorAll('#hits li')].map(i => i.ariaSelected)")
    assert chosen.index("true") == 1 and chosen.count("true") == 1


def test_legend_hides_a_curve_and_shows_it_again(page):
    before = paths(page)
    click(page, "Gradient EM")
    assert len(paths(page)) == len(before) - 1 == 2
    click(page, "Gradient EM")
    assert paths(page) == before


def test_panels_stand_side_by_side_on_a_desktop_and_say_what_they_show(page):
    script = "[...document.querySelectorAll(arguments[0])].map(p => p.getBoundingClientRect().top)"
    tops = run(page, script, f"{FIGURE} .panel")
    assert len(tops) == 2 and len(set(tops)) == 1
    title = page.find_element("css selector", f"{FIGURE} .panel:last-child .axis-title").text
    assert title.startswith("(b) excess loss to final: L(theta_t) - L(theta_T)")


def test_axis_changes_between_iterations_and_other_costs(page):
    assert "iterations" in ticks(page)
    choices = page.find_elements("css selector", f"{FIGURE} option")
    assert [choice.text for choice in choices] == list(CURRENCIES.values())
    script = """const choice = document.querySelector(arguments[0]);
    choice.value = "passes"; choice.dispatchEvent(new Event("change"))"""
    before = paths(page)
    page.execute_script(script, f"{FIGURE} select")
    assert "data passes" in ticks(page) and paths(page) != before


def test_readings_at_zero_stand_at_the_edge_of_a_logarithmic_axis(page):
    panel = f"document.querySelector('{FIGURE} .panel:last-child')"
    edge = f"[...{panel}.querySelectorAll('.zero')].map(mark => mark.getBBox().y)"
    told = f"{panel}.textContent.includes('reported at zero')"
    heights = run(page, edge)
    assert len(heights) > 3 and max(heights) - min(heights) < 0.1 and run(page, told)
    page.find_element("css selector", f"{FIGURE} .panel:last-child .axis-title input").click()
    assert run(page, edge) == [] and not run(page, told)


def test_scale_changes_between_linear_and_logarithmic(page):
    before, log = paths(page), ticks(page)
    page.execute_script(f"document.querySelector('{FIGURE} .axis-title input').click()")
    assert paths(page) != before and "0" in ticks(page) and "0" not in log[:-8]


def test_instances_and_readings_can_be_shown_and_hidden(page):
    count = "document.querySelectorAll(`${arguments[0]} .panel:first-child ${arguments[1]}`).length"
    assert run(page, count, FIGURE, ".instance") == 0 and run(page, count, FIGURE, "circle") > 10
    click(page, "instances")
    click(page, "reported")
    assert run(page, count, FIGURE, ".instance") == 6 and run(page, count, FIGURE, "circle") == 0


def test_arrow_keys_read_the_curves_values(page):
    svg = page.find_element("css selector", f"{FIGURE} .panel svg[role=img]")
    assert "Arrow keys read values" in svg.get_attribute("aria-label")
    svg.send_keys(Keys.ARROW_RIGHT)
    told = page.find_element("css selector", f"{FIGURE} .told").text
    assert told.startswith("EM, iteration 0: 1.5 ± 0.71; Gradient EM, iteration 0: 1.5")


def test_data_table_holds_the_curves_numbers(page):
    script = "document.querySelector(arguments[0]).setAttribute('open', '')"
    page.execute_script(script, f"{FIGURE} .live details")
    rows = page.find_elements("css selector", f"{FIGURE} .live details tbody tr")
    first = [cell.text for cell in rows[0].find_elements("css selector", "td")]
    assert first[:3] == ["0", "1.5", "0.71"] and len(rows) == 41


def test_claims_curve_is_drawn_with_its_reading_marked(driver, address):
    page = opened(driver, f"{address}#claim-figure_2a_em_2", DESKTOP)
    marked = page.find_elements("css selector", "#claim-figure_2a_em_2 .marked")
    assert len(marked) == 1
    assert len(page.find_elements("css selector", "#claim-figure_2a_em_2 .mean")) == 1

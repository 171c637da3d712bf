"""The report in a real browser: it renders, sorts, filters, finds, prints, and asks the network for
nothing."""

import base64
import json
import re
from importlib.resources import files

import pytest
import report_helpers as made_up
from browser_helpers import DESKTOP, PHONE, SECONDS, opened, run

pytestmark = pytest.mark.browser
A4 = (718, 1020)  # CSS pixels between the margins
PAGES = 20


@pytest.fixture
def page(driver, address):
    """The browser with the page freshly opened on a desktop."""
    return opened(driver, address, DESKTOP)


def shown(page):
    """Return the claims in sight, in order."""
    buttons = "[...document.querySelectorAll('#rows tbody:not([hidden]) button.open')]"
    return run(page, rf"{buttons}.map(b => b.textContent.replaceAll('\u200b', ''))")


def status(page):
    return run(page, "document.getElementById('shown').textContent")


def choose(page, name, value):
    script = """const field = document.forms.filters.elements[arguments[0]];
    field.value = arguments[1]; field.dispatchEvent(new Event('input', {bubbles: true}))"""
    page.execute_script(script, name, value)


def sort_by(page, name):
    script = "[...document.querySelectorAll('.sort')].find(b => b.textContent === arguments[0])"
    page.execute_script(f"{script}.click()", name)


def test_page_becomes_interactive(page):
    assert 0 < int(run(page, "document.documentElement.dataset.ready")) < 1000 * SECONDS


def test_page_logs_no_error(page):
    assert page.get_log("browser") == []


def test_page_asks_the_network_for_nothing(page):
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"].endswith("WillBeSent")]
    assert [url for url in sent if url.startswith("file:")]
    assert [url for url in sent if not url.startswith(("file:", "data:"))] == []


def test_all_pictures_are_drawn(page):
    script = """const done = arguments[0], images = [...document.images];
    images.forEach(image => { image.loading = "eager" });
    Promise.all(images.map(i => i.decode())).then(() => done(images.map(i => i.naturalWidth)))"""
    widths = page.execute_async_script(script)
    assert len(widths) == len(made_up.figures()) + 3 and min(widths) >= 400


def test_first_claims_are_shown_and_a_button_shows_all(page):
    assert len(shown(page)) == 50
    assert status(page) == "651 of 651 claims, the first 50 shown"
    page.execute_script("document.getElementById('more').click()")
    assert len(shown(page)) == 651


def test_filters_narrow_together_and_reset(page):
    choose(page, "verdict", "attainable")
    assert status(page).startswith("217 of 651")
    choose(page, "where", "figure_2a")
    assert status(page).startswith("54 of 651")
    choose(page, "algorithm", "em")
    assert shown(page) == [] and status(page) == "0 of 651 claims"
    page.execute_script("document.querySelector('#filters [type=reset]').click()")
    script = "const done = arguments[0]; setTimeout(() => setTimeout(done))"
    page.execute_async_script(script)
    assert status(page).startswith("651 of 651")


def test_claim_of_two_algorithms_is_found_by_either(page):
    choose(page, "kind", "ordering")
    for algorithm in ("em", "gradient_em"):
        choose(page, "algorithm", algorithm)
        assert shown(page) == ["em_first"]
    choose(page, "algorithm", "gradient_descent")
    assert shown(page) == []


def test_columns_sort_as_numbers_with_missing_ones_last(page):
    choose(page, "where", "figure_1a")
    page.execute_script("document.getElementById('more').click()")
    for direction, first in (("ascending", "figure_1a_em_0"), ("descending", "figure_1a_em_53")):
        sort_by(page, "z")
        names = shown(page)
        assert run(page, "document.querySelectorAll('[aria-sort]').length") == 1
        assert run(page, "document.querySelector('[aria-sort]').ariaSort") == direction
        assert names[0] == first and names[-1] == "em_first"


def test_row_opens_by_keyboard_to_its_reason_files_and_command(page):
    from selenium.webdriver.common.keys import Keys

    button = page.find_element("css selector", "#claim-figure_1a_em_0 .open")
    button.send_keys(Keys.ENTER)
    detail = page.find_element("css selector", "#claim-figure_1a_em_0 .detail")
    assert detail.is_displayed() and button.get_attribute("aria-expanded") == "true"
    for text in ("met by a setting", "--forcerun fit", "results/traces/", "stated"):
        assert text in detail.text
    button.send_keys(Keys.SPACE)
    assert not detail.is_displayed()


@pytest.mark.parametrize("size", [PHONE, (390, 844), (768, 1024), DESKTOP], ids=str)
def test_page_never_scrolls_sideways(driver, address, size):
    page = opened(driver, address, size)
    page.execute_script("document.querySelector('button.open').click()")
    page.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true })")
    widest = run(page, "document.documentElement.scrollWidth")
    assert widest <= size[0]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_with_a_claim_open_breaks_no_rule_of_accessibility(driver, address, size, scheme):
    page = opened(driver, f"{address}#claim-figure_2a_em_2", size, prefers_color_scheme=scheme)
    page.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
    page.set_script_timeout(10 * SECONDS)
    assert page.execute_async_script(AXE) == []


AXE = """const done = arguments[0];
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
  done(violations.map(({id, nodes}) => [id, nodes[0].html.slice(0, 200)])))"""


def test_dark_mode_is_dark_with_figures_on_a_light_card(driver, address):
    page = opened(driver, address, DESKTOP, prefers_color_scheme="dark")
    colours = (
        "['body', '.card'].map(s => getComputedStyle(document.querySelector(s)).backgroundColor)"
    )
    body, card = run(page, colours)
    assert sum(map(int, body[4:-1].split(","))) < 100
    assert card == "rgb(255, 255, 255)"


def test_without_scripts_figures_and_claims_can_be_read(driver, address):
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = opened(driver, address, DESKTOP)
        assert page.find_element("id", "claim-em_first").is_displayed()
        assert page.find_element("css selector", "#figure-figure_1 img").is_displayed()
        for hidden in ("filters", "search"):
            assert not page.find_element("id", hidden).is_displayed()
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_texts_of_results_are_shown_as_text(driver, address):
    page = opened(driver, f"{address}#claim-abstract_1", PHONE)
    detail = page.find_element("css selector", "#claim-abstract_1 .detail")
    assert run(page, "arguments[0].querySelector('p').textContent", detail) == made_up.HOSTILE
    assert run(page, "document.querySelector('img[src=x]')") is None
    assert run(page, "document.documentElement.scrollWidth") <= PHONE[0]


def test_results_that_changed_since_are_named(driver, address):
    page = opened(driver, f"{address}#changed=results%2Fa.png%2Cresults%2F%3Cb%3E.csv", DESKTOP)
    told = page.find_element("id", "changed")
    assert "Changed since this page was made: results/a.png, results/<b>.csv." in told.text


@pytest.mark.parametrize("place", ["%", "claim-%E0%A4", "claim-none", "nothing"])
def test_address_of_no_place_does_the_page_no_harm(driver, address, place):
    page = opened(driver, f"{address}#{place}", DESKTOP)
    assert run(page, "document.documentElement.dataset.ready") is not None
    assert page.get_log("browser") == []


@pytest.fixture(params=["made up", "kept"])
def printed(request, address):
    """The addresses of reports that are printed."""
    kept = made_up.ROOT / "results" / "reference" / "report.html"
    return kept.as_uri() if request.param == "kept" else address


def test_print_fits_20_pages_and_clips_nothing(driver, printed):
    page = opened(driver, printed, A4, media="print")
    clipped = """[...document.querySelectorAll("main *")].filter(node => node.offsetParent
        && node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML)"""
    assert run(page, clipped) == []
    assert run(page, "getComputedStyle(document.querySelector('thead')).display") == (
        "table-header-group"
    )
    pdf = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pages = re.findall(rb"/Type */Page\b", base64.b64decode(pdf["data"]))
    assert 3 < len(pages) <= PAGES


def test_words_of_printed_tables_stay_whole(driver, address):
    page = opened(driver, address, A4, media="print")
    assert page.execute_script(BROKEN) == []


BROKEN = r"""const broken = [];
for (const cell of document.querySelectorAll("main th, main td")) {
  if (!cell.offsetParent || cell.firstChild?.nodeType !== Node.TEXT_NODE) continue;
  for (const word of cell.firstChild.data.matchAll(/[\p{L}\d]+/gu)) {
    const range = document.createRange();
    range.setStart(cell.firstChild, word.index);
    range.setEnd(cell.firstChild, word.index + word[0].length);
    if (range.getClientRects().length > 1) broken.push(word[0]);
  }
}
return broken"""

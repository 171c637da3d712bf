"""The report in a real browser: it renders, sorts, filters, and asks the network for nothing.

Needs selenium and an installed Chromium with its driver, on the PATH or named by the environment
variables CHROMIUM and CHROMEDRIVER."""

import json
import os
import shutil

import pytest
import report_helpers as made_up

pytestmark = pytest.mark.browser
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 20  # until the page must be ready, on any machine; on an idle one it takes less than 2
PHONE, DESKTOP = (360, 780), (1280, 900)
LOGS = {"browser": "ALL", "performance": "ALL"}


def binary(variable, *names):
    """Return the path of a program, or skip and say what is missing."""
    named = os.environ.get(variable)
    found = next(filter(None, map(shutil.which, [named] if named else names)), None)
    if found is None:
        pytest.skip(f"no {' or '.join(names)} on the PATH (or named by {variable})")
    return found


@pytest.fixture(scope="module")
def driver():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.common.exceptions import WebDriverException

    options = webdriver.ChromeOptions()
    options.binary_location = binary("CHROMIUM", *BROWSERS)
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", LOGS)
    service = webdriver.ChromeService(binary("CHROMEDRIVER", "chromedriver"))
    try:
        browser = webdriver.Chrome(options=options, service=service)
    except WebDriverException as error:
        pytest.skip(f"the browser does not start: {str(error).splitlines()[0]}")
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    report = made_up.page(made_up.complete(folder / "results"))
    (folder / "report.html").write_text(report, encoding="utf-8")
    return (folder / "report.html").as_uri()


@pytest.fixture
def page(driver, address):
    """The browser with the page freshly opened on a desktop."""
    return opened(driver, address, DESKTOP)


def opened(driver, address, size, **features):
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
    for log in LOGS:
        driver.get_log(log)
    driver.get(address)
    return driver


def run(page, script, *arguments):
    return page.execute_script(f"return {script}", *arguments)


def shown(page):
    """Return the claims in sight, in order."""
    buttons = "[...document.querySelectorAll('#claims tbody:not([hidden]) button.open')]"
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


def test_all_figures_are_drawn(page):
    script = """const done = arguments[0], images = [...document.images];
    images.forEach(image => { image.loading = "eager" });
    Promise.all(images.map(i => i.decode())).then(() => done(images.map(i => i.naturalWidth)))"""
    widths = page.execute_async_script(script)
    assert len(widths) == len(made_up.figures()) and min(widths) > 1000


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
    choose(page, "text", "EM_53 met")
    assert shown(page) == ["figure_2a_gradient_em_53"]
    choose(page, "text", "no such thing")
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
    choose(page, "text", "figure_1a")
    page.execute_script("document.getElementById('more').click()")
    for direction, first in (("ascending", "figure_1a_em_0"), ("descending", "figure_1a_em_53")):
        sort_by(page, "z")
        names = shown(page)
        assert run(page, "document.querySelectorAll('[aria-sort]').length") == 1
        assert run(page, "document.querySelector('[aria-sort]').ariaSort") == direction
        assert names[0] == first and names[-1] == "em_first"


def test_row_opens_by_keyboard_to_its_reason_files_and_command(page):
    from selenium.webdriver.common.keys import Keys

    button = page.find_element("css selector", "button.open")
    detail = page.find_element("id", button.get_attribute("aria-controls"))
    assert not detail.is_displayed()
    button.send_keys(Keys.ENTER)
    assert detail.is_displayed() and button.get_attribute("aria-expanded") == "true"
    for text in ("met by a setting", "emmoe explain figure_1a_em_0", "results/traces/"):
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(driver, address, scheme):
    """At least 4.5 between a text and what lies behind it (WCAG 2, level AA)."""
    page = opened(driver, address, DESKTOP, prefers_color_scheme=scheme)
    worst = page.execute_script(CONTRAST)
    assert worst["ratio"] >= 4.5, worst


CONTRAST = r"""
const parse = (text) => text.match(/[\d.]+/g).map(Number);
const luminance = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
  const v = c[i] / 255;
  return sum + weight * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
}, 0);
const behind = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const c = parse(getComputedStyle(at).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c;
  }
  return [255, 255, 255];
};
let worst = { ratio: Infinity };
for (const node of document.body.querySelectorAll("*")) {
  const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (!own || !node.offsetParent || ["SCRIPT", "OPTION"].includes(node.tagName)) continue;
  const both = [luminance(parse(getComputedStyle(node).color)), luminance(behind(node))];
  const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  if (ratio < worst.ratio) worst = { ratio, text: node.textContent.slice(0, 40) };
}
return worst;
"""


def test_dark_mode_is_dark_with_figures_on_a_light_card(driver, address):
    page = opened(driver, address, DESKTOP, prefers_color_scheme="dark")
    colours = (
        "['body', '.card'].map(s => getComputedStyle(document.querySelector(s)).backgroundColor)"
    )
    body, card = run(page, colours)
    assert sum(map(int, body[4:-1].split(","))) < 100
    assert card == "rgb(255, 255, 255)"


def test_without_scripts_all_claims_can_be_read(driver, address):
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = opened(driver, address, DESKTOP)
        assert page.find_element("id", "d651").is_displayed()
        assert not page.find_element("id", "filters").is_displayed()
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

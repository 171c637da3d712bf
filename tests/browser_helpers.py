"""A real browser for the tests of the report: Chromium, driven by selenium.

Needs an installed Chromium with its driver, on the PATH or named by the environment variables
CHROMIUM and CHROMEDRIVER."""

import os
import shutil

import pytest
import report_helpers as made_up

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60  # until the page must be ready, on any machine; on an idle one it takes less than 1
PHONE, DESKTOP = (360, 780), (1280, 900)
LOGS = {"browser": "ALL", "performance": "ALL"}


def binary(variable, *names):
    """Return the path of a program, or skip and say what is missing."""
    named = os.environ.get(variable)
    found = next(filter(None, map(shutil.which, [named] if named else names)), None)
    if found is None:
        pytest.skip(f"no {' or '.join(names)} on the PATH (or named by {variable})")
    return found


def start():
    """Return the browser, or skip and say what is missing."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.common.exceptions import WebDriverException

    options = webdriver.ChromeOptions()
    options.binary_location = binary("CHROMIUM", *BROWSERS)
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", LOGS)
    service = webdriver.ChromeService(binary("CHROMEDRIVER", "chromedriver"))
    try:
        return webdriver.Chrome(options=options, service=service)
    except WebDriverException as error:
        pytest.skip(f"the browser does not start: {str(error).splitlines()[0]}")


@pytest.fixture(scope="session")
def driver():
    """The browser."""
    browser = start()
    yield browser
    browser.quit()


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """The address of a report of results of every kind."""
    folder = tmp_path_factory.mktemp("browser")
    report = made_up.page(made_up.complete(folder / "results"))
    (folder / "report.html").write_text(report, encoding="utf-8")
    return (folder / "report.html").as_uri()


def opened(driver, address, size, media="screen", **features):
    """Return the browser with a page freshly opened, its scripts done."""
    from selenium.webdriver.support.ui import WebDriverWait

    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": wanted})
    driver.get("about:blank")  # else another place of the same page is no new page
    for log in LOGS:
        driver.get_log(log)
    driver.get(address)
    WebDriverWait(driver, SECONDS).until(lambda page: run(page, READY))
    return driver


READY = "document.documentElement.dataset.ready ?? document.documentElement.className !== 'js'"


def run(page, script, *arguments):
    """Return the value of an expression in a page."""
    return page.execute_script(f"return {script}", *arguments)


def typed(page, *keys):
    """Press keys, one after the other, wherever the focus is."""
    for key in keys:
        page.switch_to.active_element.send_keys(key)

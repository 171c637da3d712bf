"""The report's content: it shows what is there, and names the command for what is not."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import report_helpers as made_up
from msgspec import structs
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from screenshots import REPORT, SHOTS, SHOWN
from screenshots import path as picture_of

from emmoe.figures._shared.style import LOOKS
from emmoe.jobs import report
from emmoe.jobs.base import layout_of
from emmoe.record.entries import Product
from emmoe.report import audit, build, changed, findings, products, settings
from emmoe.store.errors import DataError
from emmoe.store.layout import CLAIMS, Layout
from emmoe.store.provenance import file_hash

VOID = {"meta", "link", "img", "input", "br", "hr"}


class Page(HTMLParser):
    """A page's elements, text and addresses; unclosed elements are left on the stack."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.stack, self.fetched, self.targets, self.images = [], [], [], [], []
        self.texts = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        self.fetched += [known[k] for k in ("src", "srcset") if k in known]
        self.fetched += [known["href"]] if tag == "link" else []
        self.targets += [known["href"][1:]] if known.get("href", "").startswith("#") else []
        self.images += [known] if tag == "img" else []
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.stack):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).replace("\u200b", "").split())


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The bytes of a report of results of every kind."""
    folder = tmp_path_factory.mktemp("full")
    return made_up.page(made_up.complete(folder / "results")).encode()


@pytest.fixture(scope="module")
def page(full):
    return Page(full.decode())


def test_report_of_real_figures_and_a_full_audit_is_below_6_mb(full):
    assert 500_000 < len(full) < 6_000_000


def test_report_over_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "LIMIT", 1000)
    with pytest.raises(DataError, match=r"report\.html: .* MB, more than"):
        made_up.page(made_up.record(tmp_path / "results"))


def test_page_is_well_formed_and_its_links_lead_somewhere(page):
    assert page.stack == []
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.targets) <= set(page.ids)


def test_page_fetches_nothing(full, page):
    assert all(address.startswith("data:") for address in page.fetched)
    style = re.search(r"<style>(.*?)</style>", full.decode(), re.S)[1]
    assert "url(" not in style and "@import" not in style


def test_every_figure_has_a_text_and_its_own_pixels(page):
    shown = [image for image in page.images if image["alt"]]
    small = [image for image in page.images if not image["alt"]]  # on the first screen, with a link
    assert len({image["alt"] for image in shown}) == len(shown) == len(made_up.figures())
    assert len(small) == 3
    for image in page.images:
        content = base64.b64decode(image["src"].partition(",")[2])
        size = Image.open(io.BytesIO(content)).size
        assert [str(n) for n in size] == [image["width"], image["height"]]


def test_every_product_has_its_place_there_or_not(page):
    record = made_up.record("results")
    expected = {f"figure-{name}" for name in record.figures}
    expected |= {f"table-{name}" for name in record.tables}
    assert {name for name in page.ids if name.startswith(("figure-", "table-"))} == expected


def test_embedded_figure_looks_like_the_file():
    path = made_up.ROOT / "results/reference/figures/figure_1.png"
    embedded = products.picture(path)
    content = Image.open(io.BytesIO(base64.b64decode(embedded.uri.partition(",")[2])))
    original = Image.open(path).convert("RGB").resize(content.size, Image.Resampling.LANCZOS)
    pixels = np.asarray(original, float)
    difference = np.abs(pixels - np.asarray(content.convert("RGB"), float))
    assert content.size == (embedded.width, embedded.height)
    assert difference.mean() < 2.55  # a hundredth: 32 colours
    for look in LOOKS.values():  # a line keeps its colour
        colour = [int(look.colour[i : i + 2], 16) for i in (1, 3, 5)]
        line = np.abs(pixels - colour).max(axis=2) < 3
        assert not line.any() or difference[line].mean() < 10  # hardly seen
    assert len(embedded.uri) < path.stat().st_size


def test_message_of_a_figure_is_its_text_alternative(tmp_path):
    own = made_up.record(tmp_path)
    path = tmp_path / "figures" / "figure_1.png"
    path.parent.mkdir()
    told = PngInfo()
    told.add_text("Description", 'EM is down to 0.1 after 5 "iterations" <here>')
    Image.new("RGB", (40, 30)).save(path, pnginfo=told)
    (image,) = (image for image in Page(made_up.page(own)).images if image["alt"])
    assert image["alt"].endswith('. EM is down to 0.1 after 5 "iterations" <here>')


def test_message_of_a_figure_that_is_drawn_anew_is_in_its_caption(full):
    for name in ("figure_1", "figure_3"):
        message = products.picture(made_up.ROOT / f"results/reference/figures/{name}.png").message
        figure = full.decode().partition(f'id="figure-{name}"')[2].partition("</figure>")[0]
        caption = Page("<p>" + figure.partition("<figcaption>")[2].partition("</figcaption>")[0])
        drawn = 'class="live"' in figure
        assert message and (message in caption.text) == drawn == (name == "figure_1")


def test_kept_report_is_below_2_mb_and_shows_the_kept_results():
    kept = made_up.ROOT / "results" / "reference"
    page = kept / "report.html"
    assert page.stat().st_size <= 2_000_000
    shown = json.loads(changed.HASHES.search(page.read_text("utf-8"))[1])
    there = {kept / Path(name).relative_to("results"): own for name, own in shown.items()}
    own = {path: file_hash(path) for path in there if path.is_file()}
    assert len(own) > 100 and own == {path: there[path] for path in own}


@pytest.mark.parametrize("name", SHOTS)
def test_pictures_in_the_docs_are_of_the_kept_report(name):
    with Image.open(picture_of(name)) as picture:
        assert picture.text[SHOWN] == file_hash(REPORT), "run make screenshots"


def test_every_claim_has_its_row_and_its_command(full, page):
    rows = {name.removeprefix("claim-") for name in page.ids if name.startswith("claim-")}
    claims = made_up.data(full.decode())["claims"]
    assert set(claims) == rows and len(rows) == 4 * 3 * 54 + 3
    for name, claim in claims.items():
        assert f"/audit/claims/{name}.csv --cores 2 --forcerun fit" in claim["command"]


def test_verdicts_of_runs_are_said_in_words_and_never_the_share_of_numbers(page):
    said = page.text.replace(" ,", ",").replace(" .", ".")  # verdicts are links to their meaning
    assert "1 of 3 runs reproduced, 1 attainable, 1 not determinable." in said
    assert "1 claims were judged from results that other code or settings made" in page.text
    assert not re.search(r"\d ?% of", page.text)


def test_texts_of_results_cannot_become_markup(full):
    text = full.decode()
    assert "<img src=x" not in text and text.count("<img ") == len(made_up.figures()) + 3
    assert " ".join(made_up.HOSTILE.split()) in Page(text).text
    assert made_up.data(text)["claims"]["abstract_1"]["reason"] == made_up.HOSTILE


def test_without_results_the_report_names_the_commands(tmp_path):
    text = Page(made_up.page(made_up.record(tmp_path))).text
    for command in ("audit", "calibrate", "figures", "paper", "sweep"):
        assert f"make {command}" in text


def test_missing_products_are_listed_with_their_target(page):
    (line,) = re.findall(r"make sweep makes ([\w ,]+)\.", page.text)
    assert set(line.split(", ")) >= {"figure snr_linear", "table spurious_minima"}
    assert "figure figure_3" not in page.text


def test_results_of_other_code_are_marked_stale(tmp_path):
    own = made_up.record(tmp_path)
    made_up.with_fits(own)
    found = report.origins(own)
    assert found.stale == {"digits"}
    by_fitter = {row.fitter: row for row in found.fits}
    assert [name for name, row in by_fitter.items() if row.stale] == ["em"]
    assert by_fitter["gradient_em"].cpu_seconds == 3.0
    (contest,) = found.single
    assert contest.name == "fair_digits_small" and contest.kind == "contest"
    assert contest.stale and contest.environment == 1


def test_stale_figures_say_so(full):
    figure = full.decode().partition('id="figure-figure_3_digits"')[2].partition("</figure>")[0]
    other = full.decode().partition('id="figure-figure_1"')[2].partition("</figure>")[0]
    assert "Stale" in figure and "Stale" not in other


def test_provenance_falls_back_on_the_reference(tmp_path):
    kept = tmp_path / "reference" / "provenance.json"
    kept.parent.mkdir()
    reference = made_up.ROOT / "results/reference/provenance.json"
    kept.write_bytes(reference.read_bytes())
    found = report.origins(made_up.record(tmp_path))
    fits = [job for job in json.loads(reference.read_text())["jobs"] if job["kind"] == "fit"]
    assert sum(row.jobs for row in found.fits) == len(fits)
    total = sum(row.cpu_seconds for row in found.fits)
    assert total == pytest.approx(sum(fit["seconds"] for fit in fits))


def test_findings_come_in_the_order_of_their_numbers_with_their_state(tmp_path):
    made_up.with_findings(tmp_path)
    found = findings.load((tmp_path / "findings").glob("*"))
    assert [finding.id for finding in found] == ["F1", "F2", "F9"]
    assert [finding.state for finding in found] == ["supported", "not supported", "not decided"]
    assert found[0].numbers == [
        ("steps linear", "9"),
        ("steps logistic", "1.235"),
        ("floor", "none"),
    ]


def test_broken_finding_is_one_line(tmp_path):
    (tmp_path / "findings").mkdir()
    path = tmp_path / "findings" / "one.json"
    path.write_text('{"id": "F1"}')
    with pytest.raises(
        DataError, match=r"one\.json: no title, claim, text, supported, expected_met"
    ):
        findings.load([path])
    path.write_text("{")
    with pytest.raises(DataError, match=r"one\.json: not a readable finding"):
        findings.load([path])


def test_figure_of_a_finding_is_shown_once(full):
    text = full.decode()
    assert text.count('id="figure-figure_1_logistic"') == 1
    first = text.partition('id="finding-F1"')[2].partition("</article>")[0]
    assert 'id="figure-figure_1_logistic"' in first
    assert 'href="#figure-figure_1"' in first  # with the paper's readings: in its own section


def marked(results):
    own = made_up.record(results)
    return settings.settings(own, layout_of(own))


def test_settings_bear_one_mark_each(tmp_path):
    found = marked(tmp_path)
    marks = {(name, s.path): s.mark for name, own in found.items() for s in own}
    assert set(marks) >= {("symmetric_linear", "replicates"), ("fashion_mnist", "iterations")}
    assert marks["symmetric_linear", "replicates"] == "stated"
    assert marks["symmetric_linear", "data.n"] == "inferred"
    assert marks["symmetric_linear", "fitters.gradient_em.step.w"] == "inferred"
    assert marks["fashion_mnist", "fitters.em_solved.m_step_tolerance"] == "ours"
    assert marks["symmetric_linear", "replicates_per_block"] == "ours"
    assert marks["symmetric_linear", "fitters.gradient_descent.algorithm"] == "stated"
    assert marks["fashion_mnist", "fitters.em.algorithm"] == "inferred"  # a gradient EM


def test_every_inferred_reason_of_the_papers_experiments_is_shown(tmp_path):
    found = marked(tmp_path)
    reasons = {setting.reason for own in found.values() for setting in own}
    assert set(made_up.record(tmp_path).inferred.values()) <= reasons


def test_calibrated_settings_show_the_accepted_range_alone(tmp_path):
    made_up.with_calibration(tmp_path)
    found = marked(tmp_path)
    own = {s.path: s for s in found["symmetric_linear"]}
    assert own["data.d"].accepted == "8 to 12"
    assert own["data.n"].accepted == "8000 to 1.2e+04"
    assert own["data.norm_beta"].mark == "calibrated"
    assert own["start.distance.beta"].accepted == "start beta 1.1 to 1.1; start beta sd 0.2 to 0.2"
    assert (
        own["fitters.gradient_descent.step"].accepted == "step beta 0.09 to 0.11; step w 0.1 to 0.1"
    )
    assert own["data.norm_w"].mark == "inferred"


def test_audit_without_optional_columns_is_shown(tmp_path):
    folder = tmp_path / "audit" / "figures"
    folder.mkdir(parents=True)
    rows = pd.DataFrame([{"claim_id": "a", "verdict": "strange", "reason": "why"}])
    rows.to_csv(folder / "audit.csv", index=False)
    found = audit.load(Layout(str(tmp_path)), tmp_path / "claims.csv")
    assert found.verdicts[-1] == "strange" and found.curves == []
    assert list(made_up.data(made_up.page(made_up.record(tmp_path)))["claims"]) == ["a"]


def test_printed_numbers_are_counted_apart_from_curves_by_their_source(tmp_path):
    made_up.with_audit(tmp_path)
    found = audit.load(Layout(str(tmp_path)), made_up.ROOT / CLAIMS)
    counts = {own.name: sum(own.counts.values()) for own in found.counts}
    assert counts["printed numbers"] == 1 and counts["curves, held-out readings"] == 12
    claims = pd.read_csv(made_up.ROOT / CLAIMS).assign(source="slides")
    claims.to_csv(tmp_path / "claims.csv", index=False)
    found = audit.load(Layout(str(tmp_path)), tmp_path / "claims.csv")
    counts = {own.name: sum(own.counts.values()) for own in found.counts}
    assert "printed numbers" not in counts and counts["curves, held-out readings"] == 13


def test_audit_takes_facts_from_the_claims_and_the_widest_scope(tmp_path):
    for scope, verdict in (("figures", "not tested"), ("paper", "attainable")):
        folder = tmp_path / "audit" / scope
        folder.mkdir(parents=True)
        rows = pd.DataFrame([{"claim_id": "a", "verdict": verdict, "reason": "why"}])
        rows.to_csv(folder / "audit.csv", index=False)
    claims = pd.DataFrame([{"claim_id": "a", "where": "figure_1a", "kind": "value"}])
    claims.to_csv(tmp_path / "claims.csv", index=False)
    (claim,) = audit.load(Layout(str(tmp_path)), tmp_path / "claims.csv").claims
    assert (claim.verdict, claim.where, claim.kind) == ("attainable", "figure_1a", "value")


def test_audit_without_a_needed_column_is_one_line(tmp_path):
    folder = tmp_path / "audit" / "paper"
    folder.mkdir(parents=True)
    (folder / "audit.csv").write_text("claim_id,verdict\na,attainable\n")
    with pytest.raises(DataError, match=r"audit\.csv: no column reason"):
        audit.load(Layout(str(tmp_path)), tmp_path / "claims.csv")


@pytest.mark.parametrize("kind", ["figures", "tables"])
def test_every_product_has_a_title_of_its_own_and_a_caption(kind):
    entries = getattr(made_up.record("results"), kind)
    texts = {name: products.describe(entry) for name, entry in entries.items()}
    assert all("{" not in part for title, caption, _ in texts.values() for part in (title, caption))
    assert len({title for title, _, _ in texts.values()}) == len(texts)
    assert all(len(caption) > 30 for _, caption, _ in texts.values())


def test_text_of_an_entry_stands_in_for_its_modules():
    entry = Product("tables", "fair_near_small", "x", "figures", "comparison", {})
    title, caption, section = products.describe(entry)
    assert title == "Cost to reach a target: near small" and section == products.RIVALS
    assert caption.startswith("Every rival at its tuned step") and caption.endswith("count half.")
    own = structs.replace(entry, name="fair_small", title="A title", caption="What it shows.")
    assert products.describe(own) == ("A title", "What it shows.", products.RIVALS)
    assert products.describe(structs.replace(own, title=""))[0].endswith(": small")
    unread = Product("figures", "mine", "x", "figures", "figure_1", {})
    assert products.describe(unread)[2] == products.OTHER  # without the paper's readings


def test_product_without_a_caption_says_what_its_module_says():
    title, caption, section = products.describe(
        Product("figures", "my_figure", "paper", "figures", "_shared.plane", {})
    )
    assert title == "My figure" and section == products.OTHER
    assert caption == " ".join(products._said("emmoe.figures._shared.plane")[0].split())


def test_fingerprint_changes_with_shown_files_that_are_no_inputs(tmp_path):
    own = made_up.record(tmp_path)
    path = tmp_path / "figures" / "figure_3.png"
    path.parent.mkdir()
    before = build.fingerprint(own, layout_of(own), [])
    path.write_bytes(b"a figure of another target")
    assert build.fingerprint(own, layout_of(own), []) != before
    assert build.fingerprint(own, layout_of(own), [str(path)]) == before

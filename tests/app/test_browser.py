"""The pages in a browser: no error, no request elsewhere, no HTML from names, all by keyboard."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fe_anndata as fe
from benchmarks.browser import browser, chromium

from .conftest import HOSTILE

if chromium() is None:
    pytest.skip("there is no Chromium", allow_module_level=True)
pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Error as BrowserError

AXE = Path(os.environ.get("AXE_CORE", "none"), "package", "axe.min.js")
"""What `npm pack axe-core` holds, unpacked in the folder that AXE_CORE names."""
A_GENE, B_GENE, C_GENE = "LYZ", "CST3", "CD79A"
IS_B = '["is","bulk_labels",["CD19%2B B"]]'
PAGES = {
    "home": "#home",
    "samples": "#samples",
    "a gene over samples": f"#samples?color={A_GENE}&at=AAAGCCTGGCTAAC-1",
    "a selection": f'#samples?sel={IS_B}&sets=[["B",{IS_B}]]',
    "genes": f"#genes?gene={A_GENE}",
    "two genes": f"#genes?gene={A_GENE}&b={B_GENE}&by=kind&map=all",
    "calculator": f"#calculator?expression={A_GENE}:{B_GENE}::{C_GENE}:?",
    "a sum": f"#calculator?expression={A_GENE} - {C_GENE}",
    "lists": f"#lists?lists=one: {A_GENE}, {B_GENE}, {C_GENE}, NOPE",
    "properties": "#properties",
    "generate": "#generate",
    "a place": "#generate?at=[0.1,0.1]",
    "a path": '#generate?stops=[["bulk_labels","CD34%2B"],["bulk_labels","Dendritic"]]',
    "model": "#model",
}


@pytest.fixture(scope="module")
def drawn():
    try:
        with browser() as made:
            yield made
    except BrowserError as error:
        pytest.skip(f"Chromium does not start: {str(error).splitlines()[0]}")


@pytest.fixture(scope="module")
def served(file):
    served = fe.app(file, open_browser=False)
    yield served
    served.stop()


SIZE = {"width": 1280, "height": 860}


@pytest.fixture
def context(drawn):
    context = drawn.new_context(viewport=SIZE)
    yield context
    context.close()


class Watched:
    """A page of which all errors and requests are kept."""

    def __init__(self, context, served):
        self.page, self.served = context.new_page(), served
        self.errors, self.requests = [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._said)
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _said(self, message):
        if message.type in ("error", "warning") and "GPU stall" not in message.text:
            self.errors.append(message.text)

    def open(self, address):
        self.page.goto("about:blank")
        self.page.goto(self.served.url + address)
        self.settle()
        return self.page

    def settle(self):
        self.page.wait_for_selector("main .page, main .home")
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_function("!document.querySelector('main progress')")


@pytest.fixture
def watched(context, served):
    return Watched(context, served)


@pytest.fixture(scope="module", params=PAGES)
def each(drawn, served, request):
    """Return each page in turn, opened once."""
    context = drawn.new_context(viewport=SIZE)
    watched = Watched(context, served)
    watched.open(PAGES[request.param])
    yield watched
    context.close()


def test_every_page_opens_and_asks_this_machine_alone(each, served):
    assert each.errors == []
    assert each.page.locator("main .notice.bad").count() == 0
    assert each.page.locator("h1").inner_text()
    assert served.url + "static/main.js" in each.requests
    elsewhere = [url for url in each.requests if not url.startswith((served.url, "blob:"))]
    assert [url for url in elsewhere if url != "about:blank"] == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window(each, width):
    each.page.set_viewport_size(SIZE | {"width": width})
    assert each.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    "address",
    [
        f"#genes?gene={HOSTILE}", f'#samples?sel=["is","kind",["{HOSTILE}"]]',
        f"#samples?at={HOSTILE}", f"#lists?lists={HOSTILE}", f"#{HOSTILE}", f"#genes?b={HOSTILE}",
        f"#calculator?expression={HOSTILE}", f"#model?key={HOSTILE}", f"#generate?at={HOSTILE}",
        f'#samples?sets=[["{HOSTILE}",["is","kind",["a"]]]]',
    ],
)  # fmt: skip
def test_html_in_names_is_shown_as_text(watched, address):
    page = watched.page
    page.on("dialog", lambda dialog: pytest.fail("a script of the file has run"))
    page.goto("about:blank")
    page.goto(watched.served.url + address)
    page.wait_for_selector("main > :not(.loading)")
    page.wait_for_load_state("networkidle")
    assert page.locator("img").count() == 0
    assert [one for one in watched.errors if "status of 400" not in one] == []


def test_a_hostile_label_is_read_in_the_legend(watched):
    page = watched.open("#samples?color=kind")
    assert HOSTILE in page.locator(".legend").inner_text()


def test_the_policy_forbids_what_a_page_must_not_do(watched):
    page = watched.open("#home")
    assert (
        page.evaluate("fetch('http://127.0.0.2:9/').then(() => 'sent', () => 'refused')")
        == "refused"
    )
    with pytest.raises(BrowserError, match=r"(?i)eval|trusted"):
        page.evaluate("() => { document.body.innerHTML = '<b>x</b>'; }")
    assert any("Content Security Policy" in one for one in watched.errors)


def test_the_search_box_leads_to_a_gene_by_keys_alone(watched):
    page = watched.open("#home")
    page.get_by_role("combobox", name="Search").focus()
    page.keyboard.type("lyz")
    page.wait_for_selector("#found li[aria-selected=true]")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Most similar to LYZ")
    assert "gene=LYZ" in page.url


def test_samples_are_selected_by_keys_alone(watched):
    page = watched.open("#samples")
    page.get_by_role("button", name="Box").focus()
    page.keyboard.press("Enter")
    page.locator("canvas.top").focus()
    for keys in ("Left " * 4 + "Up " * 3 + "Space", "Right " * 4 + "Down " * 4 + "Space"):
        for key in keys.split():
            page.keyboard.press("Space" if key == "Space" else f"Shift+Arrow{key}")
    page.wait_for_selector("text=samples are selected")
    n = int(page.locator(".selection h2").first.inner_text().split()[0].replace(",", ""))
    assert 50 < n < 650
    page.get_by_label("Keep it as a set").focus()
    page.keyboard.type("mine")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("aside >> text=mine")
    assert "the set mine" in page.get_by_label("Compared with").inner_text()
    page.get_by_role("button", name="Find genes").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=genes that set the selection apart", state="attached")
    page.locator("canvas.top").focus()
    page.keyboard.press("Escape")
    page.wait_for_function("!location.hash.includes('sel=')")
    assert watched.errors == []


def test_a_range_of_a_column_is_selected_by_keys_alone(watched):
    page = watched.open("#samples")
    page.locator("summary", has_text="Select by range").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Measure").select_option("n_genes")
    page.get_by_label("At least").focus()
    for keys in ("1000", "1200"):
        page.keyboard.type(keys)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=samples are selected")
    assert page.url.endswith("sel=%5B%22between%22,%22n_genes%22,1000,1200%5D")
    assert watched.errors == []


def test_a_place_is_marked_by_keys_alone(watched):
    page = watched.open("#generate")
    page.locator("canvas.top").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.wait_for_selector("text=Profile at")
    assert watched.errors == []


MARK = """(controls) => {
    const all = [...document.querySelectorAll(controls)];
    const shown = all.filter((one) => !one.disabled && one.checkVisibility());
    shown.forEach((one, i) => { one.dataset.number = i; });
    return shown.length;
}"""
HERE = """() => {
    const one = document.activeElement;
    return [one.dataset.number ?? null, getComputedStyle(one).outlineStyle !== 'none'];
}"""


def test_tab_reaches_every_control_and_shows_where_it_is(each):
    page = each.page
    controls = "a[href], button, input, select, textarea, summary, [tabindex='0']"
    marked = page.evaluate(MARK, controls)
    lost, hidden = set(range(marked)), []
    page.evaluate("document.getElementById('skip').focus()")
    for _ in range(2 * marked + 40):
        number, outlined = page.evaluate(HERE)
        if number is not None:
            lost.discard(int(number))
            hidden += [] if outlined else [number]
        if not lost:
            break
        page.keyboard.press("Tab")
    html = "(i) => document.querySelector(`[data-number='${i}']`)?.outerHTML"
    assert [page.evaluate(html, i) for i in lost] == []
    assert [page.evaluate(html, int(i)) for i in hidden] == []


def test_a_file_of_new_samples_is_placed_and_drawn(watched, adata, tmp_path):
    new = adata[:20].copy()
    new.uns.clear(), new.obsm.clear(), new.varm.clear()
    new.write_h5ad(tmp_path / "new.h5ad")
    page = watched.open("#samples")
    page.set_input_files("input[type=file]", tmp_path / "new.h5ad")
    page.wait_for_selector("text=20 new samples, as triangles")
    assert watched.errors == []


def test_tables_sort_page_and_are_saved(watched):
    page = watched.open(f"#genes?gene={A_GENE}&n=50")
    first = page.locator("tbody th").first
    best = first.inner_text()
    page.get_by_role("button", name="sort by rank of query").or_(
        page.locator("th button", has_text="rank").first
    ).first.click()
    page.get_by_role("button", name="Next: rows of").first.click()
    assert first.inner_text() != best
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").first.click()
    assert len(Path(saved.value.path()).read_text().splitlines()) == 51
    for kind, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"Save {kind}").first.click()
        assert Path(saved.value.path()).read_bytes().startswith(start)


def test_points_are_drawn_and_the_legend_hides_them(watched):
    page = watched.open("#samples?color=kind")
    count = """() => { const of = document.querySelector('.plane canvas');
        const to = document.createElement('canvas'); to.width = of.width; to.height = of.height;
        const pen = to.getContext('2d'); pen.drawImage(of, 0, 0);
        const { data } = pen.getImageData(0, 0, to.width, to.height);
        let n = 0; for (let i = 3; i < data.length; i += 4) n += data[i] > 0; return n; }"""
    page.wait_for_timeout(300)
    every = page.evaluate(count)
    assert every > 5000
    page.get_by_role("checkbox", name="a", exact=False).first.click()
    page.wait_for_timeout(300)
    assert 0 < page.evaluate(count) < 0.9 * every


def test_a_find_box_and_none_keep_what_the_legend_hides(watched):
    page = watched.open("#samples?color=louvain_and_phase")
    legend = page.locator(".legend")
    first = legend.get_by_role("checkbox").first
    first.uncheck()
    page.get_by_label("find a label").fill("0 ")
    assert not first.is_checked()
    page.get_by_role("button", name="None").focus()
    page.keyboard.press("Enter")
    assert legend.locator("input:checked").count() == 0
    assert page.evaluate("document.activeElement.textContent") == "None"


def test_both_axes_never_show_the_same_dimension(watched):
    page = watched.open("#samples")
    page.get_by_label("Across", exact=True).select_option(index=1)
    watched.settle()
    assert page.get_by_label("Up", exact=True).input_value() == "0"
    assert page.locator(".notice.bad").count() == 0


def test_an_outline_is_drawn_in_its_own_plane_alone(watched):
    square = "[[-9,-9],[9,-9],[9,9],[-9,9],[-9,0],[0,0],[0,-1]]"
    page = watched.open(f'#samples?sel=["polygon","X_fe",0,1,{square}]')
    drawn = """() => { const { width, height } = document.querySelector('canvas.top');
        const pen = document.querySelector('canvas.top').getContext('2d');
        const { data } = pen.getImageData(0, 0, width, height);
        return data.filter((value, i) => i % 4 === 3 && value).length; }"""
    page.get_by_label("Embedding", exact=True).select_option("X_umap")
    watched.settle()
    page.wait_for_timeout(300)
    before = page.evaluate(drawn)
    page.locator(".selection").get_by_role("button", name="Clear").click()
    page.wait_for_timeout(300)
    assert page.evaluate(drawn) == before


def test_a_colour_that_comes_late_does_not_replace_the_next_one(watched):
    page = watched.open("#samples")
    held = []
    page.route("**/samples/colour?name=LYZ*", lambda route: held.append(route))
    page.get_by_label("or by a gene").fill("LYZ")
    page.keyboard.press("Enter")
    page.get_by_label("Colour by").select_option("phase")
    page.wait_for_selector(".legend h2 >> text=phase")
    held[0].continue_()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    assert page.locator(".legend h2").inner_text() == "phase"


def test_the_lists_of_a_path_say_where_it_leads(watched):
    page = watched.open(PAGES["a path"])
    ends = [page.get_by_label(name, exact=True).input_value() for name in ("From", "To")]
    assert ends == ["CD34+", "Dendritic"]
    page = watched.open('#generate?stops=[["louvain","5"],["louvain","3"]]')
    names = ("Column", "From", "To")
    assert [page.get_by_label(name, exact=True).input_value() for name in names] == [
        "louvain", "5", "3",
    ]  # fmt: skip


def test_the_address_holds_what_is_shown_and_back_goes_back(watched):
    page = watched.open(f"#genes?gene={A_GENE}")
    page.get_by_label("Gene, or several").fill(B_GENE)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"text=Most similar to {B_GENE}")
    assert f"gene={B_GENE}" in page.url
    page.go_back()
    page.wait_for_selector(f"text=Most similar to {A_GENE}")


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not unpacked in the folder AXE_CORE")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_names_and_contrast(each, scheme):
    page = each.page
    page.emulate_media(color_scheme=scheme)
    page.evaluate(AXE.read_text() + "\n;0")  # by the debugger, which the policy does not bind
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    bad = [
        (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert bad == []

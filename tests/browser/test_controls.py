"""The recipe as a form: by pointer, by keyboard, on a narrow screen, in two tabs; files right and wrong."""

import pytest

pytestmark = pytest.mark.filterwarnings("default")

SHARES = "document.querySelector('.triangle-point').getAttribute('aria-valuetext')"


def corner(page, name: str) -> tuple[float, float]:
    """Where a corner of the triangle is, on the screen."""
    place = page.evaluate(
        """(name) => {
            const svg = document.querySelector('.triangle-svg');
            const y = 22 + 100 * Math.sqrt(3);
            const at = {real: [130, 22], synthetic: [30, y], kept: [230, y]};
            const p = new DOMPoint(...at[name]).matrixTransform(svg.getScreenCTM());
            return [p.x, p.y];
        }""",
        name,
    )
    return place[0], place[1]


def test_dragging_in_the_triangle(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    (ax, ay), (bx, by), (cx, cy) = (corner(page, name) for name in ("real", "synthetic", "kept"))
    page.mouse.move(bx, by)
    page.mouse.down()
    page.mouse.move((bx + cx) / 2, by, steps=4)
    assert page.evaluate(SHARES) == "real 0 %, synthetic 50 %, kept 50 %"
    page.mouse.move(0.5 * ax + 0.25 * bx + 0.25 * cx, 0.5 * ay + 0.25 * by + 0.25 * cy, steps=4)
    page.mouse.up()
    assert page.evaluate(SHARES) == "real 50 %, synthetic 25 %, kept 25 %"
    assert page.locator(".share-real").input_value() == "50"
    page.until("location.hash.includes('recipe=')")
    workflow = page.recipe["workflow"]
    assert (workflow["real"], workflow["kept"]) == (0.5, 0.25)
    page.until("document.querySelector('#running').textContent.length > 20")
    page.until_end()
    page.mouse.move(ax, ay)
    page.mouse.down()
    page.mouse.move(ax, ay - 300, steps=3)  # far outside: the nearest point in it
    page.mouse.up()
    assert page.evaluate(SHARES) == "real 100 %, synthetic 0 %, kept 0 %"
    page.until_end()


def test_dragging_the_truth(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    box = page.locator(".truth-svg .dot .grip").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 20, steps=4)
    page.mouse.up()
    page.until("location.hash.includes('recipe=')")
    truth = page.recipe["truth"]
    assert truth["means"][0] > small["truth"]["means"][0]
    assert truth["weights"][0] < 0.5
    assert sum(truth["weights"]) == pytest.approx(1.0, abs=1e-12)
    page.click("text=Add a component")
    page.wait_for_timeout(600)
    page.until_end()
    assert len(page.recipe["truth"]["means"]) == 3
    assert page.recipe["learner"]["components"] == 3
    page.click("[aria-label='Remove component 1']")
    page.wait_for_timeout(600)
    page.until_end()
    assert len(page.recipe["truth"]["means"]) == 2


def test_a_key_on_a_slider_is_answered_in_full(server, visit, small):
    """A rough answer comes first, and must not stand in the way of the whole one."""
    page = visit()
    page.open(server.link_to(recipe={**small, "replicates": 20}))
    page.until_end()
    assert page.locator("#replicate option").count() == 20
    page.locator("#size input[type=range]").first.focus()
    page.keyboard.press("ArrowRight")
    page.until("!location.hash.includes('%22n_samples%22%3A500%2C')")
    page.wait_for_timeout(1000)
    page.until("document.querySelectorAll('#replicate option').length === 20")
    page.until_end()


def test_keyboard_alone(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "stage"
    seen = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break  # beyond the last
        name = page.evaluate(
            """() => {
            const one = document.activeElement;
            const outline = getComputedStyle(one).outlineStyle !== 'none' || one.matches('svg [tabindex]');
            const name = one.dataset.field || one.id || one.getAttribute('aria-label') || one.textContent;
            return [name, outline];
            }"""
        )
        assert name[1], f"no focus is seen on {name[0]}"
        seen.add(name[0])
    wanted = {
        "run",
        "play",
        "scrub",
        "replicate",
        "speed",
        "workflow.real",
        "n_samples",
        "engine",
        "truth.family",
    }
    assert wanted <= seen
    assert any(name.startswith("Shares of the next") for name in seen)
    assert any(name.startswith("Component 1:") for name in seen)
    page.locator(".triangle-point").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    assert page.evaluate(SHARES) == "real 11 %, synthetic 89 %, kept 0 %"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(SHARES) == "real 11 %, synthetic 88 %, kept 1 %"
    page.wait_for_timeout(500)
    page.until_end()
    assert page.recipe["workflow"]["real"] == pytest.approx(0.11)
    page.locator("#play").focus()
    page.keyboard.press("Enter")
    page.locator(".story").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".story[aria-current]")
    page.locator("#exports > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('#exports').open")
    page.locator(".truth-svg .dot").first.focus()
    page.keyboard.press("ArrowRight")
    page.until("location.hash.includes('recipe=')")
    page.until_end()


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_no_horizontal_scroll(server, visit, small, width):
    page = visit(width=width, height=740)
    page.open(server.link_to(recipe=small))
    page.until_end()
    for view in ("lab", "plan", "studies"):
        page.click(f"[data-view={view}]")
        wide = page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= width, f"{view} is {wide} wide"
        spilt = page.evaluate(
            """() => [...document.querySelectorAll('main *, header *')]
            .filter((e) => !e.closest('.story-list, .table-scroll, .visually-hidden, svg, .u-wrap, pre'))
            .filter((e) => e.checkVisibility())
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
            .map((e) => e.outerHTML.slice(0, 90))"""
        )
        assert spilt == []


def test_two_tabs(server, visit, small):
    one = visit()
    two = visit.again(one.page.context)
    one.open(server.link_to(recipe=small))
    two.open(server.link_to(recipe={**small, "workflow": {"kind": "mix", "real": 1.0}}))
    one.until_end()
    two.until_end()
    assert one.evaluate(SHARES) != two.evaluate(SHARES)
    assert one.recipe["workflow"]["real"] == 0.0
    assert two.recipe["workflow"]["real"] == 1.0


def test_problems_stand_beside_their_fields(server, visit, small):
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    field = page.locator("#size [data-field=n_samples]")
    field.fill("0")
    field.press("Enter")
    page.wait_for_selector(".row:has(#size [data-field=n_samples]) .problem, #size .problem")
    assert "n_samples = 0" in page.text("#size .problem")
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("400")
    field.press("Enter")
    page.wait_for_selector("#size .problem", state="detached")
    page.wait_for_timeout(400)
    page.until_end()


def test_over_the_limit_is_refused(server, visit, small):
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    field = page.locator("#size [data-field=generations]")
    field.fill("1000000000")
    field.press("Enter")
    page.wait_for_selector("#size .problem")
    assert "generations" in page.text("#size .problem")


GOOD = "waiting,note\n" + "".join(f"{50 + i % 40},x\n" for i in range(200))
BAD = {
    "empty.csv": b"",
    "header.csv": b"a\n",
    "text.csv": b"a\nred\ngreen\n",
    "ragged.csv": b"a,b\n1,2\n3\n",
    "nan.csv": b"a\n1\nnan\n3\n",
    "inf.csv": b"a\n1\ninf\n3\n",
    "nul.csv": b"a\n1\n\x002\n",
    "pickle.csv": b"\x80\x04\x95\x00\x00\x00\x00cos\nsystem\n.",
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "big.csv": b"a\n" + b"1\n" * 1_100_000,
}


def test_uploads(server, visit, small):
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    page.select_option("[data-field='truth.family']", "data")
    chooser = page.locator("input[type=file]")
    for name, content in BAD.items():
        chooser.set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
        page.wait_for_selector("#truth .upload-problem:visible")
        assert len(page.text("#truth .upload-problem")) > 10, name
        assert page.text(".upload-told") == "", name
        page.evaluate("document.querySelector('#truth .upload-problem').hidden = true")
    rows = "name,seconds\n" + "".join(f"x,{i % 9}\n" for i in range(60))
    chooser.set_input_files({"name": "two.csv", "mimeType": "text/csv", "buffer": rows.encode("utf-16")})
    page.until("document.querySelector('.upload-told').textContent.includes('60 numbers')")
    assert page.locator("[data-field='truth.column']").input_value() == "seconds"
    chooser.set_input_files({"name": "geyser.csv", "mimeType": "text/csv", "buffer": GOOD.encode()})
    page.until("document.querySelector('.upload-told').textContent.includes('200 numbers')")
    page.wait_for_timeout(500)
    page.until_end()
    assert page.recipe["truth"]["family"] == "data"
    assert "upload=" in page.url

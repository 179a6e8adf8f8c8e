"""The chat page in a real browser.

Tests with `page` hold for any server; those with `stub_page` steer the stand-in.
"""

import pytest
from selenium.webdriver import ActionChains, Keys

from .chat_page import ChatPage
from .stub import KEYS, Stub

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    "<b>bold</b> &amp; javascript:alert(1) \u202egnp.exe"
)
LUMINANCE = """
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255];
    };
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ratio = (element) => {
        const pair = [light(rgba(getComputedStyle(element).color)), light(ground(element))];
        return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    };
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const poor = [];
    while (words.nextNode()) {
        const element = words.currentNode.parentElement;
        if (!words.currentNode.data.trim() || !element.checkVisibility()) continue;
        if (ratio(element) < 4.5) poor.push(`${words.currentNode.data}: ${ratio(element)}`);
    }
    return poor;
"""


def test_a_newcomer_is_greeted_at_once(page: ChatPage) -> None:
    page.greeted()
    assert page.texts("bot")
    assert page.texts("person") == []  # the page's own /start is not shown
    assert page.find("h1").text
    assert page.find("#log").get_attribute("role") == "log"


def test_a_conversation_by_tapping(page: ChatPage) -> None:
    page.greeted()
    label, before = page.options()[0].text, len(page.texts("bot"))
    page.options()[0].click()
    page.until(lambda: page.texts("person") == [label])
    page.until(lambda: len(page.texts("bot")) > before or page.options()[0].text != label)
    assert page.waiting() == []


def test_a_conversation_by_typing(page: ChatPage) -> None:
    page.greeted()
    before = len(page.texts("bot"))
    page.write("Ciao")
    page.until(lambda: page.texts("person") == ["Ciao"])
    page.until(lambda: len(page.texts("bot")) > before)
    assert page.find("#text").get_attribute("value") == ""
    page.find("#text").send_keys("menu")
    page.find("#send").click()
    page.until(lambda: page.texts("person") == ["Ciao", "menu"])


def test_shift_enter_makes_a_new_line(stub_page: ChatPage) -> None:
    stub_page.greeted()
    two_lines = ActionChains(stub_page.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER)
    stub_page.find("#text").send_keys("one")
    two_lines.key_up(Keys.SHIFT).perform()
    stub_page.write("two")
    stub_page.until(lambda: stub_page.texts("person") == ["one\ntwo"])


def test_with_the_keyboard_alone(page: ChatPage) -> None:
    page.greeted()
    label, tap = page.options()[0].text, page.options()[0].get_attribute("data-tap")
    for _ in range(20):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        if page.focused().get_attribute("data-tap") == tap:
            break
    assert page.focused().value_of_css_property("outline-style") == "solid"
    page.focused().send_keys(Keys.ENTER)
    page.until(lambda: page.texts("person") == [label])
    for _ in range(40):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        if page.focused().get_attribute("id") == "text":
            break
    ActionChains(page.driver).send_keys("menu", Keys.ENTER).perform()
    page.until(lambda: page.texts("person") == [label, "menu"])
    assert page.focused().get_attribute("id") == "text"


def test_everything_is_mirrored_in_arabic(page: ChatPage) -> None:
    page.greeted(language="ar")
    page.until(lambda: page.js("return document.documentElement.dir") == "rtl")
    assert page.js("return document.documentElement.lang").startswith("ar")
    page.write("مرحبا")
    page.until(lambda: page.texts("person") == ["مرحبا"])
    page.until(lambda: not page.waiting())
    middle = page.js("return innerWidth / 2")
    left = "return document.querySelector('.message.{} .bubble').getBoundingClientRect()"
    assert page.js(left.format("person"))["left"] < middle / 2
    assert page.js(left.format("bot"))["right"] > middle * 1.5
    assert page.find(".bot .text").get_attribute("dir") == "rtl"
    assert page.overflow() <= 0


def test_the_page_follows_the_language_of_the_newest_answer(
    stub_page: ChatPage, stub: Stub
) -> None:
    page = stub_page.greeted()
    assert page.find("h1").text == "Opportunities desk"
    page.option("العربية").click()
    page.until(lambda: page.find("h1").text == "مكتب الفرص")
    assert page.js("return [document.documentElement.lang, document.documentElement.dir]") == [
        "ar",
        "rtl",
    ]
    assert page.find(".bot .text").get_attribute("dir") == "ltr"  # the old answer keeps its own
    stub.say(page.chat, "Eccoci.", language="it")
    page.until(lambda: page.find("h1").text == "Sportello delle opportunità")
    assert page.js("return document.documentElement.dir") == "ltr"


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 400), (320, 256), (1280, 900)])
def test_nothing_overflows(page: ChatPage, width: int, height: int) -> None:
    page.greeted(width=width, height=height)
    page.write("W" * 300)
    page.until(lambda: page.texts("person") == ["W" * 300])
    page.until(lambda: not page.waiting())
    assert page.overflow() <= 0
    assert page.js("return document.documentElement.scrollHeight <= innerHeight")
    assert page.js("return document.getElementById('scroller').clientHeight") > height / 4


def test_buttons_are_large_enough_for_a_finger(page: ChatPage) -> None:
    page.greeted(width=320)
    for button in page.find_all("button, textarea"):
        assert button.size["width"] >= 44, button.get_attribute("outerHTML")
        assert button.size["height"] >= 44, button.get_attribute("outerHTML")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(stub_page: ChatPage, stub: Stub, scheme: str) -> None:
    page = stub_page.greeted(scheme=scheme)
    page.write("Ciao https://example.org/")
    page.until(lambda: len(page.texts("bot")) > 1)
    stub.say(page.chat, "Which?", options=(("One", "1"),))
    page.until(page.options)
    stub.stop()
    page.until(lambda: page.find("#lost").text)
    page.write("later")
    assert page.js(LUMINANCE) == []


def test_each_control_has_a_name(page: ChatPage) -> None:
    page.greeted()
    for element in page.find_all("button, textarea, [role=log], [role=region], [role=group]"):
        assert element.accessible_name, element.get_attribute("outerHTML")


def test_no_word_is_the_pages_own(stub_page: ChatPage, stub: Stub) -> None:
    stub.say(stub_page.chat, "⟦bot text⟧", options=(("⟦label⟧", "x"),), language="qps")
    page = stub_page
    page.open(language="qps")
    page.until(page.options)
    page.until(lambda: page.find("h1").text == "⟦title⟧")
    script = """
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
        while (walker.nextNode()) found.push(walker.currentNode.data.trim());
        for (const element of document.querySelectorAll("*"))
            for (const name of ["aria-label", "title", "placeholder", "alt"])
                if (element.hasAttribute(name)) found.push(element.getAttribute(name));
        return [...found.filter(Boolean), document.title]"""
    time = page.find("time").text
    found = page.js(script)
    assert [text for text in found if not text.startswith("⟦") and text != time] == []
    on_demand = {"⟦location_denied⟧", "⟦connection_lost⟧", "⟦you⟧", "⟦typing⟧"}
    assert {f"⟦{key}⟧" for key in KEYS} - on_demand <= set(found)


def test_hostile_text_stays_text(page: ChatPage) -> None:
    page.greeted()
    title = page.driver.title
    page.write(HOSTILE)
    page.until(lambda: any("onerror" in text for text in page.texts("person")))
    page.until(lambda: not page.waiting())
    assert page.find_all("#log img, #log script, #log b") == []
    assert page.driver.title == title


def test_hostile_answers_stay_text(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted()
    title = page.driver.title
    stub.say(page.chat, HOSTILE, options=((HOSTILE, "<i>"),))
    stub.say(page.chat, "Ȁ" + "̴҉" * 500, language='en" onclick="x')
    stub.say(page.chat, "javascript:alert(1) https://example.org/a?b=1&c=<i>, (http://è.it). x")
    page.until(lambda: page.texts("bot")[-1].endswith(" x"))
    assert HOSTILE in page.texts("bot")
    assert page.find_all("#log img, #log script, #log b, #log i, [onclick]") == []
    links = [link.get_attribute("href") for link in page.find_all("#log a")]
    assert links == ["https://example.org/a?b=1&c=", "http://xn--8ca.it/"]
    assert page.driver.title == title
    assert page.overflow() <= 0


def test_a_file_is_a_link(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted()
    stub.say(page.chat, "Here.", file={"name": "my-data.json", "letter": 12})
    page.until(lambda: page.find_all("#log a.file"))
    link = page.find("#log a.file")
    assert link.get_attribute("href") == f"{stub.url}/simulator/{page.chat}/files/12"
    assert link.get_attribute("download") == "my-data.json"
    assert "my-data.json" in link.text


def test_an_edit_replaces_its_message(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted()
    boxes = (("Bread", "tick:b"), ("Milk", "tick:m"))
    first = stub.say(page.chat, "Tick all you need", options=boxes)
    page.until(lambda: page.texts("bot")[-1] == "Tick all you need")
    count = len(page.texts("bot"))
    page.option("Milk").send_keys(Keys.ENTER)
    page.until(lambda: page.option("Milk").text == "✅ Milk")
    assert page.focused().text == "✅ Milk"  # the keyboard stays where it was
    page.option("Bread").click()  # an edit of an edit
    page.until(lambda: page.option("Bread").text == "✅ Bread")
    assert page.option("Milk").text == "✅ Milk"
    stub.say(page.chat, "Closed", edits=first)
    page.until(lambda: page.texts("bot")[-1] == "Closed")
    assert len(page.texts("bot")) == count
    page.driver.refresh()
    page.until(lambda: page.texts("bot")[-1:] == ["Closed"])
    assert len(page.texts("bot")) == count


def test_old_buttons_still_answer(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted()
    label = page.options()[0].text
    stub.say(page.chat, "And now?", options=(("Yes", "yes"),))
    page.until(lambda: [option.text for option in page.options()] == ["Yes"])
    page.option(label).click()
    page.until(lambda: page.texts("person") == [label])


def test_it_comes_back_when_the_server_does(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted()
    stub.stop()
    page.until(lambda: page.find("#lost").text == "No connection. Trying again …")
    page.write("first")
    page.write("second")
    assert page.waiting() == ["first", "second"]
    stub.say(page.chat, "Said while you were away")
    stub.start()
    page.until(lambda: page.texts("person") == ["first", "second"])
    page.until(lambda: not page.find("#lost").text)
    assert page.waiting() == []
    assert page.texts("bot").count("Said while you were away") == 1
    page.write("third")
    page.until(lambda: "You wrote: third" in page.texts("bot"))
    sent = [m["text"] for m in stub.messages(page.chat) if m["from"] == "person"]
    assert sent == ["/start", "first", "second", "third"]


def test_at_most_twenty_messages_wait(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted()
    stub.stop()
    page.until(lambda: page.find("#lost").text)
    for number in range(20):
        page.write(f"n{number}")
    page.write("too many")
    assert len(page.waiting()) == 20
    assert page.find("#text").get_attribute("value") == "too many"
    stub.start()
    page.until(lambda: page.texts("person") == [f"n{number}" for number in range(20)])


def test_a_message_is_not_sent_twice_when_its_receipt_is_lost(
    stub_page: ChatPage, stub: Stub
) -> None:
    page = stub_page.greeted()
    stub.swallow = 1
    page.write("once")
    page.write("again")
    page.until(lambda: page.texts("person")[-1:] == ["again"] and not page.waiting())
    sent = [m["text"] for m in stub.messages(page.chat) if m["from"] == "person"]
    assert sent == ["/start", "once", "again"]


def test_it_says_that_the_assistant_is_writing(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted()
    stub.silent = True
    page.write("Ciao")
    page.until(lambda: page.find("#typing").text == "The assistant is writing …")
    stub.say(page.chat, "Here I am")
    page.until(lambda: not page.find("#typing").text)


def test_it_scrolls_along_unless_somebody_reads_above(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted(height=500)
    for number in range(15):
        stub.say(page.chat, f"Offer {number}\nin two lines")
    page.until(lambda: len(page.texts("bot")) == 16)
    left = "const s = document.getElementById('scroller');" + (
        "return s.scrollHeight - s.clientHeight - s.scrollTop"
    )
    page.js("document.getElementById('scroller').scrollTop = 100")
    stub.say(page.chat, "Another")
    page.until(lambda: page.texts("bot")[-1] == "Another")
    assert page.js("return document.getElementById('scroller').scrollTop") == 100
    page.write("Ciao")
    page.until(lambda: page.texts("bot")[-1] == "You wrote: Ciao")
    page.until(lambda: page.js(left) < 5)


def test_a_long_answer_is_read_from_its_beginning(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted(height=500)
    page.write("Ciao")
    page.until(lambda: len(page.texts("bot")) == 2)
    stub.silent = True
    page.write("All")
    page.until(lambda: page.texts("person")[-1] == "All")
    stub.say(page.chat, "Long\n" * 60)
    stub.say(page.chat, "and its second part")
    page.until(lambda: page.texts("bot")[-1] == "and its second part")
    top = """
        const long = [...document.querySelectorAll('#log .bot')].at(-2).getBoundingClientRect().top;
        return long - document.getElementById('scroller').getBoundingClientRect().top"""
    page.until(lambda: 0 <= page.js(top) < 60)


def test_the_position_is_sent_or_kindly_refused(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted()
    cdp = page.driver.execute_cdp_cmd
    permission = {"permission": {"name": "geolocation"}, "origin": stub.url}
    cdp("Browser.setPermission", {**permission, "setting": "denied"})
    page.find("#location").click()
    page.until(lambda: page.find("#notice").text.startswith("Your position is not available"))
    assert page.texts("person") == []
    cdp("Browser.setPermission", {**permission, "setting": "granted"})
    place = {"latitude": 44.937, "longitude": 8.066, "accuracy": 10}
    cdp("Emulation.setGeolocationOverride", place)
    page.find("#location").click()
    page.until(lambda: page.texts("person") == ["📍 44.9370, 8.0660"])
    assert page.find("#notice").text == ""


def test_a_new_chat_begins_again_and_is_kept(stub_page: ChatPage) -> None:
    page = stub_page.greeted()
    page.write("Ciao")
    page.until(lambda: page.texts("person") == ["Ciao"])
    page.find("#new-chat").click()
    page.until(lambda: page.options() and page.texts("person") == [])
    assert "chat=" not in page.driver.current_url
    page.write("New")
    page.until(lambda: page.texts("person") == ["New"])
    page.driver.refresh()
    page.until(lambda: page.texts("person") == ["New"])


def test_it_passes_on_the_channel_it_acts_as(stub_page: ChatPage, stub: Stub) -> None:
    page = stub_page.greeted(query="&as=whatsapp")
    page.write("Ciao")
    page.until(lambda: page.texts("person") == ["Ciao"])
    assert stub.messages(page.chat) == []
    assert [m["text"] for m in stub.messages(f"{page.chat}@whatsapp")][:1] == ["/start"]
    assert page.find("#channel").text == "WhatsApp"

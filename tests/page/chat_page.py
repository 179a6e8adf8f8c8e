"""The chat page as a test sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE = 15
NETWORK = ("Failed to load resource", "net::ERR")


@dataclass
class ChatPage:
    """Opens the page, reads its bubbles, uses its controls."""

    driver: Chrome
    base_url: str
    chat: str

    def open(
        self,
        width: int = 390,
        height: int = 800,
        language: str = "en",
        scheme: str = "light",
        query: str = "",
    ) -> None:
        """Load the chat in a window of this size, language and colour scheme.

        Without motion: Selenium reads a text that is fading in as an empty one.
        """
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        agent = {"userAgent": "Sportello test", "acceptLanguage": language}
        media = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        feature = {"features": [{"name": name, "value": media[name]} for name in media]}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", agent)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
        self.driver.get(f"{self.base_url}/?chat={self.chat}{query}")

    def greeted(self, **settings: Any) -> "ChatPage":
        """Open it and wait for the first options."""
        self.open(**settings)
        self.until(self.options)
        return self

    def leave(self) -> None:
        """Forget this server before it goes away."""
        self.driver.get("about:blank")

    def complaints(self) -> list[str]:
        """What the console complained about; a server that is away on purpose does not count."""
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        entries = [str(entry["message"]) for entry in log]
        return [entry for entry in entries if not any(word in entry for word in NETWORK)]

    def until(self, condition: Callable[[], object]) -> Any:
        """Wait for something true."""
        wait = WebDriverWait(
            self.driver, PATIENCE, 0.05, ignored_exceptions=[StaleElementReferenceException]
        )
        return wait.until(lambda _: condition())

    def find(self, selector: str) -> WebElement:
        """The one element for a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> list[WebElement]:
        """All elements for a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def js(self, script: str, *values: object) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script, *values)

    def texts(self, side: str = "") -> list[str]:
        """What the bubbles say, of ``person`` or ``bot`` or both; only what the server has said."""
        selector = f"#log .message{'.' + side if side else ''} .text"
        script = "return [...document.querySelectorAll(arguments[0])].map(p => p.textContent)"
        return list(self.js(script, selector))

    def waiting(self) -> list[str]:
        """What is still to be sent."""
        script = "return [...document.querySelectorAll('#outbox .text')].map(p => p.textContent)"
        return list(self.js(script))

    def options(self) -> list[WebElement]:
        """The buttons of the newest answer."""
        return self.find_all("#log .newest .options button")

    def option(self, label: str) -> WebElement:
        """The newest button whose label ends so."""
        found = [o for o in self.find_all("#log .options button") if o.text.endswith(label)]
        return found[-1]

    def write(self, text: str) -> None:
        """Type and press Enter."""
        self.find("#text").send_keys(text, Keys.ENTER)

    def focused(self) -> WebElement:
        """The element with the keyboard."""
        return self.driver.switch_to.active_element

    def overflow(self) -> int:
        """By how many pixels anything reaches beyond the sides of the window or of the talk."""
        script = """
            const seen = [...document.querySelectorAll("body *:not(.unseen)")]
                .map((element) => element.getBoundingClientRect());
            const scroller = document.getElementById("scroller");
            return Math.max(document.documentElement.scrollWidth - innerWidth,
                            scroller.scrollWidth - scroller.clientWidth,
                            ...seen.map(({left, right}) => Math.max(-left, right - innerWidth)))"""
        return int(self.js(script))

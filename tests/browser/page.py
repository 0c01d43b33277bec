"""The Dagster UI as a person reads it: pages by their address, words on them, and pictures of both."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Error, Locator, Page, expect, sync_playwright

from tests.conftest import CHROMIUM

_FLAGS = (
    "--no-sandbox",  # chromium's own does not start as root; the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_LOOK_SECONDS = 8


@dataclass(frozen=True)
class Ui:
    """One browser tab. `pictures` is the folder of its screenshots."""

    page: Page
    url: str
    pictures: Path

    def see(
        self, path: str, *words: str | re.Pattern[str], picture: str | None = None, seconds: float = 40
    ) -> None:
        """Open a page until it shows all these words; they are looked for again after a reload."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.page.goto(f"{self.url}{path}")
                for text in words:
                    expect(self.shown(text)).to_be_visible(timeout=_LOOK_SECONDS * 1000)
                break
            except (AssertionError, Error):
                if time.monotonic() > deadline:
                    self.take("failed")
                    raise
        if picture:
            self.take(picture)

    def shown(self, text: str | re.Pattern[str]) -> Locator:
        """The first visible place of a text."""
        return self.page.get_by_text(text).filter(visible=True).first

    def never_says(self, text: str) -> None:
        """The page at hand does not show a text."""
        expect(self.page.get_by_text(text).filter(visible=True)).to_have_count(
            0, timeout=_LOOK_SECONDS * 1000
        )

    def materialize_by_hand(self, asset: str, partition: str) -> str:
        """Materialize one partition with the button on the asset's page; returns the id of the run."""
        self.see(partition_page(asset, partition), "Latest materialization")
        self.page.get_by_role("button", name="Materialize").first.click()
        launch = self.page.get_by_role("button", name="Launch 1 run")
        expect(self.page.get_by_text("1 partition", exact=True)).to_be_visible(timeout=_LOOK_SECONDS * 1000)
        self.take(f"materialize-{asset.rsplit('/', maxsplit=1)[-1]}-by-hand")
        with self.page.expect_response(lambda r: _launched(r.request.post_data)) as answered:
            launch.click()
        launched = answered.value.json()["data"]["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run: str = launched["run"]["id"]
        return run

    def take(self, name: str) -> None:
        """A picture of what the window shows."""
        self.page.wait_for_timeout(700)  # the UI fades its parts in
        self.page.screenshot(path=self.pictures / f"{name}.png")


def partition_page(asset: str, partition: str) -> str:
    """The address of an asset's page with one delivery chosen."""
    return f"/assets/{asset}?partition={partition}&view=partitions"


def check_page(asset: str, check: str) -> str:
    """The address of an asset check."""
    return f"/assets/{asset}?view=checks&checkDetail={check}"


@contextmanager
def browser(url: str, pictures: Path) -> Iterator[Ui]:
    """A fresh browser on the UI at `url`."""
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(_FLAGS))
        try:
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(30_000)
            yield Ui(page, url, pictures)
        finally:
            chromium.close()


def _launched(post_data: str | None) -> bool:
    return post_data is not None and "LaunchPipelineExecution" in post_data

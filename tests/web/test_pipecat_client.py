"""Pipecat's own web client, unmodified, in Chromium: it connects, sees, and keeps the connection."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import Server, pages
from tests.web.test_npm_package import npm_install, run, site

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not (shutil.which("npm") and shutil.which("node")), reason="no npm is installed"),
]
CLIENT = ["@pipecat-ai/client-js@1.13.1", "@pipecat-ai/small-webrtc-transport@1.10.8", "esbuild@0.28.2"]
SOURCE = Path(__file__).parent / "pages" / "pipecat.ts"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with the client in one file."""
    folder = tmp_path_factory.mktemp("pipecat")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    done = npm_install(folder, *CLIENT)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {', '.join(CLIENT)}: {done.stderr.strip().splitlines()[-1]}")
    shutil.copy(SOURCE, folder)
    out = folder / "site"
    shape = ["--bundle", "--format=esm", f"--outfile={out / 'bundle.js'}"]
    run("npx", "--no-install", "esbuild", SOURCE.name, *shape, cwd=folder)
    icon = '<link rel="icon" href="data:,">'
    (out / "index.html").write_text(
        f'<!doctype html>{icon}<body><script type="module" src="bundle.js"></script>'
    )
    return out


def test_pipecats_client_sees_the_avatar(bundle: Path, tmp_path: Path, chromium: Any) -> None:
    with site(bundle) as origin:
        server = Server(tmp_path, origins=(origin,))
        try:
            with pages(chromium, server) as open_page:
                page = open_page(f"/?src={server.url}/api/offer", host=origin)
                page.wait("happened.includes('ready') && happened.includes('video') && picture() !== '0x0'")
                assert page.tab.evaluate("happened").count("connected") == 1
                assert len(server.get("avatars/main/viewers")["viewers"]) == 1
                # Its pings and states are no mistakes, for which the channel would be closed.
                page.wait("performance.now() > 2_500 + (window.since ??= performance.now())")
                assert page.tab.evaluate("happened").count("disconnected") == 0
                page.tab.evaluate("client.disconnect()")
                page.wait("happened.includes('disconnected')")
                assert set(page.foreign) == {f"{server.url}/api/offer"}
                page.foreign.clear()
        finally:
            server.close()

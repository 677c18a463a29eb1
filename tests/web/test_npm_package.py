"""`npm pack ./web`, installed elsewhere: its types, its manifest, and a bundle of it on another site."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from avatar_rtc.version import __version__
from tests.documents import ROOT
from tests.web.conftest import Server, pages

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("npm") and shutil.which("node")), reason="no npm is installed"),
]
TOOLS = ["typescript@7.0.2", "esbuild@0.28.2", "@types/react@19.3.3"]
CONSUMER = Path(__file__).parent / "pages" / "consumer.ts"
STRICT = ["--strict", "--noEmit", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022"]
JSX = """import type {} from 'avatar-rtc/react';
export const seen = <avatar-rtc src="/api/v1/avatars/main/whep" muted badge="always" className="small"
  onspeech={({ detail }) => detail.speech_id} />;
// @ts-expect-error: not one of the three
export const wrong = <avatar-rtc framing="feet" />;
"""


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def npm_install(folder: Path, *what: str) -> subprocess.CompletedProcess[str]:
    quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0", "--ignore-scripts"]
    return subprocess.run(
        ["npm", "install", *quiet, *what],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tarball, packed from a copy of what the repository holds."""
    folder = tmp_path_factory.mktemp("packed")
    shutil.copytree(ROOT / "web", folder / "web")
    shutil.copy(ROOT / "LICENSE", folder)
    run("npm", "pack", "./web", cwd=folder)
    return folder / f"avatar-rtc-{__version__}.tgz"


@pytest.fixture(scope="module")
def consumer(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has it installed, without any tool."""
    folder = tmp_path_factory.mktemp("consumer")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    done = npm_install(folder, str(packed))
    assert done.returncode == 0, done.stderr
    shutil.copy(CONSUMER, folder)
    return folder


@pytest.fixture(scope="module")
def tools(consumer: Path) -> Path:
    """The same with a compiler and a bundler."""
    done = npm_install(consumer, *TOOLS)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {', '.join(TOOLS)}: {done.stderr.strip().splitlines()[-1]}")
    return consumer


def test_a_package_holds_its_files_and_the_licence(packed: Path) -> None:
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    files = json.loads((ROOT / "web" / "package.json").read_text())["files"]
    assert names == {*files, "package.json", "LICENSE"}
    assert packed.stat().st_size < 60_000
    assert not (packed.parent / "web" / "LICENSE").exists(), "it was there for the packing only"


def test_a_server_that_renders_pages_may_import_it(consumer: Path) -> None:
    script = "const { AvatarRtcElement } = await import('avatar-rtc'); console.log(AvatarRtcElement.name)"
    assert run("node", "--input-type=module", "-e", script, cwd=consumer) == "AvatarRtcElement\n"


def test_types_are_right_in_a_strict_project(tools: Path) -> None:
    (tools / "seen.tsx").write_text(JSX)
    run("npx", "--no-install", "tsc", *STRICT, "--jsx", "react-jsx", "consumer.ts", "seen.tsx", cwd=tools)


@contextmanager
def site(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, name="site of a bundle", daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.browser
def test_a_bundle_of_it_speaks_on_another_site(tools: Path, tmp_path: Path, chromium: Any) -> None:
    out = tmp_path / "site"
    bundle = ["--bundle", "--format=esm", "--minify", f"--outfile={out / 'bundle.js'}"]
    run("npx", "--no-install", "esbuild", "consumer.ts", *bundle, cwd=tools)
    html = (
        '<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="bundle.js"></script>'
    )
    (out / "index.html").write_text(html)
    with site(out) as origin:
        server = Server(tmp_path, origins=(origin,))
        try:
            check_speaks(partial(pages, chromium, server), origin, server)
        finally:
            server.close()


def check_speaks(visit: Callable[[], Any], origin: str, server: Server) -> None:
    with visit() as open_page:
        page = open_page(f"/?src={server.url}/api/v1/avatars/main/whep", host=origin)
        page.wait_live()
        assert page.tab.evaluate("greet()") is not None
        page.wait("said.includes('Hello')")
        assert page.tab.evaluate("avatar.speaking") and page.tab.title() == "live"
        page.foreign[:] = [url for url in page.foreign if not url.startswith(f"{server.url}/")]

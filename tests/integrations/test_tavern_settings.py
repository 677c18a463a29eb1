"""What the extension keeps, and where it puts the avatar."""

import random

import pytest

from tests.integrations.in_node import in_node

USUAL = "return it.DEFAULTS"


def test_nothing_kept_is_the_defaults_and_they_are_kept() -> None:
    defaults = in_node("settings.js", USUAL, None)
    body = "return cases.map((each) => it.settled(each))"
    for found in in_node("settings.js", body, [None, {}, [], "x", 3, defaults]):
        assert found == defaults


def test_what_is_not_usable_is_the_default_and_the_rest_stays() -> None:
    defaults = in_node("settings.js", USUAL, None)
    kept = {
        "sound": "shout", "words": 3, "speed": 9, "volume": "loud", "awayS": -1, "shown": "yes",
        "server": " http://a:1 ",
        "place": {"wide": {"side": "top", "size": 10_000, "across": 0.3}, "narrow": 7},
        "cards": {"a.png": {"choice": "tavi"}, "b.png": 4}, "more": 1,
    }  # fmt: skip
    (found,) = in_node("settings.js", "return cases.map((each) => it.settled(each))", [kept])
    changed = {key: value for key, value in found.items() if value != defaults[key]}
    assert changed == {
        "speed": 2, "awayS": 0, "server": "http://a:1", "cards": {"a.png": {"choice": "tavi"}},
        "place": {
            "wide": {"side": "left", "size": 1200, "across": 0.3, "up": 0},
            "narrow": defaults["place"]["narrow"],
        },
    }  # fmt: skip


def test_the_server_is_where_sillytavern_runs_unless_it_is_said() -> None:
    page = {"hostname": "192.168.1.5", "protocol": "http:"}
    body = """return cases.map(([server, page]) => {
      try { return it.serverUrl(server, page); } catch ({ message }) { return message; }
    })"""
    cases = [
        "",
        "127.0.0.1:9000",
        "https://a.example/avatars/",
        " http://b:1/ ",
        "ftp://x",
        "http://u:p@x",
        "http://",
    ]
    found = in_node("settings.js", body, [[each, page] for each in cases])
    assert found[:4] == [
        "http://192.168.1.5:8080", "http://127.0.0.1:9000", "https://a.example/avatars", "http://b:1",
    ]  # fmt: skip
    assert "begins with ftp:" in found[4] and "field of its own" in found[5] and "no address" in found[6]


def rooms(count: int) -> list[dict[str, float]]:
    chance = random.Random(7)
    made = []
    for _ in range(count):
        width, height = chance.randint(320, 2560), chance.randint(480, 1440)
        bars = {"top": chance.randint(0, 60), "bottom": chance.choice((0, chance.randint(40, 120)))}
        made.append({"width": width, "height": height, "beside": max(0, (width - 800) / 2), **bars})
    return made


def test_it_is_wholly_in_the_window_wherever_it_was_put() -> None:
    chance = random.Random(8)
    places = [
        {"side": chance.choice(("left", "right")), "across": chance.random(), "up": chance.random(),
         "size": chance.choice((0, 96, 300, 1200))}
        for _ in range(300)
    ]  # fmt: skip
    body = "return cases.map(([place, room]) => it.boxOf(place, room))"
    for room, box in zip(
        rooms(300), in_node("layout.js", body, list(zip(places, rooms(300), strict=True))), strict=True
    ):
        assert box["left"] >= 0 and box["left"] + box["size"] <= room["width"] + 1
        assert (
            room["top"] <= box["top"] + 1 and box["top"] + box["size"] <= room["height"] - room["bottom"] + 1
        )
        assert box["size"] >= 96


def test_a_box_is_put_back_where_it_was() -> None:
    body = """return cases.map(([place, room]) => {
      const box = it.boxOf(place, room);
      return [box, it.boxOf(it.placeOf(box, room), room)];
    })"""
    place = {"side": "right", "across": 0.2, "up": 0.4, "size": 260}
    for box, again in in_node("layout.js", body, [[place, room] for room in rooms(100)]):
        assert box == pytest.approx(again, abs=1)


def test_drawn_by_its_corner_its_foot_and_its_edge_stay() -> None:
    body = (
        "return cases.map(([side, dx, dy]) => it.resized({ left: 100, top: 200, size: 300 }, side, dx, dy))"
    )
    left, right, small = in_node("layout.js", body, [["left", 50, 10], ["right", -50, 10], ["left", 0, 900]])
    assert left == {"size": 350, "left": 100, "top": 150}
    assert right == {"size": 350, "left": 50, "top": 150}
    assert small["size"] == 96 and small["top"] + small["size"] == 500


def test_at_the_head_of_a_phone_it_has_a_strip_of_its_own() -> None:
    body = """return cases.map(([up, width]) => {
      const room = { width, height: 800, top: 35, bottom: 40, beside: 0 };
      return it.isStrip(it.boxOf({ side: 'right', across: 0.5, up, size: 180 }, room), room);
    })"""
    assert in_node("layout.js", body, [[1, 400], [0.5, 400], [1, 1400]]) == [True, False, False]

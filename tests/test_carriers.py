"""A carrier stays one carrier in any spelling of its name and SPID; several carriers can count as one parent."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mart_comparison import T0, assert_equals_reference, built, read
from order_histories import AS_OF, World
from portouts.errors import SettingsError
from portouts.load.settings.files import Setting
from portouts.load.settings.settings import check_settings
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.carrier_names import fold_family, fold_name, fold_spid
from portouts.transform.lists.carriers import CarrierParent, read_carriers

if TYPE_CHECKING:
    import duckdb

pytestmark = pytest.mark.slow  # builds all models for each spelling

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

ONE_NAME = {
    "Unicode forms": ["Télébec", "Te\u0301le\u0301bec", "TE\u0301LÉBEC"],
    "signs for letters": ["Ångstrom Tel", "\u212bngstrom Tel", "A\u030angstrom Tel"],
    "ligatures and figures": ["First Office 2", "\ufb01rst o\ufb03ce \u00b2"],
    "width": ["AT&T", "AT\uff06T", "\uff21\uff34\uff06\uff34", "\uff21\uff34\u3000&\u3000\uff34"],
    "narrow kana": ["\uff76\uff9e\uff7d", "\u30ac\u30b9"],
    "white space around punctuation": ["Sample, LLC - MN", "SAMPLE, LLC-MN", "SAMPLE , LLC \u2013 MN", "Sample LLC MN"],
    "punctuation or white space": ["T-Example USA, Inc.", "T Example USA Inc", "T\u2011Example\u00a0USA\u2009Inc"],
    "zero width": ["Onvoy, LLC", "Onvoy\u200b, LLC", "\ufeffOnvoy, LLC", "On\u200dvoy, L\u2060LC", "On\u200cvoy LLC"],
    "soft hyphens and directions": [
        "Example",
        "Ex\u00adample",
        "\u202aExample\u202c",
        "\u2066Example\u2069",
        "\u200eExample",
    ],
    "variation selectors and fillers": [
        "Example 1",
        "Example 1\ufe0f",
        "Example\u3164 1",
        "Ex\u034fample 1",
        "E\U000e0100xample 1",
    ],
    "invisible between a letter and its accent": ["Café", "Cafe\u200b\u0301"],
    "sharp s": ["Straße Tel", "STRASSE TEL", "strasse tel", "STRA\u1e9eE TEL"],
    "Turkish i": ["\u0130stanbul Net", "istanbul net", "ISTANBUL NET", "I\u0307stanbul Net", "\u0131stanbul net"],
    "Greek sigma": ["ΣΙΓΜΑΣ", "σιγμας", "σιγμασ"],
    "apostrophes": ["O'Sample", "O\u2019Sample", "O\u00b4Sample", "O`Sample", "O\u02bcSample"],
    "marks": ["Sample", "Sample™", "Sample®", "sample ℠", "„Sample“"],
    "control characters": ["Sample Tel", "Sample\u0000Tel", "Sample\tTel", "Sample\nTel", "Sample\u0085Tel"],
}
SEVERAL_NAMES = [
    "Télébec",
    "Telebec",
    "Example 1",
    "Example 2",
    "Example One",
    "Beispiel",
    "東京",
    "京都",
    "ガス",
    "カス",
]


@pytest.mark.slow
@pytest.mark.parametrize("spellings", ONE_NAME.values(), ids=list(ONE_NAME))
def test_spellings_of_one_name_are_one_carrier(connection: duckdb.DuckDBPyConnection, spellings: list[str]) -> None:
    world = World()
    for number, name in enumerate(spellings):
        world.add_order(number, T0 + number * HOUR, spid=None, carrier_name=name)
    found = built(connection, world)
    assert_equals_reference(found, world)
    [carrier] = found["dim_carriers"]
    assert (carrier["carrier_name"], carrier["spid"]) == (spellings[-1].strip(), None)
    assert {row["folded_name"] for row in found["dim_carrier_spellings"]} == {carrier["carrier_id"]}
    assert len(found["dim_carrier_spellings"]) == len(spellings)


def test_different_names_are_different_carriers(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    for number, name in enumerate(SEVERAL_NAMES):
        world.add_order(number, T0, spid=None, carrier_name=name)
    found = built(connection, world)
    assert_equals_reference(found, world)
    assert len(found["dim_carriers"]) == len(SEVERAL_NAMES)


@pytest.mark.parametrize("name", ["!?", "…", "\u200b", " \u3164 ", "™", None], ids=ascii)
def test_a_name_without_letters_names_no_carrier(connection: duckdb.DuckDBPyConnection, name: str | None) -> None:
    assert fold_name(name) is None
    world = World()
    world.add_order(1, T0, spid="\u200b", carrier_name=name)
    [carrier] = built(connection, world)["dim_carriers"]
    assert (carrier["carrier_id"], carrier["spid"]) == ("unknown", None)


def test_folding_a_folded_name_changes_nothing() -> None:
    for name in [spelling for spellings in ONE_NAME.values() for spelling in spellings]:
        assert fold_name(fold_name(name)) == fold_name(name), ascii(name)


SPIDS = {
    "letter case": ["073H", "073h"],
    "white space and invisible characters": [
        "073H",
        " 073H",
        "073H\u200b",
        "\ufeff073H",
        "073\u00adH",
        "073 H",
        "073H\u3000",
    ],
    "width": ["073H", "\uff10\uff17\uff13\uff28", "\uff10\uff17\uff13\uff48"],
    "a UUID": ["0A1B2C3D-0000-4000-8000-00000000000E", "0a1b2c3d-0000-4000-8000-00000000000e"],
}


@pytest.mark.parametrize("spellings", SPIDS.values(), ids=list(SPIDS))
def test_a_spid_is_one_carrier_in_any_spelling(connection: duckdb.DuckDBPyConnection, spellings: list[str]) -> None:
    world = World()
    for number, spid in enumerate(spellings):
        world.add_order(number, T0, spid=spid, carrier_name=f"Sample {number}")
    found = built(connection, world)
    assert_equals_reference(found, world)
    [carrier] = found["dim_carriers"]
    assert (carrier["carrier_id"], carrier["spid"]) == (spellings[0], spellings[0])


def test_spids_are_neither_shortened_nor_padded() -> None:
    assert [fold_spid(spid) for spid in ("6529", "06529", "073H")] == ["6529", "06529", "073H"]


def gain(world: World, number: int, month: int, **fields: Any) -> None:
    ported_at = T0.replace(month=month)
    id_ = world.add_order(number, ported_at - 4 * DAY, "ported", **fields)
    world.add_event(id_, "ported", ported_at)


def test_a_carrier_whose_spid_appears_later_keeps_its_history_and_is_not_new(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = World()
    for number, (month, spid, name) in enumerate(
        [(1, None, "Onvoy"), (2, None, "ONVOY."), (3, "073H", "Onvoy"), (3, "222B", "Peerless Sample")]
    ):
        gain(world, number, month, spid=spid, carrier_name=name)
    found = built(connection, world)
    assert_equals_reference(found, world)
    first, second = sorted(found["agg_carriers_gained"], key=lambda row: int(row["rank"]))
    assert (first["carrier_id"], first["numbers_ported"], second["carrier_id"]) == ("073H", 3, "222B")
    months = {(row["carrier_id"], row["month"]): row["is_new_carrier"] for row in found["agg_carriers_gained_monthly"]}
    assert months == {
        ("073H", date(2026, 1, 1)): True,
        ("073H", date(2026, 2, 1)): False,
        ("073H", date(2026, 3, 1)): False,
        ("222B", date(2026, 3, 1)): True,
    }
    assert {row["spid"] for row in found["fct_portouts"]} == {None, "073H", "222B"}  # as the orders give them


def carrier_ids(connection: duckdb.DuckDBPyConnection, *orders: tuple[str | None, str | None]) -> list[str]:
    world = World()
    for number, (spid, name) in enumerate(orders):
        world.add_order(number, T0, spid=spid, carrier_name=name)
    found = built(connection, world)
    assert_equals_reference(found, world)
    rows = sorted(found["fct_portouts"], key=lambda row: str(row["portout_id"]))
    return [row["carrier_id"] for row in rows]


def test_a_spid_that_disappears_and_returns_is_one_carrier(connection: duckdb.DuckDBPyConnection) -> None:
    orders = [("073H", "Onvoy"), (None, "Onvoy"), ("073h", "ONVOY"), (None, "onvoy")]
    assert carrier_ids(connection, *orders) == ["073H"] * 4


def test_a_name_with_several_spids_is_a_carrier_of_its_own(connection: duckdb.DuckDBPyConnection) -> None:
    orders = [("073H", "Sample"), ("222B", "Sample"), (None, "SAMPLE")]
    assert carrier_ids(connection, *orders) == ["073H", "222B", "sample"]


def test_an_order_without_spid_and_name_belongs_to_the_unknown_carrier(connection: duckdb.DuckDBPyConnection) -> None:
    assert carrier_ids(connection, ("073H", None), (None, None), (None, "?")) == ["073H", "unknown", "unknown"]


EXAMPLE = "Example.net CLEC, LLC"


def world_of_parents() -> World:
    world = World()
    names = [
        ("981E", f"{EXAMPLE} - CA"),
        ("512F", f"{EXAMPLE} - CA"),
        ("513F", f"{EXAMPLE} \u2013 NY"),
        ("777X", "iSample"),
    ]
    for number, (spid, name) in enumerate([*names, *names[:1]]):
        gain(world, number, 3, spid=spid, carrier_name=name)
    return world


def test_carriers_with_similar_names_are_suggested_as_one_parent(connection: duckdb.DuckDBPyConnection) -> None:
    world = world_of_parents()
    found = built(connection, world)
    assert_equals_reference(found, world)
    assert {row["carrier_id"]: row["suggested_parent"] for row in found["dim_carriers"]} == {
        "981E": f"{EXAMPLE} - CA",
        "512F": f"{EXAMPLE} - CA",
        "513F": f"{EXAMPLE} - CA",
        "777X": None,
    }
    assert all(row["parent_id"] == row["carrier_id"] for row in found["agg_carriers_gained"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Bluebird Mobile", "BLUEBIRD MOBILE, L.L.C."),
        ("Réseau Témoin", "Reseau Temoin S.A."),
        ("Sample Tel, Inc. - CA", "Sample Tel Ltd - NY"),
        ("Example & Co.", "Example Company"),
    ],
    ids=["LLC", "accents", "state and form", "only the form differs"],
)
def test_legal_form_state_and_accents_do_not_make_another_family(first: str, second: str) -> None:
    assert fold_family(first) == fold_family(second) != fold_family("Other")


@pytest.mark.parametrize("name", ["Inc.", "S.A. Tel", "カス", "Company"])
def test_a_name_keeps_what_is_no_legal_form_at_its_end(name: str) -> None:
    assert fold_family(name) == fold_name(name)
    assert fold_family("ガス") != fold_family("カス")


def test_carriers_in_the_users_list_count_as_one_parent(connection: duckdb.DuckDBPyConnection) -> None:
    world = world_of_parents()
    parents = tuple(CarrierParent(carrier, "Example.net") for carrier in ("981e", "512F", " 513F"))
    found = built(connection, world, carriers=parents)
    assert_equals_reference(found, world, carriers=parents)
    gained = connection.execute(
        "select parent_id, parent, count(*), sum(numbers_ported) from marts.agg_carriers_gained"
        " group by parent_id, parent order by 4 desc"
    )
    assert gained.fetchall() == [("Example.net", "Example.net", 3, 4), ("777X", None, 1, 1)]
    assert {row["suggested_parent"] for row in found["dim_carriers"]} == {None}
    assert {row["parent_id"] for row in found["agg_carriers_gained_monthly"]} == {"Example.net", "777X"}


def test_a_list_with_some_of_the_carriers_still_leaves_a_suggestion(connection: duckdb.DuckDBPyConnection) -> None:
    world = world_of_parents()
    parents = (CarrierParent("981E", "Example.net"), CarrierParent("512F", "Example.net"))
    found = built(connection, world, carriers=parents)
    assert_equals_reference(found, world, carriers=parents)
    suggested = {row["carrier_id"] for row in found["dim_carriers"] if row["suggested_parent"]}
    assert suggested == {"981E", "512F", "513F"}


def test_a_list_may_name_a_carrier_without_spid_in_any_spelling(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.add_order(1, T0, spid=None, carrier_name="Sample Wireless, Inc.")
    parents = (CarrierParent("SAMPLE WIRELESS INC", "Sample"), CarrierParent("not held", "Nobody"))
    [carrier] = built(connection, world, carriers=parents)["dim_carriers"]
    assert (carrier["parent_id"], carrier["parent"]) == ("Sample", "Sample")


def renamed_world() -> World:
    """Make an order that gained a SPID and another name, and one that still gives the former name."""
    world = World()
    id_ = world.add_order(1, T0, spid="073H", carrier_name="Sample Holdings")
    world.add_event(id_, "pending", T0, payload={"id": id_, "status": "pending", "carrier_name": "Sample Wireless "})
    world.add_order(2, T0, spid=None, carrier_name="SAMPLE WIRELESS")
    return world


def test_an_order_that_gains_a_spid_and_another_name_stays_with_its_carrier(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    world = renamed_world()
    found = built(connection, world)
    assert_equals_reference(found, world)
    assert [row["carrier_id"] for row in found["fct_portouts"]] == ["073H", "073H"]


def test_a_carrier_keeps_its_parent_when_its_orders_gain_a_spid(connection: duckdb.DuckDBPyConnection) -> None:
    world, listed = renamed_world(), (CarrierParent("sample wireless", "Sample Group"),)
    world.orders.pop()
    found = built(connection, world, carriers=listed)
    assert_equals_reference(found, world, carriers=listed)
    [carrier] = found["dim_carriers"]
    assert (carrier["carrier_id"], carrier["parent"], carrier["parent_id"]) == ("073H", "Sample Group", "Sample Group")


def test_a_spid_in_the_list_comes_before_a_name(connection: duckdb.DuckDBPyConnection) -> None:
    world = world_of_parents()
    listed = (CarrierParent(f"{EXAMPLE} - ca", "Example Group"), CarrierParent("512F", "Other"))
    found = built(connection, world, carriers=listed)
    assert_equals_reference(found, world, carriers=listed)
    parents = {row["carrier_id"]: row["parent"] for row in found["dim_carriers"]}
    assert parents == {"981E": "Example Group", "512F": "Other", "513F": None, "777X": None}
    assert {row["suggested_parent"] for row in found["rpt_suggested_parents"]} == {"Example Group"}


def test_spids_of_one_name_are_suggested_until_they_have_one_parent(connection: duckdb.DuckDBPyConnection) -> None:
    world = world_of_parents()
    suggested = built(connection, world)["rpt_suggested_parents"]
    assert [(row["carrier_id"], row["order_count"]) for row in suggested] == [("981E", 2), ("512F", 1)]
    listed = tuple(CarrierParent(row["carrier_id"], row["suggested_parent"]) for row in suggested)
    build_models(connection, ModelInputs(world.as_of, carriers=listed))
    assert read(connection, "rpt_suggested_parents") == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "carriers.csv"


def test_a_list_of_carriers_is_read_whole(path: Path) -> None:
    path.write_bytes(b'\xef\xbb\xbfcarrier,parent\r\n073H,"Example, Inc."\r\n\r\n 222b ,Sample\r\n222B,Sample\r\n')
    assert read_carriers(path) == (
        CarrierParent("073H", "Example, Inc."),
        CarrierParent("222b", "Sample"),
        CarrierParent("222B", "Sample"),
    )


UNUSABLE = {
    "no file": (None, "cannot be read: No such file"),
    "nothing": (b"", "does not begin with the line carrier,parent"),
    "other header": (b"spid,name\n073H,Example\n", "does not begin with the line carrier,parent"),
    "no parent": (b"carrier,parent\n073H\n", "line 2 .* 073H"),
    "a blank parent": (b"carrier,parent\n073H,Example\n222B, \n", "line 3 "),
    "two parents of one carrier": (
        b"carrier,parent\n073H,Example\n073h,Sample\n",
        "lines 2 and 3 .* give 073h two parents",
    ),
    "another encoding": (b"carrier,parent\n073H,Caf\xe9\n", "is not UTF-8"),
    "an endless cell": (b"carrier,parent\n073H," + b"x" * 200_000, "is no CSV: field larger than field limit"),
}


@pytest.mark.parametrize(("content", "message"), UNUSABLE.values(), ids=list(UNUSABLE))
def test_a_list_of_carriers_that_cannot_be_used_is_refused(path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=message) as refused:
        check_settings({"carriers": Setting(str(path), "a test")})
    assert str(path) in str(refused.value)


def test_the_setting_carriers_reaches_the_models(path: Path) -> None:
    path.write_text("carrier,parent\n073H,Example\n", encoding="utf-8")
    settings = check_settings({"carriers": Setting(str(path), "a test")})
    assert settings.models.inputs(AS_OF).carriers == (CarrierParent("073H", "Example"),)
    assert check_settings({}).models.inputs(AS_OF).carriers == ()

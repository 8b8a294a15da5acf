from __future__ import annotations

from collections import defaultdict

from reference_implementation.carriers import count_names
from reference_implementation.single_marts import Known
from reference_implementation.terms import Row


def rows(known: Known) -> list[Row]:
    carriers = {row["carrier_id"]: row for row in known.marts["dim_carriers"]}
    sharing: defaultdict[str, list[Row]] = defaultdict(list)
    for carrier, names in count_names(known.histories).items():
        shown = {name: carriers[carrier][name] for name in ("carrier_id", "carrier_name", "spid", "parent")}
        for name, count in names.items():
            sharing[name].append({"folded_name": name, **shown, "order_count": count})
    return [row for theirs in sharing.values() if are_to_be_joined(theirs) for row in with_suggestion(theirs)]


def are_to_be_joined(carriers: list[Row]) -> bool:
    spids = {row["spid"] for row in carriers if row["spid"]}
    return len(spids) > 1 and len({row["parent"] or row["carrier_id"] for row in carriers}) > 1


def with_suggestion(carriers: list[Row]) -> list[Row]:
    largest_first = sorted(carriers, key=lambda row: (-row["order_count"], row["carrier_id"]))
    listed = [row["parent"] for row in largest_first if row["parent"]]
    suggested = listed[0] if listed else largest_first[0]["carrier_name"]
    return [{**row, "suggested_parent": suggested} for row in carriers]

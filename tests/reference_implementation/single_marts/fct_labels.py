from __future__ import annotations

from reference_implementation.single_marts import Known
from reference_implementation.terms import Row


def rows(known: Known) -> list[Row]:
    found: dict[str, list[tuple[int, str, str]]] = {}
    for subject, label in known.labels.items():
        for order in known.marts["fct_portouts"]:
            if subject == order["portout_id"]:
                found.setdefault(order["portout_id"], []).append((1, label, "order"))
            if subject == order["support_key"]:
                found.setdefault(order["portout_id"], []).append((2, label, "support key"))
        if subject.startswith("+") and (holder := last_holder(known, subject)):
            found.setdefault(holder, []).append((3, label, "number"))
    best = {order: min(labels) for order, labels in found.items()}
    account_of = {order["portout_id"]: order["account"] for order in known.marts["fct_portouts"]}
    return [
        {"portout_id": order, "account": account_of[order], "label": label, "labelled_by": by}
        for order, (_, label, by) in best.items()
    ]


def last_holder(known: Known, number: str) -> str | None:
    """Name the order that ported a number last, or else that asked for it last."""
    ids = {row["portout_id"] for row in known.marts["fct_portout_numbers"] if row["phone_number"] == number}
    asked = [order for order in known.marts["fct_portouts"] if order["portout_id"] in ids]
    ported = [order for order in asked if order["status"] == "ported"]
    dated = [order for order in ported or asked if order["inserted_at"]]
    if dated:
        return str(max(dated, key=lambda order: (order["inserted_at"], order["portout_id"]))["portout_id"])
    return max((str(order["portout_id"]) for order in ported or asked), default=None)

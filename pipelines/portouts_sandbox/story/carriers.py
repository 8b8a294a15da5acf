"""The carriers that gain numbers: a few gain most of them, and most names are spelled in several ways.

The surprise, as at the real API: the SPID identifies a network, but each order has its own spelling of the carrier's
name. Either can be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .rng import weighted_choice


@dataclass(frozen=True)
class Carrier:
    """A gaining carrier; the first of its `spellings` is the usual one."""

    spid: str | None
    spellings: tuple[str | None, ...]

    def draw_spelling(self, rng: Random) -> str | None:
        """Return the usual spelling with a probability of three quarters, else any of them."""
        return self.spellings[0] if rng.random() < 0.75 else rng.choice(self.spellings)


NORTH_AMERICAN = (
    Carrier(
        "9A01",
        ("Northwind Wireless", "NORTHWIND WIRELESS", "Northwind Wireless, Inc.", "Northwind  Wireless"),
    ),
    Carrier("9A02", ("Bluebird Mobile", "BLUEBIRD MOBILE", "Bluebird Mobile LLC", "Blue-Bird Mobile")),
    Carrier("073H", ("Onvoy", "Telnyx", "ONVOY", "Onvoy, LLC")),
    Carrier("9A03", ("Cascade Cable", "Cascade Cable Co.", "CASCADE CABLE", "Cascade-Cable")),
    Carrier("9A04", ("Télécom Exemple", "Telecom Exemple", "TÉLÉCOM EXEMPLE", "Télécom Exemple inc.")),
    Carrier("9A05", ("Harbor Voice", "Harbour Voice", "HARBOR VOICE", "Harbor Voice, Inc")),
    Carrier("987H", ("Testing Carrier", "TESTING CARRIER", "Testing Carrier.")),
    Carrier("9A06", ("Prairie Telephone Company", "Prairie Telephone Co", "PRAIRIE TELEPHONE COMPANY")),
    Carrier("9A07", ("Sample & Sons Networks", "Sample and Sons Networks", "SAMPLE & SONS NETWORKS")),
    Carrier("9A08", ("Quartz VoIP", "QUARTZ VOIP", "Quartz VoIP, LLC", "Quartz Voip")),
    Carrier("9A09", ("Evergreen Fiber", "Evergreen Fibre", "EVERGREEN FIBER")),
    Carrier("9A10", ("Ångström Networks", "Angstrom Networks", "ÅNGSTRÖM NETWORKS")),
    Carrier("9A11", ("Lantern Telecom", "Lantern Telecom, Inc.", "LANTERN TELECOM")),
    Carrier("9A12", ("Copperline", "COPPERLINE", "Copper-Line")),
    Carrier("9A13", ("Mesa Broadband", "MESA BROADBAND", "Mesa Broadband L.L.C.")),
    Carrier("9A14", ("O'Example Wireless", "OExample Wireless", "O’Example Wireless")),
    Carrier("9A15", ("Rivière-du-Test Câble", "Riviere du Test Cable")),
    Carrier("9A16", ("Summit Switching", "SUMMIT SWITCHING")),
    Carrier("9A17", ("Delta Dialtone", "Delta Dial Tone")),
    Carrier("9A18", ("Ejemplo Móvil", "Ejemplo Movil", "EJEMPLO MÓVIL")),
    Carrier("9A19", ("Polar Exchange", "Polar Exchange (AK)")),
    Carrier("9A20", ("Foundry Phone Co-op", "Foundry Phone Coop")),
    Carrier("9A21", ("Meridian Placeholder", "MERIDIAN PLACEHOLDER")),
    Carrier("9A22", ("Last Mile Demo",)),
    Carrier("9A23", ("Tiny Rural Telephone", "Tiny Rural Tel. Assn.")),
)
OVERSEAS = (
    Carrier(None, ("Beispiel Telekom GmbH", "Beispiel Telekom", "BEISPIEL TELEKOM GMBH")),
    Carrier(None, ("Éire Sampla Teo", "Eire Sampla", "ÉIRE SAMPLA TEO")),
    Carrier(None, ("Réseau Témoin", "RÉSEAU TÉMOIN", "Reseau Temoin S.A.")),
    Carrier(None, ("Exempel Nät AB", "Exempel Nat")),
    Carrier("9Z01", ("Specimen Telephony", "Specimen Telephony Ltd", "Specimen Telephony Ltd.")),
)
UNNAMED = Carrier(None, (None,))
_draw_north_american = weighted_choice({carrier: 1 / rank**1.2 for rank, carrier in enumerate(NORTH_AMERICAN, start=1)})


def draw_carrier(rng: Random, is_north_american: bool) -> Carrier:
    """Return the carrier that gains an order's numbers; for a few orders it has no SPID, or no name either."""
    if rng.random() < 0.006:
        return UNNAMED
    carrier = _draw_north_american(rng) if is_north_american else rng.choice(OVERSEAS)
    return Carrier(None, carrier.spellings) if rng.random() < 0.02 else carrier

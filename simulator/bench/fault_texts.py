"""What each fault is called and what happens while it is on, in French and English, and the groups they stand in."""

from dataclasses import dataclass

from gateway.web.i18n import french

GROUPS: dict[str, tuple[str, ...]] = {
    "around": ("broker_down", "network_cut", "power_cut"),
    "doors": ("door_jammed", "door_forced", "door_ajar", "door_pried"),
    "sensors": ("sensor_cut", "sensor_stuck_closed", "sensor_bouncing", "latch_cut", "latch_stuck_closed"),
    "locks": ("relay_welded", "coil_stuck", "lock_wire_cut", "locks_crossed", "locks_joined"),
    "readers": (
        "reader_unplugged",
        "reader_silent",
        "reader_mute",
        "reader_garbage",
        "reader_leading_garbage",
        "reader_half_frames",
        "reader_wrong_checksum",
        "reader_other_address",
        "reader_repeats",
        "reader_swapped",
        "reader_wrong_key",
    ),
    "boards": (
        "board_unplugged",
        "board_silent",
        "board_mute",
        "board_busy",
        "board_garbage",
        "board_half_frames",
        "board_wrong_checksum",
        "board_other_address",
        "board_wrong_dip",
        "board_hangs",
    ),
}


@dataclass(frozen=True, slots=True)
class FaultText:
    """A fault in one language: its name, and what happens while it is on."""

    label: str
    meaning: str


# name: French, what it means; English, what it means
_TEXTS: dict[str, tuple[str, str, str, str]] = {
    "broker_down": (
        "Broker arrêté",
        "Plus aucun message ne passe, pour aucun bloc.",
        "Broker down",
        "No message passes any more, for any block.",
    ),
    "network_cut": (
        "Réseau coupé",
        "Le contrôleur est seul : les badges ouvrent encore.",
        "Network cut",
        "The controller is alone: badges still open.",
    ),
    "power_cut": (
        "Coupure de courant",
        "Tout s'éteint ; au retour, rien ne s'ouvre de soi-même.",
        "Power cut",
        "Everything goes dark; when it returns, nothing opens by itself.",
    ),
    "door_jammed": (
        "Porte coincée",
        "Libérée, elle ne bouge pas.",
        "Door jammed",
        "Released, it does not move.",
    ),
    "door_forced": (
        "Porte forcée",
        "Ouverte sans que rien ne l'ait libérée.",
        "Door forced",
        "Open without anything having released it.",
    ),
    "door_ajar": (
        "Porte entrebâillée",
        "Repoussée, elle s'appuie au cadre mais la serrure ne s'enclenche pas.",
        "Door ajar",
        "Pushed shut, it leans on its frame but the latch does not catch.",
    ),
    "door_pried": (
        "Porte tordue",
        "Ouverte alors que le pêne est toujours sorti : seuls deux capteurs le voient.",
        "Door pried",
        "Open around a bolt that is still thrown: only two sensors can tell.",
    ),
    "sensor_cut": (
        "Fil du capteur coupé",
        "Se lit comme une porte ouverte.",
        "Sensor wire cut",
        "Reads as an open door.",
    ),
    "sensor_stuck_closed": (
        "Capteur bloqué fermé",
        "Ne voit plus la porte s'ouvrir.",
        "Sensor stuck closed",
        "No longer sees the door open.",
    ),
    "sensor_bouncing": (
        "Capteur qui tremble",
        "Change d'avis huit fois par seconde.",
        "Sensor bouncing",
        "Changes its mind eight times a second.",
    ),
    "latch_cut": (
        "Fil du pêne coupé",
        "Se lit comme un pêne rentré.",
        "Latch wire cut",
        "Reads as a bolt that holds nothing.",
    ),
    "latch_stuck_closed": (
        "Capteur du pêne bloqué",
        "Ne voit plus le pêne rentrer.",
        "Latch sensor stuck",
        "No longer sees the bolt draw back.",
    ),
    "relay_welded": (
        "Bobine soudée",
        "Au prochain déclenchement le courant reste : la porte ne tient plus et la gâche chauffe.",
        "Coil welded on",
        "At the next release the current stays on: the door no longer holds and the lock gets hot.",
    ),
    "coil_stuck": (
        "Sortie bloquée",
        "Au prochain déclenchement la carte ne coupe plus la bobine, et le dit (relais Modbus).",
        "Output stuck on",
        "At the next release the board no longer switches the coil off, and says so (Modbus relay).",
    ),
    "lock_wire_cut": (
        "Fil de serrure coupé",
        "La carte agit, la serrure ne bouge pas.",
        "Lock wire cut",
        "The board acts, the lock does not move.",
    ),
    "locks_crossed": (
        "Serrures croisées",
        "Les fils de cette serrure et de la suivante sont échangés.",
        "Locks crossed",
        "The wires of this lock and the next one are exchanged.",
    ),
    "locks_joined": (
        "Deux serrures ensemble",
        "La suivante s'ouvre avec celle-ci.",
        "Two locks on one channel",
        "The next one opens along with this one.",
    ),
    "reader_unplugged": (
        "Lecteur débranché",
        "Le câble USB est tiré.",
        "Reader unplugged",
        "Its USB cable is pulled out.",
    ),
    "reader_silent": (
        "Lecteur sans vie",
        "Sans courant : il ne lit rien, ne dit rien.",
        "Reader dead",
        "No power: it reads nothing and says nothing.",
    ),
    "reader_mute": (
        "Lit sans répondre",
        "Il entend les ordres, ses réponses n'arrivent pas.",
        "Hears, never answers",
        "It hears its orders, its answers do not arrive.",
    ),
    "reader_garbage": (
        "Octets parasites",
        "Du bruit à la place des badges.",
        "Garbage bytes",
        "Noise where badges would be.",
    ),
    "reader_leading_garbage": (
        "Parasites avant le badge",
        "Quelques octets de trop, puis un badge juste.",
        "Garbage before badges",
        "A few bytes too many, then a good badge.",
    ),
    "reader_half_frames": (
        "Badges tronqués",
        "Chaque lecture s'arrête à la moitié.",
        "Half badges",
        "Each reading stops half-way.",
    ),
    "reader_wrong_checksum": (
        "Somme de contrôle fausse",
        "Somme, CRC ou parité ne vont pas avec le reste.",
        "Wrong checksum",
        "Checksum, CRC or parity do not fit the rest.",
    ),
    "reader_other_address": (
        "Répond pour un autre",
        "Il répond avec l'adresse d'un autre appareil.",
        "Answers as another",
        "It answers with another device's address.",
    ),
    "reader_repeats": (
        "Badges répétés",
        "Il redit le dernier badge pendant une minute.",
        "Repeated badges",
        "It goes on reporting the last badge for a minute.",
    ),
    "reader_swapped": (
        "D0 et D1 inversés",
        "Les deux fils Wiegand sont échangés.",
        "D0 and D1 swapped",
        "The two Wiegand wires are exchanged.",
    ),
    "reader_wrong_key": (
        "Mauvaise clé",
        "Sa clé secrète n'est pas celle du site.",
        "Wrong key",
        "Its secret key is not the site's.",
    ),
    "board_unplugged": (
        "Carte débranchée",
        "Le câble de la ligne est tiré, pour toutes ses cartes.",
        "Board unplugged",
        "The line's cable is pulled out, for all its boards.",
    ),
    "board_silent": (
        "Carte sans vie",
        "Sans courant : elle n'agit pas et ne répond pas.",
        "Board dead",
        "No power: it neither acts nor answers.",
    ),
    "board_mute": (
        "Agit sans répondre",
        "Elle ouvre, mais ses réponses n'arrivent pas.",
        "Acts, never answers",
        "It opens, but its answers do not arrive.",
    ),
    "board_busy": (
        "Occupée",
        "Elle répond qu'elle est occupée, ou bien trop tard, et n'agit pas.",
        "Busy",
        "It says that it is busy, or answers far too late, and does not act.",
    ),
    "board_garbage": (
        "Parasites avant la réponse",
        "Quelques octets de trop avant chaque réponse.",
        "Garbage before answers",
        "A few bytes too many before each answer.",
    ),
    "board_half_frames": (
        "Réponses tronquées",
        "Chaque réponse s'arrête à la moitié.",
        "Half answers",
        "Each answer stops half-way.",
    ),
    "board_wrong_checksum": (
        "Somme de contrôle fausse",
        "Le dernier octet ne va pas avec le reste.",
        "Wrong checksum",
        "The last byte does not fit the rest.",
    ),
    "board_other_address": (
        "Répond pour une autre",
        "Elle répond avec l'adresse d'une autre carte.",
        "Answers as another",
        "It answers with another board's address.",
    ),
    "board_wrong_dip": (
        "Mauvaise adresse",
        "Ses interrupteurs sont réglés sur l'adresse suivante, peut-être celle d'une autre carte.",
        "Wrong address",
        "Its DIP switches are set to the next address, maybe another board's.",
    ),
    "board_hangs": (
        "Bloque le bus",
        "Elle garde la ligne I2C basse : personne ne peut plus y parler.",
        "Hangs the bus",
        "It holds the I2C line low: nobody can speak on it.",
    ),
}


def fault_text(name: str, language: str) -> FaultText:
    """The words for one fault in "fr" or "en"."""
    french_label, french_meaning, label, meaning = _TEXTS[name]
    if language == "fr":
        return FaultText(french(french_label), french(french_meaning))
    return FaultText(label, meaning)


def group_of(name: str) -> str:
    """The group that a fault stands in."""
    return next(group for group, names in GROUPS.items() if name in names)

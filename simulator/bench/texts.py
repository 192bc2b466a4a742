"""What the bench page says, in French and English."""

from babel import negotiate_locale

from gateway.web.i18n import french

LANGUAGES = {"fr": "Français", "en": "English"}

_TEXTS: dict[str, tuple[str, str]] = {
    "title": ("Banc d'essai", "Test bench"),
    "subtitle": (
        "Rien n'est réel ici, sauf les octets : le contrôleur croit parler à de vraies cartes.",
        "Nothing here is real but the bytes: the controller believes it talks to real boards.",
    ),
    "skip": ("Aller aux casiers", "Skip to the lockers"),
    "block": ("Bloc de casiers", "Block of lockers"),
    "lockers": ("casiers", "lockers"),
    "locker": ("Casier", "Locker"),
    "language": ("Langue", "Language"),
    "doors": ("Les portes", "The doors"),
    "doors_hint": (
        "Touchez une porte ouverte pour la repousser, une porte fermée pour tirer sur sa poignée.",
        "Touch an open door to push it shut, a closed one to pull its handle.",
    ),
    "closed": ("fermée", "closed"),
    "open": ("ouverte", "open"),
    "forced": ("forcée", "forced"),
    "jammed": ("coincée", "jammed"),
    "coil_on": ("gâche", "released"),
    "cut": ("capteur coupé", "sensor cut"),
    "stuck_closed": ("capteur bloqué", "sensor stuck"),
    "push_shut": ("repousser la porte", "push it shut"),
    "pull_open": ("tirer sur la poignée", "pull the handle"),
    "reader": ("Le lecteur", "The reader"),
    "light_off": ("éteinte", "off"),
    "light_green": ("verte", "green"),
    "light_red": ("rouge", "red"),
    "light_amber": ("orange", "amber"),
    "light": ("Lumière", "Light"),
    "last_light": ("Dernier signal", "Last signal"),
    "none_yet": ("aucun", "none yet"),
    "beep": ("bip", "beep"),
    "beeps": ("bips", "beeps"),
    "buzzer_on": ("Le buzzer sonne", "The buzzer sounds"),
    "buzzer_off": ("Buzzer muet", "Buzzer silent"),
    "badges": ("Les badges", "The badges"),
    "badges_hint": ("Touchez un badge pour le présenter au lecteur.", "Touch a badge to hold it to the reader."),
    "held": ("Tenu devant le lecteur", "Held to the reader"),
    "held_short": ("un instant", "for a moment"),
    "held_2s": ("2 secondes", "2 seconds"),
    "held_60s": ("une minute", "a minute"),
    "no_badges": ("Ce bloc n'a pas de badge.", "This block has no badges."),
    "faults": ("Les pannes", "The faults"),
    "faults_hint": (
        "Chaque panne reste jusqu'à ce que vous l'enleviez.",
        "Each fault stays until you switch it off.",
    ),
    "which_door": ("Porte visée", "Which door"),
    "any_door": ("la prochaine", "the next one"),
    "on": ("en panne", "on"),
    "off": ("normal", "off"),
    "unavailable": ("pas disponible ici", "not available here"),
    "around": ("Autour du bloc", "Around the block"),
    "at_doors": ("Portes et serrures", "Doors and locks"),
    "at_reader": ("Lecteur", "Reader"),
    "at_boards": ("Carte de serrures", "Lock board"),
    "live": ("en direct", "live"),
    "lost": ("liaison perdue, nouvel essai…", "connection lost, trying again…"),
    "no_power": ("Plus de courant", "No power"),
    "no_script": (
        "Cette page a besoin de JavaScript ; les mêmes gestes existent en HTTP sous /api.",
        "This page needs JavaScript; the same actions exist over HTTP under /api.",
    ),
    "said_tap": ("Badge « {name} » présenté.", "Badge “{name}” held to the reader."),
    "said_close": ("Porte {name} repoussée.", "Door {name} pushed shut."),
    "said_open": ("Porte {name} ouverte.", "Door {name} pulled open."),
    "said_latched": (
        "La porte {name} ne s'ouvre pas : présentez un badge, ou forcez-la dans les pannes.",
        "Door {name} does not open: hold up a badge, or force it among the faults.",
    ),
    "said_fault_on": ("Panne « {name} » en place.", "Fault “{name}” is on."),
    "said_fault_off": ("Panne « {name} » enlevée.", "Fault “{name}” is off."),
    "said_failed": ("Cela n'a pas marché : {name}", "That did not work: {name}"),
    "choose_door": ("Choisissez d'abord la porte visée.", "Choose the door first."),
    "fault_broker_down": ("Broker arrêté", "Broker down"),
    "fault_network_cut": ("Réseau coupé", "Network cut"),
    "fault_power_cut": ("Coupure de courant", "Power cut"),
    "fault_door_jammed": ("Porte coincée", "Door jammed"),
    "fault_door_forced": ("Porte forcée", "Door forced"),
    "fault_sensor_cut": ("Fil du capteur coupé", "Sensor wire cut"),
    "fault_sensor_stuck_closed": ("Capteur bloqué fermé", "Sensor stuck closed"),
    "fault_relay_welded": ("Relais soudé", "Relay welded"),
    "fault_reader_unplugged": ("Lecteur débranché", "Reader unplugged"),
    "fault_reader_garbage": ("Octets parasites", "Garbage bytes"),
    "fault_board_unplugged": ("Carte débranchée", "Board unplugged"),
    "fault_board_silent": ("Carte sans vie", "Board dead"),
    "fault_board_mute": ("Agit sans répondre", "Acts, never answers"),
    "fault_board_garbage": ("Parasites avant la réponse", "Garbage before answers"),
    "fault_board_half_frames": ("Réponses tronquées", "Half answers"),
    "fault_board_wrong_checksum": ("Somme de contrôle fausse", "Wrong checksum"),
    "fault_board_other_address": ("Répond pour une autre", "Answers as another"),
}


def texts(language: str) -> dict[str, str]:
    """Every text of the page in that language."""
    column = list(LANGUAGES).index(language)
    shown = {key: both[column] for key, both in _TEXTS.items()}
    return {key: french(text) for key, text in shown.items()} if language == "fr" else shown


def language_of(asked: str, accept_language: str) -> str:
    """The language asked for, else the first that the browser accepts and we have, else French."""
    if asked in LANGUAGES:
        return asked
    accepted = [part.split(";")[0].strip() for part in accept_language.split(",") if part.strip()]
    return negotiate_locale(accepted, list(LANGUAGES), sep="-") or "fr"

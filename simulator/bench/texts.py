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
    "bouncing": ("capteur qui tremble", "sensor bouncing"),
    "latch_cut": ("pêne : fil coupé", "latch wire cut"),
    "latch_stuck_closed": ("pêne : capteur bloqué", "latch sensor stuck"),
    "latch_bouncing": ("pêne : capteur qui tremble", "latch sensor bouncing"),
    "ajar": ("entrebâillée", "ajar"),
    "pried": ("tordue", "pried"),
    "lit": ("allumé", "lit"),
    "welded": ("bobine collée", "coil stuck on"),
    "warning_welded": (
        "Casier {name} : le courant reste sur la serrure. La porte ne tient plus fermée et la bobine va chauffer.",
        "Locker {name}: the current stays on the lock. The door no longer holds, and the coil will get hot.",
    ),
    "warning_hot": (
        "Casier {name} : bobine brûlante ! En vrai, coupez l'alimentation de cette serrure tout de suite.",
        "Locker {name}: coil burning hot! On a real bank, cut the supply of that lock at once.",
    ),
    "push_shut": ("repousser la porte", "push it shut"),
    "pull_open": ("tirer sur la poignée", "pull the handle"),
    "reader": ("Le lecteur", "The reader"),
    "signals": ("La lumière et le buzzer", "The light and the buzzer"),
    "readers": ("Les lecteurs", "The readers"),
    "plugged": ("branché", "plugged in"),
    "unplugged": ("débranché", "unplugged"),
    "kind_rdm6300": ("RDM6300, 125 kHz", "RDM6300, 125 kHz"),
    "kind_id12la": ("ID-12LA, 125 kHz", "ID-12LA, 125 kHz"),
    "kind_wiegand": ("Wiegand, deux fils", "Wiegand, two wires"),
    "kind_pn532": ("PN532, 13,56 MHz", "PN532, 13.56 MHz"),
    "kind_osdp": ("OSDP, chiffré", "OSDP, encrypted"),
    "kind_keyboard_wedge": ("USB, tape comme un clavier", "USB, types like a keyboard"),
    "held_to": ("Devant quel lecteur", "At which reader"),
    "right_reader": ("celui qui le lit", "the one that reads it"),
    "keypad": ("Clavier", "Keypad"),
    "key": ("Touche", "Key"),
    "inputs": ("Les entrées du bloc", "The block's inputs"),
    "inputs_hint": (
        "Ce que le bloc sent de lui-même : son coffret, son courant.",
        "What the block senses of itself: its enclosure, its supply.",
    ),
    "input_tamper": ("Coffret ouvert", "Enclosure open"),
    "input_mains": ("Secteur coupé", "Mains failed"),
    "input_undervoltage": ("Tension trop basse", "Undervoltage"),
    "active": ("oui", "yes"),
    "calm": ("non", "no"),
    "said_key": ("Touche pressée sur {name}.", "Key pressed on {name}."),
    "said_input_on": ("{name} : oui.", "{name}: yes."),
    "said_input_off": ("{name} : non.", "{name}: no."),
    "said_mended": ("Toutes les pannes sont enlevées.", "Every fault is off."),
    "light_off": ("éteinte", "off"),
    "light_green": ("verte", "green"),
    "light_red": ("rouge", "red"),
    "light_amber": ("orange", "amber"),
    "light_other": ("autre", "other"),
    "light": ("Lumière", "Light"),
    "last_light": ("Dernier signal", "Last signal"),
    "none_yet": ("aucun", "none yet"),
    "beep": ("bip", "beep"),
    "beeps": ("bips", "beeps"),
    "buzzer_on": ("Le buzzer sonne", "The buzzer sounds"),
    "buzzer_off": ("Buzzer muet", "Buzzer silent"),
    "badges": ("Les badges", "The badges"),
    "badges_hint": ("Touchez un badge pour le présenter au lecteur.", "Touch a badge to hold it to the reader."),
    "held": ("Tenu pendant", "Held for"),
    "held_short": ("un instant", "a moment"),
    "held_2s": ("2 secondes", "2 seconds"),
    "held_60s": ("une minute", "a minute"),
    "no_badges": ("Ce bloc n'a pas de badge.", "This block has no badges."),
    "faults": ("Les pannes", "The faults"),
    "faults_hint": (
        "Chaque panne reste jusqu'à ce que vous l'enleviez.",
        "Each fault stays until you switch it off.",
    ),
    "which_door": ("Porte visée", "Which door"),
    "any_door": ("aucune en particulier", "none in particular"),
    "on": ("en panne", "on"),
    "off": ("normal", "off"),
    "unavailable": ("pas disponible ici", "not available here"),
    "around": ("Autour du bloc", "Around the block"),
    "at_doors": ("Portes", "Doors"),
    "at_sensors": ("Capteurs", "Sensors"),
    "at_locks": ("Serrures et leurs fils", "Locks and their wires"),
    "at_readers": ("Lecteur", "Reader"),
    "at_boards": ("Carte", "Board"),
    "count_on": ("en panne", "on"),
    "now_on": ("En panne en ce moment", "On at this moment"),
    "nothing_on": ("Aucune panne : tout marche.", "No fault is on: everything works."),
    "mend": ("réparer", "mend"),
    "mend_all": ("Tout réparer", "Mend everything"),
    "needs_door": ("une porte", "one door"),
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

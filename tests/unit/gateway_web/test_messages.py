"""Every message has its words in each language, and fills in the same values."""

import re

import pytest

from gateway.web import words
from gateway.web.catalogs import TRANSLATED, catalog, messages
from gateway.web.i18n import LANGUAGES, choose_language, translations

VALUE = re.compile(r"%\((\w+)\)s")
FORBIDDEN = {"en": r"\bbank|custody|overdue\b", "fr": r"\bbanque\b", "pt": r"\bbanco\b"}


def _texts(entry) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_nothing_else_is_kept(language):
    used = {message.id for message in messages() if message.id}
    known = {message.id: message for message in catalog(language) if message.id}
    assert used - known.keys() == set(), "run: python -m gateway.web.catalogs"
    assert known.keys() - used == set(), "run: python -m gateway.web.catalogs"
    empty = [message.id for message in known.values() if not all(_texts(message.string)) or message.fuzzy]
    assert empty == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_the_same_values_as_the_message(language):
    for message in catalog(language):
        if message.id:
            wanted = {name for text in _texts(message.id) for name in VALUE.findall(text)}
            for text in _texts(message.string):
                assert set(VALUE.findall(text)) == wanted, message.id


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_a_row_of_lockers_is_never_called_a_bank_on_screen(language):
    found = messages() if language == "en" else catalog(language)
    texts = [
        text for message in found if message.id for text in _texts(message.id if language == "en" else message.string)
    ]
    assert [text for text in texts if re.search(FORBIDDEN[language], text, re.IGNORECASE)] == []


@pytest.mark.parametrize(
    ("english", "french", "portuguese"),
    [
        ("Locker", "Casier", "Cacifo"),
        ("Scheme", "Dispositif", "Programa"),
        ("Person supported", "Personne accompagnée", "Pessoa acompanhada"),
        ("Block the badge", "Bloquer le badge", "Bloquear o cartão"),
        ("Open remotely", "Ouvrir à distance", "Abrir à distância"),
        ("Suspended", "Suspendu", "Suspenso"),
        ("Time to collect", "Délai pour récupérer", "Prazo para recolher"),
        ("Jammed", "Porte coincée", "Porta encravada"),
    ],
)
def test_the_words_on_screen_are_those_the_services_use(english, french, portuguese):
    assert translations("fr").gettext(english) == french
    assert translations("pt").gettext(english) == portuguese


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, None, "fr"),
        (None, "de-DE,de;q=0.9", "fr"),
        (None, "en-GB,en;q=0.9,fr;q=0.8", "en"),
        (None, "pt-BR;q=0.5,xx", "pt"),
        (None, "fr;q=0.2,pt-PT;q=0.9", "pt"),
        ("pt", "en", "pt"),
        ("klingon", "en", "en"),
        (None, "en;q=nonsense,pt;q=0.1", "pt"),
        (None, "en;q=0", "fr"),
    ],
)
def test_the_chosen_language_wins_then_the_browsers_then_french(cookie, accepted, language):
    assert choose_language(cookie, accepted) == language


def test_an_unknown_code_is_shown_rather_than_hidden():
    assert words.locker_state("on_fire").text == "on_fire"
    assert words.contract_state("odd").text == "odd"

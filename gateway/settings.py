"""The gateway's settings: from the environment (CASIER_...), else from the TOML file that CASIER_CONFIG names."""

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.errors import SettingsError

PREFIX = "CASIER_"
CONFIG_VARIABLE = "CASIER_CONFIG"
# Two letters swapped or one missing, in the shortest of the names.
_NEARLY = 0.9


class Settings(BaseSettings):
    """Every setting, with its default. In the file the names are the same, without prefix and in lower case."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(Path("casier-data"), description="keys, and the SQLite database unless database_url is set")
    database_url: str = Field("", description="sqlite:////path/to/casier.db or postgresql://user@host/name")
    gateway_host: str = Field("127.0.0.1", min_length=1, description="address the gateway listens on")
    gateway_port: int = Field(8080, ge=0, le=65535, description="port the gateway listens on; 0: any free one")
    broker_host: str = Field("127.0.0.1", min_length=1, description="address of the MQTT broker")
    broker_port: int = Field(1883, ge=1, le=65535, description="port of the MQTT broker")
    broker_client_id: str = Field(
        "casier.gateway", pattern=r"^[a-z0-9-]*\.[a-z0-9.-]{1,60}$", description="MQTT client id; it contains a dot"
    )
    broker_ca: Path | None = Field(None, description="the broker's certificate authority; with certificate and key")
    broker_certificate: Path | None = Field(None, description="this gateway's certificate for the broker")
    broker_key: Path | None = Field(None, description="the key of that certificate")
    behind_tls: bool = Field(False, description="a TLS proxy stands in front: cookies are sent over https only")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning, error")

    @field_validator("broker_ca", "broker_certificate", "broker_key")
    @classmethod
    def _is_readable(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                path.open("rb").close()
            except OSError as error:
                raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        return path

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        given = [self.broker_ca, self.broker_certificate, self.broker_key]
        if any(given) and not all(given):
            raise ValueError("broker_ca, broker_certificate and broker_key belong together: give all three or none")
        return self

    @property
    def tls(self) -> tuple[Path, Path, Path] | None:
        """Authority, certificate and key for the broker, or None: a broker on this machine without TLS."""
        if self.broker_ca is None or self.broker_certificate is None or self.broker_key is None:
            return None
        return self.broker_ca, self.broker_certificate, self.broker_key

    @property
    def database(self) -> str:
        """The database's URL: the one given, or SQLite in the data directory."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'casier.db').absolute()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which arrives as arguments."""
        return env_settings, init_settings


def load_settings() -> Settings:
    """The settings in force. Raises SettingsError with code `settings`; the text names every variable or line."""
    _refuse_misspelt()
    path = os.environ.get(CONFIG_VARIABLE)
    text, values = _read_file(Path(path)) if path else ("", {})
    try:
        return Settings(**values)
    except ValidationError as error:
        lines = [_explain(item, path, text) for item in error.errors(include_input=False, include_url=False)]
        raise SettingsError("settings", "\n".join(lines)) from error


def _refuse_misspelt() -> None:
    """A variable that is nearly a setting's name would be ignored in silence. Others may be another program's."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {CONFIG_VARIABLE}
    for name in sorted(set(os.environ) - known):
        meant = get_close_matches(name, known, 1, _NEARLY) if name.startswith(PREFIX) else []
        if meant:
            raise SettingsError("settings", f"{name}: no such setting; did you mean {meant[0]}?")


def _read_file(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("settings", f"{path}: not TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("settings", f"{CONFIG_VARIABLE}: {path} cannot be read: {error}") from error


def _explain(item: Any, path: str | None, text: str) -> str:
    if not item["loc"]:
        return f"{path or 'settings'}: {item['msg']}"
    name = str(item["loc"][0])
    variable = PREFIX + name.upper()
    if item["type"] == "extra_forbidden":
        return f"{_place(name, path, text)}: no such setting; known: {', '.join(Settings.model_fields)}"
    field = Settings.model_fields.get(name)
    place = variable if variable in os.environ else _place(name, path, text)
    about = f" ({field.description})" if field is not None else ""
    return f"{place}: {item['msg']}{about}"


def _place(name: str, path: str | None, text: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[*\s*[\"']?{re.escape(name)}\b", line):
            return f"{path}, line {number}, {name}"
    return f"{path or 'settings'}, {name}"

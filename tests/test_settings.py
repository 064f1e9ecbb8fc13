"""Settings: what people paste, what wins, what is said."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.settings import clean_cohere_endpoint, clean_endpoint, load_settings
from core.settings.sign_in import read_providers

HOST = "https://pictures.cognitiveservices.azure.com"
KEY = "0123456789abcdef0123456789abcdef"


def load(environ: dict[str, str] | None = None, env: str | None = None, **rest: object):
    folder = rest.pop("folder", None)
    if env is not None:
        (folder / ".env").write_text(env, encoding="utf-8")
        rest["dotenv_path"] = folder / ".env"
    return load_settings(environ or {}, **{"signs_in": False, **rest})


@pytest.mark.parametrize(
    "pasted",
    [
        HOST,
        HOST + "/",
        "pictures.cognitiveservices.azure.com",
        "pictures.cognitiveservices.azure.com/",
        f"  {HOST}/  ",
        f'"{HOST}"',
        "HTTPS://Pictures.CognitiveServices.Azure.com/",
        f"{HOST}/computervision/retrieval:vectorizeImage?api-version=2024-02-01",
        f"{HOST}/computervision/imageanalysis:analyze?features=caption#here",
        f"{HOST}:443/".replace(":443", ""),
    ],
)
def test_an_endpoint_is_taken_as_people_paste_it(pasted: str) -> None:
    assert clean_endpoint(pasted) == HOST


@pytest.mark.parametrize(
    ("pasted", "cleaned"),
    [
        (
            "https://pictures.services.ai.azure.com/api/projects/p",
            "https://pictures.services.ai.azure.com",
        ),
        (
            "westeurope.api.cognitive.microsoft.com",
            "https://westeurope.api.cognitive.microsoft.com",
        ),
        ("http://127.0.0.1:8099/", "http://127.0.0.1:8099"),
        ("http://localhost:8099", "http://localhost:8099"),
        ("http://[::1]:8099", "http://[::1]:8099"),
        ("https://gateway.example.org:8443/x", "https://gateway.example.org:8443"),
    ],
)
def test_regional_project_and_loopback_addresses_are_cut_to_their_host(
    pasted: str, cleaned: str
) -> None:
    assert clean_endpoint(pasted) == cleaned


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("http://pictures.cognitiveservices.azure.com", "https://"),
        ("ftp://pictures.cognitiveservices.azure.com", "https://"),
        ("https:///nothing", "not an address"),
        ("pictures", "full host name"),
        ("https//pictures.cognitiveservices.azure.com", "full host name"),
        ("https://user:secret@pictures.cognitiveservices.azure.com", "not an address"),
        ("https://pictures.cognitiveservices.azure.com:99999", "not an address"),
        ("https://pictures .azure.com", "not an address"),
        ("https://pictures.azure.com\nX-Header: 1", "not an address"),
        ("https://bücher.azure.com", "not an address"),
        ("https://[::1", "not an address"),
        ("my words.", "not an address"),
        ("https://pictures.openai.azure.com/", "OpenAI"),
        ("https://portal.azure.com/#@me/resource", "not an address"),
        ("https://portal.azure.com/resource", "portal"),
        ("https://ai.azure.com/resource", "portal"),
    ],
)
def test_what_is_no_endpoint_is_refused_with_a_sentence(pasted: str, said: str) -> None:
    with pytest.raises(ValueError, match="VISION_ENDPOINT") as caught:
        clean_endpoint(pasted)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@given(st.text())
@example("http://[")
@example("https://℀.com")
@example("//")
@example("https://a.b:٣")
def test_an_endpoint_is_cleaned_for_good_or_refused(text: str) -> None:
    try:
        cleaned = clean_endpoint(text)
    except ValueError:
        return
    assert clean_endpoint(cleaned) == cleaned
    assert cleaned.isascii()


@given(st.text())
@example("https://api.cohere.com")
@example("http://localhost/v2")
def test_an_endpoint_of_cohere_is_cleaned_for_good_or_refused(text: str) -> None:
    try:
        cleaned = clean_cohere_endpoint(text)
    except ValueError:
        return
    assert clean_cohere_endpoint(cleaned) == cleaned


def test_the_environment_wins_over_dotenv_and_dotenv_over_secrets(tmp_path: Path) -> None:
    settings = load(
        {"EMBEDDER": "builtin"},
        "EMBEDDER=clip\nVISION_KEY=from-dotenv\n",
        folder=tmp_path,
        secrets={"EMBEDDER": "azure", "VISION_KEY": "from-secrets", "VISION_ENDPOINT": HOST},
    )
    assert settings.embedder == "builtin"
    assert settings.vision_key == "from-dotenv"
    assert settings.vision_endpoint == HOST


@pytest.mark.parametrize("blank", ["", "   ", '""', "''"])
def test_a_blank_counts_as_unset(tmp_path: Path, blank: str) -> None:
    settings = load({"VISION_KEY": blank}, f"VISION_KEY={KEY}\n", folder=tmp_path)
    assert settings.vision_key == KEY


def test_without_any_setting_everything_has_its_default(tmp_path: Path) -> None:
    settings = load_settings({}, root=tmp_path)
    assert settings.problems == ()
    assert settings.embedder_kind == "builtin"
    assert settings.images_dir == tmp_path / "images"
    assert settings.data_dir == tmp_path / "data"
    assert not settings.read_only


def test_endpoint_and_key_choose_azure() -> None:
    settings = load({"VISION_ENDPOINT": HOST, "VISION_KEY": KEY})
    assert settings.has_azure
    assert settings.embedder_kind == "azure"
    assert settings.problems == ()


@pytest.mark.parametrize(
    ("given_one", "missing"), [("VISION_ENDPOINT", "VISION_KEY"), ("VISION_KEY", "VISION_ENDPOINT")]
)
def test_half_of_the_azure_settings_is_said_and_the_built_in_answers(
    given_one: str, missing: str
) -> None:
    settings = load({given_one: HOST if given_one.endswith("POINT") else KEY})
    assert settings.embedder_kind == "builtin"
    (problem,) = settings.problems
    assert problem.startswith(f"{missing} is missing")


@pytest.mark.parametrize(
    ("name", "value", "field", "default"),
    [
        ("EMBEDDER", "openai", "embedder", "auto"),
        ("VISION_CALLS_PER_SECOND", "fast", "vision_calls_per_second", None),
        ("VISION_CALLS_PER_SECOND", "0", "vision_calls_per_second", None),
        ("VISION_CALLS_PER_SECOND", "nan", "vision_calls_per_second", None),
        ("VISION_CALLS_PER_SECOND", "-3", "vision_calls_per_second", None),
        ("VISION_PRICE_PER_1000", "ten cents", "vision_price_per_1000", None),
        ("VISION_PRICE_PER_1000", "0,10", "vision_price_per_1000", None),
        ("VISION_PRICE_PER_1000", "-1", "vision_price_per_1000", None),
        ("VISION_API_VERSION", "2024/02/01", "vision_api_version", "2024-02-01"),
        ("VISION_MODEL_VERSION", "latest", "vision_model_version", "2023-04-15"),
        ("VISION_ENDPOINT", "http://example.org", "vision_endpoint", ""),
        ("CLIP_THREADS", "1.5", "clip_threads", None),
        ("COHERE_ENDPOINT", "http://example.org", "cohere_endpoint", ""),
        ("COHERE_DIMENSIONS", "1e9", "cohere_dimensions", 1024),
        ("COHERE_DIMENSIONS", "many", "cohere_dimensions", 1024),
        ("COHERE_MODEL", "embed v4/*", "cohere_model", ""),
        ("COHERE_MODEL_NAME", "[a](b)", "cohere_model_name", ""),
        ("COHERE_KEY", "ab cd", "cohere_key", ""),
        ("READ_ONLY", "maybe", "read_only", True),
        ("CALLS_PER_DAY", "many", "calls_per_day", 0),
        ("CALLS_PER_DAY", "-5", "calls_per_day", 0),
        ("VISITOR_CALLS_PER_DAY", "2.5", "visitor_calls_per_day", 0),
        ("VISITOR_CALLS_PER_MINUTE", "٣", "visitor_calls_per_minute", 0),
        ("DATA_DIR", "~nobody-of-that-name/data", "data_dir", None),
    ],
)
def test_a_wrong_value_is_said_and_replaced(
    tmp_path: Path, name: str, value: str, field: str, default: object
) -> None:
    settings = load_settings({name: value}, root=tmp_path)
    expected = tmp_path / "data" if field == "data_dir" else default
    assert getattr(settings, field) == expected
    (problem,) = settings.problems
    assert name in problem


FOUNDRY = "https://pictures.services.ai.azure.com/providers/cohere/v2/embed"


@pytest.mark.parametrize(
    ("pasted", "cleaned"),
    [
        ("pictures.services.ai.azure.com", FOUNDRY),
        ("https://pictures.services.ai.azure.com/", FOUNDRY),
        ("https://pictures.services.ai.azure.com/api/projects/p", FOUNDRY),
        ("https://pictures.services.ai.azure.com/models/embeddings?api-version=1", FOUNDRY),
        ("https://pictures.services.ai.azure.com/providers/cohere", FOUNDRY),
        (f'"{FOUNDRY}"', FOUNDRY),
        ("api.cohere.com", "https://api.cohere.com/v2/embed"),
        ("https://api.cohere.com/v1/embed", "https://api.cohere.com/v2/embed"),
        ("https://api.cohere.ai", "https://api.cohere.ai/v2/embed"),
        ("http://localhost:8098/v2/embed", "http://localhost:8098/v2/embed"),
        ("http://localhost:8098", "http://localhost:8098/providers/cohere/v2/embed"),
    ],
)
def test_an_endpoint_of_cohere_is_taken_as_people_paste_it(pasted: str, cleaned: str) -> None:
    assert clean_cohere_endpoint(pasted) == cleaned
    assert clean_cohere_endpoint(cleaned) == cleaned


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        (HOST, "an address of Azure AI Vision"),
        ("westeurope.api.cognitive.microsoft.com", "a region's address"),
        ("https://pictures.openai.azure.com/openai/v1", "Azure OpenAI"),
        ("https://pictures.eastus.models.ai.azure.com", "serverless"),
        ("https://dashboard.cohere.com/api-keys", "a site for people"),
        ("https://ai.azure.com/resource", "portal"),
        ("https://user:secret@api.cohere.com", "not an address"),
    ],
)
def test_what_is_no_endpoint_of_cohere_is_refused_with_a_sentence(pasted: str, said: str) -> None:
    with pytest.raises(ValueError, match="COHERE_ENDPOINT") as caught:
        clean_cohere_endpoint(pasted)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_coheres_address_in_the_settings_of_azure_vision_is_said() -> None:
    [problem] = load({"VISION_ENDPOINT": "https://api.cohere.com", "VISION_KEY": KEY}).problems
    assert "belongs into COHERE_ENDPOINT" in problem


COHERE = {"COHERE_ENDPOINT": FOUNDRY, "COHERE_KEY": KEY, "COHERE_MODEL": "embed-v-4-0"}


def test_cohere_answers_only_when_it_is_asked_for_by_name() -> None:
    asked = load({"EMBEDDER": "cohere", **COHERE})
    assert asked.has_cohere and asked.embedder_kind == "cohere" and asked.problems == ()
    unasked = load(COHERE)
    assert unasked.embedder_kind == "builtin"
    assert unasked.problems == (
        "COHERE_ENDPOINT is set: Cohere answers with EMBEDDER=cohere, or as a second model on the "
        "page Indexing.",
    )


def test_who_signs_in_needs_no_key_at_azure() -> None:
    azure = load({"VISION_ENDPOINT": HOST}, signs_in=True)
    assert azure.embedder_kind == "azure" and azure.problems == ()
    cohere = load({"EMBEDDER": "cohere", **COHERE, "COHERE_KEY": ""}, signs_in=True)
    assert cohere.has_cohere and cohere.problems == ()


def test_cohere_itself_needs_a_key_whoever_signs_in() -> None:
    own = {**COHERE, "COHERE_KEY": "", "COHERE_ENDPOINT": "https://api.cohere.com"}
    settings = load({"EMBEDDER": "cohere", **own}, signs_in=True)
    assert not settings.has_cohere
    assert settings.problems == ("EMBEDDER is cohere, but COHERE_KEY is missing.",)


def test_an_address_without_a_key_says_what_signing_in_takes() -> None:
    [problem] = load({"VISION_ENDPOINT": HOST}).problems
    assert "install requirements-azure.txt" in problem


@pytest.mark.parametrize("missing", COHERE)
def test_what_cohere_still_needs_is_named(missing: str) -> None:
    settings = load({"EMBEDDER": "cohere", **COHERE, missing: ""})
    assert not settings.has_cohere
    assert settings.problems == (f"EMBEDDER is cohere, but {missing} is missing.",)


def test_a_number_among_the_secrets_is_taken_and_zero_is_said() -> None:
    assert load(secrets={"VISION_CALLS_PER_SECOND": 15}).vision_calls_per_second == 15
    assert load(secrets={"VISION_CALLS_PER_SECOND": 0}).problems


@pytest.mark.parametrize(
    ("value", "on"), [(True, True), (False, False), ("1", True), ("off", False)]
)
def test_read_only_is_taken_in_every_spelling(value: object, on: bool) -> None:
    settings = load(secrets={"READ_ONLY": value})
    assert settings.read_only is on
    assert settings.problems == ()


def test_a_section_among_the_secrets_is_said_not_raised() -> None:
    assert load(secrets={"EMBEDDER": {"name": "azure"}}).problems


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("VISION_KEY = abc", "VISION_KEY (line 1 of secrets.toml) cannot be read: its value must"),
        ("VISION_KEY =", 'straight quotes, as in VISION_KEY = "…"'),
        ("VISION_KEY = “abc”", "VISION_KEY (line 1"),
        ("VISION_KEY = 0123abc", "straight quotes"),
        ('EMBEDDER = "azure"\nvision_key = abc', "VISION_KEY (line 2"),
        ('VISION_KEY = \'abc\nEMBEDDER = "azure"\n', "VISION_KEY (line 1"),
        ("VISION_KEY 'abc'", "Line 1 of secrets.toml cannot be read: there is no ="),
        ("abc = abc", "Line 1 of secrets.toml cannot be read: its value must"),
        (
            "VISION_KEY='abc'\nVISION_KEY='abc'",
            "VISION_KEY (line 2 of secrets.toml) cannot be read: it",
        ),
        ("[azure\nVISION_KEY='abc'", "both its square brackets"),
        ('DATA_DIR = "C:\\Users\\abc"', "a value with a backslash must stand in single quotes"),
        ("\ufeffVISION_KEY='abc'", "byte order mark"),
    ],
)
def test_what_streamlit_cannot_read_in_secrets_is_said_without_its_value(
    tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(content, "utf-8")
    (problem,) = load(secrets_files=[file]).problems
    assert said in problem
    assert "abc" not in problem
    assert str(tmp_path) not in problem


def test_a_secrets_file_that_cannot_be_read_names_every_setting_that_is_lost(
    tmp_path: Path,
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("EMBEDDER = azure\nOTHER = 1\nVISION_KEY = 'abc'\n")
    (problem,) = load(secrets_files=[file]).problems
    assert problem.endswith("nothing in that file is used: EMBEDDER, VISION_KEY.")


def test_secrets_that_are_no_utf_8_text_are_said(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_bytes(b"VISION_KEY = '\xe9'")
    (problem,) = load(secrets_files=[file]).problems
    assert "no UTF-8 text" in problem


def test_secrets_that_are_absent_sound_or_mounted_need_no_sentence(tmp_path: Path) -> None:
    sound = tmp_path / "secrets.toml"
    sound.write_text("VISION_KEY = 'abc'")
    assert load(secrets_files=[sound, tmp_path / "none.toml", tmp_path]).problems == ()


@given(st.text(st.sampled_from("AB=[]{}'\"\\.,#\n\t \ufeff€") | st.characters(codec="utf-8")))
def test_no_secrets_file_makes_loading_fail(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "secrets.toml"
    file.write_text(text, "utf-8")
    for problem in load(secrets_files=[file]).problems:
        assert problem.endswith(".")


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"azure": {"VISION_KEY": KEY}}, "VISION_KEY in secrets.toml is not read"),
        ({"azure": {"key": KEY}}, "VISION_KEY in secrets.toml is not read"),
        ({"vision": {"key": KEY}}, "above the first line in square brackets"),
        ({"anything": {"clip_model": KEY}}, "CLIP_MODEL in secrets.toml is not read"),
        ({"vision_key": KEY}, "must be in capitals"),
        ({"Vision_Key": KEY}, "VISION_KEY in secrets.toml"),
        ({"VISION_KEY": [KEY]}, "VISION_KEY in secrets.toml is a section or a list"),
        ({"DATA_DIR": {KEY: KEY}}, "DATA_DIR in secrets.toml is a section or a list"),
    ],
)
def test_a_secret_that_stands_where_it_is_not_read_is_said_without_its_value(
    secrets: dict[str, object], said: str
) -> None:
    settings = load(secrets=secrets)
    (problem,) = settings.problems
    assert said in problem
    assert KEY not in problem
    assert settings.vision_key == ""


def test_names_in_lower_case_in_dotenv_are_said(tmp_path: Path) -> None:
    (problem,) = load(env=f"vision_key={KEY}\n", folder=tmp_path).problems
    assert "VISION_KEY in .env" in problem


@pytest.mark.parametrize(
    "secrets",
    [
        {"azure": {"VISION_KEY": KEY, "VISION_ENDPOINT": HOST}, "vision_key": KEY},
        {"auth": {"client_secret": KEY}, "connections": {"sql": {"key": KEY}}, "other": "a"},
    ],
)
def test_secrets_that_nobody_misses_are_not_mentioned(secrets: dict[str, object]) -> None:
    assert load({"VISION_ENDPOINT": HOST, "VISION_KEY": KEY}, secrets=secrets).problems == ()


@pytest.mark.parametrize("given", ["", "  ", '""'])
def test_a_blank_cap_is_no_cap(given: str) -> None:
    assert load({"CALLS_PER_DAY": given}).calls_per_day is None


def test_a_cap_of_zero_is_a_cap() -> None:
    settings = load({"CALLS_PER_DAY": "0"})
    assert settings.calls_per_day == 0
    assert settings.problems == ()


def test_a_cap_that_could_not_be_read_lets_nothing_be_paid() -> None:
    settings = load(secrets={"hosting": {"VISITOR_CALLS_PER_DAY": 5}})
    assert settings.visitor_calls_per_day == 0
    assert settings.calls_per_day is None
    said = "VISITOR_CALLS_PER_DAY could not be read, so it is taken as 0."
    assert said in settings.problems


@pytest.mark.parametrize(
    "content", ["READ_ONLY = yes", "[hosting]\nREAD_ONLY = true", "VISION_KEY = a\nREAD_ONLY = '1'"]
)
def test_read_only_holds_where_it_could_not_be_read(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(content)
    try:
        secrets = tomllib.loads(content)
    except tomllib.TOMLDecodeError:
        secrets = {}
    settings = load(secrets=secrets, secrets_files=[file])
    assert settings.read_only
    assert "READ_ONLY could not be read, so it is taken as 1." in settings.problems
    assert not load({"READ_ONLY": "0"}, secrets=secrets, secrets_files=[file]).read_only


def test_a_dotenv_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfVISION_KEY=" + KEY.encode() + b"\r\n")
    assert load(dotenv_path=tmp_path / ".env").vision_key == KEY


def test_a_dotenv_in_another_encoding_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"VISION_KEY={KEY}", encoding="utf-16")
    settings = load(dotenv_path=tmp_path / ".env")
    assert settings.vision_key == ""
    assert ".env" in settings.problems[0]


def test_a_dotenv_that_is_a_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert load(dotenv_path=tmp_path / ".env").problems == ()


def test_a_dollar_sign_in_a_key_stays_as_it_is(tmp_path: Path) -> None:
    assert load(env="VISION_KEY=a${HOME}b\n", folder=tmp_path).vision_key == "a${HOME}b"


def test_the_key_is_in_no_repr_and_no_problem() -> None:
    broken = KEY + " é"
    for settings in (
        load({"VISION_KEY": KEY, "VISION_ENDPOINT": HOST}),
        load({"VISION_KEY": broken, "VISION_ENDPOINT": HOST}),
        load({"VISION_KEY": KEY, "VISION_ENDPOINT": KEY}),
        load({"EMBEDDER": "cohere", "COHERE_KEY": KEY, "COHERE_ENDPOINT": KEY}),
    ):
        assert KEY not in repr(settings)
        assert KEY not in str(settings.problems)


def test_a_key_with_a_character_that_no_key_has_is_said() -> None:
    settings = load({"VISION_ENDPOINT": HOST, "VISION_KEY": f"{KEY}\u200b"})
    assert not settings.has_azure
    assert "VISION_KEY" in settings.problems[0]


def test_relative_folders_are_taken_from_the_root_and_absolute_ones_as_they_are(
    tmp_path: Path,
) -> None:
    settings = load_settings(
        {"IMAGES_DIR": "holiday/2026", "DATA_DIR": str(tmp_path / "elsewhere")}, root=tmp_path
    )
    assert settings.images_dir == tmp_path / "holiday" / "2026"
    assert settings.data_dir == tmp_path / "elsewhere"


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "VISION_ENDPOINT",
                "VISION_KEY",
                "EMBEDDER",
                "READ_ONLY",
                "VISION_CALLS_PER_SECOND",
                "CLIP_THREADS",
                "COHERE_ENDPOINT",
                "COHERE_DIMENSIONS",
                "COHERE_MODEL",
                "VISION_API_VERSION",
                "IMAGES_DIR",
            ]
        ),
        st.text(),
    )
)
def test_nothing_that_a_person_writes_makes_loading_fail(environ: dict[str, str]) -> None:
    settings = load_settings(environ)
    assert settings.embedder_kind in ("azure", "builtin", "clip", "cohere")


# -- PostgreSQL ------------------------------------------------------------------------------

SERVER = {"POSTGRES_HOST": "db.example.org", "POSTGRES_DB": "pictures", "POSTGRES_USER": "app"}
HARD = "p@ss:w/0r%d '\" #word"


def test_host_database_and_user_choose_postgresql() -> None:
    settings = load({**SERVER, "POSTGRES_PASSWORD": HARD})
    assert settings.has_postgres
    assert settings.postgres_password == HARD
    assert settings.problems == ()
    assert HARD not in repr(settings)


@pytest.mark.parametrize("missing", ["POSTGRES_DB", "POSTGRES_USER"])
def test_a_server_without_database_or_user_is_said_and_not_used(missing: str) -> None:
    settings = load({**SERVER, missing: ""})
    assert not settings.has_postgres
    assert len(settings.problems) == 1
    assert settings.problems[0].startswith(f"{missing} must be set too")


@pytest.mark.parametrize(
    "pasted",
    [
        "postgresql://app:secret@db.example.org/pictures",
        "host=db.example.org password=secret",
        "app:secret@db.example.org",
        "db.example.org;secret",
    ],
)
def test_a_connection_string_as_host_is_said_without_repeating_it(pasted: str) -> None:
    settings = load({**SERVER, "POSTGRES_HOST": pasted})
    assert not settings.has_postgres
    assert settings.problems[0].startswith("POSTGRES_HOST must be the name of the server alone")
    assert "secret" not in " ".join(settings.problems) + repr(settings)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "/run/postgresql", "a_b"])
def test_a_server_is_named_by_host_address_or_socket(host: str) -> None:
    assert load({**SERVER, "POSTGRES_HOST": host}).postgres_host == host


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("POSTGRES_PORT", "70000", "must be a port"),
        ("POSTGRES_PORT", "first", "must be a port"),
        ("POSTGRES_SSLMODE", "on", "must be one of auto"),
        ("POSTGRES_SCHEMA", "Pictures; DROP", "small letters"),
        ("POSTGRES_SCHEMA", "pg_catalog", "small letters"),
        ("POSTGRES_SEARCH", "fast", "must be one of auto"),
    ],
)
def test_a_wrong_setting_of_postgresql_is_said_and_replaced(
    name: str, value: str, said: str
) -> None:
    settings = load({**SERVER, name: value})
    assert said in settings.problems[0]
    assert settings.has_postgres
    assert getattr(settings, name.lower()) == getattr(load(SERVER), name.lower())


# -- signing in ------------------------------------------------------------------------------

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "0123456789abcdef" * 2,
    "client_id": "vectorscope",
    "client_secret": "of the client",
    "server_metadata_url": "https://id.example.com/.well-known/openid-configuration",
}


def providers(auth: object, installed: bool = True) -> tuple[list[str], str]:
    """The names of the providers of a section, and what is wrong with it."""
    problems: list[str] = []
    found = read_providers(auth, ["OWNERS"], problems, installed)
    return [one.name for one in found], " ".join(problems)


def test_a_provider_stands_in_the_section_itself_or_in_sections_of_its_own() -> None:
    assert providers(AUTH) == ([""], "")
    shared = {name: AUTH[name] for name in ("redirect_uri", "cookie_secret")}
    assert providers({**shared, "google": AUTH, "microsoft": AUTH}) == (["google", "microsoft"], "")
    assert providers({**AUTH, "client_kwargs": {"prompt": "login"}}) == ([""], "")


@pytest.mark.parametrize("name", list(AUTH))
def test_what_is_missing_for_a_sign_in_is_named(name: str) -> None:
    found, problem = providers({key: value for key, value in AUTH.items() if key != name})
    assert (found, name in problem) == ([], True)
    assert "of the client" not in problem


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"redirect_uri": "http://localhost:8501/"}, "followed by /oauth2callback"),
        ({"cookie_secret": "short"}, "at least 32 random characters"),
        ({"my_own": AUTH}, "without underscores"),
    ],
)
def test_what_is_wrong_with_a_sign_in_is_said(wrong: dict[str, object], said: str) -> None:
    found, problem = providers({**AUTH, **wrong})
    assert (found, said in problem) == ([], True)


def test_a_sign_in_without_its_packages_says_what_to_install() -> None:
    found, problem = providers(AUTH, installed=False)
    assert (found, "requirements-signin.txt" in problem) == ([], True)


def test_owners_without_a_provider_are_a_sentence_and_nobody_manages() -> None:
    settings = load({"OWNERS": "ada@example.com"})
    assert "signing in needs a section [auth]" in settings.problems[0]
    assert settings.owners == ("ada@example.com",)
    assert load({}, secrets={"auth": AUTH}).problems == ()


@pytest.mark.parametrize("given", ["ada", "example.com", "@", "a@b@c", "ada at example.com"])
def test_an_owner_that_is_no_address_is_a_sentence_and_lets_nobody_in(given: str) -> None:
    settings = load({"OWNERS": given})
    assert settings.owners == ()
    assert "OWNERS must be e-mail addresses" in settings.problems[0]


def test_owners_who_cannot_be_read_are_nobody(tmp_path: Path) -> None:
    settings = load(secrets={"auth": {"OWNERS": "ada@example.com"}})
    assert settings.owners == ()
    assert "OWNERS could not be read, so it is taken as nobody." in settings.problems

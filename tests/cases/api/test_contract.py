"""What the description promises is what the endpoints answer."""

import pytest
import yaml
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from cases.api.urls import version_1
from tests.cases.api.test_permissions import ALLOWED, Stage, routes
from tests.conftest import REPOSITORY
from tests.factories import AnalysisFactory, QualityCheckFactory, ReadFactory

WRITTEN = REPOSITORY / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def description():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_written_description_is_up_to_date(tmp_path):
    call_command("spectacular", "--file", str(tmp_path / "now.yaml"), "--validate", "--fail-on-warn")
    assert (tmp_path / "now.yaml").read_text() == WRITTEN.read_text(), (
        "The API has changed. If that was meant: python manage.py spectacular --file docs/openapi.yaml"
    )


def test_it_describes_every_route():
    described = {
        (method.upper(), path)
        for path, methods in yaml.safe_load(WRITTEN.read_text())["paths"].items()
        for method in methods
    }
    undescribed = {"GET schema", "GET docs"}
    assert len(described) == len({name for name, _ in routes()} - undescribed)


def validated(description, answer, method, path):
    """The body, once it was found to be what the description promises for this answer."""
    responses = description["paths"][path][method.lower()]["responses"]
    promised = responses[str(answer.status_code)]
    if "$ref" in promised:
        promised = description["components"]["responses"][promised["$ref"].rpartition("/")[2]]
    if answer.status_code == 204:
        assert "content" not in promised
        return answer
    kind = answer["Content-Type"].partition(";")[0]
    assert kind in promised["content"]
    if "json" in kind:
        whole = {**promised["content"][kind]["schema"], "components": description["components"]}
        Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(answer.json())
    return answer


@pytest.fixture
def stage(north):
    stage = Stage(north.clinic, north.dermatologist)
    QualityCheckFactory(image=stage.answered.analysis.image)
    ReadFactory(case=stage.answered, analysis=stage.answered.analysis)
    AnalysisFactory(image__case=stage.answered, failed=True)
    AnalysisFactory(image__case=stage.answered, abstained=True)
    AnalysisFactory(image__case=stage.answered)
    return stage


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_an_answer_has_the_promised_shape(name, stage, north, api, description):
    role = "admin" if "admin" in ALLOWED[name][0] else "dermatologist"
    answer = stage.send(api(getattr(north, role)), name)
    assert answer.status_code == ALLOWED[name][1]
    validated(description, answer, name.partition(" ")[0], path_of(name))


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_refusal_has_the_promised_shape(name, stage, api, description):
    answer = stage.send(api(), name)
    assert answer.status_code == 401
    validated(description, answer, name.partition(" ")[0], path_of(name))


def path_of(name):
    route = next(str(p.pattern) for p in version_1 if p.name == name.partition(" ")[2])
    return "/api/v1/" + route.replace("<uuid:", "{").replace("<slug:", "{").replace(">", "}")


def test_the_pages_of_the_description_need_nothing_from_elsewhere(client):
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "://" not in text.replace("http://www.w3.org", "")
    assert "<style" not in text
    assert "style=" not in text
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    script = client.get("/api/docs/?script=")
    assert "/api/schema/" in script.content.decode()
    assert client.get("/api/schema/").status_code == 200

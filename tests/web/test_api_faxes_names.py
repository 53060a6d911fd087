from urllib.parse import quote

from tests.story import Api


def test_a_tag_that_bears_the_name_of_its_own_description_is_refused_by_name(api: Api) -> None:
    name = quote("tag.<name>")
    answer = api.get(f"/faxes?{name}=a&{name}=b")
    assert answer.status_code == 400
    assert [fault["parameter"] for fault in answer.json["errors"]] == ["tag.<name>"]

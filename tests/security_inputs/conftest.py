"""What these tests share with those of the API, the runtime and the pages."""

from tests.api.conftest import as_owner, as_staff, client_of, make_artifact, make_task, web  # noqa: F401 - fixtures
from tests.runtime.conftest import accept, worker  # noqa: F401 - fixtures
